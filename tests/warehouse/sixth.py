"""The sixth plan: a folder of data (tests/plans/sixth) and its offices' files (tests/landing/sixth), taken in for real."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from thidua.clock import LOCAL
from thidua.plan.loader import load_plan
from thidua.settings import Home, repo_root

from tests.event_lake import Event, EventFile, FigureFile, through
from tests.warehouse.other_plans import choose, decide

PLAN = repo_root() / "tests" / "plans" / "sixth"
LANDING = repo_root() / "tests" / "landing" / "sixth"
DECISIONS: tuple[tuple[str, dict[str, str]], ...] = (
    ("gate", {"period_id": "wave-2", "gate_id": "quality", "unit_id": "north", "result": "fail"}),
    ("award", {"period_id": "wave-1", "prize_id": "medal", "unit_id": "south"}),
    ("award", {"period_id": "wave-1", "prize_id": "medal", "unit_id": "north-1"}),
)
PRODUCTS = {"BHXH tự nguyện": "bhxh_tn", "BHYT hộ gia đình": "bhyt_hgd"}
EVENTS = {"Mới": "enrolled", "Tái tục": "renewed"}


def campaigns() -> dict[str, tuple[str, str] | None]:
    """campaign_id -> the reading that is chosen otherwise: the plan as it is, and every flip."""
    found: dict[str, tuple[str, str] | None] = {"sixth": None}
    for reading in load_plan(PLAN).document.readings:
        for option in reading.options:
            if option != reading.default:
                found[f"sixth-{reading.reading_id}-{option}".replace("_", "-")] = (reading.reading_id, option)
    return found


def send(home: Home, plans: Path) -> None:
    """The plan among the campaigns and its files in landing/, once as it is and once for every flip."""
    for campaign_id, chosen in campaigns().items():
        shutil.copytree(PLAN, plans / campaign_id)
        plan_file = plans / campaign_id / "plan.yml"
        plan_file.write_text(plan_file.read_text().replace("campaign_id: sixth", f"campaign_id: {campaign_id}"))
        shutil.copytree(LANDING, home.landing / campaign_id)
        decide(home, campaign_id, (*DECISIONS, *choose(chosen)))


def files() -> list[EventFile | FigureFile]:
    """What the files say, read here without the intake."""
    return [*_lists(), *_reports()]


def _rows(path: Path, delimiter: str) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines(), delimiter=delimiter))


def _received(path: Path) -> datetime:
    return datetime.fromisoformat(json.loads(path.with_name(f"{path.name}.receipt.json").read_text())["received_at"])


def _units() -> dict[str, str]:
    return {row.name: row.unit_id for row in load_plan(PLAN).units}


def _day(text: str) -> date:
    return date.fromisoformat("-".join(reversed(text.split("/"))))


def _lists() -> Iterator[EventFile]:
    units = _units()
    for path in sorted((LANDING / "enrolments").glob("*.csv")):
        sender, day = path.stem.split("_")
        events = tuple(
            Event(
                row["Mã số BHXH"],
                EVENTS[row["Hình thức"]],
                datetime.strptime(row["Ngày tham gia"], "%d/%m/%Y %H:%M:%S").replace(tzinfo=LOCAL),
                {"": units[row["Đơn vị"]]},
                PRODUCTS[row["Loại hình"]],
                _day(row["Đến ngày"]),
                key=f"{row['Mã hồ sơ']}|{row['Mã số BHXH']}",
            )
            for row in _rows(path, ";")
        )
        yield EventFile(path.stem, "enrolments", sender, through(date.fromisoformat(day)), _received(path), events)


def _reports() -> Iterator[FigureFile]:
    units = _units()
    for path in sorted((LANDING / "progress").glob("*.csv")):
        figures = tuple(
            (units[row["Đơn vị"]], _day(row["Ngày số liệu"]), row["Chỉ tiêu"], "", "", int(row["Lũy kế"]))
            for row in _rows(path, ",")
        )
        yield FigureFile(path.stem, "progress", _received(path), figures)
