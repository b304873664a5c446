"""The ranking of a closing as it is published, and why each line is what it is."""

from __future__ import annotations

from decimal import Decimal
from itertools import groupby

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from thidua.desk.access import EVERYBODY, CurrentVisitor, Visitor, only
from thidua.desk.choices import chosen_campaign
from thidua.desk.desk import TheDesk
from thidua.desk.render import page
from thidua.errors import ThiduaError
from thidua.reports.explain import explain
from thidua.reports.served import Row, Served

router = APIRouter(prefix="/ranking", dependencies=[only(EVERYBODY)])
BAR = 120  # a bar ends at 120 %


@router.get("", response_class=HTMLResponse)
def ranking(
    request: Request, visitor: CurrentVisitor, desk: TheDesk, campaign: str | None = None, period: str | None = None
) -> Response:
    with desk.served() as served:
        campaigns, chosen = chosen_campaign(served, visitor, campaign)
        units = visitor.units_in(chosen)
        periods = served.rows(
            "select period_id, name, closing_date, cutoff_at from dim_period where campaign_id = $1 "
            "order by cutoff_at, period_id",
            [chosen],
        )
        if period not in {row["period_id"] for row in periods}:
            period = _latest(periods, desk.now())
        blocs = _blocs(served, chosen, period, units)
        context = {
            "campaigns": campaigns,
            "campaign": chosen,
            "periods": periods,
            "period": next((row for row in periods if row["period_id"] == period), None),
            "blocs": blocs,
            "schedule": served.rows(
                "select * from fct_schedule where campaign_id = $1 order by planned_from nulls last, member", [chosen]
            ),
            "progress": [] if blocs else _progress(served, chosen, units),
            "is_cut": units is not None,
        }
    return page(request, "ranking.html", context, visitor=visitor)


def _latest(periods: list[Row], now: object) -> str | None:
    """The last closing that is over, else the first to come."""
    past = [row["period_id"] for row in periods if row["cutoff_at"] <= now]
    return past[-1] if past else (periods[0]["period_id"] if periods else None)


def _blocs(served: Served, campaign_id: str, period_id: str | None, units: set[str] | None) -> list[Row]:
    rows = served.rows(
        """
        select rpt_ranking.*
        from rpt_ranking
        where campaign_id = $1 and period_id = $2 and ($3 is null or list_contains($3, unit_id))
        order by
            bloc_id nulls last, rank nulls last, is_eligible desc nulls last, progress_rate desc nulls last, unit_id
        """,
        [campaign_id, period_id, None if units is None else sorted(units)],
    )
    return [
        {"bloc_name": found[0]["bloc_name"], "rows": [{**row, "bar": bar(row)} for row in found]}
        for _, group in groupby(rows, key=lambda row: row["bloc_id"])
        if (found := list(group))
    ]


def bar(row: Row) -> Row | None:
    """Lengths in per mille of a bar that ends at BAR %, from the whole numbers; None where there is no rate."""
    numerator, denominator, threshold = row["numerator"], row["denominator"], row["threshold_rate"]
    if numerator is None or not denominator:
        return None
    done = max(0, min(1000, numerator * 100_000 // (denominator * BAR)))
    mark = None if threshold is None else min(1000, int(Decimal(threshold) * 100_000) // BAR)
    return {"done": done, "mark": mark, "is_over": numerator * 100 > denominator * BAR}


def _progress(served: Served, campaign_id: str, units: set[str] | None) -> list[Row]:
    """The latest figures of a campaign without ranking, per unit and metric."""
    return served.rows(
        """
        select progress.*, dim_unit.name as unit_name
        from fct_progress as progress
        inner join dim_unit using (campaign_id, unit_id)
        where campaign_id = $1 and ($2 is null or list_contains($2, unit_id))
        qualify row_number() over (partition by unit_id, metric_id order by as_of_date desc, period_id) = 1
        order by metric_id, dim_unit.name, unit_id
        limit 1000
        """,
        [campaign_id, None if units is None else sorted(units)],
    )


@router.get("/{campaign_id}/{period_id}/{unit_id}", response_class=HTMLResponse)
def explanation(
    request: Request, visitor: CurrentVisitor, desk: TheDesk, campaign_id: str, period_id: str, unit_id: str
) -> Response:
    if not visitor.sees(campaign_id, unit_id):
        raise HTTPException(404, "Không có đơn vị này / there is no such unit")
    try:
        found = explain(desk.home, campaign_id, unit_id, period_id)
    except ThiduaError as error:
        raise HTTPException(404, error.message) from error
    return page(request, "explanation.html", {"found": _own(visitor, found)}, visitor=visitor)


def _own(visitor: Visitor, found: Row) -> Row:
    """An office is told its place, and not what its neighbours reported."""
    if not visitor.is_office or found["ranking"] is None:
        return found
    return {**found, "ranking": {**found["ranking"], "above": None, "below": None, "tied_with": []}}
