"""What closings bring into a build: official versions, objections, and decisions that name several units at once.

They lie in schema `raw` as whole tables, a handful of rows each; `state.closings` remembers which versions and
objections a build has taken, so that a new one touches its campaign.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import duckdb

from thidua.plan.tables import Columns
from thidua.settings import Home

if TYPE_CHECKING:
    from thidua.lake.officials import Official

Rows = Sequence[Mapping[str, Any]]

# What is kept of each official version; the rows of `ranking` and `persons` come from its Parquet files.
OFFICIAL_RANKINGS: Columns = {
    "campaign_id": "varchar", "period_id": "varchar", "bloc_id": "varchar", "unit_id": "varchar",
    "unit_name": "varchar", "bloc_name": "varchar", "version": "bigint", "rank": "bigint", "is_tied": "boolean",
    "prize_id": "varchar", "prize_name": "varchar", "as_of_date": "date", "numerator": "bigint",
    "denominator": "bigint", "threshold_rate": "decimal(12, 6)", "is_eligible": "boolean", "reason_code": "varchar",
    "missing_count": "bigint", "award_status": "varchar", "amount": "bigint", "amount_min": "bigint",
    "amount_max": "bigint", "quota": "bigint", "approved_at": "timestamptz", "content_hash": "varchar",
    "clause": "varchar",
}  # fmt: skip
OFFICIAL_AWARDS: Columns = {
    "campaign_id": "varchar", "period_id": "varchar", "version": "bigint", "recipient_kind": "varchar",
    "unit_id": "varchar", "prize_id": "varchar", "status": "varchar",
}  # fmt: skip
OFFICIAL_PERSONS: Columns = {
    "campaign_id": "varchar", "period_id": "varchar", "prize_id": "varchar", "unit_id": "varchar", "name": "varchar",
    "amount": "bigint", "version": "bigint",
}  # fmt: skip
PLACEMENTS: Columns = {
    "decision_id": "varchar", "campaign_id": "varchar", "period_id": "varchar", "unit_id": "varchar",
    "prize_id": "varchar", "tied_units": "varchar",
}  # fmt: skip
OBJECTIONS: Columns = {
    "objection_id": "varchar", "campaign_id": "varchar", "period_id": "varchar", "unit_id": "varchar",
    "raised_by": "varchar", "raised_at": "timestamptz", "text": "varchar", "evidence_sha256": "varchar",
    "status": "varchar", "answered_by": "varchar", "answered_at": "timestamptz", "answer": "varchar",
    "effect_decision_ids": "varchar",
}  # fmt: skip
TABLES: dict[str, Columns] = {
    "official_rankings": OFFICIAL_RANKINGS,
    "official_awards": OFFICIAL_AWARDS,
    "official_persons": OFFICIAL_PERSONS,
    "placements": PLACEMENTS,
    "objections": OBJECTIONS,
}


@dataclass(frozen=True)
class Closings:
    """The rows of each table, and the entries (id -> campaign) that they come from."""

    rows: Mapping[str, Rows] = field(default_factory=dict)
    entries: Mapping[str, str] = field(default_factory=dict)


def gather(home: Home, known_at: datetime | None, decisions: Rows) -> Closings:
    """What is known of all closings at an instant."""
    from thidua.lake.objections import load_objections
    from thidua.lake.officials import load_officials

    closings = of_officials(load_officials(home, known_at), decisions)
    objections = load_objections(home, known_at)
    entries = {entry_id: objection.campaign_id for objection in objections for entry_id in objection.entry_ids}
    return Closings(
        {**closings.rows, "objections": [objection.row() for objection in objections]},
        {**closings.entries, **entries},
    )


def of_officials(officials: Sequence[Official], decisions: Rows) -> Closings:
    """Some official versions, and the decisions on ties: what the rules of a build look at."""
    rows: dict[str, list[Mapping[str, Any]]] = {table: [] for table in TABLES}
    for official in officials:
        said = {
            "version": official.version,
            "approved_at": official.approved_at,
            "content_hash": official.content_hash,
        }
        for table, source in (
            ("official_rankings", "ranking"),
            ("official_awards", "awards"),
            ("official_persons", "persons"),
        ):
            rows[table] += [{**row, **said} for row in official.rows(source)]
    rows["placements"] = list(placements(decisions))
    entries = {str(official.manifest["entry_id"]): official.campaign_id for official in officials}
    return Closings(rows, entries)


def placements(decisions: Rows) -> Rows:
    """Who gets which place of a tie, one row per unit, of decisions `place_tied` in force; the latest of a tie stands."""
    withdrawn = {row["withdraws"] for row in decisions if row.get("withdraws")}
    latest: dict[tuple[str, str, str], Rows] = {}
    for row in sorted(decisions, key=lambda row: (row["recorded_at"], row["decision_id"])):
        if row["kind"] != "place_tied" or row["decision_id"] in withdrawn:
            continue
        subject = json.loads(row["subject"])
        tied = ",".join(sorted(subject["places"]))
        latest[row["campaign_id"], subject["period_id"], tied] = [
            {
                "decision_id": row["decision_id"],
                "campaign_id": row["campaign_id"],
                "period_id": subject["period_id"],
                "unit_id": unit_id,
                "prize_id": prize_id,
                "tied_units": tied,
            }
            for unit_id, prize_id in sorted(subject["places"].items())
        ]
    return [row for rows in latest.values() for row in rows]


def unseen_campaigns(connection: duckdb.DuckDBPyConnection, closings: Closings) -> set[str]:
    """Campaigns of which a build has not taken all that is known of their closings."""
    connection.execute("create table if not exists state.closings (entry_id varchar, campaign_id varchar)")
    seen = dict(connection.execute("select entry_id, campaign_id from state.closings").fetchall())
    # None goes away in an append-only lake; should one, its campaign is computed again too.
    return {(dict(closings.entries) | seen)[entry_id] for entry_id in closings.entries.keys() ^ seen.keys()}


def acknowledge(connection: duckdb.DuckDBPyConnection, closings: Closings) -> None:
    """Remembers what the build took; within the transaction of the caller."""
    connection.execute("delete from state.closings")
    for entry_id, campaign_id in closings.entries.items():
        connection.execute("insert into state.closings values (?, ?)", [entry_id, campaign_id])
