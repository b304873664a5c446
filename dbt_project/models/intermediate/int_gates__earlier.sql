{{ config(materialized='table') }}

with applicable as (
    select * from {{ ref('int_gates__applicable') }}
    where kind in ('eligible', 'awarded')
),

gate_periods as (
    select * from {{ source('plan', 'gate_periods') }}
),

gates as (
    select * from {{ source('plan', 'gates') }}
),

predecessors as (
    select * from {{ source('plan', 'unit_predecessors') }}
),

eligibility as (
    select * from {{ ref('int_eligibility__base') }}
),

held_awards as (
    select * from {{ ref('int_awards__held') }}
),

closed as (
    select * from {{ ref('int_periods__closed') }}
),

-- What a unit was awarded under an earlier name it was awarded.
awarded as (
    select
        campaign_id,
        period_id,
        prize_id,
        unit_id
    from held_awards
    union distinct
    select
        held_awards.campaign_id,
        held_awards.period_id,
        held_awards.prize_id,
        predecessors.unit_id
    from held_awards
    inner join predecessors
        on
            held_awards.campaign_id = predecessors.campaign_id
            and held_awards.unit_id = predecessors.predecessor_unit_id
)

-- Whoever was not eligible cannot have been awarded; of all others a decision says so, or in the end the closing.
select
    applicable.campaign_id,
    applicable.period_id,
    applicable.unit_id,
    applicable.is_heir,
    applicable.gate_id,
    applicable.kind,
    gate_periods.in_period_id,
    case
        when applicable.kind = 'eligible' then coalesce(eligibility.result, 'undecided')
        when awarded.unit_id is not null then 'pass'
        when eligibility.result = 'fail' then 'fail'
        when closed.version is not null then 'fail'
        else 'undecided'
    end as result,
    applicable.clause
from applicable
inner join gates
    on
        applicable.campaign_id = gates.campaign_id
        and applicable.gate_id = gates.gate_id
        and applicable.period_id = gates.period_id
inner join gate_periods
    on
        applicable.campaign_id = gate_periods.campaign_id
        and applicable.gate_id = gate_periods.gate_id
        and applicable.period_id = gate_periods.period_id
left join eligibility
    on
        gate_periods.campaign_id = eligibility.campaign_id
        and gate_periods.in_period_id = eligibility.period_id
        and applicable.unit_id = eligibility.unit_id
left join closed
    on
        gate_periods.campaign_id = closed.campaign_id
        and gate_periods.in_period_id = closed.period_id
left join awarded
    on
        gate_periods.campaign_id = awarded.campaign_id
        and gate_periods.in_period_id = awarded.period_id
        and applicable.unit_id = awarded.unit_id
        and gates.prize_id = awarded.prize_id
