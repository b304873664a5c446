{{
    config(
        materialized='incremental',
        incremental_strategy='dirty',
        meta={'dirty': 'int_dirty_submissions', 'dirty_keys': ['submission_id']},
    )
}}
-- depends_on: {{ ref('int_dirty_campaigns') }}

with submissions as (
    select * from {{ ref('stg_submissions') }}
),

judged_scopes as (
    select * from {{ ref('int_scopes__judged') }}
),

dirty_submissions as (
    select * from {{ ref('int_dirty_submissions') }}
),

decisions as (
    select * from {{ ref('stg_decisions') }}
),

taken_out as (
    select distinct submission_id
    from decisions
    where kind in ('withdraw_submission', 'return_submission') and not is_withdrawn
),

scope_counts as (
    select
        judged_scopes.submission_id,
        count(*) as scopes,
        sum(case when judged_scopes.status = 'applied' then 1 else 0 end) as applied_scopes,
        sum(case when judged_scopes.status = 'duplicate' then 1 else 0 end) as duplicate_scopes,
        sum(case when judged_scopes.status = 'applied' then judged_scopes.row_count else 0 end) as applied_rows,
        sum(case when judged_scopes.status = 'duplicate' then judged_scopes.row_count else 0 end) as duplicate_rows,
        sum(
            case when judged_scopes.status in ('applied', 'duplicate') then 0 else judged_scopes.row_count end
        ) as other_rows,
        min(judged_scopes.duplicate_of) as duplicate_of
    from judged_scopes
    inner join dirty_submissions on judged_scopes.submission_id = dirty_submissions.submission_id
    group by judged_scopes.submission_id
),

-- An event export has no figures to compare: its rows compete one by one, the file is never a duplicate.
outcomes as (
    select
        submissions.*,
        scope_counts.duplicate_of,
        coalesce(scope_counts.applied_rows, 0) as applied_rows,
        coalesce(scope_counts.duplicate_rows, 0) as duplicate_rows,
        coalesce(scope_counts.other_rows, 0) as other_rows,
        case
            when submissions.verdict = 'returned' or taken_out.submission_id is not null then 'returned'
            when submissions.complete_until is not null
                then case when submissions.rejected_row_count > 0 then 'accepted_with_rejections' else 'accepted' end
            when scope_counts.applied_scopes > 0
                then case
                        when
                            submissions.rejected_row_count > 0
                            or scope_counts.applied_scopes + scope_counts.duplicate_scopes < scope_counts.scopes
                            then 'accepted_with_rejections'
                        else 'accepted'
                    end
            when
                scope_counts.duplicate_scopes = scope_counts.scopes and submissions.rejected_row_count = 0
                then 'duplicate'
            -- No scope is left: every one was rejected, stale or withdrawn.
            else 'returned'
        end as outcome
    from submissions
    inner join dirty_submissions on submissions.submission_id = dirty_submissions.submission_id
    left join scope_counts on submissions.submission_id = scope_counts.submission_id
    left join taken_out on submissions.submission_id = taken_out.submission_id
),

counted as (
    select
        *,
        case
            when outcome = 'returned' then 0
            when complete_until is not null then accepted_row_count
            else applied_rows
        end as accepted_rows_now,
        -- Of events sent again every row was accepted: none of them is ignored as well.
        case
            when outcome = 'returned' or complete_until is not null then 0
            else duplicate_rows
        end as duplicate_rows_now,
        -- What the intake accepted and the build does not apply. Counted, not subtracted: see the test of the sum.
        case
            when outcome = 'returned' then accepted_row_count
            when complete_until is not null then 0
            else other_rows
        end as refused_rows_now
    from outcomes
)

select
    submission_id,
    campaign_id,
    export_type,
    file_name,
    landing_path,
    received_at,
    content_sha256,
    outcome,
    case when outcome = 'duplicate' then duplicate_of end as duplicate_of,
    received_row_count,
    cast(accepted_rows_now as bigint) as accepted_row_count,
    cast(rejected_row_count + refused_rows_now as bigint) as rejected_row_count,
    -- What a duplicate repeats is ignored, not rejected.
    cast(ignored_row_count + duplicate_rows_now as bigint) as ignored_row_count,
    sender_unit_id,
    layout
from counted
