{{ config(materialized='table') }}

with campaigns as (
    select * from {{ source('plan', 'campaigns') }}
)

select
    campaign_id,
    title,
    document_number,
    issued_by,
    starts_at,
    ends_at,
    clause,
    plan_hash
from campaigns
