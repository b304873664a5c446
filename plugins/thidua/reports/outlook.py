"""Outlook before a closing: the pace needed, the pace of the last weeks, a plain forecast and how far such ones missed.

The forecast carries the pace of the last weeks on to the closing, nothing more. Its error is measured on the same data
before the day asked for: from each earlier report the same rule forecasts the reports that came as much later, and the
median of the absolute misses is shown. Whole numbers throughout; where the reports do not suffice, that is what it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from thidua.errors import NotWell
from thidua.reports.served import Row, Served, console, dotted, exact_percent, half_up_percent, open_served
from thidua.settings import Home

PACE_DAYS = 21  # the pace is seen over about the last weeks: since the latest report at least as old as this,
SHORTEST = 6  # else since the first one, if this many days lie between
TOLERANCE = 3  # days by which a tested horizon may differ from the one asked for
STALE_DAYS = 42  # a last report older than this says nothing of the last weeks
ENOUGH = 5  # tests before a unit's own error is shown; below it, its bloc's

VERDICTS = {
    "reached": "đã đạt ngưỡng",
    "likely": "dự báo đạt",
    "unsure": "chưa chắc, trong khoảng sai số",
    "unlikely": "dự báo không đạt",
    "unmeasured": "dự báo chưa đo được sai số",
    "no_forecast": "chưa đủ báo cáo để dự báo",
    "stale": "báo cáo cuối quá cũ để dự báo",
    "no_data": "chưa có số liệu",
    "no_threshold": "không có ngưỡng hoặc chỉ tiêu",
}

# What each unit is measured by at a closing: the measure of its first gate, counted as a whole.
_SUBJECTS = """
select
    eligibility.unit_id, dim_unit.name as unit_name, dim_unit.bloc_id, dim_unit.bloc_name, eligibility.threshold_rate,
    measure.measure_id, measure.measure_name, measure.metric_id, measure.denominator
from fct_eligibility as eligibility
inner join dim_unit using (campaign_id, unit_id)
left join fct_measure as measure
    on
        eligibility.campaign_id = measure.campaign_id and eligibility.period_id = measure.period_id
        and eligibility.unit_id = measure.unit_id and eligibility.measure_id = measure.measure_id
        and measure.member is null
where eligibility.campaign_id = $1 and eligibility.period_id = $2
order by dim_unit.bloc_name nulls last, eligibility.unit_id
"""

# What was reported up to the day, as it is set against the target; events count within their own closing.
_REPORTS = """
select unit_id, metric_id, as_of_date, increment_count as value
from fct_progress
where campaign_id = $1 and period_id in ('all', $2) and as_of_date <= $3 and increment_count is not null
order by unit_id, metric_id, as_of_date
"""


@dataclass(frozen=True)
class Report:
    day: date
    value: int


def outlook(home: Home, campaign: str, period: str | None, today: date) -> dict[str, Any]:
    """{closing, units, blocs}: the closing asked for, else the next one after `today`, seen from the reports of days up
    to `today`. Raises ThiduaError on an unknown name, NotWell where no closing lies ahead."""
    with open_served(home) as served:
        served.check_campaign(campaign)
        closing = _closing(served, campaign, period, today)
        key = [campaign, closing["period_id"]]
        subjects = served.rows(_SUBJECTS, key)
        reports: dict[tuple[str, str], list[Report]] = {}
        for row in served.rows(_REPORTS, [*key, today]):
            found = reports.setdefault((row["unit_id"], row["metric_id"]), [])
            found.append(Report(row["as_of_date"], row["value"]))
    units = [
        _unit(row, reports.get((row["unit_id"], row["metric_id"]), []), closing["closing_date"], today)
        for row in subjects
    ]
    blocs = [_bloc(name, list(group)) for name, group in groupby(units, key=lambda unit: unit["bloc_name"])]
    errors = {bloc["bloc_name"]: bloc for bloc in blocs}
    for unit in units:
        _judge(unit, errors[unit["bloc_name"]])
        unit.pop("tests")
    return {"campaign_id": campaign, "today": today, **closing, "units": units, "blocs": blocs}


def _closing(served: Served, campaign: str, period: str | None, today: date) -> Row:
    if period is not None:
        served.check_period(campaign, period)
    ahead = served.rows(
        "select period_id, name as period_name, closing_date from dim_period "
        "where campaign_id = $1 and ($2 is null or period_id = $2) and closing_date >= $3 and exists ("
        "select 1 from fct_eligibility as e where e.campaign_id = $1 and e.period_id = dim_period.period_id"
        ") order by closing_date, period_id limit 1",
        [campaign, period, today],
    )
    if not ahead:
        raise NotWell(
            f"sau ngày {today:%d/%m/%Y} không còn kỳ chốt nào có ngưỡng / no closing with a threshold lies ahead; "
            "look from an earlier day with --now, such as --now 2023-06-12"
        )
    return ahead[0]


def _unit(subject: Row, reports: list[Report], closing: date, today: date) -> dict[str, Any]:
    """Where the unit stands, what it needs, and what the last weeks would make of it; `tests` are (miss, target)."""
    unit = {
        **subject,
        "as_of_date": None,
        "value": None,
        "needed": None,
        "missing": None,
        "days_left": None,
        "is_stale": False,
    }
    unit |= {"needed_per_week": None, "pace_per_week": None, "pace_days": None, "forecast": None, "tests": []}
    threshold, denominator = subject["threshold_rate"], subject["denominator"]
    if threshold is not None and denominator:
        unit["needed"] = -(-int(threshold * 1_000_000) * denominator // 1_000_000)
    if not reports:
        return unit
    last = reports[-1]
    days_left = (closing - last.day).days
    is_stale = (today - last.day).days > STALE_DAYS
    unit |= {"as_of_date": last.day, "value": last.value, "days_left": days_left, "is_stale": is_stale}
    if unit["needed"] is not None:
        unit["missing"] = max(0, unit["needed"] - last.value)
        if days_left > 0:
            unit["needed_per_week"] = -(-unit["missing"] * 7 // days_left)
    since = None if is_stale else pace_start(reports)
    if since is not None:
        gained, days = last.value - since.value, (last.day - since.day).days
        unit |= {"pace_per_week": half_up(gained * 7, days), "pace_days": days}
        unit["forecast"] = forecast(reports, closing)
    unit["tests"] = [(miss, denominator) for miss in misses(reports, days_left)]
    return unit


def pace_start(reports: list[Report]) -> Report | None:
    """The report that the pace of the last one is seen from; null where none lies far enough back."""
    last = reports[-1]
    older = [report for report in reports[:-1] if (last.day - report.day).days >= PACE_DAYS]
    if older:
        return older[-1]
    first = reports[0]
    return first if (last.day - first.day).days >= SHORTEST else None


def forecast(reports: list[Report], day: date) -> int | None:
    """The last report carried on at the pace of the last weeks."""
    since = pace_start(reports)
    if since is None:
        return None
    last = reports[-1]
    return last.value + half_up((last.value - since.value) * (day - last.day).days, (last.day - since.day).days)


def misses(reports: list[Report], horizon: int) -> list[int]:
    """By how much the rule missed later reports, from each report that it could have been used on."""
    found: list[int] = []
    if horizon <= 0:
        return found
    for position in range(1, len(reports)):
        known = reports[:position]
        wanted = known[-1].day + timedelta(days=horizon)
        later = [
            report for report in reports[position:] if abs((report.day - wanted).days) <= min(TOLERANCE, horizon - 1)
        ]
        if not later:
            continue
        actual = min(later, key=lambda report: (abs((report.day - wanted).days), report.day))
        said = forecast(known, actual.day)
        if said is not None:
            found.append(abs(said - actual.value))
    return found


def half_up(numerator: int, denominator: int) -> int:
    """A fraction as the nearest whole number, halves away from zero."""
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))


def middle(values: list[int]) -> int:
    """The median as a value that occurs: the lower of the two middle ones."""
    return sorted(values)[(len(values) - 1) // 2]


def _bloc(name: str | None, units: list[dict[str, Any]]) -> dict[str, Any]:
    """The median miss of the bloc's units in hundredths of a percentage point of their target."""
    shares = [half_up(miss * 10_000, target) for unit in units for miss, target in unit["tests"] if target]
    return {
        "bloc_name": name,
        "tests": len(shares),
        "median_error_hundredths": middle(shares) if shares else None,
    }


def _judge(unit: dict[str, Any], bloc: dict[str, Any]) -> None:
    """Adds the error, whose it is, and what the forecast says of the threshold, never more surely than the error."""
    own = [miss for miss, _ in unit["tests"]]
    share = bloc["median_error_hundredths"]
    unit |= {"error": None, "error_of": None, "tested": len(own)}
    if len(own) >= ENOUGH:
        unit |= {"error": middle(own), "error_of": "unit"}
    elif share is not None and unit["denominator"] and unit["forecast"] is not None:
        unit |= {"error": half_up(share * unit["denominator"], 10_000), "error_of": "bloc", "tested": bloc["tests"]}
    unit["verdict"] = _verdict(unit)


def _verdict(unit: dict[str, Any]) -> str:
    if unit["needed"] is None:
        return "no_threshold"
    if unit["value"] is None:
        return "no_data"
    if unit["missing"] == 0:
        return "reached"
    if unit["is_stale"]:
        return "stale"
    if unit["forecast"] is None:
        return "no_forecast"
    if unit["error"] is None:
        return "unmeasured"
    lead = unit["forecast"] - unit["needed"]
    if abs(lead) <= unit["error"]:
        return "unsure"
    return "likely" if lead > 0 else "unlikely"


def render(found: dict[str, Any], out: Console | None = None) -> None:
    out = out or console()
    head = f"{found['campaign_id']} · {found['period_name']} ({found['closing_date']:%d/%m/%Y})"
    for name, group in groupby(found["units"], key=lambda unit: unit["bloc_name"]):
        out.print(_table(" · ".join(filter(None, [head, name, f"nhìn từ {found['today']:%d/%m/%Y}"])), list(group)))
    for bloc in found["blocs"]:
        out.print(_bloc_line(bloc), highlight=False, markup=False, soft_wrap=True)
    out.print(
        "Dự báo: giữ nguyên nhịp các tuần gần đây đến ngày chốt; sai số là trung vị của các lần dự báo thử trên báo cáo "
        "cũ hơn, cùng khoảng thời gian. / The forecast keeps the recent pace; the error is the median of trials on "
        "earlier reports.",
        highlight=False,
        soft_wrap=True,
    )


def _bloc_line(bloc: dict[str, Any]) -> str:
    name = bloc["bloc_name"] or "Các đơn vị"
    if bloc["median_error_hundredths"] is None:
        return f"{name}: chưa có báo cáo cũ nào để thử dự báo, sai số chưa đo được / error not measured"
    points = half_up_percent(bloc["median_error_hundredths"], 10_000).removesuffix("%")
    return f"{name}: sai số trung vị {points} điểm phần trăm, {bloc['tests']} lần thử / median error, trials"


def _table(title: str, units: list[dict[str, Any]]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("Đơn vị")
    for name in (
        "Báo cáo",
        "Hiện có",
        "Cần",
        "Ngưỡng",
        "Còn thiếu",
        "Cần mỗi tuần",
        "Nhịp mỗi tuần",
        "Dự báo",
        "Sai số",
    ):
        table.add_column(name, justify="right")
    table.add_column("Nhận định")
    for unit in units:
        table.add_row(*map(escape, _cells(unit)))
    return table


def _cells(unit: dict[str, Any]) -> list[str]:
    error = "–"
    if unit["error"] is not None:
        error = f"±{dotted(unit['error'])}{' (khối)' if unit['error_of'] == 'bloc' else ''}"
    return [
        unit["unit_name"],
        f"{unit['as_of_date']:%d/%m/%Y}" if unit["as_of_date"] else "–",
        dotted(unit["value"]),
        dotted(unit["needed"]),
        "–" if unit["threshold_rate"] is None else exact_percent(unit["threshold_rate"]),
        dotted(unit["missing"]),
        dotted(unit["needed_per_week"]),
        dotted(unit["pace_per_week"]),
        dotted(unit["forecast"]),
        error,
        VERDICTS[unit["verdict"]],
    ]
