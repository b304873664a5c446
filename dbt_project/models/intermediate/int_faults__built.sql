{{ config(materialized='table') }}

with judged_scopes as (
    select * from {{ ref('int_scopes__judged') }}
),

figures as (
    select * from {{ ref('int_figures__current') }}
),

staged_figures as (
    select * from {{ ref('stg_figures') }}
),

dirty_submissions as (
    select * from {{ ref('int_dirty_submissions') }}
),

counted_metrics as (
    select distinct
        campaign_id,
        numerator_metric_id as metric_id
    from {{ source('plan', 'measures') }}
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

-- All the units that a touched file speaks of: its faults are written again as a whole.
touched_units as (
    select distinct
        judged_scopes.campaign_id,
        judged_scopes.unit_id
    from judged_scopes
    inner join dirty_submissions on judged_scopes.submission_id = dirty_submissions.submission_id
),

with_figure_before as (
    select
        figures.*,
        lag(figures.value) over (
            partition by
                figures.campaign_id, figures.export_type, figures.unit_id, figures.metric_id,
                figures.dimension, figures.member
            order by figures.as_of_date
        ) as value_before
    from figures
    inner join touched_units
        on figures.campaign_id = touched_units.campaign_id and figures.unit_id = touched_units.unit_id
    inner join counted_metrics
        on figures.campaign_id = counted_metrics.campaign_id and figures.metric_id = counted_metrics.metric_id
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
)

select * from not_applied
union all
select * from falls
