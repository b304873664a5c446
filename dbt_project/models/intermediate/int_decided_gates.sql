{{ config(materialized='view') }}

with decisions as (
    select * from {{ ref('stg_decisions') }}
),

-- The latest word on a unit's gate stands.
numbered as (
    select
        *,
        row_number() over (
            partition by campaign_id, period_id, gate_id, unit_id
            order by recorded_at desc nulls last, decision_id desc nulls last
        ) as turn
    from decisions
    where kind = 'gate' and not is_withdrawn
)

select
    campaign_id,
    period_id,
    gate_id,
    unit_id,
    result,
    decision_id
from numbered
where turn = 1
