{{ config(materialized='table') }}

with dirty_scopes as (
    select * from {{ ref('int_dirty_scopes') }}
),

all_scopes as (
    select * from {{ ref('stg_scopes') }}
),

baseline_days as (
    select distinct
        campaign_id,
        baseline_date
    from {{ source('plan', 'measures') }}
    where baseline_date is not null
),

-- A count is compared with the one before it, so a mended date touches what follows; a mended baseline day touches all.
first_dirty_dates as (
    select
        dirty_scopes.campaign_id,
        dirty_scopes.unit_id,
        min(
            case when baseline_days.campaign_id is null then dirty_scopes.as_of_date else date '1900-01-01' end
        ) as first_date
    from dirty_scopes
    left join baseline_days
        on
            dirty_scopes.campaign_id = baseline_days.campaign_id
            and dirty_scopes.as_of_date = baseline_days.baseline_date
    group by
        dirty_scopes.campaign_id,
        dirty_scopes.unit_id
)

select distinct
    all_scopes.campaign_id,
    all_scopes.unit_id,
    all_scopes.as_of_date
from all_scopes
inner join first_dirty_dates
    on
        all_scopes.campaign_id = first_dirty_dates.campaign_id
        and all_scopes.unit_id = first_dirty_dates.unit_id
        and all_scopes.as_of_date >= first_dirty_dates.first_date
