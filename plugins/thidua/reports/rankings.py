"""The rankings as published: per bloc and period who stands where, with which prize, and how many are missing."""

from __future__ import annotations

from itertools import groupby

from rich.console import Console
from rich.table import Table

from thidua.reports.served import Row, check_known, console, dotted, open_served
from thidua.settings import Home


def rankings(home: Home, campaign: str | None = None, period: str | None = None, bloc: str | None = None) -> list[Row]:
    """Rows of rpt_ranking, in the order in which a council reads them. Raises ThiduaError on an unknown name."""
    with open_served(home) as served:
        if campaign:
            served.check_campaign(campaign)
        if period:
            served.check_period(campaign, period)
        if bloc:
            blocs = served.rows(
                "select bloc_id, any_value(bloc_name) as name from dim_unit "
                "where bloc_id is not null and ($1 is null or campaign_id = $1) group by bloc_id order by bloc_id",
                [campaign],
            )
            check_known("khối", "bloc", bloc, {row["bloc_id"]: row["name"] for row in blocs})
        return served.rows(
            """
            select rpt_ranking.*
            from rpt_ranking
            inner join dim_period using (campaign_id, period_id)
            where
                ($1 is null or campaign_id = $1)
                and ($2 is null or period_id = $2)
                and ($3 is null or bloc_id = $3)
            order by
                campaign_id, dim_period.cutoff_at, period_id, bloc_id nulls last, rank nulls last,
                is_eligible desc nulls last, progress_rate desc nulls last, unit_id
            """,
            [campaign, period, bloc],
        )


def render(rows: list[Row], out: Console | None = None) -> None:
    """One table per campaign, period and bloc."""
    out = out or console()
    if not rows:
        out.print(
            "Không có dòng nào; phong trào không xếp hạng thì xem `thidua progress` / no rows; see `thidua progress`"
        )
    for _, group in groupby(rows, key=lambda row: (row["campaign_id"], row["period_id"], row["bloc_id"])):
        out.print(_table(list(group)))


def _table(rows: list[Row]) -> Table:
    first = rows[0]
    parts = [first["campaign_title"], f"{first['period_name']} ({first['closing_date']:%d/%m/%Y})", first["bloc_name"]]
    status = first["status_label"] + (f", bản {first['version']}" if first["version"] else "")
    table = Table(title=" · ".join(part for part in [*parts, status] if part), title_justify="left")
    for name in ("Hạng", "Đơn vị"):
        table.add_column(name)
    for name in ("Thực hiện", "Chỉ tiêu", "Tỷ lệ", "Còn thiếu"):
        table.add_column(name, justify="right")
    for name in ("Xét", "Giải"):
        table.add_column(name)
    for name in ("Tiền (đồng)", "Đề cử"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*_cells(row))
    return table


def _cells(row: Row) -> list[str]:
    rank = "–" if row["rank"] is None else f"{row['rank']}{' =' if row['is_tied'] else ''}"
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
        row["reason_label"] or row["reason_code"],
        prize,
        _money(row),
        "" if row["nomination_quota"] is None else dotted(row["nomination_quota"]),
    ]


def _money(row: Row) -> str:
    if row["award_status"] is None:
        return ""
    if row["amount"] is None and row["amount_max"] is not None:
        return f"{dotted(row['amount_min'])} … {dotted(row['amount_max'])}"
    return dotted(row["amount"])
