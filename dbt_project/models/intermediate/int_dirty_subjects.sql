{{ config(materialized='table') }}

with dirty_events as (
    select * from {{ ref('int_dirty_events') }}
),

all_events as (
    select * from {{ ref('stg_events') }}
)

-- A corrected document may name another person than before: both are counted again, in all their units.
select distinct
    all_events.campaign_id,
    all_events.subject_key
from all_events
inner join dirty_events
    on
        all_events.campaign_id = dirty_events.campaign_id
        and all_events.export_type = dirty_events.export_type
        and all_events.event_key = dirty_events.event_key
