{{ config(materialized='incremental', incremental_strategy='judged') }}

with batches as (
    select * from {{ source('raw', 'submissions') }}
)

select
    submission_id,
    campaign_id,
    export_type,
    file_name,
    landing_path,
    received_at,
    content_sha256,
    verdict,
    received_row_count,
    accepted_row_count,
    rejected_row_count,
    ignored_row_count,
    sender_unit_id,
    layout,
    complete_until,
    judged_at,
    batch_id
from batches
