"""Commands around the closing of a period. They prepare and check; nobody approves from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thidua.cli.options import Json, Now, clock, print_json

if TYPE_CHECKING:
    from thidua.closing.close import Closing

Campaign = Annotated[str, typer.Argument(help="Phong trào / campaign")]
Period = Annotated[str, typer.Argument(help="Kỳ / period")]
By = Annotated[str, typer.Option("--by", help="Ai quyết định / who decided")]
Reason = Annotated[str, typer.Option("--reason", help="Vì sao / why")]
Evidence = Annotated[
    Path | None, typer.Option("--evidence", help="Tệp minh chứng, chép vào kho / evidence, copied into the lake")
]


def register(app: typer.Typer) -> None:
    app.command("close")(close)
    app.command("answer")(answer)
    app.command("reissue")(reissue)
    app.command("object")(raise_objection)
    app.command("answer-objection")(answer_objection)
    app.command("diff")(diff)
    app.command("reproduce")(reproduce)


def close(
    campaign: Campaign,
    period: Period,
    grace: Annotated[
        int | None, typer.Option(min=0, help="Số ngày chờ sau ngày chốt / days to wait, else the plan's due dates")
    ] = None,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Chốt số liệu, tính, nêu việc phải quyết định / freeze, compute, list what to decide; exit 1 until it is official."""
    from thidua.closing.close import prepare
    from thidua.settings import campaigns_dir, home

    closing = prepare(home(), campaigns_dir(), campaign, period, clock(now), grace)
    if as_json:
        print_json(_record(closing))
    else:
        _render(closing)
    raise typer.Exit(0 if closing.state == "closed" else 1)


def _record(closing: Closing) -> dict[str, Any]:
    return {
        "campaign_id": closing.campaign_id,
        "period_id": closing.period_id,
        "state": closing.state,
        "blockers": list(closing.blockers),
        "earlier": [vars(one) for one in closing.earlier],
        "content_hash": closing.content_hash,
        "official_version": closing.official.version if closing.official else None,
        "questions": [vars(question) for question in closing.questions],
        "objections": [objection.row() for objection in closing.objections],
        "approvals": [{key: one[key] for key in ("user", "approved_at")} for one in closing.approvals],
    }


STATES = {
    "too_early": "chưa đến hạn / too early",
    "incomplete": "chưa đủ báo cáo / reports are missing",
    "questions": "chờ quyết định / to be decided",
    "ready": "chờ hai người phê duyệt / waits for two people's approval",
    "approved_once": "chờ người thứ hai phê duyệt / waits for the second approval",
    "approved": "đã phê duyệt, chờ phát hành / approved, to be issued",
    "closed": "chính thức / official",
}


def _render(closing: Closing) -> None:
    version = f", bản / version {closing.official.version}" if closing.official else ""
    typer.echo(f"{closing.campaign_id} {closing.period_id}: {STATES[closing.state]}{version}")
    for blocker in closing.blockers:
        typer.echo(f"  ✗ {blocker}")
    for question in closing.questions:
        if question.is_required:
            money = f" [{question.amount_min}–{question.amount_max} đ]" if question.amount_max is not None else ""
            typer.echo(f"  {'✓' if question.is_answered else '?'} {question.question_id}: {question.text}{money}")
    for earlier in closing.earlier if closing.state == "closed" else ():  # else it is asked above
        typer.echo(f"  ! {earlier}")
    for objection in closing.open_objections:
        typer.echo(f"  ! {objection.objection_id}: {objection.entry['text']}")


def answer(
    campaign: Campaign,
    period: Period,
    question: Annotated[str, typer.Argument(help="Câu hỏi, như `thidua close` nêu / as `thidua close` names it")],
    value: Annotated[str, typer.Argument(help="Câu trả lời: JSON hoặc một từ / JSON, or one word")],
    by: By,
    reason: Reason,
    evidence: Evidence = None,
    now: Now = None,
) -> None:
    """Ghi quyết định cho một câu hỏi của kỳ / record people's answer to a question of a closing."""
    from thidua.closing.answers import record_answer
    from thidua.closing.close import examine
    from thidua.lake.evidence import keep_evidence
    from thidua.settings import home

    at = clock(now)
    asked = examine(home(), campaign, period, at).question(question)
    try:
        said = json.loads(value)
    except ValueError:
        said = value
    sha256 = keep_evidence(home(), evidence) if evidence else None
    decisions = record_answer(
        home(), campaign, period, asked, said, decided_by=by, at=at, reason=reason, evidence_sha256=sha256
    )
    typer.echo(f"Đã ghi {len(decisions)} quyết định / decisions recorded")


def reissue(
    campaign: Campaign,
    period: Period,
    by: By,
    reason: Reason,
    admit: Annotated[
        list[str] | None, typer.Option(help="Bài nộp muộn được tính / submissions that are to count")
    ] = None,
    evidence: Evidence = None,
    now: Now = None,
) -> None:
    """Ghi lệnh chốt lại và ban hành lại / record the order to freeze anew and re-issue; two approvals follow."""
    from thidua.closing.close import record_order
    from thidua.lake.evidence import keep_evidence
    from thidua.settings import home

    sha256 = keep_evidence(home(), evidence) if evidence else None
    order = record_order(
        home(),
        campaign,
        period,
        decided_by=by,
        at=clock(now),
        reason=reason,
        admits=admit or [],
        evidence_sha256=sha256,
    )
    typer.echo(f"Đã ghi lệnh / order recorded: {order['decision_id']}; tiếp theo / next: thidua close")


def raise_objection(
    campaign: Campaign,
    period: Period,
    unit: Annotated[str, typer.Argument(help="Đơn vị / unit")],
    text: Annotated[str, typer.Argument(help="Nội dung khiếu nại / what it objects to")],
    by: By,
    evidence: Evidence = None,
    now: Now = None,
) -> None:
    """Ghi khiếu nại của đơn vị về một dòng kết quả / record an office's objection to a line of a closing."""
    from thidua.lake.evidence import keep_evidence
    from thidua.lake.objections import raise_objection as record
    from thidua.settings import home

    objection = record(
        home(),
        campaign_id=campaign,
        period_id=period,
        unit_id=unit,
        raised_by=by,
        raised_at=clock(now),
        text=text,
        evidence_sha256=keep_evidence(home(), evidence) if evidence else None,
    )
    typer.echo(f"Đã ghi khiếu nại / objection recorded: {objection.objection_id}")


def answer_objection(
    campaign: Campaign,
    objection: Annotated[str, typer.Argument(help="Mã khiếu nại / objection")],
    result: Annotated[str, typer.Argument(help="upheld (chấp nhận) | rejected (bác)")],
    by: By,
    reason: Reason,
    effect: Annotated[list[str] | None, typer.Option(help="Quyết định thực hiện / decisions that carry it out")] = None,
    now: Now = None,
) -> None:
    """Trả lời một khiếu nại / answer an objection; its effect are the decisions it names."""
    from thidua.lake.objections import answer_objection as record
    from thidua.settings import home

    record(
        home(),
        campaign_id=campaign,
        objection_id=objection,
        result=result,
        answered_by=by,
        answered_at=clock(now),
        text=reason,
        effect_decision_ids=effect or [],
    )
    typer.echo(f"Đã trả lời khiếu nại / objection answered: {objection}")


def diff(
    campaign: Campaign,
    period: Period,
    before: Annotated[int | None, typer.Option("--from", help="Bản chính thức / official version")] = None,
    after: Annotated[
        int | None, typer.Option("--to", help="Bản so sánh, mặc định số tạm tính / else the provisional figures")
    ] = None,
    as_json: Json = False,
) -> None:
    """So bản chính thức với số tạm tính hoặc bản khác / official against provisional, or against another version."""
    from dataclasses import asdict

    from thidua.closing.compare import compare_provisional, compare_versions
    from thidua.settings import home

    if after is not None:
        found = compare_versions(home(), campaign, period, before or after - 1, after)
    else:
        found = compare_provisional(home(), campaign, period, before)
    if as_json:
        print_json(asdict(found))
        return
    typer.echo(f"{campaign} {period}: {found.before} → {found.after}, {len(found.changes)} khác biệt / differences")
    for change in found.changes:
        typer.echo(f"  {change}")
    delta = found.amount_after - found.amount_before
    typer.echo(f"Tiền / money: {found.amount_before} → {found.amount_after} ({delta:+d} đ)")


def reproduce(
    campaign: Campaign,
    period: Period,
    version: Annotated[int | None, typer.Argument(help="Bản, mặc định bản mới nhất / version, else the latest")] = None,
    as_json: Json = False,
) -> None:
    """Tính lại một bản chính thức từ lake/ / recompute an official version from the lake; exit 1 when anything differs."""
    from dataclasses import asdict

    from thidua.closing.reproduce import reproduce as run
    from thidua.settings import home

    found = run(home(), campaign, period, version)
    if as_json:
        print_json({**asdict(found), "is_identical": found.is_identical})
    else:
        word = "giống hệt / identical" if found.is_identical else "KHÁC / NOT identical"
        typer.echo(f"{campaign} {period} v{found.version}: {word}")
        for line in [*found.faults, *found.differences, *found.notes]:
            typer.echo(f"  {line}")
        if not found.is_same_code:
            typer.echo("  (tính bằng mã nguồn mới hơn / computed by other code than then)")
    raise typer.Exit(0 if found.is_identical else 1)
