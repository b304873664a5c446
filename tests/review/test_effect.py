"""From question to effect: what is open, what a decision does to the marts, and that no other way leads elsewhere."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from thidua.intake.ingest import ingest
from thidua.review.decide import decide, follow
from thidua.review.questions import Question, find_question, open_questions
from thidua.settings import Home
from thidua.warehouse.build import build
from thidua.warehouse.publish import publish

from tests.property.content import differing, marts_of
from tests.review.conftest import CAMPAIGN, NOW

pytestmark = pytest.mark.slow(seconds=15)

BUILT = NOW + timedelta(minutes=1)
DECIDED = NOW + timedelta(hours=1)
AFTER = NOW + timedelta(hours=2)


def test_questions_are_decided_and_the_marts_follow(
    judged: Path, campaigns: Path, ids: dict[str, str], tmp_path: Path
) -> None:
    shutil.copytree(judged, tmp_path / "home")
    home = Home(tmp_path / "home")
    build(home, campaigns, BUILT)
    publish(home)
    before = marts_of(home.serve / "current" / "marts.duckdb")

    asked = open_questions(home, CAMPAIGN, BUILT)
    by_kind: dict[str, list[Question]] = {}
    for question in asked:
        by_kind.setdefault(question.kind, []).append(question)
    assert {kind: len(some) for kind, some in by_kind.items()} == {
        "returned_file": 4,  # the total, the two words, the nickname, the stale resend
        "unknown_name": 1,
        "missing_report": 1,  # of u-4; the others were returned
        "gate": 4,
    }
    assert asked == sorted(asked, key=lambda question: question.since)
    assert find_question(home, asked[0].question_id, BUILT) == asked[0]
    (name,) = by_kind["unknown_name"]
    assert name.title == "Tên đơn vị chưa nhận ra: 'Vùng Cao' / which unit does this name mean?"
    total = next(one for one in by_kind["returned_file"] if one.subject["submission_id"] == ids["total"])
    assert [answer.kind for answer in total.answers] == ["waive", "rejudge"] and total.unit_id == "u-2"

    def say(kind: str, **subject: object) -> None:
        decide(
            home,
            campaigns,
            campaign_id=CAMPAIGN,
            kind=kind,
            subject=subject,
            decided_by="minh",
            reason="đúng",
            now=DECIDED,
        )

    say("waive", submission_id=ids["total"], rule_id="total_differs")
    say("waive", submission_id=ids["u-1_stale"], rule_id="stale_resend")
    say("exclude_row", submission_id=ids["two-words"], line_number=2)
    say("name_unit", name="vùng cao", unit_id="u-4")
    say("gate", period_id="q2", gate_id="quality", unit_id="u-1", result="pass")
    assert {one.kind for one in open_questions(home, CAMPAIGN, BUILT)} == {"gate", "missing_report"}, (
        "what was decided is not asked again, though no build has seen it"
    )
    assert len(follow(home, campaigns, DECIDED)) == 1
    result = build(home, campaigns, AFTER)
    assert result.did_work and not result.is_full
    publish(home)

    with duckdb.connect(str(home.serve / "current" / "marts.duckdb"), read_only=True) as served:
        served.execute("use marts.marts")
        figures = dict(served.execute("select unit_id, value from fct_figure where origin = 'reported'").fetchall())
        outcomes = dict(served.execute("select submission_id, outcome from fct_submission").fetchall())
        statuses = dict(served.execute("select from_unit_id, status from fct_reporting").fetchall())
        decisions = served.execute("select kind, status, submission_outcome from fct_decision order by kind").fetchall()
    assert figures == {"u-1": 7, "u-2": 5, "u-3": 9, "u-4": 6}
    assert set(outcomes.values()) == {"accepted"}
    assert statuses == dict.fromkeys(("u-1", "u-2", "u-3", "u-4"), "on_time"), "received_at stays"
    assert decisions == [
        ("exclude_row", "in_force", "accepted"),
        ("gate", "in_force", None),
        ("name_unit", "in_force", None),
        ("waive", "in_force", "accepted"),
        ("waive", "in_force", "accepted"),
    ]
    left = open_questions(home, CAMPAIGN, AFTER)
    assert [one.kind for one in left].count("gate") == 3
    (award,) = [one for one in left if one.kind == "award"]
    assert award.answers[0].asks == {"unit_id": ["u-1"]}, "the one unit that passed both gates"

    # The same lake rebuilt from nothing, another one that got everything at once, and what was known before.
    incremental = marts_of(home.db)
    assert not build(home, campaigns, AFTER).did_work
    assert differing(marts_of(at_once(home, campaigns, tmp_path)), incremental) == {}
    known = marts_of(build(home, campaigns, BUILT, known_at=BUILT).database)
    assert differing(known, before) == {}


def at_once(home: Home, campaigns: Path, folder: Path) -> Path:
    """The database of a lake that has the same files and decisions, judged and built for the first time."""
    other = Home(folder / "at-once")
    shutil.copytree(home.landing, other.landing)
    shutil.copytree(home.lake / "decisions", other.lake / "decisions")
    ingest(other, campaigns, AFTER, explicit_now=True, settle_seconds=0.01)
    return build(other, campaigns, AFTER).database
