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
    where dimension = ''
),

progress_of_events as (
    select * from {{ ref('int_progress__of_events') }}
    where dimension = ''
),

units as (
    select * from {{ source('plan', 'units') }}
),

measures as (
    select * from {{ source('plan', 'measures') }}
),

targets as (
    select * from {{ ref('int_targets__in_force') }}
    where value_kind = 'count'
),

-- The measure that a metric counts for in the unit's bloc says which target belongs to it.
counted_measures as (
    select
        units.campaign_id,
        units.unit_id,
        measures.numerator_metric_id as metric_id,
        measures.target_id,
        measures.clause,
        row_number() over (
            partition by units.campaign_id, units.unit_id, measures.numerator_metric_id
            order by measures.measure_id
        ) as turn
    from units
    inner join measures
        on
            units.campaign_id = measures.campaign_id
            and (measures.bloc_id is null or units.bloc_id = measures.bloc_id)
    where measures.numerator_dimension is null
),

of_events as (
    select
        progress_of_events.*,
        targets.value as target_count,
        targets.decision_number as target_decision_number,
        counted_measures.clause
    from progress_of_events
    left join counted_measures
        on
            progress_of_events.campaign_id = counted_measures.campaign_id
            and progress_of_events.unit_id = counted_measures.unit_id
            and progress_of_events.metric_id = counted_measures.metric_id
            and counted_measures.turn = 1
    left join targets
        on
            progress_of_events.campaign_id = targets.campaign_id
            and progress_of_events.unit_id = targets.unit_id
            and progress_of_events.closing_period_id = targets.period_id
            and counted_measures.target_id = targets.target_id
)

select
    campaign_id,
    unit_id,
    metric_id,
    'all' as period_id,
    as_of_date,
    cumulative_count,
    baseline_count,
    increment_count,
    target_count,
    {{ millionths_as_rate('target_ppm') }} as target_rate,
    target_decision_number,
    {{ rate('increment_count', 'target_count') }} as progress_rate,
    submission_id,
    clause
from progress
union all
select
    campaign_id,
    unit_id,
    metric_id,
    period_id,
    as_of_date,
    cumulative_count,
    cast(null as bigint) as baseline_count,
    cumulative_count as increment_count,
    target_count,
    cast(null as decimal(12, 6)) as target_rate,
    target_decision_number,
    {{ rate('cumulative_count', 'target_count') }} as progress_rate,
    cast(null as varchar) as submission_id,
    clause
from of_events
