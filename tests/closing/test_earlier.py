"""A closing whose prize asks persons for one of an earlier closing, when that one is issued anew without somebody.

The plan is Cần Thơ's own; the closings are frozen, answered, approved and issued as always, over rows as a warehouse
would give them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from thidua.clock import parse_instant
from thidua.closing import approve as approving
from thidua.closing import basis as basing
from thidua.closing import compute as computing
from thidua.closing.answers import record_answer
from thidua.closing.approve import Refused, approve, issue
from thidua.closing.close import Closing, examine, prepare, record_order
from thidua.closing.compute import Table
from thidua.closing.earlier import asked_of_persons
from thidua.closing.named import who_qualifies
from thidua.closing.questions import STAYS_OPEN
from thidua.closing.reproduce import reproduce
from thidua.errors import ThiduaError
from thidua.lake.decisions import load_decisions
from thidua.lake.officials import Official
from thidua.orchestration.closing_steps import approval_text
from thidua.plan.snapshots import record_snapshots
from thidua.settings import Home

from tests.closing import made_up

CAMPAIGN, WAVE, YEAR = "can-tho-2023", "wave-1", "year-2023"
CAMPAIGNS = Path(__file__).parents[2] / "campaigns"
AN, BINH = {"unit_id": "a", "name": "Lê Văn An"}, {"unit_id": "b", "name": "Vũ Bình"}
POOL = {WAVE: "pool:giay_khen_person:all", "wave-2": "pool:giay_khen_person:all", YEAR: "pool:bang_khen_person:all"}


def _built(_: Path, period_id: str) -> tuple[dict[str, Table], dict[str, list[dict[str, Any]]]]:
    """What a build would give: one pool for persons, without limit."""
    pool = made_up.line(
        POOL[period_id].split(":")[1], None, "undecided", status_reason="decision", places=None, recipient_kind="person",
        campaign_id=CAMPAIGN, period_id=period_id, bloc_id=None,
    )  # fmt: skip
    names = ("dim_unit", "dim_campaign", "fct_ranking", "fct_eligibility", "fct_nomination_quota", "fct_unit_candidate")
    marts: dict[str, list[dict[str, Any]]] = {
        name: [] for name in (*names, "dim_reading", "fct_gate_result", "fct_prize_condition", "fct_reporting")
    }
    marts |= {"dim_unit": made_up.MARTS["dim_unit"], "fct_award": [pool]}
    columns = {name: "bigint" if name in {"multiplier", "places"} else "varchar" for name in pool}
    tables = {
        name: Table(
            columns if name == "fct_award" else dict.fromkeys(rows[0] if rows else ["unit_id"], "varchar"), rows
        )
        for name, rows in marts.items()
    }
    gates = [
        {"gate_id": "one_giay_khen_person", "prize_id": "giay_khen_person", "quantifier": "any", "in_period_id": wave}
        for wave in ("wave-1", "wave-2", "wave-3")
    ]
    asked = gates if period_id == YEAR else []
    rests_on = [{"in_period_id": gate["in_period_id"]} for gate in asked]
    return tables, {"touched": [], "gates": [], "person_gates": asked, "rests_on": rests_on}


class Council:
    """People around the closings of one lake; each thing they do is a minute after the one before."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._minutes: Iterator[int] = iter(range(60 * 24))

    def now(self) -> Any:
        minute = next(self._minutes)
        return parse_instant(f"2024-01-05T{minute // 60:02}:{minute % 60:02}:00")

    def close(self, period_id: str) -> Closing:
        return prepare(self.home, None, CAMPAIGN, period_id, self.now())

    def look(self, period_id: str) -> Closing:
        return examine(self.home, CAMPAIGN, period_id, self.now())

    def answer(self, period_id: str, question_id: str, value: Any) -> None:
        question = self.look(period_id).question(question_id)
        record_answer(
            self.home, CAMPAIGN, period_id, question, value, decided_by="Hội đồng", at=self.now(), reason="Biên bản"
        )

    def approve(self, period_id: str, user: str) -> None:
        seen = self.look(period_id).content_hash or ""
        approve(self.home, CAMPAIGN, period_id, user=user, role="op", seen=seen, at=self.now())

    def issue(self, period_id: str) -> Official:
        for user in ("an", "binh"):
            self.approve(period_id, user)
        return issue(self.home, CAMPAIGN, period_id, self.now())

    def reissue(self, period_id: str) -> None:
        record_order(self.home, CAMPAIGN, period_id, decided_by="Giám đốc", at=self.now(), reason="Kết luận kiểm tra")
        self.close(period_id)

    def named(self, period_id: str) -> list[str]:
        computed = self.look(period_id).computed
        assert computed is not None
        return [row["name"] for row in computed.rows("persons")]


@pytest.fixture
def council(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Council:
    """The wave has praised both; the year names both, and is not approved yet."""
    monkeypatch.setattr(computing, "compute", lambda *_, **__: None)
    monkeypatch.setattr(computing, "_take", _built)
    council = Council(Home(tmp_path / "home"))
    shutil.copytree(CAMPAIGNS / CAMPAIGN, tmp_path / "campaigns" / CAMPAIGN)
    record_snapshots(council.home, tmp_path / "campaigns", council.now())
    assert council.close(WAVE).state == "questions"
    council.answer(WAVE, POOL[WAVE], [AN, BINH])
    assert council.issue(WAVE).version == 1
    council.close(YEAR)
    council.answer(YEAR, POOL[YEAR], [AN, {**BINH, "name": "VŨ  BÌNH"}])
    for wave in ("wave-2", "wave-3"):
        council.answer(YEAR, f"earlier:{wave}", STAYS_OPEN)
    assert council.look(YEAR).state == "ready"
    return council


def as_before(council: Council, monkeypatch: pytest.MonkeyPatch, answers: list[dict[str, str]]) -> Official:
    """A version of the year as it was made before gates held names: its answer says nothing of whom one could name, and
    its manifest neither rules nor what it rests on."""
    commit = approving.commit_version

    def commit_before(home: Home, folder: Path, content: dict[str, Any]) -> Official:
        return commit(home, folder, {key: content[key] for key in content if key not in {"rules", "rests_on"}})

    with monkeypatch.context() as before:
        before.setattr(basing, "RULES", 1)
        before.setattr(approving, "commit_version", commit_before)
        before.setattr("thidua.closing.questions.who_qualifies", lambda _: None)
        before.setattr("thidua.closing.questions.standing_names", lambda *_: [])
        council.answer(YEAR, POOL[YEAR], answers)
        for one in council.look(YEAR).earlier:
            council.answer(YEAR, f"earlier:{one.period_id}", STAYS_OPEN)
        return council.issue(YEAR)


def issue_the_wave_without_an(council: Council) -> None:
    council.reissue(WAVE)
    council.answer(WAVE, "excluded_persons", [AN])
    council.answer(WAVE, POOL[WAVE], [BINH])
    assert council.issue(WAVE).version == 2


def test_who_is_praised_no_more_is_not_awarded_for_it(council: Council) -> None:
    issue_the_wave_without_an(council)
    council.reissue(YEAR)
    assert council.named(YEAR) == ["VŨ BÌNH"], "of the wave its last version counts"
    closing = council.look(YEAR)
    question = closing.question(POOL[YEAR])
    assert question.is_open and "(Đơn vị A)" in question.text and "no longer holds the earlier prize" in question.text
    assert "không khen / named, not awarded (Đơn vị A)" in approval_text(closing)
    with pytest.raises(Refused, match="still to be decided"):
        council.approve(YEAR, "an")
    with pytest.raises(ThiduaError, match="Lê Văn An holds none of the prizes"):
        council.answer(YEAR, POOL[YEAR], [AN, BINH])
    council.answer(YEAR, POOL[YEAR], [BINH])
    assert [row["name"] for row in council.issue(YEAR).rows("persons")] == ["Vũ Bình"]


def test_provisional_figures_ask_for_the_same(council: Council) -> None:
    """Of a period that is not frozen the plan and the lake are asked, not a build."""
    issue_the_wave_without_an(council)
    asked = asked_of_persons(council.home, CAMPAIGN, YEAR, load_decisions(council.home))
    assert asked["person_gates"] == _built(Path(), YEAR)[1]["person_gates"]
    assert asked["earlier_persons"] == [{"period_id": WAVE, "prize_id": "giay_khen_person", **BINH}]


def test_who_may_be_chosen_now_is_asked_about(council: Council) -> None:
    council.reissue(WAVE)
    council.answer(WAVE, POOL[WAVE], [AN, BINH, {"unit_id": "d", "name": "Trần Chi"}])
    council.issue(WAVE)
    council.reissue(YEAR)
    assert council.look(YEAR).question(POOL[YEAR]).is_open, "one more could be named than when it was answered"


def test_a_version_that_came_after_the_freeze_is_not_passed_over(council: Council) -> None:
    council.approve(YEAR, "an")
    issue_the_wave_without_an(council)
    closing = council.look(YEAR)
    assert closing.state == "questions" and [one.question_id for one in closing.open_questions] == ["earlier:wave-1"]
    with pytest.raises(Refused, match="still to be decided: earlier:wave-1"):
        council.approve(YEAR, "binh")
    with pytest.raises(Refused, match="approved"):
        issue(council.home, CAMPAIGN, YEAR, council.now())
    council.answer(YEAR, "earlier:wave-1", STAYS_OPEN)
    assert council.look(YEAR).state == "ready", "the approval was of what nobody had been told of"
    assert "wave-1 has version 2" in approval_text(council.look(YEAR))
    assert len(council.issue(YEAR).rows("persons")) == 2, "as it was frozen, knowingly"
    closed = council.look(YEAR)
    assert closed.state == "closed" and "wave-1 has version 2" in str(closed.earlier[0])
    council.reissue(WAVE)
    council.issue(WAVE)
    council.reissue(YEAR)
    assert [one.period_id for one in council.look(YEAR).earlier] == ["wave-2", "wave-3"], "it rests on what counts now"


def test_a_closing_that_rests_on_one_that_is_open_asks_about_it(council: Council) -> None:
    """Units count there by the council's decisions so far, which nobody has approved."""
    question = council.look(YEAR).question("earlier:wave-2")
    assert not question.is_open and "wave-2 has no official version" in question.text
    council.close("wave-2")
    council.answer("wave-2", POOL["wave-2"], [])
    council.issue("wave-2")
    question = council.look(YEAR).question("earlier:wave-2")
    assert question.is_open and "wave-2 has version 1 now" in question.text


def test_that_a_later_version_came_is_answered_for_that_version_alone(council: Council) -> None:
    issue_the_wave_without_an(council)
    council.answer(YEAR, "earlier:wave-1", STAYS_OPEN)
    council.reissue(WAVE)
    council.issue(WAVE)
    assert council.look(YEAR).question("earlier:wave-1").is_open


def test_a_version_from_before_comes_out_again(council: Council, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer on its pool rests on what was asked then: the pool stays settled."""
    official = as_before(council, monkeypatch, [AN])
    (settle,) = [
        one
        for one in load_decisions(council.home)
        if one["kind"] == "settle" and one["subject"]["question_id"] == POOL[YEAR] and one["withdraws"] is None
    ][-1:]
    assert "/" not in settle["subject"]["basis"] and len(official.rows("awards")) == 1
    found = reproduce(council.home, CAMPAIGN, YEAR)
    assert found.is_identical, found
    issue_the_wave_without_an(council)
    assert {one.period_id for one in council.look(YEAR).earlier} == {"wave-1", "wave-2", "wave-3"}, "its plan says so"


def test_a_version_from_before_keeps_whom_it_awarded(council: Council, monkeypatch: pytest.MonkeyPatch) -> None:
    """An was awarded by the rules of then though the wave had taken its praise back; by those of now he is not."""
    issue_the_wave_without_an(council)
    council.reissue(YEAR)
    monkeypatch.setattr("thidua.closing.answers._persons", lambda _, answer: answer)
    official = as_before(council, monkeypatch, [AN, BINH, {**BINH, "name": "VŨ BÌNH"}])
    assert len(official.rows("persons")) == 3 and "rules" not in official.manifest
    found = reproduce(council.home, CAMPAIGN, YEAR)
    assert found.is_identical, found
    council.reissue(YEAR)
    assert len(council.named(YEAR)) == 1, "a version made now is made by the rules of now"
    council.answer(YEAR, POOL[YEAR], [BINH])
    for wave in ("wave-2", "wave-3"):
        council.answer(YEAR, f"earlier:{wave}", STAYS_OPEN)
    assert council.issue(YEAR).manifest["rules"] == 2
    assert reproduce(council.home, CAMPAIGN, YEAR).is_identical


@pytest.mark.parametrize("quantifier", ["all", "any"])
def test_however_a_name_is_written_it_is_one_person(quantifier: str) -> None:
    gate = {"gate_id": "g", "prize_id": "p", "quantifier": quantifier}
    held = [("wave-1", "Vũ Bình"), ("wave-2", "VŨ  BÌNH")]
    marts = {
        "person_gates": [{**gate, "in_period_id": wave} for wave, _ in held],
        "earlier_persons": [{"period_id": wave, "prize_id": "p", "unit_id": "b", "name": name} for wave, name in held],
    }
    assert who_qualifies(marts) == [["b", "Vũ Bình"]]
