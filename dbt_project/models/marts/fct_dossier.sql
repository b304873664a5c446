{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        on_schema_change='fail',
        meta={'dirty': 'int_dirty_campaigns', 'dirty_keys': ['campaign_id']},
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}

with earlier as (
    select * from {{ ref('int_gates__earlier') }}
),

measured as (
    select
        campaign_id,
        period_id,
        unit_id,
        sum(case when kind = 'measure' then 1 else 0 end) as conditions,
        sum(case when kind = 'measure' and finding = 'pass' then 1 else 0 end) as conditions_met
    from {{ ref('int_gates__base') }}
    group by
        campaign_id,
        period_id,
        unit_id
)

select
    earlier.campaign_id,
    earlier.period_id,
    earlier.unit_id,
    earlier.gate_id,
    earlier.in_period_id,
    earlier.result,
    cast(measured.conditions_met as bigint) as conditions_met,
    cast(measured.conditions as bigint) as conditions,
    earlier.clause
from earlier
left join measured
    on
        earlier.campaign_id = measured.campaign_id
        and earlier.in_period_id = measured.period_id
        and earlier.unit_id = measured.unit_id
where not earlier.is_heir
