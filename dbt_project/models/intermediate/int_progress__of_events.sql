{{ config(materialized='table') }}

with metrics as (
    select * from {{ source('plan', 'metrics') }}
    where kind in ('events', 'all_of')
),

metric_exports as (
    select * from {{ source('plan', 'metric_exports') }}
),

periods as (
    select * from {{ source('plan', 'periods') }}
),

units_of_period as (
    select * from {{ ref('int_units__of_period') }}
    where not is_heir
),

complete as (
    select * from {{ ref('int_senders__complete') }}
),

judged_scopes as (
    select * from {{ ref('int_scopes__judged') }}
),

daily as (
    select * from {{ ref('int_events__daily') }}
),

-- Days that some file of the export is complete through, and the closings themselves.
told_days as (
    select distinct
        metric_exports.campaign_id,
        metric_exports.metric_id,
        judged_scopes.as_of_date
    from metric_exports
    inner join judged_scopes
        on
            metric_exports.campaign_id = judged_scopes.campaign_id
            and metric_exports.export_type = judged_scopes.export_type
    where judged_scopes.status in ('applied', 'duplicate', 'stale')
    union distinct
    select
        metric_exports.campaign_id,
        metric_exports.metric_id,
        periods.closing_date as as_of_date
    from metric_exports
    inner join periods on metric_exports.campaign_id = periods.campaign_id
),

-- A day belongs to the next closing; what comes after the last one belongs to it.
numbered_periods as (
    select
        told_days.campaign_id,
        told_days.metric_id,
        told_days.as_of_date,
        periods.period_id,
        row_number() over (
            partition by told_days.campaign_id, told_days.metric_id, told_days.as_of_date
            order by
                case when periods.closing_date >= told_days.as_of_date then 0 else 1 end asc,
                case when periods.closing_date >= told_days.as_of_date then periods.closing_date end asc nulls last,
                periods.closing_date desc,
                periods.position asc
        ) as turn
    from told_days
    inner join periods on told_days.campaign_id = periods.campaign_id
),

contexts as (
    select
        metrics.campaign_id,
        metrics.metric_id,
        'all' as context_id,
        numbered_periods.period_id,
        numbered_periods.as_of_date
    from metrics
    inner join numbered_periods
        on
            metrics.campaign_id = numbered_periods.campaign_id
            and metrics.metric_id = numbered_periods.metric_id
            and numbered_periods.turn = 1
    where not metrics.is_windowed
    union all
    select
        metrics.campaign_id,
        metrics.metric_id,
        periods.period_id as context_id,
        periods.period_id,
        told_days.as_of_date
    from metrics
    inner join periods on metrics.campaign_id = periods.campaign_id
    inner join told_days
        on
            metrics.campaign_id = told_days.campaign_id
            and metrics.metric_id = told_days.metric_id
            and periods.closing_date >= told_days.as_of_date
            and {{ local_date('periods.window_from') }} <= told_days.as_of_date
    where metrics.is_windowed
),

-- A closing in mid-day ends there.
ends as (
    select
        campaign_id,
        closing_date,
        min(cutoff_at) as cutoff_at
    from periods
    group by
        campaign_id,
        closing_date
),

marks as (
    select
        contexts.campaign_id,
        contexts.metric_id,
        contexts.context_id,
        contexts.period_id,
        contexts.as_of_date,
        units_of_period.unit_id,
        units_of_period.bloc_id,
        coalesce(ends.cutoff_at, {{ day_end('contexts.as_of_date') }}) as until_at
    from contexts
    inner join units_of_period
        on
            contexts.campaign_id = units_of_period.campaign_id
            and contexts.period_id = units_of_period.period_id
    inner join metric_exports
        on
            contexts.campaign_id = metric_exports.campaign_id
            and contexts.metric_id = metric_exports.metric_id
    left join ends on contexts.campaign_id = ends.campaign_id and contexts.as_of_date = ends.closing_date
    left join complete
        on
            contexts.campaign_id = complete.campaign_id
            and contexts.period_id = complete.period_id
            and units_of_period.unit_id = complete.unit_id
            and metric_exports.export_type = complete.export_type
    group by
        contexts.campaign_id,
        contexts.metric_id,
        contexts.context_id,
        contexts.period_id,
        contexts.as_of_date,
        units_of_period.unit_id,
        units_of_period.bloc_id,
        ends.cutoff_at
    -- A day counts once all have told everything up to its end.
    having
        min(
            case
                when complete.complete_until >= coalesce(ends.cutoff_at, {{ day_end('contexts.as_of_date') }}) then 1
                else 0
            end
        ) = 1
),

members as (
    select distinct
        campaign_id,
        metric_id,
        period_id as context_id,
        unit_id,
        dimension,
        member
    from daily
    where dimension != ''
),

-- Counts and marks in one line of time: a mark shows what lies before it.
points as (
    select
        daily.campaign_id,
        daily.metric_id,
        daily.period_id as context_id,
        daily.dimension,
        daily.member,
        daily.unit_id,
        daily.counted_until as point_at,
        daily.counted,
        cast(null as date) as as_of_date,
        cast(null as varchar) as period_id,
        0 as is_mark
    from daily
    union all
    select
        marks.campaign_id,
        marks.metric_id,
        marks.context_id,
        '' as dimension,
        '' as member,
        marks.unit_id,
        marks.until_at as point_at,
        0 as counted,
        marks.as_of_date,
        marks.period_id,
        1 as is_mark
    from marks
    union all
    select
        marks.campaign_id,
        marks.metric_id,
        marks.context_id,
        members.dimension,
        members.member,
        marks.unit_id,
        marks.until_at as point_at,
        0 as counted,
        marks.as_of_date,
        marks.period_id,
        1 as is_mark
    from marks
    inner join members
        on
            marks.campaign_id = members.campaign_id
            and marks.metric_id = members.metric_id
            and marks.context_id = members.context_id
            and marks.unit_id = members.unit_id
),

summed as (
    select
        *,
        sum(counted) over (
            partition by campaign_id, metric_id, context_id, dimension, member, unit_id
            order by point_at, is_mark
            rows between unbounded preceding and current row
        ) as cumulative_count
    from points
)

select
    campaign_id,
    unit_id,
    metric_id,
    context_id as period_id,
    period_id as closing_period_id,
    dimension,
    member,
    as_of_date,
    cast(cumulative_count as bigint) as cumulative_count
from summed
where
    is_mark = 1
    and (dimension = '' or cumulative_count > 0)
