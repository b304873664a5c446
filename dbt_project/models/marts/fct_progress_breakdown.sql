{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        on_schema_change='fail',
        meta={'dirty': 'int_dirty_progress', 'dirty_keys': ['campaign_id', 'unit_id', 'as_of_date']},
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}
-- depends_on: {{ ref('int_dirty_progress') }}


with progress as (
    select * from {{ ref('int_progress__computed') }}
    where dimension != ''
),

progress_of_events as (
    select * from {{ ref('int_progress__of_events') }}
    where dimension != ''
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
union all
select
    campaign_id,
    unit_id,
    metric_id,
    period_id,
    as_of_date,
    dimension,
    member,
    cumulative_count,
    cast(null as varchar) as submission_id
from progress_of_events
