"""What is asked at a closing, which answers are taken, and that a kill or a repetition changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from thidua.clock import parse_instant
from thidua.closing import answers
from thidua.closing.answers import record_answer
from thidua.closing.basis import basis_of
from thidua.closing.questions import Question, fillings, find_questions
from thidua.errors import ThiduaError
from thidua.lake.decisions import in_force, load_decisions, record_decision
from thidua.lake.officials import load_freezes
from thidua.settings import Home

from tests.closing import made_up
from tests.closing.made_up import CAMPAIGN, PERIOD

*OTHER_AWARDS, CUP = made_up.AWARDS


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    made_up.freeze(home)
    return home


def asked(home: Home) -> dict[str, Question]:
    (freeze,) = load_freezes(home, CAMPAIGN, PERIOD)
    computed = made_up.compute(home, basis_of(home, freeze, parse_instant("2024-01-01")))
    return {question.question_id: question for question in find_questions(computed)}


def answer(home: Home, question_id: str, value: Any, at: str = "2023-07-06") -> list[dict[str, Any]]:
    (question,) = [one for key, one in asked(home).items() if key.startswith(question_id)]
    return record_answer(
        home, CAMPAIGN, PERIOD, question, value, decided_by="Hội đồng", at=parse_instant(at), reason="Biên bản"
    )


def standing(home: Home) -> list[tuple[str, dict[str, Any]]]:
    return [(one["kind"], one["subject"]) for one in in_force(load_decisions(home)) if one["kind"] != "settle"]


def test_what_is_asked(home: Home) -> None:
    questions = asked(home)
    opened = {key.split(":")[0] for key, question in questions.items() if question.is_open}
    assert opened == {"tie", "exclusions", "nomination", "pool"}
    assert not questions["reading:day"].is_required and questions["reading:day"].choices["options"] == [
        "closing",
        "start",
    ]
    (tie,) = [question for question in questions.values() if question.kind == "tie"]
    assert (tie.amount_min, tie.amount_max) == (500 + 1000, 900 + 700)
    assert questions["pool:cup:all"].choices == {"units": ["a", "b"], "places": 1}, (
        "who fails a condition is no candidate"
    )


def test_a_tie_that_reaches_beyond_the_ladder_leaves_somebody_without() -> None:
    ways = fillings(["x", "y", "z"], {"fourth": 2, "none": 1})
    assert len(ways) == 3 and all(sorted(way.values()) == ["fourth", "fourth", "none"] for way in ways)


def test_answers_settle_what_is_asked(home: Home) -> None:
    answer(home, "tie", {"a": "second", "b": "first"})
    answer(home, "exclusions", [])
    answer(home, "pool", ["b"])
    answer(home, "nomination", [{"unit_id": "d", "name": "Lê  Văn An"}, {"unit_id": "d", "name": "Vũ Bình"}])
    assert not [question for question in asked(home).values() if question.is_open]
    assert ("award", {"period_id": PERIOD, "prize_id": "cup", "authority_unit_id": None, "unit_id": "b"}) in standing(
        home
    )
    assert {subject["name"] for kind, subject in standing(home) if kind == "award_person"} == {"Lê Văn An", "Vũ Bình"}


WRONG: dict[str, tuple[str, Any, str]] = {
    "a tied unit forgotten": ("tie", {"a": "first"}, "each tied unit once"),
    "a prize given twice": ("tie", {"a": "first", "b": "first"}, "each place once"),
    "a prize out of reach": ("tie", {"a": "third", "b": "first"}, "first × 1, second × 1"),
    "an unknown unit": ("exclusions", ["x"], "may not be chosen: x"),
    "no list": ("exclusions", "a", "not a list of units"),
    "more than the places": ("pool", ["a", "b"], "1 at most"),
    "who is no candidate": ("pool", ["d"], "may not be chosen: d"),
    "more than the quota": ("nomination", [{"unit_id": "d", "name": name} for name in "xyz"], "2 at most"),
    "another unit's person": ("nomination", [{"unit_id": "a", "name": "x"}], "nobody to name here"),
    "a person without a name": ("nomination", [{"unit_id": "d", "name": " "}], "without a name"),
    "an unknown option": ("reading", "sometimes", "allowed: closing, start"),
}


@pytest.mark.parametrize("reason", WRONG)
def test_an_answer_that_is_none_is_refused(home: Home, reason: str) -> None:
    question_id, value, said = WRONG[reason]
    with pytest.raises(ThiduaError) as refused:
        answer(home, question_id, value)
    assert said in refused.value.message and "không hợp lệ" in refused.value.message
    assert load_decisions(home) == []


def test_an_excluded_person_cannot_be_named(home: Home) -> None:
    answer(home, "excluded_persons", [{"unit_id": "d", "name": "Vũ Bình"}])
    with pytest.raises(ThiduaError, match="VŨ BÌNH is excluded"):
        answer(home, "nomination", [{"unit_id": "d", "name": "VŨ BÌNH"}])


def test_who_is_excluded_after_he_was_named_gets_nothing_and_his_place_is_asked_about(home: Home) -> None:
    answer(home, "nomination", [{"unit_id": "d", "name": "An"}, {"unit_id": "d", "name": "Vũ Bình"}])
    assert not asked(home)["nomination:person:d"].is_open
    answer(home, "excluded_persons", [{"unit_id": "d", "name": "vũ  bình"}], at="2023-07-07")
    assert asked(home)["nomination:person:d"].is_open
    assert [(row["unit_id"], row["amount"]) for row in awards(home, "person")] == [("d", 300)], "An alone"
    answer(home, "nomination", [{"unit_id": "d", "name": "An"}], at="2023-07-08")
    assert not asked(home)["nomination:person:d"].is_open, "fewer than the quota, knowingly"


def test_who_is_excluded_from_a_pool_opens_it(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    people_pool(monkeypatch, places=None)
    answer(home, "pool", TWO)
    answer(home, "excluded_persons", TWO[1:], at="2023-07-07")
    assert asked(home)["pool:cup:all"].is_open and cup_lines(home) == [("a", "awarded"), (None, "undecided")]
    answer(home, "pool", TWO[:1], at="2023-07-08")
    assert not asked(home)["pool:cup:all"].is_open and cup_lines(home) == [("a", "awarded")]


def test_a_share_of_a_list_that_nobody_gave_is_not_without_limit(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made_up, "AWARDS", [*made_up.AWARDS[:-1], {**made_up.AWARDS[-1], "places": None}])
    assert asked(home)["pool:cup:all"].kind == "units", "the plan sets no number: the council may"
    uncounted = {**CUP, "places": None, "status_reason": "no_participants"}
    monkeypatch.setattr(made_up, "AWARDS", [*OTHER_AWARDS, uncounted])
    assert "nothing is given" in asked(home)["pool:cup:all"].text
    with pytest.raises(ThiduaError, match="allowed: stays_open"):
        answer(home, "pool", ["a"])
    answer(home, "pool", "stays_open")
    assert not asked(home)["pool:cup:all"].is_open
    (freeze,) = load_freezes(home, CAMPAIGN, PERIOD)
    rows = made_up.compute(home, basis_of(home, freeze, parse_instant("2024-01-01"))).rows("awards")
    assert [row["status"] for row in rows if row["prize_id"] == "cup"] == ["undecided"], "left open, and said so"


def test_what_was_given_of_a_list_that_nobody_gave_is_taken_back(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    uncounted = {**CUP, "places": None, "status_reason": "no_participants"}
    given = made_up.line("cup", "a", "awarded")
    subject = {"period_id": PERIOD, "prize_id": "cup", "unit_id": "a"}
    record_decision(
        home, campaign_id=CAMPAIGN, kind="award", subject=subject, decided_by="Hội đồng", reason="Biên bản",
        recorded_at=parse_instant("2023-07-06"),
    )  # fmt: skip
    monkeypatch.setattr(made_up, "AWARDS", [*OTHER_AWARDS, {**uncounted, "status": "blocked"}, given])
    assert asked(home)["pool:cup:all"].is_open
    with pytest.raises(ThiduaError, match="0 at most"):
        answer(home, "pool", ["a"])
    answer(home, "pool", [])
    assert standing(home) == []
    monkeypatch.setattr(made_up, "AWARDS", [*OTHER_AWARDS, uncounted])
    assert asked(home)["pool:cup:all"].is_open and cup_lines(home) == [(None, "undecided")], (
        "to be left open, or listed"
    )


def test_an_answer_replaces_the_one_before(home: Home) -> None:
    answer(home, "pool", ["a"])
    answer(home, "pool", ["b"], at="2023-07-07")
    assert [subject["unit_id"] for kind, subject in standing(home) if kind == "award"] == ["b"]
    answer(home, "pool", [], at="2023-07-08")
    assert [kind for kind, _ in standing(home)] == [] and not asked(home)["pool:cup:all"].is_open
    before = load_decisions(home)
    answer(home, "pool", [], at="2023-07-09")
    assert load_decisions(home) == before, "said again it changes nothing"


def test_a_kill_between_two_decisions_of_an_answer_loses_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def killed_at_the_second(*arguments: Any, **more: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return record_decision(*arguments, **more)

    monkeypatch.setattr(answers, "record_decision", killed_at_the_second)
    persons = [{"unit_id": "d", "name": "An"}, {"unit_id": "d", "name": "Bình"}]
    with pytest.raises(KeyboardInterrupt):
        answer(home, "nomination", persons)
    assert asked(home)["nomination:person:d"].is_open, "half an answer is none"
    answer(home, "nomination", persons, at="2023-07-07")
    assert sorted(subject["name"] for _, subject in standing(home)) == ["An", "Bình"]
    assert not asked(home)["nomination:person:d"].is_open


def test_what_was_settled_is_asked_again_when_the_choices_change(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(home, "pool", [])
    assert not asked(home)["pool:cup:all"].is_open
    more = [*made_up.MARTS["fct_unit_candidate"][:2], {**made_up.MARTS["fct_unit_candidate"][2], "result": "pass"}]
    monkeypatch.setitem(made_up.MARTS, "fct_unit_candidate", more)
    assert asked(home)["pool:cup:all"].is_open


def cup_lines(home: Home) -> list[tuple[str | None, str]]:
    """(unit or None for the open pool, status) of the cup, as an approved version would have it."""
    return sorted(((row["unit_id"], row["status"]) for row in awards(home, "cup")), key=str)


def awards(home: Home, prize_id: str) -> list[dict[str, Any]]:
    (freeze,) = load_freezes(home, CAMPAIGN, PERIOD)
    rows = made_up.compute(home, basis_of(home, freeze, parse_instant("2024-01-01"))).rows("awards")
    return [row for row in rows if row["prize_id"] == prize_id]


def test_an_award_beyond_the_places_opens_what_was_settled(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(home, "pool", ["a"])
    assert not asked(home)["pool:cup:all"].is_open
    over = {**made_up.AWARDS[-1], "status": "blocked", "status_reason": "over_cap"}
    both = [made_up.line("cup", unit_id, "awarded") for unit_id in "ab"]
    monkeypatch.setattr(made_up, "AWARDS", [*made_up.AWARDS[:-1], over, *both])
    assert asked(home)["pool:cup:all"].is_open, "the choices are the same, but a decision gave one too many"
    assert (None, "blocked") in cup_lines(home)


@pytest.mark.parametrize("others", [[], ["a"]], ids=["the sole candidate", "one of some"])
@pytest.mark.parametrize("authority", [None, "d"])
def test_a_prize_is_taken_back_from_who_is_no_candidate_any_more(
    home: Home, monkeypatch: pytest.MonkeyPatch, others: list[str], authority: str | None
) -> None:
    """`thidua decide` gave it, naming no authority; then the unit was disqualified. There is no number of places."""

    def built(result: str) -> None:
        """What a warehouse would say: an award stands as long as its decision, whatever the unit is judged."""
        candidate = {"prize_id": "cup", "authority_unit_id": authority, "result": "pass"}
        units = [
            *({**candidate, "unit_id": unit_id} for unit_id in others),
            {**candidate, "unit_id": "b", "result": result},
        ]
        monkeypatch.setitem(made_up.MARTS, "fct_unit_candidate", units)
        pool = {**CUP, "authority_unit_id": authority, "places": None}
        given = [
            made_up.line("cup", subject["unit_id"], "awarded", authority_unit_id=authority)
            for kind, subject in standing(home) if kind == "award"
        ]  # fmt: skip
        monkeypatch.setattr(made_up, "AWARDS", [*OTHER_AWARDS, pool, *given])

    record_decision(
        home, campaign_id=CAMPAIGN, kind="award", subject={"period_id": PERIOD, "prize_id": "cup", "unit_id": "b"},
        decided_by="Hội đồng", reason="Biên bản", recorded_at=parse_instant("2023-07-06"),
    )  # fmt: skip
    question_id = f"pool:cup:{authority or 'all'}"
    built("pass")
    answer(home, question_id, [*others, "b"], at="2023-07-07")
    built("pass")
    assert not asked(home)[question_id].is_open
    built("fail")
    question = asked(home)[question_id]
    assert question.is_open and "Đơn vị B / hold it" in question.text
    answer(home, question_id, others, at="2023-07-08")
    built("fail")
    assert not asked(home)[question_id].is_open
    assert cup_lines(home) == [(unit_id, "awarded") for unit_id in others]


def test_an_award_to_who_was_never_a_candidate_opens_what_was_settled(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(home, "pool", [])
    stranger = made_up.line("cup", "d", "awarded")
    monkeypatch.setattr(made_up, "AWARDS", [*made_up.AWARDS, stranger])
    assert asked(home)["pool:cup:all"].is_open, "the choices are the same"


def people_pool(monkeypatch: pytest.MonkeyPatch, **more: Any) -> None:
    """The cup goes to persons, and to as many as `more` says."""
    pool = {**made_up.AWARDS[-1], "recipient_kind": "person", **more}
    monkeypatch.setattr(made_up, "AWARDS", [*made_up.AWARDS[:-1], pool])


TWO = [{"unit_id": "a", "name": "An"}, {"unit_id": "b", "name": "Bình"}]
FAILED = [{"prize_id": "cup", "unit_id": unit_id, "result": "fail"} for unit_id in "abd"]


@pytest.mark.parametrize(
    ("why", "pool", "conditions"),
    [
        ("a goal was missed", {"places": 0}, []),
        ("no unit is a candidate any more", {"places": None}, FAILED),
        ("nobody was listed", {"places": None, "status_reason": "no_participants"}, []),
    ],
)
def test_a_pool_with_nothing_to_give_pays_nobody_who_was_named(
    home: Home, monkeypatch: pytest.MonkeyPatch, why: str, pool: dict[str, Any], conditions: list[dict[str, Any]]
) -> None:
    people_pool(monkeypatch, places=2)
    answer(home, "pool", TWO)
    assert cup_lines(home) == [("a", "awarded"), ("b", "awarded")]
    people_pool(monkeypatch, **pool)
    monkeypatch.setitem(made_up.MARTS, "fct_prize_condition", conditions)
    assert [line for line in cup_lines(home) if line[1] == "awarded"] == [], why


def test_more_persons_than_places_are_cut_by_the_council(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    people_pool(monkeypatch, places=1)
    answer(home, "pool", TWO[:1])
    assert not asked(home)["pool:cup:all"].is_open
    more = {"period_id": PERIOD, "prize_id": "cup", "authority_unit_id": None, **TWO[1]}
    record_decision(
        home, campaign_id=CAMPAIGN, kind="award_person", subject=more, decided_by="Hội đồng", reason="Biên bản",
        recorded_at=parse_instant("2023-07-07"),
    )  # fmt: skip
    question = asked(home)["pool:cup:all"]
    assert question.is_open and "some must be cut" in question.text
    assert (None, "undecided") in cup_lines(home)
    answer(home, "pool", TWO[1:], at="2023-07-08")
    assert not asked(home)["pool:cup:all"].is_open and cup_lines(home) == [("b", "awarded")]


def test_a_plan_changed_after_the_start_is_accepted_by_two_people(tmp_path: Path) -> None:
    home = Home(tmp_path)
    plan = {"snapshot": "s", "plan_hash": "p" * 64, "files": {}, "changed": ["targets.csv"]}
    made_up.freeze(home, plan={**plan, "recorded_at": "2023-06-01T00:00:00+00:00"})
    (question,) = [one for one in asked(home).values() if one.kind == "plan_change"]
    assert question.is_open and "targets.csv" in question.text

    def accept(by: str) -> None:
        record_answer(
            home, CAMPAIGN, PERIOD, question, "accept", decided_by=by, at=parse_instant("2023-07-06"), reason="QĐ 12"
        )

    accept("Giám đốc")
    with pytest.raises(ThiduaError, match="accepted it already"):
        accept(" giám đốc ")
    assert asked(home)[question.question_id].is_open
    accept("Phó Giám đốc")
    assert not asked(home)[question.question_id].is_open


def test_a_plan_made_before_the_start_is_not_asked_about(tmp_path: Path) -> None:
    home = Home(tmp_path)
    plan = {"snapshot": "s", "plan_hash": "p", "files": {}, "changed": ["plan.yml"]}
    made_up.freeze(home, plan={**plan, "recorded_at": "2022-12-01T00:00:00+00:00"})
    assert [one for one in asked(home).values() if one.kind == "plan_change"] == []


def test_a_prize_that_asks_for_an_earlier_one_goes_to_who_was_awarded_it(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = {**made_up.AWARDS[-1], "recipient_kind": "person"}
    monkeypatch.setattr(made_up, "AWARDS", [*made_up.AWARDS[:-1], pool])
    gates = [
        {"gate_id": "one", "prize_id": "praise", "quantifier": "any", "in_period_id": wave} for wave in ("w1", "w2")
    ]
    monkeypatch.setitem(made_up.WORKING, "person_gates", gates)
    earlier = {"period_id": "w2", "prize_id": "praise", "unit_id": "a", "name": "Lê Văn An"}
    monkeypatch.setitem(made_up.WORKING, "earlier_persons", [earlier])
    with pytest.raises(ThiduaError, match="holds none of the prizes"):
        answer(home, "pool", [{"unit_id": "a", "name": "Vũ Bình"}])
    answer(home, "pool", [{"unit_id": "a", "name": "Lê Văn An"}])
    assert not asked(home)["pool:cup:all"].is_open


def test_a_person_belongs_to_the_nearest_authority() -> None:
    from thidua.closing.pools import below

    units = [
        {"unit_id": unit_id, "parent_unit_id": parent}
        for unit_id, parent in (("city", None), ("district", "city"), ("commune", "district"), ("post", "city"))
    ]
    assert below(units, "city", {"city", "district"}) == {"district", "post"}
    assert below(units, "district", {"city", "district"}) == {"commune"}
    assert below(units, None, {None}) == {"city", "district", "commune", "post"}
