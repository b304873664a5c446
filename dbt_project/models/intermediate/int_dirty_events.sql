{{ config(materialized='table') }}

with new_events as (
    select * from {{ source('raw', 'events') }}
),

all_events as (
    select * from {{ ref('stg_events') }}
),

dirty_campaigns as (
    select * from {{ ref('int_dirty_campaigns') }}
)

select
    campaign_id,
    export_type,
    event_key
from new_events
union distinct
select
    all_events.campaign_id,
    all_events.export_type,
    all_events.event_key
from all_events
inner join dirty_campaigns on all_events.campaign_id = dirty_campaigns.campaign_id
where dirty_campaigns.is_whole
