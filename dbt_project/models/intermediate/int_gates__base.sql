{{ config(materialized='table') }}

with applicable as (
    select * from {{ ref('int_gates__applicable') }}
),

measures as (
    select * from {{ ref('int_measures__computed') }}
),

targets as (
    select * from {{ ref('int_targets__in_force') }}
),

decided_gates as (
    select * from {{ ref('int_decided_gates') }}
),

predecessors as (
    select * from {{ source('plan', 'unit_predecessors') }}
),

-- A decision on a unit holds for what it was renamed to; of several merged ones the worst.
decided_for as (
    select
        applicable.campaign_id,
        applicable.period_id,
        applicable.gate_id,
        applicable.unit_id,
        min(decided_gates.result) as result
    from applicable
    left join predecessors
        on
            applicable.campaign_id = predecessors.campaign_id
            and applicable.unit_id = predecessors.unit_id
            and applicable.is_heir
    inner join decided_gates
        on
            applicable.campaign_id = decided_gates.campaign_id
            and applicable.period_id = decided_gates.period_id
            and applicable.gate_id = decided_gates.gate_id
            and coalesce(predecessors.predecessor_unit_id, applicable.unit_id) = decided_gates.unit_id
    where applicable.kind = 'decision'
    group by
        applicable.campaign_id,
        applicable.period_id,
        applicable.gate_id,
        applicable.unit_id
),

-- A measure of other blocs is no gate for this unit: the inner join drops it.
measured as (
    select
        applicable.*,
        measures.as_of_date,
        measures.numerator,
        measures.denominator,
        measures.target_id,
        coalesce(applicable.threshold_ppm, targets.value) as threshold_in_force_ppm
    from applicable
    inner join measures
        on
            applicable.campaign_id = measures.campaign_id
            and applicable.period_id = measures.period_id
            and applicable.unit_id = measures.unit_id
            and applicable.measure_id = measures.measure_id
    left join targets
        on
            applicable.campaign_id = targets.campaign_id
            and applicable.period_id = targets.period_id
            and applicable.unit_id = targets.unit_id
            and applicable.threshold_target_id = targets.target_id
            and targets.value_kind = 'percent'
    where applicable.kind = 'measure'
),

measure_results as (
    select
        campaign_id,
        period_id,
        bloc_id,
        unit_id,
        is_heir,
        gate_id,
        position,
        kind,
        measure_id,
        as_of_date,
        numerator,
        denominator,
        threshold_in_force_ppm as threshold_ppm,
        -- A target of zero or none is never passed, and a failed gate beats no data.
        case
            when threshold_in_force_ppm is null then 'no_target'
            when denominator <= 0 then 'no_target'
            when denominator is null and target_id is not null then 'no_target'
            when numerator is null or denominator is null then 'no_data'
            when {{ at_least('numerator', 'threshold_in_force_ppm', 'denominator') }} then 'pass'
            else 'below_threshold'
        end as finding,
        clause
    from measured
),

decision_results as (
    select
        applicable.campaign_id,
        applicable.period_id,
        applicable.bloc_id,
        applicable.unit_id,
        applicable.is_heir,
        applicable.gate_id,
        applicable.position,
        applicable.kind,
        applicable.measure_id,
        cast(null as date) as as_of_date,
        cast(null as bigint) as numerator,
        cast(null as bigint) as denominator,
        cast(null as bigint) as threshold_ppm,
        case coalesce(decided_for.result, applicable.default_result)
            when 'pass' then 'pass'
            when 'fail' then 'decision_failed'
            else 'awaiting_decision'
        end as finding,
        applicable.clause
    from applicable
    left join decided_for
        on
            applicable.campaign_id = decided_for.campaign_id
            and applicable.period_id = decided_for.period_id
            and applicable.gate_id = decided_for.gate_id
            and applicable.unit_id = decided_for.unit_id
    where applicable.kind = 'decision'
)

select * from measure_results
union all
select * from decision_results
