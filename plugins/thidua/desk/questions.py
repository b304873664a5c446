"""What waits for a decision, as the pages show it."""

from __future__ import annotations

from thidua.desk.access import Visitor
from thidua.desk.desk import Desk
from thidua.reports.served import Row


def count_open(desk: Desk) -> dict[str, int]:
    """Per campaign, how many questions are open."""
    return {}


def deciding(desk: Desk, visitor: Visitor, found: Row) -> list[Row]:
    """The decisions that the visitor may take on a submission."""
    return []
