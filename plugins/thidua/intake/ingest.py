"""From landing/ to committed batches: list, cut into chunks, judge, commit; then judge again what decisions ask for.

The DAG does the same with mapped tasks."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from thidua.clock import now_utc
from thidua.errors import ThiduaError
from thidua.intake.campaigns import campaign_ids
from thidua.intake.data_docs import write_index
from thidua.intake.judge import judge_chunk
from thidua.lake.batches import (
    AGAIN,
    batches_dir,
    clear_abandoned,
    commit,
    committed_submission_ids,
    read_manifest,
)
from thidua.lake.judgements import Wanted, wanted
from thidua.lake.receipts import Receipt, Trouble, list_landing
from thidua.settings import Home

log = logging.getLogger(__name__)

CHUNK_FILES = 100
CHUNK_BYTES = 50_000_000
CHUNKS_AT_ONCE = 2


@dataclass(frozen=True)
class ReturnedFile:
    """A file first judged in this run and returned; `message` is the first thing wrong with it."""

    submission_id: str
    landing_path: str
    message: str


@dataclass(frozen=True)
class IngestResult:
    """What one run did. `files` were judged by it; `troubles` are paths that could not even be received or judged."""

    files: int = 0
    accepted: int = 0
    with_rejections: int = 0
    returned: list[ReturnedFile] = field(default_factory=list)
    batches: list[str] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)


def chunks_of(receipts: Sequence[Receipt]) -> list[list[str]]:
    """Submission ids in chunks of one export type, about CHUNK_FILES files or CHUNK_BYTES each."""
    chunks: list[list[str]] = []
    for export_type in sorted({receipt.export_type for receipt in receipts}):
        group = [receipt for receipt in receipts if receipt.export_type == export_type]
        chunks.extend(_cut(sorted(group, key=lambda receipt: receipt.order)))
    return chunks


def _cut(receipts: Sequence[Receipt]) -> Iterator[list[str]]:
    chunk: list[str] = []
    size = 0
    for receipt in receipts:
        if chunk and (len(chunk) >= CHUNK_FILES or size + receipt.size > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(receipt.submission_id)
        size += receipt.size
    if chunk:
        yield chunk


def look(
    home: Home, now: datetime | None = None, *, explicit_now: bool = False, settle_seconds: float = 1.0
) -> tuple[list[list[str]], list[Trouble]]:
    """Takes receipts, and returns what no batch holds yet, in chunks, with what could not be received."""
    clear_abandoned(home)
    listing = list_landing(home, now, explicit_now=explicit_now, settle_seconds=settle_seconds)
    committed = committed_submission_ids(home)
    waiting = [receipt for receipt in listing.receipts if receipt.submission_id not in committed]
    return chunks_of(waiting), listing.troubles


def pending(
    home: Home, now: datetime | None = None, *, explicit_now: bool = False, settle_seconds: float = 1.0
) -> list[list[str]]:
    """The chunks of submissions that wait to be judged, after a look at landing/."""
    return look(home, now, explicit_now=explicit_now, settle_seconds=settle_seconds)[0]


def ingest(
    home: Home,
    campaigns_dir: Path,
    now: datetime | None = None,
    *,
    explicit_now: bool = False,
    settle_seconds: float = 1.0,
    expectations: Path | None = None,
) -> IngestResult:
    """Receives, judges and commits everything that waits; one bad file or plan never stops the others.

    Raises ThiduaError, having received nothing, where there is no folder of campaigns.
    """
    campaign_ids(campaigns_dir)
    instant = now or now_utc()
    chunks, troubles = look(home, instant, explicit_now=explicit_now, settle_seconds=settle_seconds)
    batch_ids: list[str] = []

    def judge(chunk: list[str]) -> Path | ThiduaError:
        try:
            return judge_chunk(home, campaigns_dir, chunk, instant, expectations)
        except ThiduaError as error:
            return error

    # While DuckDB works on one chunk, Python reads the files of another.
    with ThreadPoolExecutor(max_workers=CHUNKS_AT_ONCE) as pool:
        for chunk, judged in zip(chunks, pool.map(judge, chunks), strict=True):
            if isinstance(judged, ThiduaError):
                log.error("a chunk of %d files waits: %s", len(chunk), judged.message)
                troubles.append(Trouble(f"{len(chunk)} file(s)", judged.message))
            elif batch_id := commit(home, judged):
                batch_ids.append(batch_id)
    batch_ids += judge_again(home, campaigns_dir, instant, expectations)
    write_index(home)
    return result_of(home, batch_ids, troubles)


def judge_again(home: Home, campaigns_dir: Path, now: datetime, expectations: Path | None = None) -> list[str]:
    """Makes every judgement that decisions ask for and no batch holds; the batches made.

    The record of a decision is the truth and this work follows it, whoever does it: who recorded it, or the next run
    after a kill. What a broken plan keeps from being judged waits for the run after it is mended.
    """
    made: list[str] = []
    left: list[Wanted] = []
    while (asked := wanted(home)) and asked != left:
        left = asked
        for effective_at, chunk in _chunks_again(asked):
            try:
                judged = judge_chunk(
                    home, campaigns_dir, chunk, now, expectations, is_again=True, effective_at=effective_at
                )
            except ThiduaError as error:
                log.error("%d files wait to be judged again: %s", len(chunk), error.message)
            else:
                made += [batch_id] if (batch_id := commit(home, judged)) else []
    return made


def _chunks_again(asked: Sequence[Wanted]) -> Iterator[tuple[datetime | None, list[str]]]:
    by_instant: dict[datetime | None, list[Receipt]] = {}
    for one in asked:
        by_instant.setdefault(one.effective_at, []).append(one.receipt)
    for effective_at, receipts in by_instant.items():
        for chunk in chunks_of(receipts):
            yield effective_at, chunk


def result_of(home: Home, batch_ids: Sequence[str], troubles: Sequence[Trouble] = ()) -> IngestResult:
    """What the batches of one run say of the files first judged in it, without reading their rows."""
    outcomes: dict[str, dict[str, Any]] = {}
    for batch_id in sorted(batch_ids, key=lambda name: name.startswith(AGAIN)):
        said = read_manifest(batches_dir(home) / batch_id)["outcomes"]
        is_first = not batch_id.startswith(AGAIN)
        outcomes |= {name: outcome for name, outcome in said.items() if is_first or name in outcomes}
    returned = [
        ReturnedFile(submission_id, outcome["landing_path"], outcome["first_message"] or "")
        for submission_id, outcome in outcomes.items()
        if outcome["verdict"] == "returned"
    ]
    accepted = [outcome for outcome in outcomes.values() if outcome["verdict"] == "accepted"]
    return IngestResult(
        files=len(outcomes),
        accepted=sum(1 for outcome in accepted if not outcome["rejected_rows"]),
        with_rejections=sum(1 for outcome in accepted if outcome["rejected_rows"]),
        returned=sorted(returned, key=lambda file: file.landing_path),
        batches=list(batch_ids),
        troubles=list(troubles),
    )
