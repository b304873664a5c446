{{ config(materialized='table') }}

with eligibility as (
    select * from {{ ref('int_eligibility__judged') }}
),

ranking_keys as (
    select * from {{ source('plan', 'ranking_keys') }}
),

measures as (
    select * from {{ ref('int_measures__computed') }}
),

metric_values as (
    select * from {{ ref('int_metric_values') }}
),

keyed as (
    select
        eligibility.campaign_id,
        eligibility.period_id,
        eligibility.bloc_id,
        eligibility.unit_id,
        ranking_keys.position,
        ranking_keys.direction,
        case
            when ranking_keys.kind = 'metric' then metric_values.metric_id is not null
            else coalesce(measures.denominator > 0 and measures.numerator is not null, false)
        end as is_known,
        case
            when ranking_keys.kind = 'metric' then cast(metric_values.value as {{ wide() }})
            when measures.denominator > 0 then {{ fraction_key('measures.numerator', 'measures.denominator') }}
        end as ordering_key
    from eligibility
    inner join ranking_keys
        on eligibility.campaign_id = ranking_keys.campaign_id and eligibility.period_id = ranking_keys.period_id
    left join measures
        on
            eligibility.campaign_id = measures.campaign_id
            and eligibility.period_id = measures.period_id
            and eligibility.unit_id = measures.unit_id
            and ranking_keys.measure_id = measures.measure_id
    left join metric_values
        on
            eligibility.campaign_id = metric_values.campaign_id
            and eligibility.unit_id = metric_values.unit_id
            and ranking_keys.metric_id = metric_values.metric_id
            and metric_values.dimension = ''
            and coalesce(metric_values.period_id, eligibility.period_id) = eligibility.period_id
            and (
                metric_values.period_id is not null
                or eligibility.as_of_date = coalesce(metric_values.as_of_date, eligibility.as_of_date)
            )
    where eligibility.is_eligible
),

-- A unit whose rate is undefined is not rankable, whatever else makes it eligible. That nobody did something is known:
-- without an instant it comes last.
rankable as (
    select
        campaign_id,
        period_id,
        unit_id
    from keyed
    group by
        campaign_id,
        period_id,
        unit_id
    having sum(case when is_known then 0 else 1 end) = 0
),

-- Each key ranks alone, then the ranks order together: any number of keys in either direction, no dynamic SQL.
ranked_by_key as (
    select
        keyed.campaign_id,
        keyed.period_id,
        keyed.bloc_id,
        keyed.unit_id,
        keyed.position,
        rank() over (
            partition by keyed.campaign_id, keyed.period_id, keyed.bloc_id, keyed.position
            order by
                case when keyed.direction = 'desc' then keyed.ordering_key end desc nulls last,
                case when keyed.direction = 'asc' then keyed.ordering_key end asc nulls last
        ) as key_rank
    from keyed
    inner join rankable
        on
            keyed.campaign_id = rankable.campaign_id
            and keyed.period_id = rankable.period_id
            and keyed.unit_id = rankable.unit_id
),

padded as (
    select
        campaign_id,
        period_id,
        bloc_id,
        unit_id,
        max(case when position = 1 then key_rank else 0 end) as first_key,
        max(case when position = 2 then key_rank else 0 end) as second_key,
        max(case when position = 3 then key_rank else 0 end) as third_key,
        max(case when position = 4 then key_rank else 0 end) as fourth_key
    from ranked_by_key
    group by
        campaign_id,
        period_id,
        bloc_id,
        unit_id
)

-- Equal on all keys is equal: the same rank (1, 1, 3). A tie-breaker is never invented.
select
    campaign_id,
    period_id,
    bloc_id,
    unit_id,
    rank() over (
        partition by campaign_id, period_id, bloc_id
        order by first_key, second_key, third_key, fourth_key
    ) as unit_rank,
    count(*) over (
        partition by campaign_id, period_id, bloc_id, first_key, second_key, third_key, fourth_key
    ) as units_at_rank
from padded
