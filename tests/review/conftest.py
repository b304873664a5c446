"""One small campaign whose files need decisions of every kind, judged once for all tests of a module."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from thidua.intake.ingest import ingest
from thidua.lake.receipts import load_receipts
from thidua.settings import Home

NOW = datetime(2023, 7, 10, 1, 0, tzinfo=UTC)
CAMPAIGN = "c-2023"
PLAN = """
campaign: {campaign_id: c-2023, title: T, issued_by: T, from: 2023-01-01, through: 2023-12-31, clause: I}
unit_types: [top, office]
blocs: [{bloc_id: offices, unit_types: [office], clause: I}]
metrics: [{metric_id: users, kind: reported, export: progress}]
measures:
  - {measure_id: progress, blocs: [offices], numerator: {metric: users, minus_baseline: {reading: base}}, denominator: {target: goal}, clause: I}
periods: [{period_id: q2, kind: quarter, closing_date: 2023-06-30, clause: I}]
gates:
  - {gate_id: q2_60, periods: [q2], kind: measure, measure: progress, at_least: 60%, clause: I}
  - {gate_id: quality, periods: [q2], kind: decision, default: undecided, clause: I}
awards:
  - {prize_id: flag, periods: [q2], by: decision, recipient: unit, places: 1, amount: 1000, clause: I}
reports: [{export: progress, from: [office], to: top, periods: [q2], days_after_closing: 3, clause: I}]
readings:
  - {reading_id: base, options: {given: given, march: 2023-03-01}, default: given, reason: because, clause: I}
"""
UNITS = """unit_id,name,unit_type,parent
top,Tỉnh,top,
u-1,Huyện Một,office,top
u-2,Huyện Hai,office,top
u-3,Huyện Ba,office,top
u-4,Huyện Bốn,office,top
"""
TARGETS = "target_id,unit_id,value,value_kind,effective_from\n" + "".join(
    f"goal,u-{number},10,count,2023-01-01\n" for number in range(1, 5)
)
BASELINES = "metric_id,unit_id,value\n" + "".join(f"users,u-{number},0\n" for number in range(1, 5))
HEAD = "Đơn vị,Ngày,Lũy kế\n"
# name -> (received, content)
FILES = {
    "u-1_2023-06-30": ("2023-07-01T01:00:00Z", HEAD + "Huyện Một,30/06/2023,7\n"),
    "total": ("2023-07-01T02:00:00Z", HEAD + "Huyện Hai,30/06/2023,5\nTổng cộng,,6\n"),
    "two-words": ("2023-07-01T03:00:00Z", HEAD + "Huyện Ba,30/06/2023,8\nHuyện Ba,30/06/2023,9\n"),
    "nickname": ("2023-07-01T04:00:00Z", HEAD + "Vùng Cao,30/06/2023,6\n"),
    "u-1_again": ("2023-07-02T01:00:00Z", HEAD + "Huyện Một,30/06/2023,8\n"),
    "u-1_stale": ("2023-07-03T01:00:00Z", HEAD + "Huyện Một,30/06/2023,7\n"),
}


def write_file(home: Home, name: str, received: str, content: str) -> None:
    folder = home.landing / CAMPAIGN / "progress"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.csv.receipt.json").write_text(json.dumps({"received_at": received}))
    (folder / f"{name}.csv").write_text(content, encoding="utf-8")


@pytest.fixture(scope="session")
def campaigns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("review-campaigns")
    (folder / CAMPAIGN).mkdir()
    (folder / CAMPAIGN / "plan.yml").write_text(PLAN)
    (folder / CAMPAIGN / "units.csv").write_text(UNITS)
    (folder / CAMPAIGN / "targets.csv").write_text(TARGETS)
    (folder / CAMPAIGN / "baselines.csv").write_text(BASELINES)
    (folder / "people.csv").write_text(
        "user_name,role,campaign_id,unit_id\nhai,operator,c-2023,u-2\nlan,office,c-2023,u-1\n"
    )
    return folder


@pytest.fixture(scope="session")
def judged(campaigns: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with all files judged; copied by `home`."""
    home = Home(tmp_path_factory.mktemp("review-home"))
    for name, (received, content) in FILES.items():
        write_file(home, name, received, content)
    ingest(home, campaigns, NOW, explicit_now=True, settle_seconds=0.01)
    return home.path


@pytest.fixture
def home(judged: Path, tmp_path: Path) -> Home:
    shutil.copytree(judged, tmp_path / "home")
    return Home(tmp_path / "home")


@pytest.fixture(scope="session")
def ids(judged: Path) -> dict[str, str]:
    """file name without its ending -> submission id."""
    return {receipt.file_name.removesuffix(".csv"): receipt.submission_id for receipt in load_receipts(Home(judged))}
