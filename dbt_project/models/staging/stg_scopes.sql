{{ config(materialized='incremental', incremental_strategy='judged') }}

with batches as (
    select * from {{ source('raw', 'scopes') }}
)

select
    submission_id,
    campaign_id,
    export_type,
    unit_id,
    as_of_date,
    row_count,
    has_rejected_row,
    content_hash,
    batch_id
from batches
