{{ config(materialized='table') }}

with clock as (
    select * from {{ source('raw', 'build_clock') }}
),

units as (
    select * from {{ ref('int_units__of_period') }}
),

periods as (
    select * from {{ source('plan', 'periods') }}
),

measures as (
    select * from {{ source('plan', 'measures') }}
),

baselines as (
    select * from {{ ref('int_baselines__in_force') }}
),

targets as (
    select * from {{ ref('int_targets__in_force') }}
),

metric_values as (
    select * from {{ ref('int_metric_values') }}
),

expected as (
    select
        measures.campaign_id,
        periods.period_id,
        periods.closing_date,
        clock.now_at >= periods.cutoff_at as is_closed,
        units.unit_id,
        units.bloc_id,
        units.is_heir,
        measures.measure_id,
        measures.name as measure_name,
        measures.numerator_metric_id,
        measures.numerator_dimension,
        measures.numerator_member,
        measures.baseline_kind,
        measures.baseline_date,
        measures.denominator_metric_id,
        measures.denominator_dimension,
        measures.denominator_member,
        measures.target_id,
        measures.clause
    from measures
    inner join units
        on
            measures.campaign_id = units.campaign_id
            and (measures.bloc_id is null or measures.bloc_id = units.bloc_id)
    inner join periods on units.campaign_id = periods.campaign_id and units.period_id = periods.period_id
    cross join clock
),

-- A closing wants a report as of the closing date itself: an older figure is never carried forward. Until the closing
-- the latest report shows where the unit stands.
chosen_dates as (
    select
        expected.campaign_id,
        expected.period_id,
        expected.unit_id,
        expected.measure_id,
        max(coalesce(metric_values.as_of_date, expected.closing_date)) as as_of_date
    from expected
    inner join metric_values
        on
            expected.campaign_id = metric_values.campaign_id
            and expected.unit_id = metric_values.unit_id
            and expected.numerator_metric_id = metric_values.metric_id
            and coalesce(expected.numerator_dimension, '') = metric_values.dimension
            and coalesce(expected.numerator_member, '') = metric_values.member
            and coalesce(metric_values.period_id, expected.period_id) = expected.period_id
            and coalesce(metric_values.as_of_date, expected.closing_date) <= expected.closing_date
    where
        not expected.is_closed
        or coalesce(metric_values.as_of_date, expected.closing_date) = expected.closing_date
    group by
        expected.campaign_id,
        expected.period_id,
        expected.unit_id,
        expected.measure_id
),

dated as (
    select
        expected.*,
        case when expected.is_closed then expected.closing_date else chosen_dates.as_of_date end as as_of_date
    from expected
    left join chosen_dates
        on
            expected.campaign_id = chosen_dates.campaign_id
            and expected.period_id = chosen_dates.period_id
            and expected.unit_id = chosen_dates.unit_id
            and expected.measure_id = chosen_dates.measure_id
),

valued as (
    select
        dated.*,
        numerators.value as numerator_value,
        numerators.submission_id as numerator_submission_id,
        case dated.baseline_kind
            when 'given' then baselines.value
            when 'day' then baseline_days.value
        end as baseline_count,
        case
            when dated.target_id is not null then targets.value
            else denominators.value
        end as denominator,
        targets.decision_number as target_decision_number
    from dated
    left join metric_values as numerators
        on
            dated.campaign_id = numerators.campaign_id
            and dated.unit_id = numerators.unit_id
            and dated.numerator_metric_id = numerators.metric_id
            and coalesce(dated.numerator_dimension, '') = numerators.dimension
            and coalesce(dated.numerator_member, '') = numerators.member
            and coalesce(numerators.period_id, dated.period_id) = dated.period_id
            and dated.as_of_date = coalesce(numerators.as_of_date, dated.closing_date)
    left join metric_values as denominators
        on
            dated.campaign_id = denominators.campaign_id
            and dated.unit_id = denominators.unit_id
            and dated.denominator_metric_id = denominators.metric_id
            and coalesce(dated.denominator_dimension, '') = denominators.dimension
            and coalesce(dated.denominator_member, '') = denominators.member
            and coalesce(denominators.period_id, dated.period_id) = dated.period_id
            and (
                denominators.period_id is not null
                or denominators.as_of_date is null
                or dated.as_of_date = denominators.as_of_date
            )
    left join metric_values as baseline_days
        on
            dated.campaign_id = baseline_days.campaign_id
            and dated.unit_id = baseline_days.unit_id
            and dated.numerator_metric_id = baseline_days.metric_id
            and coalesce(dated.numerator_dimension, '') = baseline_days.dimension
            and coalesce(dated.numerator_member, '') = baseline_days.member
            and dated.baseline_date = baseline_days.as_of_date
    left join baselines
        on
            dated.campaign_id = baselines.campaign_id
            and dated.unit_id = baselines.unit_id
            and dated.numerator_metric_id = baselines.metric_id
    left join targets
        on
            dated.campaign_id = targets.campaign_id
            and dated.period_id = targets.period_id
            and dated.unit_id = targets.unit_id
            and dated.target_id = targets.target_id
            and targets.value_kind = 'count'
)

select
    campaign_id,
    period_id,
    unit_id,
    bloc_id,
    is_heir,
    measure_id,
    measure_name,
    numerator_metric_id,
    numerator_member,
    is_closed,
    closing_date,
    as_of_date,
    numerator_value,
    numerator_submission_id,
    baseline_kind,
    baseline_count,
    -- Without its baseline an increase is not known; that is no data, not an increase from nothing.
    case when baseline_kind is null then numerator_value else numerator_value - baseline_count end as numerator,
    denominator,
    target_id,
    target_decision_number,
    clause
from valued
