"""How offices write a table: Excel with motto, title and two header rows; CSV with semicolons; text from old machines."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import xlsxwriter

from thidua.samples.spec import Style


@dataclass(frozen=True)
class Line:
    """A unit's row. The value is a count, or the text that somebody typed instead; before and rate are decoration."""

    name: str
    value: int | str
    before: int
    rate: str


@dataclass(frozen=True)
class Block:
    """The rows of a bloc, under its name where it has one."""

    name: str | None
    lines: Sequence[Line]


@dataclass(frozen=True)
class Table:
    """What one file says, whatever its style. `total` is what the office wrote below, right or wrong."""

    letterhead: str
    office: str
    title: str
    counted: str
    day: date
    blocks: Sequence[Block]
    total: int

    @property
    def lines(self) -> list[Line]:
        return [line for block in self.blocks for line in block.lines]

    def with_value(self, name: str, value: int | str, total: int) -> Table:
        """The same table with another value in a unit's row, and another total."""
        blocks = [
            Block(block.name, [replace(line, value=value) if line.name == name else line for line in block.lines])
            for block in self.blocks
        ]
        return replace(self, blocks=blocks, total=total)


SUFFIX: dict[Style, str] = {
    "excel_block": "xlsx",
    "excel_plain": "xlsx",
    "csv_semicolon_bom": "csv",
    "csv_comma": "csv",
    "text_utf16_tab": "txt",
    "csv_english": "csv",
}
ROMAN = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X"]


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


def percent(part: int, whole: int) -> str:
    """101 of 100 as 101,00%; a dash where there is nothing to compare with."""
    if whole <= 0:
        return "-"
    hundredths = (part * 20_000 + whole) // (2 * whole)
    return f"{hundredths // 100},{hundredths % 100:02d}%"


def workbook() -> tuple[io.BytesIO, xlsxwriter.Workbook]:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": datetime(2023, 1, 1)})  # noqa: DTZ001 - a fixed stamp, so that bytes repeat
    return buffer, book


def _excel_block(table: Table) -> bytes:
    """Motto and title above two header rows with merged cells, a numbering row, numbers as text, a signature below."""
    buffer, book = workbook()
    sheet = book.add_worksheet("Biểu tổng hợp")
    bold = book.add_format({"bold": True, "align": "center"})
    sheet.set_column(1, 1, 42)
    sheet.merge_range("A1:B1", table.letterhead.upper(), bold)
    sheet.merge_range("C1:F1", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", bold)
    sheet.merge_range("A2:B2", table.office.upper(), bold)
    sheet.merge_range("C2:F2", "Độc lập - Tự do - Hạnh phúc", bold)
    sheet.merge_range("A4:F4", table.title.upper(), bold)
    sheet.merge_range("A5:F5", f"(Số liệu tính đến hết ngày {table.day:%d/%m/%Y})", bold)
    sheet.merge_range("A7:A8", "STT", bold)
    sheet.merge_range("B7:B8", "Đơn vị", bold)
    sheet.merge_range("C7:D7", table.counted, bold)
    sheet.write_row("C8", ["Kỳ trước", "Lũy kế"], bold)
    sheet.merge_range("E7:E8", "Tỷ lệ so với kỳ trước", bold)
    sheet.merge_range("F7:F8", "Ghi chú", bold)
    sheet.write_row("A9", ["(A)", "(B)", "(1)", "(2)", "(3)=(2)/(1)", "(4)"], bold)
    row, number = 9, 0
    for roman, block in zip(ROMAN, table.blocks, strict=False):
        if block.name:
            subtotal = sum(line.value for line in block.lines if isinstance(line.value, int))
            sheet.write_row(row, 0, [roman, block.name, "", dotted(subtotal)], bold)
            row += 1
        for line in block.lines:
            number += 1
            sheet.write_row(row, 0, [number, line.name, dotted(line.before), dotted(line.value), line.rate])
            row += 1
    sheet.merge_range(row, 0, row, 1, "Tổng cộng", bold)
    sheet.write(row, 3, dotted(table.total), bold)
    sheet.write(row + 2, 1, "NGƯỜI LẬP BIỂU", bold)
    sheet.write(row + 2, 3, "GIÁM ĐỐC", bold)
    book.close()
    return buffer.getvalue()


def _excel_plain(table: Table) -> bytes:
    """A list with real numbers and real dates."""
    buffer, book = workbook()
    sheet = book.add_worksheet("Sheet1")
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    sheet.write_row(0, 0, ["STT", "Tên đơn vị", "Ngày số liệu", "Số lũy kế"])
    for number, line in enumerate(table.lines, 1):
        sheet.write_row(number, 0, [number, line.name])
        sheet.write_datetime(number, 2, datetime.combine(table.day, datetime.min.time()), day)
        sheet.write(number, 3, line.value)
    book.close()
    return buffer.getvalue()


def _text(table: Table, style: Style) -> bytes:
    """Separated text. Where the comma separates the cells, thousands are written without dots."""
    delimiter = {"csv_semicolon_bom": ";", "text_utf16_tab": "\t"}.get(style, ",")
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n")
    if style == "csv_english":
        writer.writerow(["unit", "as of date", "cumulative count"])
        writer.writerows([line.name, table.day.isoformat(), line.value] for line in table.lines)
        return buffer.getvalue().encode()
    number_text = str if delimiter == "," else dotted
    writer.writerow([table.title, "", ""])
    writer.writerow([f"Tính đến ngày {table.day:%d/%m/%Y}", "", ""])
    writer.writerow(["STT", "Đơn vị", "Lũy kế"])
    for number, line in enumerate(table.lines, 1):
        writer.writerow([number, line.name, number_text(line.value)])
    writer.writerow(["", "Tổng cộng", number_text(table.total)])
    text = buffer.getvalue()
    if style == "csv_semicolon_bom":
        return text.encode("utf-8-sig")
    # The byte order is written out: "utf-16" alone would follow the machine.
    return b"\xff\xfe" + text.encode("utf-16-le") if style == "text_utf16_tab" else text.encode()
