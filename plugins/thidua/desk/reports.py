"""Reports expected and what came of them, as the pages ask for them."""

from __future__ import annotations

from collections.abc import Collection

from thidua.reports.served import Row, Served

# What is excused or not due yet is not expected.
_RATES = """
    count(*) filter (status not in ('excused', 'not_due')) as expected,
    count(*) filter (status in ('on_time', 'late', 'returned')) as received,
    count(*) filter (status in ('on_time', 'late')) as valid,
    count(*) filter (status = 'on_time') as on_time
"""


def due_dates(served: Served, campaign_id: str, units: Collection[str] | None) -> list[Row]:
    """Per due date: how many reports, and how many were received, valid, on time. `units` None: of all of them."""
    return served.rows(
        f"""
        select
            due_at, reporting.period_id, any_value(dim_period.name) as period_name, export_type, count(*) as reports,
            {_RATES}
        from fct_reporting as reporting
        inner join dim_period using (campaign_id, period_id)
        where reporting.campaign_id = $1 and ($2 is null or list_contains($2, from_unit_id))
        group by due_at, reporting.period_id, export_type
        order by due_at, reporting.period_id, export_type
        """,
        [campaign_id, None if units is None else sorted(units)],
    )


def reporting(
    served: Served, campaign_id: str, units: Collection[str] | None, periods: Collection[str] | None = None
) -> list[Row]:
    """Each report expected of these units (None: all) in these periods (None: all), with what came of it."""
    return served.rows(
        """
        select
            reporting.period_id, dim_period.name as period_name, reporting.export_type, reporting.due_at,
            reporting.from_unit_id as unit_id, dim_unit.name as unit_name, dim_unit.bloc_name, reporting.status,
            reporting.submission_id
        from fct_reporting as reporting
        inner join dim_period using (campaign_id, period_id)
        inner join dim_unit
            on reporting.campaign_id = dim_unit.campaign_id and reporting.from_unit_id = dim_unit.unit_id
        where
            reporting.campaign_id = $1
            and ($2 is null or list_contains($2, reporting.from_unit_id))
            and ($3 is null or list_contains($3, reporting.period_id))
        order by
            reporting.due_at, reporting.period_id, reporting.export_type, dim_unit.bloc_name nulls last,
            reporting.from_unit_id
        """,
        [
            campaign_id,
            None if units is None else sorted(units),
            None if periods is None else sorted(periods),
        ],
    )
