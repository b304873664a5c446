{{ config(materialized='table') }}

with campaigns as (
    select * from {{ ref('dim_campaign') }}
),

periods as (
    select * from {{ ref('dim_period') }}
),

instants as (
    select starts_at as instant from campaigns
    union all
    select ends_at as instant from campaigns
    union all
    select window_from as instant from periods
    union all
    select cutoff_at as instant from periods
),

-- Whole years, one more on each side: baselines lie before a campaign, corrections and reports after it.
years as (
    select
        cast(min(extract(year from {{ local_date('instant') }})) as integer) - 1 as first_year,
        cast(max(extract(year from {{ local_date('instant') }})) as integer) + 1 as last_year
    from instants
),

digits as (
    select ten.digit
    from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as ten (digit)
),

-- A hundred thousand days: two centuries and a half.
numbers as (
    select ones.digit + 10 * tens.digit + 100 * hundreds.digit + 1000 * thousands.digit + 10000 * last.digit as number
    from digits as ones
    cross join digits as tens
    cross join digits as hundreds
    cross join digits as thousands
    cross join digits as last
),

days as (
    select make_date(years.first_year, 1, 1) + numbers.number as date_day
    from years
    cross join numbers
    where make_date(years.first_year, 1, 1) + numbers.number <= make_date(years.last_year, 12, 31)
)

select
    date_day,
    cast(extract(year from date_day) as bigint) as year_number,
    cast(extract(quarter from date_day) as bigint) as quarter_number,
    cast(extract(month from date_day) as bigint) as month_number,
    cast(extract(isodow from date_day) as bigint) as weekday_number,
    'Quý '
    || case extract(quarter from date_day) when 1 then 'I' when 2 then 'II' when 3 then 'III' else 'IV' end
    || '/' || cast(cast(extract(year from date_day) as bigint) as varchar) as quarter_label,
    'Tháng ' || cast(cast(extract(month from date_day) as bigint) as varchar)
    || '/' || cast(cast(extract(year from date_day) as bigint) as varchar) as month_label,
    case extract(isodow from date_day)
        when 1 then 'Thứ Hai'
        when 2 then 'Thứ Ba'
        when 3 then 'Thứ Tư'
        when 4 then 'Thứ Năm'
        when 5 then 'Thứ Sáu'
        when 6 then 'Thứ Bảy'
        else 'Chủ nhật'
    end as weekday_label
from days
