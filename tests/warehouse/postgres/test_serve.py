"""The marts in Postgres: the same content, whole or not at all, with what users made of them left standing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from thidua.errors import NotWell
from thidua.settings import Home
from thidua.warehouse.postgres import tables
from thidua.warehouse.postgres.serve import Loaded, serve_postgres
from thidua.warehouse.publish import publish

from tests.postgres import PASSWORD, Database
from tests.warehouse.postgres.made import lay, published, rankings

PROGRAM = Path(sys.executable).with_name("thidua")


def serve(home: Home, tables: Mapping[str, str], **more: object) -> Loaded:
    published(home, tables, **more)
    loaded = serve_postgres(home)
    assert loaded is not None and loaded.is_new
    return loaded


def versions(database: Database) -> set[int]:
    """What the two marts of `rankings` say: more than one number is half a publish."""
    return {
        number
        for table in ("rpt_ranking", "fct_ranking")
        for (number,) in database.rows(f"select distinct version from marts.{table}")
    }


NASTY = [
    "",
    " ",
    "NULL",
    "\\N",
    "\\.",
    'a "quoted", b',
    "line\n\\.\nline",
    "\r\n",
    "tab\t",
    "Đà Lạt – ‘x’",
    "a\\b",
    None,
]


def test_every_value_arrives_as_it_is(database: Database, tmp_path: Path) -> None:
    texts = ", ".join("(null)" if text is None else "('" + text.replace("'", "''") + "')" for text in NASTY)
    table = f"""
        select
            text,
            cast(9223372036854775807 as bigint) as whole,
            cast(-0.000001 as decimal(12, 6)) as rate,
            text = '' as is_empty,
            timestamptz '2023-06-30 23:59:59.999999+07' as at,
            date '2023-06-30' as day,
            case when text = ' ' then ['a', null, '"'] end as list,
            case when text = ' ' then {{'x': 1}} end as struct
        from (values {texts}) as given (text)
    """
    serve(
        Home(tmp_path), {"nasty": table, "nul": "select 'a' || chr(0) || 'b' as text", "lone": "select '\\.' as text"}
    )
    rows = database.rows("select * from marts.nasty")
    assert sorted(map(str, NASTY)) == sorted(str(row[0]) for row in rows)
    assert [row[0] for row in rows].count(None) == 1 == [row[0] for row in rows].count("")
    at = datetime(2023, 6, 30, 16, 59, 59, 999999, tzinfo=UTC)
    assert {row[1:3] + row[4:6] for row in rows} == {(2**63 - 1, Decimal("-0.000001"), at, date(2023, 6, 30))}
    assert {row[0]: row[3] for row in rows}[""] is True and {row[0]: row[3] for row in rows}[None] is None
    assert {row[0]: row[6:] for row in rows}[" "] == (["a", None, '"'], {"x": 1})
    assert database.rows("select text from marts.nul") == [("a\N{REPLACEMENT CHARACTER}b",)], "Postgres stores no NUL"
    assert database.rows("select text from marts.lone") == [("\\.",)]
    types = database.rows(
        "select format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'marts.nasty'::regclass "
        "and attnum > 0 order by attnum"
    )
    assert [kind for (kind,) in types] == [
        "text", "bigint", "numeric(12,6)", "boolean", "timestamp with time zone", "date", "jsonb", "jsonb",
    ]  # fmt: skip


def test_what_is_unchanged_is_not_touched_and_the_same_build_not_loaded_twice(
    database: Database, tmp_path: Path
) -> None:
    home = Home(tmp_path)
    assert serve(home, rankings(1)).replaced == ("dim_unit", "fct_ranking", "rpt_ranking")
    again = serve_postgres(home)
    assert again is not None and not again.is_new
    marks = database.rows("select xmin::text from marts.dim_unit")
    loaded = serve(home, rankings(2))
    assert loaded.replaced == ("fct_ranking", "rpt_ranking") and loaded.all == 3
    assert versions(database) == {2}
    assert database.rows("select xmin::text from marts.dim_unit") == marks
    (build_id,) = database.rows("select build_id from marts._version")[0]
    assert build_id == json.loads((home.serve / "current" / "version.json").read_text())["build_id"]


def test_grants_and_views_of_users_survive(database: Database, tmp_path: Path) -> None:
    home = Home(tmp_path)
    serve(home, rankings(1))
    user = database.add_login("thidua_test_user")
    database.run(
        f"grant usage on schema marts to {user}",
        f"grant select (unit_id, version) on marts.rpt_ranking to {user}",
        f"grant select, references on marts.fct_ranking to {user}",
        "create schema analysis",
        "create view analysis.best as select unit_id, version from marts.rpt_ranking where unit_id = 'unit-7'",
        "create materialized view marts.kept as select count(*) as rows from marts.fct_ranking",
        "create index on marts.kept (rows)",
        "create index mine on marts.rpt_ranking (version)",
        f"grant usage on schema analysis to {user}",
        f"grant select on analysis.best to {user}",
    )
    before = database.rows("select relname, relacl::text, oid from pg_class where relname like '%ranking' order by 1")
    serve(home, rankings(2))
    serve(
        home, {**rankings(3), "rpt_ranking": rankings(3)["rpt_ranking"].replace("select", "select 'new' as label,", 1)}
    )
    after = database.rows("select relname, relacl::text, oid from pg_class where relname like '%ranking' order by 1")
    assert after == before and f"{user}=rx" in str(after)
    assert database.rows("select unit_id, version from analysis.best", user=user) == [("unit-7", 3)]
    assert database.rows("select max(version) from marts.rpt_ranking", user=user) == [(3,)]
    assert database.rows("select distinct label from marts.rpt_ranking") == [("new",)]
    assert ("mine",) in database.rows("select indexname from pg_indexes where schemaname = 'marts'")


def test_a_table_follows_its_model(database: Database, tmp_path: Path) -> None:
    """Columns and tables added, dropped and retyped: what was granted stays, the content is the new one."""
    home, user = Home(tmp_path), database.add_login("thidua_test_user")
    serve(
        home, {"t": "select 'c' as campaign_id, '1' as kept, '2' as retyped, 'x' as dropped", "gone": "select 1 as a"}
    )
    database.run(f"grant select (kept, retyped) on marts.t to {user}", "create table marts.of_a_user (a int)")
    changed = {"t": "select 'c' as campaign_id, date '2023-01-01' as added, cast(5 as bigint) as retyped, '9' as kept"}
    serve(home, {**changed, "born": "select 'c' as campaign_id"})
    assert database.rows("select campaign_id, kept, retyped, added from marts.t") == [("c", "9", 5, date(2023, 1, 1))]
    tables = {name for (name,) in database.rows("select tablename from pg_tables where schemaname = 'marts'")}
    assert tables == {"t", "born", "of_a_user", "_table", "_version"}
    for column in ("kept", "retyped"):
        assert database.rows("select has_column_privilege(%s, 'marts.t', %s, 'select')", [user, column]) == [(True,)]


@pytest.mark.parametrize(
    ("view", "change"),
    [
        ("select dropped from marts.t", "select 'c' as campaign_id, '1' as retyped"),
        ("select retyped from marts.t", "select 'c' as campaign_id, 1 as retyped, 'x' as dropped"),
        ("select a from marts.gone", None),
    ],
    ids=["column dropped", "column retyped", "table dropped"],
)
def test_a_view_in_the_way_is_named_and_nothing_changes(
    database: Database, tmp_path: Path, view: str, change: str | None
) -> None:
    home = Home(tmp_path)
    first = {**rankings(1), "t": "select 'c' as campaign_id, '1' as retyped, 'x' as dropped", "gone": "select 'a' as a"}
    serve(home, first)
    database.run("create schema analysis", f"create view analysis.of_somebody as {view}")
    second = {**first, **rankings(2), "t": change or first["t"]}
    if change is None:
        del second["gone"]
    published(home, second)
    with pytest.raises(NotWell, match=r"view analysis\.of_somebody depends on.*drop or change what depends on it"):
        serve_postgres(home)
    assert versions(database) == {1} and database.rows("select count(*) from analysis.of_somebody") == [(1,)]
    database.run("drop view analysis.of_somebody")
    assert serve_postgres(home) is not None
    assert versions(database) == {2}


def test_keys_indexes_and_descriptions_for_bi(database: Database, tmp_path: Path) -> None:
    home = Home(tmp_path)
    keys = {"t": ["campaign_id", "unit_id"], "long": ["campaign_id", "text"]}
    columns = {"unit_id": "Unit within the campaign.", "not_there": "Not of this table."}

    def tables(unit: str) -> dict[str, str]:
        return {
            "t": f"select 'c' as campaign_id, 'q' as period_id, {unit} as unit_id",
            "long": "select 'c' as campaign_id, string_agg(md5(i::varchar)) as text from range(200) r (i)",
        }

    def key(table: str) -> list[tuple[str]]:
        return database.rows(
            "select pg_get_constraintdef(oid) from pg_constraint where conrelid = %s::regclass and contype = 'p'",
            [table],
        )

    serve(home, tables("'u'"), keys=keys, columns=columns)
    assert key("marts.t") == [("PRIMARY KEY (campaign_id, unit_id)",)]
    assert key("marts.long") == [], "longer than an index holds: still published"
    indexes = database.rows("select indexdef from pg_indexes where indexname = 't_by_unit'")
    assert indexes == [("CREATE INDEX t_by_unit ON marts.t USING btree (campaign_id, period_id, unit_id)",)]
    assert database.rows("select obj_description('marts.t'::regclass)") == [("What t holds. One row per it's own.",)]
    assert database.rows("select col_description('marts.t'::regclass, 3)") == [("Unit within the campaign.",)]
    serve(home, tables("cast(null as varchar)"), keys=keys)
    assert key("marts.t") == [] and database.rows("select unit_id from marts.t") == [(None,)]
    serve(home, tables("'u'"), keys=keys)
    assert key("marts.t") == [("PRIMARY KEY (campaign_id, unit_id)",)]


def test_an_older_version_never_replaces_a_newer(database: Database, tmp_path: Path) -> None:
    older, newer = Home(tmp_path / "older"), Home(tmp_path / "newer")
    published(older, rankings(1))
    serve(newer, rankings(2))
    with pytest.raises(NotWell, match=r"holds a newer version.*nothing was replaced.*delete from marts\._version"):
        serve_postgres(older)
    assert versions(database) == {2}
    database.run("delete from marts._version")  # the remedy that the message names
    serve_postgres(older)
    assert versions(database) == {1}


def test_two_publishers_do_not_interleave(database: Database, tmp_path: Path) -> None:
    home = Home(tmp_path)
    serve(home, rankings(1))
    published(home, rankings(2))
    ends: list[Loaded | Exception | None] = []

    def run() -> None:
        try:
            ends.append(serve_postgres(home))
        except Exception as error:
            ends.append(error)

    publishers = [threading.Thread(target=run) for _ in range(4)]
    for publisher in publishers:
        publisher.start()
    for publisher in publishers:
        publisher.join()
    assert sorted(end.is_new for end in ends if isinstance(end, Loaded)) == [False, False, False, True], ends
    assert versions(database) == {2}


def command(home: Home, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "THIDUA_HOME": str(home.path), **variables}
    return subprocess.run([PROGRAM, *arguments], env=environment, capture_output=True, text=True, check=False)


def test_killed_in_the_middle_the_old_version_stays_whole(database: Database, tmp_path: Path) -> None:
    home = Home(tmp_path)
    serve(home, rankings(1))
    lay(home, rankings(2))
    with database.connect() as holder:
        # The publish has loaded fct_ranking when it comes to wait for this lock on the table after it.
        with holder.transaction():
            holder.execute("lock table marts.rpt_ranking in share mode")
            process = subprocess.Popen([PROGRAM, "publish"], env={**os.environ, "THIDUA_HOME": str(home.path)})
            waits = (
                "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
            )
            while not database.rows(waits)[0][0]:
                assert process.poll() is None
                time.sleep(0.02)
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert versions(database) == {1}
    assert json.loads((home.serve / "current" / "version.json").read_text())["tables"], "the files were out already"
    done = command(home, "publish", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["published"] is None and json.loads(done.stdout)["postgres"]["is_new"]
    assert versions(database) == {2}


def test_a_server_that_stops_in_the_middle_is_named_as_such(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    serve(home, rankings(1))
    published(home, rankings(2))
    copied = tables.comment

    def stop(*arguments: Any) -> None:
        copied(*arguments)
        database.run("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'thidua_test_publisher'")

    monkeypatch.setattr(tables, "comment", stop)
    with pytest.raises(NotWell, match=r"cannot reach .*terminating connection"):
        serve_postgres(home)
    monkeypatch.undo()
    assert versions(database) == {1}


def test_a_table_that_somebody_holds_is_not_waited_for_for_ever(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    serve(home, rankings(1))
    published(home, rankings(2))
    monkeypatch.setattr("thidua.warehouse.postgres.serve.TABLE_LOCKS", "set local lock_timeout = '50ms'")
    with database.connect() as holder, holder.transaction():
        holder.execute("lock table marts.rpt_ranking in share mode")
        with pytest.raises(NotWell, match=r"lock timeout.*in an open transaction; end it, then publish again"):
            serve_postgres(home)
        assert versions(database) == {1}
    assert serve_postgres(home) is not None and versions(database) == {2}


def test_when_postgres_is_down_the_files_are_out_and_it_catches_up_later(database: Database, tmp_path: Path) -> None:
    home = Home(tmp_path)
    lay(home, rankings(1))
    nowhere = f"postgresql://app:{PASSWORD}@127.0.0.1:1/thidua"
    done = command(home, "publish", THIDUA_POSTGRES_DSN=nowhere)
    assert done.returncode == 1 and "published: " in done.stdout and (home.serve / "current" / "marts.duckdb").exists()
    assert len(done.stderr.splitlines()) == 1 and "cannot reach postgresql://app@127.0.0.1:1/thidua" in done.stderr
    assert "THIDUA_POSTGRES_DSN" in done.stderr and PASSWORD not in done.stderr + done.stdout

    where = command(home, "where")
    assert where.returncode == 0 and f"dbname={database.name}" not in where.stdout and PASSWORD not in where.stdout
    assert f"Postgres: postgresql://thidua_test_publisher@/{database.name}" in where.stdout
    assert publish(home) is None
    loaded = serve_postgres(home)
    assert loaded is not None and loaded.is_new and versions(database) == {1}


def test_without_an_address_nothing_is_asked_of_postgres(tmp_path: Path) -> None:
    assert serve_postgres(Home(tmp_path)) is None
