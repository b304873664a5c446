"""CSV and tab text as grids. Arrow reads the table; the lines around it and odd files go through the csv module.

Line numbers are those that an editor shows. Where no quoted cell holds a line break, the number of a row is the number of
its line, and Arrow may do the reading; where one does, the csv module counts.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from thidua.intake.encodings import to_utf8
from thidua.intake.faults import FileFault
from thidua.intake.grid import Grid, GridBuilder, blank
from thidua.limits import MAX_CELL_CHARACTERS, MAX_COLUMNS, MAX_ODD_CELLS

if TYPE_CHECKING:
    from _csv import Reader

DELIMITERS = [";", "\t", ",", "|"]
_SAMPLE_BYTES = 200_000
_SAMPLE_LINES = 200
_BLOCK = 1 << 26  # the columns of a file of one block are taken as they are
_BATCH_ROWS = 10_000


class _NotArrows(Exception):
    """A file that Arrow could misread."""


def read_delimited(content: bytes) -> Grid:
    """One grid of a text file. Raises FileFault when its encoding or its quoting cannot be read."""
    utf8, encoding = to_utf8(content)
    utf8 = utf8.rstrip(b"\x1a")  # the end mark of DOS
    if b"\r" in utf8 and utf8.count(b"\r") != utf8.count(b"\r\n"):
        utf8 = utf8.replace(b"\r\n", b"\n").replace(b"\r", b"\n")  # lines of old Macs, or mixed ones
    sample = _sample(utf8)
    # Excel's own hint line, else what splits the lines evenly.
    hint = sample[0][4:5] if sample and sample[0][:4].lower() == "sep=" else ""
    delimiter = hint or _delimiter_of(sample)
    notes = {"encoding": encoding, "delimiter": "tab" if delimiter == "\t" else delimiter}
    width = _usual_width(sample, delimiter)
    try:
        return _read_fast(utf8, delimiter, width, notes)
    except (_NotArrows, pa.ArrowInvalid):
        return _read_carefully(utf8, delimiter, notes)


def _sample(utf8: bytes) -> list[str]:
    return utf8[:_SAMPLE_BYTES].decode("utf-8", "ignore").splitlines()[:_SAMPLE_LINES]


def _widths(sample: list[str], delimiter: str) -> dict[int, int]:
    """cells -> lines, of the lines that the delimiter cuts at all."""
    widths: dict[int, int] = {}
    try:
        for cells in csv.reader(sample, delimiter=delimiter):
            if len(cells) > 1:
                widths[len(cells)] = widths.get(len(cells), 0) + 1
    except csv.Error:  # a cell of the sample is too long to be one
        return {}
    return widths


def _delimiter_of(sample: list[str]) -> str:
    """The delimiter that splits the most lines into the same number of cells; quotes are respected."""
    best, best_score = ",", (0, 0)
    for delimiter in DELIMITERS:
        widths = _widths(sample, delimiter)
        if widths:
            width, lines = max(widths.items(), key=lambda item: (item[1], item[0]))
            if (lines, width) > best_score:
                best, best_score = delimiter, (lines, width)
    return best


def _usual_width(sample: list[str], delimiter: str) -> int:
    widths = _widths(sample, delimiter)
    return max(widths.items(), key=lambda item: (item[1], item[0]))[0] if widths else 1


def _read_fast(utf8: bytes, delimiter: str, width: int, notes: dict[str, str]) -> Grid:
    """Arrow reads the lines of the usual width and hands over the others: titles, blank lines, signatures."""
    has_quotes = b'"' in utf8
    if not 2 <= width <= MAX_COLUMNS or (has_quotes and not _is_well_quoted(utf8, delimiter)):
        raise _NotArrows
    odd: list[tuple[int, str]] = []

    def hand_over(row: arrow_csv.InvalidRow) -> str:
        odd.append((row.number, row.text))
        return "skip" if len(odd) * width <= MAX_ODD_CELLS else "error"

    names = [str(number) for number in range(width)]
    table = arrow_csv.read_csv(
        pa.BufferReader(utf8),
        # One thread: with more, nobody knows the numbers of the lines that are handed over.
        read_options=arrow_csv.ReadOptions(column_names=names, block_size=_BLOCK, use_threads=False),
        parse_options=arrow_csv.ParseOptions(
            delimiter=delimiter,
            quote_char='"' if has_quotes else False,
            newlines_in_values=has_quotes,
            ignore_empty_lines=False,
            invalid_row_handler=hand_over,
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, check_utf8=False
        ),
    )
    if any('"' in text for _, text in odd):
        raise _NotArrows
    breaks = _line_breaks(table) if has_quotes and table.num_rows + len(odd) != _count_lines(utf8) else None
    if breaks is None:
        return Grid(None, *_with_odd_lines(table, odd, delimiter), notes, widths=_widths_of(table, odd, delimiter))
    if odd or table.num_rows + int(breaks.sum()) != _count_lines(utf8):
        raise _NotArrows
    lines = np.arange(1, table.num_rows + 1, dtype=np.int64) + np.cumsum(breaks) - breaks
    columns = [_as_array(column) for column in table.columns]
    return Grid(None, columns, pa.array(lines), notes, widths=_widths_of(table, [], delimiter))


def _widths_of(table: pa.Table, odd: list[tuple[int, str]], delimiter: str) -> pa.Array:
    widths = np.full(table.num_rows + len(odd), table.num_columns, np.int32)
    for number, text in odd:
        widths[number - 1] = text.rstrip("\r\n").count(delimiter) + 1
    return pa.array(widths)


def _is_well_quoted(utf8: bytes, delimiter: str) -> bool:
    """Every quotation mark opens or closes a cell, or is doubled inside one; else two readers read it in two ways."""
    letters = np.frombuffer(b"\n" + utf8 + b"\n", np.uint8)
    places = np.flatnonzero(letters == ord('"'))
    edges = np.frombuffer(f'{delimiter}"\r\n'.encode(), np.uint8)
    is_stray = ~np.isin(letters[places - 1], edges) & ~np.isin(letters[places + 1], edges)
    return len(places) % 2 == 0 and not is_stray.any()


def _line_breaks(table: pa.Table) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Per row, how many lines it has beyond its first: a row is where it begins."""
    breaks = np.zeros(table.num_rows, np.int64)
    for column in table.columns:
        breaks += pc.count_substring(column, "\n").to_numpy()
    return breaks


def _count_lines(utf8: bytes) -> int:
    return utf8.count(b"\n") + (not utf8.endswith(b"\n"))


def _with_odd_lines(table: pa.Table, odd: list[tuple[int, str]], delimiter: str) -> tuple[list[pa.Array], pa.Array]:
    """The columns with the handed over lines in their places, and the line numbers."""
    lines = pa.array(np.arange(1, table.num_rows + len(odd) + 1, dtype=np.int64))
    if not odd:
        return [_as_array(column) for column in table.columns], lines
    cells = [text.rstrip("\r\n").split(delimiter) for _, text in odd]
    width = max(table.num_columns, max(map(len, cells)))
    if width > MAX_COLUMNS or width * len(odd) > MAX_ODD_CELLS:
        raise _NotArrows
    columns = []
    for index in range(width):
        pieces: list[pa.Array] = []
        taken = 0
        for order, ((number, _), row) in enumerate(zip(odd, cells, strict=True)):
            stop = number - 1 - order  # rows of the table before this line
            if stop > taken:
                pieces += _slices(table, index, taken, stop)
            pieces.append(pa.array([row[index] if index < len(row) else ""], pa.string()))
            taken = stop
        pieces += _slices(table, index, taken, table.num_rows)
        columns.append(pa.concat_arrays(pieces))
    return columns, lines


def _slices(table: pa.Table, index: int, start: int, stop: int) -> list[pa.Array]:
    if index >= table.num_columns:
        return [blank(stop - start)]
    chunks: list[pa.Array] = table.column(index).slice(start, stop - start).chunks
    return chunks


def _as_array(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _read_carefully(utf8: bytes, delimiter: str, notes: dict[str, str]) -> Grid:
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    # Strict: an open quotation mark would otherwise swallow the rest of the file without a word.
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(utf8), "utf-8", newline=""), delimiter=delimiter, strict=True)
    builder = GridBuilder()
    while batch := list(islice(_numbered(reader), _BATCH_ROWS)):
        builder.add([line for line, _ in batch], [row for _, row in batch])
    return builder.text_grid(notes)


def _numbered(reader: Reader) -> Iterator[tuple[int, list[str]]]:
    """A quoted cell may hold line breaks: the row is where it begins."""
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            if "field limit" in str(error):
                raise FileFault("too_large", value=f"ô / cell, dòng / line {line}") from error
            raise FileFault("broken_quotes", line=str(line)) from error
        if row is None:
            return
        if len(row) > MAX_COLUMNS:
            raise FileFault("too_large", value=f"{len(row)} cột / columns, dòng / line {line}")
        yield line, row
