{{ config(materialized='table') }}

with dirty_subjects as (
    select * from {{ ref('int_dirty_subjects') }}
),

all_events as (
    select * from {{ ref('stg_events') }}
),

credited_units as (
    select * from {{ ref('int_units__credited') }}
),

-- Every event of a dirty person, and every dirty document.
touched as (
    select
        dirty_subjects.campaign_id,
        dirty_subjects.subject_key,
        all_events.unit_id,
        {{ local_date('all_events.event_at') }} as counted_on
    from all_events
    inner join dirty_subjects
        on
            all_events.campaign_id = dirty_subjects.campaign_id
            and all_events.person_key = dirty_subjects.subject_key
    union all
    select
        dirty_subjects.campaign_id,
        dirty_subjects.subject_key,
        all_events.unit_id,
        {{ local_date('all_events.event_at') }} as counted_on
    from all_events
    inner join dirty_subjects
        on
            all_events.campaign_id = dirty_subjects.campaign_id
            and all_events.export_type || '|' || all_events.event_key = dirty_subjects.subject_key
),

-- A person who did several things may count in the unit of one on the day of another.
subject_units as (
    select distinct
        touched.campaign_id,
        touched.subject_key,
        credited_units.credited_unit_id as unit_id
    from touched
    inner join credited_units
        on touched.campaign_id = credited_units.campaign_id and touched.unit_id = credited_units.unit_id
),

subject_days as (
    select distinct
        campaign_id,
        subject_key,
        counted_on
    from touched
)

-- Whatever an older file said counts as touched too, so that what it left in the daily counts is replaced.
select distinct
    subject_units.campaign_id,
    subject_units.unit_id,
    subject_days.counted_on
from subject_units
inner join subject_days
    on subject_units.campaign_id = subject_days.campaign_id and subject_units.subject_key = subject_days.subject_key
