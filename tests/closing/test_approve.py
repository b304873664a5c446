"""Approval by two people and the version that it makes: what is refused, and what a kill leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from thidua.clock import parse_instant
from thidua.closing import approve as approving
from thidua.closing import close as closing_module
from thidua.closing import reproduce as reproducing
from thidua.closing.answers import record_answer
from thidua.closing.approve import Refused, Stale, approve, issue
from thidua.closing.basis import Basis, basis_of, input_faults
from thidua.closing.close import examine, record_order
from thidua.closing.compute import Computed, Table
from thidua.closing.reproduce import reproduce
from thidua.errors import NotWell, ThiduaError
from thidua.lake.decisions import decisions_dir, load_decisions, record_decision
from thidua.lake.entries import Changed
from thidua.lake.evidence import evidence_path, keep_evidence
from thidua.lake.officials import commit_version, list_versions, load_freezes, load_version, officials_dir
from thidua.settings import Home

from tests.closing import made_up
from tests.closing.made_up import CAMPAIGN, PERIOD
from tests.closing.test_answers import answer, asked

AT = parse_instant("2023-07-08")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A closing about which everything is decided."""
    monkeypatch.setattr(closing_module, "compute_basis", made_up.compute)
    monkeypatch.setattr(approving, "compute_basis", made_up.compute)
    monkeypatch.setattr(approving, "computed_before", made_up.compute)
    home = Home(tmp_path)
    made_up.freeze(home)
    decide_everything(home)
    return home


def decide_everything(home: Home, at: str = "2023-07-06") -> None:
    answer(home, "tie", {"a": "second", "b": "first"}, at)
    answer(home, "exclusions", [], at)
    answer(home, "pool", ["b"], at)
    answer(home, "nomination", [{"unit_id": "d", "name": "An"}], at)


def seen(home: Home) -> str:
    return examine(home, CAMPAIGN, PERIOD, AT).content_hash or ""


def say_yes(home: Home, user: str, role: str = "op", **more: Any) -> Any:
    return approve(home, CAMPAIGN, PERIOD, user=user, role=role, **{"seen": seen(home), "at": AT, **more})


def test_two_people_make_an_official_version(home: Home) -> None:
    assert examine(home, CAMPAIGN, PERIOD, AT).state == "ready"
    say_yes(home, "an")
    assert examine(home, CAMPAIGN, PERIOD, AT).state == "approved_once"
    say_yes(home, "binh", note="đã đối chiếu")
    official = issue(home, CAMPAIGN, PERIOD, AT)
    assert (official.version, official.approved_at) == (1, AT)
    assert [one["user"] for one in official.manifest["approvals"]] == ["an", "binh"]
    paid = {(row["prize_id"], row["unit_id"]): row["amount"] for row in official.rows("awards")}
    assert paid == {("second", "a"): 500, ("first", "b"): 1000, ("person", "d"): 300}, "one of two persons was named"
    assert official.faults() == [] and load_version(home, CAMPAIGN, PERIOD).manifest == official.manifest
    effects = official.manifest["effects"]
    (tie,) = [one["decision_id"] for one in load_decisions(home) if one["kind"] == "place_tied"]
    cells = {
        (one["key"][0], one["before"], one["after"])
        for one in effects
        if one["decisions"] == [tie] and one["column"] == "prize_id"
    }
    assert cells == {("a", None, "second"), ("b", None, "first")}, "each decision with its own effect"
    (named,) = [one["decision_id"] for one in load_decisions(home) if one["kind"] == "award_person"]
    assert {one["table"] for one in effects if one["decisions"] == [named]} == {"awards"}


def test_decisions_stand_together_where_nobody_looked_between_them(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approving, "computed_before", lambda home, basis: None)
    say_yes(home, "an")
    say_yes(home, "binh")
    effects = issue(home, CAMPAIGN, PERIOD, AT).manifest["effects"]
    every = [one["decision_id"] for one in load_decisions(home)]
    assert effects and all(one["decisions"] == every for one in effects)


REFUSED: dict[str, tuple[Callable[[Home], Any], str]] = {
    "nobody": (lambda home: say_yes(home, " "), "logged in"),
    "a viewer": (lambda home: say_yes(home, "vy", role="Viewer"), "may look, not approve"),
    "an office": (lambda home: say_yes(home, "vy", role="office"), "may look, not approve"),
    "no role": (lambda home: say_yes(home, "vy", role=""), "may look, not approve"),
    "another result": (lambda home: say_yes(home, "an", seen="0" * 64), "look again"),
    "the same person": (lambda home: [say_yes(home, "An"), say_yes(home, " an")], "another person must"),
    "too few": (lambda home: [say_yes(home, "an"), issue(home, CAMPAIGN, PERIOD, AT)], "1 of 2"),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_is_refused(home: Home, reason: str) -> None:
    attempt, said = REFUSED[reason]
    with pytest.raises(Refused, match=said):
        attempt(home)
    assert list_versions(home, CAMPAIGN, PERIOD) == []


def test_an_open_question_is_refused(home: Home) -> None:
    made_up.freeze(home, number=2)
    record_decision(
        home, campaign_id=CAMPAIGN, kind="withdraw_decision", subject={"period_id": PERIOD}, decided_by="Hội đồng",
        recorded_at=AT, reason="bầu lại", withdraws=_decision(home, "place_tied"),
    )  # fmt: skip
    with pytest.raises(Refused, match="still to be decided: tie:"):
        say_yes(home, "an")


def _decision(home: Home, kind: str) -> str:
    from thidua.lake.decisions import load_decisions

    return next(one["decision_id"] for one in load_decisions(home) if one["kind"] == kind)


def test_an_approval_of_what_has_changed_counts_for_nothing(home: Home) -> None:
    before = seen(home)
    say_yes(home, "an")
    answer(home, "nomination", [{"unit_id": "d", "name": "Bình"}], "2023-07-07")
    assert examine(home, CAMPAIGN, PERIOD, AT).state == "ready", "the first approval was of another result"
    with pytest.raises(Stale):
        say_yes(home, "binh", seen=before)
    say_yes(home, "binh")
    with pytest.raises(Refused, match="1 of 2"):
        issue(home, CAMPAIGN, PERIOD, AT)
    say_yes(home, "an")
    assert [row["name"] for row in issue(home, CAMPAIGN, PERIOD, AT).rows("persons")] == ["Bình"]


@pytest.mark.parametrize("moment", ["before the rename", "after the rename"])
def test_a_kill_while_issuing_leaves_a_version_or_none(
    home: Home, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    say_yes(home, "an")
    say_yes(home, "binh")

    def killed(*arguments: Any) -> Any:
        if moment == "after the rename":
            commit_version(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(approving, "commit_version", killed)
        with pytest.raises(KeyboardInterrupt):
            issue(home, CAMPAIGN, PERIOD, AT)
    official = issue(home, CAMPAIGN, PERIOD, parse_instant("2023-07-09"))
    assert (official.version, official.approved_at) == (1, AT)
    assert [path.name for path in officials_dir(home, CAMPAIGN, PERIOD).iterdir()] == ["v1"]
    assert issue(home, CAMPAIGN, PERIOD, AT).manifest == official.manifest, "once more is the same"


def test_a_reissue_needs_an_order_and_new_approvals(home: Home) -> None:
    with pytest.raises(NotWell, match="no official version"):
        load_version(home, CAMPAIGN, PERIOD)
    say_yes(home, "an")
    say_yes(home, "binh")
    first = issue(home, CAMPAIGN, PERIOD, AT)
    with pytest.raises(Refused, match="needs a recorded order"):
        say_yes(home, "chi", seen=first.content_hash)
    order = record_order(home, CAMPAIGN, PERIOD, decided_by="Giám đốc", at=AT, reason="Kết luận kiểm tra")
    assert closing_module._freeze_in_force(home, CAMPAIGN, PERIOD, AT) == (
        load_freezes(home, CAMPAIGN, PERIOD)[0],
        order,
    )
    made_up.freeze(home, number=2, order=order["decision_id"])
    assert closing_module._freeze_in_force(home, CAMPAIGN, PERIOD, AT)[1] is None, "carried out once"
    assert examine(home, CAMPAIGN, PERIOD, AT).approvals == [], "the old approvals were of another result"
    say_yes(home, "an")
    say_yes(home, "chi")
    second = issue(home, CAMPAIGN, PERIOD, AT)
    assert (second.version, second.manifest["order"]) == (2, order["decision_id"])
    assert load_version(home, CAMPAIGN, PERIOD, 1).manifest == first.manifest, "the old one stays"


def test_an_order_needs_something_that_was_frozen(tmp_path: Path) -> None:
    with pytest.raises(ThiduaError, match="not frozen yet"):
        record_order(Home(tmp_path), CAMPAIGN, PERIOD, decided_by="Giám đốc", at=AT, reason="…")


def test_a_forged_manifest_is_found(home: Home) -> None:
    say_yes(home, "an")
    say_yes(home, "binh")
    manifest = issue(home, CAMPAIGN, PERIOD, AT).folder / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"user": "binh"', b'"user": "chi"'))
    with pytest.raises(Changed):
        load_version(home, CAMPAIGN, PERIOD)


def test_which_decisions_count_after_the_freeze(home: Home) -> None:
    """Those about this closing or the whole campaign; none about files, another closing, another campaign."""

    def decided(kind: str, campaign_id: str = CAMPAIGN, withdraws: str | None = None, **subject: Any) -> str:
        return str(
            record_decision(
                home, campaign_id=campaign_id, kind=kind, subject=subject, decided_by="Hội đồng", recorded_at=AT,
                reason="…", withdraws=withdraws,
            )["decision_id"]
        )  # fmt: skip

    (freeze,) = load_freezes(home, CAMPAIGN, PERIOD)
    before = basis_of(home, freeze, AT).decisions.keys()
    counting = {
        decided("gate", period_id=PERIOD, unit_id="a", gate_id="quality", result="fail"),
        decided("choose_reading", reading_id="day", option="start"),
    }
    on_file = decided("withdraw_submission", submission_id="s")
    for other in (
        lambda: decided("withdraw_decision", withdraws=on_file),
        lambda: decided("gate", period_id="q3", unit_id="a", gate_id="quality", result="fail"),
        lambda: decided("choose_reading", campaign_id="another", reading_id="day", option="start"),
        lambda: decided("reissue", period_id=PERIOD, of_version=0),
    ):
        other()
    basis: Basis = basis_of(home, freeze, AT)
    assert basis.decisions.keys() - before == counting
    assert basis_of(home, freeze, parse_instant("2023-07-07")).decisions.keys() == before, "known at an instant"


def test_a_changed_decision_or_its_evidence_is_found(home: Home, tmp_path: Path) -> None:
    paper = tmp_path / "bien-ban.pdf"
    paper.write_bytes(b"%PDF-1.7 ...")
    sha256 = keep_evidence(home, paper)
    (question,) = [one for key, one in asked(home).items() if key.startswith("exclusions")]
    record_answer(
        home, CAMPAIGN, PERIOD, question, ["d"], decided_by="Hội đồng", at=AT, reason="…", evidence_sha256=sha256
    )
    (freeze,) = load_freezes(home, CAMPAIGN, PERIOD)
    basis = basis_of(home, freeze, AT)
    assert input_faults(home, basis) == []
    decided = decisions_dir(home) / f"{_decision(home, 'gate')}.json"
    for victim in (evidence_path(home, sha256), decided):
        content = victim.read_bytes()
        for changed in (b"", content[:-3], content.replace(b"1", b"2", 1) + b" "):
            victim.write_bytes(changed)
            (fault,) = input_faults(home, basis)
            assert str(victim) in fault, "named, even where it cannot be read any more"
        victim.unlink()
        assert str(victim) in input_faults(home, basis)[0]
        victim.write_bytes(content)
    assert input_faults(home, basis) == []


def test_reproduce_says_identical_or_names_each_cell(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    say_yes(home, "an")
    say_yes(home, "binh")
    issue(home, CAMPAIGN, PERIOD, AT)
    monkeypatch.setattr(reproducing, "compute_basis", made_up.compute)
    assert reproduce(home, CAMPAIGN, PERIOD).is_identical

    def otherwise(*arguments: Any) -> Computed:
        computed = made_up.compute(*arguments)
        ranking = computed.tables["ranking"]
        rows = [{**row, "amount": 501} if row["unit_id"] == "a" else row for row in ranking.rows[:-1]]
        return replace(computed, tables={**computed.tables, "ranking": Table(ranking.columns, rows)})

    monkeypatch.setattr(reproducing, "compute_basis", otherwise)
    found = reproduce(home, CAMPAIGN, PERIOD)
    assert not found.is_identical and found.faults == []
    assert any("ranking" in line and " a, amount: 500 → 501" in line for line in found.differences), found.differences
    assert any("ranking" in line and " d: " in line and "no longer computed" in line for line in found.differences)
    assert len(found.differences) == 2
