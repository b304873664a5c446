"""The work list: what waits for a decision, oldest first, and the door through which the pages decide."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from thidua.desk.access import DECIDERS, READERS, CurrentVisitor, Role, Visitor, only
from thidua.desk.choices import chosen_campaign
from thidua.desk.desk import Desk, TheDesk
from thidua.desk.questions import choices_of, waiting
from thidua.desk.render import link, page
from thidua.desk.safety import MAX_FORM_BYTES, TOKEN_FIELD
from thidua.errors import ThiduaError
from thidua.reports.served import Row
from thidua.review.decide import decide
from thidua.review.questions import Question

router = APIRouter(prefix="/work")
MOST_SHOWN = 100
# What changes how the plan itself is read.
ADMIN_KINDS = {"choose_reading"}


@router.get("", response_class=HTMLResponse, dependencies=[only(READERS)])
def work(
    request: Request,
    visitor: CurrentVisitor,
    desk: TheDesk,
    campaign: str | None = None,
    waits_for: str = "",
    done: str = "",
) -> Response:
    with desk.served() as served:
        campaigns, chosen = chosen_campaign(served, visitor, campaign or None)
    questions = waiting(desk, chosen if campaign else None)
    shown = [one for one in questions if (one.waits_for == "office") == (waits_for == "office")]
    context = {
        "campaigns": campaigns,
        "campaign": campaign or "",
        "questions": [_shown(visitor, one) for one in shown[:MOST_SHOWN]],
        "total": len(shown),
        "waits_for": waits_for,
        "elsewhere": len(questions) - len(shown),
        "done": done,
        "token": desk.forms.token(visitor.user),
    }
    return page(request, "work.html", context, visitor=visitor)


def _shown(visitor: Visitor, question: Question) -> Row:
    """With the forms, unless it is about the visitor's own unit: then others decide."""
    is_own = visitor.person.belongs_to(question.campaign_id, question.unit_id)
    return {
        "question": question,
        "is_own": is_own,
        "choices": choices_of(question) if visitor.decides and not is_own else [],
    }


@router.post("/decide", dependencies=[only(DECIDERS)])
async def receive(request: Request, visitor: CurrentVisitor, desk: TheDesk) -> Response:
    async with request.form(max_files=0, max_fields=20, max_part_size=MAX_FORM_BYTES) as form:
        fields = {name: str(value) for name, value in form.items()}
    desk.forms.check(request, visitor.user, fields.get(TOKEN_FIELD))
    decision_id = await run_in_threadpool(_decide, desk, visitor, fields)
    back = fields.get("submission_id", "")
    path = f"/submissions/{back}" if len(back) == 32 and back.isalnum() else "/work"
    return RedirectResponse(link(request, path, done=decision_id), 303)


def _decide(desk: Desk, visitor: Visitor, fields: dict[str, str]) -> str:
    """Records the decision; the watched lake starts its work. Raises ThiduaError where it may not be."""
    try:
        chosen = json.loads(fields.get("choice", ""))
        kind, subject = str(chosen["kind"]), dict(chosen["subject"])
    except (ValueError, KeyError, TypeError) as error:
        raise ThiduaError("Hãy chọn một quyết định / choose a decision") from error
    if kind in ADMIN_KINDS and visitor.role is not Role.ADMIN:
        raise HTTPException(403, "Chỉ quản trị được chọn cách hiểu kế hoạch / only an administrator chooses readings")
    asked: dict[str, Any] = {
        name.removeprefix("ask_"): value for name, value in fields.items() if name.startswith("ask_") and value
    }
    subject |= {name: value for name, value in asked.items() if name in chosen.get("asks", [])}
    decision = decide(
        desk.home,
        desk.campaigns_dir,
        campaign_id=fields.get("campaign", ""),
        kind=kind,
        subject=subject,
        decided_by=visitor.user,
        reason=fields.get("reason", ""),
        evidence=fields.get("evidence") or None,
        now=desk.now(),
    )
    return str(decision["decision_id"])
