"""Decisions are entries of the lake: written once, listed in order, unknown kinds kept."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from thidua.errors import ThiduaError
from thidua.lake.decisions import load_decisions, record_decision
from thidua.settings import Home

AT = datetime(2023, 7, 4, 1, 0, tzinfo=UTC)


def decide(home: Home, kind: str, at: datetime = AT, **more):
    given = {"campaign_id": "c", "subject": {"submission_id": "s"}, "decided_by": "Hội đồng", "reason": "sai số"}
    return record_decision(home, kind=kind, recorded_at=at, **{**given, **more})


def test_decisions_are_written_once_and_known_at_an_instant(tmp_path: Path) -> None:
    home = Home(tmp_path)
    later = decide(home, "a_kind_of_a_later_part", AT.replace(hour=2))
    first = decide(home, "withdraw_submission")
    assert decide(home, "withdraw_submission") == first
    assert load_decisions(home) == [first, later]
    assert load_decisions(home, AT) == [first]
    undone = decide(home, "withdraw_submission", AT.replace(hour=3), withdraws=first["decision_id"])
    assert load_decisions(home)[-1]["withdraws"] == first["decision_id"] == undone["withdraws"]


@pytest.mark.parametrize("missing", ["decided_by", "reason"])
def test_a_decision_says_who_and_why(tmp_path: Path, missing: str) -> None:
    with pytest.raises(ThiduaError):
        decide(Home(tmp_path), "gate", **{missing: " "})
    assert load_decisions(Home(tmp_path)) == []
