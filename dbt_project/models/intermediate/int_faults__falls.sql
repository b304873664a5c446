{{ config(materialized='table') }}

with figures as (
    select * from {{ ref('int_figures__compared') }}
),

dirty_submissions as (
    select * from {{ ref('int_dirty_submissions') }}
),

with_figure_before as (
    select
        *,
        lag(value) over (
            partition by campaign_id, export_type, unit_id, metric_id, dimension, member, year_from
            order by as_of_date
        ) as value_before
    from figures
)

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
