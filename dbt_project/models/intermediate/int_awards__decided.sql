{{ config(materialized='view') }}

with decisions as (
    select * from {{ ref('stg_decisions') }}
)

select
    campaign_id,
    period_id,
    prize_id,
    unit_id,
    max(decision_id) as decision_id
from decisions
where
    kind = 'award'
    and not is_withdrawn
    and unit_id is not null
group by
    campaign_id,
    period_id,
    prize_id,
    unit_id
