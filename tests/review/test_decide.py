"""Decisions: what is refused and why, who wins, and what a record does to the judgements of a file."""

from __future__ import annotations

from datetime import datetime, timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest
from thidua.errors import ThiduaError
from thidua.intake.ingest import ingest
from thidua.lake.batches import list_batches
from thidua.lake.decisions import Decision, in_force, load_decisions
from thidua.lake.judgements import judgements, overruled, wanted
from thidua.review.decide import AlreadyDecided, NotAllowed, decide, follow, withdraw_decision
from thidua.review.facts import waivable_rules
from thidua.settings import Home

from tests.processes import CHILDREN
from tests.review.conftest import CAMPAIGN, FILES, HEAD, NOW, write_file

LATER = NOW + timedelta(hours=1)


def say(home: Home, campaigns: Path, kind: str, by: str = "minh", now: datetime = NOW, **subject: Any) -> Decision:
    return decide(
        home, campaigns, campaign_id=CAMPAIGN, kind=kind, subject=subject, decided_by=by, reason="Đã kiểm tra", now=now
    )


def outcome(home: Home, submission_id: str) -> tuple[str, int, int]:
    """(verdict, accepted rows, rejected rows) of the judgement that counts."""
    found = judgements(home, {submission_id})[submission_id][-1].outcome
    return found["verdict"], found["accepted_rows"], found["rejected_rows"]


def test_a_waived_total_lets_the_file_in(home: Home, campaigns: Path, ids: dict[str, str]) -> None:
    assert outcome(home, ids["total"])[0] == "returned"
    decision = say(home, campaigns, "waive", submission_id=ids["total"], rule_id="total_differs")
    assert outcome(home, ids["total"])[0] == "returned", "the record alone judges nothing"
    (batch,) = follow(home, campaigns, NOW)
    assert outcome(home, ids["total"]) == ("accepted", 1, 0)
    before, after = judgements(home)[ids["total"]]
    assert (before.decisions, after.decisions) == (frozenset(), {decision["decision_id"]})
    assert "Đã kiểm tra" in after.outcome["first_message"] and "minh" in after.outcome["first_message"]
    assert overruled(home) == [(ids["total"], before.batch.name)]
    assert overruled(home, NOW - timedelta(seconds=1)) == [(ids["total"], batch)], "not known yet"
    assert follow(home, campaigns, NOW) == [] == wanted(home)


def test_an_excluded_row_leaves_the_other_one(home: Home, campaigns: Path, ids: dict[str, str]) -> None:
    assert outcome(home, ids["two-words"])[0] == "returned"
    say(home, campaigns, "exclude_row", submission_id=ids["two-words"], line_number=2)
    follow(home, campaigns, NOW)
    assert outcome(home, ids["two-words"]) == ("accepted", 1, 0)


def test_a_name_once_said_holds_for_files_before_and_after(home: Home, campaigns: Path, ids: dict[str, str]) -> None:
    said = say(home, campaigns, "name_unit", name="Vùng Cao", unit_id="u-4")
    write_file(home, "later", "2023-07-11T01:00:00Z", HEAD + "VUNG  CAO,30/06/2023,7\n")
    result = ingest(home, campaigns, NOW + timedelta(days=2), explicit_now=True, settle_seconds=0.01)
    assert (result.files, result.accepted) == (1, 1)
    assert outcome(home, ids["nickname"]) == ("accepted", 1, 0)
    assert len(list_batches(home)) == 3, "only what the name concerns is judged again"
    withdraw_decision(
        home, campaigns, decision_id=said["decision_id"], decided_by="minh", reason="nhầm", now=NOW + timedelta(days=3)
    )
    follow(home, campaigns, NOW + timedelta(days=3))
    assert outcome(home, ids["nickname"])[0] == "returned"
    assert {some[-1].outcome["verdict"] for some in judgements(home).values() if len(some) > 1} == {"returned"}


def test_a_file_judged_again_keeps_both_judgements(home: Home, campaigns: Path, ids: dict[str, str]) -> None:
    for moment in (NOW, LATER):
        say(home, campaigns, "rejudge", now=moment, submission_ids=[ids["total"]])
    assert len(follow(home, campaigns, LATER)) == 2
    assert [one.effective_at for one in judgements(home)[ids["total"]]] == [None, NOW, LATER]


def test_whoever_comes_next_does_the_work(home: Home, campaigns: Path, ids: dict[str, str]) -> None:
    """As after a kill between the record and its work: the next ingest finds it, and blames no old file on itself."""
    say(home, campaigns, "rejudge", submission_ids=[ids["total"], ids["two-words"]])
    result = ingest(home, campaigns, LATER, explicit_now=True, settle_seconds=0.01)
    assert len(result.batches) == 1 and result.returned == []
    assert wanted(home) == []


def test_one_decision_stands_on_one_subject(home: Home, campaigns: Path, ids: dict[str, str]) -> None:
    first = say(home, campaigns, "return_submission", submission_id=ids["u-1_again"])
    assert say(home, campaigns, "return_submission", submission_id=ids["u-1_again"], now=LATER) == first, "a retry"
    for kind in ("return_submission", "withdraw_submission"):
        with pytest.raises(AlreadyDecided, match=r"minh đã quyết định lúc 10/07/2023 08:00: Đã kiểm tra") as caught:
            say(home, campaigns, kind, by="thu", submission_id=ids["u-1_again"])
        assert caught.value.decision == first and caught.value.exit_code == 1
    taken_back = withdraw_decision(
        home, campaigns, decision_id=first["decision_id"][:12], decided_by="thu", reason="nhầm", now=LATER
    )
    with pytest.raises(AlreadyDecided):
        withdraw_decision(home, campaigns, decision_id=first["decision_id"], decided_by="thu", reason="?", now=LATER)
    with pytest.raises(ThiduaError, match="final"):
        withdraw_decision(
            home, campaigns, decision_id=taken_back["decision_id"], decided_by="thu", reason="?", now=LATER
        )
    again = say(home, campaigns, "return_submission", by="thu", submission_id=ids["u-1_again"], now=LATER)
    assert in_force(load_decisions(home)) == [again]


def decide_when_told(home: Home, campaigns: Path, user: str, submission_id: str, start: Barrier, told: Any) -> None:
    start.wait(60)
    try:
        decision = say(home, campaigns, "return_submission", by=user, submission_id=submission_id)
        told.put((user, "won", decision["decision_id"]))
    except AlreadyDecided as error:
        told.put((user, "told", error.decision["decided_by"]))


def test_of_two_operators_at_once_one_wins_and_the_other_is_told(
    home: Home, campaigns: Path, ids: dict[str, str]
) -> None:
    start, told = CHILDREN.Barrier(2), CHILDREN.Queue()
    arguments = (home, campaigns)
    both = [
        CHILDREN.Process(target=decide_when_told, args=(*arguments, user, ids["u-1_again"], start, told))
        for user in ("minh", "thu")
    ]
    for process in both:
        process.start()
    answers = sorted((told.get(timeout=60) for _ in both), key=lambda answer: answer[1])
    for process in both:
        process.join(60)
    (loser, _, named), (winner, _, decision_id) = answers
    assert {loser, winner} == {"minh", "thu"} and named == winner
    assert [one["decision_id"] for one in load_decisions(home)] == [decision_id]


@pytest.mark.parametrize(
    ("kind", "subject", "words"),
    [
        ("wave", {}, "kind of decision 'wave'"),
        ("waive", {"submission_id": "total", "rule_id": "unit_unknown"}, "does not break this rule"),
        ("waive", {"submission_id": "two-words", "rule_id": "conflicting_rows"}, "does not allow to waive"),
        ("waive", {"submission_id": "total"}, "rule_id: Field required"),
        ("waive", {"submission_id": "0" * 32, "rule_id": "total_differs"}, "no submission"),
        ("exclude_row", {"submission_id": "total", "line_number": 99}, "no such row"),
        ("exclude_row", {"submission_id": "total", "line_number": 2, "sheet": "Sheet1"}, "no such row"),
        ("name_unit", {"name": "Vùng Cao", "unit_id": "u-9"}, "no unit 'u-9'"),
        ("name_unit", {"name": "Huyện Một", "unit_id": "u-4"}, "knows this name already as u-1"),
        ("return_submission", {"submission_id": "total"}, "returned already"),
        ("excuse_report", {"period_id": "q2", "export_type": "progress", "unit_id": "top"}, "owes no"),
        ("excuse_report", {"period_id": "q9", "export_type": "progress", "unit_id": "u-1"}, "no period 'q9'"),
        ("gate", {"period_id": "q2", "gate_id": "q2_60", "unit_id": "u-1", "result": "pass"}, "gate that people"),
        ("gate", {"period_id": "q2", "gate_id": "quality", "unit_id": "u-1", "result": "maybe"}, "result"),
        ("choose_reading", {"reading_id": "base", "option": "april"}, "no option 'april'"),
        ("award", {"period_id": "q2", "prize_id": "cup", "unit_id": "u-1"}, "prize that people decide 'cup'"),
        ("group_done", {"dimension": "group", "member": "poor"}, "no dimension"),
        ("rejudge", {"submission_ids": []}, "at least 1 item"),
    ],
)
def test_what_may_not_be_decided_is_refused_with_words(
    home: Home, campaigns: Path, ids: dict[str, str], kind: str, subject: dict[str, Any], words: str
) -> None:
    if subject.get("submission_id") in FILES:
        subject = {**subject, "submission_id": ids[subject["submission_id"]]}
    with pytest.raises(ThiduaError, match=words) as caught:
        say(home, campaigns, kind, **subject)
    assert " / " in caught.value.message, "Vietnamese with English beside it"
    assert load_decisions(home) == []


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("excuse_report", {"period_id": "q2", "export_type": "progress", "unit_id": "u-3"}),
        ("gate", {"period_id": "q2", "gate_id": "quality", "unit_id": "u-1", "result": "pass"}),
        ("choose_reading", {"reading_id": "base", "option": "march"}),
        ("award", {"period_id": "q2", "prize_id": "flag", "unit_id": "u-1"}),
    ],
)
def test_what_the_build_follows_is_only_recorded(
    home: Home, campaigns: Path, kind: str, subject: dict[str, Any]
) -> None:
    decision = say(home, campaigns, kind, **subject)
    assert decision["subject"] == subject and follow(home, campaigns, NOW) == []


def test_nobody_decides_on_their_own_unit(home: Home, campaigns: Path, ids: dict[str, str]) -> None:
    with pytest.raises(NotAllowed, match="thuộc đơn vị u-2"):
        say(home, campaigns, "waive", by="hai", submission_id=ids["total"], rule_id="total_differs")
    with pytest.raises(NotAllowed, match="role office"):
        say(home, campaigns, "return_submission", by="lan", submission_id=ids["u-1_again"])
    assert load_decisions(home) == []
    assert say(home, campaigns, "return_submission", by="hai", submission_id=ids["u-1_again"])


def test_a_decision_needs_a_reason(home: Home, campaigns: Path, ids: dict[str, str]) -> None:
    with pytest.raises(ThiduaError, match="lý do"):
        decide(
            home,
            campaigns,
            campaign_id=CAMPAIGN,
            kind="return_submission",
            subject={"submission_id": ids["u-1_again"]},
            decided_by="minh",
            reason=" ",
            now=NOW,
        )


def test_contracts_say_what_is_waivable() -> None:
    assert waivable_rules("progress") >= {"total_differs", "stale_resend", "count_falls", "count_jumps"}
    assert "conflicting_rows" not in waivable_rules("progress")
    assert waivable_rules("no_such_export") == {"stale_resend", "count_falls", "count_jumps", "claimed_twice"}
