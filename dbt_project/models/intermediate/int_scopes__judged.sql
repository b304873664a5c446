{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        meta={
            'dirty': 'int_dirty_scopes',
            'dirty_keys': ['campaign_id', 'export_type', 'unit_id', 'as_of_date'],
        },
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}

with scopes as (
    select * from {{ ref('stg_scopes') }}
),

submissions as (
    select * from {{ ref('stg_submissions') }}
),

decisions as (
    select * from {{ ref('stg_decisions') }}
),

dirty_scopes as (
    select * from {{ ref('int_dirty_scopes') }}
),

withdrawn as (
    select distinct submission_id
    from decisions
    where kind = 'withdraw_submission' and not is_withdrawn
),

sent_back as (
    select distinct submission_id
    from decisions
    where kind = 'return_submission' and not is_withdrawn
),

waived as (
    select distinct submission_id
    from decisions
    where kind = 'waive' and rule_id = 'stale_resend' and not is_withdrawn
),

claims as (
    select
        scopes.submission_id,
        scopes.campaign_id,
        scopes.export_type,
        scopes.unit_id,
        scopes.as_of_date,
        scopes.row_count,
        scopes.content_hash,
        submissions.received_at,
        waived.submission_id is not null as is_waived,
        case
            when submissions.verdict = 'returned' or sent_back.submission_id is not null then 'returned'
            when scopes.has_rejected_row then 'rejected'
            when withdrawn.submission_id is not null then 'withdrawn'
            else 'valid'
        end as claim
    from scopes
    inner join dirty_scopes
        on
            scopes.campaign_id = dirty_scopes.campaign_id
            and scopes.export_type = dirty_scopes.export_type
            and scopes.unit_id = dirty_scopes.unit_id
            and scopes.as_of_date = dirty_scopes.as_of_date
    inner join submissions on scopes.submission_id = submissions.submission_id
    left join withdrawn on scopes.submission_id = withdrawn.submission_id
    left join sent_back on scopes.submission_id = sent_back.submission_id
    left join waived on scopes.submission_id = waived.submission_id
),

-- Luck of arrival never matters: the order is that of the receipts, whenever a batch reached the lake.
numbered as (
    select
        *,
        row_number() over (
            partition by campaign_id, export_type, unit_id, as_of_date, claim
            order by received_at, submission_id
        ) as turn,
        row_number() over (
            partition by campaign_id, export_type, unit_id, as_of_date, claim, content_hash
            order by received_at, submission_id
        ) as occurrence
    from claims
),

-- Only the first time that a scope says something does it change what is current: said again at once it is a
-- duplicate, said again after something else it is stale (A, B, A) and waits for a person, who may let it count.
counting as (
    select
        *,
        claim = 'valid' and (occurrence = 1 or is_waived) as is_applied
    from numbered
),

applied as (
    select
        *,
        max(case when is_applied then turn end) over (
            partition by campaign_id, export_type, unit_id, as_of_date, claim
            order by turn
            rows between unbounded preceding and 1 preceding
        ) as turn_before,
        min(case when is_applied then turn end) over (
            partition by campaign_id, export_type, unit_id, as_of_date, claim
            order by turn
            rows between 1 following and unbounded following
        ) as turn_after
    from counting
),

-- What the turns before and after point at. For claims that are not valid they point nowhere.
turns as (
    select *
    from applied
    where is_applied
)

select
    applied.submission_id,
    applied.campaign_id,
    applied.export_type,
    applied.unit_id,
    applied.as_of_date,
    applied.row_count,
    applied.received_at,
    case
        when applied.claim != 'valid' then applied.claim
        when applied.is_applied then 'applied'
        when applied.content_hash = current_before.content_hash then 'duplicate'
        else 'stale'
    end as status,
    applied.is_applied and applied.turn_after is null as is_current,
    case when applied.is_applied then next_applied.submission_id end as superseded_by,
    case
        when not applied.is_applied and applied.content_hash = current_before.content_hash
            then current_before.submission_id
    end as duplicate_of
from applied
left join turns as current_before
    on
        applied.campaign_id = current_before.campaign_id
        and applied.export_type = current_before.export_type
        and applied.unit_id = current_before.unit_id
        and applied.as_of_date = current_before.as_of_date
        and applied.turn_before = current_before.turn
left join turns as next_applied
    on
        applied.campaign_id = next_applied.campaign_id
        and applied.export_type = next_applied.export_type
        and applied.unit_id = next_applied.unit_id
        and applied.as_of_date = next_applied.as_of_date
        and applied.turn_after = next_applied.turn
