{{ config(materialized='table') }}

with dirty_campaigns as (
    select * from {{ ref('int_dirty_campaigns') }}
),

units as (
    select * from {{ source('plan', 'units') }}
),

periods as (
    select * from {{ source('plan', 'periods') }}
),

predecessors as (
    select * from {{ source('plan', 'unit_predecessors') }}
),

units_of_period as (
    select
        units.campaign_id,
        periods.period_id,
        units.unit_id,
        units.unit_type,
        units.bloc_id,
        (units.valid_from is null or periods.closing_date >= units.valid_from)
        and (units.valid_through is null or periods.closing_date <= units.valid_through) as is_valid
    from units
    inner join dirty_campaigns on units.campaign_id = dirty_campaigns.campaign_id
    inner join periods on units.campaign_id = periods.campaign_id
),

-- Judged for the sake of later periods alone: what the unit was called then, or was merged from, is its history.
heirs as (
    select distinct
        units_of_period.campaign_id,
        units_of_period.period_id,
        units_of_period.unit_id,
        units_of_period.unit_type,
        units_of_period.bloc_id
    from units_of_period
    inner join predecessors
        on
            units_of_period.campaign_id = predecessors.campaign_id
            and units_of_period.unit_id = predecessors.unit_id
    inner join units_of_period as earlier
        on
            predecessors.campaign_id = earlier.campaign_id
            and predecessors.predecessor_unit_id = earlier.unit_id
            and units_of_period.period_id = earlier.period_id
    where
        not units_of_period.is_valid
        and earlier.is_valid
)

select
    campaign_id,
    period_id,
    unit_id,
    unit_type,
    bloc_id,
    false as is_heir
from units_of_period
where is_valid
union all
select
    campaign_id,
    period_id,
    unit_id,
    unit_type,
    bloc_id,
    true as is_heir
from heirs
