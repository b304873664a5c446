{{ config(materialized='table') }}

with reports_due as (
    select * from {{ ref('int_reports__due') }}
)

select
    campaign_id,
    period_id,
    export_type,
    from_unit_id,
    to_unit_id,
    due_at,
    clause
from reports_due
