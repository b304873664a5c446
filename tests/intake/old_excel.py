"""Writes a minimal XLS (BIFF8 in a compound file): no library of the lock can, and offices still send them."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import groupby

from tests.intake.sheets import (
    DAY_FORMAT,
    ERROR_CODES,
    INSTANT_FORMAT,
    Cell,
    Error,
    Formula,
    Sheet,
    corners,
    serial_of,
)

SECTOR = 512
ON_LOAD, EMPTY_TEXT = 2, b"\x03\0\0\0\0\0\xff\xff"
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _text(text: str) -> bytes:
    return struct.pack("<HB", len(text), 1) + text.encode("utf-16-le")


def _globals(sheets: Sequence[Sheet], places: Sequence[int], is_1904: bool) -> bytes:
    stream = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    stream += _record(0x0022, struct.pack("<H", is_1904))
    for number, text in enumerate((DAY_FORMAT, INSTANT_FORMAT), 164):
        stream += _record(0x041E, struct.pack("<HHB", number, len(text), 0) + text.encode())
    for number in (0, 164, 165):  # the styles that cells name
        stream += _record(0x00E0, struct.pack("<HH16x", 0, number))
    for sheet, place in zip(sheets, places, strict=True):
        name = struct.pack("<BB", len(sheet.name), 1) + sheet.name.encode("utf-16-le")
        stream += _record(0x0085, struct.pack("<IBB", place, sheet.is_hidden, 0) + name)
    return stream + _record(0x000A, b"")


def _cells(line: int, row: Sequence[Cell], is_1904: bool) -> Iterator[bytes]:
    """Days and instants of whole seconds that stand side by side in one record, as Excel saves whole numbers."""
    for is_days, places in groupby(range(len(row)), lambda column: isinstance(row[column], date)):
        columns = list(places)
        if not is_days:
            yield from (_cell(line, column, row[column]) for column in columns)
            continue
        cells = [_day(row[column], is_1904) for column in columns]
        if len(cells) > 1 and all(serial.is_integer() for _, serial in cells):
            numbers = b"".join(struct.pack("<HI", style, int(serial) << 2 | 2) for style, serial in cells)
            yield _record(0x00BD, struct.pack("<HH", line, columns[0]) + numbers + struct.pack("<H", columns[-1]))
            continue
        for column, (style, serial) in zip(columns, cells, strict=True):
            place = struct.pack("<HHH", line, column, style)
            if serial.is_integer():
                yield _record(0x027E, place + struct.pack("<I", int(serial) << 2 | 2))
            else:
                yield _record(0x0203, place + struct.pack("<d", serial))


def _day(cell: Cell, is_1904: bool) -> tuple[int, float]:
    assert isinstance(cell, date)
    return 2 if isinstance(cell, datetime) else 1, serial_of(cell, is_1904=is_1904)


def _cell(line: int, column: int, cell: Cell) -> bytes:
    place = struct.pack("<HHH", line, column, 0)
    if isinstance(cell, str):
        return _record(0x0204, place + _text(cell))
    if isinstance(cell, Error):
        return _record(0x0205, place + struct.pack("<BB", ERROR_CODES[cell.text], 1))
    if isinstance(cell, int | float):
        return _record(0x0203, place + struct.pack("<d", cell))
    if isinstance(cell, Formula):
        return _formula(place, cell)
    assert cell is None, cell
    return b""


def _formula(place: bytes, cell: Formula) -> bytes:
    """Its tokens say 0: nobody calculates here. Without a value it is written as libraries do: 0, to be calculated."""
    options = 0
    if cell.value is None:
        result, options = bytes(8), ON_LOAD
    elif cell.value == "":
        result = EMPTY_TEXT
    else:
        assert isinstance(cell.value, int), cell
        result = struct.pack("<d", cell.value)
    tokens = b"\x1e\0\0"
    return _record(0x0006, place + result + struct.pack("<HIH", options, 0, len(tokens)) + tokens)


def _sheet(sheet: Sheet, is_1904: bool) -> bytes:
    stream = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0))
    stream += _record(0x0200, struct.pack("<IIHHH", 0, len(sheet.rows), 0, max(map(len, sheet.rows), default=0), 0))
    for line in sheet.hidden_rows:
        stream += _record(0x0208, struct.pack("<HHHHHHI", line - 1, 0, 1, 255, 0, 0, 0x20))
    for line, row in enumerate(sheet.rows):
        stream += b"".join(_cells(line, row, is_1904))
    if sheet.merges:
        merges = b"".join(
            struct.pack("<HHHH", top, bottom, left, right) for top, left, bottom, right in map(corners, sheet.merges)
        )
        stream += _record(0x00E5, struct.pack("<H", len(sheet.merges)) + merges)
    return stream + _record(0x000A, b"")


def workbook_stream(sheets: Sequence[Sheet], *, is_1904: bool = False) -> bytes:
    bodies = [_sheet(sheet, is_1904) for sheet in sheets]
    place = len(_globals(sheets, [0] * len(sheets), is_1904))
    places = []
    for body in bodies:
        places.append(place)
        place += len(body)
    return _globals(sheets, places, is_1904) + b"".join(bodies)


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    encoded = name.encode("utf-16-le")
    head = encoded.ljust(64, b"\0") + struct.pack("<HBB", len(encoded) + 2 if name else 0, kind, 1)
    return head + struct.pack("<III", FREE, FREE, child) + b"\0" * 36 + struct.pack("<IQ", start, size)


def compound_file(stream: bytes, name: str = "Workbook") -> bytes:
    """A compound file with one stream."""
    stream = stream.ljust(max(4096, -(-len(stream) // SECTOR) * SECTOR), b"\0")
    sectors = len(stream) // SECTOR
    # Sector 0 is the allocation table, 1 the directory, the workbook's stream follows.
    table = [FAT, END, *range(3, 2 + sectors), END]
    assert len(table) <= SECTOR // 4
    fat = struct.pack(f"<{SECTOR // 4}I", *table, *[FREE] * (SECTOR // 4 - len(table)))
    directory = _entry("Root Entry", 5, 1, END, 0) + _entry(name, 2, FREE, 2, len(stream))
    directory += _entry("", 0, FREE, 0, 0) * 2
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16
    header += struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, END, 0, END, 0)
    header += struct.pack("<109I", 0, *[FREE] * 108)
    return header + fat + directory + stream


def xls(sheets: Sequence[Sheet], *, is_1904: bool = False) -> bytes:
    return compound_file(workbook_stream(sheets, is_1904=is_1904))


def old_excel(rows: list[list[str | float | None]], title: str = "Sheet1") -> bytes:
    """The bytes of an .xls with one sheet of texts and numbers."""
    return xls([Sheet(title, [list(row) for row in rows])])
