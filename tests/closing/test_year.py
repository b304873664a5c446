"""Closings through Airflow and the real warehouse: a whole Lâm Đồng year, a wave of Cần Thơ, An Giang's contest.

They are lived once (tests/closing/lived.py, in a process of its own) and then looked at from many sides. Amounts are
worked out here from the plans' ladders and the headcounts, not read from the code.
"""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from typing import Any

import duckdb
import pytest
from thidua.annexes.documents import documents
from thidua.annexes.minutes import minutes
from thidua.annexes.result import official as result_of
from thidua.closing.compare import compare_provisional, compare_versions
from thidua.closing.officials import Official, load_version
from thidua.closing.reproduce import reproduce
from thidua.reports.served import dotted
from thidua.settings import Home, repo_root
from thidua.warehouse.postgres.serve import serve_postgres

from tests.closing import lam_dong as year_of
from tests.closing import pools
from tests.closing.lam_dong import CAMPAIGN, staff
from tests.postgres import Database, differing_tables

pytestmark = pytest.mark.slow(seconds=55)

EACH = {"first": 150_000, "second": 100_000, "third": 70_000, "consolation": 30_000}
CLOSED = {
    "freeze",
    "list_questions",
    "list_more_questions",
    "show_result",
    "approve_first",
    "approve_second",
    "issue_official",
}


def money(unit_id: str, prize_id: str, period_id: str) -> int | None:
    """By head; nothing that can be told where nobody gave the headcount."""
    heads = staff(unit_id, period_id)
    return None if heads is None else EACH[prize_id] * heads * (2 if period_id == "final" else 1)


@dataclass
class Year:
    """What was left behind: the home, and what was seen on the way."""

    home: Home
    seen: dict[str, Any]

    def official(self, period_id: str, version: int | None = None, campaign_id: str = CAMPAIGN) -> Official:
        return load_version(self.home, campaign_id, period_id, version)

    def answered(self, run: str) -> Counter[tuple[str, str, int]]:
        """(task, who, status) of the answers that a run got."""
        return Counter((task_id, user, status) for task_id, user, status, _ in self.seen[run].asked)


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Year:
    folder = tmp_path_factory.mktemp("year")
    home, campaigns = year_of.make_home(folder)
    pools.lay_both(home, campaigns)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    environment = {**kept, "THIDUA_HOME": str(home.path), "THIDUA_CAMPAIGNS": str(campaigns)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.closing.lived", str(folder / "seen")],
        env=environment, cwd=repo_root(), capture_output=True, text=True, check=False, timeout=1800,
    )  # fmt: skip
    log = home.airflow / "office.log"
    assert done.returncode == 0, done.stdout + done.stderr + (log.read_text()[-20_000:] if log.exists() else "")
    return Year(home, pickle.loads((folder / "seen").read_bytes()))  # noqa: S301 our own


def paid(awards: list[dict[str, Any]]) -> int:
    return sum(row["amount"] or 0 for row in awards)


def ladder(year: Year, period_id: str, version: int) -> dict[str, tuple[int, str, int | None]]:
    return {
        row["unit_id"]: (row["rank"], row["prize_id"], row["amount"])
        for row in year.official(period_id, version).rows("ranking")
        if row["rank"] is not None
    }


def expected(period_id: str, *blocs: list[tuple[str, int, str]]) -> dict[str, tuple[int, str, int | None]]:
    return {
        unit_id: (rank, prize_id, money(unit_id, prize_id, period_id))
        for bloc in blocs
        for unit_id, rank, prize_id in bloc
    }


def in_order(*unit_ids: str) -> list[tuple[str, int, str]]:
    prizes = ["first", "second", "third"]
    return [
        (unit_id, position, prizes[position - 1] if position <= 3 else "consolation")
        for position, unit_id in enumerate(unit_ids, 1)
    ]


DEPARTMENTS_Q2 = in_order(
    "p-cong-nghe-thong-tin", "p-thanh-tra-kiem-tra", "p-quan-ly-thu", "p-truyen-thong", "p-to-chuc-can-bo",
    "p-che-do-bhxh", "p-giam-dinh-bhyt",
)  # fmt: skip


def test_nothing_is_frozen_before_its_time_or_while_a_unit_is_silent(year: Year) -> None:
    assert year.seen["early"].state == "too_early"
    assert set(year.seen["incomplete"].states.values()) == {"failed", "upstream_failed"}
    log = (year.home.airflow / "office.log").read_text()
    assert "cannot be frozen yet (incomplete)" in log and "(da-teh), progress: chưa gửi / missing" in log
    assert year.seen["q2"].state == "questions", "excused by a decision"


def test_a_tie_is_asked_with_its_range_of_money(year: Year) -> None:
    tie = year.seen["tie"]
    assert tie.subject["units"] == ["dam-rong", "lac-duong"] and tie.choices["places"] == {"first": 1, "second": 1}
    ways = [
        (money("dam-rong", one, "q2") or 0) + (money("lac-duong", other, "q2") or 0)
        for one, other in (("first", "second"), ("second", "first"))
    ]
    assert (tie.amount_min, tie.amount_max) == (min(ways), max(ways))
    opened = {question.question_id for question in year.seen["after the tie"].open_questions}
    assert opened == {"nomination:individual:dam-rong", "nomination:individual:lac-duong"}, (
        "their quota hung on the tie"
    )


def test_the_second_quarter_to_the_dong(year: Year) -> None:
    districts = [
        ("lac-duong", 1, "first"), ("dam-rong", 1, "second"),
        *((unit_id, rank + 2, prize_id) for unit_id, rank, prize_id in [("di-linh", 1, "third")]),
        *((unit_id, position, "consolation") for position, unit_id in enumerate(
            ["bao-loc", "duc-trong", "lam-ha", "da-lat", "bao-lam", "cat-tien", "da-huoai"], 4)),
    ]  # fmt: skip
    found = ladder(year, "q2", 1)
    assert found == expected("q2", districts, DEPARTMENTS_Q2)
    official = year.official("q2", 1)
    persons = official.rows("persons")
    # Đơn vị được nhất, nhì, ba: lac-duong 1, dam-rong 1, di-linh 2 (one was named), three departments 1 + 1 + 2.
    assert len(persons) == 1 + 1 + 1 + 1 + 1 + 2 and {row["amount"] for row in persons} == {300_000}
    assert [row["name"] for row in persons if row["unit_id"] == "di-linh"] == ["Lê Văn Cường"]
    paid = sum(row["amount"] for row in official.rows("awards"))
    assert paid == sum(amount or 0 for _, _, amount in found.values()) + 7 * 300_000
    assert all(row["status"] == "awarded" for row in official.rows("awards"))


def test_every_version_came_out_of_the_dag(year: Year) -> None:
    for run in ("q2 issued", "q3", "q2 again", "final", "contest", "wave"):
        states = year.seen[run].states
        assert {states[task_id] for task_id in CLOSED} == {"success"}, (run, states)
    for period_id, version in (("q2", 1), ("q2", 2), ("q3", 1), ("final", 1)):
        approvals = year.official(period_id, version).manifest["approvals"]
        assert [(one["user"], one["role"]) for one in approvals] == [("an", "airflow"), ("binh", "airflow")]


def test_the_forms_of_the_second_quarter(year: Year) -> None:
    """What is wrong is asked again, as often as it takes; a viewer's answer is refused by Airflow itself; what changed
    between the two approvals fails the second one, and the next run asks for both anew."""
    assert year.answered("q2 changed") == {
        ("decide", "an", 200): 6 + 2,
        ("decide_more", "an", 200): 2,
        ("approve_first", "vy", 403): 1,
        ("approve_first", "an", 200): 1,
        ("approve_second", "binh", 200): 1,
    }
    said = [first for task_id, _, _, first in year.seen["q2 changed"].asked if task_id == "decide"]
    assert sum("'bao-loc' has nobody to name here" in first for first in said) == 2
    states = year.seen["q2 changed"].states
    assert (states["approve_second"], states["issue_official"]) == ("failed", "upstream_failed")
    assert "the inputs or the result changed since they were shown" in (year.home.airflow / "office.log").read_text()
    assert year.answered("q2 issued") == {("approve_first", "an", 200): 1, ("approve_second", "binh", 200): 1}


def test_approvals_are_refused_with_a_reason(year: Year) -> None:
    words = {
        "undecided": "still to be decided: tie:districts:1",
        "viewer": "may look, not approve",
        "objection": "open objections must be acknowledged",
        "one is not enough": "1 of 2 different people",
        "closed": "a re-issue needs a recorded order",
    }
    assert words.keys() == year.seen["refused"].keys()
    for case, said in words.items():
        assert said in year.seen["refused"][case], case


def test_the_third_quarter_through_airflow(year: Year) -> None:
    official = year.official("q3")
    districts = in_order(
        "dam-rong", "lac-duong", "di-linh", "bao-loc", "duc-trong", "lam-ha", "da-lat", "bao-lam", "cat-tien"
    )
    departments = in_order(
        "p-cong-nghe-thong-tin", "p-thanh-tra-kiem-tra", "p-quan-ly-thu", "p-truyen-thong", "p-to-chuc-can-bo",
        "p-che-do-bhxh", "p-giam-dinh-bhyt",
    )  # fmt: skip
    assert ladder(year, "q3", 1) == expected("q3", districts, departments)
    (blocked,) = [row for row in official.rows("awards") if row["status"] == "blocked"]
    assert (blocked["unit_id"], blocked["amount"]) == ("cat-tien", None), (
        "its headcount is missing: left open, and said so"
    )
    assert [one["user"] for one in official.manifest["approvals"]] == ["an", "binh"]
    assert official.rows("persons") == []
    asked = [(task_id, user) for task_id, user, _, _ in year.seen["q3"].asked]
    assert asked.count(("decide", "an")) == 8, "exclusions, six nominations, a headcount; nobody is asked twice"
    assert asked[-3:] == [("approve_first", "an"), ("approve_second", "an"), ("approve_second", "binh")]
    assert "an has approved already; another person must" in year.seen["q3"].asked[-1][3], "the form says why"
    assert list((year.home.airflow / "responses").iterdir()) == [], "what is recorded need not be kept"


def test_a_disqualification_ranks_again_and_keeps_both(year: Year) -> None:
    assert year.seen["no order yet"] == "closed", "without an order a decision changes nothing official"
    first, second = ladder(year, "q2", 1), ladder(year, "q2", 2)
    assert first["lac-duong"][1] == "first" and "lac-duong" not in second
    assert second["lam-ha"] == (1, "first", money("lam-ha", "first", "q2")), "the order let its correction in"
    assert second["dam-rong"] == (2, "second", money("dam-rong", "second", "q2")), "no tie is left"
    found = compare_versions(year.home, CAMPAIGN, "q2", 1, 2)
    changed = {
        (change.key[0], change.column): (change.before, change.after)
        for change in found.changes
        if change.table == "ranking"
    }
    assert changed["lac-duong", "reason_code"] == ("ok", "decision_failed")
    assert changed["lam-ha", "rank"] == (6, 1)
    assert found.amount_before - found.amount_after == sum(
        row["amount"] for row in year.official("q2", 1).rows("awards")
    ) - sum(row["amount"] for row in year.official("q2", 2).rows("awards"))


def test_the_end_pays_twice_and_leadership_once(year: Year) -> None:
    awards = year.official("final").rows("awards")
    ranked = ladder(year, "final", 1)
    assert ranked["lac-duong"] == (1, "first", 2 * 150_000 * staff("lac-duong", "final"))
    assert {row["amount"] for row in year.official("final").rows("persons") if row["prize_id"] == "individual"} == {
        600_000
    }
    by_prize = {
        prize_id: sorted((row["unit_id"], row["amount"]) for row in awards if row["prize_id"] == prize_id)
        for prize_id in ("leadership_unit", "leadership_person")
    }
    assert by_prize == {
        "leadership_unit": [("di-linh", 2_000_000), ("p-quan-ly-thu", 2_000_000)],
        "leadership_person": [("dam-rong", 1_000_000)],
    }
    pool = year.seen["final asked"].question("pool:leadership_unit:all")
    assert "cat-tien" not in pool.choices["units"] and "bao-lam" in pool.choices["units"], "who completed the year"
    found, quotas = ranked.values(), {"individual": 600_000}
    persons = [row for row in year.official("final").rows("persons") if row["prize_id"] in quotas]
    assert (
        paid(awards) == sum(amount or 0 for _, _, amount in found) + len(persons) * 600_000 + 2 * 2_000_000 + 1_000_000
    )


def test_official_figures_stand_in_the_marts_and_provisional_ones_beside(year: Year) -> None:
    with duckdb.connect(str(year.home.serve / "current" / "marts.duckdb"), read_only=True) as served:
        served.execute("use marts.marts")
        shown = served.execute(
            "select unit_id, status, version, rank, prize_id, numerator from rpt_ranking "
            "where period_id = 'q2' and unit_id in ('lac-duong', 'lam-ha') order by unit_id"
        ).fetchall()
        versions = served.execute(
            "select period_id, version, count(*) from fct_ranking_version where campaign_id = $1 "
            "group by period_id, version order by period_id, version",
            [CAMPAIGN],
        ).fetchall()
        named = served.execute(
            "select count(*) from fct_awarded_person where campaign_id = $1 and period_id = 'q2' and version = 2",
            [CAMPAIGN],
        ).fetchone()
        leaks = served.execute("select count(*) from fct_decision where subject like '%Nguyễn Thị An%'").fetchone()
        objection = served.execute("select unit_id, status, answered_by from fct_objection").fetchall()
        open_period = served.execute("select distinct status from rpt_ranking where period_id = 'year-2023'").fetchall()
    moved = year_of.figure("lam-ha", 99) - year_of.BASELINES["lam-ha"]
    assert shown[0][:5] == ("lac-duong", "official", 2, None, None)
    assert shown[1] == ("lam-ha", "official", 2, 1, "first", moved)
    assert versions == [("final", 1, 20), ("q2", 1, 20), ("q2", 2, 20), ("q3", 1, 20)]
    assert named is not None and named[0] == len(year.official("q2", 2).rows("persons")) > 0
    assert leaks == (0,), "names stand in one table only"
    assert objection == [("don-duong", "rejected", "Thư ký Hội đồng")]
    assert open_period in ([], [("provisional",)])
    late = compare_provisional(year.home, CAMPAIGN, "q2", 1)
    assert ("lam-ha", "numerator") in {(change.key[0], change.column) for change in late.changes}, "v1 against today"
    assert compare_provisional(year.home, CAMPAIGN, "q3").changes == []


def test_versions_come_out_again_from_the_lake_alone(year: Year) -> None:
    found = year.seen["reproduced"]
    assert found.is_identical, (found.faults, found.differences)


def test_a_changed_byte_is_found_wherever_it_lies(year: Year) -> None:
    """One byte at a time, and back again; a check of bytes needs no build."""
    official, lake = year.official("q2", 2), year.home.lake
    freeze = official.manifest["freeze"]
    victims = [
        official.folder / "manifest.json",
        official.path_of("ranking"),
        lake / "closings" / CAMPAIGN / "q2" / "2.json",
        next((lake / "approvals" / CAMPAIGN / "q2").glob("*.json")),
        lake / "plans" / CAMPAIGN / freeze["plan"]["snapshot"] / "headcounts.csv",
        lake / "batches" / sorted(freeze["batches"])[0] / "figures.parquet",
        lake / "decisions" / f"{freeze['order']}.json",
        lake / "officials" / CAMPAIGN / "q3" / "v1" / "awards.parquet",
    ]
    for victim in victims:
        content = victim.read_bytes()
        victim.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
        try:
            found = reproduce(year.home, CAMPAIGN, "q2", 2)
        finally:
            victim.write_bytes(content)
        assert found.faults, victim
        assert any(victim.name in fault or str(victim.parent) in fault for fault in found.faults), (
            victim,
            found.faults,
        )


def test_postgres_serves_the_same_and_shows_readers_no_name(year: Year, database: Database) -> None:
    """Every table with every value; a name of a rewarded person stands in tables that the reader cannot open."""
    assert serve_postgres(year.home)
    assert differing_tables(year.home.serve / "current" / "marts.duckdb", database) == {}
    reader = database.add_login("thidua_test_bi", "thidua_reader")
    names = [
        name for (name,) in database.rows("select distinct name from marts.fct_awarded_person where name <> '•••'")
    ]
    assert len(names) >= 3
    tables = database.rows(
        "select c.oid::regclass::text, has_table_privilege(%s, c.oid, 'select') from pg_class as c "
        "where c.relnamespace = 'marts'::regnamespace and c.relkind = 'r' order by 1",
        [reader],
    )
    closed = {table for table, is_open in tables if not is_open}
    assert closed == {"marts.fct_awarded_person", "marts._table"}
    with database.connect() as connection:
        for table, is_open in tables:
            naming = (
                f"select count(*) from {table} as t, unnest(%s::text[]) as p (person) where strpos(t::text, person) > 0"
            )
            (found,) = connection.execute(naming, [names]).fetchone() or (0,)
            assert (found == 0) == is_open or table == "marts._table", table
    described = database.rows(
        "select count(*) filter (where col_description(attrelid, attnum) is null) from pg_attribute "
        "where attrelid = 'marts.rpt_ranking'::regclass and attnum > 0 and not attisdropped"
    )
    assert described == [(0,)]
    keyed = database.rows(
        "select count(*) from pg_constraint where contype = 'p' and connamespace = 'marts'::regnamespace"
    )
    assert keyed[0][0] > 25


# An Giang, Cần Thơ ------------------------------------------------------------------------------------------------------


def test_the_pools_of_a_contest_to_the_dong(year: Year) -> None:
    official = year.official("final", campaign_id=pools.CONTEST)
    awards = official.rows("awards")
    assert {row["status"] for row in awards} == {"awarded"}
    given = [row for row in awards if row["recipient_kind"] == "unit"]
    assert Counter((row["prize_id"], row["amount"]) for row in given) == {
        ("first", 2_000_000): 1, ("second", 1_500_000): 1, ("third", 1_000_000): 1, ("consolation", 700_000): 4,
    }  # fmt: skip
    assert paid(given) == 7_300_000
    # The plan has no criteria for persons: whoever the organisers choose, of a school below the threshold too.
    assert [(row["prize_id"], row["unit_id"], row["name"], row["amount"]) for row in official.rows("persons")] == [
        ("individual_first", "thpt-oc-eo", "Trần Minh Anh", 700_000),
        ("individual_second", "thpt-nui-sam", "Lê Thị Bích", 500_000),
        ("individual_third", "thpt-hoa-phuong", "Phạm Văn Cảnh", 300_000),
    ]
    assert paid(awards) - paid(given) == 1_500_000
    silent = next(row for row in official.rows("ranking") if row["unit_id"] == "thpt-tan-lap")
    assert (silent["reason_code"], silent["rank"]) == ("no_data", None), "excused is not counted as zero"


def test_the_caps_of_a_wave_hold(year: Year) -> None:
    """No money is named; 10% and 5% of whoever was listed, rounded down, by awarding authority."""
    asked = {question.question_id: question for question in year.seen["wave asked"].questions if question.is_open}
    assert {key: question.choices.get("places") for key, question in asked.items()} == {
        "pool:giay_khen_unit:can-tho": 2,  # of 29; three districts have reached their target
        "pool:giay_khen_unit:o-mon": 1,  # of 10
        "pool:giay_khen_person:can-tho": 1,  # of 39
        "pool:giay_khen_person:o-mon": 1,  # of 20
        "pool:giay_khen_person:binh-thuy": 2,  # of 40
        "pool:giay_khen_person:thoi-lai": None,
    }, "9 collectives and 19 persons come to nothing, and nobody is asked"
    assert asked["pool:giay_khen_unit:can-tho"].choices["units"] == ["binh-thuy", "cai-rang", "ninh-kieu"]
    assert "some must be cut" in asked["pool:giay_khen_unit:o-mon"].text
    assert "the places are not known and nothing is given" in asked["pool:giay_khen_person:thoi-lai"].text
    said = [first for _, _, _, first in year.seen["wave"].asked]
    assert sum("3 chosen (allowed: 2 at most)" in first for first in said) == 1


def test_a_wave_gives_what_the_council_decided(year: Year) -> None:
    official = year.official("wave-1", campaign_id=pools.WAVES)
    given = {
        (row["authority_unit_id"], row["recipient_kind"], row["unit_id"], row["places"], row["amount"])
        for row in official.rows("awards")
        if row["status"] == "awarded"
    }
    assert given == {
        ("can-tho", "unit", "binh-thuy", 1, None), ("can-tho", "unit", "cai-rang", 1, None),
        ("o-mon", "unit", "o-mon-xa-2", 1, None), ("can-tho", "person", "buu-dien-tp", 1, None),
        ("binh-thuy", "person", "binh-thuy-xa-1", 1, None), ("binh-thuy", "person", "binh-thuy-xa-3", 1, None),
    }  # fmt: skip
    (left_open,) = [row for row in official.rows("awards") if row["status"] != "awarded"]
    assert (left_open["authority_unit_id"], left_open["recipient_kind"]) == ("thoi-lai", "person")
    decisions = [row for row in result_of(year.home, pools.WAVES, "wave-1").decisions if row["kind"] == "award"]
    chosen = {(row["decided_by"], row["subject"]["unit_id"]) for row in decisions}
    assert chosen == {
        ("Hội đồng", "o-mon-xa-1"), ("Hội đồng", "o-mon-xa-2"), ("an", "binh-thuy"), ("an", "cai-rang"),
    }  # fmt: skip
    withdrawn = next(row["decision_id"] for row in decisions if row["subject"]["unit_id"] == "o-mon-xa-1")
    cut = [one for one in result_of(year.home, pools.WAVES, "wave-1").decisions if one["withdraws"] == withdrawn]
    assert [one["decided_by"] for one in cut] == ["an"], "the cut is a decision"


@pytest.mark.parametrize(
    ("campaign_id", "period_id", "total"),
    [
        (CAMPAIGN, "q2", None), (CAMPAIGN, "q3", None), (CAMPAIGN, "final", None),
        (pools.CONTEST, "final", 8_800_000), (pools.WAVES, "wave-1", 0),
    ],
)  # fmt: skip
def test_the_sum_of_the_annex_is_that_of_the_version_and_of_the_marts(
    year: Year, campaign_id: str, period_id: str, total: int | None
) -> None:
    """Of the marts the money by rank and by decision, as approved, and of persons the list of who is paid."""
    result = result_of(year.home, campaign_id, period_id)
    annex = {document.slug: document for document in documents(result)}["danh-sach-khen-thuong"]
    shown = [
        found for block in annex.blocks if (found := re.match(r"Tổng cộng: ([\d.]+) đồng", getattr(block, "text", "")))
    ]
    with duckdb.connect(str(year.home.serve / "current" / "marts.duckdb"), read_only=True) as served:
        served.execute("use marts.marts")
        key = [campaign_id, period_id, result.version]
        where = "where campaign_id = $1 and period_id = $2 and version = $3"
        # A unit's collective prizes by rank are in its ranking; prizes by decision are lines of fct_award.
        queries = (
            f"select coalesce(sum(amount), 0) from fct_ranking_version {where}",
            f"select coalesce(sum(amount), 0) from fct_awarded_person {where}",
            "select coalesce(sum(amount), 0) from fct_award where campaign_id = $1 and period_id = $2 and $3 > 0 "
            "and recipient_kind = 'unit' and status = 'awarded'",
        )
        in_marts = sum(served.execute(query, key).fetchone()[0] for query in queries)  # type: ignore[index]
    awards = year.official(period_id, campaign_id=campaign_id).rows("awards")
    assert in_marts == paid(awards)
    assert total in {None, in_marts}
    assert [found[1] for found in shown] == ([dotted(in_marts)] if in_marts else [])
    if campaign_id == pools.WAVES:
        names = [table.name for table in annex.tables]
        assert names == ["Khen thưởng không kèm tiền", "Chờ quyết định hoặc chưa chi được"]
        assert [len(table.rows) for table in annex.tables] == [6, 1], "what was given waits for nobody"


def test_the_minutes_tell_what_decisions_changed(year: Year) -> None:
    def told(campaign_id: str, period_id: str, version: int) -> dict[Any, list[Any]]:
        made = minutes(result_of(year.home, campaign_id, period_id, version))
        (table,) = [table for table in made.tables if table.name == "Tác động của quyết định"]
        return {row[1]: [row[0], *row[2:]] for row in table.rows}

    tie = told(CAMPAIGN, "q2", 1)
    assert tie["BHXH huyện Lạc Dương: giải"][1:] == [None, "Giải nhất"]
    assert tie["BHXH huyện Đam Rông: số tiền"][1:] == [None, dotted(money("dam-rong", "second", "q2") or 0)]
    assert told(pools.WAVES, "wave-1", 1)["Giấy khen tập thể (Xã minh họa 1 (Ô Môn))"][1:] == ["có", "–"], "the cut"
    persons = told(pools.CONTEST, "final", 1)
    given = [by for what, (by, before, after) in persons.items() if (before, after) == ("–", "có")]
    assert len(set(given)) == 3 and all(by.isdigit() for by in given), "each decision has its own"
