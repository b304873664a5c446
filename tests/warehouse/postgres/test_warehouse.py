"""Postgres as the warehouse: the same content as DuckDB, whatever is drawn, in steps or at once, killed or not."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from thidua.errors import NotWell
from thidua.intake.ingest import ingest
from thidua.plan.snapshots import record_snapshots
from thidua.settings import Home
from thidua.warehouse import raw
from thidua.warehouse.build import build, compute, gather_inputs
from thidua.warehouse.place import FileWarehouse, warehouse_of
from thidua.warehouse.publish import publish

from tests.event_lake import put
from tests.postgres import Database, new_database
from tests.processes import Command, Moment
from tests.property import test_event_oracle, test_oracle
from tests.property.campaigns import Campaign, Submission, write_plan, write_submission
from tests.property.event_campaigns import write_event_plan
from tests.warehouse.postgres.engines import assert_same, differing_marts, rows_of, warehouse_in

pytestmark = pytest.mark.slow(seconds=60)

MIDWAY = datetime(2023, 8, 20, tzinfo=UTC)
NOW = datetime(2024, 2, 1, tzinfo=UTC)


def with_a_jump(drawn: list[Campaign]) -> list[Campaign]:
    """The same, whose first office ends the year with a digit too many, above all that could be drawn."""
    first, *others = drawn
    days = [date(2023, 12, day) for day in (1, 8, 15, 22, 29)]
    counts = [10_000, 10_001, 10_003, 10_004, 1_000_500]
    rows = tuple((first.units[0], day, count) for day, count in zip(days, counts, strict=True))
    jump = Submission("jump", datetime(2023, 12, 31, tzinfo=UTC), rows, "A")
    return [replace(first, submissions=(*first.submissions, jump)), *others]


def lay_drawn(folder: Path, count: int, number: int) -> Home:
    """A lake of drawn campaigns, over reported counts and over events, in many batches."""
    home, plans = Home(folder / "home"), folder / "campaigns"
    for campaign in with_a_jump(test_oracle.draw_campaigns(count, number)):
        write_plan(campaign, plans / campaign.campaign_id)
        for submission in campaign.submissions:
            write_submission(campaign, submission, home.landing)
    ingest(home, plans, NOW, explicit_now=True)
    for drawn in test_event_oracle.draw(count, number):
        campaign = replace(drawn, campaign_id=f"event-{drawn.campaign_id}")
        write_event_plan(campaign, plans / campaign.campaign_id)
        test_event_oracle.decide(home, campaign)
        for files in (campaign.files[::2], campaign.files[1::2]):
            put(home, campaign.campaign_id, files)
    record_snapshots(home, plans, datetime(2023, 1, 1, tzinfo=UTC))
    return home


def gather(home: Home) -> raw.Inputs:
    return gather_inputs(home, None)


def gather_half(home: Home) -> raw.Inputs:
    inputs = gather(home)
    return replace(inputs, batches=dict(sorted(inputs.batches.items())[::2]))


def compare_drawn(folder: Path, database: Database, count: int, number: int) -> None:
    home = lay_drawn(folder, count, number)
    steps = [(MIDWAY, lambda: gather_half(home)), (NOW, lambda: gather(home))]
    ours, _ = assert_same(folder, database, steps)
    for mart in ("fct_ranking", "fct_award", "fct_progress_breakdown", "fct_candidate", "fct_rejected_row", "fct_goal"):
        assert rows_of(ours, mart) >= count // 2, mart
    with ours.opened() as connection:
        rules = {row[0] for row in connection.execute("select distinct rule_id from marts.fct_rejected_row").fetchall()}
    assert rules >= {"count_falls", "count_jumps", "claimed_twice", "stale_resend"}


def test_drawn_campaigns_in_steps(tmp_path: Path, database: Database) -> None:
    compare_drawn(tmp_path, database, 40, number=2026)


@pytest.mark.fuzz
@pytest.mark.parametrize("number", [random.SystemRandom().randrange(10**9) for _ in range(3)])
def test_many_more(number: int, tmp_path: Path, database: Database) -> None:
    compare_drawn(tmp_path, database, 200, number)


def test_a_database_that_reads_text_otherwise_is_refused(postgres_server: str, tmp_path: Path) -> None:
    """Of another encoding here; of another order needs a server with languages, and is asked in the same breath."""
    with new_database(postgres_server, "encoding 'LATIN1' locale 'C' template template0") as database:
        with pytest.raises(NotWell, match="locale 'C'"):
            compute(warehouse_in(database, tmp_path), lambda: raw.Inputs({}, {}, {}, []), NOW, None)
        assert database.rows("select count(*) from pg_namespace where nspname = 'raw'") == [(0,)]


def test_the_database_that_bi_reads_is_refused(database: Database, tmp_path: Path) -> None:
    """A full build would drop its schema, views and grants of users with it."""
    database.run("create table marts._version (build_id text)", "create table marts.kept (id text)")
    with pytest.raises(NotWell, match="is the database that BI reads"):
        compute(warehouse_in(database, tmp_path), lambda: raw.Inputs({}, {}, {}, []), NOW, None)
    assert database.rows("select count(*) from marts.kept") == [(0,)]


def test_one_builds_at_a_time_whatever_its_host(database: Database, tmp_path: Path) -> None:
    """The second waits for the first; the lock goes with the session of who dies."""
    first, second = (warehouse_in(database, tmp_path / name) for name in ("one", "other"))
    turns: list[str] = []

    def build_second() -> None:
        with second.locked():
            turns.append("second")

    waiting = threading.Thread(target=build_second)
    with first.locked():
        waiting.start()
        asks = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        while database.rows(asks) == [(0,)]:
            time.sleep(0.01)
        turns.append("first")
    waiting.join(60)
    assert turns == ["first", "second"]
    with pytest.raises(RuntimeError, match="only who holds the lock writes"):
        first.clear()


def test_killed_in_mid_build_and_published_after_the_next(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command, with the DSN from the environment; the kill is SIGKILL, after some models are committed."""
    home = lay_drawn(tmp_path, 4, number=5)
    monkeypatch.setenv("THIDUA_WAREHOUSE_DSN", database.dsn("postgres"))
    environment = os.environ | {"THIDUA_HOME": str(home.path), "THIDUA_CAMPAIGNS": str(tmp_path / "campaigns")}
    until = Moment((r"^open .*/run/.*/models/.*\.sql ",), times=45)
    killed = Command(["build", "--now", NOW.isoformat()], environment, until=until).finish()
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    made = "select count(*) from pg_class where relnamespace = to_regnamespace('intermediate')"
    assert database.rows(made)[0][0] > 5
    with pytest.raises(NotWell, match="did not finish"):
        publish(home)
    assert build(home, tmp_path / "campaigns", NOW).did_work
    served = publish(home)
    assert served is not None and publish(home) is None
    ours = FileWarehouse(tmp_path / "file" / "build.duckdb")
    compute(ours, lambda: gather(home), NOW, None)
    with duckdb.connect(str(served / "marts.duckdb"), read_only=True) as connection:
        shown = connection.execute("select * from marts.marts.rpt_ranking order by all").fetchall()
    with ours.with_marts() as connection:
        assert shown == connection.execute("select * from marts.rpt_ranking order by all").fetchall() and shown
    assert differing_marts(ours, warehouse_of(home)) == {}
    assert not home.db.exists()
