{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        on_schema_change='fail',
        meta={'dirty': 'int_dirty_campaigns', 'dirty_keys': ['campaign_id']},
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}


with gates as (
    select * from {{ ref('int_gates__judged') }}
)

select
    campaign_id,
    period_id,
    unit_id,
    gate_id,
    kind,
    numerator,
    denominator,
    {{ millionths_as_rate('threshold_ppm') }} as threshold,
    result,
    case finding when 'pass' then 'ok' else finding end as reason_code,
    clause
from gates
