"""What a page offers to choose from, and what was chosen; what does not exist falls back to the first."""

from __future__ import annotations

from fastapi import HTTPException

from thidua.desk.access import Visitor
from thidua.reports.served import Row, Served


def campaigns_of(served: Served, visitor: Visitor) -> list[Row]:
    """The campaigns that the visitor may see, the latest first."""
    rows = served.rows("select campaign_id, title from dim_campaign order by starts_at desc nulls last, campaign_id")
    return [row for row in rows if not visitor.is_office or visitor.units_in(row["campaign_id"])]


def chosen_campaign(served: Served, visitor: Visitor, asked: str | None) -> tuple[list[Row], str]:
    """Raises HTTPException 404 for a campaign that is not there or not the visitor's."""
    found = campaigns_of(served, visitor)
    ids = [row["campaign_id"] for row in found]
    if not ids or (asked and asked not in ids):
        raise HTTPException(404, "Không có phong trào này / there is no such campaign")
    return found, asked or ids[0]
