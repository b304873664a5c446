{{ config(materialized='table') }}

with submissions as (
    select * from {{ source('raw', 'submissions') }}
),

touched_campaigns as (
    select * from {{ source('raw', 'dirty_campaigns') }}
),

candidates as (
    select
        campaign_id,
        is_whole
    from touched_campaigns
    union all
    select
        campaign_id,
        false as is_whole
    from submissions
)

select
    campaign_id,
    max(case when is_whole then 1 else 0 end) = 1 as is_whole
from candidates
group by campaign_id
