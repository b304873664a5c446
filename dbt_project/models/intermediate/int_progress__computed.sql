{{ config(materialized='table') }}

with metric_values as (
    select * from {{ ref('int_metric_values') }}
),

dirty_dates as (
    select * from {{ ref('int_dirty_progress') }}
),

units as (
    select * from {{ source('plan', 'units') }}
),

measures as (
    select * from {{ source('plan', 'measures') }}
),

targets as (
    select * from {{ source('plan', 'targets') }}
),

baselines as (
    select * from {{ ref('int_baselines__in_force') }}
),

-- The measure that a metric counts for, by the unit's bloc: it says which baseline and which target belong to it.
counted_measures as (
    select
        units.campaign_id,
        units.unit_id,
        measures.numerator_metric_id as metric_id,
        coalesce(measures.numerator_dimension, '') as dimension,
        coalesce(measures.numerator_member, '') as member,
        measures.baseline_kind,
        measures.baseline_date,
        measures.target_id,
        measures.clause,
        row_number() over (
            partition by
                units.campaign_id, units.unit_id, measures.numerator_metric_id,
                coalesce(measures.numerator_dimension, ''), coalesce(measures.numerator_member, '')
            order by measures.measure_id
        ) as turn
    from units
    inner join measures
        on
            units.campaign_id = measures.campaign_id
            and (measures.bloc_id is null or units.bloc_id = measures.bloc_id)
),

figures as (
    select metric_values.*
    from metric_values
    inner join dirty_dates
        on
            metric_values.campaign_id = dirty_dates.campaign_id
            and metric_values.unit_id = dirty_dates.unit_id
            and metric_values.as_of_date = dirty_dates.as_of_date
    where metric_values.origin = 'reported'
),

-- The general target that is effective on the day; targets of a single period belong to its closing.
targets_in_force as (
    select
        figures.campaign_id,
        figures.unit_id,
        figures.as_of_date,
        targets.target_id,
        targets.value,
        targets.value_kind,
        targets.decision_number,
        row_number() over (
            partition by figures.campaign_id, figures.unit_id, figures.as_of_date, targets.target_id
            order by targets.effective_from desc nulls last
        ) as turn
    from (
        select distinct
            campaign_id,
            unit_id,
            as_of_date
        from figures
    ) as figures
    inner join targets
        on
            figures.campaign_id = targets.campaign_id
            and figures.unit_id = targets.unit_id
            and figures.as_of_date >= targets.effective_from
            and targets.period_id is null
)

select
    figures.campaign_id,
    figures.unit_id,
    figures.metric_id,
    figures.dimension,
    figures.member,
    figures.as_of_date,
    figures.value as cumulative_count,
    case counted_measures.baseline_kind
        when 'given' then baselines.value
        when 'day' then baseline_days.value
    end as baseline_count,
    -- Without its baseline an increase is not known.
    case counted_measures.baseline_kind
        when 'given' then figures.value - baselines.value
        when 'day' then figures.value - baseline_days.value
        else figures.value
    end as increment_count,
    case when targets_in_force.value_kind = 'count' then targets_in_force.value end as target_count,
    case when targets_in_force.value_kind = 'percent' then targets_in_force.value end as target_ppm,
    targets_in_force.decision_number as target_decision_number,
    figures.submission_id,
    counted_measures.clause
from figures
left join counted_measures
    on
        figures.campaign_id = counted_measures.campaign_id
        and figures.unit_id = counted_measures.unit_id
        and figures.metric_id = counted_measures.metric_id
        and figures.dimension = counted_measures.dimension
        and figures.member = counted_measures.member
        and counted_measures.turn = 1
left join targets_in_force
    on
        figures.campaign_id = targets_in_force.campaign_id
        and figures.unit_id = targets_in_force.unit_id
        and figures.as_of_date = targets_in_force.as_of_date
        and counted_measures.target_id = targets_in_force.target_id
        and targets_in_force.turn = 1
left join baselines
    on
        figures.campaign_id = baselines.campaign_id
        and figures.unit_id = baselines.unit_id
        and figures.metric_id = baselines.metric_id
left join metric_values as baseline_days
    on
        figures.campaign_id = baseline_days.campaign_id
        and figures.unit_id = baseline_days.unit_id
        and figures.metric_id = baseline_days.metric_id
        and figures.dimension = baseline_days.dimension
        and figures.member = baseline_days.member
        and counted_measures.baseline_date = baseline_days.as_of_date
