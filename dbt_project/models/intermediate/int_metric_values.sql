{{ config(materialized='view') }}

with figures as (
    select * from {{ ref('int_figures__current') }}
),

metrics as (
    select * from {{ source('plan', 'metrics') }}
),

given_figures as (
    select * from {{ source('plan', 'given_figures') }}
),

reported as (
    select
        figures.campaign_id,
        figures.metric_id,
        figures.dimension,
        figures.member,
        figures.unit_id,
        figures.as_of_date,
        figures.value,
        'reported' as origin,
        figures.submission_id,
        figures.sheet,
        figures.line_number
    from figures
    inner join metrics
        on
            figures.campaign_id = metrics.campaign_id
            and figures.metric_id = metrics.metric_id
            and figures.export_type = metrics.export_type
),

-- What comes with the plan stands until an office reports the same figure for the same day.
given as (
    select
        given_figures.campaign_id,
        given_figures.metric_id,
        given_figures.dimension,
        given_figures.member,
        given_figures.unit_id,
        given_figures.as_of_date,
        given_figures.value,
        'given' as origin,
        cast(null as varchar) as submission_id,
        cast(null as varchar) as sheet,
        cast(null as bigint) as line_number
    from given_figures
    left join reported
        on
            given_figures.campaign_id = reported.campaign_id
            and given_figures.metric_id = reported.metric_id
            and given_figures.dimension = reported.dimension
            and given_figures.member = reported.member
            and given_figures.unit_id = reported.unit_id
            and given_figures.as_of_date = reported.as_of_date
    where reported.campaign_id is null
)

select * from reported
union all
select * from given
