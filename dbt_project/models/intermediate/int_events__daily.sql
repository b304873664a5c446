{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        meta={'dirty': 'int_dirty_event_days', 'dirty_keys': ['campaign_id', 'unit_id', 'counted_on']},
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}

with credited as (
    select * from {{ ref('int_events__credited') }}
),

members as (
    select * from {{ ref('int_events__members') }}
),

dirty_days as (
    select * from {{ ref('int_dirty_event_days') }}
),

periods as (
    select * from {{ source('plan', 'periods') }}
),

-- A cutoff in the middle of a day splits it, so that counts up to any cutoff are sums of whole pieces.
cutoffs as (
    select distinct
        campaign_id,
        cutoff_at,
        {{ local_date('cutoff_at') }} as cutoff_on
    from periods
),

day_pieces as (
    select
        campaign_id,
        cutoff_on,
        cutoff_at as piece_until,
        lag(cutoff_at) over (partition by campaign_id, cutoff_on order by cutoff_at) as piece_from
    from cutoffs
),

dirty_credited as (
    select
        credited.*,
        coalesce(day_pieces.piece_until, {{ day_end('credited.counted_on') }}) as counted_until
    from credited
    inner join dirty_days
        on
            credited.campaign_id = dirty_days.campaign_id
            and credited.unit_id = dirty_days.unit_id
            and credited.counted_on = dirty_days.counted_on
    left join day_pieces
        on
            credited.campaign_id = day_pieces.campaign_id
            and credited.counted_on = day_pieces.cutoff_on
            and credited.counted_at < day_pieces.piece_until
            and (day_pieces.piece_from is null or credited.counted_at >= day_pieces.piece_from)
),

by_member as (
    select
        dirty_credited.*,
        '' as dimension,
        '' as member
    from dirty_credited
    union all
    select
        dirty_credited.*,
        members.dimension,
        members.member
    from dirty_credited
    inner join members
        on
            dirty_credited.campaign_id = members.campaign_id
            and dirty_credited.metric_id = members.metric_id
            and dirty_credited.period_id = members.period_id
            and dirty_credited.counted_key = members.counted_key
)

select
    campaign_id,
    metric_id,
    period_id,
    dimension,
    member,
    unit_id,
    counted_on,
    counted_until,
    count(*) as counted,
    min(counted_at) as first_at,
    max(counted_at) as last_at
from by_member
group by
    campaign_id,
    metric_id,
    period_id,
    dimension,
    member,
    unit_id,
    counted_on,
    counted_until
