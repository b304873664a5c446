"""All that is known of one submission, from the best source that has it: marts, lake, preview, or its receipt alone."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from fastapi import HTTPException

from thidua.desk.access import Visitor
from thidua.desk.desk import Desk
from thidua.desk.handing_in import kept, sidecar_of
from thidua.desk.preview import SHOWN_FAULTS, Preview
from thidua.errors import NotWell
from thidua.intake.data_docs import data_docs_dir
from thidua.lake.batches import read_manifest
from thidua.lake.receipts import load_receipts
from thidua.reports.served import Row

MOST_VERSIONS = 30

# Where a dossier comes from, best first.
BUILT, JUDGED, PREVIEWED, RECEIVED = "built", "judged", "previewed", "received"


def dossier(desk: Desk, visitor: Visitor, submission_id: str) -> Row:
    """Raises HTTPException 404 for what is not there, and for what the visitor's units did not send: that looks alike."""
    found = _built(desk, submission_id) or _unbuilt(desk, submission_id)
    if found is None:
        raise _unknown()
    sidecar = sidecar_of(desk.home, found["landing_path"])
    found["handed_in_by"] = sidecar.get("handed_in_by")
    found["sent_as"] = sidecar.get("sent_as") or found["file_name"]
    is_own = found["handed_in_by"] == visitor.user
    if visitor.is_office and not is_own and not visitor.sees(found["campaign_id"], found["sender_unit_id"]):
        raise _unknown()
    found["layout"] = json.loads(found["layout"]) if found["layout"] else None
    return found


def _unknown() -> HTTPException:
    return HTTPException(404, "Không có bài nộp này / there is no such submission")


def _built(desk: Desk, submission_id: str) -> Row | None:
    try:
        with desk.served() as served:
            rows = served.rows(
                "select submission_id, campaign_id, export_type, file_name, landing_path, received_at, outcome, "
                "duplicate_of, received_row_count, accepted_row_count, rejected_row_count, ignored_row_count, "
                "sender_unit_id, layout from fct_submission where submission_id = $1",
                [submission_id],
            )
            if not rows:
                return None
            scopes = served.rows(
                "select scope.unit_id, dim_unit.name as unit_name, scope.as_of_date, scope.status, scope.is_current "
                "from fct_submission_scope as scope left join dim_unit using (campaign_id, unit_id) "
                "where scope.submission_id = $1 order by scope.unit_id, scope.as_of_date limit 1000",
                [submission_id],
            )
            rules = served.rows(
                "select severity, rule_id, count(*) as found from fct_rejected_row where submission_id = $1 group by severity, rule_id "
                "order by severity <> 'critical', severity <> 'error', found desc, rule_id",
                [submission_id],
            )
            faults = served.rows(
                "select severity, rule_id, sheet, line_number, column_name, value, message from fct_rejected_row "
                "where submission_id = $1 order by severity <> 'critical', severity <> 'error', rule_id, "
                f"sheet nulls first, line_number nulls first, column_name nulls first limit {SHOWN_FAULTS}",
                [submission_id],
            )
    except NotWell:
        return None  # nothing is published yet
    return {
        **rows[0],
        "stage": BUILT,
        "scopes": scopes,
        "rules": rules,
        "faults": faults,
        **desk.judged.accepted(submission_id),
    }


def _unbuilt(desk: Desk, submission_id: str) -> Row | None:
    handed_in = kept(desk.home, submission_id)
    receipts = load_receipts(desk.home, [submission_id])
    if receipts:
        head = vars(receipts[0])
    elif handed_in:
        head = handed_in["receipt"]
    else:
        return None
    judged = desk.judged.read(submission_id)
    preview = handed_in["preview"] if handed_in else None
    said: Preview | None = judged or preview
    return {
        "submission_id": submission_id,
        **{name: head[name] for name in ("campaign_id", "export_type", "file_name", "landing_path")},
        "received_at": datetime.fromisoformat(head["received_at"]),
        "duplicate_of": None,
        **(_read(said) if said else _NOTHING_READ),
        "stage": JUDGED if judged else PREVIEWED if preview else RECEIVED,
    }


_NOTHING_READ: Row = {
    "outcome": "waiting",
    "received_row_count": None,
    "accepted_row_count": None,
    "rejected_row_count": None,
    "ignored_row_count": None,
    "sender_unit_id": None,
    "layout": None,
    "scopes": [],
    "rules": [],
    "faults": [],
    "figures": [],
    "events": [],
}


def _read(said: Preview) -> Row:
    scopes = [
        {
            "unit_id": scope["unit_id"],
            "unit_name": None,
            "as_of_date": date.fromisoformat(scope["as_of_date"]) if scope["as_of_date"] else None,
            "status": None,
            "is_current": None,
        }
        for scope in said["scopes"]
    ]
    return {**{name: said[name] for name in _NOTHING_READ}, "scopes": scopes}


def versions(desk: Desk, visitor: Visitor, found: Row) -> list[Row]:
    """Files that speak of the same units and days, this one too, in the order in which they were received."""
    days = [scope for scope in found["scopes"] if scope["as_of_date"]]
    try:
        with desk.served() as served:
            rows = served.rows(
                """
                with own as (select unnest($3) as unit_id, unnest($4) as as_of_date)
                select
                    submission_id, submission.file_name, submission.received_at, submission.outcome,
                    submission.sender_unit_id, bool_or(scope.is_current) as is_current
                from own
                inner join fct_submission_scope as scope using (unit_id, as_of_date)
                inner join fct_submission as submission using (submission_id)
                where scope.campaign_id = $1 and scope.export_type = $2
                group by all
                order by submission.received_at, submission_id
                """,
                [
                    found["campaign_id"],
                    found["export_type"],
                    [scope["unit_id"] for scope in days],
                    [scope["as_of_date"] for scope in days],
                ],
            )
    except NotWell:
        rows = []
    if all(row["submission_id"] != found["submission_id"] for row in rows):
        own = {name: found[name] for name in ("submission_id", "file_name", "received_at", "outcome", "sender_unit_id")}
        rows.append({**own, "is_current": None})
    seen = [
        row
        for row in rows
        if row["submission_id"] == found["submission_id"] or visitor.sees(found["campaign_id"], row["sender_unit_id"])
    ]
    return seen[-MOST_VERSIONS:]


def compared(desk: Desk, found: Row, others: list[Row]) -> Row:
    """This file beside the one before and the one after it, as far as they were accepted."""
    accepted = [row for row in others if row["outcome"] != "returned" or row["submission_id"] == found["submission_id"]]
    place = next(index for index, row in enumerate(accepted) if row["submission_id"] == found["submission_id"])
    beside = accepted[max(0, place - 1) : place + 2]
    ids = [row["submission_id"] for row in beside]
    return {"files": beside, "figures": desk.judged.figures(ids), "events": desk.judged.event_changes(ids)}


def data_docs_of(desk: Desk, found: Row) -> Any:
    """The page of Data Docs about the batch that judged the file; None: it was not judged, or the page is gone."""
    batch = desk.judged.batch_of(found["submission_id"])
    page = data_docs_dir(desk.home) / batch.name / f"{found['export_type']}.html" if batch else None
    return page if page and page.is_file() else None


def dag_run_of(desk: Desk, found: Row) -> str:
    """Airflow's page of the run that judged the file; of all runs, where it was judged without Airflow or not yet."""
    batch = desk.judged.batch_of(found["submission_id"])
    run = read_manifest(batch).get("made_by") if batch else None
    if run is None:
        return "/dags/ingest_exports/runs"
    return f"/dags/{quote(run['dag_id'], safe='')}/runs/{quote(run['dag_run_id'], safe='')}"
