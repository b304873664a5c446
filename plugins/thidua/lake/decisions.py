"""Decisions of people, entries of the lake like receipts. Unknown kinds are kept: later parts bring more."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from thidua.errors import ThiduaError
from thidua.lake.writing import put_entry
from thidua.settings import Home

Decision = dict[str, Any]


def decisions_dir(home: Home) -> Path:
    return home.lake / "decisions"


def record_decision(
    home: Home,
    *,
    campaign_id: str,
    kind: str,
    subject: Mapping[str, Any],
    decided_by: str,
    recorded_at: datetime,
    reason: str,
    withdraws: str | None = None,
    evidence: str | None = None,
) -> Decision:
    """Writes a decision once and returns it. The same decision at the same instant is one decision.

    The low-level writer: it asks nothing of the subject (review/decide.py does). `evidence`: the paper behind it.
    """
    missing = [
        name
        for name, value in (("campaign", campaign_id), ("decided by", decided_by), ("reason", reason))
        if not value.strip()
    ]
    if missing:
        raise ThiduaError(f"a decision needs {', '.join(missing)}; say who decided what, and why")
    content: Decision = {
        "campaign_id": campaign_id,
        "kind": kind,
        "subject": dict(subject),
        "decided_by": decided_by,
        "recorded_at": recorded_at.astimezone(UTC).isoformat(),
        "reason": reason,
        "withdraws": withdraws,
    }
    if evidence:
        content["evidence"] = evidence
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True)
    decision_id = hashlib.sha256(canonical.encode()).hexdigest()[:32]
    decision = {"decision_id": decision_id, **content}
    document = json.dumps(decision, ensure_ascii=False, indent=1).encode()
    put_entry(home, decisions_dir(home) / f"{decision_id}.json", document)
    return decision


def load_decisions(home: Home, known_at: datetime | None = None) -> list[Decision]:
    """Every decision recorded up to `known_at` (None: all), in order of (recorded_at, decision_id)."""
    folder = decisions_dir(home)
    if not folder.is_dir():
        return []
    decisions: list[Decision] = []
    for path in folder.iterdir():
        if path.suffix != ".json" or path.name.startswith("."):
            continue
        decision = json.loads(path.read_bytes())
        decision.setdefault("withdraws", None)
        if known_at is None or datetime.fromisoformat(decision["recorded_at"]) <= known_at:
            decisions.append(decision)
    return sorted(
        decisions, key=lambda decision: (datetime.fromisoformat(decision["recorded_at"]), decision["decision_id"])
    )


def in_force(decisions: Iterable[Decision]) -> list[Decision]:
    """Those that no other one withdraws, in the order given; withdrawals are not among them."""
    known = list(decisions)
    withdrawn = {decision["withdraws"] for decision in known if decision["withdraws"]}
    return [decision for decision in known if not decision["withdraws"] and decision["decision_id"] not in withdrawn]
