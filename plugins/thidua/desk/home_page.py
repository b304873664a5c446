"""The first page: the campaigns at a glance, or an office's own reports and files."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from thidua.desk.access import EVERYBODY, CurrentVisitor, Visitor, only
from thidua.desk.desk import Desk, TheDesk
from thidua.desk.handing_in import lately_kept
from thidua.desk.questions import count_open
from thidua.desk.render import page
from thidua.desk.reports import due_dates, reporting
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
    found = []
    for campaign in served.rows(
        "select campaign_id, title, document_number, starts_at, ends_at from dim_campaign order by starts_at desc, campaign_id"
    ):
        key = campaign["campaign_id"]
        units = visitor.units_in(key)
        if units is not None and not units:
            continue
        due = due_dates(served, key, units)
        found.append(
            {
                **campaign,
                "reports": reporting(served, key, units) if units is not None else [],
                "next": next((row for row in due if row["due_at"] > desk.now()), None),
                "last": next((row for row in reversed(due) if row["due_at"] <= desk.now()), None),
                "open_returned": sum(
                    1
                    for row in open_files
                    if row["campaign_id"] == key and (units is None or row["sender_unit_id"] in units)
                ),
            }
        )
    return found
