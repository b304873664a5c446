"""Which cells a slip marks: from faults, which name a sheet, a row and a column of the contract, to places in the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from thidua.intake.contracts import Contract
from thidua.intake.grid import Grid
from thidua.intake.layout import HEAD_ROWS
from thidua.slips.judged import Fault

Place = tuple[str | None, int, int]  # sheet (None: of a text file), row from 1, column from 0


@dataclass
class Mark:
    """What is said at one cell: the messages of its faults, Vietnamese above English."""

    is_warning: bool = True
    messages: list[str] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        self.is_warning &= fault.severity == "warning"
        vi, en = fault.texts
        self.messages.append(f"{vi}\n{en}" if en else vi)

    @property
    def text(self) -> str:
        return "\n\n".join(dict.fromkeys(self.messages))


def marks_of(faults: Iterable[Fault], layout: Mapping[str, Any], contract: Contract | None) -> dict[Place, Mark]:
    """The cells at fault of a file whose table was found. What is said of the whole file has no cell, or a header's."""
    marks: dict[Place, Mark] = {}
    for fault in faults:
        place = _place_of(fault, layout["sheets"], contract)
        if place:
            marks.setdefault(place, Mark()).add(fault)
    return marks


def _place_of(fault: Fault, sheets: Sequence[Mapping[str, Any]], contract: Contract | None) -> Place | None:
    named = [sheet for sheet in sheets if sheet["sheet"] == fault.sheet]
    if fault.sheet is None and len(sheets) == 1:  # a text file, or a fault that the build found in all of it
        named = list(sheets)
    if len(named) != 1 or not named[0]["positions"]:
        return None
    index = _index_of(fault.column, named[0]["positions"], contract)
    if fault.line is not None:
        # A column that the file does not have, or the row as a whole: its first cell speaks for it.
        return named[0]["sheet"], fault.line, min(named[0]["positions"].values()) if index is None else index
    return None if index is None else (named[0]["sheet"], named[0]["header_rows"][-1], index)


def _index_of(name: str | None, positions: Mapping[str, int], contract: Contract | None) -> int | None:
    """Where a column stands. It may be called by its name, by its key in a suite, or by its metric; a value column's
    position carries its metric where the header names it: `count[users]`.
    """
    if name is None:
        return None
    names = (
        {name} | {column.name for column in contract.columns if contract.key_of(column) == name} if contract else {name}
    )
    if found := names & positions.keys():
        return positions[min(found)]
    for key, index in positions.items():
        plain, _, metric = key.removesuffix("]").partition("[")
        if plain in names or metric in names:
            return index
    # A count that the build speaks of by its metric, in a file of one metric.
    values = {column.name for column in contract.of_role("value")} if contract else set()
    return next((index for key, index in positions.items() if key.partition("[")[0] in values), None)


def marks_of_head(faults: Sequence[Fault], grids: Sequence[Grid], contract: Contract | None) -> dict[Place, Mark]:
    """Of a file whose table was not found or not understood: the row that is most like a header."""
    best: tuple[int, Grid, int, dict[int, str]] | None = None
    for grid in grids if contract else []:
        for number, row in enumerate(grid.rows(0, HEAD_ROWS)):
            known = {
                index: found[0].title.vi
                for index, cell in enumerate(row)
                if contract and (found := contract.column_of(cell))
            }
            if known and (best is None or len(known) > best[0]):
                best = len(known), grid, number, known
    if best is None:
        return {}
    _, grid, number, known = best
    marks: dict[Place, Mark] = {}
    for fault in faults:
        named = [index for index, title in known.items() if title == fault.value]
        for index in named or [min(known)]:
            marks.setdefault((grid.sheet, grid.lines[number].as_py(), index), Mark()).add(fault)
    return marks
