"""Computes a scenario: a copy of the last build, the changed plan and counts laid over it, the same models run again.

The copy has seen every batch, so a run costs what one campaign costs and not what the lake holds. Its clock and its
decisions are those of the copied build: whatever differs afterwards follows from what was supposed.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from thidua.errors import NotWell
from thidua.files import locked
from thidua.plan.compile import compile_plan
from thidua.plan.loader import load_plan
from thidua.plan.snapshots import snapshots_at
from thidua.reports.served import check_known
from thidua.settings import Home
from thidua.warehouse import closings, raw
from thidua.warehouse.build import chosen_readings, gather_inputs
from thidua.warehouse.build import compute as build_into
from thidua.warehouse.dbt_runs import fingerprint, run_dbt
from thidua.warehouse.place import FileWarehouse, warehouse_of
from thidua.what_if.compare import Standing, read_standing
from thidua.what_if.overlay import assumed_values, overlaid_plan
from thidua.what_if.scenario import Scenario

# What a comparison reads, and all that these are computed from; the data tests judged the copied build.
MODELS = ("+fct_eligibility", "+fct_ranking", "+fct_award", "+fct_nomination_quota")
_REBUILD = "run `thidua build` first"


def compute(home: Home, campaign: str, period: str, scenario: Scenario) -> tuple[Standing, Standing]:
    """(before, after) of the whole campaign. Raises NotWell where no complete build stands, ThiduaError on a scenario
    that names what there is not or makes no valid plan."""
    folder = home.path / "what-if"
    with locked(folder / ".lock"):
        database = _copy(home, folder)
        connection = raw.open_warehouse(database)
        try:
            state = raw.read_state(connection)
            inputs, now = _inputs(home, state, campaign, period, scenario, folder)
            if campaign in closings.unseen_campaigns(connection, inputs.closings):
                raise NotWell(f"có bản chính thức hoặc khiếu nại mới / closings the build has not taken; {_REBUILD}")
            before = read_standing(connection, campaign)
            # Forgotten, so that the campaign is recomputed whole.
            plans = {name: digest for name, digest in state.plans.items() if name != campaign}
            raw.lay_inputs(connection, inputs, replace(state, plans=plans), now, None)
        finally:
            connection.close()
        run_dbt(FileWarehouse(database), "run", "--select", *MODELS)
        connection = raw.open_warehouse(database)
        try:
            return before, read_standing(connection, campaign)
        finally:
            connection.close()
            database.unlink()


def _copy(home: Home, folder: Path) -> Path:
    """The warehouse as it stands, under its lock, so that nobody is writing it."""
    warehouse = _as_file(home, folder)
    if not warehouse.exists():
        raise NotWell(f"chưa dựng kho / nothing is built yet; {_REBUILD}")
    database = folder / "build.duckdb"
    for path in (database, database.with_name(f"{database.name}.wal")):
        path.unlink(missing_ok=True)
    with warehouse.locked():
        with warehouse.opened() as connection:
            is_complete = raw.is_complete(connection)
        if not is_complete:
            raise NotWell(f"lần dựng trước chưa xong / the last build did not finish; {_REBUILD}")
        shutil.copyfile(warehouse.database, database)
    return database


def _as_file(home: Home, folder: Path) -> FileWarehouse:
    """The warehouse, where it is a file; where it lies on Postgres, the lake built into one by the same clock."""
    warehouse = warehouse_of(home)
    if isinstance(warehouse, FileWarehouse):
        return warehouse
    file = FileWarehouse(folder / "of-postgres" / "build.duckdb")
    with warehouse.opened() as connection:
        now = raw.read_state(connection).now
    if now is not None:
        build_into(file, lambda: gather_inputs(home, None), now, None)
    return file


def _inputs(
    home: Home, state: raw.State, campaign: str, period: str, scenario: Scenario, folder: Path
) -> tuple[raw.Inputs, datetime]:
    """What the copied build had taken, with the campaign's plan changed and its counts supposed."""
    check_known("phong trào", "campaign", campaign, dict.fromkeys(state.plans))
    snapshot = snapshots_at(home, None)[campaign]
    if state.fingerprint != fingerprint() or state.now is None or state.plans[campaign] != snapshot.plan_hash:
        raise NotWell(
            f"mã hoặc kế hoạch đã đổi sau lần dựng / the code or the plan changed since the build; {_REBUILD}"
        )
    taken = gather_inputs(home, None)
    decisions = [row for row in taken.decisions if row["decision_id"] in state.decisions]
    plan = load_plan(snapshot.path)
    changed = overlaid_plan(plan, period, scenario, folder / "plan" / campaign)
    decided = {reading: option for reading, (option, _) in chosen_readings(decisions).get(campaign, {}).items()}
    compiled = compile_plan(changed, {**decided, **dict(scenario.readings)}, snapshot.plan_hash)
    inputs = replace(
        taken,
        batches={name: path for name, path in taken.batches.items() if name in state.batches},
        plan_rows=_with_plan(taken.plan_rows, campaign, compiled),
        decisions=decisions,
        assumed=assumed_values(changed, period, scenario),
    )
    return inputs, state.now


def _with_plan(
    plan_rows: Mapping[str, raw.Rows], campaign: str, compiled: Mapping[str, raw.Rows]
) -> dict[str, list[Mapping[str, Any]]]:
    return {
        table: [row for row in plan_rows.get(table, []) if row["campaign_id"] != campaign] + list(rows)
        for table, rows in compiled.items()
    }
