"""Workbooks as sheets of text: whole numbers without separators, days as ISO, errors as Excel shows them.

Runs in the process of workbook_process.py. A hidden sheet is not read: it holds old data or lists for drop-downs, and
whoever signed the sheet did not see it. A hidden row or column is read like any other: a filter that was left on, or a folded
outline, hides rows that the totals still count, and the same sheet saved as CSV holds them.
"""

from __future__ import annotations

import io
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from thidua.intake.compound import stream_names
from thidua.intake.days import DAYS_FROM_1900_TO_1904, parse_day
from thidua.intake.faults import FileFault
from thidua.intake.marks import BookMarks, Marks, Merge, cell_name
from thidua.intake.marks_binary import xls_marks, xlsb_marks
from thidua.intake.marks_xml import ods_marks, xlsx_marks
from thidua.intake.packages import damaged, open_package
from thidua.limits import (
    MAX_CELL_CHARACTERS,
    MAX_COLUMNS,
    MAX_MERGES,
    MAX_ROWS,
    MAX_TEXT_CHARACTERS,
    MAX_WORKBOOK_BYTES,
)

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BATCH_ROWS = 5_000
_BATCH_CHARACTERS = 5_000_000
# A gap says that a table ended; a longer one, down to a stray cell at the bottom, says nothing more.
_LONGEST_GAP = 5

Row = list[str]


@dataclass(frozen=True)
class Sheet:
    """`batches` are rows with their numbers from 1, blank at the right cut off; they must be taken before the next
    sheet is asked for.
    """

    name: str
    batches: Iterator[tuple[list[int], list[Row]]]
    merges: list[Merge]
    is_1904: bool


def cell_text(cell: Any) -> str:
    """Canonical text of a typed cell. A fraction never looks like a grouped thousand: 28.125 becomes 28.1250."""
    if isinstance(cell, str):
        return cell if cell.isascii() else unicodedata.normalize("NFC", cell)
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        if cell.is_integer():
            return str(int(cell))
        text = repr(cell)
        whole, _, fraction = text.partition(".")
        return f"{whole}.{fraction}0" if len(fraction) == 3 and "e" not in text else text
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return str(cell)


def read_sheets(content: bytes) -> Iterator[Sheet]:
    """The visible worksheets that hold anything. Raises FileFault on what is damaged, protected, unsafe or too large."""
    if len(content) > MAX_WORKBOOK_BYTES:
        raise too_large(f"{len(content) // 1_000_000} MB")
    marks = _marks(content)
    taken = _Taken()
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        for metadata in workbook.sheets_metadata:
            if metadata.typ != SheetTypeEnum.WorkSheet or metadata.visible != SheetVisibleEnum.Visible:
                continue
            name = metadata.name
            sheet = workbook.get_sheet_by_name(name)
            own = marks.sheets.get(name, Marks())
            if own.uncalculated:
                place = f"{name}!{cell_name(own.uncalculated[0])}"
                raise FileFault("formula_without_value", place=place, count=str(len(own.uncalculated)))
            if sheet.height and sheet.width:
                merges = own.merges if own.merges is not None else _merges_of(sheet)
                if len(merges) > MAX_MERGES:
                    raise too_large(f"{name}: {len(merges)} ô gộp / merged cells")
                yield Sheet(name, _batches(name, sheet, own, taken, marks.is_1904), merges, marks.is_1904)
    except PasswordError as error:
        raise _protected() from error
    except (CalamineError, ValueError, OSError) as error:
        raise damaged() from error


def too_large(value: str) -> FileFault:
    return FileFault("too_large", value=value)


def _protected() -> FileFault:
    return FileFault("unreadable_file", reason_vi="có mật khẩu", reason_en="it has a password")


def _marks(content: bytes) -> BookMarks:
    if content.startswith(OLE):
        if "EncryptedPackage" in stream_names(content):
            raise _protected()
        return xls_marks(content)
    if not content.startswith(ZIP):
        return BookMarks()
    with open_package(content) as package:
        try:
            parts = set(package.namelist())
            if "xl/workbook.bin" in parts:
                return xlsb_marks(package)
            return xlsx_marks(package) if "xl/workbook.xml" in parts else ods_marks(package)
        except (expat.ExpatError, zipfile.BadZipFile, ValueError, RecursionError) as error:
            raise damaged() from error


def _merges_of(sheet: Any) -> list[Merge]:
    return [(*first, *last) for first, last in sheet.merged_cell_ranges or []]


@dataclass
class _Taken:
    """Characters of the workbook so far, a blank cell counting as one."""

    characters: int = 0

    def add(self, texts: Row, name: str, number: int) -> None:
        self.characters += sum(map(len, texts)) + len(texts)
        if self.characters > MAX_TEXT_CHARACTERS:
            raise too_large(f"{name}!{number + 1}:{number + 1}: {MAX_TEXT_CHARACTERS} ký tự / characters")


def _with_midnight(text: str, is_1904: bool) -> str:
    """A day that shows its time, which is 00:00. Whole numbers of an XLSB are read as they are, days among them."""
    if len(text) == len("45107") and text.isdecimal():
        day = parse_day(str(int(text) + (DAYS_FROM_1900_TO_1904 if is_1904 else 0)))
        return f"{day} 00:00:00" if day else text
    return f"{text} 00:00:00" if len(text) == len("2023-06-30") else text


def _batches(
    name: str, sheet: Any, marks: Marks, taken: _Taken, is_1904: bool
) -> Iterator[tuple[list[int], list[Row]]]:
    """Checked against the limits by what the sheet holds, not by what it says of itself."""
    top, left = sheet.start
    if top + sheet.height > MAX_ROWS:
        raise too_large(f"{name}: {top + sheet.height} dòng / rows")
    errors: dict[int, dict[int, str]] = {}
    for (row, column), text in marks.errors.items():
        errors.setdefault(row, {})[column] = text
    midnights: dict[int, list[int]] = {}
    for row, column in marks.midnights:
        midnights.setdefault(row, []).append(column)
    lines: list[int] = []
    rows: list[Row] = []
    gap = 0
    full = taken.characters + _BATCH_CHARACTERS
    for number, cells in enumerate(_rows(sheet, top, left)):
        texts = [cell if cell == "" else cell_text(cell) for cell in cells]
        for column in midnights.get(number, ()):
            if column < len(texts):
                texts[column] = _with_midnight(texts[column], is_1904)
        for column, text in errors.get(number, {}).items():
            if column < MAX_COLUMNS:
                texts += [""] * (column + 1 - len(texts))
                texts[column] = text
        while texts and not texts[-1]:
            texts.pop()
        if not texts:
            gap += 1
            if gap > _LONGEST_GAP:
                continue
        else:
            gap = 0
            if len(texts) > MAX_COLUMNS:
                raise too_large(f"{name}!{cell_name((number, len(texts) - 1))}")
            if any(len(text) > MAX_CELL_CHARACTERS for text in texts):
                raise too_large(f"{name}!{number + 1}:{number + 1}")
            taken.add(texts, name, number)
        lines.append(number + 1)
        rows.append(texts)
        if len(rows) == _BATCH_ROWS or taken.characters > full:
            yield lines, rows
            lines, rows = [], []
            full = taken.characters + _BATCH_CHARACTERS
    if rows:
        yield lines, rows


def _rows(sheet: Any, top: int, left: int) -> Iterator[list[Any]]:
    """From the first row and column of the sheet on."""
    for _ in range(top):
        yield []
    blank = [""] * left
    for cells in sheet.iter_rows():
        yield blank + cells
