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

figures as (
    select * from {{ ref('int_figures__compared') }}
),

jumps as (
    select * from {{ ref('int_faults__jumps') }}
),

qualified as (
    select * from {{ ref('int_events__qualified') }}
    where unit_role = '' and person_key is not null
),

counted as (
    select * from {{ ref('int_events__counted') }}
),

units as (
    select * from {{ source('plan', 'units') }}
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
),

with_figure_before as (
    select
        *,
        lag(value) over (
            partition by campaign_id, export_type, unit_id, metric_id, dimension, member, year_from
            order by as_of_date
        ) as value_before
    from figures
),

falls as (
    select
        with_figure_before.submission_id,
        with_figure_before.campaign_id,
        with_figure_before.export_type,
        with_figure_before.unit_id,
        with_figure_before.as_of_date,
        with_figure_before.sheet,
        with_figure_before.line_number,
        with_figure_before.metric_id as column_name,
        'count_falls' as rule_id,
        'warning' as severity,
        cast(with_figure_before.value as varchar) as value,
        'Số lũy kế ' || cast(with_figure_before.value as varchar) || ' thấp hơn kỳ trước ('
        || cast(with_figure_before.value_before as varchar)
        || '); vẫn được nhận, đề nghị kiểm tra lại / The cumulative count '
        || cast(with_figure_before.value as varchar) || ' is below the previous one ('
        || cast(with_figure_before.value_before as varchar) || '); it is accepted, please check it' as message
    from with_figure_before
    inner join dirty_submissions on with_figure_before.submission_id = dirty_submissions.submission_id
    where with_figure_before.value < with_figure_before.value_before
),

-- Claims of the persons that a touched file names, in every metric and period that could count them.
touched_claims as (
    select distinct
        qualified.campaign_id,
        qualified.metric_id,
        qualified.period_id,
        qualified.counted_key
    from qualified
    inner join dirty_submissions on qualified.submission_id = dirty_submissions.submission_id
),

claims as (
    select qualified.*
    from qualified
    inner join touched_claims
        on
            qualified.campaign_id = touched_claims.campaign_id
            and qualified.metric_id = touched_claims.metric_id
            and qualified.period_id = touched_claims.period_id
            and qualified.counted_key = touched_claims.counted_key
),

disputed as (
    select
        campaign_id,
        metric_id,
        period_id,
        counted_key
    from claims
    group by
        campaign_id,
        metric_id,
        period_id,
        counted_key
    having count(distinct unit_id) > 1
),

-- Where the person counts, and who else claims: of several others the first by name.
rivals as (
    select
        claims.submission_id,
        claims.campaign_id,
        claims.export_type,
        claims.unit_id,
        claims.event_at,
        claims.sheet,
        claims.line_number,
        claims.metric_id,
        claims.period_id,
        holders.unit_id as holder_unit_id,
        min(others.unit_id) as other_unit_id
    from claims
    inner join disputed
        on
            claims.campaign_id = disputed.campaign_id
            and claims.metric_id = disputed.metric_id
            and claims.period_id = disputed.period_id
            and claims.counted_key = disputed.counted_key
    inner join dirty_submissions on claims.submission_id = dirty_submissions.submission_id
    inner join claims as others
        on
            claims.campaign_id = others.campaign_id
            and claims.metric_id = others.metric_id
            and claims.period_id = others.period_id
            and claims.counted_key = others.counted_key
            and claims.unit_id != others.unit_id
    inner join counted
        on
            claims.campaign_id = counted.campaign_id
            and claims.metric_id = counted.metric_id
            and claims.period_id = counted.period_id
            and claims.counted_key = counted.counted_key
    inner join claims as holders
        on
            counted.campaign_id = holders.campaign_id
            and counted.metric_id = holders.metric_id
            and counted.period_id = holders.period_id
            and counted.counted_key = holders.counted_key
            and counted.export_type = holders.export_type
            and counted.sender_unit_id = holders.sender_unit_id
            and counted.event_key = holders.event_key
    group by
        claims.submission_id,
        claims.campaign_id,
        claims.export_type,
        claims.unit_id,
        claims.event_at,
        claims.sheet,
        claims.line_number,
        claims.metric_id,
        claims.period_id,
        holders.unit_id
),

-- Said once of a row, however many metrics and periods it counts in.
first_rivals as (
    select
        *,
        row_number() over (
            partition by submission_id, campaign_id, unit_id, sheet, line_number
            order by metric_id, period_id, event_at, holder_unit_id
        ) as turn
    from rivals
),

disputes as (
    select
        first_rivals.submission_id,
        first_rivals.campaign_id,
        first_rivals.export_type,
        first_rivals.unit_id,
        {{ local_date('first_rivals.event_at') }} as as_of_date,
        first_rivals.sheet,
        first_rivals.line_number,
        cast(null as varchar) as column_name,
        'claimed_twice' as rule_id,
        'warning' as severity,
        cast(null as varchar) as value,
        'Người này cũng được ' || other_units.name || ' kê khai; được tính cho ' || holder_units.name
        || ' vì có ngày sớm nhất; hai bên đề nghị kiểm tra lại / This person is also claimed by ' || other_units.name
        || '; counted for ' || holder_units.name || ', whose date is the earliest; both please check' as message
    from first_rivals
    inner join units as other_units
        on first_rivals.campaign_id = other_units.campaign_id and first_rivals.other_unit_id = other_units.unit_id
    inner join units as holder_units
        on first_rivals.campaign_id = holder_units.campaign_id and first_rivals.holder_unit_id = holder_units.unit_id
    where first_rivals.turn = 1
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
