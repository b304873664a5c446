"""The pages over a small published version and an empty lake, and clients that come as any role."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from openpyxl import Workbook
from thidua.desk.access import Role, Visitor, current_visitor
from thidua.desk.app import create_app
from thidua.desk.preview import judge_alone
from thidua.review.people import Person
from thidua.settings import Home, campaigns_dir

from tests.reports.conftest import CAMPAIGN, CLOSING, Marts, add_fault, add_file, add_unit, local

NOW = local("2023-07-05T09:00")
OWN, OTHER = "bao-loc", "di-linh"
OWN_FILE, OTHER_FILE = "a" * 32, "b" * 32
SCRIPT = "<script>alert('Bảo Lộc')</script>"
RTL = "\u202egnp.exe"


@dataclass
class Clients:
    """A client of role None is a stranger."""

    app: FastAPI
    home: Home

    def as_role(self, role: Role | None, user: str = "lan", unit: str | None = None) -> TestClient:
        if role is None:
            self.app.dependency_overrides.pop(current_visitor, None)
        else:
            unit = OWN if role is Role.OFFICE else unit
            units = frozenset({(CAMPAIGN, unit)}) if unit else frozenset()
            visitor = Visitor(user, role, Person(user, None, units), campaigns_dir())
            self.app.dependency_overrides[current_visitor] = lambda: visitor
        return TestClient(self.app, follow_redirects=False)

    def token(self, user: str = "lan") -> str:
        token: str = self.app.state.desk.forms.token(user)
        return token

    def landing(self) -> list[str]:
        return sorted(path.name for path in self.home.landing.rglob("*") if path.is_file())


def publish(home_path: Path) -> Home:
    """One closing; a unit that is ours and one that is not, each with a file; a fault full of what must not run."""
    marts = Marts(Home(home_path))
    marts.insert("dim_campaign", title="Cài đặt VssID")
    marts.insert(
        "dim_period", period_id="q2", name="Quý II", closing_date=CLOSING, cutoff_at=local("2023-07-01"), multiplier=1
    )
    add_unit(marts, OWN, "BHXH thành phố Bảo Lộc", 38_000, 28_310, 13_087, rank=2)
    add_unit(marts, OTHER, "BHXH huyện Di Linh", 40_000, 31_432, 11_230, rank=1)
    add_unit(marts, "da-teh", "BHXH huyện Đạ Tẻh", None, 1_000, 4_480, reason="no_data")
    for unit, status, file in (
        (OWN, "on_time", OWN_FILE),
        (OTHER, "returned", OTHER_FILE),
        ("da-teh", "missing", None),
    ):
        marts.insert(
            "fct_reporting",
            period_id="q2",
            export_type="progress",
            from_unit_id=unit,
            to_unit_id="lam-dong",
            due_at=local("2023-07-04"),
            status=status,
            submission_id=file,
        )
    add_file(marts, OWN_FILE, "2023-07-01T11:20", scopes={OWN: "current"}, sender=OWN)
    add_file(
        marts, OTHER_FILE, "2023-07-02T08:00", "returned", {OTHER: "returned"}, OTHER, f"{CAMPAIGN}/progress/{RTL}.csv"
    )
    add_fault(marts, OTHER_FILE, f"Ô ghi {SCRIPT} / the cell says {SCRIPT}", "critical", sheet=f"{SCRIPT}{RTL}")
    add_fault(marts, OTHER_FILE, "x" * 1_000_000, rule_id="long_text")
    add_fault(marts, OTHER_FILE, f"=cmd|' /C calc'!A0 {RTL}", "warning", rule_id="formula_text")
    marts.close()
    return marts.home


@pytest.fixture
def clients(tmp_path: Path) -> Iterator[Clients]:
    yield from make_clients(publish(tmp_path / "home"))


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Clients]:
    """Nothing was ever published."""
    yield from make_clients(Home(tmp_path / "home"))


def make_clients(home: Home) -> Iterator[Clients]:
    def nobody() -> Visitor:
        raise AssertionError("each test says who comes")

    app = create_app(home, campaigns_dir(), nobody, lambda: NOW)
    # The real judging, in this process: starting another costs seconds, and the browser's test does it.
    judge: Callable[..., dict[str, object]] = partial(judge_alone, home, campaigns_dir())
    app.state.desk = replace(app.state.desk, preview=judge, warm_up=lambda: None)
    yield Clients(app, home)


def workbook(rows: list[tuple[object, ...]], title: str = "Số liệu tính đến hết ngày 30/06/2023") -> bytes:
    """A report of progress as an office makes it."""
    book = Workbook()
    sheet = book.active
    sheet.append([title])
    sheet.append(["Đơn vị", "Số người cài đặt VssID Lũy kế"])
    for row in rows:
        sheet.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()
