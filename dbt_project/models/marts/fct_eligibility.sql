{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        on_schema_change='fail',
        meta={'dirty': 'int_dirty_campaigns', 'dirty_keys': ['campaign_id']},
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}


with eligibility as (
    select * from {{ ref('int_eligibility__judged') }}
)

select
    campaign_id,
    period_id,
    bloc_id,
    unit_id,
    measure_id,
    numerator,
    denominator,
    {{ rate('numerator', 'denominator') }} as progress_rate,
    {{ millionths_as_rate('threshold_ppm') }} as threshold_rate,
    as_of_date,
    is_eligible,
    reason_code,
    case
        when numerator is not null and denominator > 0
            then {{ missing_count('numerator', 'threshold_ppm', 'denominator') }}
    end as missing_count,
    clause
from eligibility
