"""Separators are decided per file and column, from all its values; what can be read in two ways is not read."""

from __future__ import annotations

import pytest

from tests.intake.conftest import Lake

HEAD = "Đơn vị;Ngày số liệu;Số lũy kế\n"
UNITS = ["Bảo Lộc", "Đà Lạt", "Di Linh", "Cộng Hòa"]

# values of one column -> how each is read; None where it is rejected
COLUMNS = [
    (["28310"], [28310]),
    (["28.310"], [28310]),
    (["28,310"], [28310]),
    (["28 310"], [28310]),
    (["28\u00a0310", "7"], [28310, 7]),
    (["28\u202f310"], [28310]),
    (["1.028.310", "28.310"], [1028310, 28310]),
    (["1,028,310", "28,310"], [1028310, 28310]),
    (["28.310", "12.5"], [None, None]),
    (["28,310", "12,5"], [None, None]),
    (["28.310", "12,5"], [28310, None]),
    (["28.310", "1.234,5"], [28310, None]),
    (["28.310", "28,310"], [None, None]),
    (["1.028.310", "28,310", "28.310"], [1028310, None, 28310]),
    (["28.310", "(1.000)"], [28310, -1000]),
    (["-", "–", "0"], [0, 0, 0]),
    (["-12"], [-12]),
    (["−12"], [-12]),
    (["38.0"], [None]),
    (["0.123"], [None]),
    (["12.34.567"], [None]),
    (["1234.567"], [None]),
    (["74,04%"], [None]),
    (["1e3"], [None]),
    (["0x10"], [None]),
    (["99999999999999999999"], [None]),
    (["007"], [7]),
]


@pytest.fixture(scope="module")
def judged(take_many) -> Lake:
    """Every column in a file of its own, all judged together."""
    return take_many(
        {
            f"{number}.csv": HEAD
            + "".join(f"{unit};30/06/2023;{value}\n" for unit, value in zip(UNITS, values, strict=False))
            for number, (values, _) in enumerate(COLUMNS)
        }
    )


@pytest.mark.parametrize("number", range(len(COLUMNS)), ids=[" ".join(values) for values, _ in COLUMNS])
def test_column_of_values(judged, number: int) -> None:
    lake = judged.of(f"{number}.csv")
    whole = {row["line_number"]: row["value"] for row in lake.rows("figures")}
    negative = {row["line_number"] for row in lake.rows("rejected_rows") if row["rule_id"] == "value_negative"}
    for line, expected in enumerate(COLUMNS[number][1], start=2):
        if expected is None:
            assert line not in whole and line not in negative
        elif expected < 0:
            assert line in negative
        else:
            assert whole[line] == expected


def test_another_file_does_not_decide_the_separators_of_this_one(take) -> None:
    lake = take(
        {
            "a.csv": HEAD + "Bảo Lộc;30/06/2023;28.310\n",
            "b.csv": HEAD + "Đà Lạt;30/06/2023;12.5\nDi Linh;30/06/2023;28,310\n",
        }
    )
    assert lake.figures()[("bao-loc", "2023-06-30")] == 28310
