{{ config(materialized='table') }}

with judged_scopes as (
    select * from {{ ref('int_scopes__judged') }}
),

figures as (
    select * from {{ ref('int_figures__current') }}
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

periods as (
    select * from {{ source('plan', 'periods') }}
),

-- All the units that a touched file speaks of: its faults are written again as a whole.
touched_units as (
    select distinct
        judged_scopes.campaign_id,
        judged_scopes.unit_id
    from judged_scopes
    inner join dirty_submissions on judged_scopes.submission_id = dirty_submissions.submission_id
),

-- What a plan judges year by year starts anew each year: only within one does a count accumulate.
years as (
    select
        campaign_id,
        {{ local_date('window_from') }} as year_from
    from periods
    where kind = 'year' and window_from is not null
),

years_of_figures as (
    select
        figures.campaign_id,
        figures.as_of_date,
        max(years.year_from) as year_from
    from (
        select distinct
            campaign_id,
            as_of_date
        from figures
    ) as figures
    inner join years on figures.campaign_id = years.campaign_id and figures.as_of_date >= years.year_from
    group by
        figures.campaign_id,
        figures.as_of_date
)

select
    figures.campaign_id,
    figures.export_type,
    figures.unit_id,
    figures.metric_id,
    figures.dimension,
    figures.member,
    -- Outside of such a plan all figures are of one series.
    coalesce(years_of_figures.year_from, date '1900-01-01') as year_from,
    figures.as_of_date,
    figures.value,
    figures.submission_id,
    figures.sheet,
    figures.line_number
from figures
left join years_of_figures
    on figures.campaign_id = years_of_figures.campaign_id and figures.as_of_date = years_of_figures.as_of_date
inner join touched_units
    on figures.campaign_id = touched_units.campaign_id and figures.unit_id = touched_units.unit_id
inner join counted_metrics
    on figures.campaign_id = counted_metrics.campaign_id and figures.metric_id = counted_metrics.metric_id
