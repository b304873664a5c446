"""Writes a minimal XLSB (BIFF12 records in a ZIP file): no library of the lock can."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence
from datetime import date, datetime

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

CONTENT_TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="bin" \
ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/><Default Extension="rels" \
ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>"""
RELATIONS = '<?xml version="1.0" encoding="UTF-8"?>\n<Relationships xmlns="{}relationships">{}</Relationships>'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"


def record(kind: int, body: bytes = b"") -> bytes:
    head = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    length = len(body)
    while length >= 0x80:
        head += bytes([length & 0x7F | 0x80])
        length >>= 7
    return head + bytes([length]) + body


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _cell(column: int, cell: Cell, is_1904: bool) -> bytes:
    place = struct.pack("<II", column, 0)
    if isinstance(cell, date):
        place = struct.pack("<II", column, 2 if isinstance(cell, datetime) else 1)
        serial = serial_of(cell, is_1904=is_1904)
        # Excel saves a whole number in the short way.
        return (
            record(2, place + struct.pack("<I", int(serial) << 2 | 2))
            if serial.is_integer()
            else record(5, place + struct.pack("<d", serial))
        )
    if isinstance(cell, str):
        return record(6, place + _wide(cell))
    if isinstance(cell, Error):
        return record(3, place + bytes([ERROR_CODES[cell.text]]))
    if isinstance(cell, int | float):
        return record(5, place + struct.pack("<d", cell))
    if isinstance(cell, Formula):
        assert cell.value is None or isinstance(cell.value, int), cell
        tokens = b"\x1e\0\0"  # 0: nobody calculates here
        return record(9, place + struct.pack("<dHI", cell.value or 0, 0, len(tokens)) + tokens + bytes(4))
    assert cell is None, cell
    return b""


def _styles() -> bytes:
    """Style 1 shows a day, style 2 a day with its time; those that cells are derived from come before, numbered apart."""
    formats = b"".join(
        record(44, struct.pack("<H", number) + _wide(text))
        for number, text in ((164, DAY_FORMAT), (165, INSTANT_FORMAT))
    )
    bases = record(626, struct.pack("<I", 1)) + record(47, struct.pack("<HH12x", 0xFFFF, 165)) + record(627)
    cells = b"".join(record(47, struct.pack("<HH12x", 0, number)) for number in (0, 164, 165))
    styles = record(617, struct.pack("<I", 3)) + cells + record(618)
    return record(278) + record(615, struct.pack("<I", 2)) + formats + record(616) + bases + styles + record(279)


def _sheet(sheet: Sheet, is_1904: bool) -> bytes:
    width = max(map(len, sheet.rows), default=1)
    stream = record(129) + record(148, struct.pack("<IIII", 0, len(sheet.rows) - 1, 0, width - 1)) + record(145)
    for line, row in enumerate(sheet.rows):
        is_hidden = 0x10 if line + 1 in sheet.hidden_rows else 0
        stream += record(0, struct.pack("<IIHBBBI", line, 0, 300, 0, is_hidden, 0, 0))
        stream += b"".join(_cell(column, cell, is_1904) for column, cell in enumerate(row))
    stream += record(146)
    if sheet.merges:
        stream += record(177, struct.pack("<I", len(sheet.merges)))
        for top, left, bottom, right in map(corners, sheet.merges):
            stream += record(176, struct.pack("<IIII", top, bottom, left, right))
        stream += record(178)
    return stream + record(130)


def _relation(number: int, kind: str, target: str) -> str:
    return f'<Relationship Id="rId{number}" Type="{_OFFICE}{kind}" Target="{target}"/>'


def xlsb(sheets: Sequence[Sheet], *, is_1904: bool = False) -> bytes:
    book = record(131) + record(153, struct.pack("<II", is_1904, 0) + _wide("")) + record(143)
    for number, sheet in enumerate(sheets, 1):
        book += record(156, struct.pack("<II", sheet.is_hidden, number) + _wide(f"rId{number}") + _wide(sheet.name))
    asks = any(
        isinstance(cell, Formula) and cell.value is None for sheet in sheets for row in sheet.rows for cell in row
    )
    book += record(144) + record(157, struct.pack("<IIIdIH", 191029, 1, 100, 0.001, 1, asks)) + record(132)
    relations = [
        _relation(number, "worksheet", f"worksheets/sheet{number}.bin") for number in range(1, len(sheets) + 1)
    ]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        package.writestr(zipfile.ZipInfo("[Content_Types].xml"), CONTENT_TYPES, zipfile.ZIP_DEFLATED)
        package.writestr(
            zipfile.ZipInfo("_rels/.rels"),
            RELATIONS.format(_PACKAGE, _relation(1, "officeDocument", "xl/workbook.bin")),
            zipfile.ZIP_DEFLATED,
        )
        package.writestr(zipfile.ZipInfo("xl/workbook.bin"), book, zipfile.ZIP_DEFLATED)
        package.writestr(
            zipfile.ZipInfo("xl/_rels/workbook.bin.rels"),
            RELATIONS.format(_PACKAGE, "".join(relations)),
            zipfile.ZIP_DEFLATED,
        )
        package.writestr(zipfile.ZipInfo("xl/styles.bin"), _styles(), zipfile.ZIP_DEFLATED)
        for number, sheet in enumerate(sheets, 1):
            package.writestr(
                zipfile.ZipInfo(f"xl/worksheets/sheet{number}.bin"), _sheet(sheet, is_1904), zipfile.ZIP_DEFLATED
            )
    return stream.getvalue()
