"""A copy of the office's own XLSX, as it looks, with faulty cells marked and everything taken out that could act.

Formulas become the values that they showed. Links, external sources, pivots, charts and conditional formats go: none of
them is needed to mend a cell, and what an office received from somewhere else must not reach others through us.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import openpyxl
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import column_index_from_string, get_column_letter

from thidua.slips.marks import Mark, Place
from thidua.slips.safe import looks_like_formula, without_controls
from thidua.slips.text import SHEET, TITLE, Line

AUTHOR = "thidua"
FAULT_COLOUR, WARNING_COLOUR = "FFC7CE", "FFEB9C"
# Unpacked sheets beyond this take minutes and gigabytes to copy as they look.
MAX_UNPACKED_BYTES = 40_000_000
# openpyxl makes an object for each cell of a range that is merged or linked, and a range may be the whole sheet.
MAX_RANGED_CELLS = 1_000_000
_RANGES = re.compile(
    rb"""<(?:\w+:)?(?:mergeCell|hyperlink)\b[^>]*?\bref\s*=\s*["']\$?([A-Z]{1,3})\$?(\d{1,7}):\$?([A-Z]{1,3})\$?(\d{1,7})"""
)


def is_office_workbook(content: bytes) -> bool:
    """Whether it is an XLSX that can be copied with its looks in little time and memory."""
    if not content.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = package.infolist()
            if sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
                return False
            sheets = [part for part in parts if part.filename.startswith("xl/worksheets/")]
            ranged = sum(_ranged_cells(package.read(part)) for part in sheets)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return False  # not as zipfile knows it: damaged, packed or locked in another way
    return "xl/workbook.xml" in {part.filename for part in parts} and ranged <= MAX_RANGED_CELLS


def _ranged_cells(xml: bytes) -> int:
    return sum(
        (int(bottom) - int(top) + 1)
        * (column_index_from_string(right.decode()) - column_index_from_string(left.decode()) + 1)
        for left, top, right, bottom in _RANGES.findall(xml)
    )


def is_old_summary(name: str | None, first_cell: object) -> bool:
    """Whether a sheet is the summary of an earlier slip that was sent back."""
    return name is not None and name.startswith(SHEET) and first_cell == TITLE


def copy_workbook(content: bytes, marks: Mapping[Place, Mark], summary: Sequence[Line]) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(content), data_only=True, keep_links=False)
    for sheet in [*book.chartsheets, *book.worksheets]:
        if sheet in book.chartsheets or is_old_summary(sheet.title, sheet["A1"].value):
            book.remove(sheet)
    _drop_names(book.defined_names)
    for sheet in book.worksheets:
        _disarm(sheet)
        own = {(row, column): mark for (name, row, column), mark in marks.items() if name == sheet.title}
        _mark(sheet, own)
        sheet.sheet_view.tabSelected = False
    _add_summary(book, summary)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _drop_names(names: Any) -> None:
    """Names are kept where they mean cells of this workbook: [n] is another one, | is a program."""
    for name in [key for key, one in names.items() if _reaches_out(one.attr_text)]:
        del names[name]


def _reaches_out(formula: str | None) -> bool:
    return formula is not None and any(sign in formula for sign in "[|#")


def _disarm(sheet: Any) -> None:
    _drop_names(sheet.defined_names)
    sheet.tables.clear()  # may hold formulas and queries of their own; the cells stay
    sheet.conditional_formatting = type(sheet.conditional_formatting)()  # would also paint over the marks
    sheet.data_validations.dataValidation = [
        one
        for one in sheet.data_validations.dataValidation
        if not _reaches_out(one.formula1) and not _reaches_out(one.formula2)
    ]
    sheet._pivots, sheet._charts = [], []
    sheet._hyperlinks.clear()
    for cell in list(sheet._cells.values()):  # not iter_rows: it makes every cell up to a stray one
        if getattr(cell, "hyperlink", None):
            cell.hyperlink = None
        if cell.data_type == "s" and looks_like_formula(cell.value):
            cell.quotePrefix = True
        if cell.comment and cell.comment.author == AUTHOR:
            cell.comment = None
            if cell.fill.fgColor.rgb in {f"FF{FAULT_COLOUR}", f"FF{WARNING_COLOUR}"}:
                cell.fill = PatternFill()


def _mark(sheet: Any, marks: Mapping[tuple[int, int], Mark]) -> None:
    merged = [merge.bounds for merge in sheet.merged_cells.ranges] if marks else []
    for (row, index), mark in sorted(marks.items()):
        column = index + 1
        for left, top, right, bottom in merged:  # only the first of merged cells can carry anything
            if top <= row <= bottom and left <= column <= right:
                row, column = top, left
                break
        cell = sheet.cell(row, column)
        cell.fill = PatternFill("solid", fgColor=f"FF{WARNING_COLOUR if mark.is_warning else FAULT_COLOUR}")
        before = f"{cell.comment.text}\n\n" if cell.comment else ""
        text = without_controls(before + mark.text)
        cell.comment = Comment(text, AUTHOR, width=420, height=60 + 18 * (len(text) // 60 + text.count("\n")))


def _add_summary(book: Any, summary: Sequence[Line]) -> None:
    """One column: so it can never be taken for a table, which needs two (intake/layout.py)."""
    sheet = book.create_sheet(SHEET, 0)
    sheet.column_dimensions[get_column_letter(1)].width = 110
    for number, line in enumerate(summary, 1):
        cell = sheet.cell(number, 1)
        cell.value = without_controls(line.text)
        cell.font = Font(bold=line.kind != "text", size={"title": 16, "heading": 12}.get(line.kind, 11))
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    book.active = 0
