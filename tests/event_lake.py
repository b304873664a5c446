"""Events put straight into the lake as batches, as an intake commits them: what the rules make of them is under test."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from thidua.clock import day_end
from thidua.lake.batches import commit, finish_work_dir, new_work_dir
from thidua.lake.tables import BATCH_COLUMNS
from thidua.settings import Home

_TYPES = {
    "varchar": pa.string(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamptz": pa.timestamp("us", "UTC"),
}
INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Event:
    """One row of an event export. `units`: role -> unit; the place has the role ''. `key`: natural key, else the person."""

    person: str | None
    event: str
    at: datetime
    units: Mapping[str, str]
    product: str | None = None
    valid_through: date | None = None
    score: int | None = None
    dimensions: Mapping[str, str] = field(default_factory=dict)
    key: str | None = None
    is_cancelled: bool = False

    @property
    def event_key(self) -> str:
        """As the intake writes it: a document's number by itself, else person, event and product."""
        if self.key is not None:
            return self.key
        return "|".join(part for part in (self.person, self.event, self.product) if part is not None)


@dataclass(frozen=True)
class EventFile:
    """What one sender told of an export up to an instant."""

    name: str
    export: str
    sender: str | None
    complete_until: datetime
    received_at: datetime
    events: tuple[Event, ...] = ()
    is_returned: bool = False


@dataclass(frozen=True)
class FigureFile:
    """Reported figures of one export: (unit, day, metric, dimension, member, value)."""

    name: str
    export: str
    received_at: datetime
    figures: tuple[tuple[str, date, str, str, str, int], ...]


def through(day: date) -> datetime:
    """Complete through a local day."""
    return day_end(day)


def submission_id(campaign_id: str, name: str) -> str:
    return hashlib.sha256(f"{campaign_id}/{name}".encode()).hexdigest()[:32]


def put(home: Home, campaign_id: str, files: Sequence[EventFile | FigureFile]) -> None:
    """Commits the files as one batch."""
    if files:
        assert commit(home, work_of(home, campaign_id, files))


def work_of(home: Home, campaign_id: str, files: Iterable[EventFile | FigureFile]) -> Path:
    """The same, judged and not committed yet: its work directory."""
    rows: dict[str, list[dict[str, Any]]] = {table: [] for table in BATCH_COLUMNS}
    ids = []
    for file in files:
        ids.append(submission_id(campaign_id, file.name))
        if isinstance(file, EventFile):
            _lay_events(rows, campaign_id, file)
        else:
            _lay_figures(rows, campaign_id, file)
    folder = new_work_dir(home, ids)
    for table, columns in BATCH_COLUMNS.items():
        schema = pa.schema([(name, _TYPES[kind]) for name, kind in columns.items()])
        full = [dict.fromkeys(columns) | row for row in rows[table]]
        pq.write_table(pa.Table.from_pylist(full, schema), folder / f"{table}.parquet", compression="zstd")
    finish_work_dir(folder, {"submission_ids": sorted(ids), "outcomes": {}})
    return folder


def _submission(campaign_id: str, file: EventFile | FigureFile, count: int) -> dict[str, Any]:
    return {
        "submission_id": submission_id(campaign_id, file.name),
        "campaign_id": campaign_id,
        "export_type": file.export,
        "file_name": f"{file.name}.csv",
        "landing_path": f"{campaign_id}/{file.export}/{file.name}.csv",
        "received_at": file.received_at.astimezone(UTC),
        "content_sha256": hashlib.sha256(repr(file).encode()).hexdigest(),
        "verdict": "accepted",
        "received_row_count": count,
        "accepted_row_count": count,
        "rejected_row_count": 0,
        "ignored_row_count": 0,
        "judged_at": file.received_at.astimezone(UTC),
    }


def _lay_events(rows: dict[str, list[dict[str, Any]]], campaign_id: str, file: EventFile) -> None:
    base = _submission(campaign_id, file, len(file.events))
    base |= {"sender_unit_id": file.sender, "complete_until": file.complete_until.astimezone(UTC)}
    if file.is_returned:
        base |= {"verdict": "returned", "accepted_row_count": 0, "rejected_row_count": len(file.events)}
    rows["submissions"].append(base)
    key = {name: base[name] for name in ("submission_id", "campaign_id", "export_type")}
    if file.sender is not None:
        said = hashlib.sha256(json.dumps([repr(event) for event in file.events]).encode()).hexdigest()
        as_of = (file.complete_until.astimezone(UTC) + timedelta(hours=7) - INSTANT).date()
        rows["scopes"].append(
            {
                **key, "unit_id": file.sender, "as_of_date": as_of, "row_count": len(file.events),
                "has_rejected_row": False, "content_hash": said,
            }
        )  # fmt: skip
    for line, event in enumerate(() if file.is_returned else file.events, 2):
        for role, unit in event.units.items():
            rows["events"].append(
                {
                    **key, "event_key": event.event_key, "person_key": event.person, "event": event.event,
                    "event_at": event.at.astimezone(UTC), "unit_id": unit, "unit_role": role, "product": event.product,
                    "valid_through": event.valid_through, "score": event.score,
                    "dimensions": json.dumps(event.dimensions, sort_keys=True, ensure_ascii=False),
                    "is_cancelled": event.is_cancelled, "sheet": None, "line_number": line,
                }
            )  # fmt: skip


def _lay_figures(rows: dict[str, list[dict[str, Any]]], campaign_id: str, file: FigureFile) -> None:
    base = _submission(campaign_id, file, len(file.figures))
    rows["submissions"].append(base)
    key = {name: base[name] for name in ("submission_id", "campaign_id", "export_type")}
    scopes: dict[tuple[str, date], list[tuple[Any, ...]]] = {}
    for line, (unit, day, metric, dimension, member, value) in enumerate(file.figures, 2):
        scopes.setdefault((unit, day), []).append((metric, dimension, member, value))
        rows["figures"].append(
            {
                **key, "unit_id": unit, "as_of_date": day, "metric_id": metric, "dimension": dimension, "member": member,
                "value": value, "sheet": None, "line_number": line,
            }
        )  # fmt: skip
    for (unit, day), said in scopes.items():
        rows["scopes"].append(
            {
                **key, "unit_id": unit, "as_of_date": day, "row_count": len(said), "has_rejected_row": False,
                "content_hash": hashlib.sha256(repr(sorted(said)).encode()).hexdigest(),
            }
        )  # fmt: skip
