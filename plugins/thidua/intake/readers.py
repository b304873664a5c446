"""Which reader reads which file. Part of a file's contract is its extension; the content must agree with it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import PurePosixPath

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from thidua.intake.delimited import read_delimited
from thidua.intake.faults import FileFault
from thidua.intake.fonts import find_foreign_encoding, rule_of
from thidua.intake.grid import Grid, has_text
from thidua.intake.marks import cell_name
from thidua.intake.workbooks import read_workbook
from thidua.limits import MAX_CELL_CHARACTERS, MAX_FILE_BYTES

TEXTS = {".csv", ".txt"}
WORKBOOKS = {".xlsx", ".xls", ".xlsb", ".ods"}
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BLANK = b"\0 \t\r\n"
_WEB = (b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta", b"<head")
# Rows whose letters are all looked at. A file comes out of one program, so a part of a long one shows its encoding; of
# the other rows those are looked at that hold a letter or sign which Vietnamese has not, and wrong encodings have.
_LOOKED_AT = 5_000
_LETTERS_LOOKED_AT = 5_000_000
_HEAD = 100
_FOREIGN = "[\u0080-\u00bfÄÅÆÇËÎÏÑÖ×ØÛÜÞßäåæçëîïñöø÷ûüþÿ\ufffd]"


def read_file(file_name: str, content: bytes) -> list[Grid]:
    """The grids of a file that hold text. Raises FileFault when there is none to read, or it must not be read."""
    suffix = PurePosixPath(file_name).suffix.lower()
    if suffix not in TEXTS | WORKBOOKS:
        raise FileFault("unknown_format", value=suffix or file_name)
    if len(content) > MAX_FILE_BYTES:
        raise FileFault("too_large", value=f"{len(content) // 1_000_000} MB")
    if not content[:4096].strip(_BLANK) and not content.strip(_BLANK):
        raise FileFault("empty_file")
    grids = [grid for grid in _grids(suffix, content) if has_text(grid)]
    if not grids:
        raise FileFault("empty_file")
    for grid in grids:
        _refuse_long_cells(grid)
        if found := _foreign_encoding(grid):
            encoding, (row, column) = found
            raise FileFault(rule_of(encoding), value=encoding, place=_place(grid, row, column))
    return grids


def _grids(suffix: str, content: bytes) -> list[Grid]:
    """Machines write workbooks under the name of a text file and the other way round; the content decides."""
    if content.startswith((_ZIP, _OLE)):
        return read_workbook(content)
    if content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_WEB):
        raise FileFault(
            "unreadable_file",
            reason_vi="đây là trang web hoặc XML, không phải bảng tính",
            reason_en="it is a web page or XML, no workbook",
        )
    if suffix in WORKBOOKS and b"\0" in content[:4096] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return read_workbook(content)
    return [read_delimited(content)]


def _refuse_long_cells(grid: Grid) -> None:
    for index, column in enumerate(grid.columns):
        lengths = pc.binary_length(column)
        if (pc.max(lengths).as_py() or 0) > MAX_CELL_CHARACTERS:
            place = pc.index(pc.greater(lengths, MAX_CELL_CHARACTERS), True).as_py()
            raise FileFault("too_large", value=_place(grid, place, index))


def _foreign_encoding(grid: Grid) -> tuple[str, tuple[int, int]] | None:
    """The wrong encoding that the grid's text is in, with the (row, column) that shows it first."""
    found = find_foreign_encoding(_letters(grid))
    if found or grid.height <= _LOOKED_AT:
        return found
    strange = list(_strange(grid))
    return find_foreign_encoding(chain(_letters(grid), strange)) if strange else None


def _strange(grid: Grid) -> Iterator[tuple[tuple[int, int], str]]:
    """((row, column), text) of the cells of all rows that hold what Vietnamese has not; of each text the first."""
    left = _LETTERS_LOOKED_AT
    for index, column in enumerate(grid.columns):
        # A header is seldom ASCII, and many of the columns under it are: they need no second look.
        pieces = column.slice(0, _HEAD), column.slice(_HEAD)
        if not any(_matches_anywhere(piece, _FOREIGN) for piece in pieces):
            continue
        seen: set[str] = set()
        rows = pc.indices_nonzero(pc.match_substring_regex(column, _FOREIGN))
        for row, text in zip(rows.to_pylist(), column.take(rows).to_pylist(), strict=True):
            if text not in seen:
                seen.add(text)
                yield (row, index), text
                left -= len(text)
                if left < 0:
                    return


def _matches_anywhere(column: pa.Array, pattern: str) -> bool:
    """Of a pattern beyond ASCII. Over the letters of all rows as one text, which is many times as fast as row by row."""
    _, offsets, letters = column.buffers()
    if letters is None:
        return False
    bounds = np.frombuffer(offsets, np.int32)[[column.offset, column.offset + len(column)]].astype(np.int64)
    text = pa.Array.from_buffers(pa.large_string(), 1, [None, pa.py_buffer(bounds), letters])
    return not pc.string_is_ascii(text)[0].as_py() and bool(pc.match_substring_regex(text, pattern)[0].as_py())


def _letters(grid: Grid) -> Iterator[tuple[tuple[int, int], str]]:
    """((row, column), text) of the cells of as many rows as show what encoding the file is in."""
    rows = np.unique(np.linspace(0, grid.height - 1, min(grid.height, _LOOKED_AT), dtype=np.int64))
    left = _LETTERS_LOOKED_AT
    for index, column in enumerate(grid.columns):
        for row, text in zip(rows.tolist(), column.take(pa.array(rows)).to_pylist(), strict=True):
            if not text.isascii():
                yield (row, index), text
                left -= len(text)
                if left < 0:
                    return


def _place(grid: Grid, row: int, column: int) -> str:
    line = grid.lines[row].as_py()
    return f"dòng / line {line}" if grid.sheet is None else f"{grid.sheet}!{cell_name((line - 1, column))}"
