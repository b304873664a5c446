{{ config(materialized='view') }}

with metrics as (
    select * from {{ source('plan', 'metrics') }}
),

periods as (
    select * from {{ source('plan', 'periods') }}
)

-- Metrics that run through know no period: what they count before any cutoff follows from one count of all days.
select
    campaign_id,
    metric_id,
    kind,
    'all' as period_id,
    from_at,
    cast(null as timestamptz) as until_at
from metrics
where not is_windowed
union all
select
    metrics.campaign_id,
    metrics.metric_id,
    metrics.kind,
    periods.period_id,
    case when metrics.from_kind = 'window' then periods.window_from else metrics.from_at end as from_at,
    periods.cutoff_at as until_at
from metrics
inner join periods on metrics.campaign_id = periods.campaign_id
where
    metrics.is_windowed
    and periods.window_from is not null
