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
    dimension,
    member,
    cumulative_count,
    submission_id
from progress
where dimension != ''
