"""The invented campaign and `take` of the intake's tests, and what a slip of a file looks like."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest
from openpyxl.workbook import Workbook
from thidua.slips.write import Slip, write_slips

from tests.intake.conftest import Lake, campaigns, take

__all__ = ["campaigns", "take"]


@pytest.fixture
def slips_of(campaigns: Path):
    """slips_of(lake) -> the slips of everything in its lake."""

    def run(lake: Lake) -> list[Slip]:
        return write_slips(lake.home, campaigns)

    return run


def opened(slip: Slip) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(slip.workbook.read_bytes()))


def saved(book: Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def marked(book: Workbook) -> dict[tuple[str, str], str]:
    """(sheet, cell) -> comment, of the cells that carry a mark."""
    return {
        (sheet.title, cell.coordinate): cell.comment.text
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.comment
    }
