"""`thidua progress`: what a campaign that ranks nothing shows, and that a rate which does not apply is never 0%."""

from __future__ import annotations

import io
from datetime import date

import pytest
from rich.console import Console
from thidua.errors import ThiduaError
from thidua.reports.progress import progress, render

from tests.reports.conftest import CAMPAIGN, Marts, local


def shown(marts: Marts) -> str:
    marts.close()
    out = io.StringIO()
    render(progress(marts.home, CAMPAIGN), Console(file=out, width=170))
    return out.getvalue()


def rollout(marts: Marts) -> None:
    marts.insert("dim_unit", unit_id="office", name="BHXH huyện", unit_type="office")
    marts.insert("dim_unit", unit_id="north", name="Xã Bắc", unit_type="commune", parent_unit_id="office")
    for unit, day, count in (("office", 30, 7), ("office", 31, 12), ("north", 31, 5)):
        marts.insert(
            "fct_progress", unit_id=unit, metric_id="installs", period_id="all", as_of_date=date(2021, 5, day) if day == 31 else date(2021, 4, day),
            cumulative_count=count,
        )  # fmt: skip
    for unit in ("office", "north"):
        marts.insert(
            "fct_progress_breakdown", unit_id=unit, metric_id="installs", period_id="all", as_of_date=date(2021, 5, 31),
            dimension="employer", member="Trường A", cumulative_count=4,
        )  # fmt: skip
    marts.insert(
        "fct_schedule", dimension="group", member="unions", planned_from=date(2021, 3, 18),
        planned_through=date(2021, 4, 15), first_event_at=local("2021-04-16T00:00:00"), status="late",
    )  # fmt: skip
    marts.insert(
        "fct_backlog", backlog_id="feedback", name="Phản ánh", dimension="", member="", as_of_date=date(2021, 5, 31),
        received_count=3, resolved_count=2, open_count=1, oldest_open_days=51, median_open_days=51,
    )  # fmt: skip


def test_the_latest_counts_the_schedule_and_what_is_open(marts: Marts) -> None:
    rollout(marts)
    text = shown(marts)
    assert "unions" in text and "muộn" in text and "16/04/2021" in text
    assert "12" in text and "30/04/2021" not in text, "the latest count of a unit only"
    assert text.count("Trường A") == 1, "members of the whole, not again of each unit below"
    assert "Phản ánh đến 31/05/2021" in text and "51" in text


def test_no_target_is_no_rate(marts: Marts) -> None:
    rollout(marts)
    text = shown(marts)
    assert "không áp dụng" in text and "%" not in text


def test_a_rate_where_there_is_something_to_measure_by(marts: Marts) -> None:
    rollout(marts)
    marts.insert(
        "fct_progress_breakdown", unit_id="office", metric_id="installs", period_id="all", as_of_date=date(2021, 5, 31),
        dimension="class", member="10", cumulative_count=2, denominator_count=3,
    )  # fmt: skip
    assert "66,67%" in shown(marts)


def test_nothing_yet_and_an_unknown_campaign(marts: Marts) -> None:
    assert "Chưa có số liệu" in shown(marts)
    with pytest.raises(ThiduaError, match="no campaign"):
        progress(marts.home, "nowhere")
