"""Hand in: the form, what becomes of an upload, and the workbook to fill in."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request
from fastapi import Path as InPath
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import FormData, UploadFile

from thidua.desk.access import SENDERS, CurrentVisitor, Visitor, only
from thidua.desk.desk import Desk, TheDesk
from thidua.desk.handing_in import free_name, hand_in, keep, landing_name, receipt_of
from thidua.desk.preview import Preview, PreviewFailed
from thidua.desk.render import link, page
from thidua.desk.safety import MAX_FORM_BYTES, TOKEN_FIELD
from thidua.errors import PlanError, ThiduaError
from thidua.forms.workbook import write_form
from thidua.intake.campaigns import CampaignFacts, campaign_ids, load_facts
from thidua.intake.contracts import load_contract
from thidua.lake.receipts import Receipt
from thidua.plan.models import EventsMetric, ReportedMetric

router = APIRouter(dependencies=[only(SENDERS)])
Slug = Annotated[str, InPath(pattern="^[a-z0-9][a-z0-9_-]*$")]


@router.get("/hand-in", response_class=HTMLResponse)
def form(request: Request, visitor: CurrentVisitor, desk: TheDesk, campaign: str | None = None) -> Response:
    desk.warm_up()
    return page(request, "hand_in.html", _choices(desk, visitor, campaign), visitor=visitor)


def _choices(desk: Desk, visitor: Visitor, asked: str | None, problem: str | None = None) -> dict[str, Any]:
    """What may be handed in: campaigns, and in the chosen one the kinds of report and the units."""
    plans = {key: facts for key in campaign_ids(desk.campaigns_dir) if (facts := _facts(desk, key))}
    if visitor.is_office:
        plans = {key: facts for key, facts in plans.items() if visitor.units_in(key)}
    chosen = asked if asked in plans else next(iter(plans), None)
    facts = plans.get(chosen) if chosen else None
    units = visitor.units_in(chosen) if chosen else None
    return {
        "campaigns": [{"campaign_id": key, "title": one.plan.document.campaign.title} for key, one in plans.items()],
        "campaign": chosen,
        "export_types": [
            (export_type, contract.title)
            for export_type in (export_types(facts) if facts else [])
            if (contract := load_contract(export_type))
        ],
        "units": [unit for unit in facts.plan.units if units is None or unit.unit_id in units] if facts else [],
        "token": desk.forms.token(visitor.user),
        "problem": problem,
    }


def _facts(desk: Desk, campaign_id: str) -> CampaignFacts | None:
    try:
        return load_facts(desk.campaigns_dir, campaign_id)
    except PlanError:
        return None  # it waits until its plan is mended; `thidua check-plan` says where


def export_types(facts: CampaignFacts) -> list[str]:
    """The exports that a campaign expects or counts from, in the order in which its plan names them."""
    document = facts.plan.document
    named = [report.export for report in document.reports]
    named += [metric.export for metric in document.metrics if isinstance(metric, ReportedMetric | EventsMetric)]
    return list(dict.fromkeys(named))


@router.post("/hand-in", response_class=HTMLResponse)
async def receive(request: Request, visitor: CurrentVisitor, desk: TheDesk) -> Response:
    # Read only now, after the visitor is known: what strangers send is never taken in.
    async with request.form(max_files=1, max_fields=20, max_part_size=MAX_FORM_BYTES) as fields:
        desk.forms.check(request, visitor.user, fields.get(TOKEN_FIELD))
        upload = fields.get("file")
        campaign = str(fields.get("campaign") or "")
        try:
            if not isinstance(upload, UploadFile) or not upload.filename:
                raise ThiduaError("Hãy chọn tệp để nộp / choose the file to hand in")
            content = await upload.read()
            receipt = await run_in_threadpool(_take, desk, visitor, fields, upload.filename, content)
        except ThiduaError as error:
            context = await run_in_threadpool(_choices, desk, visitor, campaign, error.message)
            return page(request, "hand_in.html", context, visitor=visitor, status=422)
    return RedirectResponse(link(request, f"/submissions/{receipt.submission_id}"), 303)


def _take(desk: Desk, visitor: Visitor, fields: FormData, file_name: str, content: bytes) -> Receipt:
    """Looks at the file, puts it into landing/ and returns its receipt. Raises ThiduaError for what is not taken."""
    campaign_id, export_type = (str(fields.get(name) or "") for name in ("campaign", "export_type"))
    facts = _facts(desk, campaign_id)
    if facts is None or (visitor.is_office and not visitor.units_in(campaign_id)):
        raise ThiduaError("Không có phong trào này / there is no such campaign")
    if export_type not in export_types(facts):
        raise ThiduaError("Phong trào không nhận loại báo cáo này / the campaign takes no such report")
    unit_id = str(fields.get("unit") or "") or None
    if unit_id and (unit_id not in facts.units or not visitor.sees(campaign_id, unit_id)):
        raise ThiduaError("Không nộp thay đơn vị khác được / you cannot hand in for that unit")
    name = landing_name(file_name, unit_id, _day(fields.get("day")))
    while True:
        receipt = receipt_of(
            campaign_id, export_type, free_name(desk.home, campaign_id, export_type, name), content, desk.now()
        )
        preview = _previewed(desk, visitor, receipt, content)
        if hand_in(desk.home, receipt, content, visitor.user, file_name):
            keep(desk.home, receipt, preview, visitor.user)
            return receipt


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text)) if text else None
    except ValueError as error:
        raise ThiduaError("Ngày số liệu không hợp lệ / the day of the figures is not a day") from error


def _previewed(desk: Desk, visitor: Visitor, receipt: Receipt, content: bytes) -> Preview | None:
    """Raises ThiduaError where an office's file speaks of units that are not its own: nothing of it is taken."""
    try:
        preview = desk.preview(receipt, content, desk.now())
    except PreviewFailed as error:
        if visitor.is_office:
            raise ThiduaError(
                "Chưa kiểm tra được tệp, nên chưa nhận; hãy thử lại sau ít phút / the file could not be checked now, and was "
                "not taken; try again in a few minutes"
            ) from error
        return None
    units = visitor.units_in(receipt.campaign_id)
    if units is not None and (others := sorted(set(preview["units"]) - units)):
        raise ThiduaError(
            f"Tệp nói về đơn vị khác ({', '.join(others[:3])}) nên không được nhận / the file speaks of other units than "
            "yours, and was not taken"
        )
    return preview


@router.get("/forms/{campaign_id}/{export_type}")
def template(visitor: CurrentVisitor, desk: TheDesk, campaign_id: Slug, export_type: Slug) -> Response:
    """The workbook to fill in."""
    facts, contract = _facts(desk, campaign_id), load_contract(export_type)
    is_own = facts is not None and (not visitor.is_office or bool(visitor.units_in(campaign_id)))
    if facts is None or contract is None or not is_own or export_type not in export_types(facts):
        raise HTTPException(404, "Không có biểu mẫu này / there is no such form")
    try:
        content = write_form(contract, facts)
    except ThiduaError as error:
        raise HTTPException(404, error.message) from error
    return Response(
        content,
        media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers={"content-disposition": f'attachment; filename="{campaign_id}-{export_type}.xlsx"'},
    )
