"""A sheet as an office has it on the screen, and the files that programs make of it: XLSX, XLS, XLSB, ODS, CSV, TXT."""

from __future__ import annotations

import io
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import xlsxwriter


@dataclass(frozen=True)
class Error:
    """A cell that shows an error."""

    text: str


@dataclass(frozen=True)
class Formula:
    """A formula and what Excel calculated last; None: nobody calculated it."""

    text: str
    value: str | int | None


Cell = str | int | float | date | Error | Formula | None
ERROR_CODES = {"#NULL!": 0, "#DIV/0!": 7, "#VALUE!": 15, "#REF!": 23, "#NAME?": 29, "#NUM!": 36, "#N/A": 42}


@dataclass(frozen=True)
class Sheet:
    """`merges` as Excel names them (`A7:A8`); `hidden_rows` from 1."""

    name: str
    rows: list[list[Cell]]
    merges: Sequence[str] = ()
    is_hidden: bool = False
    hidden_rows: Sequence[int] = field(default=())


DAY_FORMAT, INSTANT_FORMAT = "dd/mm/yyyy", "dd/mm/yyyy hh:mm:ss"


def serial_of(day: date, *, is_1904: bool) -> float:
    """What Excel writes for a day or an instant; a whole number for a day and for its midnight."""
    instant = day if isinstance(day, datetime) else datetime(day.year, day.month, day.day)
    return (instant - (datetime(1904, 1, 1) if is_1904 else datetime(1899, 12, 30))) / timedelta(days=1)


def corners(merge: str) -> tuple[int, int, int, int]:
    """(first row, first column, last row, last column) from 0."""
    first, last = merge.split(":")
    return (*_place(first), *_place(last))


def _place(name: str) -> tuple[int, int]:
    letters = name.rstrip("0123456789")
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return int(name[len(letters) :]) - 1, column - 1


def xlsx(sheets: Sequence[Sheet], *, is_1904: bool = False) -> bytes:
    """As Excel saves it, the same bytes each time: what asks for a calculation at the next opening is taken out again."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "date_1904": is_1904, "strings_to_formulas": False})
    book.set_properties({"created": datetime(2023, 7, 3, 8)})
    day_format = book.add_format({"num_format": "dd/mm/yyyy"})
    moment_format = book.add_format({"num_format": "dd/mm/yyyy hh:mm:ss"})
    for sheet in sheets:
        target = book.add_worksheet(sheet.name)
        for merge in sheet.merges:
            target.merge_range(merge, "")
        for line, row in enumerate(sheet.rows):
            for column, cell in enumerate(row):
                if isinstance(cell, date):
                    has_time = isinstance(cell, datetime)
                    target.write_datetime(line, column, cell, moment_format if has_time else day_format)
                elif isinstance(cell, Error):
                    target.write_formula(line, column, "=1/0", None, cell.text)
                elif isinstance(cell, Formula):
                    target.write_formula(line, column, cell.text, None, "" if cell.value is None else cell.value)
                elif cell is not None:
                    target.write(line, column, cell)
        for line in sheet.hidden_rows:
            target.set_row(line - 1, None, None, {"hidden": True})
        if sheet.is_hidden:
            target.hide()
    if sheets[0].is_hidden:
        visible = next(index for index, sheet in enumerate(sheets) if not sheet.is_hidden)
        book.worksheets()[visible].activate()
        book.worksheets()[visible].set_first_sheet()
    book.close()
    return repacked(stream.getvalue(), {"xl/workbook.xml": lambda part: part.replace(b' fullCalcOnLoad="1"', b"")})


def repacked(
    package: bytes,
    changes: Mapping[str, Callable[[bytes], bytes]],
    added: Mapping[str, bytes] | None = None,
    *,
    compression: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """A ZIP file with some of its parts changed."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(stream, "w", compression) as new:
        assert set(changes) <= set(old.namelist()), old.namelist()
        for name in old.namelist():
            part = old.read(name)
            new.writestr(zipfile.ZipInfo(name), changes[name](part) if name in changes else part, compression)
        for name, part in (added or {}).items():
            new.writestr(zipfile.ZipInfo(name), part, compression)
    return stream.getvalue()


def shown(cell: Cell) -> str:
    """As the screen shows it and a CSV holds it."""
    if isinstance(cell, Error):
        return cell.text
    if isinstance(cell, Formula):
        return shown(cell.value)
    if isinstance(cell, datetime):
        return cell.strftime("%d/%m/%Y %H:%M:%S")
    if isinstance(cell, date):
        return cell.strftime("%d/%m/%Y")
    return "" if cell is None else str(cell)


def text_file(sheet: Sheet, delimiter: str = ",", *, encoding: str = "utf-8", newline: str = "\r\n") -> bytes:
    """As Excel saves CSV and tab text. `encoding` may also be `nfd` or `cp1258`."""
    from tests.intake.wrong_encodings import to_cp1258

    text = "".join(delimiter.join(_quoted(shown(cell), delimiter) for cell in row) + newline for row in sheet.rows)
    if encoding == "nfd":
        return unicodedata.normalize("NFD", text).encode()
    return to_cp1258(text) if encoding == "cp1258" else text.encode(encoding)


def _quoted(text: str, delimiter: str) -> str:
    if any(sign in text for sign in (delimiter, '"', "\n")):
        return '"' + text.replace('"', '""') + '"'
    return text


def rows_of(*rows: Iterable[Cell]) -> list[list[Cell]]:
    return [list(row) for row in rows]
