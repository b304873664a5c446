"""Commands of the desk: questions, decide, withdraw, decisions, rejudge."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from thidua.cli.options import Json, Now, clock, print_json

By = Annotated[str, typer.Option("--by", help="Người quyết định / who decides, as a user name")]
Reason = Annotated[str, typer.Option("--reason", help="Lý do / why")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Chỉ xem, không ghi / only look, write nothing")]
Campaign = Annotated[str | None, typer.Option("--campaign", help="Phong trào / of this campaign only")]


def register(app: typer.Typer) -> None:
    app.command("questions")(questions)
    app.command("decide")(decide)
    app.command("withdraw")(withdraw)
    app.command("decisions")(decisions)
    app.command("rejudge")(rejudge)


def questions(campaign: Campaign = None, now: Now = None, as_json: Json = False) -> None:
    """Những việc chờ quyết định, cũ nhất trước / what waits for a decision, oldest first; exit 1 while any does."""
    from thidua.review.questions import open_questions
    from thidua.settings import home

    found = open_questions(home(), campaign, clock(now))
    if as_json:
        print_json([asdict(question) for question in found])
    for question in [] if as_json else found:
        unit = f" – {question.unit_name}" if question.unit_name else ""
        typer.echo(f"{question.question_id}  {question.since:%d/%m/%Y}  {question.campaign_id}{unit}: {question.title}")
        for detail in question.details:
            typer.echo(f"    {detail}")
        for answer in question.answers:
            given = " ".join(f"{key}={value}" for key, value in answer.subject.items() if value is not None)
            asked = " ".join(f"{key}={'|'.join(offered) or '…'}" for key, offered in answer.asks.items())
            typer.echo(f"    → thidua decide {answer.kind} {' '.join(filter(None, [given, asked]))}")
    if not as_json and not found:
        typer.echo("Không có việc nào chờ quyết định / nothing waits for a decision")
    raise typer.Exit(1 if found else 0)


def decide(
    kind: Annotated[str, typer.Argument(help="Loại quyết định / kind, such as waive")],
    subject: Annotated[list[str], typer.Argument(help="Nội dung / what it is about, as field=value …")],
    campaign: Annotated[str, typer.Option("--campaign", help="Phong trào / campaign")],
    by: By,
    reason: Reason,
    evidence: Annotated[str | None, typer.Option("--evidence", help="Văn bản kèm theo / the paper behind it")] = None,
    dry_run: DryRun = False,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Ghi một quyết định và thực hiện ngay / record a decision and do what follows from it."""
    from thidua.review import decide as review
    from thidua.review.again import preview_decision
    from thidua.settings import campaigns_dir, home

    given: dict[str, Any] = {
        "campaign_id": campaign,
        "kind": kind,
        "subject": _subject(kind, subject),
        "decided_by": by,
    }
    at = clock(now)
    if dry_run:
        changes = preview_decision(home(), campaigns_dir(), **given, reason=reason, now=at)
        _show_changes(changes, as_json, recorded=None)
        return
    decision = review.decide(home(), campaigns_dir(), **given, reason=reason, now=at, evidence=evidence)
    batches = review.follow(home(), campaigns_dir(), at)
    if as_json:
        print_json({"decision": decision, "batches": batches})
        return
    typer.echo(f"Đã ghi / recorded {decision['decision_id'][:12]}: {kind} – {by}: {decision['reason']}")
    typer.echo("Chạy `thidua build` và `thidua publish` để có hiệu lực / build and publish to see its effect")


def _subject(kind: str, words: list[str]) -> dict[str, Any]:
    """field=value … as the kind's fields; what was received is named as elsewhere, by a beginning of its id or a path."""
    from thidua.errors import ThiduaError
    from thidua.settings import home
    from thidua.slips.write import find_submission

    found: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise ThiduaError(f"viết dạng tên=giá trị / write field=value, not '{word}' (see `thidua questions`)")
        if name == "submission_id":
            found[name] = find_submission(home(), value)
        elif name == "submission_ids":
            found[name] = [find_submission(home(), one) for one in value.split(",")]
        else:
            found[name] = value
    return found


def withdraw(
    decision_id: Annotated[str, typer.Argument(help="Số quyết định, hoặc phần đầu / its id or the beginning of it")],
    by: By,
    reason: Reason,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Rút lại một quyết định / take a decision back."""
    from thidua.review.decide import follow, withdraw_decision
    from thidua.settings import campaigns_dir, home

    at = clock(now)
    record = withdraw_decision(home(), campaigns_dir(), decision_id=decision_id, decided_by=by, reason=reason, now=at)
    batches = follow(home(), campaigns_dir(), at)
    if as_json:
        print_json({"decision": record, "batches": batches})
    else:
        typer.echo(f"Đã rút / withdrawn: {record['withdraws'][:12]}")


def decisions(campaign: Campaign = None, as_json: Json = False) -> None:
    """Sổ quyết định và kết quả / the register of decisions with what they did, the latest first."""
    from thidua.clock import LOCAL, parse_instant
    from thidua.review.register import register as entries_of
    from thidua.settings import home

    entries = entries_of(home(), campaign)
    if as_json:
        print_json(
            [{**one.decision, "status": one.status, "effects": [asdict(e) for e in one.effects]} for one in entries]
        )
        return
    labels = {
        "in_force": "có hiệu lực",
        "waiting": "chờ xét lại",
        "withdrawn": "đã rút",
        "withdrawal": "rút quyết định",
    }
    for entry in entries:
        one = entry.decision
        at = parse_instant(one["recorded_at"]).astimezone(LOCAL)
        subject = " ".join(f"{key}={value}" for key, value in one["subject"].items() if value is not None)
        typer.echo(
            f"{one['decision_id'][:12]}  {at:%d/%m/%Y %H:%M}  {one['campaign_id']}  {one['kind']} ({labels[entry.status]})  "
            f"{one['decided_by']}: {one['reason']}"
        )
        typer.echo(f"    {subject}")
        for effect in entry.effects:
            typer.echo(f"    {effect.landing_path}: {_verdict(effect.before)} → {_verdict(effect.after)}")


def _verdict(outcome: Any) -> str:
    if not outcome:
        return "–"
    return (
        f"{outcome['verdict']} ({outcome['accepted_rows']} nhận / accepted, {outcome['rejected_rows']} loại / rejected)"
    )


def rejudge(
    campaign: Annotated[str, typer.Option("--campaign", help="Phong trào / campaign")],
    by: By,
    reason: Reason,
    export_type: Annotated[str | None, typer.Option("--type", help="Loại báo cáo / export type")] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="Đơn vị / office")] = None,
    first: Annotated[str | None, typer.Option("--from", help="Nhận từ ngày / received from, 2023-07-01")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Nhận đến hết ngày / received through, 2023-07-31")] = None,
    dry_run: DryRun = False,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Xét lại các tệp theo mẫu và kế hoạch hiện nay / judge files again by the contract and plan of today."""
    from thidua.review.again import rejudge_chosen
    from thidua.settings import campaigns_dir, home

    changes = rejudge_chosen(
        home(),
        campaigns_dir(),
        {"campaign": campaign, "export_type": export_type, "office": unit, "from": first, "to": last},
        decided_by=by,
        reason=reason,
        now=clock(now),
        dry_run=dry_run,
    )
    _show_changes(changes, as_json, recorded=not dry_run)


def _show_changes(changes: list[Any], as_json: bool, recorded: bool | None) -> None:
    if as_json:
        print_json([asdict(change) | {"is_changed": change.is_changed} for change in changes])
        return
    for change in changes:
        if change.is_changed:
            typer.echo(f"{change.landing_path}: {_verdict(change.before)} → {_verdict(change.after)}")
            typer.echo(f"    {change.after['first_message'] or ''}")
    changed = sum(change.is_changed for change in changes)
    typer.echo(f"{len(changes)} tệp / files, {changed} thay đổi / change")
    if not recorded:
        typer.echo("Chỉ xem, chưa ghi gì / only looked, nothing is written")
