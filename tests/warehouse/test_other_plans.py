"""The four plans beside the flagship, end to end from the lake: their boundaries to the second and the person, what
each open reading changes, and that a build in steps comes to the same as one at once."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from thidua.intake.ingest import ingest
from thidua.settings import Home
from thidua.warehouse.build import build
from thidua.warehouse.postgres.serve import serve_postgres
from thidua.warehouse.publish import publish

from tests.event_lake import put
from tests.postgres import Database, differing_tables
from tests.property.content import Content, marts_of
from tests.property.plan_oracle import PlanOracle
from tests.property.plan_tables import differences, read
from tests.warehouse import sixth
from tests.warehouse.other_plans import (
    AN_GIANG,
    BRVT,
    CAN_THO,
    CHIEM_HOA,
    CHIEM_HOA_OPEN,
    World,
    choose,
    decide,
    lay,
    options,
)  # fmt: skip

pytestmark = pytest.mark.slow

NOW = datetime(2024, 2, 1, tzinfo=UTC)
WORLDS = {
    "world-ag": AN_GIANG,
    "world-ct": CAN_THO,
    "world-ch": CHIEM_HOA_OPEN,
    "world-ch-done": CHIEM_HOA,
    "world-br": BRVT,
}
# What each reading changes: the table in which a council or an operator would see it.
CHANGES = {
    ("world-ag", "earlier_installs"): "fct_eligibility",
    ("world-ag", "completion_pick"): "fct_ranking",
    ("world-ag", "rate_denominator"): "fct_measure",
    ("world-ag", "export_deadline"): "fct_reporting",
    ("world-ct", "counted_products"): "fct_measure",
    ("world-ct", "both_products"): "fct_measure",
    ("world-ct", "counted_events"): "fct_measure",
    ("world-ct", "pool"): "fct_award",
    ("world-ct", "year_of_others"): "fct_eligibility",
    ("world-ch", "status_rule"): "fct_schedule",
    ("world-ch", "monthly_deadline"): "fct_reporting",
    ("world-br", "interim_years"): "fct_eligibility",
    ("world-br", "years_counted"): "fct_eligibility",
    ("world-br", "year_2020"): "fct_eligibility",
    ("world-br", "yearly_deadline"): "fct_reporting",
}


def flips() -> list[tuple[str, str, str]]:
    return [
        (name, reading, option)
        for name, world in WORLDS.items()
        if name != "world-ch-done"
        for reading, option in options(world.plan)
    ]


def flipped_id(name: str, reading: str, option: str) -> str:
    return f"{name}-{reading}-{option}".replace("_", "-")


class Built:
    """One warehouse over all worlds, all their flips, and the sixth plan."""

    def __init__(self, database: Path, plans: Path, worlds: dict[str, tuple[World, tuple[str, str] | None]]) -> None:
        self.marts: Content = marts_of(database)
        self.published = read(database)
        self.database = database
        self.plans = plans
        self.worlds = worlds
        self._connection = duckdb.connect(str(database), read_only=True)

    def rows(self, name: str, query: str) -> list[tuple[Any, ...]]:
        """`query` names tables without their schema; `$1` is the campaign."""
        self._connection.execute("use marts")
        return self._connection.execute(query, [name]).fetchall()

    def table(self, name: str, query: str) -> dict[Any, Any]:
        """Rows as key -> value, or key -> rest of the row."""
        found = {row[0]: row[1] if len(row) == 2 else row[1:] for row in self.rows(name, query)}
        assert found
        return found

    def ids_of(self, name: str) -> dict[str, str]:
        """File without its ending -> submission_id."""
        query = "select file_name, submission_id from fct_submission where campaign_id = $1"
        return {str(key).removesuffix(".csv"): value for key, value in self.table(name, query).items()}

    def close(self) -> None:
        self._connection.close()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    folder = tmp_path_factory.mktemp("plans")
    home, plans = Home(folder / "home"), folder / "campaigns"
    worlds: dict[str, tuple[World, tuple[str, str] | None]] = {name: (world, None) for name, world in WORLDS.items()}
    for name, reading, option in flips():
        worlds[flipped_id(name, reading, option)] = (WORLDS[name], (reading, option))
    for name, (world, chosen) in worlds.items():
        lay(home, plans, name, world, chosen)
    sixth.send(home, plans)
    assert not ingest(home, plans, NOW, explicit_now=True).returned
    built = Built(build(home, plans, NOW).database, plans, worlds)
    yield built
    built.close()


# Readings --------------------------------------------------------------------------------------------------------------


def test_the_table_names_every_reading_of_the_plans() -> None:
    assert {(name, reading) for name, reading, _ in flips()} == set(CHANGES)


def test_every_plan_has_its_readings_flipped(campaign_ids: list[str]) -> None:
    """The flagship's are in tests/property/test_readings.py."""
    assert {world.plan for world in WORLDS.values()} | {"lam-dong-2023"} == set(campaign_ids)


def rows_of(built: Built, table: str, campaign_id: str) -> list[str]:
    """A campaign's rows without what differs in every copy: its id, and ids of submissions (hashes of their names)."""
    rows = [row for row in built.marts[table] if f"'{campaign_id}'" in row]
    return sorted(re.sub(r"'[0-9a-f]{32}'", "'id'", row).replace(campaign_id, "") for row in rows)


@pytest.mark.parametrize(("name", "reading", "option"), flips())
def test_another_option_changes_a_result(built: Built, name: str, reading: str, option: str) -> None:
    table = CHANGES[(name, reading)]
    ours, base = rows_of(built, table, flipped_id(name, reading, option)), rows_of(built, table, name)
    assert base and ours
    assert ours != base


@pytest.mark.parametrize(
    ("name", "reading", "option", "table"),
    [
        ("world-ag", "completion_pick", "first", "fct_measure"),
        ("world-ct", "pool", "eligible", "fct_eligibility"),
        ("world-ch", "status_rule", "last", "fct_progress"),
        ("world-br", "yearly_deadline", "thirty", "fct_eligibility"),
    ],
)
def test_a_reading_leaves_other_tables_alone(built: Built, name: str, reading: str, option: str, table: str) -> None:
    """Otherwise a difference between two copies would say nothing about the reading."""
    ours = rows_of(built, table, flipped_id(name, reading, option))
    assert ours == rows_of(built, table, name) != []


def test_the_oracle_agrees_on_every_world_and_every_flip(built: Built) -> None:
    """Real plans and the sixth, computed again by an oracle that knows none of them."""
    lines: list[str] = []
    for name, (world, chosen) in built.worlds.items():
        decisions = [*world.decisions, *choose(chosen)]
        expected = PlanOracle(built.plans / name, list(world.files()), decisions, NOW).run()
        lines += differences(name, expected, built.published[name])
    for name, chosen in sixth.campaigns().items():
        decisions = [*sixth.DECISIONS, *choose(chosen)]
        expected = PlanOracle(built.plans / name, sixth.files(), decisions, NOW, ids=built.ids_of(name)).run()
        lines += differences(name, expected, built.published[name])
    assert not lines, f"{len(lines)} differences\n" + "\n".join(lines[:40])


# An Giang --------------------------------------------------------------------------------------------------------------


def test_took_part_to_the_person_and_the_second(built: Built) -> None:
    found = built.table(
        "world-ag",
        "select unit_id, numerator, reason_code from fct_eligibility where campaign_id = $1",
    )
    assert found == {
        "thpt-song-tien": (7, "ok"),
        "thpt-nui-sam": (6, "below_threshold"),
        "thpt-ben-xuan": (8, "ok"),
        "thpt-hoa-phuong": (14, "ok"),
        "thpt-phu-lam": (7, "ok"),
        "thpt-vinh-hoa": (6, "below_threshold"),
        "thpt-bay-nui": (7, "ok"),
        "thpt-tan-lap": (None, "no_data"),
        "thpt-hoa-binh": (6, "below_threshold"),
        "thpt-cu-lao": (6, "below_threshold"),
        "thpt-oc-eo": (8, "ok"),
        "thpt-le-hong": (7, "ok"),
    }


def test_order_by_rate_then_number_then_completion(built: Built) -> None:
    ranked = built.rows(
        "world-ag",
        "select unit_id, rank, prize_id from fct_ranking where campaign_id = $1 and rank is not null order by 2",
    )
    assert ranked == [
        ("thpt-hoa-phuong", 1, "first"),
        ("thpt-song-tien", 2, "second"),
        ("thpt-ben-xuan", 3, "third"),
        ("thpt-phu-lam", 4, "consolation"),
        ("thpt-le-hong", 5, "consolation"),
        ("thpt-oc-eo", 6, "consolation"),
        ("thpt-bay-nui", 7, "consolation"),
    ]
    total = "select sum(amount) from fct_award where campaign_id = $1 and recipient_kind = 'unit'"
    assert built.rows("world-ag", total) == [(7_300_000,)]
    by_first = flipped_id("world-ag", "completion_pick", "first")
    pair = "select unit_id from fct_ranking where campaign_id = $1 and rank in (2, 3) order by rank"
    assert built.rows(by_first, pair) == [("thpt-ben-xuan",), ("thpt-song-tien",)]


def test_a_district_has_data_when_all_its_schools_have(built: Built) -> None:
    found = built.table(
        "world-ag",
        "select unit_id, numerator from fct_measure where campaign_id = $1 and measure_id = 'install_rate'",
    )
    assert found["chau-doc"] == 10 and found["long-xuyen"] == 18
    # Tri Tôn's only school is silent, so it and the whole province have no data: never zero.
    assert found["tri-ton"] is None and found["an-giang"] is None


def test_classes_are_shown_against_their_members(built: Built) -> None:
    query = """
        select member, cumulative_count, denominator_count from fct_progress_breakdown
        where campaign_id = $1 and unit_id = 'thpt-nui-sam' and metric_id = 'installed' and dimension = 'class'
    """
    assert built.table("world-ag", query) == {"10": (4, 4), "11": (3, 3), "12": (3, 3)}


def test_persons_shown_to_the_organisers(built: Built) -> None:
    query = (
        "select person_key, unit_id, score, completed_at from fct_candidate where campaign_id = $1 and prize_id = $2"
    )
    built._connection.execute("use marts")
    rows = {row[0]: row[1:] for row in built._connection.execute(query, ["world-ag", "individual_first"]).fetchall()}
    assert len(rows) == 7 + 6 + 8 + 14 + 7 + 6 + 7 + 6 + 6 + 8 + 7  # of the eleven schools that were heard of
    assert rows["thpt-song-tien-0"][:2] == ("thpt-song-tien", 20)  # the second answer changes nothing
    assert rows["disputed"][:2] == ("thpt-oc-eo", 30)
    assert rows["thpt-song-tien-6"][2] == datetime(2022, 4, 10, 2, tzinfo=UTC)


def test_both_schools_are_told_of_a_person_that_both_claim(built: Built) -> None:
    rows = built.rows(
        "world-ag",
        "select unit_id, severity, value, message from fct_rejected_row "
        "where campaign_id = $1 and rule_id = 'claimed_twice' order by unit_id, message",
    )
    assert [row[:3] for row in rows] == [("thpt-cu-lao", "warning", None), ("thpt-oc-eo", "warning", None)]
    assert "Óc Eo" in rows[0][3] and "Cù Lao" in rows[1][3] and "tính cho Trường THPT Óc Eo Mới" in rows[1][3]


def test_the_reports_of_a_contest(built: Built) -> None:
    found = built.table(
        "world-ag",
        "select from_unit_id, status from fct_reporting where campaign_id = $1 and export_type = 'registrations'",
    )
    assert found["thpt-song-tien"] == "on_time" and found["thpt-nui-sam"] == "late"
    assert found["thpt-tan-lap"] == "missing"


# Cần Thơ ---------------------------------------------------------------------------------------------------------------

WAVE_1 = (
    "select unit_id, numerator from fct_measure where campaign_id = $1 and measure_id = 'wave' and period_id = 'wave-1'"
)


def test_enrolments_count_inside_the_wave_and_with_their_term(built: Built) -> None:
    found = built.table("world-ct", WAVE_1)
    assert found["ninh-kieu-xa-1"] == 2 and found["ninh-kieu-xa-2"] == 2
    assert found["ninh-kieu-xa-3"] == 0, "valid until 30/12 is a day too short"
    assert found["o-mon-xa-1"] == 0 and found["o-mon-xa-2"] == 0, "compulsory insurance and renewals do not count"
    assert found["o-mon-xa-3"] == 2, "from the first instant to the last"
    assert found["thot-not-xa-1"] == 0, "the wave is over"
    assert found["buu-dien-ninh-kieu"] == 3 and found["buu-dien-tp"] == 1
    assert found["ninh-kieu"] == 4, "place and collector below one district: each person once"
    assert found["cai-rang-xa-1"] == 1 and found["binh-thuy-xa-1"] == 0, "counted where it happened first"
    assert found["can-tho"] == 7
    once = built.table(flipped_id("world-ct", "both_products", "once"), WAVE_1)
    assert once["ninh-kieu-xa-2"] == 1 and once["can-tho"] == 6


def test_the_launch_day_is_tracked_and_gates_nothing(built: Built) -> None:
    found = built.table("world-ct", WAVE_1.replace("wave-1", "launch-1"))
    assert found["o-mon-xa-3"] == 1 and found["can-tho"] == 1
    assert (
        built.rows("world-ct", "select * from fct_gate_result where campaign_id = $1 and period_id = 'launch-1'") == []
    )


def test_a_wave_without_one_report_has_no_data_where_that_office_speaks(built: Built) -> None:
    found = built.table("world-ct", WAVE_1.replace("wave-1", "wave-3"))
    assert found["ninh-kieu"] == 0
    assert {unit for unit, value in found.items() if value is None} >= {"can-tho", "buu-dien-tp", "thoi-lai-xa-1"}


def test_caps_of_pools_are_rounded_down(built: Built) -> None:
    query = """
        select authority_unit_id || ' ' || recipient_kind, places, status from fct_award
        where campaign_id = $1 and period_id = 'wave-1' and unit_id is null
    """
    found = built.table("world-ct", query)
    assert {key: found[key][0] for key in found if found[key][0] is not None} == {
        "can-tho unit": 2,
        "can-tho person": 1,
        "ninh-kieu unit": 0,  # 10% of 9
        "ninh-kieu person": 0,  # 5% of 19
        "o-mon unit": 1,  # 10% of 10
        "o-mon person": 1,
        "binh-thuy unit": 1,  # 10% of 19
        "binh-thuy person": 5,
    }
    assert found["ninh-kieu unit"][1] == "blocked", "one was awarded where none can be"
    assert found["o-mon unit"][1] == found["can-tho unit"][1] == "undecided"
    eligible = built.table(flipped_id("world-ct", "pool", "eligible"), query)
    assert eligible["can-tho unit"][0] == 0 and eligible["can-tho person"][0] is None


def test_candidates_stand_in_the_pool_of_their_authority(built: Built) -> None:
    query = """
        select unit_id, authority_unit_id, result, reason_code, is_awarded from fct_unit_candidate
        where campaign_id = $1 and period_id = 'wave-1'
    """
    found = built.table("world-ct", query)
    assert found["ninh-kieu-xa-1"] == ("ninh-kieu", "pass", "ok", True)
    assert found["ninh-kieu-xa-3"] == ("ninh-kieu", "fail", "below_threshold", False)
    assert found["buu-dien-tp"][:2] == ("can-tho", "pass")
    assert found["ninh-kieu"][:3] == ("can-tho", "fail", "below_threshold")
    assert found["so-noi-vu"][:3] == ("can-tho", "fail", "no_target")


def test_the_year_asks_for_an_earlier_award_and_all_four_targets(built: Built) -> None:
    query = "select unit_id, is_eligible, reason_code from fct_eligibility where campaign_id = $1 and period_id = 'year-2023'"
    found = built.table("world-ct", query)
    assert found["cai-rang"] == (True, "ok")
    assert found["o-mon"] == (False, "below_threshold"), "one component of four misses by one person"
    assert found["ninh-kieu"] == (False, "no_earlier_award"), "it reached no wave's target"
    assert found["buu-dien-tp"] == (None, "awaiting_decision"), "it may be awarded for the first wave"
    assert found["ninh-kieu-xa-1"] == (None, "awaiting_decision"), "no annual target: listed for the council"
    assert built.table(flipped_id("world-ct", "year_of_others", "pass"), query)["ninh-kieu-xa-1"] == (True, "ok")


def test_allotments_must_add_up(built: Built) -> None:
    query = """
        select unit_id, actual, expected, difference, result from fct_check
        where campaign_id = $1 and period_id = 'wave-1' and check_id = 'allotment'
    """
    assert built.table("world-ct", query) == {
        "can-tho": (12, 11, 1, "fail"),
        "ninh-kieu": (6, 6, 0, "pass"),
        "o-mon": (3, 4, -1, "fail"),
        "thot-not": (1, 1, 0, "pass"),
    }


def test_staffing_of_a_launch(built: Built) -> None:
    query = """
        select check_id || ' ' || unit_id, actual, expected, result from fct_check
        where campaign_id = $1 and period_id = 'launch-1' and result != 'no_data' and check_id != 'allotment'
    """
    assert built.table("world-ct", query) == {
        "city_staff can-tho": (15, 15, "pass"),
        "district_staff ninh-kieu": (5, 5, "pass"),
        "district_staff o-mon": (4, 5, "fail"),
        "org_staff buu-dien-tp": (20, 20, "pass"),
        "org_staff to-chuc-thu-a": (5, 5, "pass"),
        "org_staff buu-dien-ninh-kieu": (9, 10, "fail"),
        "groups ninh-kieu": (10, 10, "pass"),
        "groups o-mon": (9, 10, "fail"),
        "group_size ninh-kieu": (20, 20, "pass"),
        "group_size o-mon": (17, 18, "fail"),
        "teams ninh-kieu": (1, 1, "pass"),
        "teams o-mon": (0, 1, "fail"),
    }


# Chiêm Hóa -------------------------------------------------------------------------------------------------------------


def test_groups_against_their_windows(built: Built) -> None:
    query = "select member, status from fct_schedule where campaign_id = $1"
    expected = {
        "party_committee_unions": "ahead",
        "communes_education_health": "on_time",
        "non_state": "late",
        "voluntary": "on_time",
        "others": "on_time",
    }
    assert built.table("world-ch", query) == expected
    assert built.table("world-ch-done", query) == expected | {"party_committee_unions": "done"}
    by_last = flipped_id("world-ch", "status_rule", "last")
    assert built.table(by_last, query) == expected | {"communes_education_health": "late"}


def test_counts_by_month_member_and_commune(built: Built) -> None:
    query = """
        select as_of_date, cumulative_count from fct_progress
        where campaign_id = $1 and metric_id = 'installs' and unit_id = '{unit}' order by 1
    """
    district = built.rows("world-ch", query.format(unit="chiem-hoa"))
    assert [value for _, value in district] == [1, 3, 4, 6, 7, 7, 7]
    left = built.rows("world-ch", query.format(unit="phuc-son"))
    assert [value for _, value in left] == [0, 1, 1, 1, 1], "a commune that leaves is counted up to then"
    members = """
        select member, cumulative_count from fct_progress_breakdown
        where campaign_id = $1 and unit_id = 'chiem-hoa' and metric_id = 'installs' and as_of_date = '2021-05-31'
    """
    assert built.table("world-ch", members) == {
        "party_committee_unions": 1,
        "communes_education_health": 3,
        "Trường A": 2,
    }


def test_no_target_no_rate(built: Built) -> None:
    rates = "select count(progress_rate), count(target_count), count(*) from fct_progress where campaign_id = $1"
    with_rate, with_target, rows = built.rows("world-ch", rates)[0]
    assert (with_rate, with_target) == (0, 0) and rows
    for table in ("fct_measure", "fct_eligibility", "fct_ranking", "fct_award"):
        assert built.rows("world-ch", f"select * from {table} where campaign_id = $1") == []


def test_feedback_received_and_resolved(built: Built) -> None:
    query = """
        select metric_id || ' ' || strftime(as_of_date, '%m'), cumulative_count from fct_progress
        where campaign_id = $1 and metric_id like 'feedback%' and unit_id = 'chiem-hoa' and as_of_date <= '2021-05-31'
    """
    found = built.table("world-ch", query)
    assert {key: found[key] for key in found if "received" in key or "resolved" in key} == {
        "feedback_received 03": 1,
        "feedback_received 04": 3,
        "feedback_received 05": 3,
        "feedback_resolved 03": 0,
        "feedback_resolved 04": 1,
        "feedback_resolved 05": 2,
    }


def test_open_feedback_and_its_age_by_topic_and_team(built: Built) -> None:
    query = """
        select dimension || ' ' || member, received_count, resolved_count, open_count, oldest_open_days, median_open_days
        from fct_backlog where campaign_id = $1
    """
    still_open = (3, 2, 1, 173, 173)  # from 10/04 to 30/09/2021, the last day that anybody told of
    assert built.table("world-ch", query) == {
        " ": still_open,
        "team to-che-do": still_open,
        "topic card": (1, 1, 0, None, None),
        "topic data": (2, 1, 1, 173, 173),
    }


# Bà Rịa – Vũng Tàu -----------------------------------------------------------------------------------------------------


def test_the_dossier_year_by_year(built: Built) -> None:
    query = """
        select unit_id || ' ' || in_period_id, result, conditions_met, conditions from fct_dossier
        where campaign_id = $1 and period_id = 'final-2020'
    """
    found = built.table("world-br", query)
    assert len(found) == 12 * 4
    assert found["vung-tau y2018"] == ("pass", 2, 2)
    assert found["ba-ria y2018"] == ("fail", 1, 2)
    assert found["p-thu y2019"] == ("fail", 0, 1)
    # What Tân Thành did in 2017 is history of Phú Mỹ.
    assert [found[f"phu-my y{year}"][0] for year in range(2017, 2021)] == ["pass"] * 4
    assert "tan-thanh y2017" not in found


def test_the_set_of_who_qualifies(built: Built) -> None:
    query = "select unit_id from fct_eligibility where campaign_id = $1 and period_id = '{period}' and is_eligible order by 1"
    final = [unit for (unit,) in built.rows("world-br", query.format(period="final-2020"))]
    assert final == [
        "con-dao",
        "dat-do",
        "long-dien",
        "p-che-do",
        "p-giam-dinh",
        "p-to-chuc-can-bo",
        "phu-my",
        "vung-tau",
    ]
    interim = [unit for (unit,) in built.rows("world-br", query.format(period="interim-2018"))]
    assert "chau-duc" not in interim and "ba-ria" in interim and "phu-my" in interim
    november = flipped_id("world-br", "year_2020", "november")
    shifted = [unit for (unit,) in built.rows(november, query.format(period="final-2020"))]
    assert set(final) ^ set(shifted) == {"dat-do", "xuyen-moc"}


def test_old_statements_stay_under_the_old_name(built: Built) -> None:
    query = "select unit_id from fct_eligibility where campaign_id = $1 and period_id = 'y2017'"
    units = {unit for (unit,) in built.rows("world-br", query)}
    assert "tan-thanh" in units and "phu-my" not in units


def test_a_plan_due_before_the_year_is_over_is_answered_by_a_day_of_that_year(built: Built) -> None:
    query = "select from_unit_id, status from fct_reporting where campaign_id = $1 and export_type = 'documents'"
    found = built.table("world-br", query)
    assert found["vung-tau"] == "on_time"
    assert found["tan-thanh"] == "late", "the first instant that is not before 04/12"
    assert found["ba-ria"] == "missing", "what speaks of the year before"
    assert found["con-dao"] == "missing"


def test_places_by_decision_and_goals(built: Built) -> None:
    places = built.table(
        "world-br",
        "select prize_id, places from fct_award where campaign_id = $1 and period_id = 'final-2020' and unit_id is null",
    )
    assert places["collective"] == 5 and places["individual"] == 10
    goals = built.table("world-br", "select goal_id, value, is_met from fct_goal where campaign_id = $1")
    assert goals["coverage_2020"] == (888_750, False)
    assert goals["cards_elderly"] == (987_500, False)
    assert goals["cards_poor"] == (1_000_000, True)


# The sixth -------------------------------------------------------------------------------------------------------------

RANKS = """
    select unit_id, rank, is_tied, prize_id from fct_ranking
    where campaign_id = $1 and period_id = '{}' and bloc_id = '{}' and rank is not null
"""
SIXTH_CHANGES = {
    "products": "fct_measure",
    "completion_pick": "fct_ranking",
    "consolation_at_least": "fct_award",
    "pool": "fct_award",
    "deadline": "fct_reporting",
}


def test_the_sixth_plan_ranks_one_bloc_by_figures_and_one_by_events(built: Built) -> None:
    offices = built.table("sixth", RANKS.format("wave-1", "offices"))
    assert offices == {
        "south": (1, False, "first"),  # 30/40 and three people like east, but complete a day earlier
        "east": (2, False, "second"),
        "north": (3, False, "consolation"),  # 24/40 is 60% exactly
    }
    clubs = built.table("sixth", RANKS.format("wave-1", "clubs"))
    assert clubs == {
        "east-1": (1, False, "first"),
        "south-1": (2, True, None),  # two people each, the last of them at the same instant
        "north-1": (2, True, None),
        "south-2": (4, False, "consolation"),
    }
    later = built.table("sixth", RANKS.format("wave-2", "offices"))
    assert later == {"south": (1, False, "first"), "west": (2, False, "second")}
    by_first = built.table("sixth-completion-pick-first", RANKS.format("wave-1", "offices"))
    assert by_first["east"][0] == 1 and by_first["south"][0] == 2


def test_the_sixth_plan_counts_to_the_second_and_the_person(built: Built) -> None:
    query = """
        select unit_id || ' ' || period_id, numerator, denominator from fct_measure
        where campaign_id = $1 and period_id != 'final' and unit_id like '%-_'
    """
    assert built.table("sixth", query) == {
        "south-1 wave-1": (2, 2),  # a second document of one of them, and a day before the window
        "south-2 wave-1": (1, 1),  # not the one whom east claims a day earlier
        "east-1 wave-1": (3, 3),  # 19:59:59 counts, 20:00:00 does not
        "north-1 wave-1": (2, 2),  # the first instant of the window counts
        "north-2 wave-1": (0, 1),  # a term to 30/12
        "west-1 wave-1": (0, 0),  # a renewal is not new
        "south-1 wave-2": (2, 2),
        "south-2 wave-2": (1, 1),
        "east-1 wave-2": (1, 3),
        "north-1 wave-2": (1, 2),
        "north-2 wave-2": (1, 1),
        "west-1 wave-2": (0, 0),
    }
    assert built.table("sixth-products-two", query)["south-2 wave-1"] == (2, 1)


def test_the_sixth_plan_says_why_and_pays(built: Built) -> None:
    query = "select unit_id, reason_code from fct_eligibility where campaign_id = $1 and period_id = '{}'"
    assert built.table("sixth", query.format("wave-1")) == {
        "south": "ok", "east": "ok", "north": "ok", "west": "below_threshold", "south-1": "ok", "south-2": "ok",
        "east-1": "ok", "north-1": "ok", "north-2": "below_threshold", "west-1": "no_target",
    }  # fmt: skip
    second = built.table("sixth", query.format("wave-2"))
    assert second["north"] == "decision_failed" and second["east"] == "no_data"
    last = built.table("sixth", query.format("final"))
    assert {unit: last[unit] for unit in ("south", "north-1", "east", "west-1")} == {
        "south": "ok", "north-1": "ok", "east": "awaiting_decision", "west-1": "no_earlier_award",
    }  # fmt: skip
    paid = """
        select period_id || ' ' || unit_id || ' ' || prize_id, status, amount, amount_min, amount_max from fct_award
        where campaign_id = $1 and unit_id is not null and prize_id in ('first', 'second', 'consolation', 'person')
    """
    found = built.table("sixth", paid)
    assert found["wave-2 south first"] == ("proposed", 2_000_000, 2_000_000, 2_000_000)
    assert found["wave-1 south person"] == ("proposed", 200_000, 200_000, 200_000)  # two persons
    assert found["wave-1 north consolation"] == ("proposed", 100_000, 100_000, 100_000)  # five heads
    assert found["wave-1 north-1 second"] == ("undecided", None, 60_000, 600_000)  # or the consolation of three heads
    assert found["wave-1 south-2 consolation"] == ("blocked", None, None, None)
    strict = built.table("sixth-consolation-at-least-all", paid)
    assert "wave-1 north consolation" not in strict and strict["wave-1 north-1 second"][2] == 60_000


def test_every_count_of_events_names_its_files(built: Built) -> None:
    query = """
        select file_name || ' ' || period_id, sum(counted_rows), min(first_line_number), max(last_line_number)
        from fct_event_source inner join fct_submission using (campaign_id, submission_id)
        where campaign_id = $1 and unit_id = 'council' and metric_id = 'joined' group by 1
    """
    assert built.table("sixth", query) == {
        "south_2023-03-31.csv wave-1": (3, 2, 4),
        "east_2023-03-31.csv wave-1": (3, 2, 4),
        "north_2023-03-31.csv wave-1": (2, 2, 3),
        "south_2023-05-31.csv wave-2": (3, 2, 4),
        "north_2023-05-31.csv wave-2": (2, 2, 3),
        "east_2023-05-31.csv wave-2": (1, 2, 2),
    }


def test_the_sixth_plan_caps_goals_and_allotments(built: Built) -> None:
    pools = """
        select authority_unit_id, places, status from fct_award
        where campaign_id = $1 and period_id = 'wave-1' and prize_id = 'medal' and unit_id is null
    """
    assert built.table("sixth", pools) == {
        "council": (1, "undecided"),  # 10% of 19
        "south": (0, "undecided"),  # 10% of 9
        "north": (1, "undecided"),  # 10% of 10
        "east": (None, "undecided"),
        "west": (None, "undecided"),
    }
    goals = built.table("sixth", "select goal_id, value, is_met from fct_goal where campaign_id = $1")
    assert goals == {"all": (513, True), "members": (6, True)}
    checks = "select unit_id, difference, result from fct_check where campaign_id = $1 and period_id = 'wave-1'"
    found = built.table("sixth", checks)
    assert found["north"] == (-1, "fail") and found["south"] == (0, "pass")


@pytest.mark.parametrize("name", [name for name, chosen in sixth.campaigns().items() if chosen])
def test_another_option_of_the_sixth_changes_a_result(built: Built, name: str) -> None:
    chosen = sixth.campaigns()[name]
    assert chosen
    ours, base = (rows_of(built, SIXTH_CHANGES[chosen[0]], campaign) for campaign in (name, "sixth"))
    assert base and ours and ours != base


# All -------------------------------------------------------------------------------------------------------------------


def test_in_steps_as_at_once(tmp_path: Path, built: Built) -> None:
    """Files come one by one in another order, with builds and closings between them."""
    home, plans = Home(tmp_path / "home"), tmp_path / "campaigns"
    steps: list[tuple[str, World, list[Any]]] = []
    for name, world in WORLDS.items():
        files = list(world.files())
        steps.append((name, world, files))
        lay(home, plans, name, World(world.plan, world.csvs, lambda: iter(()), (), world.edits))
    clocks = [
        datetime(2021, 4, 2, tzinfo=UTC),
        datetime(2022, 4, 20, 12, 59, tzinfo=UTC),
        datetime(2023, 6, 20, tzinfo=UTC),
    ]
    for number, clock in enumerate(clocks):
        for name, _, files in steps:
            put(home, name, files[number::4][::-1])
        build(home, plans, clock)
    for name, world, files in steps:
        put(home, name, files[3::4])
        decide(home, name, world.decisions)
    incremental = marts_of(build(home, plans, NOW).database)
    rebuilt = marts_of(build(home, plans, NOW, full=True).database)
    for table, rows in rebuilt.items():
        assert incremental[table] == rows, table
    for table in ("fct_measure", "fct_eligibility", "fct_ranking", "fct_progress", "fct_rejected_row", "fct_candidate"):
        for name in WORLDS:
            ours = sorted(row for row in incremental[table] if f"'{name}'" in row)
            assert ours == sorted(row for row in built.marts[table] if f"'{name}'" in row), (table, name)


# Serving ---------------------------------------------------------------------------------------------------------------


def test_postgres_serves_the_same(built: Built, tmp_path: Path, database: Database) -> None:
    """All plans but the flagship, whose whole year tests/closing/test_year.py compares."""
    home = Home(tmp_path)
    shutil.copytree(built.database.parent, home.warehouse)
    publish(home)
    assert serve_postgres(home)
    assert differing_tables(home.serve / "current" / "marts.duckdb", database) == {}
