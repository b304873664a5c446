"""The bodies of the DAGs' tasks. They take and return small records; paths travel, frames never do."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thidua.clock import now_utc, parse_instant
from thidua.errors import NotWell
from thidua.lake.writing import is_shared
from thidua.orchestration import metrics
from thidua.orchestration.fresh import home
from thidua.settings import campaigns_dir

if TYPE_CHECKING:
    from thidua.reminders.mail import MailServer

log = logging.getLogger(__name__)

Record = dict[str, Any]
SMTP_CONNECTION = "thidua_smtp"


def clock(params: Record) -> datetime:
    """The clock of a run: its parameter `now`, else the real one."""
    return parse_instant(params["now"]) if params.get("now") else now_utc()


def take_receipts(params: Record) -> Record:
    """Records receipts of settled new files: {chunks: submissions not judged yet, troubles: what cannot be read}."""
    from thidua.intake.ingest import look

    chunks, troubles = look(home(), clock(params), explicit_now=bool(params.get("now")))
    return {"chunks": chunks, "troubles": [str(trouble) for trouble in troubles]}


def judge(submission_ids: list[str], params: Record) -> Record:
    """Judges one chunk into a complete work directory of the lake: {folder, name, files}.

    With a store it is committed at once, for the next task may run on a host that has not this folder; {batches: those
    that hold these submissions}.
    """
    from thidua.intake.judge import judge_chunk
    from thidua.lake.batches import batches_of, read_manifest
    from thidua.lake.batches import commit as commit_batch

    folder = judge_chunk(home(), campaigns_dir(), submission_ids, clock(params))
    manifest = read_manifest(folder)
    outcomes = manifest["outcomes"].values()
    kinds = ", ".join(sorted({"/".join(outcome["landing_path"].split("/")[:2]) for outcome in outcomes}))
    record = {"folder": str(folder), "name": f"{kinds}: {len(outcomes)} tệp", "files": len(outcomes)}
    if is_shared(home()):
        commit_batch(home(), folder)
        record["batches"] = batches_of(home(), manifest["submission_ids"])
    return record


def commit(judged: list[Record], params: Record) -> list[str]:
    """Renames what was judged to batches, then judges again what decisions ask for; the ids of all these batches.

    A batch that is there already counts: it was this one.
    """
    from thidua.intake.data_docs import write_index
    from thidua.intake.ingest import judge_again
    from thidua.lake.batches import commit as commit_batch

    committed = [
        batch_id
        for record in judged
        for batch_id in record.get("batches") or [commit_batch(home(), Path(record["folder"]))]
    ]
    again = judge_again(home(), campaigns_dir(), clock(params))
    write_index(home())
    batches = [batch_id for batch_id in committed if batch_id] + again
    metrics.count_judged(home(), batches)
    return batches


def write_slips(batches: list[str] | None = None) -> Record:
    """Writes the return slips of the files in these batches, or of all: {slips: how many are new, folder}.

    Of all after a publish: what the build finds wrong may touch files of any day.
    """
    from thidua.lake.batches import batches_dir, read_manifest
    from thidua.slips.write import slips_dir
    from thidua.slips.write import write_slips as write

    ids = None
    if batches is not None:
        ids = {name for batch in batches for name in read_manifest(batches_dir(home()) / batch)["submission_ids"]}
    slips = write(home(), campaigns_dir(), ids)
    return {"slips": sum(slip.is_new for slip in slips), "folder": str(slips_dir(home()))}


def report(taken: Record, judged: list[Record], batches: list[str]) -> str:
    """A line on what was judged. Raises NotWell when this run returned files, or left some unread or unjudged."""
    from thidua.intake.ingest import result_of

    result = result_of(home(), batches)
    metrics.gauge_house(home(), now_utc())
    lost = sum(map(len, taken["chunks"])) - sum(record["files"] for record in judged)
    lines = [f"{file.landing_path}: {file.message}" for file in result.returned] + list(taken["troubles"])
    if lost:
        lines.append(f"{lost} tệp chưa được xét; sửa lỗi trên rồi chạy lại DAG / files not judged; run the DAG again")
    if lines:
        raise NotWell(f"{len(result.returned)} tệp bị trả lại / files returned:\n" + "\n".join(lines))
    return f"{result.files} tệp được nhận / files accepted"


def build(params: Record) -> Record:
    """Builds with dbt and its tests: what it took, and whether there was anything to do."""
    from thidua.warehouse.build import build as build_warehouse

    known_at = parse_instant(params["known_at"]) if params.get("known_at") else None
    now = clock(params) if params.get("now") or known_at is None else known_at
    result = build_warehouse(home(), campaigns_dir(), now, known_at=known_at, full=bool(params.get("full")))
    if result.did_work:
        metrics.count_build(result.seconds["all"], result.batches)
    return {
        "did_work": result.did_work,
        "is_full": result.is_full,
        "batches": result.batches,
        "is_replay": known_at is not None,
        "database": str(result.database),
    }


def publish(built: Record) -> str | None:
    """Publishes the build; a replay of an earlier day is never published."""
    from thidua.warehouse.publish import publish as publish_marts

    if built["is_replay"]:
        return None
    folder = publish_marts(home())
    if folder is None and built["did_work"]:  # it was killed right after it: who follows is told all the same
        folder = (home().serve / "current").resolve()
    metrics.gauge_house(home(), now_utc())
    return str(folder) if folder else None


def publish_postgres(built: Record) -> Record | None:
    """Brings Postgres to what the files hold: {target, replaced}; None without a Postgres, or with nothing new."""
    from thidua.warehouse.postgres.serve import serve_postgres

    if is_shared(home()) and not built["is_replay"]:
        publish(built)  # the files may be out on another host than this one
    loaded = None if built["is_replay"] else serve_postgres(home())
    if loaded is None or not loaded.is_new:
        return None
    log.info("%s: %s/%s bảng có thay đổi / tables changed", loaded.target, len(loaded.replaced), loaded.all)
    return {"target": loaded.target, "replaced": list(loaded.replaced)}


def write_reminders(params: Record) -> Record:
    """Writes the reminders that are due: {new, in_force, drafts: those not sent yet, troubles}; a dry run shows them."""
    from thidua.reminders.remind import remind

    metrics.gauge_house(home(), now_utc())
    is_dry = bool(params.get("dry_run"))
    due = remind(home(), campaigns_dir(), clock(params), params.get("campaign") or None, dry_run=is_dry)
    new = [one for one in due.reminders if one.is_new]
    for one in new:
        log.info("%s %s\n%s", "chưa ghi / not written:" if is_dry else "→", one.text_file, one.text)
    drafts = [] if is_dry else [str(draft) for draft in due.drafts]
    return {"new": len(new), "in_force": len(due.reminders), "drafts": drafts, "troubles": due.troubles}


def send_reminders(written: Record, params: Record) -> str:
    """A line on what was sent. Raises NotWell for what kept somebody from being reminded; nothing is sent twice."""
    from thidua.reminders.remind import send

    server, drafts = smtp_server(), [Path(draft) for draft in written["drafts"]]
    sent, troubles = 0, list(written["troubles"])
    if server and drafts:
        done = send(home(), drafts, server, clock(params))
        sent, troubles = done.sent, troubles + done.troubles
    line = f"{written['new']} tin mới, {sent} thư đã gửi / new messages, e-mails sent"
    if troubles:
        raise NotWell("\n".join([line, *troubles]))
    return line if server else f"{line}; chưa đặt máy chủ thư / no mail server is set ({SMTP_CONNECTION})"


def smtp_server() -> MailServer | None:
    """The mail server of Airflow's connection, else of THIDUA_SMTP_URL, else none."""
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    from thidua.reminders.mail import MailServer, server_of_environment

    try:
        found = Connection.get(SMTP_CONNECTION)
    except AirflowNotFoundException:
        return server_of_environment()
    # The fields mean what they mean to Airflow's own mail provider.
    extra = found.extra_dejson
    implicit = not extra.get("disable_ssl")
    return MailServer(
        found.host or "",
        found.port or (465 if implicit else 587),
        extra.get("from_email") or found.login or "",
        "implicit" if implicit else "none" if extra.get("disable_tls") else "starttls",
        found.login,
        found.password,
    )


def has_unbuilt_decisions() -> bool:
    """Whether people decided something that no published build has seen."""
    from thidua.review.questions import unbuilt_decisions

    return bool(unbuilt_decisions(home()))


def ask_questions(params: Record, run_id: str) -> list[Record]:
    """The open questions that this run asks, oldest first: none that another run is asking, none without an answer."""
    from thidua.orchestration.forms import form_of
    from thidua.reports.served import open_served
    from thidua.review.asked import claim
    from thidua.review.questions import open_questions

    now = clock(params)
    until = now + timedelta(hours=params["hours"] + 1)
    with open_served(home()) as served:
        names = {row["unit_id"]: row["name"] for row in served.rows("select unit_id, name from dim_unit")}
    asked: list[Record] = []
    for question in open_questions(home(), params["campaign"], now):
        if len(asked) == params["most"]:
            break
        form = form_of(question, names)
        is_for_people = question.waits_for != "office" and bool(form["options"])
        if is_for_people and claim(home(), question.question_id, run_id, now, until):
            asked.append({**form, "hours": params["hours"]})
    return asked


def record_answer(question: Record, response: Record | None, params: Record) -> str | None:
    """Records what somebody answered, under the login they are known by; what became of it, in a line.

    None: the question stays open. Whoever answered on the pages meanwhile was first, and the line says so.
    """
    from thidua.orchestration.forms import LATER
    from thidua.orchestration.kept_responses import login_of
    from thidua.review.asked import release
    from thidua.review.decide import AlreadyDecided, decide, follow

    given = response or {}
    chosen, user = given.get("chosen_options") or [LATER], login_of(given.get("responded_by_user"))
    answer = question["options"].get(chosen[0])
    try:
        if answer is None or not user:
            return None
        decision = decide(
            home(),
            campaigns_dir(),
            campaign_id=question["campaign_id"],
            kind=answer["kind"],
            subject=answer["subject"],
            decided_by=user,
            reason=given["params_input"]["reason"],
            now=clock(params),
        )
    except AlreadyDecided as error:
        return error.message
    finally:
        release(home(), question["question_id"])
    follow(home(), campaigns_dir(), clock(params))
    return f"{decision['decision_id']}: {decision['kind']} – {decision['decided_by']}: {decision['reason']}"


def rejudge(params: Record, user: str, *, dry_run: bool) -> list[Record]:
    """Judges the chosen files again, or looks at what that would change: {file, before, after} of what changes."""
    from thidua.review.again import rejudge_chosen

    changes = rejudge_chosen(
        home(),
        campaigns_dir(),
        params,
        decided_by=user,
        reason=params["reason"],
        now=clock(params),
        dry_run=dry_run,
    )
    return [
        {"file": change.landing_path, "before": dict(change.before), "after": dict(change.after)}
        for change in changes
        if change.is_changed
    ]


def tidy(params: Record, user: str) -> Record:
    """Carries the retention policy out, or logs what would go: {items, bytes, stays, notes}."""
    from thidua.operations.tidy import tidy as run

    done = run(
        home(),
        clock(params),
        user,
        dry_run=bool(params["dry_run"]),
        with_airflow=bool(params["with_airflow"]),
        step=log.info,
    )
    for item in done.items:
        log.info(
            "%s %s: %s (%d bytes)", "sẽ dọn / would go:" if done.is_dry_run else "→", item.path, item.reason, item.size
        )
    for note in [*(f"{count}: {reason}" for reason, count in done.stays.items()), *done.notes]:
        log.info("%s", note)
    return {"items": len(done.items), "bytes": done.bytes, "stays": done.stays, "notes": done.notes}
