{{ config(materialized='table') }}

with persons as (
    select * from {{ source('raw', 'official_persons') }}
)

select
    campaign_id,
    period_id,
    prize_id,
    unit_id,
    name,
    amount,
    version
from persons
