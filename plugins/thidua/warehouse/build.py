"""Builds the warehouse: a function of (lake, campaigns, clock, known-at). One dbt process, one writer.

Clause-level rules are in dbt_project/; here is only what goes in, what is dirty, and when a build counts as done.
"""

from __future__ import annotations

import json
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
from thidua.files import write_atomic
from thidua.settings import Home
from thidua.warehouse import closings, raw
from thidua.warehouse.data_tests import check
from thidua.warehouse.dbt_runs import fingerprint, run_dbt
from thidua.warehouse.place import FileWarehouse, Warehouse, warehouse_of
from thidua.warehouse.postgres.described import DESCRIBED, write_described

if TYPE_CHECKING:
    from thidua.plan.snapshots import Snapshot

LAST_BUILD = "last_build.json"


@dataclass(frozen=True)
class BuildResult:
    """What a build did. `seconds` by step; `did_work` false when nothing was new; `database`: the file, or the name of the Postgres."""

    did_work: bool
    is_full: bool
    batches: int
    dirty_campaigns: list[str]
    database: Path | str
    seconds: dict[str, float] = field(default_factory=dict)


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
    from thidua.lake.writing import refresh
    from thidua.plan.snapshots import snapshots_at

    refresh(home)  # under the warehouse's lock: what a build on another host took is in sight here too
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


def write_docs(home: Home) -> Path:
    """dbt's documentation as one page, beside the warehouse. Raises NotWell when nothing is built yet."""
    warehouse = warehouse_of(home)
    if not warehouse.exists():
        raise NotWell("chưa dựng kho / nothing is built yet; run `thidua build` first")
    with warehouse.locked():
        run_dbt(warehouse, "docs", "generate", "--static")
    page = home.path / "docs" / "index.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(warehouse.work / "static_index.html", page)
    return page


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

    if known_at is None:
        record_snapshots(home, campaigns_dir, now)
        warehouse = warehouse_of(home)
    else:
        folder = home.path / "known-at" / known_at.strftime("%Y%m%dT%H%M%SZ")
        warehouse, full = FileWarehouse(folder / "build.duckdb"), True
    with _noted(home, is_replay=known_at is not None) as note:
        result = compute(warehouse, lambda: gather_inputs(home, known_at), now, known_at, full)
        note(result)
    return result


@contextmanager
def _noted(home: Home, *, is_replay: bool) -> Iterator[Callable[[BuildResult], None]]:
    """Writes down when the last build that had work began, how long it took and why it failed, for whoever asks how the
    house is (operations/health.py). One without work is written down after a failed one alone: that failure is over. A
    replay of an earlier day is none of these."""
    began, started = datetime.now(UTC), time.perf_counter()

    def write(error: str | None, **more: Any) -> None:
        said = {"at": began.isoformat(), "seconds": round(time.perf_counter() - started, 3), "error": error, **more}
        if not is_replay:
            write_atomic(home.warehouse / LAST_BUILD, json.dumps(said).encode())

    def note(result: BuildResult) -> None:
        if result.did_work or has_failed():
            write(None, is_full=result.is_full, batches=result.batches)

    def has_failed() -> bool:
        try:
            return json.loads((home.warehouse / LAST_BUILD).read_bytes())["error"] is not None
        except FileNotFoundError:
            return False

    try:
        yield note
    except NotWell as error:
        write(error.message.splitlines()[0])
        raise


def compute(
    warehouse: Warehouse,
    gather: Callable[[], raw.Inputs],
    now: datetime,
    known_at: datetime | None,
    full: bool = False,
    select: Sequence[str] = (),
) -> BuildResult:
    """Brings one warehouse up to date with the inputs, which are gathered under its lock; `select`: only these models."""
    started = time.perf_counter()
    seconds: dict[str, float] = {}
    database = warehouse.database if isinstance(warehouse, FileWarehouse) else str(warehouse)
    with warehouse.locked():
        inputs = gather()
        seconds["inputs"] = time.perf_counter() - started
        code = fingerprint()
        with warehouse.opened() as connection:
            state = raw.read_state(connection)
        # A batch that it has taken and the lake has not is of another lake: what it holds is not to be built upon.
        is_full = full or state.fingerprint != code or not state.batches <= inputs.batches.keys()
        if is_full:
            warehouse.clear()
        with warehouse.opened() as connection:
            state = raw.read_state(connection)
            unseen, dirty = raw.lay_inputs(connection, inputs, state, now, known_at)
            if not unseen and not dirty and state.fingerprint and raw.is_complete(connection):
                return BuildResult(False, False, 0, [], database, seconds)
            raw.begin_build(connection)
            warehouse.keep(connection, "raw", "plan", "state")
        before = time.perf_counter()
        build_models(warehouse, select)
        seconds["dbt"] = time.perf_counter() - before
        with warehouse.opened() as connection:
            raw.acknowledge(connection, inputs, now, code, uuid4().hex)
            if not isinstance(warehouse, FileWarehouse):  # who publishes it may have another file system
                raw.keep_described(connection, (warehouse.work / DESCRIBED).read_text(encoding="utf-8"))
            warehouse.keep(connection, "state")
    seconds["all"] = time.perf_counter() - started
    return BuildResult(True, is_full, len(unseen), sorted(dirty), database, seconds)


def build_models(warehouse: Warehouse, select: Sequence[str] = ()) -> None:
    """Makes the models (`select`: these alone), then asks every data test of what was made. Raises NotWell."""
    wanted = ["--select", *select] if select else []
    tests_apart = ["--exclude-resource-type", "unit_test", "--exclude-resource-type", "test"]
    results = run_dbt(warehouse, "build", *tests_apart, *wanted)
    check(warehouse, {result.node.unique_id for result in results})
    write_described(warehouse)
