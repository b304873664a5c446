{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        on_schema_change='fail',
        meta={'dirty': 'int_dirty_dates', 'dirty_keys': ['campaign_id', 'unit_id', 'as_of_date']},
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}
-- depends_on: {{ ref('int_dirty_dates') }}


with progress as (
    select * from {{ ref('int_progress__computed') }}
)

select
    campaign_id,
    unit_id,
    metric_id,
    'all' as period_id,
    as_of_date,
    cumulative_count,
    baseline_count,
    increment_count,
    target_count,
    {{ millionths_as_rate('target_ppm') }} as target_rate,
    target_decision_number,
    {{ rate('increment_count', 'target_count') }} as progress_rate,
    submission_id,
    clause
from progress
where dimension = ''
