{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        on_schema_change='fail',
        meta={'dirty': 'int_dirty_campaigns', 'dirty_keys': ['campaign_id']},
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}

with candidates as (
    select * from {{ ref('int_person_candidates') }}
)

select
    campaign_id,
    period_id,
    prize_id,
    person_key,
    unit_id,
    score,
    completed_at,
    submission_id,
    line_number,
    clause
from candidates
