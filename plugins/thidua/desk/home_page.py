"""The first page: the campaigns at a glance, or an office's own reports and files."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from thidua.desk.access import EVERYBODY, CurrentVisitor, Visitor, only
from thidua.desk.desk import Desk, TheDesk
from thidua.desk.handing_in import lately_kept
from thidua.desk.questions import count_open
from thidua.desk.render import page
from thidua.desk.style import STYLE_SHEET
from thidua.errors import NotWell
from thidua.reports.served import Row, Served
from thidua.reports.status import OPEN_RETURNED

router = APIRouter(dependencies=[only(EVERYBODY)])
MOST_FILES = 30


@router.get("/", response_class=HTMLResponse)
def home(request: Request, visitor: CurrentVisitor, desk: TheDesk) -> Response:
    waiting = count_open(desk) if not visitor.is_office else {}
    try:
        with desk.served() as served:
            campaigns = glance(served, visitor, desk)
            files = own_files(served, visitor) if visitor.is_office else []
    except NotWell:
        campaigns, files = [], []
    seen = {file["submission_id"] for file in files}
    lately = [one for one in _lately(desk, visitor) if one["submission_id"] not in seen]
    context = {"campaigns": campaigns, "waiting": waiting, "files": [*lately, *files][:MOST_FILES]}
    return page(request, "home.html", context, visitor=visitor)


@router.get("/style.css")
def style() -> Response:
    return Response(STYLE_SHEET.read_bytes(), media_type="text/css", headers={"cache-control": "private, max-age=3600"})


def _lately(desk: Desk, visitor: Visitor) -> list[Row]:
    """What was handed in here and is not in the warehouse yet."""
    if not visitor.is_office:
        return []
    return [
        {
            **{name: one["receipt"][name] for name in ("submission_id", "file_name", "export_type")},
            "received": one["receipt"]["received_at"],
            "outcome": (one["preview"] or {}).get("outcome", "waiting"),
            "is_preview": True,
        }
        for one in lately_kept(desk.home)
        if one["handed_in_by"] == visitor.user
    ]


def own_files(served: Served, visitor: Visitor) -> list[Row]:
    """The last files that the visitor's units sent."""
    found: list[Row] = []
    for campaign in served.rows("select campaign_id from dim_campaign order by campaign_id"):
        units = visitor.units_in(campaign["campaign_id"])
        found += served.rows(
            "select submission_id, file_name, export_type, received_at as received, outcome, false as is_preview "
            "from fct_submission where campaign_id = $1 and list_contains($2, sender_unit_id) "
            f"order by received_at desc, submission_id limit {MOST_FILES}",
            [campaign["campaign_id"], sorted(units or ())],
        )
    return sorted(found, key=lambda row: row["received"], reverse=True)[:MOST_FILES]


def glance(served: Served, visitor: Visitor, desk: Desk) -> list[Row]:
    """Per campaign: what is due next, how the last due date went, which returned files are still open."""
    open_files = served.rows(OPEN_RETURNED, [None])
    due = served.rows(
        """
        select
            reporting.campaign_id, reporting.period_id, dim_period.name as period_name, reporting.due_at,
            reporting.export_type, reporting.from_unit_id, dim_unit.name as unit_name, reporting.status,
            reporting.submission_id
        from fct_reporting as reporting
        inner join dim_period using (campaign_id, period_id)
        inner join dim_unit
            on reporting.campaign_id = dim_unit.campaign_id and reporting.from_unit_id = dim_unit.unit_id
        order by reporting.campaign_id, reporting.due_at, reporting.export_type, reporting.from_unit_id
        """
    )
    by_campaign = {key: list(rows) for key, rows in groupby(due, key=lambda row: row["campaign_id"])}
    found = []
    for campaign in served.rows(
        "select campaign_id, title, document_number, starts_at, ends_at from dim_campaign order by starts_at desc, campaign_id"
    ):
        key = campaign["campaign_id"]
        units = visitor.units_in(key)
        if units is not None and not units:
            continue
        reports = [row for row in by_campaign.get(key, []) if units is None or row["from_unit_id"] in units]
        found.append(
            {
                **campaign,
                "reports": reports if visitor.is_office else [],
                "next": _next(reports, desk),
                "last": _last(reports, desk),
                "open_returned": sum(
                    1
                    for row in open_files
                    if row["campaign_id"] == key and (units is None or row["sender_unit_id"] in units)
                ),
            }
        )
    return found


def _next(reports: list[Row], desk: Desk) -> Row | None:
    ahead = [row for row in reports if row["due_at"] > desk.now()]
    if not ahead:
        return None
    first = ahead[0]["due_at"]
    return {**ahead[0], "count": sum(1 for row in ahead if row["due_at"] == first)}


def _last(reports: list[Row], desk: Desk) -> Row | None:
    past = [row for row in reports if row["due_at"] <= desk.now()]
    if not past:
        return None
    last = [row for row in past if row["due_at"] == past[-1]["due_at"]]
    return {**past[-1], **rates(last)}


def rates(reports: list[Any]) -> Row:
    """Expected, received, valid and on time of some reports; what is excused or not due yet is not expected."""
    statuses = [row["status"] for row in reports if row["status"] not in ("excused", "not_due")]
    return {
        "expected": len(statuses),
        "received": sum(status != "missing" for status in statuses),
        "valid": sum(status in ("on_time", "late") for status in statuses),
        "on_time": statuses.count("on_time"),
    }
