{{ config(materialized='incremental', incremental_strategy='judged') }}

with batches as (
    select * from {{ source('raw', 'figures') }}
)

select
    submission_id,
    campaign_id,
    export_type,
    unit_id,
    as_of_date,
    metric_id,
    dimension,
    member,
    value,
    sheet,
    line_number,
    batch_id
from batches
