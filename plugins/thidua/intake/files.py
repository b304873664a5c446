"""One received file up to its cells: read it, find its table, cut it into the columns that count."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from thidua.clock import LOCAL
from thidua.intake.campaigns import CampaignFacts
from thidua.intake.contracts import Contract, Role
from thidua.intake.days import file_name_hint
from thidua.intake.faults import FileFault, failure
from thidua.intake.grid import Grid, nonblank
from thidua.intake.layout import Layout, Mapped, find_layout, missing_columns
from thidua.intake.parse import CELLS, Part, ReadFile
from thidua.intake.readers import read_file
from thidua.lake.receipts import Receipt

log = logging.getLogger(__name__)
Mask = Callable[[pa.Array], pa.Array]


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
    """Reads the files of one export type into cells (parse.CELLS), numbering their value columns."""

    def __init__(self, contract: Contract, mask: Mask) -> None:
        self.contract = contract
        self.mask = mask
        self._next_part = 0

    def read(
        self, file_no: int, receipt: Receipt, facts: CampaignFacts, content: bytes
    ) -> tuple[ReadFile, list[pa.Table]]:
        """The file's facts and the cells of its value columns.

        Raises FileFault when the file cannot be judged row by row; whatever else goes wrong while reading is one too.
        """
        try:
            return self._read(file_no, receipt, facts, content)
        except FileFault:
            raise
        except Exception as error:
            log.exception("%s could not be read", receipt.landing_path)
            raise failure(error) from error

    def _read(
        self, file_no: int, receipt: Receipt, facts: CampaignFacts, content: bytes
    ) -> tuple[ReadFile, list[pa.Table]]:
        metrics = facts.metrics_of(self.contract.export_type)
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
        for sheet_no, grid, layout in found:
            self._cut(file_no, sheet_no, grid, layout, hint, metrics, parts, tables)
        if not any(table.num_rows for table in tables):
            raise FileFault("no_rows")
        rows = sum(int(pc.sum(nonblank(grid.columns, grid.height)).as_py() or 0) for grid in grids)
        headers = sum(len(layout.header_rows) for _, _, layout in found)
        read = ReadFile(
            file_no=file_no,
            submission_id=receipt.submission_id,
            facts=facts,
            received_on=receipt.received.astimezone(LOCAL).date(),
            hint_unit_id=hint.unit_id,
            hint_date=hint.day,
            nonblank_rows=rows - headers,
            layout={**grids[0].notes, "sheets": [_record(grid, layout) for _, grid, layout in found]},
            parts=parts,
        )
        return read, tables

    def _cut(
        self,
        file_no: int,
        sheet_no: int,
        grid: Grid,
        layout: Layout,
        hint: Hint,
        metrics: dict[str, str],
        parts: list[Part],
        tables: list[pa.Table],
    ) -> None:
        start, length = layout.body_start, max(0, layout.body_stop - layout.body_start)
        body = [column.slice(start, length) for column in grid.columns]
        lines = grid.lines.slice(start, length)
        filled = nonblank(body, length)
        if length and not pc.all(filled).as_py():
            body, lines = [column.filter(filled) for column in body], lines.filter(filled)
        values = layout.of_role("value")
        has_metric = layout.first("metric") is not None
        fixed_date = _date_of(layout, hint)

        def texts(role: Role) -> pa.Array:
            mapped = layout.first(role)
            if mapped is None:
                return pa.nulls(len(lines), pa.string()).fill_null("")
            cells = pc.utf8_trim_whitespace(body[mapped.index])
            return self.mask(cells) if mapped.column.personal else cells

        ordinals, labels = texts("ordinal"), texts("unit")
        if layout.first("unit") is None:
            labels = pa.array([hint.unit_id]).take(pa.nulls(len(lines), pa.int32()).fill_null(0))
        elif layout.first("ordinal"):  # a total or a bloc may stand in merged cells that begin at the number
            labels = pc.if_else(pc.equal(labels, ""), ordinals, labels)
        shared = [ordinals, labels, texts("as_of_date"), texts("metric")]
        for value in values:
            metric_id = value.metric_id
            if metric_id is None and not has_metric:
                if len(metrics) != 1:
                    raise FileFault("metric_unclear", allowed=", ".join(sorted(metrics)) or "-")
                metric_id = next(iter(metrics))
            headers = {one.column.role: one.header for one in layout.columns if one.column.role != "value"}
            name = value.column.name
            parts.append(
                Part(
                    part_no=self._next_part,
                    file_no=file_no,
                    sheet_no=sheet_no,
                    sheet=grid.sheet,
                    headers={**headers, "value": value.header},
                    column_name=name if len(values) == 1 else f"{name}[{metric_id}]",
                    fixed_date=fixed_date,
                    fixed_metric_id=metric_id,
                )
            )
            part = pa.array([self._next_part], pa.int32()).take(pa.nulls(len(lines), pa.int32()).fill_null(0))
            cells = pc.utf8_trim_whitespace(body[value.index])
            tables.append(pa.Table.from_arrays([part, lines, *shared, cells], schema=CELLS))
            self._next_part += 1


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
        "title_days": sorted(day.isoformat() for day in layout.title_days),
    }
