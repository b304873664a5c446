"""Marks of XLS and XLSB sheets: both are rows of records of a kind, a length and a body."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator

from thidua.intake.compound import read_stream
from thidua.intake.marks import DAY_AND_TIME, BookMarks, Cell, Marks, shows_day_and_time
from thidua.intake.marks_xml import relations_of

ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}
_OTHER_ERROR = "#N/A"
_ERROR, _EMPTY = 2, 3  # kinds of results of XLS formulas that are no numbers

_XLS_BEGIN, _XLS_END, _XLS_SHEET, _XLS_EPOCH, _XLS_FORMULA, _XLS_ERROR = 0x0809, 0x000A, 0x0085, 0x0022, 0x0006, 0x0205
_XLS_FORMAT, _XLS_STYLE = 0x041E, 0x00E0
_XLS_NUMBER, _XLS_SHORT_NUMBER, _XLS_SHORT_NUMBERS = 0x0203, 0x027E, 0x00BD  # the last: several of one row
# Bits of a formula's options and of a workbook's: to be calculated when the file is opened.
_ON_LOAD, _XLSB_ON_LOAD = 2, 1
_XLS_ENGINE = 0x01C1  # which version of Excel calculated the workbook
_XLSB_ROW, _XLSB_ERROR, _XLSB_FORMULA_ERROR, _XLSB_MERGE, _XLSB_BOOK, _XLSB_SHEET = 0, 3, 11, 176, 153, 156
_XLSB_FORMULA_NUMBER, _XLSB_CALCULATION = 9, 157
_XLSB_SHORT_NUMBER, _XLSB_NUMBER, _XLSB_FORMAT, _XLSB_STYLE, _XLSB_STYLES, _XLSB_STYLES_END = 2, 5, 44, 47, 617, 618
_XLSB_STYLES_PART = "xl/styles.bin"


def xls_marks(content: bytes) -> BookMarks:
    """Of an Excel 97 to 2003 workbook. Sheets come in the order of their places in the stream.

    A library that writes formulas cannot calculate: it writes 0 and asks for a calculation on opening, or it writes an
    empty text. Excel writes that too, for a formula that gives one; so it counts where no formula of the workbook has
    another result and no Excel left its mark.
    """
    book = BookMarks()
    emptied: list[tuple[Marks, Cell]] = []
    is_calculated = False
    stream = read_stream(content, ("Workbook", "Book"))
    names: dict[int, str] = {}
    styles = _Styles()
    sheet: Marks | None = None
    for place, kind, body in _xls_records(stream or b""):
        if kind == _XLS_SHEET and len(body) >= 8:
            start, length, is_wide = struct.unpack("<I", body[:4])[0], body[6], body[7] & 1
            raw = body[8 : 8 + length * (2 if is_wide else 1)]
            names[start] = raw.decode("utf-16-le" if is_wide else "latin-1", "replace")
        elif kind == _XLS_EPOCH:
            book.is_1904 = body[:1] == b"\1"
        elif kind == _XLS_FORMAT and len(body) >= 5:
            raw, is_wide = body[5:], body[4] & 1
            styles.add_format(
                struct.unpack_from("<H", body)[0], raw.decode("utf-16-le" if is_wide else "latin-1", "replace")
            )
        elif kind == _XLS_STYLE and len(body) >= 4:
            styles.add(struct.unpack_from("<H", body, 2)[0])
        elif kind == _XLS_BEGIN:
            sheet = book.sheets.setdefault(names[place], Marks()) if place in names else None
        elif sheet is not None and kind == _XLS_ERROR and len(body) >= 8 and body[7] == 1:
            sheet.errors[struct.unpack("<HH", body[:4])] = ERRORS.get(body[6], _OTHER_ERROR)
        # A result that is no number says so in its last two bytes, and what it is in its first.
        elif sheet is not None and kind == _XLS_FORMULA and len(body) >= 16:
            cell = struct.unpack("<HH", body[:4])
            if body[12:14] == b"\xff\xff" and body[6] == _EMPTY:
                emptied.append((sheet, cell))
                continue
            if body[12:14] == b"\xff\xff" and body[6] == _ERROR:
                sheet.errors[cell] = ERRORS.get(body[8], _OTHER_ERROR)
            elif body[6:14] == bytes(8) and body[14] & _ON_LOAD:
                sheet.uncalculated.append(cell)
                continue
            is_calculated = True
        elif kind == _XLS_ENGINE:
            is_calculated = True
        if sheet is not None and styles.timed:
            sheet.midnights.update(cell for cell, style in _xls_numbers(kind, body) if style in styles.timed)
    for marks, cell in [] if is_calculated else emptied:
        marks.uncalculated.append(cell)
    return book


class _Styles:
    """The cell styles of a workbook, in the order that gives them their numbers; `timed`: those that show a day with its
    time. Formats of its own come before them."""

    def __init__(self) -> None:
        self.timed: set[int] = set()
        self._formats = {DAY_AND_TIME}
        self._count = 0

    def add_format(self, number: int, text: str) -> None:
        if shows_day_and_time(text):
            self._formats.add(number)

    def add(self, number_format: int) -> None:
        if number_format in self._formats:
            self.timed.add(self._count)
        self._count += 1


def _xls_numbers(kind: int, body: bytes) -> Iterator[tuple[Cell, int]]:
    """The cells of a record that hold numbers, each with its style."""
    if kind in (_XLS_NUMBER, _XLS_SHORT_NUMBER, _XLS_FORMULA) and len(body) >= 6:
        row, column, style = struct.unpack_from("<HHH", body)
        yield (row, column), style
    elif kind == _XLS_SHORT_NUMBERS and len(body) >= 6:
        row, column = struct.unpack_from("<HH", body)
        for index in range((len(body) - 6) // 6):
            yield (row, column + index), struct.unpack_from("<H", body, 4 + 6 * index)[0]


def _xls_records(stream: bytes) -> Iterator[tuple[int, int, bytes]]:
    place = 0
    while place + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, place)
        yield place, kind, stream[place + 4 : place + 4 + length]
        place += 4 + length


def xlsb_marks(package: zipfile.ZipFile) -> BookMarks:
    book = BookMarks()
    parts = set(package.namelist())
    if "xl/workbook.bin" not in parts:
        return book
    paths = relations_of(package, "xl/_rels/workbook.bin.rels")
    sheets: dict[str, str] = {}
    asks_for_calculation = False
    for kind, body in _xlsb_records(package.read("xl/workbook.bin")):
        if kind == _XLSB_BOOK:
            book.is_1904 = bool(body[:1] and body[0] & 1)
        elif kind == _XLSB_SHEET:
            relation, rest = _wide_text(body[8:])
            name, _ = _wide_text(rest)
            path = paths.get(relation, "")
            if path in parts:
                sheets[name] = path
        elif kind == _XLSB_CALCULATION and len(body) >= 26:
            asks_for_calculation = bool(body[24] & _XLSB_ON_LOAD)
    timed = _xlsb_timed(package.read(_XLSB_STYLES_PART)) if _XLSB_STYLES_PART in parts else set()
    for name, path in sheets.items():
        book.sheets[name] = _xlsb_sheet(package.read(path), timed, asks_for_calculation=asks_for_calculation)
    return book


def _xlsb_timed(content: bytes) -> set[int]:
    """The numbers of the cell styles that show a day with its time; other styles are numbered apart."""
    styles = _Styles()
    is_of_cells = False
    for kind, body in _xlsb_records(content):
        if kind == _XLSB_FORMAT and len(body) >= 6:
            styles.add_format(struct.unpack_from("<H", body)[0], _wide_text(body[2:])[0])
        elif kind in (_XLSB_STYLES, _XLSB_STYLES_END):
            is_of_cells = kind == _XLSB_STYLES
        elif kind == _XLSB_STYLE and is_of_cells and len(body) >= 4:
            styles.add(struct.unpack_from("<H", body, 2)[0])
    return styles.timed


def _xlsb_sheet(content: bytes, timed: set[int], *, asks_for_calculation: bool) -> Marks:
    marks = Marks(merges=[])
    row = 0
    for kind, body in _xlsb_records(content):
        if kind == _XLSB_ROW and len(body) >= 4:
            row = struct.unpack_from("<I", body)[0]
        elif timed and kind in (_XLSB_SHORT_NUMBER, _XLSB_NUMBER, _XLSB_FORMULA_NUMBER) and len(body) >= 8:
            column, style = struct.unpack_from("<II", body)
            if style & 0xFFFFFF in timed:
                marks.midnights.add((row, column))
        if kind in (_XLSB_ERROR, _XLSB_FORMULA_ERROR) and len(body) >= 9:
            marks.errors[row, struct.unpack_from("<I", body)[0]] = ERRORS.get(body[8], _OTHER_ERROR)
        # As in XLSX: 0, in a workbook that asks for its calculation, is no figure that anybody saw.
        elif kind == _XLSB_FORMULA_NUMBER and asks_for_calculation and body[8:16] == bytes(8):
            marks.uncalculated.append((row, struct.unpack_from("<I", body)[0]))
        elif kind == _XLSB_MERGE and len(body) >= 16 and marks.merges is not None:
            first_row, last_row, first_column, last_column = struct.unpack_from("<IIII", body)
            marks.merges.append((first_row, first_column, last_row, last_column))
    return marks


def _xlsb_records(content: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place < len(content):
        kind, place = _varint(content, place, 2)
        length, place = _varint(content, place, 4)
        yield kind, content[place : place + length]
        place += length


def _varint(content: bytes, place: int, longest: int) -> tuple[int, int]:
    """(number, next place): seven bits a byte, the lowest first."""
    number = 0
    for index in range(longest):
        byte = content[place] if place < len(content) else 0
        place += 1
        number |= (byte & 0x7F) << (7 * index)
        if not byte & 0x80:
            break
    return number, place


def _wide_text(body: bytes) -> tuple[str, bytes]:
    """A text with its length before it, and what follows."""
    length = struct.unpack_from("<I", body)[0] if len(body) >= 4 else 0
    stop = 4 + 2 * min(length, len(body))
    return body[4:stop].decode("utf-16-le", "replace"), body[stop:]
