"""Workbooks as grids: XLSX, XLS, XLSB and ODS, opened in a process of their own (see sandbox.py and sheets.py)."""

from __future__ import annotations

from typing import Any

from thidua.intake.grid import Grid, GridBuilder
from thidua.intake.sandbox import open_workbook


def read_workbook(content: bytes) -> list[Grid]:
    """The visible worksheets that hold anything. Raises FileFault when there is nothing to read, or no reading it."""
    sheets: list[tuple[dict[str, Any], GridBuilder]] = []
    for message in open_workbook(content):
        if "sheet" in message:
            sheets.append((message, GridBuilder()))
        else:
            sheets[-1][1].add(message["lines"], message["rows"])
    return [_grid(head, builder) for head, builder in sheets]


def _grid(head: dict[str, Any], builder: GridBuilder) -> Grid:
    merges = [(top, left, bottom, right) for top, left, bottom, right in head["merges"]]
    return builder.grid(head["sheet"], {"epoch": "1904"} if head["is_1904"] else {}, merges)
