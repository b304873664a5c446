"""thidua outlook: pace, forecast and error, by hand; where the reports do not suffice it says so."""

from __future__ import annotations

import io
from datetime import date, timedelta

import pytest
from rich.console import Console
from thidua.errors import NotWell
from thidua.reports.outlook import Report, forecast, half_up, middle, misses, outlook, pace_start, render
from thidua.settings import Home

from tests.reports.conftest import CAMPAIGN, CLOSING, Marts, add_unit

FIRST = date(2023, 5, 1)


def weekly(*values: int) -> list[Report]:
    return [Report(FIRST + timedelta(weeks=week), value) for week, value in enumerate(values)]


def test_the_pace_is_that_of_the_last_weeks() -> None:
    reports = weekly(0, 100, 200, 230, 260, 290)
    assert pace_start(reports) == reports[2]
    assert forecast(reports, reports[-1].day + timedelta(days=14)) == 350
    assert forecast(reports, reports[-1].day + timedelta(days=10)) == 333  # 290 + 90 × 10 / 21 = 332.86


def test_one_report_or_two_close_ones_are_no_pace() -> None:
    assert forecast(weekly(100), CLOSING) is None
    assert forecast([Report(FIRST, 100), Report(FIRST + timedelta(days=5), 150)], CLOSING) is None
    assert forecast([Report(FIRST, 100), Report(FIRST + timedelta(days=6), 160)], FIRST + timedelta(days=12)) == 220


def test_a_steady_pace_misses_nothing_and_a_change_is_missed_by_what_it_is() -> None:
    assert misses(weekly(0, 10, 20, 30, 40), 7) == [0, 0, 0]
    # Known 0, 10: says 20 where 20 came; known 0, 10, 20: says 30, but 25 came.
    assert misses(weekly(0, 10, 20, 25), 7) == [0, 5]
    assert misses(weekly(0, 10, 20, 30), 60) == []  # nothing came as much later
    assert misses(weekly(0, 10, 20, 30), 0) == []


def test_a_trial_sees_nothing_of_what_came_after_it() -> None:
    """Whatever the later reports say, what was forecast before them stays: only the misses of them change."""
    known = weekly(0, 10, 25, 45, 50)
    longer = [*known, Report(FIRST + timedelta(weeks=5), 9_999)]
    assert misses(longer, 7)[:-1] == misses(known, 7)


@pytest.mark.parametrize(("numerator", "denominator", "whole"), [(5, 2, 3), (-5, 2, -3), (7, 3, 2), (0, 7, 0)])
def test_whole_numbers_half_up(numerator: int, denominator: int, whole: int) -> None:
    assert half_up(numerator, denominator) == whole


def test_the_middle_is_a_value_that_occurs() -> None:
    assert [middle(values) for values in ([3], [5, 1], [9, 1, 4], [1, 2, 3, 4])] == [3, 1, 4, 2]


def report(marts: Marts, unit_id: str, *values: int, last: date = date(2023, 6, 19)) -> None:
    for weeks_ago, value in enumerate(reversed(values)):
        marts.insert(
            "fct_progress",
            unit_id=unit_id,
            metric_id="users",
            period_id="all",
            as_of_date=last - timedelta(weeks=weeks_ago),
            cumulative_count=value,
            increment_count=value,
        )


@pytest.fixture
def home(marts: Marts) -> Home:
    """Threshold 60 of 100: one unit there, one that will be, one near, one far, one silent, one with a single report."""
    for unit_id in ("there", "likely", "near", "far", "silent", "single", "old"):
        add_unit(marts, unit_id, unit_id, 0, None, 100)
    marts._connection.execute("update marts.marts.fct_measure set metric_id = 'users'")
    marts._connection.execute("update marts.marts.fct_eligibility set threshold_rate = 0.6")
    report(marts, "there", 58, 59, 60, 61)
    report(marts, "likely", 10, 20, 30, 40, 50)
    report(marts, "near", 20, 30, 40, 45, 50)
    report(marts, "far", 1, 2, 3, 4)
    report(marts, "single", 59)
    report(marts, "old", 10, 20, 30, last=date(2023, 5, 1))
    report(marts, "likely", 999, last=date(2023, 6, 26))  # later than the day looked from
    marts.close()
    return marts.home


def test_what_is_needed_and_what_is_to_be_expected(home: Home) -> None:
    found = outlook(home, CAMPAIGN, None, date(2023, 6, 20))
    units = {unit["unit_id"]: unit for unit in found["units"]}
    assert {unit_id: unit["verdict"] for unit_id, unit in units.items()} == {
        "there": "reached", "likely": "likely", "near": "unsure", "far": "unlikely", "silent": "no_data",
        "single": "no_forecast", "old": "stale",
    }  # fmt: skip
    likely = units["likely"]
    assert (likely["value"], likely["needed"], likely["missing"], likely["days_left"]) == (50, 60, 10, 11)
    assert (likely["needed_per_week"], likely["pace_per_week"], likely["forecast"]) == (7, 10, 66)
    assert units["silent"]["value"] is None and units["silent"]["missing"] is None
    assert units["single"]["forecast"] is None and units["old"]["forecast"] is None
    assert found["blocs"][0]["tests"] > 0


def test_the_terminal_says_how_sure_it_is(home: Home) -> None:
    out = Console(width=250, file=io.StringIO())
    render(outlook(home, CAMPAIGN, "q2", date(2023, 6, 20)), out)
    text = out.file.getvalue()  # type: ignore[attr-defined]
    for part in ("chưa đủ báo cáo để dự báo", "báo cáo cuối quá cũ", "điểm phần trăm", "trung vị"):
        assert part in text


def test_after_the_last_closing_there_is_no_outlook(home: Home) -> None:
    with pytest.raises(NotWell, match="no closing with a threshold lies ahead"):
        outlook(home, CAMPAIGN, None, CLOSING + timedelta(days=1))
