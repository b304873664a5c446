{{ config(materialized='incremental', incremental_strategy='judged') }}

with batches as (
    select * from {{ source('raw', 'rejected_rows') }}
)

select
    submission_id,
    campaign_id,
    export_type,
    unit_id,
    as_of_date,
    sheet,
    line_number,
    column_name,
    rule_id,
    severity,
    value,
    message,
    batch_id
from batches
