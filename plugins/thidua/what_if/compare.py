"""Before and after, unit by unit: eligibility, rank, prize, quota, money; and what the closing costs in all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from thidua.reports.served import Row, console, dotted, half_up_percent

# The figures as they stand now, never an official version: that one no scenario can change.
_UNITS = """
with
labels as (
    select reason_code, any_value(reason_label) as reason_label
    from marts.rpt_ranking
    group by reason_code
),

money as (
    select
        period_id, unit_id, sum(amount) as amount, sum(amount_min) as amount_min, sum(amount_max) as amount_max,
        string_agg(distinct prize_name, ', ' order by prize_name)
            filter (recipient_kind = 'unit' and status <> 'undecided') as prizes,
        count(*) filter (status in ('undecided', 'blocked')) as open_lines
    from marts.fct_award
    where campaign_id = $1 and unit_id is not null
    group by period_id, unit_id
)

select
    eligibility.period_id, eligibility.unit_id, dim_unit.name as unit_name, dim_unit.bloc_name,
    eligibility.numerator, eligibility.denominator, eligibility.is_eligible, eligibility.reason_code,
    coalesce(labels.reason_label, eligibility.reason_code) as reason_label, ranking.rank, ranking.is_tied,
    money.prizes, quota.quota, money.amount, money.amount_min, money.amount_max, money.open_lines
from marts.fct_eligibility as eligibility
inner join marts.dim_unit using (campaign_id, unit_id)
left join marts.fct_ranking as ranking using (campaign_id, period_id, unit_id)
left join labels on eligibility.reason_code = labels.reason_code
left join money on eligibility.period_id = money.period_id and eligibility.unit_id = money.unit_id
left join (
    select period_id, unit_id, sum(quota) as quota
    from marts.fct_nomination_quota
    where campaign_id = $1
    group by period_id, unit_id
) as quota on eligibility.period_id = quota.period_id and eligibility.unit_id = quota.unit_id
where eligibility.campaign_id = $1
order by eligibility.period_id, dim_unit.bloc_name nulls last, ranking.rank nulls last, eligibility.unit_id
"""

_POOLS = """
select
    period_id, prize_id, recipient_kind, coalesce(authority_unit_id, '') as authority_unit_id,
    coalesce(bloc_id, '') as bloc_id, any_value(prize_name) as prize_name, sum(places) as places
from marts.fct_award
where campaign_id = $1 and unit_id is null
group by all
order by all
"""

_SUMS = """
select
    period_id, coalesce(sum(amount), 0) as amount,
    count(*) filter (status in ('undecided', 'blocked')) as open_lines
from marts.fct_award
where campaign_id = $1
group by period_id
"""


@dataclass(frozen=True)
class Standing:
    """A campaign's results in one warehouse; keys are (period, unit), (period, prize, kind, authority, bloc), period."""

    units: dict[tuple[str, ...], Row]
    pools: dict[tuple[str, ...], Row]
    sums: dict[tuple[str, ...], Row]


def read_standing(connection: duckdb.DuckDBPyConnection, campaign: str) -> Standing:
    return Standing(
        units=_by(connection, _UNITS, campaign, "period_id", "unit_id"),
        pools=_by(
            connection, _POOLS, campaign, "period_id", "prize_id", "recipient_kind", "authority_unit_id", "bloc_id"
        ),
        sums=_by(connection, _SUMS, campaign, "period_id"),
    )


def _by(
    connection: duckdb.DuckDBPyConnection, sql: str, campaign: str, *keys: str
) -> dict[tuple[str, ...], dict[str, Any]]:
    cursor = connection.execute(sql, [campaign])
    names = [column[0] for column in cursor.description or []]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {tuple(row[key] for key in keys): row for row in rows}


def compare(before: Standing, after: Standing, period: str) -> dict[str, Any]:
    """{units, pools, sum, other_periods}: `units` and `pools` are those that changed, each with before and after;
    other_periods counts the units that changed at other closings."""
    nothing = {"amount": 0, "open_lines": 0}
    units = list(_changed(before.units, after.units))
    pools = list(_changed(before.pools, after.pools))
    others: dict[str, int] = {}
    for change in units:
        if change["key"][0] != period:
            others[change["key"][0]] = others.get(change["key"][0], 0) + 1
    return {
        "units": [change for change in units if change["key"][0] == period],
        "pools": [change for change in pools if change["key"][0] == period],
        "sum": {
            "before": before.sums.get((period,), nothing),
            "after": after.sums.get((period,), nothing),
        },
        "other_periods": others,
    }


def _changed(before: dict[tuple[str, ...], Row], after: dict[tuple[str, ...], Row]) -> Iterator[dict[str, Any]]:
    for key in {**after, **before}:
        if before.get(key) != after.get(key):
            yield {"key": list(key), "before": before.get(key), "after": after.get(key)}


def render(found: dict[str, Any], title: str, out: Console | None = None) -> None:
    out = out or console()
    if found["units"]:
        out.print(_table(found["units"], title))
    else:
        out.print(f"{title}: không đơn vị nào thay đổi / no unit changes", markup=False, soft_wrap=True)
    for change in found["pools"]:
        row = change["after"] or change["before"]
        places = [dotted(side["places"]) if side else "–" for side in (change["before"], change["after"])]
        where = row["authority_unit_id"] or row["bloc_id"]
        out.print(f"  {row['prize_name']} ({where}): {places[0]} → {places[1]} suất", markup=False, soft_wrap=True)
    first, last = found["sum"]["before"], found["sum"]["after"]
    difference = last["amount"] - first["amount"]
    out.print(
        f"Tổng tiền đã tính được / sum: {dotted(first['amount'])} → {dotted(last['amount'])} đồng "
        f"({'+' if difference >= 0 else ''}{dotted(difference)}); dòng chờ quyết định hoặc chưa chi được: "
        f"{first['open_lines']} → {last['open_lines']}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    for period, count in found["other_periods"].items():
        out.print(f"Kỳ khác cũng đổi / another closing changes too: {period}, {count} đơn vị", soft_wrap=True)


def _table(changes: list[dict[str, Any]], title: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("Đơn vị")
    for name in ("Tỷ lệ", "Xét", "Hạng", "Giải", "Đề cử", "Tiền (đồng)"):
        table.add_column(name, justify="right" if name in ("Tỷ lệ", "Hạng", "Đề cử", "Tiền (đồng)") else "left")
    for change in changes:
        row = change["after"] or change["before"]
        first, last = _cells(change["before"]), _cells(change["after"])
        arrows = [a if a == b else f"{a or '–'} → {b or '–'}" for a, b in zip(first, last, strict=True)]
        table.add_row(*map(escape, [row["unit_name"], *arrows]))
    return table


def _cells(row: Row | None) -> list[str]:
    if row is None:
        return [""] * 6
    rate = half_up_percent(row["numerator"], row["denominator"]) if _has_rate(row) else "–"
    rank = "–" if row["rank"] is None else f"{row['rank']}{' =' if row['is_tied'] else ''}"
    quota = "" if row["quota"] is None else dotted(row["quota"])
    return [rate, row["reason_label"], rank, row["prizes"] or "", quota, _money(row)]


def _has_rate(row: Row) -> bool:
    return row["numerator"] is not None and bool(row["denominator"])


def _money(row: Row) -> str:
    """What is certain, or its range while people have to decide."""
    if row["open_lines"] and row["amount_max"] is not None:
        return f"{dotted(row['amount_min'])} … {dotted(row['amount_max'])}"
    return "" if row["amount"] is None else dotted(row["amount"])
