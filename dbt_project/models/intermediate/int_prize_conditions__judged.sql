{{ config(materialized='table') }}

with conditions as (
    select * from {{ source('plan', 'prize_conditions') }}
),

condition_periods as (
    select * from {{ source('plan', 'prize_condition_periods') }}
),

prizes as (
    select * from {{ source('plan', 'prizes') }}
),

units as (
    select * from {{ ref('int_eligibility__judged') }}
),

measures as (
    select * from {{ ref('int_measures__computed') }}
),

targets as (
    select * from {{ ref('int_targets__in_force') }}
),

eligibility as (
    select * from {{ ref('int_eligibility__base') }}
),

goals as (
    select * from {{ ref('int_goals__computed') }}
),

held_awards as (
    select * from {{ ref('int_awards__held') }}
),

closed as (
    select * from {{ ref('int_periods__closed') }}
),

expected as (
    select
        units.campaign_id,
        units.period_id,
        units.unit_id,
        conditions.prize_id,
        conditions.position,
        conditions.kind,
        conditions.measure_id,
        conditions.threshold_ppm,
        conditions.threshold_target_id,
        conditions.quantifier,
        conditions.default_result,
        conditions.goal_id,
        conditions.of_prize_id
    from conditions
    inner join prizes on conditions.campaign_id = prizes.campaign_id and conditions.prize_id = prizes.prize_id
    inner join units on prizes.campaign_id = units.campaign_id and prizes.period_id = units.period_id
),

earlier as (
    select
        expected.campaign_id,
        expected.period_id,
        expected.unit_id,
        expected.prize_id,
        expected.position,
        sum(
            case
                when expected.kind = 'awarded' then case when held_awards.unit_id is not null then 1 else 0 end
                when eligibility.result = 'pass' then 1
                else 0
            end
        ) as passes,
        sum(
            case
                when held_awards.unit_id is not null then 0
                when eligibility.result = 'fail' then 1
                when expected.kind = 'awarded' and closed.version is not null then 1
                else 0
            end
        ) as fails,
        count(*) as results
    from expected
    inner join condition_periods
        on
            expected.campaign_id = condition_periods.campaign_id
            and expected.prize_id = condition_periods.prize_id
            and expected.position = condition_periods.position
    left join eligibility
        on
            expected.campaign_id = eligibility.campaign_id
            and condition_periods.in_period_id = eligibility.period_id
            and expected.unit_id = eligibility.unit_id
    left join closed
        on
            expected.campaign_id = closed.campaign_id
            and condition_periods.in_period_id = closed.period_id
    left join held_awards
        on
            expected.campaign_id = held_awards.campaign_id
            and condition_periods.in_period_id = held_awards.period_id
            and expected.unit_id = held_awards.unit_id
            and expected.of_prize_id = held_awards.prize_id
    where expected.kind in ('eligible', 'awarded')
    group by
        expected.campaign_id,
        expected.period_id,
        expected.unit_id,
        expected.prize_id,
        expected.position
),

judged as (
    select
        expected.campaign_id,
        expected.period_id,
        expected.unit_id,
        expected.prize_id,
        case expected.kind
            when 'measure'
                then case
                        when coalesce(expected.threshold_ppm, targets.value) is null then 'fail'
                        when measures.denominator <= 0 then 'fail'
                        when measures.numerator is null or measures.denominator is null then 'undecided'
                        when
                            {{
                                at_least(
                                    'measures.numerator',
                                    'coalesce(expected.threshold_ppm, targets.value)',
                                    'measures.denominator'
                                )
                            }}
                            then 'pass'
                        else 'fail'
                    end
            when 'goal'
                then case when goals.is_met then 'pass' when not goals.is_met then 'fail' else 'undecided' end
            when 'decision' then expected.default_result
            else
                case
                    when expected.quantifier = 'all' and earlier.passes = earlier.results then 'pass'
                    when expected.quantifier = 'any' and earlier.passes > 0 then 'pass'
                    when expected.quantifier = 'all' and earlier.fails > 0 then 'fail'
                    when expected.quantifier = 'any' and earlier.fails = earlier.results then 'fail'
                    else 'undecided'
                end
        end as result
    from expected
    left join measures
        on
            expected.campaign_id = measures.campaign_id
            and expected.period_id = measures.period_id
            and expected.unit_id = measures.unit_id
            and expected.measure_id = measures.measure_id
    left join targets
        on
            expected.campaign_id = targets.campaign_id
            and expected.period_id = targets.period_id
            and expected.unit_id = targets.unit_id
            and expected.threshold_target_id = targets.target_id
            and targets.value_kind = 'percent'
    left join earlier
        on
            expected.campaign_id = earlier.campaign_id
            and expected.period_id = earlier.period_id
            and expected.unit_id = earlier.unit_id
            and expected.prize_id = earlier.prize_id
            and expected.position = earlier.position
    left join goals on expected.campaign_id = goals.campaign_id and expected.goal_id = goals.goal_id
)

select
    campaign_id,
    period_id,
    unit_id,
    prize_id,
    case
        when sum(case when result = 'fail' then 1 else 0 end) > 0 then 'fail'
        when sum(case when result = 'undecided' then 1 else 0 end) > 0 then 'undecided'
        else 'pass'
    end as result
from judged
group by
    campaign_id,
    period_id,
    unit_id,
    prize_id
