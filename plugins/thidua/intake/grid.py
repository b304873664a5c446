"""A sheet as columns of text. Blank cells are '', rows keep the number that the sender sees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class Grid:
    """`columns`: one string array per column, all of the same length; `lines`: int64, the row numbers from 1.

    `sheet` is None for text files. `notes` says how it was read (encoding, delimiter).
    """

    sheet: str | None
    columns: list[pa.Array]
    lines: pa.Array
    notes: dict[str, str]

    @property
    def height(self) -> int:
        return len(self.lines)

    @property
    def width(self) -> int:
        return len(self.columns)

    def rows(self, start: int, stop: int) -> list[list[str]]:
        """Some rows as lists of cells, for looking at heads and tails."""
        columns = [column.slice(start, max(0, stop - start)).to_pylist() for column in self.columns]
        return [list(row) for row in zip(*columns, strict=True)]


def grid_of_rows(sheet: str | None, rows: Sequence[Sequence[str]], lines: Iterable[int], notes: dict[str, str]) -> Grid:
    """A grid from lists of cells of any length."""
    columns = [pa.array(column, pa.string()) for column in zip_longest(*rows, fillvalue="")]
    return Grid(sheet, columns, pa.array(lines, pa.int64()), notes)


def nonblank(columns: Sequence[pa.Array], length: int) -> pa.Array:
    """Per row: whether any cell holds more than spaces."""
    filled = pa.array([False] * length) if not columns else None
    for column in columns:
        has_text = pc.not_equal(pc.utf8_trim_whitespace(column), "")
        filled = has_text if filled is None else pc.or_(filled, has_text)
    return filled
