"""Computes a basis into a warehouse of its own, and takes from it what a closing is about.

The warehouse lies in `$THIDUA_HOME/closings/` and may be deleted at any time: the lake has all it was made from. What
was taken is kept beside it under the key of what the rules read, so that looking twice, or naming somebody in between,
costs one build.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from thidua.closing.basis import Basis, code_version, decisions_of, snapshot_of
from thidua.closing.earlier import awarded_before
from thidua.closing.official_rows import PERSONS, RANKING, awards_of, persons_of, ranking_of
from thidua.closing.rules import gates_for_names
from thidua.files import locked, write_atomic
from thidua.lake.batches import batches_dir
from thidua.lake.decisions import Decision
from thidua.lake.entries import canonical, digest
from thidua.lake.officials import Official, load_version
from thidua.settings import Home
from thidua.warehouse import raw
from thidua.warehouse.build import compute, decision_rows, plan_inputs
from thidua.warehouse.closings import of_officials
from thidua.warehouse.place import FileWarehouse

Rows = list[dict[str, Any]]

# Decisions that no rule of the warehouse reads: naming somebody costs no build.
NOT_FOR_RULES = frozenset({"settle", "award_person", "exclude_person", "accept_plan", "reissue"})

# The marts of which an official version keeps its campaign's, and its period's, rows.
OF_CAMPAIGN = ("dim_campaign", "dim_unit", "dim_reading", "fct_goal")
OF_PERIOD = (
    "dim_period", "fct_eligibility", "fct_measure", "fct_gate_result", "fct_ranking", "fct_award",
    "fct_nomination_quota", "fct_reporting", "fct_unit_candidate", "fct_prize_condition",
)  # fmt: skip
# What the questions to the council are made of, beside the marts.
WORKING = {
    "touched": "select * from intermediate.int_prizes__touched where period_id = $1",
    "gates": "select * from plan.gates where period_id = $1",
    # Gates that ask a person for a prize of an earlier closing.
    "person_gates": "select gates.gate_id, gates.prize_id, gates.quantifier, gate_periods.in_period_id "
    "from plan.gates inner join plan.gate_periods using (campaign_id, gate_id, period_id) "
    "where gates.period_id = $1 and gates.recipient = 'person' and gates.kind = 'awarded'",
    # Earlier closings whose prizes a gate or a condition asks for, of units or of persons.
    "rests_on": "select gate_periods.in_period_id "
    "from plan.gates inner join plan.gate_periods using (campaign_id, gate_id, period_id) "
    "where gates.period_id = $1 and gates.kind = 'awarded' "
    "union select asked.in_period_id from plan.prizes "
    "inner join plan.prize_conditions as conditions using (campaign_id, prize_id) "
    "inner join plan.prize_condition_periods as asked "
    "on conditions.campaign_id = asked.campaign_id and conditions.prize_id = asked.prize_id "
    "and conditions.position = asked.position "
    "where prizes.period_id = $1 and conditions.kind = 'awarded'",
}


@dataclass(frozen=True)
class Table:
    """Exact column types, and the rows as JSON has them: instants, days and decimals as text."""

    columns: Mapping[str, str]
    rows: Rows


@dataclass(frozen=True)
class Computed:
    """The result of a basis: the tables of an official version, and what the questions need beside them."""

    basis: Basis
    tables: Mapping[str, Table]
    working: Mapping[str, Rows]
    decisions: Sequence[Decision]

    @property
    def content_hash(self) -> str:
        """Over the canonical rows and the inputs: what somebody sees when they approve."""
        rows = {name: rows_digest(table.rows) for name, table in self.tables.items()}
        return digest({"inputs": self.basis.inputs, "tables": rows})

    @property
    def rests_on(self) -> list[str]:
        """The earlier closings whose prizes its rules ask for."""
        return sorted(row["in_period_id"] for row in self.rows("rests_on"))

    @property
    def all_rows(self) -> dict[str, Rows]:
        return {**self.working, **{name: table.rows for name, table in self.tables.items()}}

    def rows(self, name: str) -> Rows:
        return self.tables[name].rows if name in self.tables else self.working[name]


def rows_digest(rows: Rows) -> str:
    """Equal sets of rows have equal hashes, in whatever order they come."""
    return digest(sorted(json.dumps(row, ensure_ascii=False, sort_keys=True) for row in rows))


def plain(value: Any) -> Any:
    """A value as JSON has it; exact, and the same whichever way it was read."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def plain_rows(rows: Sequence[Mapping[str, Any]]) -> Rows:
    return [{name: plain(value) for name, value in row.items()} for row in rows]


def work_dir(home: Home, freeze: Mapping[str, Any]) -> Path:
    """Where a freeze is computed. Named by all that it says but its decisions: these only ever grow."""
    content = {key: value for key, value in freeze.items() if key not in {"entry_id", "decisions"}}
    return home.path / "closings" / str(freeze["campaign_id"]) / str(freeze["period_id"]) / digest(content)[:24]


def compute_basis(home: Home, basis: Basis, folder: Path | None = None) -> Computed:
    """The result of a basis, from what was computed before where nothing changed. `folder`: compute it there, afresh."""
    place = folder or work_dir(home, basis.freeze)
    decisions = decisions_of(home, basis)
    kept = place / f"{_rules_key(basis, decisions)}-{code_version()[:12]}.json"
    # Two who look at once, each with other decisions, would read each other's rows.
    with locked(place / ".computing"):
        if not kept.exists():
            frozen_at = datetime.fromisoformat(basis.freeze["frozen_at"])
            database = place / "build.duckdb"
            models = [f"+{mart}" for mart in (*OF_CAMPAIGN, *OF_PERIOD)]
            compute(FileWarehouse(database), lambda: frozen_inputs(home, basis), frozen_at, frozen_at, select=models)
            write_atomic(kept, canonical(_document(*_take(database, basis.freeze["period_id"]))))
    return _decided(home, basis, decisions, *_read(kept))


def computed_before(home: Home, basis: Basis) -> Computed | None:
    """The result of a basis where it was computed before and still lies there; nothing is built."""
    decisions = decisions_of(home, basis)
    kept = work_dir(home, basis.freeze) / f"{_rules_key(basis, decisions)}-{code_version()[:12]}.json"
    return _decided(home, basis, decisions, *_read(kept)) if kept.exists() else None


def _rules_key(basis: Basis, decisions: Sequence[Decision]) -> str:
    """What the warehouse computes from: the freeze, and those decisions that its rules read."""
    read = {one["decision_id"]: basis.decisions[one["decision_id"]] for one in _for_rules(decisions)}
    return digest({"freeze": basis.freeze["entry_id"], "decisions": read})[:24]


def forget_others(home: Home, freeze: Mapping[str, Any]) -> None:
    """Removes what was computed for this closing before it was frozen."""
    kept = work_dir(home, freeze)
    for folder in kept.parent.iterdir():
        if folder != kept:
            shutil.rmtree(folder, ignore_errors=True)


def frozen_inputs(home: Home, basis: Basis) -> raw.Inputs:
    """What the build of a basis is a function of, from the lake alone."""
    freeze = basis.freeze
    campaign_id = freeze["campaign_id"]
    decisions = decision_rows(_for_rules(decisions_of(home, basis)))
    return raw.Inputs(
        batches={name: batches_dir(home) / name for name in freeze["batches"]},
        decisions=decisions,
        closings=of_officials(_officials(home, basis), decisions),
        submission_ids=frozenset(freeze["submissions"]),
        overruled=[(submission_id, batch) for submission_id, batch in freeze["overruled"]],
        **plan_inputs({campaign_id: snapshot_of(home, freeze)}, decisions),
    )


def _officials(home: Home, basis: Basis) -> list[Official]:
    """The official versions of other closings that the freeze names."""
    freeze = basis.freeze
    return [
        load_version(home, freeze["campaign_id"], said["period_id"], said["version"]) for said in freeze["officials"]
    ]


def _for_rules(decisions: Sequence[Decision]) -> list[Decision]:
    kinds = {decision["decision_id"]: decision["kind"] for decision in decisions}
    return [
        decision
        for decision in decisions
        if not {decision["kind"], kinds.get(decision["withdraws"] or "")} & NOT_FOR_RULES
    ]


def _take(database: Path, period_id: str) -> tuple[dict[str, Table], dict[str, Rows]]:
    """The marts of a computed warehouse, and what the questions need beside them."""
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        marts = {mart: _query(connection, f"select * from marts.{mart}", []) for mart in OF_CAMPAIGN}
        marts |= {
            mart: _query(connection, f"select * from marts.{mart} where period_id = $1", [period_id])
            for mart in OF_PERIOD
        }
        working = {name: _query(connection, sql, [period_id]).rows for name, sql in WORKING.items()}
    return marts, working


def _decided(
    home: Home, basis: Basis, decisions: Sequence[Decision], tables: dict[str, Table], working: dict[str, Rows]
) -> Computed:
    """The marts as the decisions complete them: who was named, what is awarded, the ranking as it is approved."""
    period_id = basis.freeze["period_id"]
    working["earlier_persons"] = awarded_before(_officials(home, basis))
    marts = gates_for_names({**working, **{name: table.rows for name, table in tables.items()}}, basis.rules)
    persons = persons_of(marts, decisions, period_id, basis.rules)
    awards = awards_of(marts, decisions, persons, period_id)
    tables["persons"] = Table(PERSONS, persons)
    tables["awards"] = Table(tables["fct_award"].columns, awards)
    tables["ranking"] = Table(RANKING, ranking_of(marts, awards))
    # What was awarded is told by `ranking` and `awards`: as computed, before the council, is told by nobody.
    for name in ("fct_ranking", "fct_award"):
        working[name] = tables.pop(name).rows
    return Computed(basis, dict(sorted(tables.items())), working, decisions)


def _query(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any]) -> Table:
    cursor = connection.execute(sql, list(parameters))
    names = [column[0] for column in cursor.description]
    rows = [{name: plain(value) for name, value in zip(names, row, strict=True)} for row in cursor.fetchall()]
    rows.sort(key=lambda row: json.dumps(row, ensure_ascii=False))
    return Table({column[0]: str(column[1]).lower() for column in cursor.description}, rows)


def _document(marts: Mapping[str, Table], working: Mapping[str, Rows]) -> dict[str, Any]:
    return {
        "marts": {name: {"columns": list(table.columns.items()), "rows": table.rows} for name, table in marts.items()},
        "working": working,
    }


def _read(path: Path) -> tuple[dict[str, Table], dict[str, Rows]]:
    document = json.loads(path.read_bytes())
    marts = {name: Table(dict(table["columns"]), table["rows"]) for name, table in document["marts"].items()}
    return marts, document["working"]


def write_tables(computed: Computed, folder: Path) -> dict[str, dict[str, Any]]:
    """Writes each table as Parquet with its exact types; its row count and the hash of its rows, by name."""
    said = {}
    with duckdb.connect(":memory:") as connection:
        connection.execute("set TimeZone = 'UTC'")
        for name, table in computed.tables.items():
            raw.load_rows(connection, "written", dict(table.columns), table.rows)
            path = str(folder / f"{name}.parquet").replace("'", "''")
            connection.execute(f"copy written to '{path}' (format parquet)")
            said[name] = {"rows": len(table.rows), "content": rows_digest(table.rows)}
    return said
