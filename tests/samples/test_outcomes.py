"""What the samples amount to, counted here from the lake in the plainest way: each plan's rules meet their boundaries."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date, datetime
from typing import Any

import duckdb
import pytest
from thidua.clock import LOCAL

from tests.samples.conftest import CAMPAIGNS


def rows(judged: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return judged.execute(query).fetchall()


def read(campaign: str, name: str) -> list[dict[str, str]]:
    with (CAMPAIGNS / campaign / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# ---- An Giang

OPENS, CLOSES = datetime(2022, 3, 26, 8, tzinfo=LOCAL), datetime(2022, 4, 20, 20, tzinfo=LOCAL)


class Schools:
    """Per school: who installed by the close, who took part as well, and when they had done both."""

    def __init__(self, judged: duckdb.DuckDBPyConnection) -> None:
        events = rows(
            judged,
            "select event, person_key, unit_id, event_at from live where campaign_id = 'an-giang-2022' order by all",
        )
        self.installs = {
            person: (unit, at) for event, person, unit, at in events if event == "installed" and at < CLOSES
        }
        self.answers: dict[str, list[datetime]] = {}
        for event, person, _, at in events:
            if event == "quiz_answered" and OPENS <= at <= CLOSES:
                self.answers.setdefault(person, []).append(at)
        self.installed = Counter(unit for unit, _ in self.installs.values())
        self.at_the_second = {person for person, at in self.answers.items() if at == [CLOSES]}
        done: dict[str, list[datetime]] = {}
        for person, (unit, at) in self.installs.items():
            if person in self.answers and person not in self.at_the_second:
                done.setdefault(unit, []).append(max(at, self.answers[person][0]))
        self.done = done


@pytest.fixture(scope="module")
def schools(judged: duckdb.DuckDBPyConnection) -> Schools:
    return Schools(judged)


def test_schools_just_under_at_and_above_the_gate(schools: Schools) -> None:
    members = {
        row["unit_id"]: int(row["value"])
        for row in read("an-giang-2022", "references")
        if row["metric_id"] == "bhyt_members" and not row["dimension"]
    }
    took_part = {unit: len(done) for unit, done in schools.done.items()}
    over = {unit: 100 * took_part[unit] - 70 * members[unit] for unit in members}
    assert over["thpt-le-hong"] == 100 * 356 - 70 * 510 == -100  # one person short
    assert over["thpt-hoa-binh"] == 0
    assert over["thpt-song-tien"] == 100 * 289 - 70 * 412 == 60
    # Vĩnh Hòa's last list is missing: what it has told is below the gate, and no data.
    failing = {unit for unit in members if over[unit] < 0}
    assert failing == {"thpt-le-hong", "thpt-cu-lao", "thpt-vinh-hoa"}
    assert len(members) - len(failing) == 9  # for seven prizes
    # Its rate of installs would be the highest, and the one who is missing answered at 20:00:00 exactly.
    assert max(members, key=lambda unit: schools.installed[unit] / members[unit]) == "thpt-le-hong"
    assert len(schools.at_the_second) == 1
    assert {schools.installs[person][0] for person in schools.at_the_second} == {"thpt-le-hong"}


def test_a_tie_broken_by_number_and_one_by_time(schools: Schools) -> None:
    assert schools.installed["thpt-hoa-phuong"] * 300 == schools.installed["thpt-hoa-binh"] * 340
    assert schools.installed["thpt-hoa-phuong"] > schools.installed["thpt-hoa-binh"]
    assert schools.installed["thpt-bay-nui"] == schools.installed["thpt-tan-lap"] == 228
    bay_nui, tan_lap = schools.done["thpt-bay-nui"], schools.done["thpt-tan-lap"]
    # The reading of a school's time decides between them.
    assert max(tan_lap) < max(bay_nui) and min(bay_nui) < min(tan_lap)


def test_installs_before_the_contest_are_those_of_the_table_given_with_the_plan(schools: Schools) -> None:
    before = datetime(2022, 3, 1, tzinfo=LOCAL)
    counted = Counter(unit for unit, at in schools.installs.values() if at < before)
    given = {
        row["unit_id"]: int(row["value"])
        for row in read("an-giang-2022", "references")
        if row["metric_id"] == "installed_before"
    }
    assert len(given) == 12 and counted == given


def test_who_moved_is_where_the_later_list_says(schools: Schools, judged: duckdb.DuckDBPyConnection) -> None:
    moved = rows(
        judged,
        """
        select list(distinct unit_id) from events where campaign_id = 'an-giang-2022' and event = 'installed'
        group by person_key having count(distinct unit_id) > 1
        """,
    )
    assert [sorted(units) for (units,) in moved] == [["thpt-cu-lao", "thpt-phu-lam"]] * 2
    assert (schools.installed["thpt-phu-lam"], schools.installed["thpt-cu-lao"]) == (240, 282)


# ---- Cần Thơ

WAVES = {
    "wave-1": ("2023-05-06", "2023-06-09"),
    "wave-2": ("2023-07-01", "2023-07-31"),
    "wave-3": ("2023-09-09", "2023-10-10"),
}


def enrolled(judged: duckdb.DuckDBPyConnection, wave: str, what: str = "person_key, product") -> Counter[str]:
    """District (or city) -> participants of the wave; whom two places claim counts where the earliest contract is."""
    first, last = WAVES[wave]
    districts = {
        row["unit_id"]: row["parent"] for row in read("can-tho-2023", "units") if row["unit_type"] == "commune"
    }
    found = rows(
        judged,
        f"""
        select arg_min(unit_id, event_at) from live
        where
            campaign_id = 'can-tho-2023' and event = 'enrolled' and unit_role = ''
            and product in ('bhxh_tn', 'bhyt_hgd') and valid_through >= date '2023-12-31'
            and cast(event_at + interval 7 hours as date) between date '{first}' and date '{last}'
        group by {what}
        """,
    )
    return Counter(districts.get(unit, unit) for (unit,) in found)


@pytest.mark.parametrize(
    ("wave", "expected"),
    [
        (
            "wave-1",
            {"ninh-kieu": 101, "o-mon": 100, "binh-thuy": 99, "thot-not": 100, "vinh-thanh": 92, "thoi-lai": 99},
        ),
        ("wave-2", {"ninh-kieu": 81, "o-mon": 79, "binh-thuy": 80, "thot-not": 85, "co-do": 76}),
        ("wave-3", {"ninh-kieu": 94, "o-mon": 93, "binh-thuy": 92, "co-do": 93, "vinh-thanh": 0}),
    ],
)
def test_districts_below_at_and_above_the_target_of_a_wave(
    judged: duckdb.DuckDBPyConnection, wave: str, expected: dict[str, int]
) -> None:
    counted = enrolled(judged, wave)
    assert {unit: counted[unit] for unit in expected} == expected
    targets = {
        row["unit_id"]: int(row["value"])
        for row in read("can-tho-2023", "targets")
        if row["target_id"] == "enrolled" and row["period_id"] == wave
    }
    assert {-1, 0, 1} <= {counted[unit] - targets[unit] for unit in expected}


def test_a_person_with_both_products_decides_for_o_mon(judged: duckdb.DuckDBPyConnection) -> None:
    assert enrolled(judged, "wave-1")["o-mon"] == 100
    assert enrolled(judged, "wave-1", "person_key")["o-mon"] == 99


def test_what_does_not_count_is_there(judged: duckdb.DuckDBPyConnection) -> None:
    def count(condition: str) -> int:
        query = f"select count(*) from live where campaign_id = 'can-tho-2023' and export_type = 'enrolments' and unit_role = '' and {condition}"
        return int(rows(judged, query)[0][0])

    assert count("valid_through = date '2023-12-30'") == 1
    assert count("valid_through = date '2023-08-19'") == 5
    assert count("event = 'renewed'") == 4
    assert count("product = 'bhxh_bb'") == 2
    assert count("event_at between timestamptz '2023-06-11 00:00:00+07' and timestamptz '2023-06-30 00:00:00+07'") == 3


def test_pools_of_nine_ten_and_nineteen(judged: duckdb.DuckDBPyConnection) -> None:
    units = {int(row["value"]) for row in read("can-tho-2023", "participants") if row["recipient"] == "unit"}
    persons = {int(row["value"]) for row in read("can-tho-2023", "participants") if row["recipient"] == "person"}
    assert {9, 10, 19} <= units and {19, 20} <= persons


def test_launches_with_too_few(judged: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        judged,
        """
        select as_of_date, unit_id, metric_id, member, value from figures
        where campaign_id = 'can-tho-2023' and export_type = 'attendance'
        """,
    )
    at_least = {("official", "can-tho"): 15, ("", "buu-dien-tp"): 20, ("", "to-chuc-thu-a"): 5}
    few = set()
    for day, unit, metric, member, value in found:
        post = 10 if unit.startswith("buu-dien-") else 20  # advice: two persons in each of ten groups
        least = {"advice_groups": 10, "mobile_teams": 1}.get(metric) or at_least.get(
            (member, unit), 5 if member == "official" else post
        )
        if value < least:
            few.add((day, unit, metric, member))
    assert few == {
        (date(2023, 5, 6), "binh-thuy", "launch_staff", "official"),
        (date(2023, 5, 6), "buu-dien-co-do", "launch_staff", ""),
        (date(2023, 7, 1), "vinh-thanh", "advice_groups", ""),
        (date(2023, 7, 1), "to-chuc-thu-a", "launch_staff", ""),
        (date(2023, 9, 9), "can-tho", "launch_staff", "official"),
        (date(2023, 9, 9), "thoi-lai", "mobile_teams", ""),
        (date(2023, 9, 9), "phong-dien", "launch_staff", "advice"),
    }


def test_the_four_figures_of_the_year(judged: duckdb.DuckDBPyConnection) -> None:
    targets = {
        (row["target_id"], row["unit_id"]): int(row["value"])
        for row in read("can-tho-2023", "targets")
        if row["period_id"] == "year-2023"
    }
    found = rows(
        judged,
        """
        select metric_id, unit_id, value from figures where campaign_id = 'can-tho-2023' and export_type = 'progress'
        and as_of_date = date '2023-12-31'
        """,
    )
    assert len(found) == len(targets) == 36
    over = {(unit, metric): value - targets[metric, unit] for metric, unit, value in found}
    assert {unit for (unit, _), more in over.items() if more < 0} == {"binh-thuy", "vinh-thanh", "thoi-lai"}
    assert [more for (unit, _), more in over.items() if unit == "binh-thuy" and more < 0] == [-1]
    assert {more for (unit, _), more in over.items() if unit == "co-do"} == {0}


# ---- Chiêm Hóa


def test_groups_begin_before_within_and_after_their_windows(judged: duckdb.DuckDBPyConnection) -> None:
    first = dict(
        rows(
            judged,
            """
            select json_extract_string(dimensions, '$.group') as member, cast(min(event_at + interval 7 hours) as date)
            from live where campaign_id = 'chiem-hoa-2021' and event = 'installed' group by member
            """,
        )
    )
    assert date(2021, 3, 18) <= first["party_committee_unions"] <= date(2021, 4, 15)  # on time
    assert first["communes_education_health"] < date(2021, 4, 16)  # ahead
    assert date(2021, 5, 16) <= first["non_state"] <= date(2021, 5, 31)  # on time
    assert first["voluntary"] > date(2021, 6, 30)  # late
    assert first["others"] >= date(2021, 7, 1)


def test_the_office_says_where_persons_of_the_teams_lists_live(judged: duckdb.DuckDBPyConnection) -> None:
    types = {row["unit_id"]: row["unit_type"] for row in read("chiem-hoa-2021", "units")}

    def types_of(table: str) -> Counter[str]:
        query = f"select unit_id from {table} where campaign_id = 'chiem-hoa-2021' and event = 'installed'"
        return Counter(types[unit] for (unit,) in rows(judged, query))

    assert types_of("events")["team"] > 700
    assert set(types_of("live")) == {"commune", "pilot_employer"}
    last = rows(
        judged, "select max(event_at) from live where unit_id in ('phuc-son', 'minh-quang') having count(*) > 10"
    )
    assert last[0][0] < datetime(2021, 8, 1, tzinfo=LOCAL)  # they leave the district then
    employers = rows(
        judged,
        """
        select distinct unit_id, json_extract_string(dimensions, '$.employer') from live
        where campaign_id = 'chiem-hoa-2021' and unit_id like 'don-vi-%' order by all
        """,
    )
    assert employers == [(f"don-vi-{number}", f"Đơn vị thí điểm {number}") for number in range(1, 6)]


def test_feedback_is_answered_later_or_never(judged: duckdb.DuckDBPyConnection) -> None:
    told = dict(rows(judged, "select event, count(*) from live where export_type = 'feedback' group by event"))
    open_now = told["feedback_received"] - told["feedback_resolved"]
    assert told["feedback_received"] > 140 and 10 <= open_now <= 30
    # Rows that were sent twice, open first, then answered.
    twice = rows(
        judged,
        """
        select count(*) from (
            select event_key from events where export_type = 'feedback' and event = 'feedback_received'
            group by event_key having count(*) = 2
        )
        """,
    )
    assert twice[0][0] > 20


# ---- Bà Rịa – Vũng Tàu


def test_units_that_fail_one_year(judged: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        judged,
        """
        select year(as_of_date), unit_id, metric_id, value from figures
        where campaign_id = 'ba-ria-vung-tau-2017' and member = '' and month(as_of_date) = 12
        """,
    )
    figure = {(year, unit, metric): value for year, unit, metric, value in found}
    assigned = {
        (int(row["period_id"][1:]), row["unit_id"]): int(
            row["value"].replace(".", "").rstrip("%")
        )  # tenths of a percent
        for row in read("ba-ria-vung-tau-2017", "targets")
    }
    over = {
        key: 1000 * figure[(*key, "covered")] - per_mille * figure[(*key, "population")]
        for key, per_mille in assigned.items()
        if (*key, "covered") in figure
    }
    assert set(assigned) - set(over) == {(2018, "con-dao")}
    assert {key for key, more in over.items() if more < 0} == {(2018, "long-dien"), (2019, "chau-duc")}
    assert over[2019, "chau-duc"] == -1000  # one person
    assert [more for (_, unit), more in sorted(over.items()) if unit == "ba-ria"] == [0, 0, 0, 0]
    plans = {(year, unit) for year, unit, metric in figure if metric == "plan_assigned"}
    assert len(plans) == 4 * 12
    failing = {key for key in plans if figure[(*key, "plan_done")] < figure[(*key, "plan_assigned")]}
    assert failing == {(2020, "dat-do"), (2018, "p-che-do")}
    years = {year: {unit for found_year, unit in plans if found_year == year} for year in (2017, 2018)}
    assert years[2017] - years[2018] == {"tan-thanh"} and years[2018] - years[2017] == {"phu-my"}


def test_the_goals_of_the_province(judged: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        judged,
        """
        select member, metric_id, cast(sum(value) as bigint) from figures
        where campaign_id = 'ba-ria-vung-tau-2017' and export_type = 'coverage' and as_of_date = date '2020-12-31'
        group by member, metric_id
        """,
    )
    total = {(member, metric): value for member, metric, value in found}
    assert 900 * total["", "population"] <= 1000 * total["", "covered"] < 910 * total["", "population"]
    missing = {
        member: total[member, "cards_due"] - total[member, "cards_in_time"]
        for member in ("poor", "merit", "elderly", "ethnic_minority")
    }
    assert missing == {"poor": 0, "merit": 0, "elderly": 0, "ethnic_minority": 3}
