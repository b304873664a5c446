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

event_values as (
    select * from {{ ref('int_event_values') }}
),

units as (
    select * from {{ source('plan', 'units') }}
),

predecessors as (
    select * from {{ source('plan', 'unit_predecessors') }}
),

assumed_values as (
    select * from {{ source('raw', 'assumed_values') }}
),

reported as (
    select
        figures.campaign_id,
        figures.metric_id,
        cast(null as varchar) as period_id,
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
        cast(null as varchar) as period_id,
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
),

-- What a unit was called before, or was merged from, reported its history: counts add up, and only when all of those
-- that stood on the day have reported.
of_predecessors as (
    select
        predecessors.campaign_id,
        predecessors.unit_id,
        reported.metric_id,
        reported.dimension,
        reported.member,
        reported.as_of_date,
        sum(reported.value) as value,
        count(*) as reports
    from predecessors
    inner join reported
        on
            predecessors.campaign_id = reported.campaign_id
            and predecessors.predecessor_unit_id = reported.unit_id
    inner join units
        on
            reported.campaign_id = units.campaign_id
            and reported.unit_id = units.unit_id
            and (units.valid_from is null or reported.as_of_date >= units.valid_from)
            and (units.valid_through is null or reported.as_of_date <= units.valid_through)
    group by
        predecessors.campaign_id,
        predecessors.unit_id,
        reported.metric_id,
        reported.dimension,
        reported.member,
        reported.as_of_date
),

reports_needed as (
    select
        of_predecessors.campaign_id,
        of_predecessors.unit_id,
        of_predecessors.as_of_date,
        count(distinct units.unit_id) as reports
    from (
        select distinct
            campaign_id,
            unit_id,
            as_of_date
        from of_predecessors
    ) as of_predecessors
    inner join predecessors
        on
            of_predecessors.campaign_id = predecessors.campaign_id
            and of_predecessors.unit_id = predecessors.unit_id
    inner join units
        on
            predecessors.campaign_id = units.campaign_id
            and predecessors.predecessor_unit_id = units.unit_id
            and (units.valid_from is null or of_predecessors.as_of_date >= units.valid_from)
            and (units.valid_through is null or of_predecessors.as_of_date <= units.valid_through)
    group by
        of_predecessors.campaign_id,
        of_predecessors.unit_id,
        of_predecessors.as_of_date
),

inherited as (
    select
        of_predecessors.campaign_id,
        of_predecessors.metric_id,
        cast(null as varchar) as period_id,
        of_predecessors.dimension,
        of_predecessors.member,
        of_predecessors.unit_id,
        of_predecessors.as_of_date,
        cast(of_predecessors.value as bigint) as value,
        'inherited' as origin,
        cast(null as varchar) as submission_id,
        cast(null as varchar) as sheet,
        cast(null as bigint) as line_number
    from of_predecessors
    inner join reports_needed
        on
            of_predecessors.campaign_id = reports_needed.campaign_id
            and of_predecessors.unit_id = reports_needed.unit_id
            and of_predecessors.as_of_date = reports_needed.as_of_date
            and of_predecessors.reports = reports_needed.reports
    left join reported as own
        on
            of_predecessors.campaign_id = own.campaign_id
            and of_predecessors.metric_id = own.metric_id
            and of_predecessors.dimension = own.dimension
            and of_predecessors.member = own.member
            and of_predecessors.unit_id = own.unit_id
            and of_predecessors.as_of_date = own.as_of_date
    where own.campaign_id is null
),

of_events as (
    select
        campaign_id,
        metric_id,
        period_id,
        dimension,
        member,
        unit_id,
        as_of_date,
        value,
        'events' as origin,
        cast(null as varchar) as submission_id,
        cast(null as varchar) as sheet,
        cast(null as bigint) as line_number
    from event_values
),

known as (
    select * from reported
    union all
    select * from given
    union all
    select * from inherited
    union all
    select * from of_events
),

-- What a what-if supposes, in a warehouse of its own; every other build lays none.
assumed as (
    select
        campaign_id,
        metric_id,
        period_id,
        cast('' as varchar) as dimension,
        cast('' as varchar) as member,
        unit_id,
        as_of_date,
        value,
        'assumed' as origin,
        cast(null as varchar) as submission_id,
        cast(null as varchar) as sheet,
        cast(null as bigint) as line_number
    from assumed_values
),

kept as (
    select known.*
    from known
    where
        not exists (
            select 1
            from assumed
            where
                assumed.campaign_id = known.campaign_id
                and assumed.metric_id = known.metric_id
                and assumed.dimension = known.dimension
                and assumed.member = known.member
                and assumed.unit_id = known.unit_id
                and coalesce(assumed.period_id, '') = coalesce(known.period_id, '')
                and coalesce(assumed.as_of_date, date '0001-01-01') = coalesce(known.as_of_date, date '0001-01-01')
        )
)

select * from assumed
union all
select * from kept
