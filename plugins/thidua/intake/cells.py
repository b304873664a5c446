"""A chunk of files between reading and judging: cells of text, and what is known of the columns they stand in.

`cells` has one row per row of a table: of an export of figures one per value column, since a wide table says several
things in a row. Columns: part_no, line, then `<key>_text` per column of the contract (Contract.key_of), as written;
'' where the cell is blank or the file has no such column; and `<key>_read` per column of moments, what DuckDB reads of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import duckdb
import pyarrow as pa

from thidua.clock import LOCAL
from thidua.intake.campaigns import CampaignFacts
from thidua.intake.contracts import Contract
from thidua.intake.moments import moment_sql

ROW_GROUP = 122_880  # DuckDB's own


@dataclass(frozen=True)
class Part:
    """A table of a sheet of a file; of figures, one value column of it. `fixed_*` hold where no column says it."""

    part_no: int
    file_no: int
    sheet_no: int
    sheet: str | None
    headers: Mapping[str, str]  # key of a column -> its header as written
    column_name: str
    fixed_date: date | None = None
    fixed_metric_id: str | None = None
    fixed_unit_id: str | None = None
    too_wide: tuple[int, ...] = ()  # lines with more cells than the header, which may hold a number cut in two


@dataclass(frozen=True, eq=False)
class ReadFile:
    """A file whose table was found. `complete_until`: the exclusive instant up to which an export of events speaks."""

    file_no: int
    submission_id: str
    facts: CampaignFacts
    received_at: datetime
    received_on: date
    hint_unit_id: str | None
    hint_date: date | None
    complete_on: date | None
    complete_until: datetime | None
    nonblank_rows: int  # without header rows
    rows_outside: int  # of these: above the header, under the table, in sheets without one
    layout: dict[str, Any]
    parts: list[Part] = field(default_factory=list)


def keys_of(contract: Contract) -> list[str]:
    """The keys of the columns whose cells are judged."""
    return [contract.key_of(column) for column in contract.cell_columns]


def cells_schema(contract: Contract) -> pa.Schema:
    texts = [(f"{key}_text", pa.string()) for key in keys_of(contract)]
    return pa.schema([("part_no", pa.int32()), ("line", pa.int64()), *texts])


def lay(
    connection: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, pa.DataType], rows: Sequence[Any]
) -> None:
    """A small table from tuples."""
    arrays = [pa.array([row[index] for row in rows], kind) for index, kind in enumerate(columns.values())]
    connection.register("laid", pa.table(arrays, names=list(columns)))
    connection.execute(f"create or replace temp table {name} as select * from laid")
    connection.unregister("laid")


def lay_parts(
    connection: duckdb.DuckDBPyConnection, contract: Contract, files: Sequence[ReadFile]
) -> list[CampaignFacts]:
    """Tables `parts`, each with what is known of its file, and `too_wide`. Returns the campaigns by campaign_no."""
    # A campaign stands here once for each state of what people decided its names mean.
    facts_of = {(file.facts.plan.campaign_id, file.facts.aliases): file.facts for file in files}
    numbers = {key: number for number, key in enumerate(sorted(facts_of))}
    text, integer, day, instant = pa.string(), pa.int32(), pa.date32(), pa.timestamp("us", "UTC")
    headers = {f"{key}_header": text for key in keys_of(contract)}
    rows = [
        (
            part.part_no, part.file_no, part.sheet_no, part.sheet, part.column_name, part.fixed_date,
            part.fixed_metric_id, part.fixed_unit_id, numbers[file.facts.plan.campaign_id, file.facts.aliases],
            file.received_at, file.received_at.astimezone(LOCAL).replace(tzinfo=None),
            file.received_on, file.facts.earliest_date, file.hint_unit_id, file.hint_date, file.complete_on,
            file.complete_until, *(part.headers.get(key) for key in keys_of(contract)),
        )
        for file in files
        for part in file.parts
    ]  # fmt: skip
    lay(
        connection,
        "parts",
        {
            "part_no": integer, "file_no": integer, "sheet_no": integer, "sheet": text, "column_name": text,
            "fixed_date": day, "fixed_metric_id": text, "fixed_unit_id": text, "campaign_no": integer,
            "received_at": instant, "received_moment": pa.timestamp("us"), "received_on": day, "earliest_date": day, "hint_unit_id": text, "hint_date": day,
            "complete_on": day, "complete_until": instant, **headers,
        },
        rows,
    )  # fmt: skip
    # No temporary table: rules ask it, through a connection of their own.
    connection.execute("create or replace table too_wide (part_no integer, line bigint)")
    wide = [(part.part_no, line) for file in files for part in file.parts for line in part.too_wide]
    if wide:
        lay(connection, "laid_wide", {"part_no": integer, "line": pa.int64()}, wide)
        connection.execute("insert into too_wide from laid_wide")
    return [facts_of[key] for key in sorted(facts_of)]


def absent_keys(contract: Contract, files: Sequence[ReadFile]) -> frozenset[str]:
    """The keys of the columns that none of the files has."""
    present = {key for file in files for part in file.parts for key in part.headers}
    return frozenset(keys_of(contract)) - present


def lay_cells(
    connection: duckdb.DuckDBPyConnection, contract: Contract, tables: Sequence[pa.Table], absent: AbstractSet[str]
) -> None:
    """View `cells` of table `laid_cells`, which has no column of blanks for a column that no file has.

    It is scanned several times, and DuckDB's own is twice as fast to read as Arrow's in place; in pieces of a row group,
    so that all threads share a large file too.
    """
    batches = [batch for table in tables for batch in table.to_batches(max_chunksize=ROW_GROUP)]
    laid = ["part_no", "line"]
    blank: list[str] = []
    for column in contract.cell_columns:
        key = contract.key_of(column)
        is_moment = column.role in ("instant", "valid_through")
        if key in absent:
            blank += [f"'' as {key}_text", *([f"cast(null as timestamp) as {key}_read"] if is_moment else [])]
        else:
            laid += [f"{key}_text", *([f"{moment_sql(f'{key}_text')} as {key}_read"] if is_moment else [])]
    connection.register("laid", pa.Table.from_batches(batches, cells_schema(contract)))
    connection.execute(f"create or replace temp table laid_cells as select {', '.join(laid)} from laid")
    connection.unregister("laid")
    connection.execute(f"create or replace temp view cells as select {', '.join(['*', *blank])} from laid_cells")
