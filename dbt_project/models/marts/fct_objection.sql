{{ config(materialized='table') }}

with objections as (
    select * from {{ source('raw', 'objections') }}
)

select
    objection_id,
    campaign_id,
    period_id,
    unit_id,
    raised_by,
    raised_at,
    text,
    evidence_sha256,
    status,
    answered_by,
    answered_at,
    answer,
    effect_decision_ids
from objections
