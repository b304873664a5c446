"""Each open reading of the flagship plan, chosen otherwise by a decision, changes a published result."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from thidua.intake.ingest import ingest
from thidua.lake.decisions import record_decision
from thidua.plan.loader import load_plan
from thidua.settings import Home, repo_root
from thidua.warehouse.build import build

from tests.property.content import Content, marts_of

pytestmark = pytest.mark.slow(seconds=20)

PLAN = repo_root() / "campaigns" / "lam-dong-2023"
NOW = datetime(2024, 2, 1, tzinfo=UTC)
# What each reading changes: the tables in which a council or an operator would see it.
CHANGES = {
    "department_types": "fct_eligibility",
    "march_figure": "fct_measure",
    "staff_day": "fct_award",
    "consolation_at_least": "fct_award",
    "year_completed": "fct_prize_condition",
    "goal_blocs": "fct_goal",
    "export_deadline": "fct_reporting",
}
CLOSINGS = ["2023-06-30", "2023-09-30", "2023-11-30", "2023-12-31"]


def options() -> list[tuple[str, str]]:
    plan = load_plan(PLAN)
    return [
        (reading.reading_id, option)
        for reading in plan.document.readings
        for option in reading.options
        if option != reading.default
    ]


def write_exports(landing: Path, campaign_id: str) -> None:
    """Every unit at every closing: 90% of its target in June, 95% in November, all of it only in December."""
    plan = load_plan(PLAN)
    baselines = {row.unit_id: row.value for row in plan.baselines}
    folder = landing / campaign_id / "progress"
    folder.mkdir(parents=True)
    lines = {
        day: [
            f"{row.unit_id},{day},{baselines.get(row.unit_id, 0) + int(row.value) * share // 100}"
            for row in plan.targets
        ]
        for day, share in zip(CLOSINGS, (90, 92, 95, 101), strict=True)
    }
    # Figures of the days that other readings take as the baseline.
    for day, less in (("2023-03-31", 7), ("2022-12-31", 11)):
        lines[day] = [f"{unit},{day},{value - less}" for unit, value in baselines.items()]
    for number, (day, rows) in enumerate(lines.items()):
        path = folder / f"all-{number}.csv"
        # Four days after the closing: late by the default deadline, in time by the longer one.
        at = f"{date.fromordinal(date.fromisoformat(day).toordinal() + 4)}T12:00:00+07:00"
        path.with_name(path.name + ".receipt.json").write_text(json.dumps({"received_at": at}))
        path.write_text("\n".join(["unit,as of date,cumulative count", *rows]))


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Content:
    """One build over copies of the campaign: one as it is, one for each other option."""
    folder = tmp_path_factory.mktemp("readings")
    home, plans = Home(folder / "home"), folder / "campaigns"
    for reading, option in [("", ""), *options()]:
        campaign_id = f"flip-{reading}-{option}".replace("_", "-").rstrip("-")
        shutil.copytree(PLAN, plans / campaign_id)
        text = (PLAN / "plan.yml").read_text().replace("campaign_id: lam-dong-2023", f"campaign_id: {campaign_id}")
        (plans / campaign_id / "plan.yml").write_text(text)
        write_exports(home.landing, campaign_id)
        if reading:
            record_decision(
                home,
                campaign_id=campaign_id,
                kind="choose_reading",
                subject={"reading_id": reading, "option": option},
                decided_by="council",
                recorded_at=datetime(2023, 5, 1, tzinfo=UTC),
                reason="test",
            )
    result = ingest(home, plans, NOW, explicit_now=True)
    assert not result.returned
    return marts_of(build(home, plans, NOW).database)


def rows_of(marts: Content, table: str, campaign_id: str) -> list[str]:
    """A campaign's rows without what differs in every copy: its id, and ids of submissions (hashes of their paths)."""
    rows = [row for row in marts[table] if f"'{campaign_id}'" in row]
    return sorted(re.sub(r"'[0-9a-f]{32}'", "'id'", row).replace(campaign_id, "") for row in rows)


def test_the_table_names_every_reading_of_the_plan() -> None:
    assert {reading for reading, _ in options()} == set(CHANGES)


@pytest.mark.parametrize(("reading", "table"), [("goal_blocs", "fct_measure"), ("staff_day", "fct_reporting")])
def test_a_reading_leaves_other_tables_alone(marts: Content, reading: str, table: str) -> None:
    """Otherwise a difference between two copies would say nothing about the reading."""
    option = dict(options())[reading]
    campaign_id = f"flip-{reading}-{option}".replace("_", "-")
    assert rows_of(marts, table, campaign_id) == rows_of(marts, table, "flip") != []


@pytest.mark.parametrize(("reading", "option"), options())
def test_another_option_changes_a_result(marts: Content, reading: str, option: str) -> None:
    campaign_id = f"flip-{reading}-{option}".replace("_", "-")
    ours, base = rows_of(marts, CHANGES[reading], campaign_id), rows_of(marts, CHANGES[reading], "flip")
    assert base
    assert ours != base
    chosen = [row for row in rows_of(marts, "dim_reading", campaign_id) if f"'{reading}'" in row]
    assert len(chosen) == 1 and f"'{option}'" in chosen[0]
