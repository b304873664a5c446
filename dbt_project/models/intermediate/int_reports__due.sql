{{ config(materialized='table') }}

with reports as (
    select * from {{ source('plan', 'reports') }}
),

periods as (
    select * from {{ source('plan', 'periods') }}
),

units as (
    select * from {{ source('plan', 'units') }}
),

ancestors as (
    select * from {{ source('plan', 'unit_ancestors') }}
),

senders as (
    select
        reports.campaign_id,
        reports.period_id,
        reports.export_type,
        reports.to_unit_type,
        reports.due_at,
        reports.clause,
        units.unit_id as from_unit_id
    from reports
    inner join periods on reports.campaign_id = periods.campaign_id and reports.period_id = periods.period_id
    inner join units
        on
            reports.campaign_id = units.campaign_id
            and reports.from_unit_type = units.unit_type
            and (units.valid_from is null or periods.closing_date >= units.valid_from)
            and (units.valid_through is null or periods.closing_date <= units.valid_through)
),

-- The receiver is the nearest unit above of the type that the plan names.
receivers as (
    select
        senders.campaign_id,
        senders.from_unit_id,
        senders.to_unit_type,
        units.unit_id as to_unit_id,
        row_number() over (
            partition by senders.campaign_id, senders.from_unit_id, senders.to_unit_type
            order by ancestors.distance
        ) as turn
    from (
        select distinct
            campaign_id,
            from_unit_id,
            to_unit_type
        from senders
    ) as senders
    inner join ancestors
        on senders.campaign_id = ancestors.campaign_id and senders.from_unit_id = ancestors.unit_id
    inner join units
        on
            ancestors.campaign_id = units.campaign_id
            and ancestors.ancestor_unit_id = units.unit_id
            and senders.to_unit_type = units.unit_type
)

select
    senders.campaign_id,
    senders.period_id,
    senders.export_type,
    senders.from_unit_id,
    receivers.to_unit_id,
    senders.due_at,
    senders.clause
from senders
left join receivers
    on
        senders.campaign_id = receivers.campaign_id
        and senders.from_unit_id = receivers.from_unit_id
        and senders.to_unit_type = receivers.to_unit_type
        and receivers.turn = 1
