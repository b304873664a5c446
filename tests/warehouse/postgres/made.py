"""Warehouses of a few made-up tables, as a complete build leaves them: quick to make, known in every value."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from thidua.settings import Home
from thidua.warehouse import raw
from thidua.warehouse.publish import publish

# Keys as the models declare them.
KEYS = {"rpt_ranking": ["campaign_id", "unit_id"], "fct_ranking": ["campaign_id", "unit_id"]}
UNITS = 400


def rankings(number: int) -> dict[str, str]:
    """Two marts of which every row says the same number; a reader that sees two has seen half a publish."""
    rows = f"select 'c' as campaign_id, 'unit-' || i as unit_id, cast({number} as bigint) as version from range({UNITS}) t (i)"
    return {"rpt_ranking": rows, "fct_ranking": rows, "dim_unit": "select 'c' as campaign_id, 'u' as unit_id"}


def lay(home: Home, tables: Mapping[str, str], personal: Iterable[str] = (), **more: Any) -> str:
    """Makes the tables of these queries the last complete build; `more`: as `manifest`. Returns its build_id."""
    build_id = uuid4().hex
    connection = raw.open_warehouse(home.db)
    connection.execute("drop schema if exists marts cascade")
    connection.execute("create schema marts")
    for name, query in tables.items():
        connection.execute(f'create table marts."{name}" as {query}')
    connection.execute("delete from state.build")
    connection.execute("insert into state.build values (?, ?, 'code', true)", [build_id, datetime.now(UTC)])
    connection.close()
    write_manifest(home, tables, set(personal), **more)
    return build_id


def write_manifest(
    home: Home,
    tables: Iterable[str],
    personal: set[str],
    keys: Mapping[str, list[str]] = KEYS,
    columns: Mapping[str, str] | None = None,
) -> None:
    """The part of dbt's manifest that is read; `columns`: descriptions by name, the same in every table."""
    nodes: dict[str, Any] = {}
    for name in tables:
        nodes[f"model.thidua.{name}"] = {
            "resource_type": "model",
            "name": name,
            "schema": "marts",
            "tags": ["pii"] if name in personal else [],
            "description": f"What {name} holds.\n  One row per it's own.",
            "columns": {key: {"description": text, "tags": []} for key, text in (columns or {}).items()},
        }
        if name in keys:
            nodes[f"test.thidua.{name}"] = {
                "resource_type": "test",
                "test_metadata": {"name": "unique_key", "kwargs": {"columns": keys[name]}},
                "attached_node": f"model.thidua.{name}",
            }
    folder = home.warehouse / "dbt"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps({"nodes": nodes}))


def published(home: Home, tables: Mapping[str, str], personal: Iterable[str] = (), **more: Any) -> Path:
    """The same, with the files published; Postgres not yet."""
    lay(home, tables, personal, **more)
    folder = publish(home)
    assert folder
    return folder
