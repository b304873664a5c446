{{ config(materialized='table') }}

with figures as (
    select * from {{ ref('int_figures__compared') }}
),

dirty_submissions as (
    select * from {{ ref('int_dirty_submissions') }}
),

paces as (
    select * from {{ source('raw', 'rule_paces') }}
    where rule_id = 'count_jumps'
),

with_highest_before as (
    select
        *,
        max(value) over (
            partition by campaign_id, export_type, unit_id, metric_id, dimension, member, year_from
            order by as_of_date
            rows between unbounded preceding and 1 preceding
        ) as highest_before
    from figures
),

-- The first figure, and each that is higher than all before it. What repeats or falls below what was reached is no
-- growth, but its days pass: they are those of the growth after it.
heights as (
    select
        *,
        lag(as_of_date) over (
            partition by campaign_id, export_type, unit_id, metric_id, dimension, member, year_from
            order by as_of_date
        ) as date_before
    from with_highest_before
    where highest_before is null or value > highest_before
),

growths as (
    select
        *,
        cast(value as {{ wide() }}) - highest_before as growth,
        as_of_date - date_before as days,
        row_number() over (
            partition by campaign_id, export_type, unit_id, metric_id, dimension, member, year_from
            order by as_of_date
        ) as turn
    from heights
    where highest_before is not null
),

with_growth_before as (
    select
        *,
        lag(growth) over (
            partition by campaign_id, export_type, unit_id, metric_id, dimension, member, year_from
            order by turn
        ) as growth_before,
        lag(days) over (
            partition by campaign_id, export_type, unit_id, metric_id, dimension, member, year_from
            order by turn
        ) as days_before
    from growths
),

-- What outgrows all before it outgrows the last one: few do, and only these are compared with the others.
suspects as (
    select
        with_growth_before.*,
        paces.times
    from with_growth_before
    inner join paces on with_growth_before.export_type = paces.export_type
    inner join dirty_submissions on with_growth_before.submission_id = dirty_submissions.submission_id
    where
        with_growth_before.turn > paces.least_past
        and with_growth_before.growth >= paces.least_growth
        and {{ outgrows(
            'with_growth_before.growth', 'with_growth_before.days', 'paces.times',
            'with_growth_before.growth_before', 'with_growth_before.days_before',
        ) }}
),

pasts as (
    select
        suspects.*,
        growths.growth as past_growth,
        growths.days as past_days,
        growths.as_of_date as past_date
    from suspects
    inner join growths
        on
            suspects.campaign_id = growths.campaign_id
            and suspects.export_type = growths.export_type
            and suspects.unit_id = growths.unit_id
            and suspects.metric_id = growths.metric_id
            and suspects.dimension = growths.dimension
            and suspects.member = growths.member
            and suspects.year_from = growths.year_from
            and suspects.turn > growths.turn
),

-- Of the earlier growths, which lets this one be the largest: the latest of those that none of the others exceeds.
usual as (
    select
        pasts.*,
        row_number() over (
            partition by
                pasts.campaign_id, pasts.export_type, pasts.unit_id, pasts.metric_id,
                pasts.dimension, pasts.member, pasts.as_of_date
            order by pasts.past_date desc nulls last
        ) as past_turn
    from pasts
    left join pasts as others
        on
            pasts.campaign_id = others.campaign_id
            and pasts.export_type = others.export_type
            and pasts.unit_id = others.unit_id
            and pasts.metric_id = others.metric_id
            and pasts.dimension = others.dimension
            and pasts.member = others.member
            and pasts.as_of_date = others.as_of_date
            and {{ allows_more(
                'others.past_growth', 'others.past_days', 'pasts.past_growth', 'pasts.past_days', 'pasts.days',
            ) }}
    where others.as_of_date is null
)

select
    submission_id,
    campaign_id,
    export_type,
    unit_id,
    as_of_date,
    sheet,
    line_number,
    metric_id as column_name,
    'count_jumps' as rule_id,
    'warning' as severity,
    cast(value as varchar) as value,
    'Số lũy kế ' || cast(value as varchar) || ' tăng vọt: thêm ' || cast(growth as varchar) || ' trong '
    || cast(days as varchar) || ' ngày kể từ số ' || cast(highest_before as varchar) || ' ngày '
    || {{ day_text('date_before') }} || ', quá ' || cast(times as varchar)
    || ' lần nhịp nhanh nhất trước đó của đơn vị (thêm ' || cast(past_growth as varchar) || ' trong '
    || cast(past_days as varchar) || ' ngày, đến ' || {{ day_text('past_date') }}
    || '); vẫn được nhận, đề nghị kiểm tra lại con số và cột số liệu, nếu sai thì nộp lại báo cáo của ngày này / '
    || 'The cumulative count ' || cast(value as varchar) || ' jumps: ' || cast(growth as varchar) || ' more in '
    || cast(days as varchar) || ' days since ' || cast(highest_before as varchar) || ' on '
    || {{ day_text('date_before') }} || ', over ' || cast(times as varchar)
    || ' times the fastest pace of this unit before it (' || cast(past_growth as varchar) || ' more in '
    || cast(past_days as varchar) || ' days, to ' || {{ day_text('past_date') }}
    || '); it is accepted, please check the number and its column, and send the report of this day again if it is wrong'
        as message
from usual
where past_turn = 1 and {{ outgrows('growth', 'days', 'times', 'past_growth', 'past_days') }}
