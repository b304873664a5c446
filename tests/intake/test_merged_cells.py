"""What a row speaks of may stand in merged cells over several rows; what it says of it stands once."""

from __future__ import annotations

import pytest

from tests.intake.conftest import Take
from tests.intake.corpus import WORKBOOKS
from tests.intake.sheets import Sheet, rows_of, xlsx


@pytest.mark.parametrize("suffix", WORKBOOKS)
def test_a_unit_and_a_day_over_two_metrics(take: Take, suffix: str) -> None:
    rows = rows_of(
        ["Đơn vị", "Ngày", "Chỉ số", "Lũy kế"],
        ["Bảo Lộc", "30/06/2023", "users", 5],
        [None, None, "cards", 6],
        ["Đà Lạt", "30/06/2023", "users", 7],
    )
    content = WORKBOOKS[suffix]([Sheet("S", rows, ("A2:A3", "B2:B3"))])
    lake = take({f"a.{suffix}": content}, campaign="hai-chi-tieu-2023")
    assert lake.rules() == set()
    assert [(row["unit_id"], row["metric_id"], row["value"]) for row in lake.rows("figures")] == [
        ("bao-loc", "cards", 6),
        ("bao-loc", "users", 5),
        ("da-lat", "users", 7),
    ]


def test_a_count_in_merged_cells_is_one_count(take: Take) -> None:
    rows = rows_of(["Đơn vị", "Ngày", "Lũy kế"], ["Bảo Lộc", "30/06/2023", 5], ["Đà Lạt", "30/06/2023", None])
    lake = take({"a.xlsx": xlsx([Sheet("S", rows, ("C2:C3",))])})
    assert lake.figures() == {("bao-loc", "2023-06-30"): 5}
    assert lake.rules() == {"value_missing"}


def test_days_that_lost_their_format_in_a_workbook_of_1904(take: Take) -> None:
    rows = rows_of(["Đơn vị", "Ngày", "Lũy kế"], ["Bảo Lộc", 45107 - 1462, 5])
    assert take({"a.xlsx": xlsx([Sheet("S", rows)], is_1904=True)}).figures() == {("bao-loc", "2023-06-30"): 5}
