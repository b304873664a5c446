"""A new XLSX of what was read from any other file: same sheets, same row numbers, every cell as the text it was.

So `28.310`, leading zeros and days stay as they were written when the office opens and saves it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import xlsxwriter

from thidua.intake.grid import Grid
from thidua.slips.marks import Mark, Place
from thidua.slips.safe import MAX_CELL_TEXT, looks_like_formula, sheet_name, without_controls
from thidua.slips.text import SHEET, Line
from thidua.slips.workbook_copy import AUTHOR, FAULT_COLOUR, WARNING_COLOUR, is_old_summary

TEXT_SHEET = "Số liệu"
# Larger files come back as an excerpt: their heads and the rows at fault.
MAX_ROWS = 50_000
_HEAD_ROWS = 60
_WIDTH_ROWS = 200
_WIDEST = 40


def is_excerpt(grids: Sequence[Grid]) -> bool:
    return sum(grid.height for grid in grids) > MAX_ROWS


def copy_as_text(
    grids: Sequence[Grid], marks: Mapping[Place, Mark], summary: Sequence[Line], head_rows: Mapping[str | None, int]
) -> bytes:
    """`head_rows`: of an excerpt, the last row of each sheet's header, by the sheet's name."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001 - a fixed stamp, so that bytes repeat
    formats = _Formats(book)
    taken: set[str] = set()
    _write_summary(book, summary, sheet_name(SHEET, taken))
    for grid in grids:
        if is_old_summary(grid.sheet, grid.rows(0, 1)[0][0] if grid.height else None):
            continue
        sheet = book.add_worksheet(sheet_name(grid.sheet or TEXT_SHEET, taken))
        own = {(row, column): mark for (name, row, column), mark in marks.items() if name == grid.sheet}
        _write_grid(sheet, grid, own, formats, head_rows.get(grid.sheet, _HEAD_ROWS) if is_excerpt(grids) else None)
    book.close()
    return stream.getvalue()


class _Formats:
    """Text, with or without the quote that keeps Excel from reading it as a formula, and with the colour of a mark."""

    def __init__(self, book: Any) -> None:
        self._found = {
            (is_quoted, colour): book.add_format(
                {"num_format": "@", "quote_prefix": is_quoted, **({"bg_color": f"#{colour}"} if colour else {})}
            )
            for is_quoted in (False, True)
            for colour in (None, FAULT_COLOUR, WARNING_COLOUR)
        }

    def of(self, text: str, mark: Mark | None) -> Any:
        colour = None if mark is None else WARNING_COLOUR if mark.is_warning else FAULT_COLOUR
        return self._found[looks_like_formula(text), colour]


def _write_grid(
    sheet: Any, grid: Grid, marks: Mapping[tuple[int, int], Mark], formats: _Formats, head_row: int | None
) -> None:
    text = formats.of("", None)
    for index, width in enumerate(_widths(grid)):
        sheet.set_column(index, index, width, text)
    for target, (line, cells) in enumerate(_rows(grid, marks, head_row)):
        row = line - 1 if head_row is None else target
        for index, cell in enumerate(cells):
            mark = marks.get((line, index))
            if cell:
                sheet.write_string(row, index, cell[:MAX_CELL_TEXT], formats.of(cell, mark))
            elif mark:
                sheet.write_blank(row, index, None, formats.of("", mark))
            if mark:
                said = without_controls(mark.text)
                height = 60 + 18 * (len(said) // 60 + said.count("\n"))
                sheet.write_comment(row, index, said, {"author": AUTHOR, "width": 420, "height": height})


def _rows(
    grid: Grid, marks: Mapping[tuple[int, int], Mark], head_row: int | None
) -> Iterator[tuple[int, Sequence[str]]]:
    """(row number, cells); of an excerpt only the head and what is marked."""
    lines, columns = grid.lines, grid.columns
    if head_row is not None:
        marked = pa.array(sorted({row for row, _ in marks}), pa.int64())
        kept = pc.or_(pc.less_equal(lines, head_row), pc.is_in(lines, value_set=marked))
        lines, columns = lines.filter(kept), [column.filter(kept) for column in columns]
    return zip(lines.to_pylist(), zip(*(column.to_pylist() for column in columns), strict=True), strict=True)


def _widths(grid: Grid) -> list[int]:
    rows = grid.rows(0, _WIDTH_ROWS)
    return [min(_WIDEST, 2 + max((len(row[index]) for row in rows), default=8)) for index in range(grid.width)]


def _write_summary(book: Any, summary: Sequence[Line], name: str) -> None:
    """One column: so it can never be taken for a table, which needs two (intake/layout.py)."""
    sheet = book.add_worksheet(name)
    sheet.set_column(0, 0, 110)
    looks = {
        kind: book.add_format({"bold": kind != "text", "font_size": size, "text_wrap": True, "valign": "top"})
        for kind, size in (("title", 16), ("heading", 12), ("text", 11))
    }
    for number, line in enumerate(summary):
        sheet.write_string(number, 0, without_controls(line.text), looks[line.kind])
