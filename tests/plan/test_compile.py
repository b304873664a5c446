"""A plan as rows: exactly the columns of the reference tables, and the clauses of the texts in them."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from thidua.clock import parse_instant
from thidua.errors import PlanError, ThiduaError
from thidua.plan.compile import compile_plan
from thidua.plan.loader import load_campaigns, load_plan
from thidua.plan.registry import UnitRegistry
from thidua.plan.snapshots import hash_plan, record_snapshots, snapshots_at
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
        ("lam-dong-2023", "BHXH H. Đức Trọng", "duc-trong"),
        ("lam-dong-2023", "BHXH huyen Duc Trong", "duc-trong"),
        ("lam-dong-2023", unicodedata.normalize("NFD", "BHXH thành phố Đà Lạt"), "da-lat"),
        ("lam-dong-2023", "Phòng Quản lý Thu", "p-quan-ly-thu"),
        ("lam-dong-2023", "Phòng TCCB", "p-to-chuc-can-bo"),
        ("lam-dong-2023", "", None),
        ("lam-dong-2023", "BHXH", None),
        ("can-tho-2023", "BHXH huyện Phong Điền", "phong-dien"),
        ("can-tho-2023", "Phong Dien", "phong-dien"),
        # Phong is no phòng and Tịnh no tỉnh: what follows is no name.
        ("can-tho-2023", "Điền", None),
        ("an-giang-2022", "BHXH huyen Tinh Bien", "tinh-bien"),
        ("an-giang-2022", "Biên", None),
        ("an-giang-2022", "THPT Sông Tiền", "thpt-song-tien"),
        ("chiem-hoa-2021", "Xã Trung Hoà", "trung-hoa"),
        ("chiem-hoa-2021", "Huyện Chiêm Hoá", "chiem-hoa"),
        ("chiem-hoa-2021", "73", "chiem-hoa"),
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
    assert registry.resolve("BHXH huyện Châu Thành").unit_id == "o1", "its kind tells it from the other"
    assert registry.resolve("BHXH TX. Châu Thành").unit_id == "o2"


def test_the_day_tells_namesakes_apart() -> None:
    registry = UnitRegistry(PLANS["ba-ria-vung-tau-2017"])
    assert registry.resolve("Huyện Tân Thành", date(2018, 4, 11)).unit_id == "tan-thanh"
    assert registry.resolve("Phú Mỹ", date(2018, 4, 12)).unit_id == "phu-my"
    assert not registry.is_valid("tan-thanh", date(2018, 4, 12)), "the name is known, the unit is gone"


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


@pytest.mark.parametrize("step", [0, -1])
def test_what_is_recorded_last_is_the_law(tmp_path: Path, step: int) -> None:
    """Within one instant, and when the clock was set back."""
    home, campaigns, start = Home(tmp_path / "home"), tmp_path / "campaigns", datetime(2023, 1, 10, tzinfo=UTC)
    for number, title in enumerate(["Small", "Bigger", "Small", "Other"]):
        write_small(campaigns, {"title: Small": f"title: {title}"})
        now = start + timedelta(days=step * number)
        assert len(record_snapshots(home, campaigns, now)) == 1
        assert record_snapshots(home, campaigns, now) == []
        assert load_plan(snapshots_at(home, None)["small"].path).document.campaign.title == title
    assert len(list((home.lake / "plans" / "small").iterdir())) == 4


def test_a_broken_plan_and_a_killed_recorder_leave_no_snapshot(tmp_path: Path) -> None:
    home, campaigns, now = Home(tmp_path / "home"), tmp_path / "campaigns", datetime(2023, 1, 10, tzinfo=UTC)
    write_small(campaigns, {"places: 1,": "places: 0,"})
    with pytest.raises(PlanError):
        record_snapshots(home, campaigns, now)
    assert snapshots_at(home, None) == {}
    left = home.lake / "plans" / "small" / ".tmp-killed"
    left.mkdir(parents=True)
    (left / "snapshot.json").write_text("{")
    write_small(campaigns)
    (snapshot,) = record_snapshots(home, campaigns, now)
    assert not left.exists()
    assert snapshots_at(home, None) == {"small": snapshot}
    assert json.loads((snapshot.path / "snapshot.json").read_text()) == {
        "campaign_id": "small",
        "plan_hash": hash_plan(campaigns / "small"),
        "recorded_at": now.isoformat(),
    }
    assert snapshot.path.name == f"20230110T000000.000000Z-{snapshot.plan_hash[:12]}"


def test_instants_of_a_contest_that_ends_in_the_evening() -> None:
    """An answer at 20:00:00 exactly is outside: the cutoff excludes it, the closing date is still the 20th."""
    (period,) = compile_plan(PLANS["an-giang-2022"])["periods"]
    assert parse_instant(period["cutoff_at"]) == datetime(2022, 4, 20, 13, tzinfo=UTC)
    assert parse_instant(period["window_from"]) == datetime(2022, 3, 26, 1, tzinfo=UTC)
    assert period["closing_date"] == "2022-04-20"


def test_due_instants_of_the_city_and_the_flagship() -> None:
    city = {
        row["period_id"]: parse_instant(row["due_at"])
        for row in compile_plan(PLANS["can-tho-2023"])["reports"]
        if row["export_type"] == "documents"
    }
    assert city == {
        f"wave-{wave}": parse_instant(day) for wave, day in ((1, "2023-06-25"), (2, "2023-08-25"), (3, "2023-10-30"))
    }
    # Three days after 30/6: to the end of 3/7.
    flagship = {(row["period_id"], row["from_unit_type"]): parse_instant(row["due_at"]) for row in FLAGSHIP["reports"]}
    assert flagship[("q2", "district_office")] == flagship[("q2", "department")] == parse_instant("2023-07-04")
    five = compile_plan(PLANS["lam-dong-2023"], {"export_deadline": "five"})["reports"]
    assert parse_instant(five[0]["due_at"]) == parse_instant("2023-07-06")


def test_every_receiver_of_a_report_is_a_unit_above_its_sender() -> None:
    for plan in PLANS.values():
        tables = compile_plan(plan)
        types = {row["unit_id"]: row["unit_type"] for row in tables["units"]}
        above: dict[str, set[str]] = {}
        for row in tables["unit_ancestors"]:
            above.setdefault(row["unit_id"], set()).add(types[row["ancestor_unit_id"]])
        assert tables["reports"]
        for report in tables["reports"]:
            senders = [unit for unit, unit_type in types.items() if unit_type == report["from_unit_type"]]
            assert senders and all(report["to_unit_type"] in above[unit] for unit in senders), report


@pytest.mark.parametrize("campaign_id", PLANS)
def test_every_option_of_every_reading_changes_a_row(campaign_id: str) -> None:
    plan = PLANS[campaign_id]
    base = compile_plan(plan)
    assert plan.document.readings
    for reading in plan.document.readings:
        for option in set(reading.options) - {reading.default}:
            other = compile_plan(plan, {reading.reading_id: option})
            changed = {table for table in base if table != "readings" and base[table] != other[table]}
            assert changed, (reading.reading_id, option)


def test_figures_of_the_flagship_reach_its_goal() -> None:
    """The invented targets beside the two real ones: together with March's figures a bit more than 330.000 people."""
    districts = {row["unit_id"] for row in FLAGSHIP["units"] if row["bloc_id"] == "districts"}
    assert len(districts) == 12
    targets = {row["unit_id"]: row["value"] for row in FLAGSHIP["targets"]}
    march = {row["unit_id"]: row["value"] for row in FLAGSHIP["baselines"]}
    assert set(march) == districts
    (goal,) = FLAGSHIP["goals"]
    assert goal["comparison"] == "over" and goal["goal_value"] == 330_000
    assert 330_000 < sum(march[unit] + targets[unit] for unit in districts) < 350_000
    assert {row["decision_number"] for row in FLAGSHIP["targets"]} == {"527/KH-BHXH", "707/KH-BHXH"}


def test_allotted_targets_add_up() -> None:
    tables = compile_plan(PLANS["can-tho-2023"])
    parents = {row["unit_id"]: row["parent_unit_id"] for row in tables["units"]}
    targets = {
        (row["period_id"], row["unit_id"]): row["value"] for row in tables["targets"] if row["target_id"] == "enrolled"
    }
    checked = 0
    for period, unit in targets:
        children = [
            targets[period, child] for child, parent in parents.items() if parent == unit and (period, child) in targets
        ]
        if children:
            assert sum(children) == targets[period, unit], (period, unit)
            checked += 1
    assert checked == 6 * 10  # three launch days and three waves; the city and nine districts


def test_communes_of_chiem_hoa() -> None:
    tables = compile_plan(PLANS["chiem-hoa-2021"])
    communes = [row for row in tables["units"] if row["unit_type"] == "commune"]
    assert len(communes) == len({row["code"] for row in communes}) == 26
    assert {row["unit_id"] for row in communes if row["valid_through"]} == {"phuc-son", "minh-quang"}
    assert [row["kind"] for row in tables["unit_lineage"]] == ["left", "left"]


def test_a_goal_over_events_counts_in_the_window_that_closes_on_its_day(tmp_path: Path) -> None:
    edit = ("metric: users, over: 10", "metric: installed, over: 10")
    tables = compile_plan(load_plan(write_small(tmp_path, dict([edit]))))
    assert [goal["period_id"] for goal in tables["goals"]] == ["end"]
    assert [goal["period_id"] for goal in FLAGSHIP["goals"]] == [None]


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("renamed", "members,o1,,,50\n", {"o1": 50, "o2": 50}),
        ("merged", "members,o1,,,50\n", {"o1": 50, "o2": 50}),
        ("renamed", "members,o1,,,50\nmembers,o2,,,7\n", {"o1": 50, "o2": 7}),  # its own counts
        ("split", "members,o1,,,50\n", {"o1": 50}),  # what splits off keeps no share
    ],
)
def test_reference_figures_pass_to_what_a_unit_became(
    tmp_path: Path, kind: str, given: str, expected: dict[str, int]
) -> None:
    folder = write_small(tmp_path, {"renamed": kind}, "unit_lineage.csv")
    (folder / "references.csv").write_text(f"metric_id,unit_id,dimension,member,value\n{given}")
    rows = [row for row in compile_plan(load_plan(folder))["given_figures"] if row["as_of_date"] is None]
    assert {row["unit_id"]: row["value"] for row in rows} == expected
