"""A sheet as columns of text. Blank cells are '', rows keep the number that the sender sees.

Rows may be left out of a grid (long gaps), so `lines` and not the place in the grid says which row of the file it is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

import pyarrow as pa
import pyarrow.compute as pc

from thidua.intake.days import DAYS_FROM_1900_TO_1904

Merge = tuple[int, int, int, int]


@dataclass(frozen=True)
class Grid:
    """`columns`: one string array per column, all of the same length; `lines`: int64, the row numbers from 1.

    `sheet` is None for text files. `notes` says how it was read (encoding, delimiter, epoch). `merges` are the merged
    cells as (first row, first column, last row, last column) of the sheet, from 0; their text is in the first cell only.
    `widths` are the numbers of cells that the lines of a text file have; None for sheets, whose rows are all alike.
    """

    sheet: str | None
    columns: list[pa.Array]
    lines: pa.Array
    notes: dict[str, str]
    merges: Sequence[Merge] = ()
    widths: pa.Array | None = None

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


class GridBuilder:
    """Lays rows of any length into columns, batch by batch, so that they are lists only for a moment."""

    def __init__(self) -> None:
        self._lines: list[pa.Array] = []
        self._batches: list[list[pa.Array]] = []
        self._widths: list[pa.Array] = []

    def add(self, lines: Sequence[int], rows: Sequence[Sequence[str]]) -> None:
        self._lines.append(pa.array(lines, pa.int64()))
        self._widths.append(pa.array(map(len, rows), pa.int32()))
        self._batches.append([pa.array(column, pa.string()) for column in zip_longest(*rows, fillvalue="")])

    def text_grid(self, notes: dict[str, str]) -> Grid:
        """Of a text file, with the widths of its lines."""
        return replace(self.grid(None, notes), widths=pa.concat_arrays([pa.array([], pa.int32()), *self._widths]))

    def grid(self, sheet: str | None, notes: dict[str, str], merges: Sequence[Merge] = ()) -> Grid:
        width = max((len(batch) for batch in self._batches), default=0)
        columns = [
            pa.concat_arrays(
                [
                    batch[index] if index < len(batch) else blank(len(lines))
                    for lines, batch in zip(self._lines, self._batches, strict=True)
                ]
            )
            for index in range(width)
        ]
        lines = pa.concat_arrays(self._lines) if self._lines else pa.array([], pa.int64())
        return Grid(sheet, columns, lines, notes, merges)


def blank(length: int) -> pa.Array:
    """A column of nothing."""
    return pa.nulls(length, pa.string()).fill_null("")


def nonblank(columns: Sequence[pa.Array], length: int) -> pa.Array:
    """Per row: whether any cell holds more than spaces."""
    filled = pa.nulls(length, pa.bool_()).fill_null(False)
    for column in columns:
        filled = pc.or_(filled, pc.not_equal(pc.utf8_trim_whitespace(column), ""))
        if pc.all(filled).as_py():
            break
    return filled


def has_text(grid: Grid) -> bool:
    """Whether any cell holds more than spaces; most grids show it in their first rows."""
    head = grid.rows(0, 100)
    if any(cell.strip() for row in head for cell in row):
        return True
    return bool(pc.any(nonblank(grid.columns, grid.height)).as_py())


def filled_down(grid: Grid, index: int) -> pa.Array:
    """A column, a text in vertically merged cells standing in each of their rows: `Bảo Lộc` over two metrics.

    For columns that say of what a row speaks. A count in merged cells is one count: filled down it would be several.
    """
    column = grid.columns[index]
    merges = sorted((top, bottom) for top, left, bottom, _ in grid.merges if left == index and bottom > top)
    if not merges:
        return column
    texts = column.to_pylist()
    lines = grid.lines.to_pylist()
    place = 0
    for top, bottom in merges:
        # Each row is looked at once, even where merged cells overlap, which only a damaged file has them do.
        place = bisect_left(lines, top + 1, place)
        text = texts[place] if place < len(lines) and lines[place] == top + 1 else ""
        while place < len(lines) and lines[place] <= bottom + 1:
            texts[place] = texts[place] or text
            place += 1
    return pa.array(texts, pa.string())


def with_days_of_1904(grid: Grid, column: pa.Array) -> pa.Array:
    """A column of days, its bare serial numbers as if counted from 1900: the epoch is the workbook's, not the cell's."""
    if grid.notes.get("epoch") != "1904":
        return column
    return pa.array([_from_1900(text) for text in column.to_pylist()], pa.string())


def _from_1900(text: str) -> str:
    whole, dot, fraction = text.strip().partition(".")
    if len(whole) != 5 or not (whole + (fraction or "0")).isdecimal():
        return text
    return f"{int(whole) + DAYS_FROM_1900_TO_1904}{dot}{fraction}"
