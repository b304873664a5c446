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

groups as (
    select * from {{ source('plan', 'schedule_groups') }}
),

daily as (
    select * from {{ ref('int_events__daily') }}
),

decisions as (
    select * from {{ ref('stg_decisions') }}
),

-- That a group is done is stated, never computed.
stated as (
    select distinct
        campaign_id,
        dimension,
        member
    from decisions
    where kind = 'group_done' and not is_withdrawn
),

happened as (
    select
        groups.campaign_id,
        groups.dimension,
        groups.member,
        groups.rule,
        groups.planned_from,
        groups.planned_through,
        groups.clause,
        min(daily.first_at) as first_event_at,
        max(daily.last_at) as last_event_at
    from groups
    inner join dirty_campaigns on groups.campaign_id = dirty_campaigns.campaign_id
    left join daily
        on
            groups.campaign_id = daily.campaign_id
            and groups.metric_id = daily.metric_id
            and groups.dimension = daily.dimension
            and groups.member = daily.member
    group by
        groups.campaign_id,
        groups.dimension,
        groups.member,
        groups.rule,
        groups.planned_from,
        groups.planned_through,
        groups.clause
),

dated as (
    select
        *,
        {{ local_date("case when rule = 'first_event' then first_event_at else last_event_at end") }} as deciding_date
    from happened
)

select
    dated.campaign_id,
    dated.dimension,
    dated.member,
    dated.planned_from,
    dated.planned_through,
    dated.first_event_at,
    dated.last_event_at,
    case
        when stated.member is not null then 'done'
        when dated.deciding_date is null then 'not_started'
        when dated.deciding_date < dated.planned_from then 'ahead'
        when dated.deciding_date > dated.planned_through then 'late'
        else 'on_time'
    end as status,
    dated.clause
from dated
left join stated
    on
        dated.campaign_id = stated.campaign_id
        and dated.dimension = stated.dimension
        and dated.member = stated.member
