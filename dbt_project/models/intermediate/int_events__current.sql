{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        meta={
            'dirty': 'int_dirty_events',
            'dirty_keys': ['campaign_id', 'export_type', 'event_key'],
        },
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}

with events as (
    select * from {{ ref('stg_events') }}
),

submissions as (
    select * from {{ ref('stg_submissions') }}
),

decisions as (
    select * from {{ ref('stg_decisions') }}
),

dirty_events as (
    select * from {{ ref('int_dirty_events') }}
),

ancestors as (
    select * from {{ source('plan', 'unit_ancestors') }}
),

withdrawn as (
    select distinct submission_id
    from decisions
    where kind in ('withdraw_submission', 'return_submission') and not is_withdrawn
),

-- Events are deltas: an office's rows compete by their natural key, whichever file they came in. The latest receipt
-- wins the key with all its unit roles, so that a corrected instant or unit replaces the old one; cancelled, it takes
-- the event away. What another office says of the same key is no correction but a claim of its own.
ranked as (
    select
        events.*,
        submissions.received_at,
        coalesce(submissions.sender_unit_id, '') as sender_unit_id,
        min(submissions.received_at) over (
            partition by events.campaign_id, events.export_type, submissions.sender_unit_id, events.event_key
        ) as first_received_at,
        rank() over (
            partition by events.campaign_id, events.export_type, submissions.sender_unit_id, events.event_key
            order by submissions.received_at desc nulls last, events.submission_id desc nulls last
        ) as turn
    from events
    inner join dirty_events
        on
            events.campaign_id = dirty_events.campaign_id
            and events.export_type = dirty_events.export_type
            and events.event_key = dirty_events.event_key
    inner join submissions on events.submission_id = submissions.submission_id
    left join withdrawn on events.submission_id = withdrawn.submission_id
    where
        submissions.verdict = 'accepted'
        and withdrawn.submission_id is null
),

latest as (
    select * from ranked
    where turn = 1
),

words as (
    select distinct
        campaign_id,
        export_type,
        event_key,
        sender_unit_id,
        received_at,
        submission_id
    from latest
),

rivals as (
    select
        words.*,
        later_words.sender_unit_id as later_sender_unit_id
    from words
    inner join words as later_words
        on
            words.campaign_id = later_words.campaign_id
            and words.export_type = later_words.export_type
            and words.event_key = later_words.event_key
            and words.sender_unit_id != later_words.sender_unit_id
    where
        words.received_at < later_words.received_at
        or (words.received_at = later_words.received_at and words.submission_id < later_words.submission_id)
),

lines as (
    select
        campaign_id,
        unit_id,
        ancestor_unit_id as other_unit_id
    from ancestors
    union
    select
        campaign_id,
        ancestor_unit_id as unit_id,
        unit_id as other_unit_id
    from ancestors
),

overruled as (
    select distinct
        rivals.campaign_id,
        rivals.export_type,
        rivals.event_key,
        rivals.sender_unit_id
    from rivals
    inner join lines
        on
            rivals.campaign_id = lines.campaign_id
            and rivals.sender_unit_id = lines.unit_id
            and rivals.later_sender_unit_id = lines.other_unit_id
)

select
    latest.campaign_id,
    latest.export_type,
    latest.sender_unit_id,
    latest.event_key,
    latest.person_key,
    latest.event,
    latest.event_at,
    latest.unit_id,
    latest.unit_role,
    latest.product,
    latest.valid_through,
    latest.score,
    latest.dimensions,
    latest.first_received_at,
    latest.submission_id,
    latest.sheet,
    latest.line_number
from latest
left join overruled
    on
        latest.campaign_id = overruled.campaign_id
        and latest.export_type = overruled.export_type
        and latest.event_key = overruled.event_key
        and latest.sender_unit_id = overruled.sender_unit_id
where
    not latest.is_cancelled
    and overruled.campaign_id is null
