"""Publishes the marts: a new directory under serve/, whole and durable, then one swap of the link `current`.

A reader that has opened serve/current/marts.duckdb keeps its version; the next one to open it gets the new one.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from thidua.errors import NotWell
from thidua.files import fsync_dir, fsync_tree, write_atomic
from thidua.lake.writing import is_shared, read_note, write_note
from thidua.operations.policy import load_policy
from thidua.settings import Home
from thidua.warehouse import raw
from thidua.warehouse.place import Warehouse, warehouse_of
from thidua.warehouse.postgres.described import DESCRIBED

_PUBLISHED = "published"  # a note in the store of several hosts


def mart_names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'marts' order by table_name"
    ).fetchall()
    return [row[0] for row in rows if not row[0].startswith("_") and "__dbt" not in row[0]]


def _sorted_columns(connection: duckdb.DuckDBPyConnection, table: str) -> Sequence[str]:
    rows = connection.execute(
        "select column_name from duckdb_columns() where schema_name = 'marts' and table_name = ? order by column_index",
        [table],
    ).fetchall()
    return [row[0] for row in rows]


def export_marts(warehouse: Warehouse, folder: Path) -> list[str]:
    """Writes every mart into `folder` as marts.duckdb (readable by old drivers) and as Parquet; returns their names."""
    with warehouse.with_marts() as connection:
        tables = mart_names(connection)
        target = str(folder / "marts.duckdb").replace("'", "''")
        connection.execute(f"attach '{target}' as served (storage_version 'v1.2.0')")
        connection.execute("create schema served.marts")
        for table in tables:
            order = ", ".join(f'"{name}"' for name in _sorted_columns(connection, table))
            connection.execute(f'create table served.marts."{table}" as select * from marts."{table}" order by {order}')
            parquet = str(folder / f"{table}.parquet").replace("'", "''")
            connection.execute(f"copy served.marts.\"{table}\" to '{parquet}' (format parquet)")
        connection.execute("detach served")
    if (folder / "marts.duckdb.wal").exists():
        raise NotWell(f"{folder / 'marts.duckdb'} was not closed cleanly; run `thidua publish` again")
    return tables


def publish(home: Home, keep: int | None = None, only: str | None = None, *, wait: bool = True) -> Path | None:
    """Publishes the last complete build; None when it is published already. Keeps the last `keep` versions, None: as many
    as retention.yml says. `only`: this build and no other one.

    Without `wait`, raises BlockingIOError while somebody builds. Raises NotWell when there is no build or the last one did not finish: what is published stays in place.
    """
    warehouse = warehouse_of(home)
    if not warehouse.exists():
        raise NotWell("chưa dựng kho / nothing is built yet; run `thidua build` first")
    kept = keep if keep is not None else load_policy(home).served_versions
    with warehouse.locked(wait=wait):
        with warehouse.opened() as connection:
            complete, build_id = raw.is_complete(connection), raw.build_id(connection)
            described = raw.read_described(connection)
        if only is not None and (not complete or only != build_id):
            return None
        if not complete:
            raise NotWell(
                "lần dựng trước chưa xong / the last build did not finish, so nothing is published; "
                "run `thidua build` again"
            )
        home.serve.mkdir(parents=True, exist_ok=True)
        _drop_unfinished(home.serve)
        current = home.serve / "current"
        if _build_of(current) == build_id:
            _tell(home, build_id)
            return None
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        temporary = home.serve / f".tmp-{stamp}"
        temporary.mkdir()
        tables = export_marts(warehouse, temporary)
        if described:  # with the version: which of its tables are personal is its own
            (temporary / DESCRIBED).write_text(described, encoding="utf-8")
        elif (warehouse.work / DESCRIBED).exists():
            shutil.copyfile(warehouse.work / DESCRIBED, temporary / DESCRIBED)
        version = {"build_id": build_id, "published_at": stamp, "tables": tables}
        write_atomic(temporary / "version.json", json.dumps(version, indent=2).encode())
        fsync_tree(temporary)
        final = home.serve / stamp
        temporary.rename(final)
        link = home.serve / f".tmp-link-{stamp}"
        link.symlink_to(stamp)
        link.replace(current)
        fsync_dir(home.serve)
        _drop_old(home.serve, kept)
        _tell(home, build_id)
    return final


def follow(home: Home) -> None:
    """With a store: brings the files of this host to what any host published, for pages and for who watches landing/.
    While somebody builds, it is left to the next look: none waits for it."""
    if not is_shared(home):
        return
    told = read_note(home, home.serve / _PUBLISHED)
    if told is not None and told.decode() != _build_of(home.serve / "current") and warehouse_of(home).exists():
        with suppress(BlockingIOError):
            publish(home, only=told.decode(), wait=False)


def _tell(home: Home, build_id: str | None) -> None:
    """Lets other hosts know which build is published."""
    path, content = home.serve / _PUBLISHED, (build_id or "").encode()
    if is_shared(home) and read_note(home, path) != content:
        write_note(home, path, content, 0o600)


def _build_of(folder: Path) -> str | None:
    try:
        build_id = json.loads((folder / "version.json").read_text())["build_id"]
    except (FileNotFoundError, NotADirectoryError):
        return None
    return str(build_id)


def _versions(serve: Path) -> list[Path]:
    return sorted(path for path in serve.iterdir() if path.is_dir() and not path.is_symlink() and path.name[0] != ".")


def _drop_unfinished(serve: Path) -> None:
    """What a killed publish left behind; the caller holds the lock, so nobody is writing it."""
    for path in serve.glob(".tmp-*"):
        if path.is_symlink() or path.is_file():
            path.unlink()
        else:
            shutil.rmtree(path)


def _drop_old(serve: Path, keep: int) -> None:
    current = (serve / "current").resolve()
    for path in _versions(serve)[: -max(keep, 1)]:
        if path.resolve() != current:
            shutil.rmtree(path)
