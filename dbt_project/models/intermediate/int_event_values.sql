{{ config(materialized='table') }}

with clock as (
    select * from {{ source('raw', 'build_clock') }}
),

metrics as (
    select * from {{ source('plan', 'metrics') }}
),

metric_exports as (
    select * from {{ source('plan', 'metric_exports') }}
),

periods as (
    select * from {{ source('plan', 'periods') }}
),

units as (
    select * from {{ ref('int_units__of_period') }}
),

predecessors as (
    select * from {{ source('plan', 'unit_predecessors') }}
),

measures as (
    select * from {{ source('plan', 'measures') }}
),

checks as (
    select * from {{ source('plan', 'checks') }}
),

complete as (
    select * from {{ ref('int_senders__complete') }}
),

daily as (
    select * from {{ ref('int_events__daily') }}
),

-- Before a rename it was the old unit that was reported of.
reported_as as (
    select
        units.campaign_id,
        units.period_id,
        units.unit_id,
        units.unit_id as reported_unit_id
    from units
    where not units.is_heir
    union all
    select
        units.campaign_id,
        units.period_id,
        units.unit_id,
        earlier.unit_id as reported_unit_id
    from units
    inner join predecessors
        on units.campaign_id = predecessors.campaign_id and units.unit_id = predecessors.unit_id
    inner join units as earlier
        on
            predecessors.campaign_id = earlier.campaign_id
            and predecessors.predecessor_unit_id = earlier.unit_id
            and units.period_id = earlier.period_id
    where
        units.is_heir
        and not earlier.is_heir
),

standing as (
    select
        reported_as.campaign_id,
        reported_as.period_id,
        reported_as.unit_id,
        metric_exports.metric_id,
        case
            when count(*) = count(complete.complete_until) then min(complete.complete_until)
        end as complete_until,
        max(complete.latest_until) as latest_until
    from reported_as
    inner join metric_exports on reported_as.campaign_id = metric_exports.campaign_id
    left join complete
        on
            reported_as.campaign_id = complete.campaign_id
            and reported_as.period_id = complete.period_id
            and reported_as.reported_unit_id = complete.unit_id
            and metric_exports.export_type = complete.export_type
    group by
        reported_as.campaign_id,
        reported_as.period_id,
        reported_as.unit_id,
        metric_exports.metric_id
),

-- At the closing everybody must have told everything, else there is no data; until then what was told shows.
expected as (
    select
        standing.campaign_id,
        standing.period_id,
        standing.unit_id,
        standing.metric_id,
        metrics.kind,
        metrics.pick,
        coalesce(metrics.of_metric_id, metrics.metric_id) as counted_metric_id,
        case when metrics.is_windowed then standing.period_id else 'all' end as context_id,
        periods.cutoff_at,
        case
            when clock.now_at >= periods.cutoff_at then periods.closing_date
            else least(periods.closing_date, {{ last_date_before('standing.latest_until') }})
        end as as_of_date
    from standing
    inner join metrics on standing.campaign_id = metrics.campaign_id and standing.metric_id = metrics.metric_id
    inner join periods on standing.campaign_id = periods.campaign_id and standing.period_id = periods.period_id
    cross join clock
    where
        (not metrics.is_windowed or periods.window_from is not null)
        and (
            standing.complete_until >= periods.cutoff_at
            or (
                clock.now_at < periods.cutoff_at
                and standing.latest_until is not null
                and (not metrics.is_windowed or standing.latest_until > periods.window_from)
            )
        )
),

-- The total, and members that a rule names, are zero where nobody was counted; other members only show where they are.
named_members as (
    select
        campaign_id,
        numerator_metric_id as metric_id,
        numerator_dimension as dimension,
        numerator_member as member
    from measures
    union distinct
    select
        campaign_id,
        denominator_metric_id as metric_id,
        denominator_dimension as dimension,
        denominator_member as member
    from measures
    union distinct
    select
        campaign_id,
        metric_id,
        dimension,
        member
    from checks
),

found_members as (
    select distinct
        campaign_id,
        metric_id,
        period_id,
        unit_id,
        dimension,
        member
    from daily
    where dimension != ''
),

expected_members as (
    select
        expected.*,
        '' as dimension,
        '' as member
    from expected
    union all
    select
        expected.*,
        named_members.dimension,
        named_members.member
    from expected
    inner join named_members
        on expected.campaign_id = named_members.campaign_id and expected.metric_id = named_members.metric_id
    where named_members.dimension is not null
    union all
    select
        expected.*,
        found_members.dimension,
        found_members.member
    from expected
    inner join found_members
        on
            expected.campaign_id = found_members.campaign_id
            and expected.counted_metric_id = found_members.metric_id
            and expected.context_id = found_members.period_id
            and expected.unit_id = found_members.unit_id
    left join named_members
        on
            expected.campaign_id = named_members.campaign_id
            and expected.metric_id = named_members.metric_id
            and found_members.dimension = named_members.dimension
            and found_members.member = named_members.member
    where named_members.metric_id is null
)

select
    expected_members.campaign_id,
    expected_members.metric_id,
    expected_members.period_id,
    expected_members.dimension,
    expected_members.member,
    expected_members.unit_id,
    expected_members.as_of_date,
    -- The value of an instant only orders; nobody has one where nobody was counted.
    cast(
        case
            when expected_members.kind != 'instant' then coalesce(sum(daily.counted), 0)
            when expected_members.pick = 'first' then {{ epoch_us('min(daily.first_at)') }}
            else {{ epoch_us('max(daily.last_at)') }}
        end as bigint
    ) as value
from expected_members
left join daily
    on
        expected_members.campaign_id = daily.campaign_id
        and expected_members.counted_metric_id = daily.metric_id
        and expected_members.context_id = daily.period_id
        and expected_members.dimension = daily.dimension
        and expected_members.member = daily.member
        and expected_members.unit_id = daily.unit_id
        and expected_members.cutoff_at >= daily.counted_until
group by
    expected_members.campaign_id,
    expected_members.metric_id,
    expected_members.period_id,
    expected_members.dimension,
    expected_members.member,
    expected_members.unit_id,
    expected_members.as_of_date,
    expected_members.kind,
    expected_members.pick
