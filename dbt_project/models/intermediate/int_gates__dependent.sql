{{ config(materialized='table') }}

with applicable as (
    select * from {{ ref('int_gates__applicable') }}
    where kind in ('eligible', 'awarded')
),

earlier_results as (
    select * from {{ ref('int_gates__earlier') }}
),

tallied as (
    select
        campaign_id,
        period_id,
        unit_id,
        gate_id,
        sum(case when result = 'pass' then 1 else 0 end) as passes,
        sum(case when result = 'fail' then 1 else 0 end) as fails,
        sum(case when result = 'no_data' then 1 else 0 end) as unknowns,
        count(*) as results
    from earlier_results
    group by
        campaign_id,
        period_id,
        unit_id,
        gate_id
)

select
    applicable.campaign_id,
    applicable.period_id,
    applicable.bloc_id,
    applicable.unit_id,
    applicable.is_heir,
    applicable.gate_id,
    applicable.position,
    applicable.kind,
    cast(null as varchar) as measure_id,
    cast(null as date) as as_of_date,
    cast(tallied.passes as bigint) as numerator,
    cast(tallied.results as bigint) as denominator,
    cast(null as bigint) as threshold_ppm,
    case
        when applicable.quantifier = 'all' and tallied.passes = tallied.results then 'pass'
        when applicable.quantifier = 'any' and tallied.passes > 0 then 'pass'
        when
            (applicable.quantifier = 'all' and tallied.fails > 0)
            or (applicable.quantifier = 'any' and tallied.fails = tallied.results)
            then case when applicable.kind = 'awarded' then 'no_earlier_award' else 'earlier_period' end
        when tallied.unknowns > 0 then 'no_data'
        else 'awaiting_decision'
    end as finding,
    applicable.clause
from applicable
inner join tallied
    on
        applicable.campaign_id = tallied.campaign_id
        and applicable.period_id = tallied.period_id
        and applicable.unit_id = tallied.unit_id
        and applicable.gate_id = tallied.gate_id
