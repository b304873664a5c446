{{ config(materialized='table') }}

with targets as (
    select * from {{ source('plan', 'targets') }}
),

periods as (
    select * from {{ source('plan', 'periods') }}
),

-- A period's own target before the general one; of each the latest that is effective on the closing date.
candidates as (
    select
        targets.campaign_id,
        periods.period_id,
        targets.target_id,
        targets.unit_id,
        targets.value,
        targets.value_kind,
        targets.decision_number,
        row_number() over (
            partition by targets.campaign_id, periods.period_id, targets.target_id, targets.unit_id
            order by
                case when targets.period_id is null then 1 else 0 end asc,
                targets.effective_from desc nulls last
        ) as choice
    from targets
    inner join periods
        on
            targets.campaign_id = periods.campaign_id
            and (targets.period_id is null or targets.period_id = periods.period_id)
            and targets.effective_from <= periods.closing_date
)

select
    campaign_id,
    period_id,
    target_id,
    unit_id,
    value,
    value_kind,
    decision_number
from candidates
where choice = 1
