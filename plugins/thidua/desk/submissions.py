"""A submission: what was read, what is wrong, what came before and after, and its files to download."""

from __future__ import annotations

from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, HTTPException, Request
from fastapi import Path as InPath
from fastapi.responses import FileResponse, HTMLResponse, Response

from thidua.desk.access import EVERYBODY, READERS, SENDERS, CurrentVisitor, only
from thidua.desk.desk import TheDesk
from thidua.desk.dossiers import compared, dag_run_of, data_docs_of, dossier, versions
from thidua.desk.questions import choices_on
from thidua.desk.render import day, page
from thidua.errors import PlanError
from thidua.intake.campaigns import load_facts
from thidua.intake.contracts import load_contract
from thidua.reports.served import Row
from thidua.slips.write import write_slips

router = APIRouter(prefix="/submissions")
SubmissionId = Annotated[str, InPath(pattern="^[0-9a-f]{32}$")]
SHOWN_PER_RULE = 100


@router.get("/{submission_id}", response_class=HTMLResponse, dependencies=[only(EVERYBODY)])
def submission(
    request: Request, visitor: CurrentVisitor, desk: TheDesk, submission_id: SubmissionId, done: str = ""
) -> Response:
    found = dossier(desk, visitor, submission_id)
    others = versions(desk, visitor, found)
    names = _names(desk.campaigns_dir, found)
    context = {
        "found": found,
        "names": names,
        "versions": others,
        "compared": compared(desk, found, others),
        "groups": by_rule(found),
        "sheets": _sheets(found),
        "has_data_docs": not visitor.is_office and data_docs_of(desk, found) is not None,
        "dag_run": None if visitor.is_office else dag_run_of(desk, found),
        "choices": choices_on(desk, visitor, found),
        "token": desk.forms.token(visitor.user),
        "done": done,
    }
    return page(request, "submission.html", context, visitor=visitor)


def by_rule(found: Row) -> list[Row]:
    """The faults under their rules, gravest first, with how many there are in all."""
    counts = {(rule["severity"], rule["rule_id"]): rule["found"] for rule in found["rules"]}
    groups = []
    for key, faults in groupby(found["faults"], key=lambda fault: (fault["severity"], fault["rule_id"])):
        groups.append(
            {"severity": key[0], "rule_id": key[1], "count": counts[key], "faults": list(faults)[:SHOWN_PER_RULE]}
        )
    return groups


def _sheets(found: Row) -> list[Row]:
    """What was found in each sheet: where its table starts, and which column was taken for what."""
    layout = found["layout"]
    if not layout:
        return []
    contract = load_contract(found["export_type"])
    titles = {column.name: (column.title.vi, column.title.en) for column in contract.columns} if contract else {}
    thousands = layout.get("thousands", {})
    return [
        {
            "sheet": sheet["sheet"],
            "header_rows": sheet["header_rows"],
            "days": [day(date.fromisoformat(text)) for text in sheet["title_days"]],
            "columns": [
                {
                    "name": name,
                    "header": header,
                    "titles": titles.get(name.split("[")[0], (name, name)),
                    "separators": thousands.get(name, []),
                }
                for name, header in sheet["columns"].items()
            ],
        }
        for sheet in layout["sheets"]
    ]


def _names(campaigns_dir: Path, found: Row) -> dict[str, dict[str, str]]:
    """Names of units and metrics as the plan has them; a plan that is being mended leaves their ids."""
    try:
        facts = load_facts(campaigns_dir, found["campaign_id"])
    except PlanError:
        facts = None
    if facts is None:
        return {"units": {}, "metrics": {}, "campaign": {}}
    return {
        "units": {unit.unit_id: unit.name for unit in facts.plan.units},
        "metrics": facts.metrics_of(found["export_type"]),
        "campaign": {found["campaign_id"]: facts.plan.document.campaign.title},
    }


@router.get("/{submission_id}/workbook", dependencies=[only(SENDERS)])
def marked_workbook(visitor: CurrentVisitor, desk: TheDesk, submission_id: SubmissionId) -> Response:
    """The office's file with its faults marked. It holds what the office sent, so not everybody who reads may have it."""
    dossier(desk, visitor, submission_id)  # or 404
    slips = write_slips(desk.home, desk.campaigns_dir, [submission_id])
    if not slips:
        raise HTTPException(404, "Chưa có bản đánh dấu / there is no marked copy (yet)")
    return FileResponse(
        slips[0].workbook,
        filename=f"phieu-{slips[0].workbook.name}",
        media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    )


@router.get("/{submission_id}/data-docs", dependencies=[only(READERS)])
def data_docs(visitor: CurrentVisitor, desk: TheDesk, submission_id: SubmissionId) -> Response:
    """The batch's page of Great Expectations, in which nothing may run."""
    path = data_docs_of(desk, dossier(desk, visitor, submission_id))
    if path is None:
        raise HTTPException(404, "Không còn trang này / this page is gone")
    policy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return HTMLResponse(path.read_bytes(), headers={"content-security-policy": policy})
