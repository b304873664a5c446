{{ config(materialized='table') }}

with decisions as (
    select * from {{ ref('stg_decisions') }}
),

submissions as (
    select * from {{ ref('int_submissions__judged') }}
)

select
    decisions.decision_id,
    decisions.campaign_id,
    decisions.kind,
    decisions.subject,
    decisions.decided_by,
    decisions.recorded_at,
    decisions.reason,
    case
        when decisions.is_withdrawn then 'withdrawn'
        when decisions.submission_id is not null and submissions.submission_id is null then 'waiting'
        else 'in_force'
    end as status,
    decisions.submission_id,
    submissions.outcome as submission_outcome
from decisions
left join submissions on decisions.submission_id = submissions.submission_id
