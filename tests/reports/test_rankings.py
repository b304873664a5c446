"""thidua rankings: the order of a council's table, Vietnamese figures, filters."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from rich.console import Console
from thidua.errors import ThiduaError
from thidua.reports.rankings import rankings, render
from thidua.reports.served import dotted, exact_percent, half_up_percent

from tests.reports.conftest import CAMPAIGN, Marts


def row(marts: Marts, unit_id: str, **more: object) -> None:
    given = {
        "campaign_title": "Cài đặt VssID",
        "period_id": "q2",
        "period_name": "Quý II",
        "closing_date": "2023-06-30",
        "bloc_id": "districts",
        "bloc_name": "Khối huyện",
        "unit_name": unit_id.upper(),
        "status_label": "Tạm tính",
        "is_eligible": True,
        "reason_code": "ok",
        "reason_label": "Đủ điều kiện",
    }
    marts.insert("rpt_ranking", unit_id=unit_id, **{**given, **more})


@pytest.fixture
def published(marts: Marts) -> Marts:
    marts.insert("dim_unit", unit_id="x", name="X", bloc_id="districts", bloc_name="Khối huyện")
    marts.insert("dim_unit", unit_id="y", name="Y", bloc_id="departments", bloc_name="Khối phòng")
    below = {"is_eligible": False, "reason_code": "below_threshold", "reason_label": "Chưa đạt ngưỡng"}
    row(marts, "a-no-data", is_eligible=None, reason_code="no_data", reason_label="Chưa có số liệu", denominator=4_480)
    row(marts, "b-below", progress_rate=Decimal("0.59"), rate_text="59,80%", missing_count=17, **below)
    tied = {"rank": 2, "is_tied": True, "award_status": "undecided", "award_status_label": "Chờ Hội đồng quyết định"}
    row(marts, "d-tied", amount_min=300_000, amount_max=700_000, **tied)
    row(marts, "c-tied", amount_min=360_000, amount_max=840_000, **tied)
    prize = {"prize_name": "Giải nhất", "award_status": "proposed", "amount": 3_000_000, "nomination_quota": 2}
    row(marts, "e-first", rank=1, numerator=8_568, denominator=11_230, rate_text="76,30%", **prize)
    other = {"bloc_id": "departments", "bloc_name": "Khối phòng", "rank": 1}
    row(marts, "p", prize_name="Giải nhất", award_status="blocked", award_status_label="Chưa có số biên chế", **other)
    marts.close()
    return marts


def test_the_order_in_which_a_council_reads(published: Marts) -> None:
    units = [row["unit_id"] for row in rankings(published.home, CAMPAIGN, "q2", "districts")]
    assert units == ["e-first", "c-tied", "d-tied", "b-below", "a-no-data"]
    assert {row["bloc_id"] for row in rankings(published.home)} == {"districts", "departments"}


def test_the_table_speaks_vietnamese(published: Marts) -> None:
    out = Console(width=200, file=io.StringIO())
    render(rankings(published.home), out)
    lines = out.file.getvalue().splitlines()  # type: ignore[attr-defined]

    def cells(unit: str) -> list[str]:
        line = next(line for line in lines if unit in line)
        return [cell.strip() for cell in line.strip("│").split("│")]

    assert any("Cài đặt VssID · Quý II (30/06/2023) · Khối huyện · Tạm tính" in line for line in lines)
    first = ["1", "E-FIRST", "8.568", "11.230", "76,30%", "", "Đủ điều kiện", "Giải nhất", "3.000.000", "2"]
    assert cells("E-FIRST") == first
    assert cells("C-TIED")[0] == "2 ="
    assert cells("C-TIED")[-3:-1] == ["Chờ Hội đồng quyết định", "360.000 … 840.000"]
    assert cells("B-BELOW")[:7] == ["–", "B-BELOW", "–", "–", "59,80%", "17", "Chưa đạt ngưỡng"]
    assert cells("A-NO-DATA")[6:] == ["Chưa có số liệu", "", "", ""]
    assert cells("P")[7:9] == ["Giải nhất · Chưa có số biên chế", "–"]


def test_an_official_version_says_so(marts: Marts) -> None:
    row(marts, "a", rank=1, status_label="Chính thức", version=2)
    marts.close()
    out = Console(width=200, file=io.StringIO())
    render(rankings(marts.home), out)
    assert "Chính thức, bản 2" in out.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("lam-dong-2022", None, None), r"there is no campaign 'lam-dong-2022' \(closest: lam-dong-2023"),
        ((CAMPAIGN, "q9", None), r"there is no period 'q9' \(closest: q2 \(Quý II\)\)"),
        ((CAMPAIGN, "q2", "district"), r"there is no bloc 'district' \(closest: districts \(Khối huyện\)\)"),
    ],
)
def test_unknown_names(published: Marts, asked: tuple[str, str | None, str | None], message: str) -> None:
    with pytest.raises(ThiduaError, match=message):
        rankings(published.home, *asked)


def test_a_reader_sees_one_version_whole(published: Marts) -> None:
    """`current` may be swapped while somebody reads: the link is resolved once, the old version stays readable."""
    current = published.home.serve / "current"
    version = current.resolve()
    (published.home.serve / "later").symlink_to(version.name)
    (published.home.serve / "later").replace(current)
    assert len(rankings(published.home)) == 6


@pytest.mark.parametrize(
    ("numerator", "denominator", "text"),
    [
        (9_690, 13_087, "74,04%"),
        (1_000, 1_440, "69,44%"),
        (7_852, 13_087, "60,00%"),
        (8_146, 13_087, "62,24%"),
        (7_930, 13_087, "60,59%"),
        (1, 8, "12,50%"),
        (1, 20_000, "0,01%"),  # a half goes up
        (-1, 20_000, "-0,01%"),  # and away from zero
        (-1, 1_000_000, "0,00%"),
        (130_000, 1_000, "13.000,00%"),
    ],
)
def test_rates_are_half_up_from_the_integers(numerator: int, denominator: int, text: str) -> None:
    assert half_up_percent(numerator, denominator) == text


def test_figures_as_offices_write_them() -> None:
    assert [dotted(value) for value in (None, 0, 999, 13_087, 2_800_000, -310)] == [
        "–", "0", "999", "13.087", "2.800.000", "-310",
    ]  # fmt: skip
    assert [exact_percent(Decimal(rate)) for rate in ("0.600000", "1.000000", "0.666700", "0")] == [
        "60%", "100%", "66,67%", "0%",
    ]  # fmt: skip
