{{ config(materialized='table') }}

with gates as (
    select * from {{ ref('int_gates__judged') }}
),

-- The first failed gate in the plan's order is the reason; a failed gate beats no data, which beats a decision awaited.
weighed as (
    select
        *,
        case result when 'fail' then 1 when 'no_data' then 2 when 'undecided' then 3 else 4 end as weight
    from gates
),

numbered as (
    select
        *,
        row_number() over (
            partition by campaign_id, period_id, unit_id
            order by weight, position, gate_id
        ) as by_weight,
        row_number() over (
            partition by campaign_id, period_id, unit_id
            order by case when kind = 'measure' then 0 else 1 end, position, gate_id
        ) as by_measure
    from weighed
)

select
    deciding.campaign_id,
    deciding.period_id,
    deciding.bloc_id,
    deciding.unit_id,
    first_measure.measure_id,
    first_measure.as_of_date,
    first_measure.numerator,
    first_measure.denominator,
    first_measure.threshold_ppm,
    case deciding.result when 'pass' then true when 'fail' then false end as is_eligible,
    case deciding.finding when 'pass' then 'ok' else deciding.finding end as reason_code,
    deciding.clause
from numbered as deciding
left join numbered as first_measure
    on
        deciding.campaign_id = first_measure.campaign_id
        and deciding.period_id = first_measure.period_id
        and deciding.unit_id = first_measure.unit_id
        and first_measure.by_measure = 1
        and first_measure.kind = 'measure'
where deciding.by_weight = 1
