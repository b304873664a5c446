"""CSV and tab text as grids. Plain rectangular files go through Arrow, all others through the csv module."""

from __future__ import annotations

import csv
import io

import pyarrow as pa
import pyarrow.csv as arrow_csv

from thidua.intake.encodings import decode
from thidua.intake.faults import FileFault
from thidua.intake.grid import Grid, grid_of_rows

DELIMITERS = [";", "\t", ",", "|"]
_SAMPLE_LINES = 200


def _delimiter_of(text: str) -> str:
    """The delimiter that splits the most lines into the same number of cells; quotes are respected."""
    sample = text[:200_000].splitlines()[:_SAMPLE_LINES]
    best, best_score = ",", (0, 0)
    for delimiter in DELIMITERS:
        widths: dict[int, int] = {}
        for cells in csv.reader(sample, delimiter=delimiter):
            if len(cells) > 1:
                widths[len(cells)] = widths.get(len(cells), 0) + 1
        if widths:
            width, lines = max(widths.items(), key=lambda item: (item[1], item[0]))
            score = (lines, width)
            if score > best_score:
                best, best_score = delimiter, score
    return best


def _read_rectangular(text: str, delimiter: str, notes: dict[str, str]) -> Grid | None:
    """The fast way: no quotes, every line the same number of cells; None when the file is not like that."""
    if '"' in text or "\r" in text.replace("\r\n", ""):
        return None
    first = text.split("\n", 1)[0].rstrip("\r")
    names = [str(number) for number in range(first.count(delimiter) + 1)]
    if len(names) < 2 or not text.strip():
        return None
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(text.encode()),
            read_options=arrow_csv.ReadOptions(column_names=names, block_size=1 << 24, use_threads=False),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, quote_char=False, double_quote=False, ignore_empty_lines=False
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    columns = [_as_array(column) for column in table.columns]
    return Grid(None, columns, pa.array(range(1, table.num_rows + 1), pa.int64()), notes)


def _as_array(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _read_any(text: str, delimiter: str, notes: dict[str, str]) -> Grid:
    rows: list[list[str]] = []
    lines: list[int] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    before = 0
    for row in reader:
        rows.append(row)
        lines.append(before + 1)  # a quoted cell may hold line breaks: the row is where it begins
        before = reader.line_num
    return grid_of_rows(None, rows, lines, notes)


def read_delimited(content: bytes) -> Grid:
    """One grid of a text file. Raises FileFault when its encoding or its quoting cannot be read."""
    decoded = decode(content)
    if decoded is None:
        raise FileFault("unreadable_file", reason_vi="không rõ bảng mã", reason_en="its encoding is not known")
    text, encoding = decoded
    if "\0" in text:
        raise FileFault("unreadable_file", reason_vi="không phải tệp văn bản", reason_en="it is not a text file")
    text = text.lstrip("\ufeff")
    # Excel's own hint line, else what splits the lines evenly.
    delimiter = text[4:5] if text[:4].lower() == "sep=" else _delimiter_of(text)
    notes = {"encoding": encoding, "delimiter": "tab" if delimiter == "\t" else delimiter}
    csv.field_size_limit(1 << 20)
    try:
        return _read_rectangular(text, delimiter, notes) or _read_any(text, delimiter, notes)
    except csv.Error as error:
        raise FileFault(
            "unreadable_file", reason_vi=f"không đọc được văn bản ({error})", reason_en=f"not readable text ({error})"
        ) from error
