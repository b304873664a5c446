"""How offices write a list: a title block that says through which day it goes, one or two header rows, totals below."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

import xlsxwriter

from thidua.samples.offices import dotted, workbook
from thidua.samples.spec import ListStyle


class Digits(str):
    """A number of a person: text, but a spreadsheet that is not told so takes it for a number and cuts its zeros."""

    __slots__ = ()


Cell = str | int | date | None
SUFFIX: dict[ListStyle, str] = {
    "excel_block": "xlsx",
    "excel_plain": "xlsx",
    "csv_semicolon_bom": "csv",
    "csv_comma": "csv",
    "text_utf16_tab": "txt",
}


@dataclass(frozen=True)
class Heading:
    """A column's header; `above` is written over neighbours that share it."""

    text: str
    above: str | None = None


@dataclass(frozen=True)
class Sheet:
    """What one file says, whatever its style. `day`: through which it is complete; null: it does not say so."""

    letterhead: str
    office: str
    title: str
    day: date | None
    headings: Sequence[Heading]
    rows: Sequence[Sequence[Cell]]
    total: Sequence[Cell] | None = None

    @property
    def through(self) -> str:
        return f"(Số liệu tính đến hết ngày {self.day:%d/%m/%Y})" if self.day else ""


def write_sheet(sheet: Sheet, style: ListStyle) -> bytes:
    """The file's bytes; the same sheet gives the same bytes."""
    if style == "excel_block":
        return _excel_block(sheet)
    if style == "excel_plain":
        return _excel_plain(sheet)
    return _text(sheet, style)


def _written(cell: Cell, *, dots: bool = True) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return f"{cell:%d/%m/%Y %H:%M:%S}"
    if isinstance(cell, date):
        return f"{cell:%d/%m/%Y}"
    return dotted(cell) if dots else str(cell)


def _excel_block(sheet: Sheet) -> bytes:
    """Motto and title above two header rows with merged cells, a numbering row, all cells text, a signature below."""
    buffer, book = workbook()
    page = book.add_worksheet("Danh sách")
    bold = book.add_format({"bold": True, "align": "center"})
    last = len(sheet.headings)  # STT stands before them
    page.set_column(1, last, 22)
    page.merge_range(0, 0, 0, 1, sheet.letterhead.upper(), bold)
    page.merge_range(0, 2, 0, last, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", bold)
    page.merge_range(1, 0, 1, 1, sheet.office.upper(), bold)
    page.merge_range(1, 2, 1, last, "Độc lập - Tự do - Hạnh phúc", bold)
    page.merge_range(3, 0, 3, last, sheet.title.upper(), bold)
    page.merge_range(4, 0, 4, last, sheet.through, bold)
    _headings(page, sheet.headings, bold)
    page.write_row(8, 0, [f"({number})" for number in range(1, last + 2)], bold)
    for number, cells in enumerate(sheet.rows, 1):
        page.write_row(8 + number, 0, [number, *map(_written, cells)])
    row = 9 + len(sheet.rows)
    if sheet.total is not None:
        page.write_row(row, 0, ["Tổng cộng", *map(_written, sheet.total)], bold)
        row += 1
    page.write(row + 1, 1, "NGƯỜI LẬP BIỂU", bold)
    page.write(row + 1, last, "THỦ TRƯỞNG ĐƠN VỊ", bold)
    book.close()
    return buffer.getvalue()


def _headings(page: xlsxwriter.worksheet.Worksheet, headings: Sequence[Heading], bold: object) -> None:
    """Rows 7 and 8: a header alone is merged over both, neighbours under the same words share the upper one."""
    page.merge_range(6, 0, 7, 0, "STT", bold)
    column = 1
    while column <= len(headings):
        above = headings[column - 1].above
        if above is None:
            page.merge_range(6, column, 7, column, headings[column - 1].text, bold)
            column += 1
            continue
        stop = column
        while stop <= len(headings) and headings[stop - 1].above == above:
            page.write(7, stop, headings[stop - 1].text, bold)
            stop += 1
        if stop - column > 1:
            page.merge_range(6, column, 6, stop - 1, above, bold)
        else:
            page.write(6, column, above, bold)
        column = stop


def _excel_plain(sheet: Sheet) -> bytes:
    """A list with real numbers and real dates; the numbers of persons have lost their leading zeros."""
    buffer, book = workbook()
    page = book.add_worksheet("Sheet1")
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    instant = book.add_format({"num_format": "dd/mm/yyyy hh:mm:ss"})
    page.write(0, 0, f"{sheet.title} {sheet.through}".strip())
    page.write_row(1, 0, ["STT", *(heading.text for heading in sheet.headings)])
    for number, cells in enumerate(sheet.rows, 1):
        page.write(number + 1, 0, number)
        for column, cell in enumerate(cells, 1):
            if isinstance(cell, datetime):
                page.write_datetime(number + 1, column, cell.replace(tzinfo=None), instant)
            elif isinstance(cell, date):
                page.write_datetime(number + 1, column, datetime.combine(cell, time()), day)
            elif isinstance(cell, int) or (isinstance(cell, Digits) and cell.isdigit()):
                page.write_number(number + 1, column, int(cell))
            elif cell:
                page.write_string(number + 1, column, cell)
    book.close()
    return buffer.getvalue()


def _text(sheet: Sheet, style: ListStyle) -> bytes:
    """Separated text. Where the comma separates the cells, thousands are written without dots."""
    delimiter = {"csv_semicolon_bom": ";", "text_utf16_tab": "\t"}.get(style, ",")
    blank = [""] * len(sheet.headings)
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow([sheet.title, *blank])
    if sheet.through:
        writer.writerow([sheet.through, *blank])
    writer.writerow(["STT", *(heading.text for heading in sheet.headings)])
    dots = delimiter != ","
    for number, cells in enumerate(sheet.rows, 1):
        writer.writerow([number, *(_written(cell, dots=dots) for cell in cells)])
    if sheet.total is not None:
        writer.writerow(["Tổng cộng", *(_written(cell, dots=dots) for cell in sheet.total)])
    text = buffer.getvalue()
    if style == "csv_semicolon_bom":
        return text.encode("utf-8-sig")
    # The byte order is written out: "utf-16" alone would follow the machine.
    return b"\xff\xfe" + text.encode("utf-16-le") if style == "text_utf16_tab" else text.encode()
