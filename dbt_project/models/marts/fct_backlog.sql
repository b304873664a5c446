{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        on_schema_change='fail',
        meta={'dirty': 'int_dirty_campaigns', 'dirty_keys': ['campaign_id']},
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}

with dirty_campaigns as (
    select * from {{ ref('int_dirty_campaigns') }}
),

backlogs as (
    select * from {{ source('plan', 'backlogs') }}
),

metric_exports as (
    select * from {{ source('plan', 'metric_exports') }}
),

complete as (
    select * from {{ ref('int_senders__complete') }}
),

counted as (
    select * from {{ ref('int_events__counted') }}
),

members as (
    select * from {{ ref('int_events__members') }}
),

-- Ages are as of the last day that anybody told of: between two reports a document does not grow older by itself.
told as (
    select
        backlogs.campaign_id,
        backlogs.backlog_id,
        backlogs.name,
        backlogs.opened_metric_id,
        backlogs.closed_metric_id,
        backlogs.clause,
        {{ last_date_before('max(complete.latest_until)') }} as as_of_date
    from backlogs
    inner join dirty_campaigns on backlogs.campaign_id = dirty_campaigns.campaign_id
    inner join metric_exports
        on
            backlogs.campaign_id = metric_exports.campaign_id
            and backlogs.opened_metric_id = metric_exports.metric_id
    inner join complete
        on
            metric_exports.campaign_id = complete.campaign_id
            and metric_exports.export_type = complete.export_type
    group by
        backlogs.campaign_id,
        backlogs.backlog_id,
        backlogs.name,
        backlogs.opened_metric_id,
        backlogs.closed_metric_id,
        backlogs.clause
),

documents as (
    select
        told.campaign_id,
        told.backlog_id,
        told.opened_metric_id,
        opened.period_id,
        opened.counted_key,
        closed.counted_key is not null as is_resolved,
        case when closed.counted_key is null then told.as_of_date - opened.counted_on end as open_days
    from told
    inner join counted as opened
        on
            told.campaign_id = opened.campaign_id
            and told.opened_metric_id = opened.metric_id
    left join counted as closed
        on
            told.campaign_id = closed.campaign_id
            and told.closed_metric_id = closed.metric_id
            and opened.counted_key = closed.counted_key
),

by_member as (
    select
        documents.*,
        '' as dimension,
        '' as member
    from documents
    union all
    select
        documents.*,
        members.dimension,
        members.member
    from documents
    inner join members
        on
            documents.campaign_id = members.campaign_id
            and documents.opened_metric_id = members.metric_id
            and documents.period_id = members.period_id
            and documents.counted_key = members.counted_key
),

aged as (
    select
        campaign_id,
        backlog_id,
        dimension,
        member,
        count(*) as received_count,
        sum(case when is_resolved then 1 else 0 end) as resolved_count,
        max(open_days) as oldest_open_days,
        -- Of an even number the younger of the two in the middle: a day that some document really has.
        percentile_disc(0.5) within group (order by open_days) as median_open_days
    from by_member
    group by
        campaign_id,
        backlog_id,
        dimension,
        member
)

select
    aged.campaign_id,
    aged.backlog_id,
    told.name,
    aged.dimension,
    aged.member,
    told.as_of_date,
    aged.received_count,
    cast(aged.resolved_count as bigint) as resolved_count,
    cast(aged.received_count - aged.resolved_count as bigint) as open_count,
    cast(aged.oldest_open_days as bigint) as oldest_open_days,
    cast(aged.median_open_days as bigint) as median_open_days,
    told.clause
from aged
inner join told on aged.campaign_id = told.campaign_id and aged.backlog_id = told.backlog_id
