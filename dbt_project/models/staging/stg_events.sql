{{ config(materialized='incremental', incremental_strategy='judged') }}

with batches as (
    select * from {{ source('raw', 'events') }}
)

select
    submission_id,
    campaign_id,
    export_type,
    event_key,
    person_key,
    event,
    event_at,
    unit_id,
    unit_role,
    product,
    valid_through,
    score,
    dimensions,
    is_cancelled,
    sheet,
    line_number,
    batch_id
from batches
