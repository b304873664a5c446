{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        meta={'dirty': 'int_dirty_subjects', 'dirty_keys': ['campaign_id', 'subject_key']},
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}

with counted as (
    select * from {{ ref('int_events__counted') }}
),

events as (
    select * from {{ ref('int_events__current') }}
),

credited_units as (
    select * from {{ ref('int_units__credited') }}
),

dirty_subjects as (
    select * from {{ ref('int_dirty_subjects') }}
)

-- Every unit of the deciding event, whatever its role, and all above them; a common ancestor once.
select distinct
    counted.campaign_id,
    counted.metric_id,
    counted.period_id,
    counted.counted_key,
    counted.subject_key,
    credited_units.credited_unit_id as unit_id,
    counted.counted_at,
    counted.counted_on
from counted
inner join dirty_subjects
    on counted.campaign_id = dirty_subjects.campaign_id and counted.subject_key = dirty_subjects.subject_key
inner join events
    on
        counted.campaign_id = events.campaign_id
        and counted.export_type = events.export_type
        and counted.sender_unit_id = events.sender_unit_id
        and counted.event_key = events.event_key
inner join credited_units
    on events.campaign_id = credited_units.campaign_id and events.unit_id = credited_units.unit_id
