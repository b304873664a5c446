"""Builds the warehouse: a function of (lake, campaigns, clock, known-at). One dbt process, one writer.

Clause-level rules are in dbt_project/; here is only what goes in, what is dirty, and when a build counts as done.
"""

from __future__ import annotations

import gc
import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from thidua.errors import NotWell
from thidua.files import locked, write_atomic
from thidua.settings import Home, dbt_dir
from thidua.warehouse import closings, raw

if TYPE_CHECKING:
    from thidua.plan.snapshots import Snapshot

log = logging.getLogger(__name__)

LAST_BUILD = "last_build.json"


@dataclass(frozen=True)
class BuildResult:
    """What a build did. `seconds` by step; `did_work` false when nothing was new."""

    did_work: bool
    is_full: bool
    batches: int
    dirty_campaigns: list[str]
    database: Path
    seconds: dict[str, float] = field(default_factory=dict)


def fingerprint() -> str:
    """Hash of everything that turns inputs into tables: another model or another compiler is another warehouse."""
    root = dbt_dir()
    package = Path(__file__).resolve().parents[1]
    files = [
        *sorted(path for path in root.rglob("*") if path.suffix in {".sql", ".yml"} and "target" not in path.parts),
        *sorted((package / "plan").glob("*.py")),
        package / "warehouse" / "raw.py",
        package / "warehouse" / "closings.py",
    ]
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def chosen_readings(decisions: raw.Rows) -> dict[str, dict[str, tuple[str, str]]]:
    """campaign -> reading -> (option, decision_id): the latest decision that is not withdrawn."""
    withdrawn = {row["withdraws"] for row in decisions if row.get("withdraws")}
    chosen: dict[str, dict[str, tuple[str, str]]] = {}
    for row in sorted(decisions, key=lambda row: (row["recorded_at"], row["decision_id"])):
        if row["kind"] == "choose_reading" and row["decision_id"] not in withdrawn:
            chosen.setdefault(row["campaign_id"], {})[row["reading_id"]] = (row["option"], row["decision_id"])
    return chosen


def decision_rows(decisions: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Decisions as the build lays them. Who is named in person is told by official versions, in a table of their own."""
    rows = []
    for decision in decisions:
        subject = decision["subject"]
        shown = {key: "•••" if key == "name" else value for key, value in subject.items()}
        rows.append({**subject, **decision, "subject": json.dumps(shown, ensure_ascii=False, sort_keys=True)})
    return sorted(rows, key=lambda row: row["decision_id"])


def gather_inputs(home: Home, known_at: datetime | None) -> raw.Inputs:
    """Everything the build is a function of, read from the lake alone."""
    from thidua.lake.batches import AGAIN, list_batches, read_manifest
    from thidua.lake.decisions import load_decisions
    from thidua.lake.judgements import overruled
    from thidua.plan.snapshots import snapshots_at

    decisions = decision_rows(load_decisions(home, known_at))
    batches = {folder.name: folder for folder in list_batches(home)}
    return raw.Inputs(
        batches=batches,
        overruled=overruled(home, known_at),
        judged_again={
            name: read_manifest(folder)["campaigns"] for name, folder in batches.items() if name.startswith(AGAIN)
        },
        decisions=decisions,
        closings=closings.gather(home, known_at, decisions),
        **plan_inputs(snapshots_at(home, known_at), decisions),
    )


def plan_inputs(snapshots: Mapping[str, Snapshot], decisions: raw.Rows) -> dict[str, Any]:
    """The plans as rows, with the readings that were chosen, and their hashes."""
    from thidua.plan.compile import compile_plan
    from thidua.plan.loader import load_plan

    chosen = chosen_readings(decisions)
    plan_rows: dict[str, list[dict[str, Any]]] = {}
    plan_hashes: dict[str, str] = {}
    for campaign_id, snapshot in sorted(snapshots.items()):
        options = chosen.get(campaign_id, {})
        compiled: Mapping[str, raw.Rows] = compile_plan(
            load_plan(snapshot.path),
            {reading: option for reading, (option, _) in options.items()},
            plan_hash=snapshot.plan_hash,
        )
        for table, rows in compiled.items():
            plan_rows.setdefault(table, []).extend(dict(row) for row in rows)
        plan_hashes[campaign_id] = snapshot.plan_hash
    for row in plan_rows.get("readings", []):
        decided = chosen.get(row["campaign_id"], {}).get(row["reading_id"])
        row["decision_id"] = decided[1] if decided else None
    return {"plan_hashes": plan_hashes, "plan_rows": plan_rows}


# What dbt parsed in this process, by the hash of its sources and the database's name: a process that builds again
# (another known-at, another home) does not read 200 files again.
_parsed: dict[tuple[str, str], Any] = {}


@contextmanager
def _no_collector() -> Iterator[None]:
    """A build makes millions of objects that live until its end; looking through them for garbage costs an eighth of
    its time and finds none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_no_collector()
def run_dbt(database: Path, *arguments: str) -> None:
    """One dbt invocation in this process; raises NotWell naming the first node that failed."""
    os.environ["THIDUA_WAREHOUSE"] = str(database)
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    os.environ["DO_NOT_TRACK"] = "1"
    from dbt.cli.main import dbtRunner

    work = database.parent / "dbt"
    common = [
        "--project-dir", str(dbt_dir()),
        "--profiles-dir", str(dbt_dir()),
        "--target-path", str(work),
        "--log-path", str(work),
        "--log-level", "error",
        "--log-level-file", "info",
        "--no-use-colors",
    ]  # fmt: skip
    sources = (fingerprint(), database.stem)
    try:
        if sources not in _parsed:
            result = dbtRunner().invoke(["parse", *common])
            if result.success:
                _parsed[sources] = result.result
        if sources in _parsed:
            result = dbtRunner(manifest=_parsed[sources]).invoke([*arguments, *common])
    finally:
        _release(database)
    if result.success:
        return
    failed = [
        f"{node.node.name}: {node.message}"
        for node in getattr(result.result, "results", None) or []
        if node.status in {"error", "fail"}
    ]
    reason = failed[0] if failed else str(result.exception or "dbt failed")
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    raise NotWell(
        f"dựng kho không xong / the build failed and nothing was published: {' '.join(reason.split())}{more}; see {work / 'dbt.log'}"
    )


def write_docs(home: Home) -> Path:
    """dbt's documentation as one page, beside the warehouse. Raises NotWell when nothing is built yet."""
    if not home.db.exists():
        raise NotWell("chưa dựng kho / nothing is built yet; run `thidua build` first")
    with locked(home.warehouse / ".lock"):
        run_dbt(home.db, "docs", "generate", "--static")
    page = home.path / "docs" / "index.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(home.warehouse / "dbt" / "static_index.html", page)
    return page


def _release(database: Path) -> None:
    """dbt keeps its connection, and with it the file's lock, for as long as the process lives."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()
    log.debug("%s is released", database)


def build(
    home: Home,
    campaigns_dir: Path,
    now: datetime,
    known_at: datetime | None = None,
    full: bool = False,
) -> BuildResult:
    """Takes what is new in the lake and brings the marts up to date. With `known_at`, a full build of what was known
    then, into a directory of its own. Raises NotWell when dbt or its tests fail; what is published stays."""
    from thidua.plan.snapshots import record_snapshots

    database = home.db
    if known_at is None:
        record_snapshots(home, campaigns_dir, now)
    else:
        database = home.path / "known-at" / known_at.strftime("%Y%m%dT%H%M%SZ") / "build.duckdb"
        full = True
    with _noted(home, is_replay=known_at is not None) as note:
        result = compute(database, lambda: gather_inputs(home, known_at), now, known_at, full)
        note(result)
    return result


@contextmanager
def _noted(home: Home, *, is_replay: bool) -> Iterator[Callable[[BuildResult], None]]:
    """Writes down when the last build that had work began, how long it took and why it failed, for whoever asks how the
    house is (operations/health.py). A replay of an earlier day is none of these."""
    began, started = datetime.now(UTC), time.perf_counter()

    def write(error: str | None, **more: Any) -> None:
        said = {"at": began.isoformat(), "seconds": round(time.perf_counter() - started, 3), "error": error, **more}
        if not is_replay:
            write_atomic(home.warehouse / LAST_BUILD, json.dumps(said).encode())

    try:
        yield lambda result: write(None, is_full=result.is_full, batches=result.batches) if result.did_work else None
    except NotWell as error:
        write(error.message.splitlines()[0])
        raise


def compute(
    database: Path,
    gather: Callable[[], raw.Inputs],
    now: datetime,
    known_at: datetime | None,
    full: bool = False,
    select: Sequence[str] = (),
) -> BuildResult:
    """Brings one warehouse file up to date with the inputs, which are gathered under its lock; `select`: only these models."""
    started = time.perf_counter()
    seconds: dict[str, float] = {}
    database.parent.mkdir(parents=True, exist_ok=True)
    with locked(database.parent / ".lock"):
        inputs = gather()
        seconds["inputs"] = time.perf_counter() - started
        code = fingerprint()
        connection = raw.open_warehouse(database)
        state = raw.read_state(connection)
        is_full = full or state.fingerprint != code
        if is_full:
            connection.close()
            _remove(database)
            connection = raw.open_warehouse(database)
            state = raw.read_state(connection)
        unseen, dirty = raw.lay_inputs(connection, inputs, state, now, known_at)
        if not unseen and not dirty and state.fingerprint and raw.is_complete(connection):
            connection.close()
            return BuildResult(False, False, 0, [], database, seconds)
        raw.begin_build(connection)
        connection.close()
        before = time.perf_counter()
        wanted = ["--select", *select] if select else []
        run_dbt(database, "build", "--exclude-resource-type", "unit_test", *wanted)
        seconds["dbt"] = time.perf_counter() - before
        connection = raw.open_warehouse(database)
        raw.acknowledge(connection, inputs, now, code, uuid4().hex)
        connection.close()
    seconds["all"] = time.perf_counter() - started
    return BuildResult(True, is_full, len(unseen), sorted(dirty), database, seconds)


def _remove(database: Path) -> None:
    for path in (database, database.with_name(database.name + ".wal")):
        path.unlink(missing_ok=True)
    shutil.rmtree(database.parent / "dbt" / "run", ignore_errors=True)
