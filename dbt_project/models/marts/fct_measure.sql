{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        on_schema_change='fail',
        meta={'dirty': 'int_dirty_campaigns', 'dirty_keys': ['campaign_id']},
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}


with measures as (
    select * from {{ ref('int_measures__computed') }}
)

select
    campaign_id,
    period_id,
    unit_id,
    measure_id,
    measure_name,
    numerator_metric_id as metric_id,
    numerator_member as member,
    as_of_date,
    numerator_value,
    baseline_count,
    numerator,
    denominator,
    {{ rate('numerator', 'denominator') }} as progress_rate,
    target_decision_number,
    numerator_submission_id as submission_id,
    clause
from measures
where not is_heir
