"""The bodies of close_period's tasks: small records in and out. The record is the lake; a task is only its form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from thidua.closing.answers import record_answer
from thidua.closing.approve import ANSWERED_IN_AIRFLOW
from thidua.closing.approve import approve as approve_result
from thidua.closing.approve import issue as issue_version
from thidua.closing.close import Closing, examine, prepare
from thidua.closing.compare import paid
from thidua.closing.named import WHY_NOT, standing_names
from thidua.closing.questions import Question
from thidua.errors import NotWell
from thidua.orchestration.fresh import home
from thidua.orchestration.steps import Record, clock
from thidua.review.people import person_of
from thidua.settings import campaigns_dir

CONFIRM = "Xác nhận / Confirm"
APPROVE = "Phê duyệt / Approve"
REJECT = "Từ chối / Reject"


def freeze(params: Record) -> Record:
    """Checks completeness and freezes. Raises NotWell with what is missing."""
    grace = params.get("grace")
    closing = prepare(home(), campaigns_dir(), params["campaign"], params["period"], clock(params), grace)
    if closing.state in {"too_early", "incomplete"}:
        raise NotWell(f"chưa chốt được / cannot be frozen yet ({closing.state}):\n" + "\n".join(closing.blockers))
    return {"state": closing.state, "content_hash": closing.content_hash}


def look(params: Record) -> Closing:
    return examine(home(), params["campaign"], params["period"], clock(params))


def open_forms(params: Record) -> list[Record]:
    """What a form needs for each question that is open, in their order."""
    return [form_of(question) for question in look(params).open_questions]


def form_of(question: Question) -> Record:
    """A question as the arguments of a form: what it rests on, subject, body, options, fields."""
    money = ""
    if question.amount_max is not None:
        money = f"\n\nTiền / money: {question.amount_min or 0} – {question.amount_max} đ"
    options, fields, how = [CONFIRM], {}, ""
    if question.kind == "tie" and question.choices["ways"]:
        options = [way_text(way) for way in question.choices["ways"]]
    elif question.kind == "tie":
        fields = {"places": ""}
        how = "\n\n`places`: đơn vị=giải, …; các giải / prizes: " + ", ".join(question.choices["places"])
    elif question.kind in {"gate", "open_line", "plan_change"}:
        options = list(question.choices["results"])
    elif question.kind in {"units", "exclusions"}:
        fields = {"units": ""}
        how = "\n\n`units`: để trống là không có / empty: none; trong / of: " + ", ".join(question.choices["units"])
    else:
        fields = {"persons": ""}
        how = "\n\n`persons`: đơn vị: họ tên; … / unit: name; … (để trống / empty: none)"
    return {
        "question_id": question.question_id,
        "basis": question.basis,
        "subject": question.text,
        "body": f"{question.clause or ''}{money}{how}",
        "options": options,
        "params": {**fields, "reason": ""},
    }


def way_text(way: Mapping[str, str]) -> str:
    return ", ".join(f"{unit}={prize}" for unit, prize in sorted(way.items()))


def answer_of(question: Question, option: str, fields: Mapping[str, Any]) -> Any:
    """What somebody filled in, as an answer of closing/answers.py."""
    if question.kind == "tie":
        text = option if question.choices["ways"] else str(fields.get("places") or "")
        return dict(_pair(part, "=") for part in text.split(",") if part.strip())
    if question.kind in {"gate", "open_line", "plan_change"}:
        return option
    if question.kind in {"units", "exclusions"}:
        return [part.strip() for part in str(fields.get("units") or "").split(",") if part.strip()]
    persons = [_pair(part, ":") for part in str(fields.get("persons") or "").split(";") if part.strip()]
    return [{"unit_id": unit_id, "name": name} for unit_id, name in persons]


def _pair(text: str, between: str) -> tuple[str, str]:
    one, _, other = text.partition(between)
    return one.strip(), other.strip()


def is_open(params: Record, question_id: str) -> bool:
    return any(question.question_id == question_id for question in look(params).open_questions)


def record(
    params: Record, question_id: str, basis: str, option: str, fields: Mapping[str, Any], user: str, at: datetime
) -> int:
    """Records what somebody answered to a question that rested on `basis`; how many decisions it came to. Raises
    ThiduaError when it is not allowed."""
    question = look(params).question(question_id)
    decisions = record_answer(
        home(),
        params["campaign"],
        params["period"],
        question,
        answer_of(question, option, fields),
        decided_by=user,
        at=at,
        reason=str(fields.get("reason") or "").strip() or f"trả lời trên Airflow / answered in Airflow: {option}",
        basis=basis,
    )
    return len(decisions)


def ready(params: Record) -> Record:
    """What the approvers are shown: {content_hash, objections: the ids of those in the body, body, approve: the option}.

    Raises NotWell while something is to be decided.
    """
    closing = look(params)
    if closing.open_questions:
        lines = [f"{question.question_id}: {question.text}" for question in closing.open_questions]
        raise NotWell(
            "còn việc chưa quyết định; trả lời bằng `thidua answer`, rồi chạy lại tác vụ này / "
            "still to be decided; answer with `thidua answer`, then clear this task:\n" + "\n".join(lines)
        )
    objections = [one.objection_id for one in closing.open_objections]
    beside = f" + {len(objections)} khiếu nại / objections" if objections else ""
    return {
        "content_hash": closing.content_hash,
        "objections": objections,
        "approve": f"{APPROVE}{beside}",
        "body": approval_text(closing),
    }


def approval_text(closing: Closing) -> str:
    """Ranking, sum and open objections as Markdown, and the hash that an approval is given to."""
    if closing.computed is None:
        return "Đã có bản chính thức / an official version stands."
    rows = closing.computed.rows("ranking")
    lines = ["| Khối | Hạng | Đơn vị | Giải | Tiền (đ) |", "|---|---|---|---|---|"]
    lines += [
        f"| {row['bloc_name'] or ''} | {row['rank'] or '–'} | {row['unit_name']} | {row['prize_name'] or '–'} "
        f"| {'–' if row['amount'] is None else row['amount']} |"
        for row in rows
    ]
    lines += ["", f"**Tổng / sum: {paid(closing.computed.rows('awards'))} đ**", ""]
    lines += [f"- {earlier}" for earlier in closing.earlier]
    names = {unit["unit_id"]: unit["name"] for unit in closing.computed.rows("dim_unit")}
    for decision, why in standing_names(closing.computed.all_rows, closing.computed.decisions, closing.period_id):
        if why is not None:
            unit_id = decision["subject"]["unit_id"]
            lines.append(
                f"- Đã nêu tên, không khen / named, not awarded ({names.get(unit_id, unit_id)}): {WHY_NOT[why]}"
            )
    lines += [f"- Khiếu nại chưa trả lời / open objection: {one.entry['text']}" for one in closing.open_objections]
    return "\n".join([*lines, "", f"`{closing.content_hash}`"])


def has_approved(params: Record, number: int) -> bool:
    """Whether so many different people have approved what stands now, or it is official already."""
    closing = look(params)
    people = {person_of(one["user"]) for one in closing.approvals}
    return closing.state == "closed" or len(people) >= number


def approve(params: Record, seen: str, objections: Sequence[str], user: str, at: datetime) -> str:
    """Records an approval of what a form showed: `seen`, its content hash, and the objections, which are acknowledged
    by it. Raises Stale when something else stands, or an objection is open that was not shown."""
    entry = approve_result(
        home(),
        params["campaign"],
        params["period"],
        user=user,
        role=ANSWERED_IN_AIRFLOW,
        seen=seen,
        at=at,
        acknowledges=objections,
    )
    return str(entry["entry_id"])


def issue(params: Record) -> Record:
    """Makes the official version of what two people approved."""
    official = issue_version(home(), params["campaign"], params["period"], clock(params))
    return {"version": official.version, "content_hash": official.content_hash, "folder": str(official.folder)}
