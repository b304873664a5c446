"""Every layout of "What exports really look like", in every format: the same figures each time.

`LAYOUTS` makes sheets for the campaign of conftest.py; each says of 2023-06-30 what `FIGURES` says, unless EXPECTED gives
its own. `FORMATS` makes files of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from tests.intake.binary_excel import xlsb
from tests.intake.old_excel import xls
from tests.intake.open_document import ods
from tests.intake.sheets import Cell, Sheet, rows_of, text_file, xlsx

DAY = "2023-06-30"
FIGURES = {("bao-loc", DAY): 38000, ("da-lat", DAY): 50353, ("di-linh", DAY): 0}

MOTTO = rows_of(
    ["BẢO HIỂM XÃ HỘI VIỆT NAM", None, None, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"],
    ["BHXH TỈNH THỬ NGHIỆM", None, None, "Độc lập - Tự do - Hạnh phúc"],
    [None, None, None, "Thử Nghiệm, ngày 03 tháng 7 năm 2023"],
    ["KẾT QUẢ CÀI ĐẶT VSSID"],
    ["(Tính đến hết ngày 30/6/2023, kèm theo Công văn số 12/BHXH ngày 03/7/2023)"],
    [],
)
HEADER: list[Cell] = ["STT", "Tên đơn vị", "Số lũy kế"]
BODY = rows_of([1, "TP. Bảo Lộc", 38000], [2, "Đà Lạt", "50.353"], [3, "Di Linh", "-"])


def plain() -> list[Sheet]:
    days = [[unit, "30/06/2023", count] for _, unit, count in BODY]
    return [Sheet("Báo cáo", rows_of(["Đơn vị", "Ngày số liệu", "Lũy kế"], *days))]


def real_dates() -> list[Sheet]:
    days = [[unit, date(2023, 6, 30), count] for _, unit, count in BODY]
    return [Sheet("Báo cáo", rows_of(["Đơn vị", "Ngày số liệu", "Lũy kế"], *days))]


def dates_in_words() -> list[Sheet]:
    days = [[unit, "ngày 30 tháng 6 năm 2023", count] for _, unit, count in BODY]
    return [Sheet("Báo cáo", rows_of(["Đơn vị", "Ngày số liệu", "Lũy kế"], *days))]


def dates_that_lost_their_format() -> list[Sheet]:
    days = [[unit, serial, count] for (_, unit, count), serial in zip(BODY, [45107, "45107", 45107], strict=True)]
    return [Sheet("Báo cáo", rows_of(["Đơn vị", "Ngày số liệu", "Lũy kế"], *days))]


def english() -> list[Sheet]:
    days = [[unit, "2023-06-30", count] for _, unit, count in BODY]
    return [Sheet("Report", rows_of(["Unit", "As-of date", "Cumulative count"], *days))]


def motto_and_title() -> list[Sheet]:
    return [Sheet("Quý II", [*MOTTO, HEADER, *BODY])]


def two_header_rows() -> list[Sheet]:
    header = rows_of(
        ["STT", "Tên đơn vị", "Số người cài đặt VssID", None, "Tỷ lệ %"], [None, None, "Trong kỳ", "Lũy kế", None]
    )
    body = [[number, unit, 1, count, "74,04%"] for number, unit, count in BODY]
    merges = ("A7:A8", "B7:B8", "C7:D7", "E7:E8")
    return [Sheet("Quý II", [*MOTTO, *header, *rows_of(*body)], merges)]


def numbering_row() -> list[Sheet]:
    numbers: list[Cell] = ["(A)", "(B)", "(1)"]
    return [Sheet("Quý II", [*MOTTO, HEADER, numbers, *BODY])]


def bloc_rows() -> list[Sheet]:
    blocs = rows_of(["I", "Khối các huyện, thành phố"], BODY[0], BODY[1], ["II", "Khối các phòng"], BODY[2])
    return [Sheet("Quý II", [*MOTTO, HEADER, *blocs])]


def total_and_signature() -> list[Sheet]:
    foot = rows_of(
        ["Tổng cộng", None, 88353],
        [],
        [None, "NGƯỜI LẬP BIỂU", "GIÁM ĐỐC"],
        [None, "(Đã ký)", "(Đã ký)"],
    )
    last = len(MOTTO) + 1 + len(BODY) + 1
    return [Sheet("Quý II", [*MOTTO, HEADER, *BODY, *foot], (f"A{last}:B{last}",))]


def all_at_once() -> list[Sheet]:
    header = rows_of(
        ["STT", "Tên đơn vị", "Kết quả", None], [None, None, "Lũy kế", "Tỷ lệ"], ["(A)", "(B)", "(1)", "(2)"]
    )
    body = rows_of(
        ["I", "Khối các huyện, thành phố"],
        [1, "Thành phố Bảo Lộc", "38 000", "74,04%"],
        [2, "BHXH TP Đà Lạt", "50 353", "60,00%"],
        ["II", "Khối các phòng"],
        [1, "Di Linh", "-", "-"],
        [None, "Tổng cộng", "88 353"],
        [],
        [None, "Người lập biểu", "Giám đốc"],
    )
    return [Sheet("Quý II", [*MOTTO, *header, *body], ("A7:A8", "B7:B8", "C7:D7"))]


def away_from_the_corner() -> list[Sheet]:
    rows: list[list[Cell]] = [[None, None, *row] for row in [*MOTTO, HEADER, *BODY]]
    return [Sheet("Quý II", [[], [], [], *rows])]


def rows_hidden_by_a_filter() -> list[Sheet]:
    """They are read: the filter was left on."""
    return [Sheet("Quý II", [*MOTTO, HEADER, *BODY], hidden_rows=(8, 9))]


def hidden_sheets() -> list[Sheet]:
    """They are not read: last year's figures, a list for a drop-down."""
    old = [[unit, "30/06/2023", 1] for _, unit, _ in BODY]
    return [
        Sheet("Cũ", rows_of(["Đơn vị", "Ngày số liệu", "Lũy kế"], *old), is_hidden=True),
        *plain(),
        Sheet("Danh mục", rows_of(["Đơn vị", "Ngày số liệu", "Lũy kế"], *old), is_hidden=True),
    ]


def several_sheets() -> list[Sheet]:
    title: list[Cell] = ["Tính đến hết ngày 30/6/2023"]
    cover = Sheet("Bìa", rows_of(["BÁO CÁO QUÝ II"], ["Người gửi: Phòng Thu"]))
    return [cover, *(Sheet(f"Biểu {row[0]}", [title, HEADER, row]) for row in BODY)]


LAYOUTS: Mapping[str, Callable[[], list[Sheet]]] = {
    layout.__name__: layout
    for layout in (
        plain, real_dates, dates_in_words, dates_that_lost_their_format, english, motto_and_title, two_header_rows,
        numbering_row, bloc_rows, total_and_signature, all_at_once, away_from_the_corner, rows_hidden_by_a_filter,
        hidden_sheets, several_sheets,
    )
}  # fmt: skip


def _first_shown(sheets: Sequence[Sheet]) -> Sheet:
    return next(sheet for sheet in sheets if not sheet.is_hidden)


WORKBOOKS: Mapping[str, Callable[[list[Sheet]], bytes]] = {"xlsx": xlsx, "xls": xls, "xlsb": xlsb, "ods": ods}
# A text file is made of the first sheet that is shown, as programs do.
TEXTS: Mapping[str, Callable[[list[Sheet]], bytes]] = {
    "comma.csv": lambda sheets: text_file(_first_shown(sheets)),
    "semicolon_bom.csv": lambda sheets: text_file(_first_shown(sheets), ";", encoding="utf-8-sig"),
    "utf16.txt": lambda sheets: text_file(_first_shown(sheets), "\t", encoding="utf-16"),
    "utf16le_unmarked.txt": lambda sheets: text_file(_first_shown(sheets), "\t", encoding="utf-16-le"),
    "utf16be_unmarked.txt": lambda sheets: text_file(_first_shown(sheets), "\t", encoding="utf-16-be"),
    "windows1258.csv": lambda sheets: text_file(_first_shown(sheets), ";", encoding="cp1258"),
    "nfd.csv": lambda sheets: text_file(_first_shown(sheets), encoding="nfd", newline="\n"),
    "pipe.txt": lambda sheets: text_file(_first_shown(sheets), "|"),
    "old_mac.csv": lambda sheets: text_file(_first_shown(sheets), ";", newline="\r"),
}


def files() -> dict[str, bytes]:
    """<layout>.<format> -> bytes; several sheets make no text file, and XLS here writes no cells that are dates."""
    made = {}
    for layout, sheets in LAYOUTS.items():
        for suffix, write in WORKBOOKS.items():
            if layout != "real_dates" or suffix in ("xlsx", "ods"):
                made[f"{layout}.{suffix}"] = write(sheets())
        if layout != "several_sheets":
            made.update({f"{layout}.{suffix}": write(sheets()) for suffix, write in TEXTS.items()})
    return made
