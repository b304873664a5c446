"""A whole Lâm Đồng year through the real warehouse: Q2, Q3 and the end of the campaign, with everything that happens.

One year is lived once (the fixture) and then looked at from many sides. Amounts are worked out here from the plan's
ladder and the headcounts, not read from the code.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest
from thidua.clock import parse_instant
from thidua.closing.approve import Refused, approve, issue
from thidua.closing.close import record_order
from thidua.closing.compare import compare_provisional, compare_versions
from thidua.closing.officials import Official, load_version
from thidua.closing.reproduce import reproduce
from thidua.lake.objections import answer_objection, raise_objection
from thidua.settings import Home
from thidua.warehouse.build import build
from thidua.warehouse.postgres.serve import serve_postgres
from thidua.warehouse.publish import publish

from tests.closing import lam_dong as year_of
from tests.closing.lam_dong import CAMPAIGN, staff
from tests.event_lake import put, submission_id
from tests.postgres import Database, differing_tables

pytestmark = pytest.mark.slow

EACH = {"first": 150_000, "second": 100_000, "third": 70_000, "consolation": 30_000}


def money(unit_id: str, prize_id: str, period_id: str) -> int | None:
    """By head; nothing that can be told where nobody gave the headcount."""
    heads = staff(unit_id, period_id)
    return None if heads is None else EACH[prize_id] * heads * (2 if period_id == "final" else 1)


@dataclass
class Year:
    """What the year left behind: the home, and what was seen on the way."""

    home: Home
    campaigns: Path
    seen: dict[str, Any] = field(default_factory=dict)

    def official(self, period_id: str, version: int | None = None) -> Official:
        return load_version(self.home, CAMPAIGN, period_id, version)


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Year:
    lived = Year(*year_of.make_home(tmp_path_factory.mktemp("year")))
    second_quarter(lived)
    third_quarter_through_airflow(lived)
    disqualification(lived)
    end_of_the_campaign(lived)
    build(lived.home, lived.campaigns, parse_instant("2024-01-10"))
    publish(lived.home)
    return lived


def second_quarter(year: Year) -> None:
    home, seen = year.home, year.seen
    seen["early"] = year_of.freeze(home, year.campaigns, "q2", "2023-07-03T12:00:00")
    seen["incomplete"] = year_of.freeze(home, year.campaigns, "q2", "2023-07-04T08:00:00")
    year_of.decide(
        home, "excuse_report", "2023-07-04T09:00:00", period_id="q2", export_type="progress", unit_id="da-teh"
    )
    seen["q2"] = closing = year_of.freeze(home, None, "q2", "2023-07-04T10:00:00")
    # After the freeze: a correction that would move Lâm Hà from below Đức Trọng to the top.
    late = year_of.said(
        "dinh-chinh", "2023-07-05T09:00:00", year_of.CLOSINGS["q2"], {"lam-ha": year_of.figure("lam-ha", 99)}
    )
    put(home, CAMPAIGN, [late])
    (tie,) = [question for question in closing.questions if question.kind == "tie"]
    seen["tie"] = tie
    year_of.answer(home, closing, tie.question_id, {"dam-rong": "second", "lac-duong": "first"}, "2023-07-06")
    year_of.answer_the_rest(home, closing, "2023-07-06")
    seen["after the tie"] = closing = year_of.look(home, "q2", "2023-07-06T01:00:00")
    seen["refused"] = {
        "undecided": refusal(home, "q2", user="an", role="op", seen=closing.content_hash, at="2023-07-06T01:00:00")
    }
    year_of.answer_the_rest(home, closing, "2023-07-06T02:00:00")
    objection = raise_objection(
        home, campaign_id=CAMPAIGN, period_id="q2", unit_id="don-duong", raised_by="BHXH Đơn Dương",
        raised_at=parse_instant("2023-07-06T03:00:00"), text="Số liệu ngày 30/6 chưa đủ",
    )  # fmt: skip
    at = "2023-07-06T04:00:00"
    ready = year_of.look(home, "q2", at)
    seen["ready"] = ready
    shown = ready.content_hash
    refused = seen["refused"]
    refused["viewer"] = refusal(home, "q2", user="vy", role="viewer", seen=shown, at=at)
    refused["objection"] = refusal(home, "q2", user="an", role="op", seen=shown, at=at)
    approve(
        home, CAMPAIGN, "q2", user="an", role="op", seen=shown or "", at=parse_instant(at), acknowledges=[objection.objection_id]
    )  # fmt: skip
    refused["same person"] = refusal(
        home, "q2", user=" AN ", role="admin", seen=shown, at=at, acknowledges=[objection.objection_id]
    )
    refused["one is not enough"] = _raised(lambda: issue(home, CAMPAIGN, "q2", parse_instant(at)))
    answer_objection(
        home, campaign_id=CAMPAIGN, objection_id=objection.objection_id, result="rejected", answered_by="Thư ký Hội đồng",
        answered_at=parse_instant("2023-07-06T05:00:00"), text="Số liệu đúng như báo cáo đã gửi",
    )  # fmt: skip
    # Between the two approvals the council names somebody else: the first approval was of another result.
    year_of.answer(
        home,
        ready,
        "nomination:individual:di-linh",
        [{"unit_id": "di-linh", "name": "Lê Văn Cường"}],
        "2023-07-06T06:00:00",
    )
    refused["inputs changed"] = refusal(home, "q2", user="binh", role="op", seen=shown, at="2023-07-06T07:00:00")
    year_of.approve_and_issue(home, "q2", "2023-07-07")
    refused["closed"] = refusal(home, "q2", user="chi", role="op", seen=shown, at="2023-07-08")


def refusal(home: Home, period_id: str, *, at: str, seen: str | None, **more: Any) -> str:
    return _raised(lambda: approve(home, CAMPAIGN, period_id, seen=seen or "", at=parse_instant(at), **more))


def _raised(call: Any) -> str:
    with pytest.raises(Refused) as refused:
        call()
    return refused.value.message


ANSWER_FORMS = """
import json, sys, threading, time
from thidua.orchestration import run_dags
from thidua.settings import home
run_dags.configure(home().airflow)
run_dags.prepare()
from airflow.models.hitl import HITLDetail
from airflow.models.taskinstance import TaskInstance
from airflow.models.trigger import handle_event_submit
from airflow.triggers.base import TriggerEvent
from airflow.sdk import timezone
from airflow.utils.session import create_session
from sqlalchemy import select

# Who answers; the second approval is first tried by the one who gave the first. Two answers come as their task parks:
# the scheduler fails it, as it does then.
at_once = {"decide", "approve_first"}
people = {"approve_first": ["an"], "approve_second": ["an", "binh"]}
asked = []

def answer_forms():
    while True:
        time.sleep(0.3)
        with create_session() as session:
            waiting = session.scalars(select(TaskInstance).where(TaskInstance.state == "awaiting_input")).all()
            for ti in waiting:
                form = session.get(HITLDetail, ti.id)
                if form is None or form.response_received:
                    continue
                user = people[ti.task_id].pop(0) if ti.task_id in people else "an"
                fields = {name: "" for name in form.params}
                asked.append([ti.task_id, ti.map_index, user, form.subject])
                form.responded_by = {"id": user, "name": user.title()}
                form.responded_at = timezone.utcnow()
                form.chosen_options = [form.options[0]]
                form.params_input = fields
                if ti.task_id in at_once:
                    at_once.discard(ti.task_id)
                    session.flush()
                    ti.state = "running"
                    ti.handle_failure("Executor reported that the task instance finished", session=session)
                    continue
                handle_event_submit(TriggerEvent(form.as_resume_event_payload()), task_instance=ti, session=session)

threading.Thread(target=answer_forms, daemon=True).start()
conf = {"campaign": "lam-dong-2023", "period": "q3", "now": "2023-10-05T08:00:00"}
well = run_dags.run(["close_period"], conf)
print("ASKED" + json.dumps(asked))
sys.exit(0 if well else 1)
"""


def third_quarter_through_airflow(year: Year) -> None:
    """By the DAG itself, its forms answered as people would: nobody is nominated, nobody excluded."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    environment = {**kept, "THIDUA_HOME": str(year.home.path), "THIDUA_CAMPAIGNS": str(year.campaigns)}
    done = subprocess.run(
        [sys.executable, "-c", ANSWER_FORMS], env=environment, capture_output=True, text=True, check=False, timeout=1500
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("ASKED")]
    year.seen["asked"] = json.loads(line.removeprefix("ASKED"))


def disqualification(year: Year) -> None:
    """Lạc Dương is found to have chased numbers: Q2 is ordered again, and Lâm Hà's correction is let in."""
    home = year.home
    year_of.decide(home, "gate", "2023-10-20", period_id="q2", gate_id="quality", unit_id="lac-duong", result="fail")
    year.seen["no order yet"] = year_of.look(home, "q2", "2023-10-20T01:00:00").state
    record_order(
        home, CAMPAIGN, "q2", decided_by="Giám đốc", at=parse_instant("2023-10-21"), reason="Kết luận kiểm tra số 7",
        admits=[submission_id(CAMPAIGN, "dinh-chinh")],
    )  # fmt: skip
    closing = year_of.freeze(home, None, "q2", "2023-10-22")
    year_of.answer_the_rest(home, closing, "2023-10-23")
    year_of.approve_and_issue(home, "q2", "2023-10-24")


def end_of_the_campaign(year: Year) -> None:
    home = year.home
    year.seen["final"] = closing = year_of.freeze(home, year.campaigns, "final", "2024-01-03")
    year_of.answer_the_rest(home, closing, "2024-01-04")
    # Said again otherwise: the later answer stands.
    year_of.answer(home, closing, "pool:leadership_unit:all", ["di-linh", "p-quan-ly-thu"], "2024-01-04")
    person = {"unit_id": "dam-rong", "name": "Phạm Thị Dung"}
    year_of.answer(home, closing, "pool:leadership_person:all", [person], "2024-01-04")
    year_of.approve_and_issue(home, "final", "2024-01-05")


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
    assert year.seen["incomplete"].state == "incomplete"
    (blocker,) = year.seen["incomplete"].blockers
    assert "da-teh" in blocker and "missing" in blocker
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


def test_approvals_are_refused_with_a_reason(year: Year) -> None:
    words = {
        "undecided": "still to be decided: nomination",
        "viewer": "may look, not approve",
        "objection": "open objections must be acknowledged",
        "same person": "has approved already",
        "one is not enough": "1 of 2 different people",
        "inputs changed": "the inputs or the result changed",
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
    asked = [(task_id, user) for task_id, _, user, _ in year.seen["asked"]]
    assert asked.count(("decide", "an")) == 8, "exclusions, six nominations, a headcount; nobody is asked twice"
    assert asked[-3:] == [("approve_first", "an"), ("approve_second", "an"), ("approve_second", "binh")]


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
    pool = year.seen["final"].question("pool:leadership_unit:all")
    assert "cat-tien" not in pool.choices["units"] and "bao-lam" in pool.choices["units"], "who completed the year"


def test_official_figures_stand_in_the_marts_and_provisional_ones_beside(year: Year) -> None:
    with duckdb.connect(str(year.home.serve / "current" / "marts.duckdb"), read_only=True) as served:
        served.execute("use marts.marts")
        shown = served.execute(
            "select unit_id, status, version, rank, prize_id, numerator from rpt_ranking "
            "where period_id = 'q2' and unit_id in ('lac-duong', 'lam-ha') order by unit_id"
        ).fetchall()
        versions = served.execute(
            "select period_id, version, count(*) from fct_ranking_version group by all order by all"
        ).fetchall()
        named = served.execute(
            "select count(*) from fct_awarded_person where period_id = 'q2' and version = 2"
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


def test_versions_come_out_again_from_the_lake_alone(year: Year, tmp_path: Path) -> None:
    plan = year.campaigns / CAMPAIGN / "plan.yml"
    plan.write_text(plan.read_text().replace("amount: 150000", "amount: 999000"))
    for folder in ("closings", "warehouse", "serve"):
        shutil.rmtree(year.home.path / folder)
    found = reproduce(year.home, CAMPAIGN, "q2", 1)
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
