{{ config(materialized='table') }}

with units_of_period as (
    select * from {{ ref('int_units__of_period') }}
    where not is_heir
),

units as (
    select * from {{ source('plan', 'units') }}
),

periods as (
    select * from {{ source('plan', 'periods') }}
),

checks as (
    select * from {{ source('plan', 'checks') }}
),

check_unit_types as (
    select * from {{ source('plan', 'check_unit_types') }}
),

check_unit_counts as (
    select * from {{ source('plan', 'check_unit_counts') }}
),

metrics as (
    select * from {{ source('plan', 'metrics') }}
),

reports as (
    select * from {{ source('plan', 'reports') }}
),

targets as (
    select * from {{ ref('int_targets__in_force') }}
),

metric_values as (
    select * from {{ ref('int_metric_values') }}
),

-- A count is checked in the periods for which somebody owes its export.
reported_periods as (
    select distinct
        metrics.campaign_id,
        metrics.metric_id,
        reports.period_id
    from metrics
    inner join reports on metrics.campaign_id = reports.campaign_id and metrics.export_type = reports.export_type
),

counted as (
    select
        checks.campaign_id,
        checks.check_id,
        checks.kind,
        checks.metric_id,
        coalesce(checks.dimension, '') as dimension,
        coalesce(checks.member, '') as member,
        checks.over_metric_id,
        coalesce(check_unit_counts.expected_count, checks.expected_count) as expected_count,
        checks.clause,
        units_of_period.period_id,
        units_of_period.unit_id,
        periods.closing_date
    from checks
    inner join check_unit_types
        on checks.campaign_id = check_unit_types.campaign_id and checks.check_id = check_unit_types.check_id
    inner join units_of_period
        on
            checks.campaign_id = units_of_period.campaign_id
            and check_unit_types.unit_type = units_of_period.unit_type
    inner join periods
        on
            units_of_period.campaign_id = periods.campaign_id
            and units_of_period.period_id = periods.period_id
    inner join reported_periods
        on
            checks.campaign_id = reported_periods.campaign_id
            and checks.metric_id = reported_periods.metric_id
            and units_of_period.period_id = reported_periods.period_id
    left join check_unit_counts
        on
            checks.campaign_id = check_unit_counts.campaign_id
            and checks.check_id = check_unit_counts.check_id
            and units_of_period.unit_id = check_unit_counts.unit_id
    where checks.kind != 'children_add_up'
),

counts as (
    select
        counted.campaign_id,
        counted.check_id,
        counted.period_id,
        counted.unit_id,
        counted.kind,
        counted.metric_id,
        counted.dimension,
        counted.member,
        counted.over_metric_id,
        found.value as actual,
        case
            when counted.kind = 'ratio_at_least' then counted.expected_count * over_values.value
            else counted.expected_count
        end as expected,
        counted.clause
    from counted
    left join metric_values as found
        on
            counted.campaign_id = found.campaign_id
            and counted.metric_id = found.metric_id
            and counted.dimension = found.dimension
            and counted.member = found.member
            and counted.unit_id = found.unit_id
            and coalesce(found.period_id, counted.period_id) = counted.period_id
            and coalesce(found.as_of_date, counted.closing_date) = counted.closing_date
    left join metric_values as over_values
        on
            counted.campaign_id = over_values.campaign_id
            and counted.over_metric_id = over_values.metric_id
            and over_values.dimension = ''
            and counted.unit_id = over_values.unit_id
            and coalesce(over_values.period_id, counted.period_id) = counted.period_id
            and coalesce(over_values.as_of_date, counted.closing_date) = counted.closing_date
),

-- What was assigned to a unit against what was passed on to the units right below it.
allotments as (
    select
        checks.campaign_id,
        checks.check_id,
        parent_targets.period_id,
        parent_targets.unit_id,
        checks.kind,
        cast(null as varchar) as metric_id,
        cast(null as varchar) as dimension,
        cast(null as varchar) as member,
        cast(null as varchar) as over_metric_id,
        sum(child_targets.value) as actual,
        parent_targets.value as expected,
        checks.clause
    from checks
    inner join check_unit_types
        on checks.campaign_id = check_unit_types.campaign_id and checks.check_id = check_unit_types.check_id
    inner join units_of_period as parents
        on checks.campaign_id = parents.campaign_id and check_unit_types.unit_type = parents.unit_type
    inner join targets as parent_targets
        on
            parents.campaign_id = parent_targets.campaign_id
            and parents.period_id = parent_targets.period_id
            and parents.unit_id = parent_targets.unit_id
            and checks.target_id = parent_targets.target_id
    left join units on parents.campaign_id = units.campaign_id and parents.unit_id = units.parent_unit_id
    left join units_of_period as children
        on
            units.campaign_id = children.campaign_id
            and units.unit_id = children.unit_id
            and parents.period_id = children.period_id
    left join targets as child_targets
        on
            children.campaign_id = child_targets.campaign_id
            and children.period_id = child_targets.period_id
            and children.unit_id = child_targets.unit_id
            and checks.target_id = child_targets.target_id
    where checks.kind = 'children_add_up'
    group by
        checks.campaign_id,
        checks.check_id,
        parent_targets.period_id,
        parent_targets.unit_id,
        checks.kind,
        parent_targets.value,
        checks.clause
)

select
    campaign_id,
    check_id,
    period_id,
    unit_id,
    kind,
    metric_id,
    dimension,
    member,
    over_metric_id,
    cast(actual as bigint) as actual,
    cast(expected as bigint) as expected,
    clause
from counts
union all
select
    campaign_id,
    check_id,
    period_id,
    unit_id,
    kind,
    metric_id,
    dimension,
    member,
    over_metric_id,
    cast(actual as bigint) as actual,
    cast(expected as bigint) as expected,
    clause
from allotments
