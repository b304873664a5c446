{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        on_schema_change='fail',
        meta={'dirty': 'int_dirty_event_days', 'dirty_keys': ['campaign_id', 'unit_id', 'counted_on']},
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}

with credited as (
    select * from {{ ref('int_events__credited') }}
),

counted as (
    select * from {{ ref('int_events__counted') }}
),

events as (
    select * from {{ ref('int_events__current') }}
    where unit_role = ''
),

dirty_days as (
    select * from {{ ref('int_dirty_event_days') }}
)

-- Of what counts by several parts, the file of the part that decides where it counts.
select
    credited.campaign_id,
    credited.unit_id,
    credited.metric_id,
    credited.period_id,
    credited.counted_on,
    events.submission_id,
    count(*) as counted_rows,
    min(events.line_number) as first_line_number,
    max(events.line_number) as last_line_number
from credited
inner join dirty_days
    on
        credited.campaign_id = dirty_days.campaign_id
        and credited.unit_id = dirty_days.unit_id
        and credited.counted_on = dirty_days.counted_on
inner join counted
    on
        credited.campaign_id = counted.campaign_id
        and credited.metric_id = counted.metric_id
        and credited.period_id = counted.period_id
        and credited.counted_key = counted.counted_key
inner join events
    on
        counted.campaign_id = events.campaign_id
        and counted.export_type = events.export_type
        and counted.sender_unit_id = events.sender_unit_id
        and counted.event_key = events.event_key
group by
    credited.campaign_id,
    credited.unit_id,
    credited.metric_id,
    credited.period_id,
    credited.counted_on,
    events.submission_id
