"""From the bytes of a file to grids: what each format says, in rows and cells that the sender sees."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pytest
from thidua.intake import delimited, marks_xml
from thidua.intake.days import parse_day, parse_serial_moment
from thidua.intake.faults import FileFault
from thidua.intake.grid import Grid, filled_down, with_days_of_1904
from thidua.intake.marks import shows_day_and_time
from thidua.intake.moments import parse_moment
from thidua.intake.readers import read_file

from tests.intake.binary_excel import xlsb
from tests.intake.corpus import WORKBOOKS
from tests.intake.old_excel import xls
from tests.intake.sheets import ERROR_CODES, Error, Formula, Sheet, repacked, rows_of, xlsx

EPOCHS: dict[str, Callable[..., bytes]] = {"xlsx": xlsx, "xls": xls, "xlsb": xlsb}


def one(name: str, content: bytes | str) -> Grid:
    [grid] = read_file(name, content.encode() if isinstance(content, str) else content)
    return grid


def cells(grid: Grid) -> list[list[str]]:
    return grid.rows(0, grid.height)


def fault_of(name: str, content: bytes | str) -> FileFault:
    with pytest.raises(FileFault) as caught:
        read_file(name, content.encode() if isinstance(content, str) else content)
    assert " / " in caught.value.message() and "\n" not in caught.value.message()
    return caught.value


# --- workbooks ---


@pytest.mark.parametrize("suffix", WORKBOOKS)
def test_cells_of_all_kinds(suffix: str) -> None:
    rows = rows_of(["Đơn vị", "Lũy kế"], ["Bảo Lộc", 38000], [None, 28.125], ["ghi chú\nhai dòng", -5], ["'=1+1", 1.5])
    grid = one(f"a.{suffix}", WORKBOOKS[suffix]([Sheet("Quý II", rows)]))
    assert grid.sheet == "Quý II"
    assert cells(grid)[1:3] == [["Bảo Lộc", "38000"], ["", "28.1250"]]
    assert [row[1] for row in cells(grid)[3:]] == ["-5", "1.5"]


@pytest.mark.parametrize("suffix", WORKBOOKS)
def test_errors_arrive_as_they_are_shown(suffix: str) -> None:
    errors = [[Error(text), 5, text] for text in ERROR_CODES]
    grid = one(f"a.{suffix}", WORKBOOKS[suffix]([Sheet("S", [["x", "y", "z"], *errors])]))
    assert cells(grid)[1:] == [[text, "5", text] for text in ERROR_CODES]


@pytest.mark.parametrize("suffix", WORKBOOKS)
def test_an_error_in_the_last_row_and_column(suffix: str) -> None:
    rows = rows_of(["a"], ["b", None, None, Error("#REF!")], [None, None, None, None, None, Error("#N/A")])
    grid = one(f"a.{suffix}", WORKBOOKS[suffix]([Sheet("S", rows)]))
    assert cells(grid)[1][3] == "#REF!"
    assert cells(grid)[2] == ["", "", "", "", "", "#N/A"]


@pytest.mark.parametrize("suffix", WORKBOOKS)
def test_merged_cells_are_told(suffix: str) -> None:
    rows = rows_of(["Đơn vị", "Chỉ tiêu"], ["Bảo Lộc", "users"], [None, "cards"], ["Đà Lạt", "users"], [None, None])
    grid = one(f"a.{suffix}", WORKBOOKS[suffix]([Sheet("S", rows, ("A2:A3", "A4:B4"))]))
    assert sorted(grid.merges) == [(1, 0, 2, 0), (3, 0, 3, 1)]
    assert filled_down(grid, 0).to_pylist()[:4] == ["Đơn vị", "Bảo Lộc", "Bảo Lộc", "Đà Lạt"]
    assert filled_down(grid, 1).to_pylist()[:4] == grid.columns[1].to_pylist()[:4]


def test_merges_are_filled_by_the_rows_of_the_sheet_not_of_the_grid() -> None:
    """A long gap is left out of the grid."""
    rows = [["a"], *[[] for _ in range(30)], ["Bảo Lộc", 1], [None, 2], ["Đà Lạt", 3], [None, 4]]
    grid = one("a.xlsx", xlsx([Sheet("S", rows_of(*rows), ("A32:A33", "A34:A35"))]))
    assert grid.height < 15
    assert filled_down(grid, 0).to_pylist()[-4:] == ["Bảo Lộc", "Bảo Lộc", "Đà Lạt", "Đà Lạt"]
    assert grid.lines.to_pylist()[-4:] == [32, 33, 34, 35]


def test_merges_that_overlap_cost_no_more_than_the_rows() -> None:
    lines = pa.array(range(1, 10_001), pa.int64())
    column = pa.array(["a", *[""] * 9_999])
    grid = Grid("S", [column], lines, {}, [(0, 0, 1_048_575, 0)] * 100_000)
    assert set(filled_down(grid, 0).to_pylist()) == {"a"}


@pytest.mark.parametrize("suffix", WORKBOOKS)
def test_hidden_rows_are_read_and_hidden_sheets_are_not(suffix: str) -> None:
    sheets = [
        Sheet("Cũ", [["cũ"]], is_hidden=True),
        Sheet("Nay", [["a"], ["hidden"], ["b"]], hidden_rows=(2,)),
        Sheet("Nữa", [["c"]]),
    ]
    grids = read_file(f"a.{suffix}", WORKBOOKS[suffix](sheets))
    assert [(grid.sheet, cells(grid)) for grid in grids] == [("Nay", [["a"], ["hidden"], ["b"]]), ("Nữa", [["c"]])]


@pytest.mark.parametrize("suffix", ["xls", "xlsb", "ods"])  # the writer of XLSX insists on a sheet that is shown
def test_only_hidden_sheets_are_an_empty_file(suffix: str) -> None:
    content = WORKBOOKS[suffix]([Sheet("Cũ", [["cũ"]], is_hidden=True), Sheet("Trống", [[None], ["  "]])])
    assert fault_of(f"a.{suffix}", content).rule_id == "empty_file"


@pytest.mark.parametrize("is_1904", [False, True])
def test_dates_in_both_epochs(is_1904: bool) -> None:
    rows = rows_of(["Ngày"], [date(2023, 6, 30)], [datetime(2023, 6, 30, 8, 5)])
    grid = one("a.xlsx", xlsx([Sheet("S", rows)], is_1904=is_1904))
    assert cells(grid) == [["Ngày"], ["2023-06-30"], ["2023-06-30 08:05:00"]]


MIDNIGHT, DAY = datetime(2023, 6, 30), date(2023, 6, 30)


@pytest.mark.parametrize("suffix", WORKBOOKS)
def test_midnight_is_a_time_where_the_cell_shows_one(suffix: str) -> None:
    rows = rows_of(["Lúc", "Ngày"], [MIDNIGHT, "x"], [DAY, "x"], [datetime(2023, 6, 30, 8, 5), "x"], [MIDNIGHT, DAY])
    grid = one(f"a.{suffix}", WORKBOOKS[suffix]([Sheet("S", rows)]))
    day = "45107" if suffix == "xlsb" else "2023-06-30"  # whole numbers are read as they are; either is the day
    shown = ["2023-06-30 00:00:00", day, "2023-06-30 08:05:00", "2023-06-30 00:00:00"]
    assert grid.columns[0].to_pylist() == ["Lúc", *shown]
    assert grid.columns[1].to_pylist() == ["Ngày", "x", "x", "x", day]


@pytest.mark.parametrize("suffix", EPOCHS)
def test_midnight_in_the_epoch_of_its_workbook(suffix: str) -> None:
    grid = one(f"a.{suffix}", EPOCHS[suffix]([Sheet("S", [["Lúc"], [MIDNIGHT]])], is_1904=True))
    assert with_days_of_1904(grid, grid.columns[0]).to_pylist() == ["Lúc", "2023-06-30 00:00:00"]


def test_midnights_across_two_pieces_of_a_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    content = xlsx([Sheet("S", [[datetime(2023, 6, day)] for day in range(1, 29)])])
    for size in (60, 200, 201, 500):
        monkeypatch.setattr(marks_xml, "_CHUNK", size)
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            assert marks_xml.xlsx_marks(package).sheets["S"].midnights == {(row, 0) for row in range(28)}


@pytest.mark.parametrize(
    ("number_format", "shows"),
    [
        ("dd/mm/yyyy hh:mm:ss", True),
        ("[$-42A]h:mm AM/PM dd/mm/yyyy", True),
        ("dd/mm/yyyy", False),
        ("[h]:mm", False),
        ("hh:mm", False),
        ('"ngày" dd "tháng" mm', False),
        ("#,##0", False),
    ],
)
def test_number_formats_of_instants(number_format: str, shows: bool) -> None:
    assert shows_day_and_time(number_format) is shows


@pytest.mark.parametrize("suffix", EPOCHS)
def test_bare_serials_count_from_the_epoch_of_their_workbook(suffix: str) -> None:
    rows = rows_of(["Ngày"], [45107], ["45107"], [45107.5], ["30/06/2023"], ["x"])
    old, new = (one(f"a.{suffix}", EPOCHS[suffix]([Sheet("S", rows)], is_1904=is_1904)) for is_1904 in (False, True))
    assert new.notes == {"epoch": "1904"} and old.notes == {}
    assert with_days_of_1904(old, old.columns[0]) is old.columns[0]
    shifted = with_days_of_1904(new, new.columns[0]).to_pylist()
    assert shifted == ["Ngày", "46569", "46569", "46569.5", "30/06/2023", "x"]
    assert parse_day(shifted[1]) == date(2027, 7, 1) and parse_day("45107") == date(2023, 6, 30)


def test_serial_moments() -> None:
    assert parse_serial_moment("45107.5") == datetime(2023, 6, 30, 12)
    assert parse_serial_moment("45107.3368055556") == datetime(2023, 6, 30, 8, 5)
    assert parse_serial_moment("45107") == datetime(2023, 6, 30)
    assert [parse_serial_moment(text) for text in ("5107.5", "99999.5", "45107,5", "-45107.5", "")] == [None] * 5


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("06/07/2023", date(2023, 7, 6)),
        ("7/6/2023", date(2023, 6, 7)),
        ("30-06-2023", date(2023, 6, 30)),
        ("2023/06/30", date(2023, 6, 30)),
        ("30/06/2023 12:00:00 SA", date(2023, 6, 30)),
        ("Ngày 30 tháng 06 năm 2023", date(2023, 6, 30)),
        ("đến hết ngày 30/6/2023", date(2023, 6, 30)),
        ("10000", date(1927, 5, 18)),
        ("73050", date(2099, 12, 31)),
        ("73051", None),
        ("9999", None),
        ("2023", None),
        ("20230630", None),
        ("31/04/2023", None),
        ("29/02/2023", None),
        ("29/02/2024", date(2024, 2, 29)),
        ("00/06/2023", None),
        ("13/13/2023", None),
        ("30/6/23", None),
        ("2023-06/30", None),
        ("45107.5", None),
        ("#N/A", None),
    ],
)
def test_days(text: str, day: date | None) -> None:
    assert parse_day(text) == day


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("26/03/2022", datetime(2022, 3, 26)),
        ("ngày 26 tháng 3 năm 2022", datetime(2022, 3, 26)),
        ("26/03/2022 8:05 CH", datetime(2022, 3, 26, 20, 5)),
        ("26/03/2022 8:05:09 SA", datetime(2022, 3, 26, 8, 5, 9)),
        ("26/03/2022 12:00 SA", datetime(2022, 3, 26)),
        ("26/03/2022 12:30 PM", datetime(2022, 3, 26, 12, 30)),
        ("26/03/2022 20h05", datetime(2022, 3, 26, 20, 5)),
        ("20 giờ 05 26/03/2022", datetime(2022, 3, 26, 20, 5)),
        ("2022-03-26T20:05", datetime(2022, 3, 26, 20, 5)),
        ("26/03/2022 20:05:09.250", datetime(2022, 3, 26, 20, 5, 9)),
        ("44646.5", datetime(2022, 3, 26, 12)),
        ("26/03/2022 25:00:00", None),
        ("26/03/2022 20:61", None),
        ("26/03/2022 13:05 CH", None),
        ("26/03/2022 0:05 CH", None),
        ("26/03/2022 20:05+07:00", None),
        ("31/02/2022 20:05", None),
        ("20:05", None),
        ("", None),
    ],
)
def test_moments(text: str, moment: datetime | None) -> None:
    """Never the midnight of a day whose time cannot be read: an answer after the close would be inside."""
    assert parse_moment(text) == moment


# --- formulas ---


@pytest.mark.parametrize("suffix", ["xlsx", "ods"])
def test_formulas_say_what_was_calculated_last(suffix: str) -> None:
    rows = rows_of(["Đơn vị", "Lũy kế"], [Formula("=A9", "Bảo Lộc"), Formula("=1+4", 5)], ["Di Linh", Formula("=0", 0)])
    grid = one(f"a.{suffix}", WORKBOOKS[suffix]([Sheet("S", rows)]))
    assert cells(grid) == [["Đơn vị", "Lũy kế"], ["Bảo Lộc", "5"], ["Di Linh", "0"]]


@pytest.mark.parametrize("suffix", WORKBOOKS)
def test_formulas_of_numbers_in_every_format(suffix: str) -> None:
    rows = rows_of(["Đơn vị", "Lũy kế"], ["Bảo Lộc", Formula("=1+4", 5)], ["Di Linh", Formula("=0", 0)])
    grid = one(f"a.{suffix}", WORKBOOKS[suffix]([Sheet("S", rows)]))
    assert cells(grid)[1:] == [["Bảo Lộc", "5"], ["Di Linh", "0"]]


@pytest.mark.parametrize("suffix", WORKBOOKS)
def test_a_formula_that_nobody_calculated_returns_the_file(suffix: str) -> None:
    rows = rows_of(["Đơn vị", "Lũy kế"], ["Bảo Lộc", 5], ["Đà Lạt", Formula("=B2", None)], ["x", Formula("=B2", None)])
    fault = fault_of(f"a.{suffix}", WORKBOOKS[suffix]([Sheet("Quý II", rows)]))
    assert (fault.rule_id, fault.values) == ("formula_without_value", {"place": "Quý II!B3", "count": "2"})


def test_formulas_of_xls_that_are_all_empty_texts_were_never_calculated() -> None:
    """Some libraries write that for every formula; Excel for one that gives an empty text, beside others that do not."""
    emptied = [Sheet("S", rows_of(["a"], [Formula("=A1", "")]))]
    fault = fault_of("a.xls", WORKBOOKS["xls"](emptied))
    assert (fault.rule_id, fault.values) == ("formula_without_value", {"place": "S!A2", "count": "1"})
    used = [Sheet("S", rows_of(["a"], [Formula('=IF(1,"","")', "")], [Formula("=1+4", 5)]))]
    assert cells(one("a.xls", WORKBOOKS["xls"](used)))[-1] == ["5"]


def test_a_formula_that_says_nothing_was_calculated() -> None:
    rows = rows_of(["a"], [Formula('=IF(1,"","")', "")])
    content = repacked(
        xlsx([Sheet("S", rows)]),
        {"xl/worksheets/sheet1.xml": lambda part: part.replace(b'<c r="A2">', b'<c r="A2" t="str">')},
    )
    assert cells(one("a.xlsx", content))[0] == ["a"]


def test_a_zero_that_waits_for_its_calculation_is_no_figure() -> None:
    """Libraries write 0 for every formula, and ask Excel to calculate when it opens the file."""
    rows = rows_of(["Đơn vị", "Lũy kế"], ["Bảo Lộc", Formula("=2+3", 0)], ["Di Linh", Formula("=2+3", 5)])
    calculated = xlsx([Sheet("S", rows)])
    assert cells(one("a.xlsx", calculated))[1] == ["Bảo Lộc", "0"]
    waiting = repacked(
        calculated, {"xl/workbook.xml": lambda part: part.replace(b"<calcPr ", b'<calcPr fullCalcOnLoad="1" ')}
    )
    fault = fault_of("a.xlsx", waiting)
    assert (fault.rule_id, fault.values) == ("formula_without_value", {"place": "S!B2", "count": "1"})


def test_a_formula_in_a_hidden_sheet_does_not_matter() -> None:
    sheets = [Sheet("S", [["a"]]), Sheet("H", [[Formula("=A1", None)]], is_hidden=True)]
    assert cells(one("a.xlsx", xlsx(sheets))) == [["a"]]


# --- text files ---


def test_lines_around_the_table_are_in_their_places() -> None:
    text = "BÁO CÁO\n\nĐơn vị,Ngày,Lũy kế\nBảo Lộc,30/06/2023,5\n\nĐà Lạt,30/06/2023,7,ghi chú\nTổng,12\n\n,Giám đốc\n"
    grid = one("a.csv", text)
    assert grid.lines.to_pylist() == list(range(1, 10))
    assert cells(grid)[0] == ["BÁO CÁO", "", "", ""]
    assert cells(grid)[3:7] == [
        ["Bảo Lộc", "30/06/2023", "5", ""],
        ["", "", "", ""],
        ["Đà Lạt", "30/06/2023", "7", "ghi chú"],
        ["Tổng", "12", "", ""],
    ]


QUOTED = [
    ('a,b\n"x,y",2\n3,4\n', [["a", "b"], ["x,y", "2"], ["3", "4"]], [1, 2, 3]),
    ('a,b\n"x\ny",2\n3,4\n', [["a", "b"], ["x\ny", "2"], ["3", "4"]], [1, 2, 4]),
    ('a,b\n"x\n\n\ny","2\n"\n3,4\n', [["a", "b"], ["x\n\n\ny", "2\n"], ["3", "4"]], [1, 2, 7]),
    ('title\na,b\n"x\ny",2\n3,4', [["title", ""], ["a", "b"], ["x\ny", "2"], ["3", "4"]], [1, 2, 3, 5]),
    ('a,b\n"say ""hi""",2\n', [["a", "b"], ['say "hi"', "2"]], [1, 2]),
    ('a,b\nTrường "Kim Đồng",2\n', [["a", "b"], ['Trường "Kim Đồng"', "2"]], [1, 2]),
    ('a,b\r\n"x\r\ny",2\r\n3,4\r\n', [["a", "b"], ["x\r\ny", "2"], ["3", "4"]], [1, 2, 4]),
    ('a,b\n"",""\n"1",\n', [["a", "b"], ["", ""], ["1", ""]], [1, 2, 3]),
]


@pytest.mark.parametrize(("text", "expected", "lines"), QUOTED)
def test_quotes_and_line_numbers(text: str, expected: list[list[str]], lines: list[int]) -> None:
    grid = one("a.csv", text)
    assert cells(grid) == expected
    assert grid.lines.to_pylist() == lines


@pytest.mark.parametrize(("text", "expected", "lines"), QUOTED)
def test_both_ways_of_reading_agree(
    text: str, expected: list[list[str]], lines: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Grid:
        raise delimited._NotArrows

    monkeypatch.setattr(delimited, "_read_fast", refuse)
    grid = one("a.csv", text)
    assert (cells(grid), grid.lines.to_pylist()) == (expected, lines)


def test_the_usual_file_is_read_by_arrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "_read_carefully", lambda *_: pytest.fail("the careful way"))
    body = "".join(f'{number};"Bảo Lộc";"30/06/2023; hai\nba"\n' for number in range(2_000))
    grid = one("a.csv", body)
    assert grid.height == 2_000 and grid.lines[-1].as_py() == 3_999
    title = "DANH SÁCH\n\n" + "".join(f"{number};Bảo Lộc;30/06/2023\n" for number in range(2_000)) + ";Giám đốc\n"
    assert one("a.csv", title).height == 2_003


def test_blocks_do_not_disturb_line_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "_BLOCK", 1_000)
    text = "".join(f"{number},Bảo Lộc,x\n" if number % 97 else f"{number}\n" for number in range(1, 5_001))
    grid = one("a.csv", text)
    assert grid.columns[0].to_pylist() == [str(number) for number in range(1, 5_001)]
    assert np.array_equal(grid.lines.to_numpy(), np.arange(1, 5_001))
    assert grid.columns[2].to_pylist() == ["x" if number % 97 else "" for number in range(1, 5_001)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a,b\n1,2\n"x,2\n3,4\n', "3"),
        ('a,b\n"c" d,4\n5,6\n', "2"),
        ('a,b\n1,2\n"', "3"),
        ('a,b\n"x\ny",2\n"z" w,2\n', "4"),
        ("a,b\n" + "1,2\n" * 5_000 + '"open,2\n' + "3,4\n" * 5_000, "5002"),
    ],
)
def test_quotes_that_do_not_close_swallow_nothing(text: str, line: str) -> None:
    fault = fault_of("a.csv", text)
    assert (fault.rule_id, fault.values) == ("broken_quotes", {"line": line})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\n" + "," * 2_000 + "\n1,2\n", "2001 cột / columns"),
        ("," * 10_000_000, "cột / columns, dòng / line 1"),
        ("x" * 200_000 + ",b\n1,2\n", "dòng / line 1"),
        ("a,b\n" + "x" * 20_000_000 + ",2\n", "dòng / line 2"),
        ('a,b\n1,"' + "x" * 200_000 + '"\n', "dòng / line 2"),
    ],
)
def test_lines_that_no_table_has(text: str, told: str) -> None:
    fault = fault_of("a.csv", text)
    assert fault.rule_id == "too_large" and told in fault.message()


def test_more_odd_lines_than_a_title_has_are_read_all_the_same() -> None:
    text = "a,b\n" * 300 + "x\n" * 60_000 + "1,2,3\n"
    grid = one("a.csv", text)
    assert (grid.height, grid.width) == (60_301, 3)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(delimiter: str) -> None:
    text = f"a{delimiter}b{delimiter}c\n1{delimiter}x, y; z{delimiter}3\n".replace("x, y; z", "x")
    grid = one("a.txt", text)
    assert cells(grid) == [["a", "b", "c"], ["1", "x", "3"]]
    assert grid.notes["delimiter"] == ("tab" if delimiter == "\t" else delimiter)


def test_excels_own_hint_line() -> None:
    assert cells(one("a.csv", "sep=|\na|b,c|d\n"))[1] == ["a", "b,c", "d"]


def test_the_end_mark_of_dos() -> None:
    assert cells(one("a.csv", b"a,b\r\n1,2\r\n\x1a")) == [["a", "b"], ["1", "2"]]


# --- which reader ---


def test_names_and_contents_that_disagree() -> None:
    book = xlsx([Sheet("S", [["a", "b"]])])
    assert cells(one("a.csv", book)) == cells(one("a.xls", book)) == [["a", "b"]]
    assert cells(one("a.xlsx", "a\tb\n1\t2\n")) == [["a", "b"], ["1", "2"]]
    assert cells(one("a.XLSX", "a\tb\n".encode("utf-16"))) == [["a", "b"]]


@pytest.mark.parametrize(
    "text", ["<html><table><tr><td>1", "  <!DOCTYPE html>", "\ufeff<?xml version='1.0'?><Workbook/>"]
)
@pytest.mark.parametrize("name", ["a.xls", "a.csv"])
def test_web_pages_under_the_name_of_a_workbook(name: str, text: str) -> None:
    fault = fault_of(name, text)
    assert fault.rule_id == "unreadable_file" and "web page" in fault.message()


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a", "a.xlsx.zip", "a.xlsm"])
def test_formats_that_are_not_read(name: str) -> None:
    assert fault_of(name, b"x").rule_id == "unknown_format"


@pytest.mark.parametrize(
    "content", [b"", b"\n\n \t\r\n", b"\0" * 5_000, b"\xef\xbb\xbf", b"\xff\xfe", b",,,\n,,,\n, ,,\n"]
)
def test_nothing(content: bytes) -> None:
    assert fault_of("a.csv", content).rule_id in ("empty_file", "unreadable_file")
