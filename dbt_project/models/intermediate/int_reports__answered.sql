{{ config(materialized='table') }}

with reports_due as (
    select * from {{ ref('int_reports__due') }}
),

dirty_campaigns as (
    select * from {{ ref('int_dirty_campaigns') }}
),

clock as (
    select * from {{ source('raw', 'build_clock') }}
),

periods as (
    select * from {{ source('plan', 'periods') }}
),

judged_scopes as (
    select * from {{ ref('int_scopes__judged') }}
),

submissions as (
    select * from {{ ref('stg_submissions') }}
),

decisions as (
    select * from {{ ref('stg_decisions') }}
),

excused as (
    select distinct
        campaign_id,
        period_id,
        export_type,
        unit_id
    from decisions
    where kind = 'excuse_report' and not is_withdrawn
),

-- Figures answer for their day. Events add up, so that whoever has told everything up to the cutoff has answered, and
-- a file that tells nothing new answers too.
claims as (
    select
        judged_scopes.campaign_id,
        judged_scopes.export_type,
        judged_scopes.unit_id,
        judged_scopes.submission_id,
        judged_scopes.received_at,
        judged_scopes.as_of_date,
        submissions.complete_until,
        judged_scopes.status = 'applied'
        or (submissions.complete_until is not null and judged_scopes.status in ('duplicate', 'stale')) as is_accepted
    from judged_scopes
    inner join dirty_campaigns on judged_scopes.campaign_id = dirty_campaigns.campaign_id
    inner join submissions on judged_scopes.submission_id = submissions.submission_id
),

-- The first accepted file for the closing date decides whether the report was on time; a later correction does not
-- make it late. What was sent again without a change answers nothing.
answers as (
    select
        reports_due.campaign_id,
        reports_due.period_id,
        reports_due.export_type,
        reports_due.from_unit_id,
        claims.submission_id,
        claims.received_at,
        claims.is_accepted,
        row_number() over (
            partition by
                reports_due.campaign_id, reports_due.period_id, reports_due.export_type, reports_due.from_unit_id
            order by
                case when claims.is_accepted then 0 else 1 end asc,
                case when claims.is_accepted then claims.received_at end asc nulls last,
                claims.received_at desc nulls last,
                claims.submission_id asc
        ) as turn
    from reports_due
    inner join periods
        on reports_due.campaign_id = periods.campaign_id and reports_due.period_id = periods.period_id
    inner join claims
        on
            reports_due.campaign_id = claims.campaign_id
            and reports_due.export_type = claims.export_type
            and reports_due.from_unit_id = claims.unit_id
            and (
                periods.closing_date = claims.as_of_date
                or periods.cutoff_at <= claims.complete_until
                -- Due before its period is over, a report cannot speak of the closing: any day of the period answers.
                or (
                    reports_due.due_at <= periods.cutoff_at
                    and periods.closing_date >= claims.as_of_date
                    and {{ local_date('periods.window_from') }} <= claims.as_of_date
                )
            )
)

select
    reports_due.campaign_id,
    reports_due.period_id,
    reports_due.export_type,
    reports_due.from_unit_id,
    reports_due.to_unit_id,
    reports_due.due_at,
    case
        when answers.is_accepted and answers.received_at < reports_due.due_at then 'on_time'
        when answers.is_accepted then 'late'
        when excused.unit_id is not null then 'excused'
        when answers.submission_id is not null then 'returned'
        when clock.now_at >= reports_due.due_at then 'missing'
        else 'not_due'
    end as status,
    answers.submission_id,
    answers.received_at
from reports_due
inner join dirty_campaigns on reports_due.campaign_id = dirty_campaigns.campaign_id
cross join clock
left join answers
    on
        reports_due.campaign_id = answers.campaign_id
        and reports_due.period_id = answers.period_id
        and reports_due.export_type = answers.export_type
        and reports_due.from_unit_id = answers.from_unit_id
        and answers.turn = 1
left join excused
    on
        reports_due.campaign_id = excused.campaign_id
        and reports_due.period_id = excused.period_id
        and reports_due.export_type = excused.export_type
        and reports_due.from_unit_id = excused.unit_id
