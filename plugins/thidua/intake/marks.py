"""What the reader of workbooks leaves out: the text of error cells, merged cells, formulas that nobody calculated."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

Cell = tuple[int, int]  # row and column from 0
Merge = tuple[int, int, int, int]  # first row, first column, last row, last column, from 0


@dataclass
class Marks:
    """Of one sheet. `midnights`: days that show their time, which is 00:00; the reader cuts it off. `merges` is None where the reader of workbooks tells them itself."""

    errors: dict[Cell, str] = field(default_factory=dict)
    uncalculated: list[Cell] = field(default_factory=list)
    midnights: set[Cell] = field(default_factory=set)
    merges: list[Merge] | None = None


@dataclass
class BookMarks:
    """By name of the sheet. `is_1904`: days are counted from 1904, as old Macs did."""

    sheets: dict[str, Marks] = field(default_factory=dict)
    is_1904: bool = False


_NOT_SHOWN = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
DAY_AND_TIME = 22  # the only one of Excel's own number formats that shows both


def shows_day_and_time(number_format: str) -> bool:
    """`dd/mm/yyyy hh:mm` does, `dd/mm/yyyy` and `[h]:mm` do not."""
    shown = _NOT_SHOWN.sub("", number_format.lower())
    return "h" in shown and ("d" in shown or "y" in shown)


def cell_name(cell: Cell) -> str:
    """`(2, 27)` is `AB3`."""
    row, column = cell
    letters = ""
    column += 1
    while column:
        column, digit = divmod(column - 1, 26)
        letters = chr(65 + digit) + letters
    return f"{letters}{row + 1}"


def cell_at(name: str) -> Cell | None:
    """`AB3` is `(2, 27)`; None when it names no cell."""
    letters = name.rstrip("0123456789")
    if not (letters.isascii() and letters.isalpha() and 0 < len(name) - len(letters) < 8 and len(letters) < 8):
        return None
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - 64
    return int(name[len(letters) :]) - 1, column - 1
