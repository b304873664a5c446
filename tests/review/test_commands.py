"""The desk on the command line: the same door, dry runs that write nothing, exit codes as everywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from thidua.cli import app
from thidua.errors import NotWell, ThiduaError
from thidua.lake.batches import list_batches
from thidua.lake.decisions import load_decisions
from thidua.settings import Home
from typer.testing import CliRunner

from tests.review.conftest import CAMPAIGN, UNITS

AT = ["--now", "2023-07-10T10:00:00"]
BY = ["--campaign", CAMPAIGN, "--by", "minh", "--reason", "Đã đối chiếu"]


@pytest.fixture
def thidua(home: Home, campaigns: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command; its output as text, or as JSON. Errors of ours are raised, as `main` would print them."""
    monkeypatch.setenv("THIDUA_HOME", str(home.path))
    monkeypatch.setenv("THIDUA_CAMPAIGNS", str(campaigns))

    def run(*words: str, is_json: bool = False) -> Any:
        done = CliRunner().invoke(app, [*words, *(["--json"] if is_json else [])], catch_exceptions=False)
        return json.loads(done.stdout) if is_json else done.stdout

    return run


def files(home: Home) -> set[str]:
    return {str(path.relative_to(home.path)) for path in home.path.rglob("*") if path.name != ".lock"}


def test_a_dry_run_shows_the_outcome_and_writes_nothing(thidua: Any, home: Home, ids: dict[str, str]) -> None:
    before = files(home)
    words = ["decide", "waive", f"submission_id={ids['total'][:10]}", "rule_id=total_differs", *BY, *AT]
    text = thidua(*words, "--dry-run")
    assert "total.csv: returned (0 nhận / accepted" in text and "→ accepted (1 nhận" in text
    assert "nothing is written" in text
    assert files(home) == before
    thidua(*words)
    assert len(load_decisions(home)) == 1 and len(list_batches(home)) == 2
    (entry,) = thidua("decisions", is_json=True)
    assert entry["status"] == "in_force" and entry["decided_by"] == "minh"
    (effect,) = entry["effects"]
    assert (effect["before"]["verdict"], effect["after"]["verdict"]) == ("returned", "accepted")
    assert "total.csv: returned (0 nhận" in thidua("decisions", "--campaign", CAMPAIGN)


def test_a_dry_run_of_a_name_shows_the_files_that_say_it(thidua: Any, home: Home) -> None:
    words = ["decide", "name_unit", "name=VÙNG CAO", "unit_id=u-4", *BY, *AT, "--dry-run"]
    (change,) = thidua(*words, is_json=True)
    assert change["landing_path"].endswith("nickname.csv") and change["is_changed"]
    assert thidua(
        "decide", "gate", "period_id=q2", "gate_id=quality", "unit_id=u-1", "result=pass", *BY, *AT, "--dry-run"
    )
    assert load_decisions(home) == []


def test_after_a_plan_changed_an_offices_days_are_judged_again(
    thidua: Any, home: Home, campaigns: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The unit list learns a name: only the chosen office's file changes, and both results stay."""
    plans = tmp_path / "plans"
    (plans / CAMPAIGN).mkdir(parents=True)
    for path in (campaigns / CAMPAIGN).iterdir():
        (plans / CAMPAIGN / path.name).write_bytes(path.read_bytes())
    (plans / CAMPAIGN / "units.csv").write_text(UNITS + "u-5,Vùng Cao,office,top\n")
    monkeypatch.setenv("THIDUA_CAMPAIGNS", str(plans))
    chosen = ["rejudge", *BY, *AT, "--from", "2023-07-01", "--to", "2023-07-01"]
    before = files(home)
    changes = thidua(*chosen, "--dry-run", is_json=True)
    assert len(changes) == 4, "of the days that were asked for"
    assert [change["landing_path"][-12:] for change in changes if change["is_changed"]] == ["nickname.csv"]
    assert files(home) == before
    assert len(thidua("rejudge", *BY, *AT, "--unit", "u-1", "--dry-run", is_json=True)) == 3, "of the office"
    done = thidua(*chosen, is_json=True)
    assert [change["is_changed"] for change in done] == [change["is_changed"] for change in changes]
    (entry,) = thidua("decisions", is_json=True)
    assert {effect["landing_path"][-12:]: effect["before"]["verdict"] for effect in entry["effects"]}[
        "nickname.csv"
    ] == "returned"
    with pytest.raises(ThiduaError, match="no judged file"):
        thidua(*chosen[:-1], "2023-06-01")


def test_a_decision_taken_back_is_undone(thidua: Any, home: Home, ids: dict[str, str]) -> None:
    thidua("decide", "waive", f"submission_id={ids['total']}", "rule_id=total_differs", *BY, *AT)
    (decision,) = load_decisions(home)
    thidua("withdraw", decision["decision_id"][:8], "--by", "thu", "--reason", "nhầm", "--now", "2023-07-10T11:00:00")
    latest, first = thidua("decisions", is_json=True)
    assert (latest["status"], first["status"]) == ("withdrawal", "withdrawn")
    assert latest["effects"][0]["after"]["verdict"] == "returned"


def test_wrong_words_are_one_line(thidua: Any) -> None:
    with pytest.raises(ThiduaError, match="field=value, not 'q2'"):
        thidua("decide", "gate", "q2", *BY)
    with pytest.raises(NotWell, match="nothing is published"):
        thidua("questions")
