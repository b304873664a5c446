"""How offices write a table: Excel with motto, title and two header rows; CSV with semicolons; text from old machines."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import xlsxwriter

from thidua.samples.spec import Style


@dataclass(frozen=True)
class Block:
    """Rows of a bloc: (unit name, cell). A cell is a count, or the text that somebody typed instead."""

    name: str | None
    rows: Sequence[tuple[str, int | str]]


@dataclass(frozen=True)
class Table:
    title: str
    office: str
    day: date
    blocks: Sequence[Block]
    total: int | None  # as written below the table; null: no total row


SUFFIX: dict[Style, str] = {
    "excel_block": "xlsx",
    "excel_plain": "xlsx",
    "csv_semicolon_bom": "csv",
    "csv_comma": "csv",
    "text_utf16_tab": "txt",
    "csv_english": "csv",
}


def write(table: Table, style: Style) -> bytes:
    """The file's bytes; the same table gives the same bytes."""
    if style == "excel_block":
        return _excel_block(table)
    if style == "excel_plain":
        return _excel_plain(table)
    return _text(table, style)


def dotted(value: int | str) -> str:
    """28310 as 28.310, what Vietnamese offices type."""
    return value if isinstance(value, str) else f"{value:,}".replace(",", ".")


def _workbook() -> tuple[io.BytesIO, xlsxwriter.Workbook]:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": datetime(2023, 1, 1)})  # noqa: DTZ001 - a fixed stamp, so that bytes repeat
    return buffer, book


ROMAN = ["I", "II", "III", "IV"]


def _excel_block(table: Table) -> bytes:
    buffer, book = _workbook()
    sheet = book.add_worksheet("Biểu tổng hợp")
    bold = book.add_format({"bold": True, "align": "center"})
    sheet.set_column(1, 1, 42)
    sheet.merge_range("A1:B1", "BẢO HIỂM XÃ HỘI VIỆT NAM", bold)
    sheet.merge_range("C1:E1", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", bold)
    sheet.merge_range("A2:B2", table.office.upper(), bold)
    sheet.merge_range("C2:E2", "Độc lập - Tự do - Hạnh phúc", bold)
    sheet.merge_range("A4:E4", table.title.upper(), bold)
    sheet.merge_range("A5:E5", f"(Số liệu tính đến hết ngày {table.day:%d/%m/%Y})", bold)
    sheet.merge_range("A7:A8", "STT", bold)
    sheet.merge_range("B7:B8", "Đơn vị", bold)
    sheet.merge_range("C7:D7", "Số người cài đặt VssID", bold)
    sheet.write_row("C8", ["Kỳ trước", "Lũy kế"], bold)
    sheet.merge_range("E7:E8", "Ghi chú", bold)
    sheet.write_row("A9", ["(A)", "(B)", "(1)", "(2)", "(3)"], bold)
    row, number = 9, 0
    for index, block in enumerate(table.blocks):
        if block.name:
            sheet.write_row(row, 0, [ROMAN[index], block.name], bold)
            row += 1
        for name, value in block.rows:
            number += 1
            sheet.write_row(row, 0, [number, name, "", dotted(value)])
            row += 1
    if table.total is not None:
        sheet.merge_range(row, 0, row, 1, "Tổng cộng", bold)
        sheet.write(row, 3, dotted(table.total), bold)
        row += 1
    sheet.write(row + 1, 1, "NGƯỜI LẬP BIỂU", bold)
    sheet.write(row + 1, 3, "GIÁM ĐỐC", bold)
    book.close()
    return buffer.getvalue()


def _excel_plain(table: Table) -> bytes:
    buffer, book = _workbook()
    sheet = book.add_worksheet("Sheet1")
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    sheet.write_row(0, 0, ["STT", "Tên đơn vị", "Ngày số liệu", "Số lũy kế"])
    rows = [row for block in table.blocks for row in block.rows]
    for number, (name, value) in enumerate(rows, 1):
        sheet.write_row(number, 0, [number, name])
        sheet.write_datetime(number, 2, datetime(table.day.year, table.day.month, table.day.day), day)  # noqa: DTZ001
        sheet.write(number, 3, value)
    book.close()
    return buffer.getvalue()


def _text(table: Table, style: Style) -> bytes:
    delimiter = {"csv_semicolon_bom": ";", "text_utf16_tab": "\t"}.get(style, ",")
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n")
    rows = [row for block in table.blocks for row in block.rows]
    if style == "csv_english":
        writer.writerow(["unit", "as of date", "cumulative count"])
        writer.writerows([name, table.day.isoformat(), value] for name, value in rows)
    else:
        writer.writerow([table.title, "", ""])
        writer.writerow([f"Tính đến ngày {table.day:%d/%m/%Y}", "", ""])
        writer.writerow(["STT", "Đơn vị", "Lũy kế"])
        for number, (name, value) in enumerate(rows, 1):
            writer.writerow([number, name, dotted(value) if delimiter != "," else value])
        if table.total is not None:
            writer.writerow(["", "Tổng cộng", dotted(table.total) if delimiter != "," else table.total])
    text = buffer.getvalue()
    if style == "csv_semicolon_bom":
        return text.encode("utf-8-sig")
    return text.encode("utf-16" if style == "text_utf16_tab" else "utf-8")
