"""thidua status: who answered how, and when a returned file stops being open."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from thidua.errors import ThiduaError
from thidua.reports.status import render, status

from tests.reports.conftest import CAMPAIGN, Marts, add_fault, add_file, local

# (files after the returned one, is it still open): the returned file "r" speaks of a and b.
AFTERWARDS = {
    "nothing": ([], True),
    "both_accepted": ([("x", "2023-07-02", "accepted", {"a": "current", "b": "current"})], False),
    "one_of_two": ([("x", "2023-07-02", "accepted", {"a": "current"})], True),
    "in_two_files": (
        [("x", "2023-07-02", "accepted", {"a": "current"}), ("y", "2023-07-03", "accepted", {"b": "current"})],
        False,
    ),
    "accepted_before": ([("x", "2023-06-30", "accepted", {"a": "current", "b": "current"})], True),
    "at_the_same_instant_after_it": ([("z", "2023-07-01", "accepted", {"a": "current", "b": "current"})], False),
    "at_the_same_instant_before_it": ([("q", "2023-07-01", "accepted", {"a": "current", "b": "current"})], True),
    "only_confirmed_what_stands": ([("x", "2023-07-02", "duplicate", {"a": "duplicate", "b": "duplicate"})], False),
    "returned_again": ([("x", "2023-07-02", "returned", {"a": "returned", "b": "returned"})], True),
    "row_rejected_again": ([("x", "2023-07-02", "accepted_with_rejections", {"a": "rejected", "b": "current"})], True),
}


@pytest.mark.parametrize("case", AFTERWARDS)
def test_a_returned_file_is_open_until_all_it_spoke_of_came(marts: Marts, case: str) -> None:
    files, is_open = AFTERWARDS[case]
    add_file(marts, "r", "2023-07-01", "returned", {"a": "returned", "b": "returned"}, sender="a")
    for submission_id, received, outcome, scopes in files:
        add_file(marts, submission_id, received, outcome, scopes, sender="a")
    marts.close()
    found = status(marts.home)
    assert ("r" in {row["submission_id"] for row in found["open_returned"]}) is is_open
    assert found["has_open"] is bool(found["open_returned"])


@pytest.mark.parametrize(
    ("sender", "later", "is_open"),
    [
        ("a", {"sender": "a"}, False),
        ("a", {"sender": "b"}, True),
        (None, {"sender": "a"}, True),
        (None, {"path": "lam-dong-2023/progress/r.csv"}, False),
        ("a", {"sender": "a", "outcome": "returned"}, True),
    ],
)
def test_a_file_that_says_nothing_is_open_until_its_sender_is_heard(
    marts: Marts, sender: str | None, later: dict[str, str], is_open: bool
) -> None:
    add_file(marts, "r", "2023-07-01", "returned", sender=sender)
    add_file(marts, "x", "2023-07-02", **{"outcome": "accepted", "scopes": {"a": "current"}, **later})
    marts.close()
    assert ("r" in {row["submission_id"] for row in status(marts.home)["open_returned"]}) is is_open


def test_what_a_decision_withdrew_waits_for_nobody(marts: Marts) -> None:
    add_file(marts, "r", "2023-07-01", "returned", {"a": "withdrawn"}, sender="a")
    marts.close()
    assert not status(marts.home)["has_open"]


def test_the_message_is_the_worst_fault_first_in_the_file(marts: Marts) -> None:
    add_file(marts, "r", "2023-07-01", "returned", sender="a")
    add_fault(marts, "r", "nhẹ", "warning", line_number=1)
    add_fault(marts, "r", "sai số", "error", line_number=2)
    add_fault(marts, "r", "tổng sai", "critical", line_number=30)
    add_fault(marts, "r", "tổng trước", "critical", line_number=9)
    marts.close()
    assert [row["message"] for row in status(marts.home)["open_returned"]] == ["tổng trước"]


@pytest.fixture
def reported(marts: Marts) -> Marts:
    marts.insert("dim_campaign", campaign_id="can-tho-2023", title="Cần Thơ")
    marts.insert(
        "dim_period", campaign_id="can-tho-2023", period_id="wave", name="Đợt 1", cutoff_at=local("2023-06-10")
    )
    marts.insert("dim_unit", campaign_id="can-tho-2023", unit_id="o-mon", name="Ô Môn")
    due = {"export_type": "progress", "due_at": local("2023-07-04")}
    marts.insert(
        "fct_reporting", campaign_id="can-tho-2023", period_id="wave", from_unit_id="o-mon", status="missing", **due
    )
    for unit, name in (("a", "Huyện A"), ("b", "Huyện B"), ("c", "Huyện C")):
        marts.insert("dim_unit", unit_id=unit, name=name, bloc_id="districts")
    add_file(marts, "x", "2023-07-01T08:00", scopes={"a": "current"}, sender="a")
    add_file(marts, "y", "2023-07-04T09:30", scopes={"b": "current"}, sender="b")
    add_fault(marts, "y", "chữ lẫn trong số")
    for unit, answer in (
        ("a", {"status": "on_time", "submission_id": "x", "received_at": local("2023-07-01T08:00")}),
        ("b", {"status": "late", "submission_id": "y", "received_at": local("2023-07-04T09:30")}),
        ("c", {"status": "missing"}),
    ):
        marts.insert("fct_reporting", period_id="q2", from_unit_id=unit, **due, **answer)
    marts.close()
    return marts


def test_who_sent_what_and_who_did_not(reported: Marts) -> None:
    found = status(reported.home, CAMPAIGN)
    assert [(row["from_unit_id"], row["status"], row["landing_path"]) for row in found["reporting"]] == [
        ("a", "on_time", "lam-dong-2023/progress/x.csv"),
        ("b", "late", "lam-dong-2023/progress/y.csv"),
        ("c", "missing", None),
    ]
    assert [(row["rule_id"], row["rows"], row["files"]) for row in found["faults"]] == [("value_not_number", 1, 1)]
    assert found["has_open"] is False
    assert status(reported.home)["silent_campaigns"] == ["can-tho-2023"]


def test_the_terminal_shows_who_has_to_do_something(reported: Marts) -> None:
    out = Console(width=200, file=io.StringIO())
    render(status(reported.home), out)
    text = out.file.getvalue()  # type: ignore[attr-defined]
    assert "Quý II: Huyện B – muộn (hạn 04/07/2023 00:00, nhận 04/07/2023 09:30)" in text
    assert "Quý II: Huyện C – chưa gửi (hạn 04/07/2023 00:00)" in text
    assert "Huyện A" not in text
    assert "Chưa nhận tệp nào / no file yet: can-tho-2023" in text


def test_an_unknown_campaign_is_answered_with_close_ones(reported: Marts) -> None:
    with pytest.raises(ThiduaError, match=r"there is no campaign 'can-tho' \(closest: can-tho-2023 \(Cần Thơ\)"):
        status(reported.home, "can-tho")
