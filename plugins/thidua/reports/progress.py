"""How far a campaign is where nothing is ranked: groups against their windows, counts by unit and member, open documents."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from rich.console import Console
from rich.table import Table

from thidua.reports.served import Row, console, dotted, half_up_percent, open_served
from thidua.settings import Home

STATUS_LABELS = {
    "ahead": "sớm hơn kế hoạch",
    "on_time": "đúng kế hoạch",
    "late": "muộn",
    "not_started": "chưa bắt đầu",
    "done": "đã xong",
}
DIMENSION_LABELS = {
    "group": "nhóm",
    "class": "lớp",
    "employer": "đơn vị sử dụng lao động",
    "team": "tổ",
    "topic": "nội dung",
    "role": "vai trò",
}
NO_RATE = "không áp dụng"


def progress(home: Home, campaign: str) -> dict[str, Any]:
    """{title, schedule, units, members, backlogs} as lists of rows, each figure the latest that is complete.

    `members` are those of the units that stand above all others. Raises ThiduaError on an unknown campaign.
    """
    with open_served(home) as served:
        served.check_campaign(campaign)
        return {
            "campaign_id": campaign,
            "title": served.rows("select title from dim_campaign where campaign_id = $1", [campaign])[0]["title"],
            "schedule": served.rows(
                "select dimension, member, planned_from, planned_through, first_event_at, last_event_at, status, clause "
                "from fct_schedule where campaign_id = $1 order by planned_from, member",
                [campaign],
            ),
            "units": served.rows(
                """
                select dim_unit.unit_type, progress.unit_id, dim_unit.name as unit_name, progress.metric_id,
                    progress.period_id, progress.as_of_date, progress.cumulative_count, progress.progress_rate
                from fct_progress as progress
                inner join dim_unit using (campaign_id, unit_id)
                where progress.campaign_id = $1
                qualify row_number() over (
                    partition by progress.unit_id, progress.metric_id, progress.period_id
                    order by progress.as_of_date desc
                ) = 1
                order by progress.metric_id, progress.period_id, dim_unit.unit_type, progress.cumulative_count desc,
                    progress.unit_id
                """,
                [campaign],
            ),
            "members": served.rows(
                """
                select progress.metric_id, progress.period_id, progress.dimension, progress.member, progress.unit_id,
                    dim_unit.name as unit_name, progress.as_of_date, progress.cumulative_count,
                    progress.denominator_count
                from fct_progress_breakdown as progress
                inner join dim_unit using (campaign_id, unit_id)
                where progress.campaign_id = $1 and dim_unit.parent_unit_id is null
                qualify row_number() over (
                    partition by progress.unit_id, progress.metric_id, progress.period_id, progress.dimension,
                        progress.member
                    order by progress.as_of_date desc
                ) = 1
                order by progress.metric_id, progress.period_id, progress.dimension, progress.cumulative_count desc,
                    progress.member
                """,
                [campaign],
            ),
            "backlogs": served.rows(
                "select * from fct_backlog where campaign_id = $1 order by backlog_id, dimension, member", [campaign]
            ),
        }


def render(found: dict[str, Any], out: Console | None = None) -> None:
    """One table for the schedule, one for each metric by unit, one by member, one for what is open."""
    out = out or console()
    out.print(found["title"], style="bold", markup=False)
    if found["schedule"]:
        out.print(_schedule(found["schedule"]))
    for (metric, period), rows in groupby(found["units"], key=lambda row: (row["metric_id"], row["period_id"])):
        out.print(_units(metric, period, [row for row in rows if row["cumulative_count"]]))
    if found["members"]:
        out.print(_members(found["members"]))
    if found["backlogs"]:
        out.print(_backlogs(found["backlogs"]))
    if not any(found[part] for part in ("schedule", "units", "members", "backlogs")):
        out.print("Chưa có số liệu / no figures yet")


def _table(title: str, words: tuple[str, ...], numbers: tuple[str, ...] = ()) -> Table:
    table = Table(title=title, title_justify="left")
    for name in words:
        table.add_column(name)
    for name in numbers:
        table.add_column(name, justify="right")
    return table


def _day(value: Any) -> str:
    return f"{value:%d/%m/%Y}" if value else "–"


def _schedule(rows: list[Row]) -> Table:
    table = _table(
        "Tiến độ các nhóm so với kế hoạch", ("Nhóm", "Từ ngày", "Đến ngày", "Lượt đầu", "Lượt cuối", "Trạng thái")
    )
    for row in rows:
        days = (row["planned_from"], row["planned_through"], row["first_event_at"], row["last_event_at"])
        table.add_row(row["member"], *map(_day, days), STATUS_LABELS[row["status"]])
    return table


def _units(metric: str, period: str, rows: list[Row]) -> Table:
    context = "" if period == "all" else f" · {period}"
    table = _table(f"{metric}{context} theo đơn vị", ("Loại", "Đơn vị", "Đến ngày"), ("Số lượng", "Tỷ lệ"))
    for row in rows:
        rate = NO_RATE
        if row["progress_rate"] is not None:
            rate = half_up_percent(int(row["progress_rate"] * 1_000_000), 1_000_000)
        table.add_row(
            row["unit_type"], row["unit_name"], _day(row["as_of_date"]), dotted(row["cumulative_count"]), rate
        )
    return table


def _members(rows: list[Row]) -> Table:
    table = _table("Theo nhóm, đơn vị, tổ, nội dung", ("Chỉ tiêu", "Theo", "Tên", "Đến ngày"), ("Số lượng", "Tỷ lệ"))
    for row in rows:
        below = row["denominator_count"]
        rate = half_up_percent(row["cumulative_count"], below) if below else NO_RATE
        table.add_row(
            row["metric_id"],
            DIMENSION_LABELS.get(row["dimension"], row["dimension"]),
            row["member"],
            _day(row["as_of_date"]),
            dotted(row["cumulative_count"]),
            rate,
        )
    return table


def _backlogs(rows: list[Row]) -> Table:
    first = rows[0]
    table = _table(
        f"{first['name']} đến {_day(first['as_of_date'])}",
        ("Theo", "Tên"),
        ("Tiếp nhận", "Đã giải quyết", "Còn mở", "Lâu nhất (ngày)", "Trung vị (ngày)"),
    )
    for row in rows:
        table.add_row(
            DIMENSION_LABELS.get(row["dimension"], row["dimension"]) or "tất cả",
            row["member"],
            *(dotted(row[name]) for name in ("received_count", "resolved_count", "open_count")),
            *(dotted(row[name]) for name in ("oldest_open_days", "median_open_days")),
        )
    return table
