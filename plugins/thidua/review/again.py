"""Judging an office's files again after a contract or a plan changed: first to see what would come of it, then for real.

Both judgements stay in the lake; the later one counts from the decision on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from thidua.clock import day_end, day_start
from thidua.errors import ThiduaError
from thidua.intake.campaigns import campaign_ids
from thidua.intake.ingest import chunks_of, judge_again
from thidua.intake.judge import judge_chunk
from thidua.lake.batches import read_manifest
from thidua.lake.decisions import Decision
from thidua.lake.judgements import Judgement, asked_of, judgements
from thidua.lake.receipts import Receipt, load_receipts
from thidua.reports.served import check_known
from thidua.review.decide import check_decision, decide
from thidua.settings import Home

_COMPARED = ("verdict", "accepted_rows", "rejected_rows", "first_message")


@dataclass(frozen=True)
class Change:
    """One file: what its judgement says now, and what it would say, or says, judged again."""

    submission_id: str
    landing_path: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    @property
    def is_changed(self) -> bool:
        return any(self.before.get(name) != self.after.get(name) for name in _COMPARED)


def choose(
    home: Home,
    *,
    campaign_id: str,
    export_type: str | None = None,
    unit_id: str | None = None,
    first_day: date | None = None,
    last_day: date | None = None,
) -> list[Receipt]:
    """The judged submissions of a campaign: of one export type, of one office, received from and to a day (included)."""
    receipts = [receipt for receipt in load_receipts(home) if receipt.campaign_id == campaign_id]
    made = judgements(home, {receipt.submission_id for receipt in receipts})
    chosen = [
        receipt
        for receipt in receipts
        if receipt.submission_id in made
        and export_type in (None, receipt.export_type)
        and (first_day is None or receipt.received >= day_start(first_day))
        and (last_day is None or receipt.received < day_end(last_day))
    ]
    if unit_id is None:
        return chosen
    return [receipt for receipt in chosen if unit_id in _senders(made[receipt.submission_id][-1])]


def _senders(judgement: Judgement) -> set[str]:
    """Who a file speaks for: its sender, and the units it names."""
    import duckdb

    found: set[str] = set()
    for table, column in (("submissions", "sender_unit_id"), ("scopes", "unit_id")):
        rows = duckdb.execute(
            f"select distinct {column} from read_parquet($1) where submission_id = $2 and {column} is not null",
            [str(judgement.batch / f"{table}.parquet"), judgement.submission_id],
        ).fetchall()
        found |= {unit for (unit,) in rows}
    return found


def preview(
    home: Home, campaigns_dir: Path, submission_ids: Sequence[str], now: datetime, extra: Sequence[Decision] = ()
) -> list[Change]:
    """What judging these files again would say, with decisions that nobody has recorded (`extra`). Writes nothing.

    The files are judged in a home of links, away from this one, which is removed afterwards.
    """
    receipts = load_receipts(home, set(submission_ids))
    made = judgements(home, set(submission_ids))
    after: dict[str, Mapping[str, Any]] = {}
    with TemporaryDirectory(prefix="thidua-preview-") as folder:
        aside = Home(Path(folder))
        aside.lake.mkdir()
        for name in ("receipts", "restricted", "decisions"):
            (aside.lake / name).symlink_to(home.lake / name)
        for chunk in chunks_of(receipts):
            judged = judge_chunk(
                aside, campaigns_dir, chunk, now, is_again=True, effective_at=now, extra=extra, is_shown=False
            )
            after |= read_manifest(judged)["outcomes"]
    return [
        Change(receipt.submission_id, receipt.landing_path, _now(made, receipt), after[receipt.submission_id])
        for receipt in receipts
        if receipt.submission_id in after
    ]


def preview_decision(
    home: Home,
    campaigns_dir: Path,
    *,
    campaign_id: str,
    kind: str,
    subject: Mapping[str, Any],
    decided_by: str,
    reason: str,
    now: datetime,
) -> list[Change]:
    """What a decision would do to the files that it makes be judged again. Refuses what `decide` would refuse."""
    asked = check_decision(
        home, campaigns_dir, campaign_id=campaign_id, kind=kind, subject=subject, decided_by=decided_by
    )
    if not asked.judges_again:
        return []
    decision: Decision = {
        "decision_id": "preview",
        "campaign_id": campaign_id,
        "kind": kind,
        "subject": asked.model_dump(mode="json"),
        "decided_by": decided_by,
        "recorded_at": now.isoformat(),
        "reason": reason,
        "withdraws": None,
    }
    return preview(home, campaigns_dir, [one.submission_id for one in asked_of(home, decision)], now, [decision])


def rejudge_chosen(
    home: Home,
    campaigns_dir: Path,
    asked: Mapping[str, str | None],
    *,
    decided_by: str,
    reason: str,
    now: datetime,
    dry_run: bool,
) -> list[Change]:
    """`rejudge` or `preview` of what a form asks for: campaign, export_type, office, from, to (days, included)."""
    campaign_id = asked["campaign"] or ""
    ids = campaign_ids(campaigns_dir)
    check_known("phong trào", "campaign", campaign_id, dict.fromkeys(ids))
    receipts = choose(
        home,
        campaign_id=campaign_id,
        export_type=asked.get("export_type") or None,
        unit_id=asked.get("office") or None,
        first_day=_day(asked.get("from")),
        last_day=_day(asked.get("to")),
    )
    chosen = [receipt.submission_id for receipt in receipts]
    if dry_run:
        return preview(home, campaigns_dir, chosen, now)
    return rejudge(
        home,
        campaigns_dir,
        campaign_id=campaign_id,
        submission_ids=chosen,
        decided_by=decided_by,
        reason=reason,
        now=now,
    )


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ThiduaError(f"không phải là ngày / '{text}' is no day; write 2023-07-01") from error


def _now(made: Mapping[str, list[Judgement]], receipt: Receipt) -> Mapping[str, Any]:
    some = made.get(receipt.submission_id)
    return some[-1].outcome if some else {}


def rejudge(
    home: Home,
    campaigns_dir: Path,
    *,
    campaign_id: str,
    submission_ids: Sequence[str],
    decided_by: str,
    reason: str,
    now: datetime,
) -> list[Change]:
    """Records that these files are judged again, and judges them; what changed."""
    if not submission_ids:
        raise ThiduaError("không có tệp nào / no judged file fits; give other days, another office or export type")
    before = judgements(home, set(submission_ids))
    decide(
        home,
        campaigns_dir,
        campaign_id=campaign_id,
        kind="rejudge",
        subject={"submission_ids": sorted(submission_ids)},
        decided_by=decided_by,
        reason=reason,
        now=now,
    )
    judge_again(home, campaigns_dir, now)
    after = judgements(home, set(submission_ids))
    return [
        Change(receipt.submission_id, receipt.landing_path, _now(before, receipt), _now(after, receipt))
        for receipt in load_receipts(home, set(submission_ids))
    ]
