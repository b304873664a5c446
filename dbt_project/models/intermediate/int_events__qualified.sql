{{ config(materialized='view') }}

with events as (
    select * from {{ ref('int_events__current') }}
),

windows as (
    select * from {{ ref('int_event_windows') }}
    where kind = 'events'
),

metrics as (
    select * from {{ source('plan', 'metrics') }}
),

metric_events as (
    select * from {{ source('plan', 'metric_events') }}
),

metric_products as (
    select * from {{ source('plan', 'metric_products') }}
),

limited_metrics as (
    select distinct
        campaign_id,
        metric_id
    from metric_products
)

select
    events.campaign_id,
    windows.metric_id,
    windows.period_id,
    case metrics.distinct_by
        when 'person' then events.person_key
        when 'person_product' then events.person_key || '|' || coalesce(events.product, '')
        when 'event' then events.export_type || '|' || events.event_key
    end as counted_key,
    case
        when metrics.distinct_by = 'event' then events.export_type || '|' || events.event_key
        else events.person_key
    end as subject_key,
    events.person_key,
    events.export_type,
    events.sender_unit_id,
    events.event_key,
    events.event_at,
    events.first_received_at,
    events.unit_id,
    events.unit_role,
    events.score,
    events.dimensions,
    events.submission_id,
    events.sheet,
    events.line_number
from events
inner join metric_events on events.campaign_id = metric_events.campaign_id and events.event = metric_events.event
inner join metrics
    on
        metric_events.campaign_id = metrics.campaign_id
        and metric_events.metric_id = metrics.metric_id
        and events.export_type = metrics.export_type
inner join windows
    on
        metrics.campaign_id = windows.campaign_id
        and metrics.metric_id = windows.metric_id
        and (windows.from_at is null or events.event_at >= windows.from_at)
        and (windows.until_at is null or events.event_at < windows.until_at)
left join limited_metrics
    on metrics.campaign_id = limited_metrics.campaign_id and metrics.metric_id = limited_metrics.metric_id
left join metric_products
    on
        metrics.campaign_id = metric_products.campaign_id
        and metrics.metric_id = metric_products.metric_id
        and events.product = metric_products.product
where
    (limited_metrics.metric_id is null or metric_products.product is not null)
    and (metrics.valid_through is null or events.valid_through >= metrics.valid_through)
    and (metrics.distinct_by = 'event' or events.person_key is not null)
