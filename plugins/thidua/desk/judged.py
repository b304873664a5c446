"""Finds the batch that judged a submission. Batches never change, so each manifest is read once per process."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb

from thidua.desk.preview import Preview, read_accepted, read_judged
from thidua.lake.batches import list_batches, read_manifest
from thidua.settings import Home

MOST_COMPARED = 500


class JudgedFiles:
    """The latest judgement of each submission in the lake."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._known: dict[str, tuple[datetime, frozenset[str]]] = {}
        self._connection = duckdb.connect(config={"threads": 1})

    def batch_of(self, submission_id: str) -> Path | None:
        """The batch whose judgement of it counts: the latest one. None: it is not judged yet."""
        found: tuple[datetime, str, Path] | None = None
        for batch in list_batches(self._home):
            if batch.name not in self._known:
                manifest = read_manifest(batch)
                judged_at = datetime.fromisoformat(manifest["judged_at"])
                self._known[batch.name] = judged_at, frozenset(manifest["submission_ids"])
            judged_at, ids = self._known[batch.name]
            if submission_id in ids and (found is None or (judged_at, batch.name) > found[:2]):
                found = judged_at, batch.name, batch
        return found[2] if found else None

    def read(self, submission_id: str) -> Preview | None:
        batch = self.batch_of(submission_id)
        if batch is None:
            return None
        with self._connection.cursor() as cursor:
            return read_judged(cursor, batch, submission_id)

    def accepted(self, submission_id: str) -> Preview:
        """The first figures and events of it that were accepted."""
        batch = self.batch_of(submission_id)
        if batch is None:
            return {"figures": [], "events": []}
        with self._connection.cursor() as cursor:
            return read_accepted(cursor, batch, submission_id)

    def figures(self, submission_ids: list[str]) -> list[dict[str, Any]]:
        """What these files say side by side: unit, day, metric, member, and the values in the files' order.

        Only lines on which not all agree, the first MOST_COMPARED of them.
        """
        return self._compared(submission_ids, "figures", _KEYS, "value")

    def event_changes(self, submission_ids: list[str]) -> list[dict[str, Any]]:
        """For each file after the first: how many events it adds to, changes in and leaves out of the one before it."""
        changes = []
        for before, after in pairwise(submission_ids):
            paths = [self._table(one, "events") for one in (before, after)]
            if not all(paths):
                continue
            with self._connection.cursor() as connection:
                row = connection.execute(_EVENT_CHANGES, {"before": before, "after": after, "files": paths}).fetchone()
            added, left_out, changed, same = row or (0, 0, 0, 0)
            changes.append(
                {
                    "before": before,
                    "after": after,
                    "added": added,
                    "left_out": left_out,
                    "changed": changed,
                    "same": same,
                }
            )
        return changes

    def _table(self, submission_id: str, name: str) -> str | None:
        batch = self.batch_of(submission_id)
        return str(batch / f"{name}.parquet") if batch else None

    def _compared(
        self, submission_ids: list[str], name: str, keys: tuple[str, ...], value: str
    ) -> list[dict[str, Any]]:
        files = {path for one in submission_ids if (path := self._table(one, name))}
        if len(submission_ids) < 2 or not files:
            return []
        listed = ", ".join(keys)
        values = ", ".join(
            f"max({value}) filter (where submission_id = $s{number})" for number in range(len(submission_ids))
        )
        with self._connection.cursor() as connection:
            rows = connection.execute(
                f"select {listed}, [{values}] as found from read_parquet($files) "
                f"where list_contains($ids, submission_id) group by {listed} "
                f"having len(list_distinct(list_transform(found, lambda v: coalesce(cast(v as varchar), '-')))) > 1 "
                f"order by {listed} limit {MOST_COMPARED}",
                {
                    "files": sorted(files),
                    "ids": submission_ids,
                    **{f"s{number}": one for number, one in enumerate(submission_ids)},
                },
            ).fetchall()
        return [dict(zip((*keys, "values"), row, strict=True)) for row in rows]


_KEYS = ("unit_id", "as_of_date", "metric_id", "dimension", "member")
_EVENT_CHANGES = """
with said as (
    select distinct submission_id, event_key, unit_role, unit_id, event_at, product, valid_through, score, is_cancelled
    from read_parquet($files)
    where submission_id in ($before, $after)
),
before as (select * exclude (submission_id) from said where submission_id = $before),
after as (select * exclude (submission_id) from said where submission_id = $after),
compared as (
    select
        before.event_key is null as is_added,
        after.event_key is null as is_left_out,
        before is distinct from after as is_changed
    from before full join after using (event_key, unit_role)
)
select
    count(*) filter (where is_added),
    count(*) filter (where is_left_out),
    count(*) filter (where not is_added and not is_left_out and is_changed),
    count(*) filter (where not is_changed)
from compared
"""
