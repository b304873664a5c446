"""The board of submissions: units against due dates."""

from __future__ import annotations

from collections import defaultdict

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from thidua.desk.access import EVERYBODY, CurrentVisitor, Visitor, only
from thidua.desk.choices import chosen_campaign
from thidua.desk.desk import TheDesk
from thidua.desk.home_page import rates
from thidua.desk.render import page
from thidua.reports.served import Row, Served

router = APIRouter(dependencies=[only(EVERYBODY)])
MOST_FILES = 200


@router.get("/board", response_class=HTMLResponse)
def board(
    request: Request, visitor: CurrentVisitor, desk: TheDesk, campaign: str | None = None, period: str | None = None
) -> Response:
    with desk.served() as served:
        campaigns, chosen = chosen_campaign(served, visitor, campaign)
        rows = reporting(served, visitor, chosen, None)
        periods = list({row["period_id"]: row["period_name"] for row in rows}.items())
        if period in dict(periods):
            rows = [row for row in rows if row["period_id"] == period]
        else:
            period = None
        columns, units = matrix(rows)
    context = {
        "campaigns": campaigns,
        "campaign": chosen,
        "periods": periods,
        "period": period,
        "columns": columns,
        "units": units,
    }
    return page(request, "board.html", context, visitor=visitor)


def reporting(served: Served, visitor: Visitor, campaign_id: str, period: str | None) -> list[Row]:
    """The reports expected of the units that the visitor may see, with what came of them."""
    rows = served.rows(
        """
        select
            reporting.period_id, dim_period.name as period_name, reporting.export_type, reporting.due_at,
            reporting.from_unit_id as unit_id, dim_unit.name as unit_name, dim_unit.bloc_name, reporting.status,
            reporting.submission_id, reporting.received_at
        from fct_reporting as reporting
        inner join dim_period using (campaign_id, period_id)
        inner join dim_unit
            on reporting.campaign_id = dim_unit.campaign_id and reporting.from_unit_id = dim_unit.unit_id
        where reporting.campaign_id = $1 and ($2 is null or reporting.period_id = $2)
        order by
            reporting.due_at, reporting.period_id, reporting.export_type, dim_unit.bloc_name nulls last,
            reporting.from_unit_id
        """,
        [campaign_id, period],
    )
    units = visitor.units_in(campaign_id)
    return [row for row in rows if units is None or row["unit_id"] in units]


def matrix(rows: list[Row]) -> tuple[list[Row], list[Row]]:
    """Columns (due dates, with their rates) and lines (units, with a cell for each column, empty where none is due)."""
    by_column: dict[tuple[str, str], list[Row]] = defaultdict(list)
    by_unit: dict[str, dict[tuple[str, str], Row]] = defaultdict(dict)
    for row in rows:
        key = row["period_id"], row["export_type"]
        by_column[key].append(row)
        by_unit[row["unit_id"]][key] = row
    heads = ("period_id", "period_name", "export_type", "due_at")
    columns = [{**{name: found[0][name] for name in heads}, **rates(found)} for found in by_column.values()]
    lines = []
    for unit_id, cells in by_unit.items():
        first = next(iter(cells.values()))
        lines.append(
            {
                "unit_id": unit_id,
                "unit_name": first["unit_name"],
                "bloc_name": first["bloc_name"],
                "cells": [cells.get(key) for key in by_column],
            }
        )
    return columns, sorted(lines, key=lambda line: (line["bloc_name"] is None, line["bloc_name"] or ""))


@router.get("/files", response_class=HTMLResponse)
def files(
    request: Request,
    visitor: CurrentVisitor,
    desk: TheDesk,
    campaign: str | None = None,
    unit: str | None = None,
    outcome: str | None = None,
) -> Response:
    """The files received last, of one unit or with one outcome where asked for."""
    with desk.served() as served:
        campaigns, chosen = chosen_campaign(served, visitor, campaign)
        units = visitor.units_in(chosen)
        rows = served.rows(
            f"""
            select
                submission_id, file_name, export_type, received_at, outcome, accepted_row_count, rejected_row_count,
                sender_unit_id, dim_unit.name as unit_name
            from fct_submission as submission
            left join dim_unit
                on submission.campaign_id = dim_unit.campaign_id and submission.sender_unit_id = dim_unit.unit_id
            where
                submission.campaign_id = $1
                and ($2 is null or sender_unit_id = $2)
                and ($3 is null or outcome = $3)
                and ($4 is null or list_contains($4, sender_unit_id))
            order by received_at desc, submission_id
            limit {MOST_FILES}
            """,
            [chosen, unit or None, outcome or None, None if units is None else sorted(units)],
        )
    context = {
        "campaigns": campaigns,
        "campaign": chosen,
        "rows": rows,
        "unit": unit,
        "outcome": outcome,
        "most": MOST_FILES,
    }
    return page(request, "files.html", context, visitor=visitor)
