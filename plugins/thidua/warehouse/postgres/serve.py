"""Loads the published version into Postgres, schema `marts`, in one transaction: readers see all of it or none.

The source is serve/current, so Postgres holds what the files hold; the record `marts._version` says which. A publish that
was killed, or that found Postgres down, is simply repeated: nothing of it is left. Tables whose rows are the same as
those loaded last are not touched.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import psycopg
from psycopg import sql

from thidua.errors import NotWell
from thidua.reports.served import current_version
from thidua.settings import Home
from thidua.warehouse.postgres import tables
from thidua.warehouse.postgres.described import described_marts
from thidua.warehouse.postgres.export import Mart, chunks, marts_of, primary_key, write_csv
from thidua.warehouse.postgres.roles import SCHEMA, WRITER_ROLE
from thidua.warehouse.postgres.target import Target, connect, target_of, unreachable

# One publisher at a time waits for the other; then no lock of a reader is waited for longer than a minute. A server
# that lost its client ends the transaction within seconds, also while it waits.
SESSION = (
    "set local lock_timeout = '15min'",
    "set local statement_timeout = 0",
    "set local client_connection_check_interval = '5s'",
    "set local tcp_keepalives_idle = 30",
    "set local idle_in_transaction_session_timeout = '15min'",
)
LOCK = "select pg_advisory_xact_lock(hashtextextended('thidua.marts', 0))"
TABLE_LOCKS = "set local lock_timeout = '1min'"

# Errors by SQLSTATE: the connection is lost or the server ends; a view is in the way; init was not run; a lock is held.
UNREACHABLE = ("08", "57P")
DEPENDS = "drop or change what depends on it, `thidua publish`, then make it anew"
NOT_PREPARED = f"run `thidua postgres-init` as administrator, and grant {WRITER_ROLE} to this login"
REMEDIES = {
    "2BP01": DEPENDS,
    "0A000": DEPENDS,
    "42501": NOT_PREPARED,
    "22023": NOT_PREPARED,
    "42704": NOT_PREPARED,
    "3F000": NOT_PREPARED,
    "55P03": "somebody holds a table in an open transaction; end it, then publish again",
}


@dataclass(frozen=True)
class Loaded:
    """What a publish did to `target` (masked text): the tables whose rows it replaced, of how many."""

    target: str
    is_new: bool
    replaced: tuple[str, ...] = ()
    all: int = 0


def serve_postgres(home: Home) -> Loaded | None:
    """Brings Postgres to serve/current; None when THIDUA_POSTGRES_DSN is not set.

    Raises NotWell, with what to do, when Postgres is down, not prepared, newer, or a user's view is in the way of a
    change: then Postgres holds what it held.
    """
    target = target_of()
    if target is None:
        return None
    current_version(home)
    try:
        with connect(target) as session:
            return _load(session, home, target)
    except psycopg.Error as error:
        raise _explained(target, error) from None


def _explained(target: Target, error: psycopg.Error) -> NotWell:
    """What Postgres says and what to do about it, by the code of the error; the transaction is rolled back."""
    code = error.sqlstate or UNREACHABLE[0]
    if code.startswith(UNREACHABLE):
        return unreachable(target, error)
    return NotWell(
        f"chưa nạp được vào Postgres / not loaded into {target}, which holds what it held: "
        f"{target.masked(error)}; {REMEDIES.get(code, 'mend that, then publish again')}"
    )


def _load(session: tables.Session, home: Home, target: Target) -> Loaded:
    for setting in SESSION:
        session.execute(setting)
    # Tables belong to the group, so that any of its members publishes.
    session.execute(sql.SQL("set local role {}").format(sql.Identifier(WRITER_ROLE)))
    session.execute(LOCK)
    session.execute(TABLE_LOCKS)
    tables.make_records(session)
    version = current_version(home).parent  # after the wait: another publish may have made a newer one
    build_id, published_at = _version_of(version)
    held = session.execute(sql.SQL("select build_id, published_at from {}").format(tables.named("_version"))).fetchone()
    if held and held[0] == build_id:
        return Loaded(str(target), is_new=False)
    if held and held[1] > published_at:
        raise NotWell(
            f"{target} giữ bản mới hơn / holds a newer version ({held[1].astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}, another THIDUA_HOME or clock?) "
            f"than {version}; nothing was replaced. If this one is right: delete from {SCHEMA}._version, then publish again"
        )
    with duckdb.connect(str(version / "marts.duckdb"), read_only=True) as served:
        served.execute("use marts.marts")
        served.execute("set TimeZone = 'UTC'")
        marts = marts_of(served, described_marts(version))
        replaced = _bring_up_to_date(session, served, marts)
    session.execute(sql.SQL("delete from {}").format(tables.named("_version")))
    statement = sql.SQL("insert into {} (build_id, published_at) values (%s, %s)").format(tables.named("_version"))
    session.execute(statement, [build_id, published_at])
    return Loaded(str(target), is_new=True, replaced=tuple(replaced), all=len(marts))


def _version_of(folder: Path) -> tuple[str, datetime]:
    version = json.loads((folder / "version.json").read_text())
    published_at = datetime.strptime(version["published_at"], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)
    return str(version["build_id"]), published_at


def _bring_up_to_date(session: tables.Session, served: duckdb.DuckDBPyConnection, marts: list[Mart]) -> list[str]:
    """Loads what changed; the names of the tables whose rows were replaced."""
    standing = tables.standing_tables(session)
    records = tables.named("_table")
    loaded = {
        name: (digest, is_personal)
        for name, digest, is_personal in session.execute(
            sql.SQL("select table_name, content_sha256, is_personal from {}").format(records)
        )
    }
    for name in sorted(loaded.keys() - {mart.name for mart in marts}):
        tables.drop(session, name)
        session.execute(sql.SQL("delete from {} where table_name = %s").format(records), [name])
    replaced = []
    for mart in marts:
        stood, (digest_before, was_personal) = standing.get(mart.name), loaded.get(mart.name, (None, None))
        with tempfile.TemporaryFile() as file:
            digest = write_csv(served, mart, file)
            if stood is None or digest != digest_before or stood.columns != mart.columns:
                key = primary_key(served, mart)
                tables.shape(session, mart, stood, key)
                statement = sql.SQL("copy {} ({}) from stdin (format csv)")
                with session.cursor().copy(
                    statement.format(tables.named(mart.name), tables.listed(mart.columns))
                ) as copy:
                    for chunk in chunks(file):
                        copy.write(chunk)
                tables.index(session, mart, stood, key)
                replaced.append(mart.name)
        tables.comment(session, mart, stood)
        tables.open_to_readers(session, mart, was_personal if stood else None)
        if (digest, mart.described.is_personal) != (digest_before, was_personal):
            upsert = sql.SQL(
                "insert into {} values (%s, %s, %s) on conflict (table_name) do update "
                "set content_sha256 = excluded.content_sha256, is_personal = excluded.is_personal"
            )
            session.execute(upsert.format(records), [mart.name, digest, mart.described.is_personal])
    return replaced
