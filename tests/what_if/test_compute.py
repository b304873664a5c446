"""A scenario over a real build: what it says is worked out by hand, and nothing but its own directory changes."""

from __future__ import annotations

import hashlib
import io
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from thidua.clock import parse_instant
from thidua.errors import NotWell
from thidua.settings import Home, repo_root
from thidua.warehouse.build import build
from thidua.what_if.compare import compare, render
from thidua.what_if.compute import compute
from thidua.what_if.scenario import Scenario, parse_scenario

from tests.event_lake import FigureFile, put

CAMPAIGN = "lam-dong-2023"
# Count at the closing of Q2; with the March figures and targets of the sample: 76,30%, 74,04%, 70,00%, 59,80%.
COUNTS = {"di-linh": 31_498, "bao-loc": 38_000, "dam-rong": 10_360, "don-duong": 22_283}


@dataclass(frozen=True)
class Looked:
    home: Home
    changes: dict[str, Any]
    before: str
    after: str


def contents(home: Home) -> str:
    """A hash of everything but the what-if's own directory."""
    digest = hashlib.sha256()
    for path in sorted(home.path.rglob("*")):
        parts = path.relative_to(home.path).parts
        if path.is_file() and parts[0] != "what-if" and path.name not in {".lock", "dbt.log"}:
            digest.update("/".join(parts).encode() + path.read_bytes())
    return digest.hexdigest()


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Looked:
    """One build, one scenario: another threshold, target, amount, count and a first report."""
    folder = tmp_path_factory.mktemp("what-if")
    shutil.copytree(repo_root() / "campaigns" / CAMPAIGN, folder / "campaigns" / CAMPAIGN)
    home = Home(folder / "var")
    closing = date(2023, 6, 30)
    figures = tuple((unit, closing, "vssid_users", "", "", count) for unit, count in COUNTS.items())
    put(home, CAMPAIGN, [FigureFile("province", "progress", parse_instant("2023-07-02T08:00"), figures)])
    build(home, folder / "campaigns", parse_instant("2023-07-10"))
    before = contents(home)
    scenario = parse_scenario(
        rules=["periods.q2.threshold=59%", "awards.first.amount=200000"],
        targets=["bao-loc=12000"],
        counts=["lac-duong:vssid_users=9500", "dam-rong:vssid_users=9000"],
        readings=["staff_day=start"],
    )
    changes = compare(*compute(home, CAMPAIGN, "q2", scenario), "q2")
    return Looked(home, changes, before, contents(home))


def test_eligibility_ranks_and_money_follow(looked: Looked) -> None:
    units = {change["key"][1]: (change["before"], change["after"]) for change in looked.changes["units"]}

    def seen(unit: str, *names: str) -> list[tuple[Any, Any]]:
        before, after = units[unit]
        return [(before[name], after[name]) for name in names]

    # 9.690 of 12.000 is 80,75%: ahead of Di Linh's 76,30%.
    assert seen("bao-loc", "denominator", "rank", "prizes") == [
        (13_087, 12_000),
        (2, 1),
        ("Giải nhì", "Giải nhất"),
    ]
    assert seen("di-linh", "rank", "prizes") == [(1, 2), ("Giải nhất", "Giải nhì")]
    # 9.000 − 7.420 = 1.580 of 4.200 is 37,62%.
    assert seen("dam-rong", "numerator", "is_eligible", "rank") == [(2_940, 1_580), (True, False), (3, None)]
    # 59,80% passes 59%.
    assert seen("don-duong", "reason_code", "rank", "prizes") == [
        ("below_threshold", "ok"),
        (None, 4),
        (None, "Giải khuyến khích"),
    ]
    # Its first report: 9.500 − 6.980 = 2.520 of 3.600.
    assert seen("lac-duong", "reason_code", "rank", "prizes") == [("no_data", "ok"), (None, 3), (None, "Giải ba")]
    assert set(units) == {"bao-loc", "di-linh", "dam-rong", "don-duong", "lac-duong"}


def test_the_sum_is_worked_out_by_hand(looked: Looked) -> None:
    """Staff at the start of the quarter, from headcounts.csv of 2023-04-01; nominees 300.000 each."""
    lines = (repo_root() / "campaigns" / CAMPAIGN / "headcounts.csv").read_text(encoding="utf-8").splitlines()
    staff = {(row[1], row[2]): int(row[3]) for row in (line.split(",") for line in lines[1:])}

    def paid(day: str, places: dict[str, int]) -> int:
        return sum(staff[unit, day] * amount for unit, amount in places.items())

    first = paid("2023-06-30", {"di-linh": 150_000, "bao-loc": 100_000, "dam-rong": 70_000}) + (2 + 2 + 1) * 300_000
    places = {"bao-loc": 200_000, "di-linh": 100_000, "lac-duong": 70_000, "don-duong": 30_000}
    then = paid("2023-04-01", places) + (2 + 2 + 1) * 300_000
    assert looked.changes["sum"]["before"]["amount"] == first
    assert looked.changes["sum"]["after"]["amount"] == then


def test_nothing_else_changes(looked: Looked) -> None:
    assert looked.before == looked.after
    assert not list((looked.home.path / "what-if").glob("*.duckdb*"))


def test_the_terminal_shows_both(looked: Looked) -> None:
    out = Console(width=220, file=io.StringIO())
    render(looked.changes, "q2", out)
    text = out.file.getvalue()  # type: ignore[attr-defined]
    assert "74,04% → 80,75%" in text and "Giải nhì → Giải nhất" in text and "Chưa có số liệu → Đủ điều kiện" in text


def test_a_plan_that_changed_since_is_built_first(looked: Looked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thidua.what_if.compute.fingerprint", lambda: "another")
    with pytest.raises(NotWell, match="the code or the plan changed since the build"):
        compute(looked.home, CAMPAIGN, "q2", parse_scenario(readings=["staff_day=start"]))


def test_nothing_is_built_yet(tmp_path: Path) -> None:
    with pytest.raises(NotWell, match="nothing is built yet"):
        compute(Home(tmp_path), CAMPAIGN, "q2", Scenario(readings=(("staff_day", "start"),)))
