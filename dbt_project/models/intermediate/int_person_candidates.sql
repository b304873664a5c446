{{ config(materialized='table') }}

with dirty_campaigns as (
    select * from {{ ref('int_dirty_campaigns') }}
),

prizes as (
    select * from {{ source('plan', 'prizes') }}
),

prize_shows as (
    select * from {{ source('plan', 'prize_shows') }}
),

metrics as (
    select * from {{ source('plan', 'metrics') }}
),

periods as (
    select * from {{ source('plan', 'periods') }}
),

counted as (
    select * from {{ ref('int_events__counted') }}
),

events as (
    select * from {{ ref('int_events__current') }}
    where unit_role = ''
),

shown as (
    select
        campaign_id,
        prize_id,
        max(case when item = 'quiz_score' then 1 else 0 end) = 1 as shows_score,
        max(case when item = 'completed_at' then 1 else 0 end) = 1 as shows_completed_at
    from prize_shows
    group by
        campaign_id,
        prize_id
),

-- A metric that counts persons by product names a person more than once; the earliest stands for the person.
numbered as (
    select
        prizes.campaign_id,
        prizes.period_id,
        prizes.prize_id,
        prizes.clause,
        counted.person_key,
        counted.export_type,
        counted.sender_unit_id,
        counted.event_key,
        counted.score,
        counted.counted_at,
        row_number() over (
            partition by prizes.campaign_id, prizes.period_id, prizes.prize_id, counted.person_key
            order by counted.counted_at, counted.counted_key
        ) as turn
    from prizes
    inner join dirty_campaigns on prizes.campaign_id = dirty_campaigns.campaign_id
    inner join metrics
        on prizes.campaign_id = metrics.campaign_id and prizes.candidates_metric_id = metrics.metric_id
    inner join periods on prizes.campaign_id = periods.campaign_id and prizes.period_id = periods.period_id
    inner join counted
        on
            prizes.campaign_id = counted.campaign_id
            and metrics.metric_id = counted.metric_id
            and case when metrics.is_windowed then prizes.period_id else 'all' end = counted.period_id
            and periods.cutoff_at > counted.counted_at
    where counted.person_key is not null
)

select
    numbered.campaign_id,
    numbered.period_id,
    numbered.prize_id,
    numbered.person_key,
    events.unit_id,
    case when shown.shows_score then numbered.score end as score,
    case when shown.shows_completed_at then numbered.counted_at end as completed_at,
    events.submission_id,
    events.line_number,
    numbered.clause
from numbered
left join shown on numbered.campaign_id = shown.campaign_id and numbered.prize_id = shown.prize_id
left join events
    on
        numbered.campaign_id = events.campaign_id
        and numbered.export_type = events.export_type
        and numbered.sender_unit_id = events.sender_unit_id
        and numbered.event_key = events.event_key
where numbered.turn = 1
