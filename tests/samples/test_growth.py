"""Counts that grow, as Lâm Đồng's offices send them: figures, styles, and every fault of theirs."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from thidua.clock import LOCAL, day_start
from thidua.plan.loader import load_plan
from thidua.plan.registry import UnitRegistry
from thidua.samples import generate
from thidua.samples.growth import GrowthOffices
from thidua.samples.spec import Growth, Kind, load_samples
from thidua.settings import Home

from tests.samples.conftest import CAMPAIGNS

CAMPAIGN = "lam-dong-2023"
KINDS = set(Kind.__args__)  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def folder(home: Home) -> Path:
    return home.landing / CAMPAIGN / "progress"


@pytest.fixture(scope="module")
def sample() -> Growth:
    (sample,) = load_samples(CAMPAIGNS / CAMPAIGN, load_plan(CAMPAIGNS / CAMPAIGN).units)
    assert isinstance(sample, Growth)
    return sample


def fault(sample: Growth, kind: str, **of: Any) -> Any:
    """(number, fault): the number marks its file."""
    for number, found in enumerate(sample.faults, 1):
        if found.kind == kind and all(getattr(found, field) == value for field, value in of.items()):
            return number, found
    raise AssertionError(f"no fault {kind} {of}")


# ---- bytes


def test_nothing_lies_outside_landing_and_every_file_has_its_sidecar(tmp_path: Path) -> None:
    home = Home(tmp_path)  # its own: others judge the files of the shared one
    generate(home, CAMPAIGNS, campaigns=[CAMPAIGN])
    assert {path.name for path in home.path.iterdir()} == {"landing"}
    folder = home.landing / CAMPAIGN / "progress"
    names = {path.name for path in folder.iterdir()}
    files = {name for name in names if not name.endswith(".receipt.json")}
    assert 250 <= len(files) <= 350
    assert names == files | {f"{name}.receipt.json" for name in files}
    assert {Path(name).suffix for name in files} == {".xlsx", ".csv", ".txt"}


def test_no_workbook_carries_the_clock_of_the_machine(folder: Path) -> None:
    workbooks = sorted(folder.glob("*.xlsx"))
    assert workbooks
    for path in workbooks[:3]:
        archive = zipfile.ZipFile(path)
        assert {entry.date_time[:3] for entry in archive.infolist()} == {(1980, 1, 1)}
        assert b"2023-01-01T00:00:00Z" in archive.read("docProps/core.xml")


# ---- what the files say


def sent(folder: Path) -> Iterator[tuple[str, date, datetime]]:
    """(sender, day of the name, receipt) of the files without a fault."""
    for path in folder.glob("*.receipt.json"):
        stem = path.name.partition(".")[0]
        if stem[-3] != "_":
            sender, _, day = stem.partition("_")
            received = datetime.fromisoformat(json.loads(path.read_text())["received_at"])
            yield sender, date.fromisoformat(day), received


def test_receipts_are_of_2023_in_office_hours_and_the_late_are_late(folder: Path, sample: Growth) -> None:
    late = set()
    for sender, day, received in sent(folder):
        assert received.utcoffset() == timedelta(hours=7)
        assert received.astimezone(LOCAL).year == 2023 or day == date(2023, 12, 31)
        assert 8 <= received.astimezone(LOCAL).hour < 17
        assert received >= day_start(day + timedelta(days=1))
        if received >= day_start(day + timedelta(days=4)):
            late.add(f"{sender}@{day}")
    assert late == set(sample.closing.late)


def test_every_unit_reports_a_year_of_weeks_and_every_closing(folder: Path, sample: Growth) -> None:
    days = {(sender, day) for sender, day, _ in sent(folder)}
    weeks = [date(2023, 1, 2) + timedelta(days=7 * week) for week in range(52)]
    for unit in sample.figures:
        sender = next(weekly.sender for weekly in sample.weekly if unit in weekly.units)
        assert {(sender, week) for week in weeks} <= days
    missing = {(unit, day) for unit in sample.figures for day in sample.closing.days} - days
    assert missing == {("da-teh", date(2023, 6, 30))}


def test_the_worked_examples_stand_in_the_files(folder: Path) -> None:
    sheet = openpyxl.load_workbook(folder / "bao-loc_2023-06-30.xlsx").active
    assert [cell.value for cell in sheet[2]][2:] == [datetime(2023, 6, 30), 38000]
    text = (folder / "p-to-chuc-can-bo_2023-06-30.txt").read_bytes().decode("utf-16")
    assert text.splitlines()[3].split("\t")[2] == "1.000"


def test_the_goal_a_tie_an_ineligible_unit_and_one_above_its_target(sample: Growth) -> None:
    plan = load_plan(CAMPAIGNS / CAMPAIGN)
    figure = {
        (unit, day): value
        for unit, values in sample.figures.items()
        for day, value in zip(sample.anchors, values, strict=True)
    }
    given = {row.unit_id: int(row.value) for row in plan.baselines}
    target = {row.unit_id: int(row.value) for row in plan.targets}
    q2, final = date(2023, 6, 30), date(2023, 11, 30)
    assert sum(figure[unit, date(2023, 12, 31)] for unit in given) > 330_000

    def done(unit: str, day: date) -> int:
        return figure[unit, day] - given.get(unit, 0)

    assert done("dam-rong", q2) * target["lac-duong"] == done("lac-duong", q2) * target["dam-rong"]
    assert 100 * done("don-duong", q2) < 60 * target["don-duong"]
    assert 100 * done("da-huoai", q2) == 60 * target["da-huoai"]
    assert done("lac-duong", final) > target["lac-duong"]


def test_a_province_workbook_looks_as_offices_make_them(folder: Path) -> None:
    book = openpyxl.load_workbook(folder / "lam-dong_2023-06-26.xlsx")
    sheet = book.active
    cells = {
        (row, column): str(cell) for row, line in enumerate(sheet.values, 1) for column, cell in enumerate(line, 1)
    }
    assert cells[1, 3] == "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
    assert (cells[7, 2], cells[7, 3], cells[8, 4]) == ("Đơn vị", "Số người cài đặt VssID", "Lũy kế")
    assert [cells[9, column] for column in (1, 2, 5)] == ["(A)", "(B)", "(3)=(2)/(1)"]
    assert {(10, "I"), (20, "II")} <= {(row, text) for (row, column), text in cells.items() if column == 1}
    assert "Tổng cộng" in cells.values() and "GIÁM ĐỐC" in cells.values()
    assert {str(area) for area in sheet.merged_cells.ranges} >= {"A7:A8", "C7:D7"}
    assert all(cells[row, 4].replace(".", "").isdigit() for row in range(10, 30))


@pytest.mark.parametrize("style", ["csv_semicolon_bom", "csv_comma", "csv_english", "text_utf16_tab"])
def test_each_text_style_is_what_its_name_says(folder: Path, sample: Growth, style: str) -> None:
    unit = next(unit for unit, found in sample.styles.items() if found == style)
    path = next(folder.glob(f"{unit}_2023-09-30.*[vt]"))
    content = path.read_bytes()
    if style == "text_utf16_tab":
        assert content.startswith(b"\xff\xfe") and "\t" in content.decode("utf-16")
    elif style == "csv_semicolon_bom":
        assert content.startswith(b"\xef\xbb\xbf") and b";" in content
    elif style == "csv_english":
        assert content.startswith(b"unit,as of date,cumulative count\r\n")
    else:
        assert content.decode().splitlines()[2] == "STT,Đơn vị,Lũy kế"


def test_every_spelling_means_its_unit_and_offices_use_several(sample: Growth) -> None:
    plan = load_plan(CAMPAIGNS / CAMPAIGN)
    registry, offices = UnitRegistry(plan), GrowthOffices(plan, sample, 1)
    used: dict[str, set[str]] = {unit: set() for unit in sample.figures}
    for unit, spellings in sample.spellings.items():
        for spelling in spellings:
            assert registry.resolve(spelling, date(2023, 6, 30)).unit_id == unit, spelling
    for unit in sample.figures:
        for week in range(52):
            name = offices.names.of(unit, date(2023, 1, 2) + timedelta(days=7 * week))
            assert registry.resolve(name).unit_id == unit
            used[unit].add(name)
    assert {"TP. Bảo Lộc", "BHXH TP Bảo Lộc"} <= used["bao-loc"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_figures_never_fall_on_any_path(sample: Growth, seed: int) -> None:
    offices = GrowthOffices(load_plan(CAMPAIGNS / CAMPAIGN), sample, seed)
    for unit, figures in sample.figures.items():
        path = [offices.figure(unit, date(2022, 12, 20) + timedelta(days=day)) for day in range(400)]
        assert path == sorted(path)
        assert set(figures) <= set(path)


# ---- faults


def test_all_kinds_of_faults_are_there(sample: Growth) -> None:
    assert {fault.kind for fault in sample.faults} == KINDS


@pytest.mark.parametrize(
    ("kind", "verdict", "rules"),
    [
        ("wrong_total", "returned", {"total_differs"}),
        ("empty", "returned", {"empty_file"}),
        ("wrong_date", "returned", {"file_name_date_differs"}),
        ("unknown_unit", "accepted", {"unit_unknown"}),
        ("figure", "accepted", set()),
        ("same_again", "accepted", set()),
        ("older_again", "accepted", set()),
    ],
)
def test_each_fault_is_judged_as_meant(
    judged: duckdb.DuckDBPyConnection, sample: Growth, kind: str, verdict: str, rules: set[str]
) -> None:
    number, found = fault(sample, kind)
    rows = judged.execute(
        "select verdict, list(rule_id) filter (rule_id is not null) from submissions left join rejected_rows "
        "using (submission_id) where regexp_matches(file_name, ?) group by submission_id, verdict",
        [f"^{found.unit}_.{{10}}_{number:02d}[.]"],
    ).fetchall()
    assert [(row[0], set(row[1] or [])) for row in rows] == [(verdict, rules)]


def test_text_in_a_number_rejects_its_row_only(judged: duckdb.DuckDBPyConnection, sample: Growth) -> None:
    number, _ = fault(sample, "text_in_number", sender="lam-dong")
    rows = judged.execute(
        "select verdict, accepted_row_count, rejected_row_count from submissions where file_name = ?",
        [f"lam-dong_2023-08-14_{number:02d}.xlsx"],
    ).fetchall()
    assert rows == [("accepted", 16, 1)]


def test_a_resend_says_the_same_in_other_bytes_and_the_stale_one_what_was_said_first(
    judged: duckdb.DuckDBPyConnection,
) -> None:
    def said(unit: str) -> list[tuple[str, str]]:
        """(hash of the canonical rows, hash of the bytes) of a unit's files for the closing, in order of receipt."""
        return judged.execute(
            "select scopes.content_hash, content_sha256 from scopes join submissions using (submission_id) "
            "where scopes.unit_id = ? and as_of_date = date '2023-06-30' and verdict = 'accepted' order by received_at",
            [unit],
        ).fetchall()

    (first, first_bytes), (again, again_bytes) = said("di-linh")
    assert first == again and first_bytes != again_bytes
    one, two, three = said("cat-tien")
    assert one == three != two
