with decisions as (
    select * from {{ source('raw', 'decisions') }}
)

select
    decision_id,
    campaign_id,
    kind,
    subject,
    submission_id,
    period_id,
    export_type,
    unit_id,
    gate_id,
    prize_id,
    dimension,
    member,
    result,
    rule_id,
    reading_id,
    option,
    decided_by,
    recorded_at,
    reason,
    withdraws,
    exists(
        select 1
        from decisions as withdrawal
        where withdrawal.withdraws = decisions.decision_id
    ) as is_withdrawn
from decisions
