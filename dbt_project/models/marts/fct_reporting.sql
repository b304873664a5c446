{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        on_schema_change='fail',
        meta={'dirty': 'int_dirty_campaigns', 'dirty_keys': ['campaign_id']},
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}


with reporting as (
    select * from {{ ref('int_reports__answered') }}
)

select
    campaign_id,
    period_id,
    export_type,
    from_unit_id,
    to_unit_id,
    due_at,
    status,
    submission_id,
    received_at
from reporting
