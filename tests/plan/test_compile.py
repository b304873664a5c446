"""A plan as rows: exactly the columns of the reference tables, and the clauses of the texts in them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from thidua.clock import parse_instant
from thidua.errors import ThiduaError
from thidua.plan.compile import compile_plan
from thidua.plan.loader import load_campaigns, load_plan
from thidua.plan.registry import UnitRegistry
from thidua.plan.snapshots import record_snapshots, snapshots_at
from thidua.plan.tables import PLAN_TABLES
from thidua.settings import Home, repo_root

from tests.plan.small import write_small

PLANS = load_campaigns(repo_root() / "campaigns")
FLAGSHIP = compile_plan(PLANS["lam-dong-2023"])


@pytest.mark.parametrize("campaign_id", PLANS)
def test_rows_have_the_columns_of_the_tables(campaign_id: str) -> None:
    tables = compile_plan(PLANS[campaign_id])
    assert tables.keys() == PLAN_TABLES.keys()
    kinds = {"bigint": int, "varchar": str, "boolean": bool, "date": str, "timestamptz": str}
    for table, rows in tables.items():
        for row in rows:
            assert list(row) == list(PLAN_TABLES[table]) and row["campaign_id"] == campaign_id
            for column, kind in PLAN_TABLES[table].items():
                assert row[column] is None or type(row[column]) is kinds[kind], (table, column, row[column])


def test_every_table_is_filled_by_some_plan(tmp_path: Path) -> None:
    small = compile_plan(load_plan(write_small(tmp_path)))
    filled = {table for tables in [small, *map(compile_plan, PLANS.values())] for table, rows in tables.items() if rows}
    assert filled == set(PLAN_TABLES)


def test_closings_and_thresholds_of_the_flagship() -> None:
    closings = {
        row["period_id"]: (row["closing_date"], parse_instant(row["cutoff_at"]), row["multiplier"])
        for row in FLAGSHIP["periods"]
    }
    assert closings["q2"] == ("2023-06-30", datetime(2023, 6, 30, 17, tzinfo=UTC), 1)
    assert closings["q3"][0] == "2023-09-30" and closings["final"][0] == "2023-11-30" and closings["final"][2] == 2
    thresholds = {row["period_id"]: row["threshold_ppm"] for row in FLAGSHIP["gates"] if row["kind"] == "measure"}
    assert thresholds == {"q2": 600_000, "q3": 800_000, "final": 1_000_000, "year-2023": 1_000_000}


def test_prizes_and_quotas_of_the_flagship() -> None:
    ladder = [
        (row["prize_id"], row["places"], row["amount"])
        for row in FLAGSHIP["prizes"]
        if row["period_id"] == "q2" and row["granted_by"] == "rank"
    ]
    assert ladder == [
        ("first", 1, 150_000),
        ("second", 1, 100_000),
        ("third", 1, 70_000),
        ("consolation", None, 30_000),
    ]
    assert all(row["is_multiplied"] for row in FLAGSHIP["prizes"] if row["granted_by"] != "decision")
    leadership = {
        row["prize_id"]: (row["amount"], row["is_multiplied"])
        for row in FLAGSHIP["prizes"]
        if row["granted_by"] == "decision"
    }
    assert leadership == {"leadership_unit": (2_000_000, False), "leadership_person": (1_000_000, False)}
    two = {row["unit_id"] for row in FLAGSHIP["prize_quotas"] if row["quota"] == 2}
    assert two == {"p-quan-ly-thu", "duc-trong", "lam-ha", "di-linh", "bao-lam", "bao-loc"}


def test_due_instants_of_the_three_waves() -> None:
    due = {
        (row["export_type"], row["period_id"]): parse_instant(row["due_at"])
        for row in compile_plan(PLANS["can-tho-2023"])["reports"]
    }
    local_midnight = {"2023-06-20": "06-19", "2023-08-15": "08-14", "2023-10-20": "10-19"}
    for (day, before), wave in zip(local_midnight.items(), (1, 2, 3), strict=True):
        assert due[("enrolments", f"wave-{wave}")] == parse_instant(day)
        assert f"{due[('enrolments', f'wave-{wave}')]:%m-%d %H}" == f"{before} 17"
    # The attendance list is due to the end of the fifth day before: 05-01, 06-26, 09-04.
    for launch, day in ((1, "2023-05-02"), (2, "2023-06-27"), (3, "2023-09-05")):
        assert due[("attendance", f"launch-{launch}")] == parse_instant(day)


def test_a_reading_chosen_otherwise() -> None:
    plan = PLANS["lam-dong-2023"]
    day = compile_plan(plan, {"march_figure": "end_of_march"})["measures"][0]
    assert (day["baseline_kind"], day["baseline_date"]) == ("day", "2023-03-31")
    with pytest.raises(ThiduaError, match="has no option 'never'"):
        compile_plan(plan, {"march_figure": "never"})


@pytest.mark.parametrize(
    ("campaign_id", "name", "unit_id"),
    [
        ("lam-dong-2023", "TP. Bảo Lộc", "bao-loc"),
        ("lam-dong-2023", "Thành phố Bảo Lộc", "bao-loc"),
        ("lam-dong-2023", "BHXH TP Bảo Lộc", "bao-loc"),
        ("lam-dong-2023", "  bảo   LỘC ", "bao-loc"),
        ("lam-dong-2023", "bao-loc", "bao-loc"),
        ("lam-dong-2023", "673", "bao-loc"),
        ("lam-dong-2023", "Phòng Tổ chức Cán bộ", "p-to-chuc-can-bo"),
        ("can-tho-2023", "Bình Thủy", "binh-thuy"),
        ("can-tho-2023", "Quận Bình Thuỷ", "binh-thuy"),
        ("lam-dong-2023", "Phòng Pháp chế", None),
    ],
)
def test_units_by_their_names(campaign_id: str, name: str, unit_id: str | None) -> None:
    assert UnitRegistry(PLANS[campaign_id]).resolve(name).unit_id == unit_id


def test_a_name_that_fits_two_units_fits_none(tmp_path: Path) -> None:
    folder = write_small(
        tmp_path, {"Thành phố Bảo Lộc,office,t,,,TP. Bảo Lộc|Bảo Lộc": "Thị xã Châu Thành,office,t,,,"}, "units.csv"
    )
    registry = UnitRegistry(load_plan(folder))
    assert registry.resolve("Châu Thành").unit_id is None
    assert registry.resolve("Châu Thành").candidates == ("o1", "o2")
    assert registry.resolve("Huyện Châu Thành").unit_id == "o1"


def test_snapshots_keep_what_was_the_law_when(tmp_path: Path) -> None:
    home, campaigns = Home(tmp_path / "home"), tmp_path / "campaigns"
    instants = [datetime(2023, 1, day, tzinfo=UTC) for day in (10, 20, 30)]
    titles = ["Small", "Bigger", "Small"]  # A, B, A: a plan that is changed back is a new state
    for instant, title in zip(instants, titles, strict=True):
        write_small(campaigns, {"title: Small": f"title: {title}"})
        assert len(record_snapshots(home, campaigns, instant)) == 1
        assert record_snapshots(home, campaigns, instant) == []

    def title_at(instant: datetime | None) -> str:
        return load_plan(snapshots_at(home, instant)["small"].path).document.campaign.title

    assert title_at(datetime(2022, 1, 1, tzinfo=UTC)) == "Small", "the first counts from the beginning"
    assert title_at(instants[1]) == "Bigger" and title_at(instants[2]) == "Small" == title_at(None)
