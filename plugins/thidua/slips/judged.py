"""What is wrong with received files: faults of the intake from the lake, those of the build from what was published."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from thidua.intake.contracts import known_export_types
from thidua.intake.decided import EXCLUDED_RULE
from thidua.intake.faults import FILE_MESSAGES
from thidua.intake.validate import load_rules
from thidua.lake.batches import list_batches
from thidua.lake.judgements import overruled
from thidua.lake.tables import BATCH_COLUMNS
from thidua.settings import Home

# A slip shows no more: whoever has mended these sends the file again and learns of the rest.
MAX_FAULTS = 5_000


@dataclass(frozen=True)
class Fault:
    """One thing wrong. `line` None: the file as a whole; `column`: as the contract calls it, None: the row as a whole."""

    sheet: str | None
    line: int | None
    column: str | None
    rule_id: str
    severity: str
    value: str | None
    message: str

    @property
    def texts(self) -> tuple[str, str]:
        """The message in Vietnamese and in English. A value may hold ` / ` too, but then it stands in both halves."""
        parts = self.message.split(" / ")
        half = (len(parts) + 1) // 2
        return " / ".join(parts[:half]), " / ".join(parts[half:])


@dataclass(frozen=True)
class Judged:
    """A submission with faults, by its latest judgement. `judgement` names all that is wrong: other faults, other name.

    `outcome`: of the published warehouse where it has seen the file, else of the intake. `counts`: faults by severity
    and rule, of all; `faults` are the first MAX_FAULTS of them.
    """

    submission_id: str
    campaign_id: str
    export_type: str
    file_name: str
    received_at: datetime
    content_sha256: str
    outcome: str
    accepted_row_count: int
    rejected_row_count: int
    sender_unit_id: str | None
    layout: dict[str, Any] | None
    judgement: str
    counts: dict[tuple[str, str], int]
    faults: tuple[Fault, ...] = ()

    @property
    def total(self) -> int:
        return sum(self.counts.values())


_CURRENT = """
create temp table current as
select *, parse_path(filename)[-2] as batch_id
from read_parquet($files, filename = true)
where
    ($ids is null or list_contains($ids, submission_id))
    and (submission_id, parse_path(filename)[-2]) not in (select (submission_id, batch_id) from overruled)
"""

_FAULTS = """
create temp table faults as
select faults.*
from (
    select *, parse_path(filename)[-2] as batch_id
    from read_parquet($files, filename = true)
    where $ids is null or list_contains($ids, submission_id)
) as faults
inner join current using (submission_id, batch_id)
"""

# What the build finds: its rules are those that no suite of the intake knows.
_BUILT = f"""
insert into faults by name
select {", ".join(f"built.{name}" for name in BATCH_COLUMNS["rejected_rows"])}
from read_parquet($file) as built
inner join current using (submission_id)
where (built.export_type, built.rule_id) not in (select (export_type, rule_id) from intake_rules)
"""

# 64-bit halves of hashes, added up: the same faults in any order have the same name.
_JUDGED = """
with digests as (
    select
        submission_id, count(*) as total,
        sum(cast(md5_number_lower(concat_ws('|', rule_id, severity, sheet, line_number, column_name, message)) as hugeint))
            as digest
    from faults
    group by submission_id
),
counts as (
    select submission_id, severity, rule_id, count(*) as found from faults group by all
),
gathered as (
    select
        submission_id,
        list((severity, rule_id, found) order by severity <> 'critical', severity <> 'error', found desc, rule_id)
            as counts
    from counts
    group by submission_id
),
outcomes as (
    select
        current.*,
        coalesce(published.outcome, case
            when verdict = 'accepted' and rejected_row_count > 0 then 'accepted_with_rejections' else verdict
        end) as outcome
    from current
    left join published using (submission_id)
)
select
    submission_id, campaign_id, export_type, file_name, received_at, content_sha256, outcome, accepted_row_count,
    rejected_row_count, sender_unit_id, layout,
    substr(sha256(concat_ws('|', outcome, layout, total, digest)), 1, 12) as judgement,
    counts
from outcomes
inner join digests using (submission_id)
inner join gathered using (submission_id)
order by received_at, submission_id
"""

_FIRST_FAULTS = """
select submission_id, sheet, line_number, column_name, rule_id, severity, value, message
from faults
where list_contains($ids, submission_id)
qualify row_number() over (
    partition by submission_id
    order by
        severity <> 'critical', severity <> 'error', sheet nulls first, line_number nulls first,
        column_name nulls first, rule_id
) <= $most
order by
    submission_id, severity <> 'critical', severity <> 'error', sheet nulls first, line_number nulls first,
    column_name nulls first, rule_id
"""


class Judgements:
    """The submissions with faults, all of them or some; their faults are read when they are asked for."""

    def __init__(self, home: Home, submission_ids: Collection[str] | None = None) -> None:
        self._connection = duckdb.connect()
        self._connection.execute("set TimeZone = 'UTC'")
        self.submissions: dict[str, Judged] = {}
        batches = list_batches(home)
        if not batches:
            return
        ids = sorted(submission_ids) if submission_ids is not None else None
        self._lay(home, batches, ids)
        cursor = self._connection.execute(_JUDGED)
        names = [column[0] for column in cursor.description]
        for row in cursor.fetchall():
            fields: dict[str, Any] = dict(zip(names, row, strict=True))
            fields["layout"] = json.loads(fields["layout"]) if fields["layout"] else None
            fields["counts"] = {(severity, rule_id): found for severity, rule_id, found in fields["counts"]}
            self.submissions[fields["submission_id"]] = Judged(**fields)

    def _lay(self, home: Home, batches: list[Path], ids: list[str] | None) -> None:
        served = (home.serve / "current").resolve()
        execute = self._connection.execute
        pairs = overruled(home)
        self._connection.register(
            "overruled",
            pa.table(
                {
                    "submission_id": pa.array([pair[0] for pair in pairs], pa.string()),
                    "batch_id": pa.array([pair[1] for pair in pairs], pa.string()),
                }
            ),
        )
        for statement, table in ((_CURRENT, "submissions"), (_FAULTS, "rejected_rows")):
            execute(statement, {"files": [str(batch / f"{table}.parquet") for batch in batches], "ids": ids})
        faults, submissions = served / "fct_rejected_row.parquet", served / "fct_submission.parquet"
        execute("create temp table published (submission_id varchar, outcome varchar)")
        if not (faults.exists() and submissions.exists()):
            return
        rules = [(kind, rule_id) for kind in known_export_types() for rule_id in _intake_rules(kind)]
        self._connection.register(
            "intake_rules",
            pa.table({"export_type": [rule[0] for rule in rules], "rule_id": [rule[1] for rule in rules]}),
        )
        execute(_BUILT, {"file": str(faults)})
        execute(
            "insert into published select submission_id, outcome from read_parquet($file) "
            "where submission_id in (select submission_id from current)",
            {"file": str(submissions)},
        )

    def with_faults(self, submission_ids: Collection[str]) -> list[Judged]:
        """These submissions with their first faults, in their order."""
        found: dict[str, list[Fault]] = {submission_id: [] for submission_id in submission_ids}
        rows = self._connection.execute(_FIRST_FAULTS, {"ids": list(found), "most": MAX_FAULTS}).fetchall()
        for submission_id, *fields in rows:
            found[submission_id].append(Fault(*fields))
        return [
            replace(judged, faults=tuple(found[submission_id]))
            for submission_id, judged in self.submissions.items()
            if submission_id in found
        ]


def _intake_rules(export_type: str) -> set[str]:
    return {rule.rule_id for rule in load_rules(export_type)[1]} | set(FILE_MESSAGES) | {EXCLUDED_RULE}
