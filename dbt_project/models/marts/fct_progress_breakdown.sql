{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        on_schema_change='fail',
        meta={'dirty': 'int_dirty_progress', 'dirty_keys': ['campaign_id', 'unit_id', 'as_of_date']},
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}
-- depends_on: {{ ref('int_dirty_progress') }}


with progress as (
    select * from {{ ref('int_progress__computed') }}
    where dimension != ''
),

progress_of_events as (
    select * from {{ ref('int_progress__of_events') }}
    where dimension != ''
),

metric_values as (
    select * from {{ ref('int_metric_values') }}
    where dimension != ''
),

units as (
    select * from {{ source('plan', 'units') }}
),

measures as (
    select * from {{ source('plan', 'measures') }}
    where numerator_dimension is null and denominator_metric_id is not null
),

broken_down as (
    select
        campaign_id,
        unit_id,
        metric_id,
        'all' as period_id,
        as_of_date,
        dimension,
        member,
        cumulative_count,
        submission_id
    from progress
    union all
    select
        campaign_id,
        unit_id,
        metric_id,
        period_id,
        as_of_date,
        dimension,
        member,
        cumulative_count,
        cast(null as varchar) as submission_id
    from progress_of_events
),

-- What the metric is measured against in the unit's bloc, where it is known by member too.
counted_measures as (
    select
        units.campaign_id,
        units.unit_id,
        measures.numerator_metric_id as metric_id,
        measures.denominator_metric_id,
        row_number() over (
            partition by units.campaign_id, units.unit_id, measures.numerator_metric_id
            order by measures.measure_id
        ) as turn
    from units
    inner join measures
        on
            units.campaign_id = measures.campaign_id
            and (measures.bloc_id is null or units.bloc_id = measures.bloc_id)
)

select
    broken_down.campaign_id,
    broken_down.unit_id,
    broken_down.metric_id,
    broken_down.period_id,
    broken_down.as_of_date,
    broken_down.dimension,
    broken_down.member,
    broken_down.cumulative_count,
    denominators.value as denominator_count,
    {{ rate('broken_down.cumulative_count', 'denominators.value') }} as progress_rate,
    broken_down.submission_id
from broken_down
left join counted_measures
    on
        broken_down.campaign_id = counted_measures.campaign_id
        and broken_down.unit_id = counted_measures.unit_id
        and broken_down.metric_id = counted_measures.metric_id
        and counted_measures.turn = 1
left join metric_values as denominators
    on
        counted_measures.campaign_id = denominators.campaign_id
        and counted_measures.denominator_metric_id = denominators.metric_id
        and counted_measures.unit_id = denominators.unit_id
        and broken_down.dimension = denominators.dimension
        and broken_down.member = denominators.member
        and broken_down.as_of_date = coalesce(denominators.as_of_date, broken_down.as_of_date)
        and denominators.origin in ('reported', 'given')
