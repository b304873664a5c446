{{ config(materialized='table') }}

with readings as (
    select * from {{ source('plan', 'readings') }}
)

select
    campaign_id,
    reading_id,
    options,
    chosen,
    default_option,
    reason,
    decision_id,
    clause
from readings
