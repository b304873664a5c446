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

dirty_subjects as (
    select * from {{ ref('int_dirty_subjects') }}
),

metric_dimensions as (
    select * from {{ source('plan', 'metric_dimensions') }}
),

metric_parts as (
    select * from {{ source('plan', 'metric_parts') }}
),

dirty_counted as (
    select counted.*
    from counted
    inner join dirty_subjects
        on counted.campaign_id = dirty_subjects.campaign_id and counted.subject_key = dirty_subjects.subject_key
),

-- The deciding event says which member a person is of; where it is silent, the parts do, in their order.
said as (
    select
        dirty_counted.campaign_id,
        dirty_counted.metric_id,
        dirty_counted.period_id,
        dirty_counted.counted_key,
        dirty_counted.subject_key,
        metric_dimensions.dimension,
        cast(dirty_counted.dimensions as json) ->> metric_dimensions.dimension as member,
        0 as preference,
        dirty_counted.metric_id as said_by
    from dirty_counted
    inner join metric_dimensions
        on
            dirty_counted.campaign_id = metric_dimensions.campaign_id
            and dirty_counted.metric_id = metric_dimensions.metric_id
    union all
    select
        dirty_counted.campaign_id,
        dirty_counted.metric_id,
        dirty_counted.period_id,
        dirty_counted.counted_key,
        dirty_counted.subject_key,
        metric_dimensions.dimension,
        cast(parts.dimensions as json) ->> metric_dimensions.dimension as member,
        1 as preference,
        parts.metric_id as said_by
    from dirty_counted
    inner join metric_dimensions
        on
            dirty_counted.campaign_id = metric_dimensions.campaign_id
            and dirty_counted.metric_id = metric_dimensions.metric_id
    inner join metric_parts
        on
            dirty_counted.campaign_id = metric_parts.campaign_id
            and dirty_counted.metric_id = metric_parts.metric_id
    inner join dirty_counted as parts
        on
            metric_parts.campaign_id = parts.campaign_id
            and metric_parts.part_metric_id = parts.metric_id
            and dirty_counted.person_key = parts.person_key
            and parts.is_first_of_person
            and (dirty_counted.period_id = parts.period_id or parts.period_id = 'all')
),

preferred as (
    select
        *,
        row_number() over (
            partition by campaign_id, metric_id, period_id, counted_key, dimension
            order by preference, said_by, member
        ) as turn
    from said
    where member is not null and member != ''
)

select
    campaign_id,
    metric_id,
    period_id,
    counted_key,
    subject_key,
    dimension,
    member
from preferred
where turn = 1
