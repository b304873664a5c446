"""The warehouse on Postgres: dbt's target `postgres`, with the small schemas of a build carried to and from it.

A database of its own, apart from the one that BI reads: dbt commits model by model, so half a build can be seen here.
A build on Postgres forgets and repeats exactly as one on DuckDB does: what is acknowledged is in schema `state`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import psycopg
from psycopg import sql

from thidua.errors import NotWell
from thidua.settings import Home
from thidua.warehouse import raw
from thidua.warehouse.place import Ask
from thidua.warehouse.postgres.export import TYPES, chunks, type_of
from thidua.warehouse.postgres.target import Target, connect

Session = psycopg.Connection[tuple[Any, ...]]

LOCK = "select pg_advisory_lock(hashtextextended('thidua.warehouse', 0))"
TRY_LOCK = "select pg_try_advisory_lock(hashtextextended('thidua.warehouse', 0))"
SCHEMAS = ("raw", "plan", "state", "staging", "intermediate", "marts")
# Text is ordered and compared byte by byte, as DuckDB does: ranks and "the first by name" depend on it.
IS_UTF8 = "select current_setting('server_encoding') = 'UTF8'"
ORDERS_BYTES = "select 'B' < 'a' and 'z' < 'đ' and '-' < '0' and 'a-b' < 'aa'"
# Every join of the models is a set operation on equal keys. Of tables made a second ago the planner knows little, and
# one nested loop that it takes for small costs minutes; instants are printed in one zone.
# Who is gone is noticed within a minute, so that the lock of a host without power does not stop all others for hours.
ALIVE = ("tcp_keepalives_idle = 30", "tcp_keepalives_interval = 10", "tcp_keepalives_count = 3")
SETTINGS = ("TimeZone = UTC", "enable_nestloop = off", "jit = off", *ALIVE)
OPTIONS = " ".join(f"-c {setting.replace(' ', '')}" for setting in SETTINGS)
FROM_POSTGRES = {name: kind for kind, name in TYPES.items()}


class PostgresWarehouse:
    """The schemas `raw`, `plan`, `state` and those of dbt's layers, in the database that `target` names."""

    def __init__(self, target: Target, home: Home) -> None:
        self._target = target
        self._home = home
        self._held: Session | None = None

    def __str__(self) -> str:
        return str(self._target)

    @property
    def target(self) -> str:
        return "postgres"

    @property
    def catalog(self) -> str:
        return self._target.parameters.get("dbname", "")

    @property
    def environment(self) -> dict[str, str]:
        """libpq's own variables, so that dbt's driver takes whatever the DSN says, certificates too."""
        variables = {
            option.keyword.decode(): option.envvar.decode()
            for option in psycopg.pq.Conninfo.get_defaults()
            if option.envvar
        }
        said = {variables[name]: value for name, value in self._target.parameters.items() if name in variables}
        options = " ".join(filter(None, [said.get("PGOPTIONS"), OPTIONS]))
        return {**said, "PGOPTIONS": options, "THIDUA_TARGET": self.target}

    @property
    def environment_to_parse(self) -> dict[str, str]:
        return {"THIDUA_TARGET": self.target, "PGDATABASE": self.catalog}

    @property
    def work(self) -> Path:
        return self._home.warehouse / "dbt"

    def exists(self) -> bool:
        with connect(self._target) as session:
            return session.execute("select to_regclass('state.build')").fetchone() != (None,)

    @contextmanager
    def locked(self, *, wait: bool = True) -> Iterator[None]:
        """The lock is a session's: who loses the connection keeps nothing, since `keep` goes through the same one."""
        with connect(self._target) as session:
            session.autocommit = True
            _check_order(session, self._target)
            _check_own(session, self._target)
            for setting in ALIVE:
                session.execute(f"set {setting}".encode())
            if wait:
                session.execute(LOCK)
            elif session.execute(TRY_LOCK).fetchone() != (True,):
                raise BlockingIOError("another process builds or publishes")
            self._held = session
            try:
                yield
            finally:
                self._held = None

    def _writer(self) -> Session:
        if self._held is None:
            raise RuntimeError("only who holds the lock writes")
        return self._held

    @contextmanager
    def opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect() as connection:
            raw.prepare(connection)
            with connect(self._target) as session, tempfile.TemporaryDirectory() as folder:
                for table in _tables(session, "state"):
                    rows = _fetched(session, "state", table, Path(folder))
                    connection.execute(f'create or replace table state."{table}" as {rows}')
            yield connection

    def keep(self, connection: duckdb.DuckDBPyConnection, *schemas: str) -> None:
        held = self._writer()
        with held.transaction():
            for schema in schemas:
                held.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
                for table in _names(connection, schema):
                    _carry(connection, held, schema, table)

    def clear(self) -> None:
        held = self._writer()
        with held.transaction():
            for schema in SCHEMAS:
                held.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema)))

    @contextmanager
    def with_marts(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The marts are views over what COPY wrote: they pass through to where they are published, not through memory."""
        with self.opened() as connection, tempfile.TemporaryDirectory() as folder, connect(self._target) as session:
            session.execute("set transaction isolation level repeatable read, read only")
            connection.execute("create schema marts")
            for table in _tables(session, "marts"):
                rows = _fetched(session, "marts", table, Path(folder))
                connection.execute(f'create view marts."{table}" as {rows}')
            yield connection

    @contextmanager
    def asked(self) -> Iterator[Ask]:
        with connect(self._target) as session:
            session.autocommit = True

            def ask(query: str) -> list[tuple[Any, ...]]:
                try:
                    return session.execute(query.encode()).fetchall()
                except psycopg.Error as error:
                    raise NotWell(str(error)) from None

            yield ask


def _check_order(session: Session, target: Target) -> None:
    """Raises NotWell where another order of text would give other results than the file does."""
    # The second cannot even be asked where the first is not so.
    if any(session.execute(question).fetchone() != (True,) for question in (IS_UTF8, ORDERS_BYTES)):
        raise NotWell(
            f"{target} xếp thứ tự hoặc mã hóa chữ khác / orders text by a language or is not UTF-8, so results would "
            "differ; make the database anew: create database … template template0 locale 'C' encoding 'UTF8'"
        )


def _check_own(session: Session, target: Target) -> None:
    """Raises NotWell where the marts are published: a full build would drop them, and half a build could be read."""
    if session.execute("select to_regclass('marts._version')").fetchone() != (None,):
        raise NotWell(
            f"{target} là cơ sở dữ liệu mà BI đọc / is the database that BI reads; make one of its own for the warehouse: "
            "createdb thidua_warehouse --template template0 --locale C --encoding UTF8"
        )


def _names(connection: duckdb.DuckDBPyConnection, schema: str) -> list[str]:
    rows = connection.execute(
        "select table_name from information_schema.tables where table_schema = ? order by 1", [schema]
    ).fetchall()
    return [row[0] for row in rows]


def _tables(session: Session, schema: str) -> list[str]:
    rows = session.execute(
        "select relname from pg_class where relnamespace = to_regnamespace(%s) and relkind = 'r' order by relname",
        [schema],
    ).fetchall()
    return [row[0] for row in rows]


def _carry(connection: duckdb.DuckDBPyConnection, session: Session, schema: str, table: str) -> None:
    """One table or view of DuckDB replaces its namesake's rows; the table stays, since views stand on it."""
    columns = connection.execute(
        "select column_name, data_type from information_schema.columns "
        "where table_schema = ? and table_name = ? order by ordinal_position",
        [schema, table],
    ).fetchall()
    name = sql.Identifier(schema, table)
    typed = sql.SQL(", ").join(
        sql.SQL("{} " + type_of(table, column, kind)).format(sql.Identifier(column)) for column, kind in columns
    )
    session.execute(sql.SQL("create table if not exists {} ({})").format(name, typed))
    session.execute(sql.SQL("truncate {}").format(name))
    with tempfile.TemporaryFile() as file:
        connection.execute(
            f"copy (select * from {schema}.\"{table}\") to '/dev/fd/{file.fileno()}' "
            "(format csv, header false, force_quote *, use_tmp_file false)"
        )
        with session.cursor().copy(sql.SQL("copy {} from stdin (format csv)").format(name)) as copy:
            for chunk in chunks(file):
                copy.write(chunk)
    session.execute(sql.SQL("analyze {}").format(name))


def _fetched(session: Session, schema: str, table: str, folder: Path) -> str:
    """Writes a table's rows to a file below `folder`; returns the query of DuckDB that reads them with their types."""
    columns = session.execute(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute "
        "where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum",
        [f'{schema}."{table}"'],
    ).fetchall()
    path = folder / f"{schema}.{table}.csv"
    quoted = str(path).replace("'", "''")
    statement = sql.SQL("copy {} to stdout (format csv, force_quote *)").format(sql.Identifier(schema, table))
    with path.open("wb") as file, session.cursor().copy(statement) as copy:
        for chunk in copy:
            file.write(chunk)
    types = ", ".join(f"'{name}': '{_duckdb_type(kind)}'" for name, kind in columns)
    return (
        f"select * from read_csv('{quoted}', columns = {{{types}}}, header = false, auto_detect = false, delim = ',', "
        "quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false)"
    )


def _duckdb_type(kind: str) -> str:
    if kind.startswith("numeric("):
        return kind.replace("numeric", "decimal", 1)
    return FROM_POSTGRES.get(kind, "VARCHAR")
