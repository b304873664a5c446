{{ config(materialized='table') }}

with dirty_events as (
    select * from {{ ref('int_dirty_events') }}
),

all_events as (
    select * from {{ ref('stg_events') }}
)

-- Persons are counted anew with all their events; a corrected document may name another person than before, then both
-- are. What is counted by document is a subject of its own, whoever it names.
select
    all_events.campaign_id,
    all_events.person_key as subject_key
from all_events
inner join dirty_events
    on
        all_events.campaign_id = dirty_events.campaign_id
        and all_events.export_type = dirty_events.export_type
        and all_events.event_key = dirty_events.event_key
where all_events.person_key is not null
union distinct
select
    campaign_id,
    export_type || '|' || event_key as subject_key
from dirty_events
