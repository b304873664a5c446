{{ config(materialized='table') }}

with judged_scopes as (
    select * from {{ ref('int_scopes__judged') }}
),

submissions as (
    select * from {{ ref('stg_submissions') }}
),

decisions as (
    select * from {{ ref('stg_decisions') }}
    where kind = 'return_submission' and not is_withdrawn
),

staged_figures as (
    select * from {{ ref('stg_figures') }}
),

dirty_submissions as (
    select * from {{ ref('int_dirty_submissions') }}
),

falls as (
    select * from {{ ref('int_faults__falls') }}
),

jumps as (
    select * from {{ ref('int_faults__jumps') }}
),

disputes as (
    select * from {{ ref('int_faults__disputes') }}
),

stale_scopes as (
    select judged_scopes.*
    from judged_scopes
    inner join dirty_submissions on judged_scopes.submission_id = dirty_submissions.submission_id
    where judged_scopes.status in ('stale', 'withdrawn')
),

not_applied as (
    select
        stale_scopes.submission_id,
        stale_scopes.campaign_id,
        stale_scopes.export_type,
        stale_scopes.unit_id,
        stale_scopes.as_of_date,
        staged_figures.sheet,
        staged_figures.line_number,
        cast(null as varchar) as column_name,
        case when stale_scopes.status = 'stale' then 'stale_resend' else 'withdrawn' end as rule_id,
        'error' as severity,
        cast(staged_figures.value as varchar) as value,
        case
            when stale_scopes.status = 'stale'
                then
                    'Số liệu này trùng với bản đã được thay thế trước đó nên không được áp dụng; nếu là số đúng, '
                    || 'đề nghị cơ quan chủ trì xác nhận / These figures repeat an older version that was replaced '
                    || 'since, so they are not applied; ask the organiser to confirm them if they are right'
            else
                'Bài nộp này đã được rút theo quyết định / This submission was withdrawn by a decision'
        end as message
    from stale_scopes
    inner join staged_figures
        on
            stale_scopes.submission_id = staged_figures.submission_id
            and stale_scopes.unit_id = staged_figures.unit_id
            and stale_scopes.as_of_date = staged_figures.as_of_date
),

-- What an operator writes on the slip of a file that is sent back.
sent_back as (
    select
        submissions.submission_id,
        submissions.campaign_id,
        submissions.export_type,
        cast(null as varchar) as unit_id,
        cast(null as date) as as_of_date,
        cast(null as varchar) as sheet,
        cast(null as bigint) as line_number,
        cast(null as varchar) as column_name,
        'returned_by_decision' as rule_id,
        'critical' as severity,
        cast(null as varchar) as value,
        'Cơ quan chủ trì trả lại: ' || decisions.reason
        || ' / Returned by the organiser: ' || decisions.reason as message
    from decisions
    inner join submissions on decisions.submission_id = submissions.submission_id
    inner join dirty_submissions on submissions.submission_id = dirty_submissions.submission_id
)

select * from not_applied
union all
select * from sent_back
union all
select * from falls
union all
select * from jumps
union all
select * from disputes
