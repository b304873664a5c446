"""The same inputs built on DuckDB and on Postgres, and what differs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from thidua.settings import Home
from thidua.warehouse import raw
from thidua.warehouse.build import compute
from thidua.warehouse.place import FileWarehouse, Warehouse
from thidua.warehouse.postgres.target import Target
from thidua.warehouse.postgres.warehouse import PostgresWarehouse

from tests.postgres import PASSWORD, Database


def warehouse_in(database: Database, folder: Path, user: str = "postgres") -> PostgresWarehouse:
    parameters = {"host": database.socket_folder, "dbname": database.name, "user": user, "password": PASSWORD}
    return PostgresWarehouse(Target("THIDUA_WAREHOUSE_DSN", parameters), Home(folder))


def differing_marts(ours: Warehouse, theirs: Warehouse) -> dict[str, object]:
    """table -> the types, or how many rows only one side has. Compared by DuckDB, as sets with repetitions."""
    found: dict[str, object] = {}
    with ours.with_marts() as one, theirs.with_marts() as other:
        names = [_tables(connection) for connection in (one, other)]
        assert names[0] == names[1] and len(names[0]) > 25
        for table in names[0]:
            kinds = [
                [row[:2] for row in connection.execute(f'describe marts."{table}"').fetchall()]
                for connection in (one, other)
            ]
            if kinds[0] != kinds[1]:
                found[table] = kinds
                continue
            their_rows = other.execute(f'select * from marts."{table}"').arrow()
            one.register("their_rows", their_rows.read_all() if hasattr(their_rows, "read_all") else their_rows)
            only = [
                one.execute(f"select * from ({left} except all {right}) limit 3").fetchall()
                for left, right in (
                    (f'from marts."{table}"', "from their_rows"),
                    ("from their_rows", f'from marts."{table}"'),
                )
            ]
            if only != [[], []]:
                found[table] = only
    return found


def rows_of(warehouse: Warehouse, table: str) -> int:
    with warehouse.with_marts() as connection:
        row = connection.execute(f'select count(*) from marts."{table}"').fetchone()
    assert row
    return int(row[0])


def assert_same(
    folder: Path, database: Database, steps: list[tuple[datetime, Callable[[], raw.Inputs]]]
) -> tuple[FileWarehouse, PostgresWarehouse]:
    """Postgres goes step by step; a file built at once of what the last step knows holds the same."""
    theirs = warehouse_in(database, folder / "postgres")
    for now, gather in steps:
        assert compute(theirs, gather, now, None).did_work
    ours = FileWarehouse(folder / "file" / "build.duckdb")
    now, gather = steps[-1]
    compute(ours, gather, now, None)
    found = differing_marts(ours, theirs)
    assert not found, found
    assert not compute(theirs, gather, now, None).did_work
    return ours, theirs


def _tables(connection: object) -> list[str]:
    rows = connection.execute(  # type: ignore[attr-defined]
        "select table_name from information_schema.tables where table_schema = 'marts' order by 1"
    ).fetchall()
    return [row[0] for row in rows]
