{{ config(materialized='table') }}

with dirty_campaigns as (
    select * from {{ ref('int_dirty_campaigns') }}
),

clock as (
    select * from {{ source('raw', 'build_clock') }}
),

goals as (
    select * from {{ source('plan', 'goals') }}
),

goal_blocs as (
    select * from {{ source('plan', 'goal_blocs') }}
),

measures as (
    select * from {{ source('plan', 'measures') }}
),

units as (
    select * from {{ source('plan', 'units') }}
),

metric_values as (
    select * from {{ ref('int_metric_values') }}
),

-- A goal over a measure sums both its parts, never rates.
parts as (
    select
        goals.campaign_id,
        goals.goal_id,
        goal_blocs.bloc_id,
        'numerator' as part,
        coalesce(goals.metric_id, measures.numerator_metric_id) as metric_id,
        coalesce(measures.numerator_dimension, '') as dimension,
        coalesce(measures.numerator_member, '') as member
    from goals
    inner join goal_blocs on goals.campaign_id = goal_blocs.campaign_id and goals.goal_id = goal_blocs.goal_id
    left join measures
        on
            goals.campaign_id = measures.campaign_id
            and goals.measure_id = measures.measure_id
            and (measures.bloc_id is null or goal_blocs.bloc_id = measures.bloc_id)
    union all
    select
        goals.campaign_id,
        goals.goal_id,
        goal_blocs.bloc_id,
        'denominator' as part,
        measures.denominator_metric_id as metric_id,
        coalesce(measures.denominator_dimension, '') as dimension,
        coalesce(measures.denominator_member, '') as member
    from goals
    inner join goal_blocs on goals.campaign_id = goal_blocs.campaign_id and goals.goal_id = goal_blocs.goal_id
    inner join measures
        on
            goals.campaign_id = measures.campaign_id
            and goals.measure_id = measures.measure_id
            and (measures.bloc_id is null or goal_blocs.bloc_id = measures.bloc_id)
    where measures.denominator_metric_id is not null
),

expected as (
    select
        parts.*,
        goals.period_id,
        goals.due_on,
        clock.now_at >= goals.due_at as is_due,
        units.unit_id
    from parts
    inner join dirty_campaigns on parts.campaign_id = dirty_campaigns.campaign_id
    inner join goals on parts.campaign_id = goals.campaign_id and parts.goal_id = goals.goal_id
    inner join units
        on
            parts.campaign_id = units.campaign_id
            and parts.bloc_id = units.bloc_id
            and (units.valid_from is null or goals.due_on >= units.valid_from)
            and (units.valid_through is null or goals.due_on <= units.valid_through)
    cross join clock
),

-- Until it is due the latest reports add up; then only those of the day itself.
latest as (
    select
        expected.campaign_id,
        expected.goal_id,
        expected.part,
        expected.unit_id,
        metric_values.value,
        row_number() over (
            partition by expected.campaign_id, expected.goal_id, expected.part, expected.unit_id
            order by metric_values.as_of_date desc nulls last
        ) as turn
    from expected
    inner join metric_values
        on
            expected.campaign_id = metric_values.campaign_id
            and expected.unit_id = metric_values.unit_id
            and expected.metric_id = metric_values.metric_id
            and expected.dimension = metric_values.dimension
            and expected.member = metric_values.member
            -- Of events counts what the period that closes on the day counts.
            and coalesce(expected.period_id, metric_values.period_id, '') = coalesce(metric_values.period_id, '')
            and coalesce(metric_values.as_of_date, expected.due_on) <= expected.due_on
    where not expected.is_due or coalesce(metric_values.as_of_date, expected.due_on) = expected.due_on
),

summed as (
    select
        expected.campaign_id,
        expected.goal_id,
        expected.is_due,
        count(*) as figures_expected,
        count(latest.value) as figures_there,
        -- Null where nobody reported: no data is not a sum of zero.
        sum(case when expected.part = 'numerator' then latest.value end) as numerator,
        sum(case when expected.part = 'denominator' then latest.value end) as denominator
    from expected
    left join latest
        on
            expected.campaign_id = latest.campaign_id
            and expected.goal_id = latest.goal_id
            and expected.part = latest.part
            and expected.unit_id = latest.unit_id
            and latest.turn = 1
    group by
        expected.campaign_id,
        expected.goal_id,
        expected.is_due
),

compared as (
    select
        summed.*,
        goals.name,
        goals.metric_id,
        goals.comparison,
        goals.goal_value,
        goals.goal_ppm,
        goals.due_on,
        goals.clause,
        case
            when goals.metric_id is not null and goals.comparison = 'over' then summed.numerator > goals.goal_value
            when goals.metric_id is not null then summed.numerator >= goals.goal_value
            when summed.denominator is null or summed.denominator <= 0 then null
            when
                goals.comparison = 'over'
                then
                    cast(summed.numerator as {{ wide() }}) * 1000000
                    > cast(goals.goal_ppm as {{ wide() }}) * summed.denominator
            else {{ at_least('summed.numerator', 'goals.goal_ppm', 'summed.denominator') }}
        end as holds_now
    from summed
    inner join goals on summed.campaign_id = goals.campaign_id and summed.goal_id = goals.goal_id
)

select
    campaign_id,
    goal_id,
    name,
    cast(numerator as bigint) as numerator,
    cast(denominator as bigint) as denominator,
    comparison,
    goal_value,
    goal_ppm,
    due_on,
    cast(figures_expected - figures_there as bigint) as missing_figures,
    case
        -- More people can only be missing from a sum of counts, so a count that is met stays met.
        when holds_now and (metric_id is not null or figures_there = figures_expected) then true
        when not is_due then null
        when figures_there < figures_expected then null
        else holds_now
    end as is_met,
    clause
from compared
