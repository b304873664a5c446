"""Which judgement of a submission counts, and which are still to be made.

A submission is judged from its receipt with what was decided until then, and again at each later decision that asks
for it: its judgements are a function of receipts and decisions, whatever order they came in and however often a process
died. `decisions` of a judgement are all entries that were in view, so of two judgements of one instant the one that saw
more counts: entries are only ever added.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from thidua.lake.batches import AGAIN, list_batches, read_manifest
from thidua.lake.decisions import Decision, load_decisions
from thidua.lake.deletions import is_deleted
from thidua.lake.receipts import Receipt, load_receipts
from thidua.plan.registry import same_name_keys
from thidua.settings import Home

# Decisions that change what a file itself shows; all others are the build's.
OF_A_FILE = frozenset({"waive", "exclude_row", "rejudge"})
OF_A_NAME = "name_unit"
_FIELDS = {
    "waive": {"submission_id", "rule_id"},
    "exclude_row": {"submission_id", "line_number"},
    "name_unit": {"name", "unit_id"},
}
_BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Judgement:
    """What one batch says of one submission. `effective_at` None: as received."""

    submission_id: str
    batch: Path
    effective_at: datetime | None
    decisions: frozenset[str]
    judged_at: str
    outcome: Mapping[str, Any]

    @property
    def order(self) -> tuple[datetime, int, str]:
        return self.effective_at or _BEGINNING, len(self.decisions), self.batch.name


def judgements(home: Home, submission_ids: Collection[str] | None = None) -> dict[str, list[Judgement]]:
    """submission_id -> its judgements, the one that counts last."""
    found: dict[str, list[Judgement]] = defaultdict(list)
    for batch in list_batches(home):
        manifest = read_manifest(batch)
        effective_at = manifest.get("effective_at")
        for submission_id in manifest["submission_ids"]:
            if submission_ids is None or submission_id in submission_ids:
                found[submission_id].append(
                    Judgement(
                        submission_id,
                        batch,
                        datetime.fromisoformat(effective_at) if effective_at else None,
                        frozenset(manifest.get("decisions", {}).get(submission_id, ())),
                        manifest["judged_at"],
                        manifest.get("outcomes", {}).get(submission_id, {}),
                    )
                )
    return {submission_id: sorted(some, key=lambda one: one.order) for submission_id, some in found.items()}


def overruled(home: Home, known_at: datetime | None = None) -> list[tuple[str, str]]:
    """(submission, batch) of each judgement that another one overruled, or that was not made yet at `known_at`."""
    if not any(batch.name.startswith(AGAIN) for batch in list_batches(home)):
        return []
    found = []
    for submission_id, some in judgements(home).items():
        known = [one for one in some if known_at is None or one.effective_at is None or one.effective_at <= known_at]
        found += [(submission_id, one.batch.name) for one in some if one is not known[-1]]
    return sorted(found)


class Entries:
    """The decisions that judgements take into account, with those that withdraw them."""

    def __init__(self, decisions: Iterable[Decision]) -> None:
        every = list(decisions)
        self._of_names: dict[str, list[Decision]] = defaultdict(list)
        self._of_files: dict[str, list[Decision]] = defaultdict(list)
        withdrawals: dict[str, list[Decision]] = defaultdict(list)
        for decision in every:
            if decision["withdraws"]:
                withdrawals[decision["withdraws"]].append(decision)
        for decision in every:
            subject, both = decision["subject"], [decision, *withdrawals[decision["decision_id"]]]
            # What somebody wrote by hand and left incomplete says nothing, and stops nobody.
            if not _FIELDS.get(decision["kind"], set()) <= subject.keys():
                continue
            if decision["kind"] == OF_A_NAME:
                self._of_names[decision["campaign_id"]] += both
            elif decision["kind"] in OF_A_FILE:
                for submission_id in subject.get("submission_ids") or [subject.get("submission_id")]:
                    self._of_files[submission_id] += both

    def of(self, receipt: Receipt, until: datetime | None = None) -> list[Decision]:
        """Those on one submission or on names of its campaign, recorded until then (None: all), in their order."""
        found = self._of_names.get(receipt.campaign_id, []) + self._of_files.get(receipt.submission_id, [])
        known = [decision for decision in found if until is None or _recorded(decision) <= until]
        return sorted(known, key=lambda decision: (_recorded(decision), decision["decision_id"]))


def _recorded(decision: Decision) -> datetime:
    return datetime.fromisoformat(decision["recorded_at"])


@dataclass(frozen=True)
class Wanted:
    """A judgement that decisions ask for and no batch holds. `effective_at` None: as received, with more in view."""

    receipt: Receipt
    effective_at: datetime | None


def wanted(home: Home) -> list[Wanted]:
    """For each submission judged already the next judgement to make, in order of receipt; none where all are made.

    What retention deleted cannot be judged again: its last judgement stands.
    """
    decisions = load_decisions(home)
    if not any(decision["kind"] in OF_A_FILE or decision["kind"] == OF_A_NAME for decision in decisions):
        return []
    entries, names = Entries(decisions), _UnknownNames()
    own = {receipt: found for receipt in load_receipts(home) if (found := entries.of(receipt))}
    made = judgements(home, {receipt.submission_id for receipt in own})
    asked = (
        _next(receipt, made[receipt.submission_id], some, names)
        for receipt, some in own.items()
        if receipt.submission_id in made
    )
    return [one for one in asked if one and not is_deleted(home, one.receipt.content_sha256)]


def asked_of(home: Home, decision: Decision) -> list[Receipt]:
    """The submissions that a decision asks to be judged again, as if it were recorded now."""
    entries, names = Entries([decision]), _UnknownNames()
    own = [receipt for receipt in load_receipts(home) if entries.of(receipt)]
    made = judgements(home, {receipt.submission_id for receipt in own})
    return [
        receipt
        for receipt in own
        if receipt.submission_id in made
        and not is_deleted(home, receipt.content_sha256)
        and (
            decision["kind"] != OF_A_NAME
            or names.stand_in(made[receipt.submission_id][-1], receipt.file_name, decision["subject"]["name"])
        )
    ]


def _next(
    receipt: Receipt, made: Sequence[Judgement], decisions: Sequence[Decision], names: _UnknownNames
) -> Wanted | None:
    def asks(decision: Decision, judgement: Judgement) -> bool:
        """Whether an entry that a judgement did not see would change it."""
        if decision["decision_id"] in judgement.decisions:
            return False
        if decision["withdraws"]:
            return decision["withdraws"] in judgement.decisions
        if decision["kind"] == OF_A_NAME:
            return names.stand_in(judgement, receipt.file_name, decision["subject"]["name"])
        return True

    def latest_at(instant: datetime | None) -> Judgement | None:
        found = [one for one in made if one.effective_at == instant]
        return found[-1] if found else None

    current = latest_at(None)
    if current is None or any(asks(one, current) for one in decisions if _recorded(one) <= receipt.received):
        return Wanted(receipt, None)
    later = [decision for decision in decisions if _recorded(decision) > receipt.received]
    for instant, group in groupby(later, key=_recorded):
        at = latest_at(instant)
        if at is None:
            if any(asks(decision, current) for decision in group):
                return Wanted(receipt, instant)
        elif any(asks(decision, at) for decision in decisions if _recorded(decision) <= instant):
            return Wanted(receipt, instant)
        else:
            current = at
    return None


class _UnknownNames:
    """The unit names that a judgement did not know, read once for each batch and only when somebody asks."""

    def __init__(self) -> None:
        self._of_batch: dict[Path, dict[str, set[tuple[str, str]]]] = {}

    def stand_in(self, judgement: Judgement, file_name: str, name: str) -> bool:
        """Whether a name that was decided stands in the file unrecognised: in its rows, or as the file's own name."""
        keys = set(same_name_keys(name))
        outcome = judgement.outcome
        if outcome.get("verdict") == "accepted" and not outcome.get("rejected_rows"):
            return False
        if judgement.batch not in self._of_batch:
            self._of_batch[judgement.batch] = unknown_names(judgement.batch)
        stem = file_name.rsplit(".", 1)[0]
        told = set(same_name_keys(stem.rsplit("_", 1)[0]))
        return bool(keys & (self._of_batch[judgement.batch].get(judgement.submission_id, set()) | told))


def unknown_names(batch: Path) -> dict[str, set[tuple[str, str]]]:
    """submission_id -> keys of the texts in a batch that are no unit, or no single one."""
    import duckdb

    rows = duckdb.execute(
        r"""
        select distinct submission_id, value from read_parquet($1)
        where value is not null and (rule_id like '%\_unknown' escape '\' or rule_id like '%\_ambiguous' escape '\')
        """,
        [str(batch / "rejected_rows.parquet")],
    ).fetchall()
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for submission_id, value in rows:
        found[submission_id].update(same_name_keys(value))
    return found
