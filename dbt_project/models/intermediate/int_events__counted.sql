{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        meta={'dirty': 'int_dirty_subjects', 'dirty_keys': ['campaign_id', 'subject_key']},
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}

with qualified as (
    select * from {{ ref('int_events__qualified') }}
),

dirty_subjects as (
    select * from {{ ref('int_dirty_subjects') }}
),

windows as (
    select * from {{ ref('int_event_windows') }}
),

periods as (
    select * from {{ source('plan', 'periods') }}
),

metric_parts as (
    select * from {{ source('plan', 'metric_parts') }}
),

events as (
    select distinct
        qualified.campaign_id,
        qualified.metric_id,
        qualified.period_id,
        qualified.counted_key,
        qualified.subject_key,
        qualified.person_key,
        qualified.export_type,
        qualified.sender_unit_id,
        qualified.event_key,
        qualified.event_at,
        qualified.first_received_at,
        qualified.score,
        qualified.dimensions
    from qualified
    inner join dirty_subjects
        on
            qualified.campaign_id = dirty_subjects.campaign_id
            and qualified.subject_key = dirty_subjects.subject_key
),

-- Whoever is claimed by several places counts where the earliest event is; of the same instant, who was told first.
numbered as (
    select
        *,
        row_number() over (
            partition by campaign_id, metric_id, period_id, counted_key
            order by event_at, first_received_at, sender_unit_id, event_key
        ) as turn
    from events
),

-- A metric by product or document counts a person more than once; the first of these stands for the person.
first_events as (
    select
        *,
        event_at as counted_at,
        row_number() over (
            partition by campaign_id, metric_id, period_id, person_key
            order by event_at, first_received_at, sender_unit_id, event_key
        ) = 1 as is_first_of_person
    from numbered
    where turn = 1
),

-- A part that runs through counts in a period as far as it happened before the cutoff.
part_events as (
    select
        windows.campaign_id,
        windows.metric_id,
        windows.period_id,
        first_events.person_key,
        first_events.export_type,
        first_events.sender_unit_id,
        first_events.event_key,
        first_events.event_at,
        first_events.first_received_at,
        first_events.score,
        first_events.dimensions
    from windows
    inner join metric_parts
        on windows.campaign_id = metric_parts.campaign_id and windows.metric_id = metric_parts.metric_id
    left join periods on windows.campaign_id = periods.campaign_id and windows.period_id = periods.period_id
    inner join first_events
        on
            metric_parts.campaign_id = first_events.campaign_id
            and metric_parts.part_metric_id = first_events.metric_id
            and (windows.period_id = first_events.period_id or first_events.period_id = 'all')
            and (periods.cutoff_at is null or periods.cutoff_at > first_events.event_at)
    where
        windows.kind = 'all_of'
        and first_events.person_key is not null
        and first_events.is_first_of_person
),

part_counts as (
    select
        campaign_id,
        metric_id,
        count(*) as parts
    from metric_parts
    group by
        campaign_id,
        metric_id
),

-- The person belongs where the earliest of the parts happened, and is done when the last one is.
completed as (
    select
        campaign_id,
        metric_id,
        period_id,
        person_key,
        count(*) as parts,
        max(event_at) as counted_at,
        max(score) as score
    from part_events
    group by
        campaign_id,
        metric_id,
        period_id,
        person_key
),

part_starts as (
    select
        *,
        row_number() over (
            partition by campaign_id, metric_id, period_id, person_key
            order by event_at, first_received_at, export_type, sender_unit_id, event_key
        ) as turn
    from part_events
)

select
    campaign_id,
    metric_id,
    period_id,
    counted_key,
    subject_key,
    person_key,
    export_type,
    sender_unit_id,
    event_key,
    dimensions,
    score,
    is_first_of_person,
    counted_at,
    {{ local_date('counted_at') }} as counted_on
from first_events
union all
select
    part_starts.campaign_id,
    part_starts.metric_id,
    part_starts.period_id,
    part_starts.person_key as counted_key,
    part_starts.person_key as subject_key,
    part_starts.person_key,
    part_starts.export_type,
    part_starts.sender_unit_id,
    part_starts.event_key,
    part_starts.dimensions,
    completed.score,
    true as is_first_of_person,
    completed.counted_at,
    {{ local_date('completed.counted_at') }} as counted_on
from part_starts
inner join completed
    on
        part_starts.campaign_id = completed.campaign_id
        and part_starts.metric_id = completed.metric_id
        and part_starts.period_id = completed.period_id
        and part_starts.person_key = completed.person_key
inner join part_counts
    on
        completed.campaign_id = part_counts.campaign_id
        and completed.metric_id = part_counts.metric_id
        and completed.parts = part_counts.parts
where part_starts.turn = 1
