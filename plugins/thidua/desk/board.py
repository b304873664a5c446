"""The board of submissions: units against due dates."""

from __future__ import annotations

from collections import defaultdict

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from thidua.desk.access import EVERYBODY, CurrentVisitor, only
from thidua.desk.choices import chosen_campaign
from thidua.desk.desk import TheDesk
from thidua.desk.render import page
from thidua.desk.reports import due_dates, reporting
from thidua.reports.served import Row

router = APIRouter(dependencies=[only(EVERYBODY)])
MOST_FILES = 200
MOST_CELLS = 3_000


@router.get("/board", response_class=HTMLResponse)
def board(
    request: Request, visitor: CurrentVisitor, desk: TheDesk, campaign: str | None = None, period: str | None = None
) -> Response:
    with desk.served() as served:
        campaigns, chosen = chosen_campaign(served, visitor, campaign)
        units = visitor.units_in(chosen)
        due = due_dates(served, chosen, units)
        periods = {row["period_id"]: row["period_name"] for row in due}
        period = period if period in periods else None
        columns = [row for row in due if row["period_id"] == period] if period else fitting(due)
        rows = reporting(served, chosen, units, {row["period_id"] for row in columns})
    context = {
        "campaigns": campaigns,
        "campaign": chosen,
        "periods": list(periods.items()),
        "period": period,
        "columns": columns,
        "is_cut": period is None and len(columns) < len(due),
        "units": lines(rows, columns),
    }
    return page(request, "board.html", context, visitor=visitor)


def fitting(due: list[Row]) -> list[Row]:
    """The last due dates whose reports fit a page, one at least; the others are there to be chosen."""
    found: list[Row] = []
    for row in reversed(due):
        if found and sum(one["reports"] for one in found) + row["reports"] > MOST_CELLS:
            break
        found.insert(0, row)
    periods = {row["period_id"] for row in found}
    return [row for row in due if row["period_id"] in periods]


def lines(rows: list[Row], columns: list[Row]) -> list[Row]:
    """Units by bloc, each with a cell for each column, empty where nothing is due."""
    keys = [(column["period_id"], column["export_type"]) for column in columns]
    by_unit: dict[str, dict[tuple[str, str], Row]] = defaultdict(dict)
    for row in rows:
        by_unit[row["unit_id"]][row["period_id"], row["export_type"]] = row
    found = []
    for unit_id, cells in by_unit.items():
        first = next(iter(cells.values()))
        names = {name: first[name] for name in ("unit_name", "bloc_name")}
        found.append({"unit_id": unit_id, **names, "cells": [cells.get(key) for key in keys]})
    return sorted(found, key=lambda line: (line["bloc_name"] is None, line["bloc_name"] or "", line["unit_id"]))


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
