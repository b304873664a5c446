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

withdrawn as (
    select distinct submission_id
    from decisions
    where kind = 'withdraw_submission' and not is_withdrawn
),

-- Events are deltas: an office's rows compete by their natural key, whichever file they came in. The latest receipt
-- wins the key with all its unit roles, so that a corrected instant or unit replaces the old one; cancelled, it takes
-- the event away. What another office says of the same key is no correction but a claim of its own.
ranked as (
    select
        events.*,
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
)

select
    campaign_id,
    export_type,
    sender_unit_id,
    event_key,
    subject_key,
    person_key,
    event,
    event_at,
    unit_id,
    unit_role,
    product,
    valid_through,
    score,
    dimensions,
    first_received_at,
    submission_id,
    sheet,
    line_number
from ranked
where
    turn = 1
    and not is_cancelled
