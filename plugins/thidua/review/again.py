"""Judging an office's files again after a contract or a plan changed: first to see what would come of it, then for real.

Both judgements stay in the lake; the later one counts from the decision on.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from thidua.clock import day_end, day_start
from thidua.errors import ThiduaError
from thidua.intake.campaigns import campaign_ids
from thidua.intake.ingest import chunks_of, judge_again
from thidua.intake.judge import judge_chunk
from thidua.lake.batches import read_manifest
from thidua.lake.decisions import Decision
from thidua.lake.judgements import Judgement, judgements
from thidua.lake.receipts import Receipt, load_receipts
from thidua.reports.served import check_known
from thidua.review.decide import decide
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

    The files are judged in a home of links beside this one, which is removed afterwards.
    """
    receipts = load_receipts(home, set(submission_ids))
    made = judgements(home, set(submission_ids))
    aside = Home(home.path / f".preview-{uuid4().hex}")
    aside.lake.mkdir(parents=True)
    after: dict[str, Mapping[str, Any]] = {}
    try:
        for name in ("receipts", "restricted", "decisions"):
            (aside.lake / name).symlink_to(home.lake / name)
        for chunk in chunks_of(receipts):
            folder = judge_chunk(
                aside, campaigns_dir, chunk, now, is_again=True, effective_at=now, extra=extra, is_shown=False
            )
            after |= read_manifest(folder)["outcomes"]
    finally:
        shutil.rmtree(aside.path)
    return [
        Change(receipt.submission_id, receipt.landing_path, _now(made, receipt), after[receipt.submission_id])
        for receipt in receipts
        if receipt.submission_id in after
    ]


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
    if campaign_id not in campaign_ids(campaigns_dir):
        check_known("phong trào", "campaign", campaign_id, dict.fromkeys(campaign_ids(campaigns_dir)))
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
