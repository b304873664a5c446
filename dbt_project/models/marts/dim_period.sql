{{ config(materialized='table') }}

with periods as (
    select * from {{ source('plan', 'periods') }}
)

select
    campaign_id,
    period_id,
    name,
    kind,
    window_from,
    closing_date,
    cutoff_at,
    multiplier,
    clause
from periods
