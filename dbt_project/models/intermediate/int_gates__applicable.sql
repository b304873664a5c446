{{ config(materialized='table') }}

with units as (
    select * from {{ ref('int_units__of_period') }}
),

gates as (
    select * from {{ source('plan', 'gates') }}
),

gate_unit_types as (
    select * from {{ source('plan', 'gate_unit_types') }}
)

-- Gates for persons are the council's: they filter whom it may choose, not which unit is eligible.
select
    gates.campaign_id,
    gates.period_id,
    units.bloc_id,
    units.unit_id,
    units.is_heir,
    gates.gate_id,
    gates.position,
    gates.kind,
    gates.measure_id,
    gates.threshold_ppm,
    gates.threshold_target_id,
    gates.default_result,
    gates.quantifier,
    gates.clause
from gates
inner join gate_unit_types
    on gates.campaign_id = gate_unit_types.campaign_id and gates.gate_id = gate_unit_types.gate_id
inner join units
    on
        gates.campaign_id = units.campaign_id
        and gates.period_id = units.period_id
        and gate_unit_types.unit_type = units.unit_type
where
    gates.recipient = 'unit'
    and units.bloc_id is not null
