{{ config(materialized='table') }}

with dirty_campaigns as (
    select * from {{ ref('int_dirty_campaigns') }}
),

reports_due as (
    select * from {{ ref('int_reports__due') }}
),

metric_exports as (
    select * from {{ source('plan', 'metric_exports') }}
),

periods as (
    select * from {{ source('plan', 'periods') }}
),

units as (
    select * from {{ source('plan', 'units') }}
),

ancestors as (
    select * from {{ source('plan', 'unit_ancestors') }}
),

submissions as (
    select * from {{ ref('stg_submissions') }}
),

decisions as (
    select * from {{ ref('stg_decisions') }}
),

withdrawn as (
    select distinct submission_id
    from decisions
    where kind in ('withdraw_submission', 'return_submission') and not is_withdrawn
),

exports as (
    select distinct
        metric_exports.campaign_id,
        metric_exports.export_type
    from metric_exports
    inner join dirty_campaigns on metric_exports.campaign_id = dirty_campaigns.campaign_id
),

said as (
    select
        exports.campaign_id,
        exports.export_type,
        submissions.sender_unit_id,
        max(submissions.complete_until) as complete_until
    from exports
    inner join submissions
        on exports.campaign_id = submissions.campaign_id and exports.export_type = submissions.export_type
    left join withdrawn on submissions.submission_id = withdrawn.submission_id
    where
        submissions.verdict = 'accepted'
        and submissions.complete_until is not null
        and withdrawn.submission_id is null
    group by
        exports.campaign_id,
        exports.export_type,
        submissions.sender_unit_id
),

due_periods as (
    select distinct
        campaign_id,
        period_id,
        export_type
    from reports_due
),

-- A period without a report of its own waits for those who send that export at any time.
senders as (
    select
        exports.campaign_id,
        exports.export_type,
        periods.period_id,
        reports_due.from_unit_id
    from exports
    inner join periods on exports.campaign_id = periods.campaign_id
    inner join reports_due
        on
            exports.campaign_id = reports_due.campaign_id
            and exports.export_type = reports_due.export_type
            and periods.period_id = reports_due.period_id
    union distinct
    select
        exports.campaign_id,
        exports.export_type,
        periods.period_id,
        reports_due.from_unit_id
    from exports
    inner join periods on exports.campaign_id = periods.campaign_id
    left join due_periods
        on
            exports.campaign_id = due_periods.campaign_id
            and exports.export_type = due_periods.export_type
            and periods.period_id = due_periods.period_id
    inner join reports_due
        on exports.campaign_id = reports_due.campaign_id and exports.export_type = reports_due.export_type
    inner join units
        on
            reports_due.campaign_id = units.campaign_id
            and reports_due.from_unit_id = units.unit_id
            and (units.valid_from is null or periods.closing_date >= units.valid_from)
            and (units.valid_through is null or periods.closing_date <= units.valid_through)
    where due_periods.period_id is null
),

-- Whoever is above or below a unit, or the unit itself, may tell of its events.
lines as (
    select
        campaign_id,
        unit_id,
        ancestor_unit_id as line_unit_id
    from ancestors
    union distinct
    select
        campaign_id,
        ancestor_unit_id as unit_id,
        unit_id as line_unit_id
    from ancestors
),

along_lines as (
    select
        senders.campaign_id,
        senders.export_type,
        senders.period_id,
        lines.unit_id,
        count(*) as senders,
        count(said.complete_until) as senders_heard,
        min(said.complete_until) as least_until,
        max(said.complete_until) as latest_until
    from senders
    inner join lines on senders.campaign_id = lines.campaign_id and senders.from_unit_id = lines.line_unit_id
    left join said
        on
            senders.campaign_id = said.campaign_id
            and senders.export_type = said.export_type
            and senders.from_unit_id = said.sender_unit_id
    group by
        senders.campaign_id,
        senders.export_type,
        senders.period_id,
        lines.unit_id
),

-- A unit without a sender of its own (a collector of the whole city, a commune beside the teams that report) is told
-- of by all who report to the nearest unit above it.
nearest as (
    select
        along_lines.*,
        ancestors.unit_id as of_unit_id,
        row_number() over (
            partition by
                along_lines.campaign_id, along_lines.export_type, along_lines.period_id, ancestors.unit_id
            order by ancestors.distance
        ) as turn
    from along_lines
    inner join ancestors
        on along_lines.campaign_id = ancestors.campaign_id and along_lines.unit_id = ancestors.ancestor_unit_id
)

select
    campaign_id,
    export_type,
    period_id,
    of_unit_id as unit_id,
    case when senders_heard = senders then least_until end as complete_until,
    latest_until
from nearest
where turn = 1
