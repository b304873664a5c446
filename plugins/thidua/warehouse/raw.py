"""What a build lays before dbt: plans as tables, unseen batches as views, decisions, the clock, and what is dirty.

Nothing here changes what an earlier build acknowledged (schema `state`): a build that is killed is simply run again,
finds the same batches unseen and recomputes the same scopes. `acknowledge` is one transaction, after dbt's tests.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from thidua.intake.pace import pace_rows
from thidua.lake.tables import BATCH_COLUMNS
from thidua.plan.tables import PLAN_TABLES, Columns
from thidua.warehouse import closings as closing_rows

DECISIONS: Columns = {
    "decision_id": "varchar",
    "campaign_id": "varchar",
    "kind": "varchar",
    "subject": "varchar",
    "submission_id": "varchar",
    "period_id": "varchar",
    "export_type": "varchar",
    "unit_id": "varchar",
    "gate_id": "varchar",
    "prize_id": "varchar",
    "dimension": "varchar",
    "member": "varchar",
    "result": "varchar",
    "rule_id": "varchar",
    "reading_id": "varchar",
    "option": "varchar",
    "decided_by": "varchar",
    "recorded_at": "timestamptz",
    "reason": "varchar",
    "withdraws": "varchar",
}

# Metric values that stand in place of what is known, in the warehouse of a what-if; any other build has none.
ASSUMED: Columns = {
    "campaign_id": "varchar",
    "metric_id": "varchar",
    "period_id": "varchar",
    "unit_id": "varchar",
    "as_of_date": "date",
    "value": "bigint",
}

# How fast a count may grow, by export type; see intake/pace.py.
PACES: Columns = {
    "export_type": "varchar",
    "rule_id": "varchar",
    "times": "bigint",
    "least_growth": "bigint",
    "least_past": "bigint",
}

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class State:
    """What the last successful build acknowledged."""

    batches: frozenset[str]
    plans: Mapping[str, str]
    decisions: frozenset[str]
    now: datetime | None
    fingerprint: str | None


@dataclass(frozen=True)
class Inputs:
    """What a build is a function of, besides its clock."""

    batches: Mapping[str, Path]
    plan_hashes: Mapping[str, str]
    plan_rows: Mapping[str, Rows]
    decisions: Rows
    closings: closing_rows.Closings = field(default_factory=closing_rows.Closings)
    # Of a closing: the submissions that it was frozen with; None: all that the batches hold.
    submission_ids: frozenset[str] | None = None
    # (submission, batch) of judgements that another one overruled, and the campaigns of batches judged again.
    overruled: Sequence[tuple[str, str]] = ()
    judged_again: Mapping[str, Sequence[str]] = field(default_factory=dict)
    assumed: Rows = ()
    paces: Rows = field(default_factory=pace_rows)


def open_warehouse(path: Path) -> duckdb.DuckDBPyConnection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(str(path))
    prepare(connection)
    return connection


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Instants in one zone, and the tables of what a build acknowledges."""
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("create schema if not exists state")
    connection.execute("create table if not exists state.batches (batch_id varchar)")
    connection.execute("create table if not exists state.plans (campaign_id varchar, plan_hash varchar)")
    connection.execute("create table if not exists state.decisions (decision_id varchar)")
    connection.execute(
        "create table if not exists state.build "
        "(build_id varchar, now_at timestamptz, fingerprint varchar, is_complete boolean)"
    )


def read_state(connection: duckdb.DuckDBPyConnection) -> State:
    build = connection.execute("select now_at, fingerprint from state.build").fetchone()
    return State(
        batches=frozenset(row[0] for row in connection.execute("select batch_id from state.batches").fetchall()),
        plans=dict(connection.execute("select campaign_id, plan_hash from state.plans").fetchall()),
        decisions=frozenset(row[0] for row in connection.execute("select decision_id from state.decisions").fetchall()),
        now=build[0].astimezone(UTC) if build and build[0] else None,
        fingerprint=build[1] if build else None,
    )


def is_complete(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether what the marts hold passed its tests; false between the start and the end of a build."""
    build = connection.execute("select is_complete from state.build").fetchone()
    return bool(build and build[0])


def build_id(connection: duckdb.DuckDBPyConnection) -> str | None:
    build = connection.execute("select build_id from state.build").fetchone()
    return build[0] if build else None


def load_rows(connection: duckdb.DuckDBPyConnection, table: str, columns: Columns, rows: Rows) -> None:
    """(Re)creates a table with exact types; values travel as JSON, never through a float column of a frame."""
    definition = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    connection.execute(f"create or replace table {table} ({definition})")
    if not rows:
        return
    types = "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items()) + "}"
    with tempfile.NamedTemporaryFile("w", suffix=".ndjson", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps({name: row.get(name) for name in columns}, ensure_ascii=False, default=str))
            file.write("\n")
        file.flush()
        connection.execute(
            f"insert into {table} select * from read_json(?, format = 'newline_delimited', columns = {types})",
            [file.name],
        )


def _quoted(paths: Iterable[Path]) -> str:
    return ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)


def _lay_batches(
    connection: duckdb.DuckDBPyConnection,
    batches: Mapping[str, Path],
    overruled: Sequence[tuple[str, str]],
    known_at: datetime | None,
    submission_ids: frozenset[str] | None,
) -> None:
    if submission_ids is not None:
        frozen = [{"submission_id": submission_id} for submission_id in sorted(submission_ids)]
        load_rows(connection, "raw.frozen_submissions", {"submission_id": "varchar"}, frozen)
    known = f"timestamptz '{known_at.isoformat()}'" if known_at else None
    hidden = [{"submission_id": name, "batch_id": batch} for name, batch in overruled if batch in batches]
    load_rows(connection, "raw.overruled", {"submission_id": "varchar", "batch_id": "varchar"}, hidden)
    for table, columns in BATCH_COLUMNS.items():
        names = ", ".join(columns)
        if not batches:
            empty = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in columns.items())
            connection.execute(
                f"create or replace view raw.{table} as select {empty}, cast(null as varchar) as batch_id where false"
            )
            continue
        files = _quoted(folder / f"{table}.parquet" for folder in batches.values())
        submissions = _quoted(folder / "submissions.parquet" for folder in batches.values())
        conditions = []
        if known:
            conditions.append(
                f"submission_id in (select submission_id from read_parquet([{submissions}]) "
                f"where received_at <= {known})"
            )
        if submission_ids is not None:
            conditions.append("submission_id in (select submission_id from raw.frozen_submissions)")
        if hidden:
            conditions.append(
                "(submission_id, parse_path(filename)[-2]) not in (select (submission_id, batch_id) from raw.overruled)"
            )
        where = f"where {' and '.join(conditions)}" if conditions else ""
        connection.execute(
            f"create or replace view raw.{table} as "
            f"select {names}, parse_path(filename)[-2] as batch_id "
            f"from read_parquet([{files}], filename = true) {where}"
        )


def _touched_by_time(connection: duckdb.DuckDBPyConnection, last_now: datetime | None, now: datetime) -> set[str]:
    """Campaigns with a cutoff or a due instant between the last build's clock and this one's."""
    if last_now is None:
        return set()
    earlier, later = sorted([last_now, now])
    rows = connection.execute(
        """
        select campaign_id from plan.periods where cutoff_at > $1 and cutoff_at <= $2
        union select campaign_id from plan.reports where due_at > $1 and due_at <= $2
        union select campaign_id from plan.goals where due_at > $1 and due_at <= $2
        """,
        [earlier, later],
    ).fetchall()
    return {row[0] for row in rows}


def lay_inputs(
    connection: duckdb.DuckDBPyConnection,
    inputs: Inputs,
    state: State,
    now: datetime,
    known_at: datetime | None,
) -> tuple[list[str], set[str]]:
    """Lays schemas `plan` and `raw`. Returns the batches that are new and the campaigns touched by anything else."""
    unseen = {name: folder for name, folder in sorted(inputs.batches.items()) if name not in state.batches}
    connection.execute("create schema if not exists plan")
    connection.execute("create schema if not exists raw")
    connection.execute("begin")
    for table, columns in PLAN_TABLES.items():
        load_rows(connection, f"plan.{table}", columns, inputs.plan_rows.get(table, []))
    load_rows(connection, "raw.decisions", DECISIONS, inputs.decisions)
    load_rows(connection, "raw.assumed_values", ASSUMED, inputs.assumed)
    load_rows(connection, "raw.rule_paces", PACES, inputs.paces)
    for table, columns in closing_rows.TABLES.items():
        load_rows(connection, f"raw.{table}", columns, inputs.closings.rows.get(table, []))
    _lay_batches(connection, unseen, inputs.overruled, known_at, inputs.submission_ids)
    whole = {
        campaign_id for campaign_id, digest in inputs.plan_hashes.items() if state.plans.get(campaign_id) != digest
    } | (state.plans.keys() - inputs.plan_hashes.keys())
    # What a file said before it was judged again may stand anywhere in its campaign.
    whole |= {campaign_id for name in unseen for campaign_id in inputs.judged_again.get(name, ())}
    known_decisions = {row["decision_id"] for row in inputs.decisions}
    whole |= {
        row["campaign_id"]
        for row in inputs.decisions
        if row["decision_id"] not in state.decisions and row["campaign_id"]
    }
    whole |= closing_rows.unseen_campaigns(connection, inputs.closings)
    if state.decisions - known_decisions:  # cannot happen in an append-only lake; then nothing can be trusted
        whole |= set(inputs.plan_hashes)
    timed = _touched_by_time(connection, state.now, now) - whole
    dirty = [{"campaign_id": name, "is_whole": True} for name in sorted(whole)]
    dirty += [{"campaign_id": name, "is_whole": False} for name in sorted(timed)]
    load_rows(connection, "raw.dirty_campaigns", {"campaign_id": "varchar", "is_whole": "boolean"}, dirty)
    connection.execute("create or replace table raw.build_clock (now_at timestamptz, known_at timestamptz)")
    connection.execute("insert into raw.build_clock values (?, ?)", [now, known_at])
    connection.execute("commit")
    return list(unseen), whole | timed


def begin_build(connection: duckdb.DuckDBPyConnection) -> None:
    """From here until `acknowledge` the marts may be half written; `publish` refuses them. Should this build fail, the
    next one makes the campaigns that it touched anew, also where by then all is as it was before."""
    connection.execute("update state.build set is_complete = false")
    connection.execute("delete from state.plans where campaign_id in (select campaign_id from raw.dirty_campaigns)")
    connection.execute("insert into state.plans select campaign_id, '' from raw.dirty_campaigns")


def keep_described(connection: duckdb.DuckDBPyConnection, described: str) -> None:
    """Keeps what a build knows of its models beside what it acknowledged."""
    connection.execute("create or replace table state.described (content varchar)")
    connection.execute("insert into state.described values (?)", [described])


def read_described(connection: duckdb.DuckDBPyConnection) -> str | None:
    """The same; None: it lies in a file of this host."""
    rows = connection.execute(
        "select 1 from information_schema.tables where table_schema = 'state' and table_name = 'described'"
    ).fetchall()
    found = connection.execute("select content from state.described").fetchone() if rows else None
    return str(found[0]) if found else None


def acknowledge(
    connection: duckdb.DuckDBPyConnection,
    inputs: Inputs,
    now: datetime,
    fingerprint: str,
    new_build_id: str,
) -> None:
    connection.execute("begin")
    connection.execute("delete from state.batches")
    if inputs.batches:
        connection.execute("insert into state.batches select unnest(?::varchar[])", [sorted(inputs.batches)])
    connection.execute("delete from state.plans")
    for campaign_id, digest in inputs.plan_hashes.items():
        connection.execute("insert into state.plans values (?, ?)", [campaign_id, digest])
    connection.execute("delete from state.decisions")
    for row in inputs.decisions:
        connection.execute("insert into state.decisions values (?)", [row["decision_id"]])
    closing_rows.acknowledge(connection, inputs.closings)
    connection.execute("delete from state.build")
    connection.execute("insert into state.build values (?, ?, ?, true)", [new_build_id, now, fingerprint])
    connection.execute("commit")
