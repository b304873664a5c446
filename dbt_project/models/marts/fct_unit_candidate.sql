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
    select * from {{ ref('int_unit_candidates') }}
)

select
    campaign_id,
    period_id,
    prize_id,
    authority_unit_id,
    bloc_id,
    unit_id,
    result,
    reason_code,
    is_awarded,
    clause
from candidates
