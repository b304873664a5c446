{{ config(materialized='view') }}

with rankings as (
    select * from {{ source('raw', 'official_rankings') }}
)

select
    campaign_id,
    period_id,
    max(version) as version
from rankings
group by
    campaign_id,
    period_id
