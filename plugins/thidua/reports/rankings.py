"""The rankings as published: per bloc and period who stands where, with which prize, and how many are missing."""

from __future__ import annotations

from itertools import groupby

from rich.console import Console
from rich.table import Table

from thidua.reports.served import Row, console, dotted, open_served
from thidua.settings import Home


def rankings(home: Home, campaign: str | None = None, period: str | None = None) -> list[Row]:
    """Rows of rpt_ranking, in the order in which a council reads them. Raises ThiduaError on an unknown name."""
    with open_served(home) as served:
        if campaign:
            names = [row["campaign_id"] for row in served.rows("select campaign_id from dim_campaign")]
            served.known("phong trào / campaign", campaign, names)
        if period:
            names = [
                row["period_id"]
                for row in served.rows(
                    "select distinct period_id from dim_period where campaign_id = $1 or $1 is null", [campaign]
                )
            ]
            served.known("kỳ / period", period, names)
        return served.rows(
            """
            select rpt_ranking.*
            from rpt_ranking
            inner join dim_period using (campaign_id, period_id)
            where ($1 is null or campaign_id = $1) and ($2 is null or period_id = $2)
            order by
                campaign_id, dim_period.cutoff_at, period_id, bloc_id, rank nulls last,
                is_eligible desc nulls last, progress_rate desc nulls last, unit_id
            """,
            [campaign, period],
        )


def render(rows: list[Row], out: Console | None = None) -> None:
    """One table per campaign, period and bloc."""
    out = out or console()
    if not rows:
        out.print("Không có dòng nào / no rows")
    for (_, _, _), group in groupby(rows, key=lambda row: (row["campaign_id"], row["period_id"], row["bloc_id"])):
        block = list(group)
        first = block[0]
        table = Table(
            title=f"{first['campaign_title']} · {first['period_name']} ({first['closing_date']:%d/%m/%Y}) · "
            f"{first['bloc_name']} · {first['status_label']}",
            title_justify="left",
        )
        for name in ("Hạng", "Đơn vị"):
            table.add_column(name)
        for name in ("Thực hiện", "Chỉ tiêu", "Tỷ lệ", "Còn thiếu"):
            table.add_column(name, justify="right")
        for name in ("Xét", "Giải"):
            table.add_column(name)
        table.add_column("Tiền (đồng)", justify="right")
        for row in block:
            table.add_row(*_cells(row))
        out.print(table)


def _cells(row: Row) -> list[str]:
    rank = "–" if row["rank"] is None else f"{row['rank']}{' =' if row['is_tied'] else ''}"
    money = dotted(row["amount"])
    if row["amount"] is None and row["amount_max"] is not None:
        money = f"{dotted(row['amount_min'])} … {dotted(row['amount_max'])}"
    prize = row["prize_name"] or ""
    if row["award_status"] not in (None, "proposed", "awarded"):
        prize = " · ".join(part for part in (prize, row["award_status_label"]) if part)
    return [
        rank,
        row["unit_name"],
        dotted(row["numerator"]),
        dotted(row["denominator"]),
        row["rate_text"] or "–",
        dotted(row["missing_count"]) if row["missing_count"] else "",
        row["reason_label"],
        prize,
        money if row["award_status"] else "",
    ]
