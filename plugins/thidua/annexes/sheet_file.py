"""Writes the tables of a document as .xlsx, a sheet each, ready to print; text that looks like a formula stays text."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import xlsxwriter

from thidua.annexes.blocks import Align, Cell, Document, Letterhead, Paragraph, Table
from thidua.annexes.word_file import DATE, FONT, MOTTO, NUMBER
from thidua.slips.safe import MAX_CELL_TEXT, looks_like_formula, sheet_name, without_controls

HEADER_ROW = 7  # from 0; above it the letterhead and the titles
_MM_PER_CHARACTER = 2  # of a column's width, about
_LINE = 17  # points
_WHOLE = "[$-42A]#,##0"  # thousands by dots, whatever the reader's own settings are
_PAPER_A4 = 9


class _Sheets:
    """The workbook and its formats, one for each combination that is used."""

    def __init__(self, book: Any) -> None:
        self.book = book
        self.format = cache(self._format)

    def _format(self, **properties: Any) -> Any:
        return self.book.add_format(
            {"font_name": FONT, "font_size": 12, "text_wrap": True, "valign": "vcenter", **properties}
        )

    def write(self, sheet: Any, row: int, column: int, value: Cell, **properties: Any) -> None:
        if isinstance(value, int):
            sheet.write_number(row, column, value, self.format(num_format=_WHOLE, **properties))
            return
        text = without_controls("–" if value is None else value)[:MAX_CELL_TEXT]
        quoted = {"quote_prefix": True} if looks_like_formula(text) else {}
        sheet.write_string(row, column, text, self.format(**quoted, **properties))


def write_xlsx(document: Document, head: Letterhead) -> bytes:
    """The same document gives the same bytes."""
    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(stream, options)
    book.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001 - a fixed stamp, so that bytes repeat
    sheets, taken = _Sheets(book), set[str]()
    for table, notes in _tables_with_notes(document):
        sheet = book.add_worksheet(sheet_name(table.name, taken))
        _set_page(sheet, head, table)
        _write_head(sheets, sheet, document, head, table)
        last = _write_table(sheets, sheet, table)
        for offset, note in enumerate(notes, 1):
            _across(sheets, sheet, last + offset, 0, len(table.columns) - 1, note, italic=True)
        _write_signers(sheets, sheet, last + len(notes) + 2, document.signers, len(table.columns))
    book.close()
    return stream.getvalue()


def _tables_with_notes(document: Document) -> list[tuple[Table, list[str]]]:
    """Each table with what is said below it; headings and what stands above the first table stay in the Word file."""
    found: list[tuple[Table, list[str]]] = []
    for block in document.blocks:
        if isinstance(block, Table):
            found.append((block, []))
        elif isinstance(block, Paragraph) and block.kind != "heading" and found:
            found[-1][1].append(block.text)
    return found


def _set_page(sheet: Any, head: Letterhead, table: Table) -> None:
    sheet.set_landscape()
    sheet.set_paper(_PAPER_A4)
    sheet.set_margins(left=0.8, right=0.6, top=0.8, bottom=0.8)
    sheet.fit_to_pages(1, 0)
    sheet.center_horizontally()
    sheet.repeat_rows(HEADER_ROW)
    sheet.freeze_panes(HEADER_ROW + 1, 0)
    mark = without_controls(head.mark).replace("&", "&&")
    sheet.set_header(f'&C&"{FONT},Regular"&13&P', {"margin": 0.4})
    sheet.set_footer(f'&C&"{FONT},{"Bold" if head.is_draft else "Regular"}"&11{mark}', {"margin": 0.4})
    for index, column in enumerate(table.columns):
        sheet.set_column(index, index, column.width / _MM_PER_CHARACTER)


def _write_head(sheets: _Sheets, sheet: Any, document: Document, head: Letterhead, table: Table) -> None:
    last = len(table.columns) - 1
    half = _half(table)
    centred = {"align": "center", "text_wrap": False}
    _across(sheets, sheet, 0, 0, half, head.issued_by.upper(), bold=True, align="center")
    if head.is_draft:
        _across(sheets, sheet, 2, 0, half, head.mark, bold=True, font_color="#C00000", align="center")
        sheet.set_row(2, 2 * _LINE)
    sheet.set_row(0, 2 * _LINE if len(head.issued_by) > 30 else _LINE)
    _across(sheets, sheet, 0, half + 1, last, MOTTO[0], bold=True, **centred)
    _across(sheets, sheet, 1, 0, half, NUMBER, **centred)
    _across(sheets, sheet, 1, half + 1, last, MOTTO[1], bold=True, underline=1, **centred)
    _across(sheets, sheet, 2, half + 1, last, DATE, italic=True, **centred)
    _across(sheets, sheet, 3, 0, last, document.title, bold=True, font_size=14, **centred)
    for row, line in enumerate((*head.subtitles, table.name), 4):
        sheet.set_row(row, _LINE)
        _across(sheets, sheet, row, 0, last, line, bold=True, **centred)


def _half(table: Table) -> int:
    """The last column of the left part of the letterhead: somewhat less than half of the width."""
    total, so_far = sum(column.width for column in table.columns), 0
    for index, column in enumerate(table.columns):
        so_far += column.width
        if so_far * 100 >= total * 35:
            return min(index, len(table.columns) - 2)
    return 0


def _write_table(sheets: _Sheets, sheet: Any, table: Table) -> int:
    """The last row written."""
    sheet.set_row(HEADER_ROW, _height(table, [column.title for column in table.columns]))
    for index, column in enumerate(table.columns):
        sheets.write(sheet, HEADER_ROW, index, column.title, bold=True, border=1, align="center", bg_color="#E7EEF7")
    row = HEADER_ROW
    for row, values in enumerate(table.rows, HEADER_ROW + 1):
        sheet.set_row(row, _height(table, values))
        for index, value in enumerate(values):
            sheets.write(sheet, row, index, value, **_in_grid(table.columns[index].align))
    if table.total is not None:
        row += 1
        sheet.set_row(row, _height(table, table.total))
        for index, value in enumerate(table.total):
            sheets.write(sheet, row, index, value, bold=True, **_in_grid(table.columns[index].align))
    return row


def _in_grid(align: Align) -> dict[str, Any]:
    return {"border": 1, "align": align, **({} if align == "center" else {"indent": 1})}


def _height(table: Table, values: Sequence[Cell]) -> int:
    """Room for the cell that wraps most: a height that is set is the same in every program."""
    lines = [
        -(-len(value) * _MM_PER_CHARACTER // column.width)
        for value, column in zip(values, table.columns, strict=True)
        if isinstance(value, str) and value
    ]
    return _LINE * max([1, *lines]) + 3


def _write_signers(sheets: _Sheets, sheet: Any, row: int, signers: Sequence[str], columns: int) -> None:
    step = max(1, columns // len(signers))
    for index, signer in enumerate(signers):
        first = index * step
        last = columns - 1 if index == len(signers) - 1 else first + step - 1
        _across(sheets, sheet, row, first, last, signer, bold=True, align="center")
        _across(sheets, sheet, row + 1, first, last, "(Ký, ghi rõ họ tên)", italic=True, align="center")


def _across(sheets: _Sheets, sheet: Any, row: int, first: int, last: int, text: str, **properties: Any) -> None:
    if last > first:
        sheet.merge_range(row, first, row, last, "", sheets.format(**properties))
    sheets.write(sheet, row, first, text, **properties)
