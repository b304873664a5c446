"""The Lâm Đồng campaign put straight into a lake: figures by unit and closing, decisions, approvals, all by instants."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from thidua.clock import parse_instant
from thidua.closing.answers import record_answer
from thidua.closing.approve import approve, issue
from thidua.closing.close import Closing, examine, prepare
from thidua.lake.decisions import record_decision
from thidua.lake.officials import Official
from thidua.settings import Home, repo_root

from tests.event_lake import FigureFile, put

CAMPAIGN = "lam-dong-2023"
PLAN = repo_root() / "campaigns" / CAMPAIGN
CLOSINGS = {"q2": date(2023, 6, 30), "q3": date(2023, 9, 30), "final": date(2023, 11, 30)}
YEAR_END = date(2023, 12, 31)

# Percent of the year's target at each closing; None: silent. Two units are the plan's own example, given as counts.
PERCENTS: dict[str, tuple[int | None, int, int]] = {
    "dam-rong": (90, 95, 112), "lac-duong": (90, 94, 118), "di-linh": (76, 93, 115), "bao-loc": (None, 92, 104),
    "duc-trong": (70, 85, 103), "lam-ha": (66, 84, 102), "da-lat": (65, 83, 101), "bao-lam": (64, 82, 100),
    "cat-tien": (63, 81, 99), "da-huoai": (62, 79, 98), "don-duong": (59, 78, 97), "da-teh": (None, 77, 96),
    "p-cong-nghe-thong-tin": (92, 99, 120), "p-thanh-tra-kiem-tra": (85, 97, 119), "p-quan-ly-thu": (81, 96, 117),
    "p-truyen-thong": (70, 86, 101), "p-to-chuc-can-bo": (None, 85, 100), "p-che-do-bhxh": (65, 84, 100),
    "p-giam-dinh-bhyt": (63, 81, 100), "p-ke-hoach-tai-chinh": (55, 79, 100),
}  # fmt: skip
GIVEN = {("bao-loc", "q2"): 38000, ("p-to-chuc-can-bo", "q2"): 1000}


def rows_of(name: str) -> list[dict[str, str]]:
    with (PLAN / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


TARGETS = {row["unit_id"]: int(row["value"]) for row in rows_of("targets")}
BASELINES = {row["unit_id"]: int(row["value"]) for row in rows_of("baselines")}
STAFF = {(row["unit_id"], row["as_of_date"]): int(row["value"]) for row in rows_of("headcounts")}


def figure(unit_id: str, percent: int) -> int:
    """The count that is exactly this percentage of the target, rounded up to a whole person."""
    return BASELINES.get(unit_id, 0) - (-TARGETS[unit_id] * percent // 100)


def staff(unit_id: str, period_id: str) -> int | None:
    """The headcount at a closing; null where the plan's list has none."""
    return STAFF.get((unit_id, CLOSINGS[period_id].isoformat()))


def said(name: str, at: str, day: date, figures: Mapping[str, int]) -> FigureFile:
    rows = tuple((unit_id, day, "vssid_users", "", "", value) for unit_id, value in sorted(figures.items()))
    return FigureFile(name, "progress", parse_instant(at), rows)


def make_home(path: Path) -> tuple[Home, Path]:
    """A home whose lake holds the reports of the closings, and a folder of campaigns with this one alone."""
    home, campaigns = Home(path / "home"), path / "campaigns"
    shutil.copytree(PLAN, campaigns / CAMPAIGN)
    for position, (period_id, day) in enumerate(CLOSINGS.items()):
        figures = {
            unit_id: GIVEN.get((unit_id, period_id)) or figure(unit_id, percents[position])  # type: ignore[arg-type]
            for unit_id, percents in PERCENTS.items()
            if (unit_id, period_id) in GIVEN or percents[position] is not None
        }
        received = {"q2": "2023-07-02", "q3": "2023-10-02", "final": "2023-12-02"}[period_id]
        put(home, CAMPAIGN, [said(f"bao-cao-{period_id}", f"{received}T09:00:00", day, figures)])
    # The goal: over 330,000 people in the districts by the end of the year.
    whole = {unit_id: figure(unit_id, 118) for unit_id in BASELINES}
    put(home, CAMPAIGN, [said("bao-cao-nam", "2024-01-01T09:00:00", YEAR_END, whole)])
    return home, campaigns


def decide(home: Home, kind: str, at: str, **subject: Any) -> dict[str, Any]:
    return record_decision(
        home,
        campaign_id=CAMPAIGN,
        kind=kind,
        subject=subject,
        decided_by="Hội đồng thi đua",
        recorded_at=parse_instant(at),
        reason="Biên bản họp Hội đồng",
    )


def freeze(home: Home, campaigns: Path | None, period_id: str, at: str) -> Closing:
    return prepare(home, campaigns, CAMPAIGN, period_id, parse_instant(at))


def look(home: Home, period_id: str, at: str, campaign_id: str = CAMPAIGN) -> Closing:
    return examine(home, campaign_id, period_id, parse_instant(at))


def answer(home: Home, closing: Closing, question_id: str, value: Any, at: str) -> list[dict[str, Any]]:
    return record_answer(
        home,
        CAMPAIGN,
        closing.period_id,
        closing.question(question_id),
        value,
        decided_by="Hội đồng thi đua",
        at=parse_instant(at),
        reason="Biên bản họp Hội đồng",
    )


def answer_the_rest(home: Home, closing: Closing, at: str) -> None:
    """Nobody excluded, everybody nominated, no prize by choice: what a test does not speak of."""
    for question in closing.open_questions:
        if question.kind == "persons" and question.question_id.startswith("nomination:"):
            unit_id = question.subject["unit_id"]
            names = ["Nguyễn Thị An", "Trần Văn Bình"][: question.choices["places"]]
            answer(home, closing, question.question_id, [{"unit_id": unit_id, "name": name} for name in names], at)
        elif question.kind in {"persons", "units", "exclusions"}:
            answer(home, closing, question.question_id, [], at)


def approve_and_issue(home: Home, period_id: str, at: str) -> Official:
    closing = look(home, period_id, at)
    assert closing.content_hash and not closing.open_questions, [one.question_id for one in closing.open_questions]
    for user in ("an", "binh"):
        approve(
            home, CAMPAIGN, period_id, user=user, role="op", seen=closing.content_hash, at=parse_instant(at)
        )  # fmt: skip
    return issue(home, CAMPAIGN, period_id, parse_instant(at))
