"""The register of decisions: who decided what and why, whether it stands, and what it did to the file it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from thidua.lake.decisions import Decision, load_decisions
from thidua.lake.judgements import Judgement, judgements, wanted
from thidua.lake.receipts import load_receipts
from thidua.settings import Home

Status = Literal["in_force", "waiting", "withdrawn", "withdrawal"]


@dataclass(frozen=True)
class Effect:
    """What one file was before a decision and is with it. `before` None: it was judged with it from the first."""

    submission_id: str
    landing_path: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """`status` waiting: a file it names is not judged with it yet; the next ingest does that."""

    decision: Decision
    status: Status
    effects: tuple[Effect, ...] = ()


def register(home: Home, campaign_id: str | None = None) -> list[Entry]:
    """All decisions of a campaign, or of all, the latest first."""
    decisions = load_decisions(home)
    withdrawn = {one["withdraws"] for one in decisions if one["withdraws"]}
    paths = {receipt.submission_id: receipt.landing_path for receipt in load_receipts(home)}
    late = {one.receipt.submission_id for one in wanted(home)}
    made = judgements(home)
    entries = []
    for decision in reversed(decisions):
        if campaign_id not in (None, decision["campaign_id"]):
            continue
        effects = tuple(_effects(decision, made, paths))
        status: Status = "in_force"
        if decision["withdraws"]:
            status = "withdrawal"
        elif decision["decision_id"] in withdrawn:
            status = "withdrawn"
        elif any(one not in paths or one in late for one in _files_of(decision)):
            status = "waiting"
        entries.append(Entry(decision, status, effects))
    return entries


def _files_of(decision: Decision) -> list[str]:
    subject = decision["subject"]
    named = subject.get("submission_ids") or [subject.get("submission_id")]
    return [one for one in named if one]


def _effects(decision: Decision, made: Mapping[str, list[Judgement]], paths: Mapping[str, str]) -> list[Effect]:
    """The files that were judged again because of a decision: at the instant that it was recorded."""
    found = []
    for submission_id, some in made.items():
        for number, judgement in enumerate(some):
            is_its_own = (
                judgement.effective_at is not None
                and judgement.effective_at.isoformat() == decision["recorded_at"]
                and decision["decision_id"] in judgement.decisions
            )
            if is_its_own:
                before = some[number - 1].outcome if number else None
                found.append(Effect(submission_id, paths.get(submission_id, "?"), before, judgement.outcome))
    return found
