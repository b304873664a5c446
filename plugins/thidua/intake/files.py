"""One received file up to its cells: read it, find its table, cut it into the columns that count."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from thidua.clock import LOCAL
from thidua.errors import ThiduaError
from thidua.intake.campaigns import CampaignFacts
from thidua.intake.cells import Part, ReadFile, cells_schema
from thidua.intake.contracts import Contract
from thidua.intake.days import file_name_hint
from thidua.intake.faults import FileFault, failure
from thidua.intake.grid import Grid, filled_down, nonblank, with_days_of_1904
from thidua.intake.layout import Layout, Mapped, Metrics, find_layout, missing_columns
from thidua.intake.personal import pseudonymise
from thidua.intake.readers import read_file
from thidua.lake.receipts import Receipt

log = logging.getLogger(__name__)

# What a row speaks of may stand in merged cells over several rows; what it says of it stands once.
_SPOKEN_OF = {"unit", "dimension", "as_of_date", "metric", "person", "product"}
_DAYS = {"as_of_date", "instant", "valid_through"}


@dataclass(frozen=True)
class Hint:
    """What the file's name says of sender and day; a name that is no unit of the campaign says nothing of it."""

    unit_id: str | None
    day: date | None


def hint_of(file_name: str, facts: CampaignFacts) -> Hint:
    found = file_name_hint(file_name)
    if not found:
        return Hint(None, None)
    name, day = found
    return Hint(facts.registry.resolve(name, day).unit_id, day)


class FileReader:
    """Reads the files of one export type into `cells` (see cells.py), numbering their parts."""

    def __init__(self, contract: Contract, key: bytes = b"") -> None:
        """`key`: of the persons' pseudonyms, where the export has persons."""
        self.contract = contract
        self._person_keys = {contract.key_of(column) for column in contract.of_role("person")}
        self._key = key
        self.schema = cells_schema(contract)
        self._next_part = 0

    def read(
        self, file_no: int, receipt: Receipt, facts: CampaignFacts, content: bytes
    ) -> tuple[ReadFile, list[pa.Table]]:
        """The file's facts and the cells of its value columns.

        Raises FileFault when the file cannot be judged row by row; whatever else goes wrong while reading is one too.
        """
        try:
            return self._read(file_no, receipt, facts, content)
        except (FileFault, ThiduaError):
            raise  # a ThiduaError is no fault of the file: it waits for the next run
        except Exception as error:
            log.exception("%s could not be read", receipt.landing_path)
            raise failure(error) from error

    def _read(
        self, file_no: int, receipt: Receipt, facts: CampaignFacts, content: bytes
    ) -> tuple[ReadFile, list[pa.Table]]:
        metrics = self.contract.names_of(facts.metrics_of(self.contract.export_type))
        hint = hint_of(receipt.file_name, facts)
        grids = read_file(receipt.file_name, content)
        found = [
            (sheet_no, grid, layout)
            for sheet_no, grid in enumerate(grids)
            if (layout := find_layout(grid, self.contract, metrics, has_unit_hint=hint.unit_id is not None))
        ]
        if not found:
            vi, en = missing_columns(self.contract)
            raise FileFault("header_not_found", missing_vi=vi, missing_en=en)
        parts: list[Part] = []
        tables: list[pa.Table] = []
        days: set[date] = set()
        for sheet_no, grid, layout in found:
            place = _Place(file_no, sheet_no, grid, layout)
            if self.contract.grain == "figures":
                self._cut_figures(place, hint, metrics, parts, tables)
            else:
                days.add(_complete_on(layout, hint))
                self._cut_events(place, hint, parts, tables)
        if not any(table.num_rows for table in tables):
            raise FileFault("no_rows")
        rows = sum(_nonblank_rows(grid, 0, grid.height) for grid in grids)
        headers = sum(len(layout.header_rows) for _, _, layout in found)
        complete_on, complete_until = _completeness(days, receipt)
        read = ReadFile(
            file_no=file_no,
            submission_id=receipt.submission_id,
            facts=facts,
            received_at=receipt.received,
            received_on=receipt.received.astimezone(LOCAL).date(),
            hint_unit_id=hint.unit_id,
            hint_date=hint.day,
            complete_on=complete_on,
            complete_until=complete_until,
            nonblank_rows=rows - headers,
            rows_outside=_rows_outside(grids, {sheet_no: layout for sheet_no, _, layout in found}),
            layout={**grids[0].notes, "sheets": [_record(grid, layout) for _, grid, layout in found]},
            parts=parts,
        )
        return read, tables

    def _cut_figures(
        self, place: _Place, hint: Hint, metrics: Metrics, parts: list[Part], tables: list[pa.Table]
    ) -> None:
        """A part for each value column: a wide table says several things in a row."""
        layout = place.layout
        mapped = {self.contract.key_of(one.column): one for one in layout.columns if one.column.role != "value"}
        fixed_date = _date_of(layout, hint)
        values = layout.of_role("value")
        for value in values:
            metric_id = value.metric_id
            if metric_id is None and "metric" not in mapped:
                if len(metrics) != 1:
                    raise FileFault("metric_unclear", allowed=", ".join(sorted(metrics)) or "-")
                metric_id = next(iter(metrics))
            name = value.column.name
            columns: dict[str, Mapped] = {**mapped, "value": value}
            parts.append(
                Part(
                    part_no=self._next_part,
                    file_no=place.file_no,
                    sheet_no=place.sheet_no,
                    sheet=place.grid.sheet,
                    headers={key: one.header for key, one in columns.items()},
                    column_name=name if len(values) == 1 else f"{name}[{metric_id}]",
                    fixed_date=fixed_date,
                    fixed_metric_id=metric_id,
                    fixed_unit_id=None if "unit" in mapped else hint.unit_id,
                    too_wide=place.too_wide([one.index for one in values]),
                )
            )
            tables.append(self._table(place, columns))

    def _cut_events(self, place: _Place, hint: Hint, parts: list[Part], tables: list[pa.Table]) -> None:
        columns = {one.column.name: one for one in place.layout.columns}
        units = [column.name for column in self.contract.of_role("unit")]
        parts.append(
            Part(
                part_no=self._next_part,
                file_no=place.file_no,
                sheet_no=place.sheet_no,
                sheet=place.grid.sheet,
                headers={key: one.header for key, one in columns.items()},
                column_name="",
                fixed_unit_id=None if units[0] in columns else hint.unit_id,
                too_wide=place.too_wide([]),
            )
        )
        tables.append(self._table(place, columns))

    def _table(self, place: _Place, columns: Mapping[str, Mapped]) -> pa.Table:
        """The cells of the part just added: of each column of the contract, blank where the file has none."""
        lines = place.lines
        blank = pa.nulls(len(lines), pa.string()).fill_null("")
        keys = [name.removesuffix("_text") for name in self.schema.names[2:]]
        cells = [place.cells(columns[key]) if key in columns else blank for key in keys]
        for index, key in enumerate(keys):
            if key in self._person_keys and key in columns:
                cells[index] = pseudonymise(cells[index], self._key)
        part = pa.nulls(len(lines), pa.int32()).fill_null(self._next_part)
        self._next_part += 1
        return pa.Table.from_arrays([part, lines, *cells], schema=self.schema)


@dataclass(frozen=True)
class _Place:
    """A table found in a sheet."""

    file_no: int
    sheet_no: int
    grid: Grid
    layout: Layout

    @property
    def lines(self) -> pa.Array:
        """The numbers of the rows under the header that are not blank."""
        return self._body(self.grid.lines)

    def cells(self, mapped: Mapped) -> pa.Array:
        """A column of these rows."""
        column = self.grid.columns[mapped.index]
        if mapped.column.role in _SPOKEN_OF:
            column = filled_down(self.grid, mapped.index)
        if mapped.column.role in _DAYS:
            column = with_days_of_1904(self.grid, column)
        return self._body(column)

    def too_wide(self, counts: Sequence[int]) -> tuple[int, ...]:
        """The lines of a text file in which a number may have been cut in two. They have more cells than the header, and a
        cell past the header's begins with a digit, or the cell beside one of the `counts` looks like the rest of it
        (`38,000` between commas is 38 and 000). Or, where commas cut, that cell begins with a zero as no number of its own
        does: the line may have as many cells as the header, since its last one was left out. A note past the header's
        cells is none of our business, and 310 beside 38 may be another number.
        """
        if self.grid.widths is None:
            return ()
        width = max(self.grid.widths[index].as_py() for index in self.layout.header_rows)
        is_wide = pc.greater(self._body(self.grid.widths), width)
        is_cut = pa.array([False] * len(is_wide), pa.bool_())
        for column in self.grid.columns[width:]:
            is_cut = pc.or_kleene(is_cut, self._matches(column, "^ *[0-9]"))
        for index in counts:
            is_cut = pc.or_kleene(is_cut, self._is_followed(index, "^ *[0-9]{3} *$"))
        is_cut = pc.and_kleene(is_wide, is_cut)
        if self.grid.notes.get("delimiter") == ",":
            named = {one.index for one in self.layout.columns if one.column.role in _SPOKEN_OF}
            for index in counts:
                if index + 1 not in named:
                    is_cut = pc.or_kleene(is_cut, self._is_followed(index, "^ *0[0-9]{2} *$"))
        return tuple(self.lines.filter(is_cut).to_pylist())

    def _is_followed(self, index: int, rest: str) -> pa.Array:
        """Where a column has what a number may begin with, up to its first separator, and the next one its `rest`."""
        begins = self._matches(self.grid.columns[index], "^ *-?[1-9][0-9]{0,2} *$")
        if index + 1 == self.grid.width:
            return pc.and_kleene(begins, False)
        return pc.and_kleene(begins, self._matches(self.grid.columns[index + 1], rest))

    def _matches(self, column: pa.Array, pattern: str) -> pa.Array:
        return pc.match_substring_regex(self._body(column), pattern)

    def _body(self, column: pa.Array) -> pa.Array:
        start, stop = self.layout.body_start, max(self.layout.body_start, self.layout.body_stop)
        body = column.slice(start, stop - start)
        return body if self._filled is None else body.filter(self._filled)

    @cached_property
    def _filled(self) -> pa.Array | None:
        """Which rows under the header hold anything; None: all."""
        start, length = self.layout.body_start, max(0, self.layout.body_stop - self.layout.body_start)
        filled = nonblank([column.slice(start, length) for column in self.grid.columns], length)
        return None if pc.all(filled).as_py() else filled


def _nonblank_rows(grid: Grid, start: int, stop: int) -> int:
    length = max(0, stop - start)
    rows = nonblank([column.slice(start, length) for column in grid.columns], length)
    return int(pc.sum(rows).as_py() or 0)


def _rows_outside(grids: Sequence[Grid], layouts: Mapping[int, Layout]) -> int:
    """The rows that belong to no table."""
    count = 0
    for sheet_no, grid in enumerate(grids):
        layout = layouts.get(sheet_no)
        if layout is None:
            count += _nonblank_rows(grid, 0, grid.height)
            continue
        above, below = layout.header_rows.start, max(layout.body_start, layout.body_stop)
        count += _nonblank_rows(grid, 0, above) + _nonblank_rows(grid, below, grid.height)
        count += _nonblank_rows(grid, layout.header_rows.stop, layout.body_start)  # the columns' numbers
    return count


def _complete_on(layout: Layout, hint: Hint) -> date:
    """The day through which an export of events is complete: of the title, else of the file's name."""
    if len(layout.title_days) == 1:
        return next(iter(layout.title_days))
    if layout.title_days or hint.day is None:
        days = ", ".join(day.strftime("%d/%m/%Y") for day in sorted(layout.title_days))
        raise FileFault("complete_through_unclear", found=days or "-")
    return hint.day


def _completeness(days: set[date], receipt: Receipt) -> tuple[date | None, datetime | None]:
    """(the day, the exclusive instant) that an export of events is complete through; (None, None) for figures.

    Nothing is complete beyond its receipt: a list "to the end of today" handed in at noon is complete until noon.
    """
    if not days:
        return None, None
    if len(days) > 1:
        found = ", ".join(day.strftime("%d/%m/%Y") for day in sorted(days))
        raise FileFault("complete_through_unclear", found=found)
    day = next(iter(days))
    if day > receipt.received.astimezone(LOCAL).date():
        raise FileFault("complete_through_future", value=day.strftime("%d/%m/%Y"))
    end = datetime.combine(day + timedelta(days=1), time(), LOCAL)
    return day, min(end, receipt.received)


def _date_of(layout: Layout, hint: Hint) -> date | None:
    """The day that holds where a row names none: of the title, else of the file's name. None: the rows must say."""
    if len(layout.title_days) == 1:
        return next(iter(layout.title_days))
    if layout.first("as_of_date") is not None:
        return None
    if layout.title_days or hint.day is None:
        days = ", ".join(day.strftime("%d/%m/%Y") for day in sorted(layout.title_days))
        raise FileFault("as_of_date_unclear", found=days or "-")
    return hint.day


def _record(grid: Grid, layout: Layout) -> dict[str, Any]:
    """How a sheet was read, for the slip and for explain."""

    def name(mapped: Mapped) -> str:
        return f"{mapped.column.name}[{mapped.metric_id}]" if mapped.metric_id else mapped.column.name

    return {
        "sheet": grid.sheet,
        "header_rows": [grid.lines[index].as_py() for index in layout.header_rows],
        "columns": {name(mapped): mapped.header for mapped in layout.columns},
        "positions": {name(mapped): mapped.index for mapped in layout.columns},
        "title_days": sorted(day.isoformat() for day in layout.title_days),
    }
