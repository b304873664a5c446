"""Return slips: what an office sent comes back with its faults marked, and mending the marked cells is enough."""

from __future__ import annotations

import io
import stat
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import openpyxl
import pytest
import xlsxwriter
from openpyxl.comments import Comment
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from thidua.errors import NotWell, ThiduaError
from thidua.intake.contracts import known_export_types, load_contract
from thidua.intake.grid import Grid
from thidua.intake.layout import find_layout
from thidua.intake.readers import read_file
from thidua.orchestration import steps
from thidua.slips import text_copy
from thidua.slips.judged import Fault
from thidua.slips.text import SHEET
from thidua.slips.workbook_copy import is_office_workbook
from thidua.slips.write import find_submission, slips_dir, write_slip, write_slips

from tests.intake.conftest import MANY_EXPORTS, NOW, Take
from tests.intake.old_excel import old_excel
from tests.slips.conftest import marked, opened, saved

LATER = NOW + timedelta(days=1)
RIGHT = {("bao-loc", "2023-06-30"): 38000, ("da-lat", "2023-06-30"): 50353, ("di-linh", "2023-06-30"): 0}


def office_workbook(bao_loc: object = 38000, da_lat: object = "50.353") -> openpyxl.Workbook:
    """As offices make them: titles, two header rows, merged cells, formulas, a signature."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Quý II"
    for row in (
        ["BHXH TỈNH THỬ NGHIỆM", None, None, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"],
        ["(Tính đến hết ngày 30/6/2023)"],
        [],
        ["STT", "Tên đơn vị", "Số người cài đặt VssID", None, "Ghi chú"],
        [None, None, "Trong kỳ", "Lũy kế", None],
        ["(A)", "(B)", "(1)", "(2)", "(3)"],
        [1, "TP. Bảo Lộc", 120, bao_loc, "=1+1 là chữ"],
        [2, "Đà Lạt", 90, da_lat, "-"],
        [3, "Di Linh", 3, "-", None],
        [],
        [None, "NGƯỜI LẬP BIỂU", None, "GIÁM ĐỐC"],
    ):
        sheet.append(row)
    for cells in ("A4:A5", "B4:B5", "C4:D4"):
        sheet.merge_cells(cells)
    sheet["E7"].data_type = "s"
    sheet["D8"].number_format = "@"
    sheet.column_dimensions["B"].width = 33
    return book


def mended(slip, **cells: object) -> bytes:
    """The slip's own workbook, its summary and marks still in it, with some cells of its last sheet corrected."""
    book = opened(slip)
    assert book.sheetnames[0] == SHEET
    for name, value in cells.items():
        book[book.sheetnames[-1]][name] = value
    return saved(book)


def test_mending_the_marked_cells_and_sending_the_slip_back_works(take: Take, slips_of) -> None:
    name = "tinh_2023-06-30.xlsx"
    lake = take({name: saved(office_workbook(bao_loc="ba vạn", da_lat=12.5))})
    assert lake.rules() == {"value_not_number", "value_not_whole"}
    (slip,) = slips_of(lake)
    assert slip.workbook.name == name
    book = opened(slip)
    marks = marked(book)
    assert set(marks) == {("Quý II", "D7"), ("Quý II", "D8")}
    vietnamese, english = marks["Quý II", "D7"].split("\n")
    assert "dòng 7, cột 'Số người cài đặt VssID Lũy kế', 'ba vạn' không phải là số" in vietnamese
    assert "row 7" in english and "is not a number" in english
    sheet = book["Quý II"]
    assert sheet["D7"].fill.fgColor.rgb == "FFFFC7CE" and sheet["D9"].fill.fill_type is None
    assert sheet.column_dimensions["B"].width == 33 and sheet["D8"].number_format == "@"
    assert {str(cells) for cells in sheet.merged_cells.ranges} == {"A4:A5", "B4:B5", "C4:D4"}

    again = take({name: mended(slip, D7=38000, D8="50.353")}, now=LATER)
    (submission,) = [row for row in again.rows("submissions") if row["received_at"] == LATER]
    assert submission["verdict"] == "accepted" and submission["rejected_row_count"] == 0
    figures = {
        (row["unit_id"], row["as_of_date"].isoformat()): row["value"]
        for row in again.rows("figures")
        if row["submission_id"] == submission["submission_id"]
    }
    right = take({"tinh_2023-06-30-dung.xlsx": saved(office_workbook())}, now=LATER)
    ids = [row["submission_id"] for row in right.rows("submissions") if row["file_name"].endswith("dung.xlsx")]
    told = {
        (row["unit_id"], row["as_of_date"].isoformat()): row["value"]
        for row in right.rows("figures")
        if row["submission_id"] in ids
    }
    assert figures == told == RIGHT


def test_a_slip_sent_back_with_a_fault_left_gets_one_summary_and_fresh_marks(take: Take, slips_of) -> None:
    lake = take({"tinh_2023-06-30.xlsx": saved(office_workbook(bao_loc="ba vạn", da_lat=12.5))})
    (first,) = slips_of(lake)
    lake = take({"tinh_2023-06-30.xlsx": mended(first, D7=38000)}, now=LATER)
    second = next(slip for slip in slips_of(lake) if slip.submission_id != first.submission_id)
    book = opened(second)
    assert book.sheetnames == [SHEET, "Quý II"]
    assert set(marked(book)) == {("Quý II", "D8")}
    assert book["Quý II"]["D7"].fill.fill_type is None and marked(book)["Quý II", "D8"].count("\n") == 1


# name -> (content, the cell at fault in the copy, what mends it, the figures of the right file)
TEXTS = {
    "csv with dots and a BOM": (
        "tinh_2023-06-30.csv",
        "\ufeffĐơn vị;Ngày số liệu;Lũy kế\nBảo Lộc;30/06/2023;28.310\nĐà Lạt;30/06/2023;28.3x0\n".encode(),
        ("C3", "28.310"),
        {("bao-loc", "2023-06-30"): 28310, ("da-lat", "2023-06-30"): 28310},
    ),
    "tab text in UTF-16, quoted line break above": (
        "tinh_2023-06-30.txt",
        b"\xff\xfe" + 'Báo cáo\t"tính đến\nngày 30/6/2023"\nĐơn vị\tLũy kế\n673\t1.000\n0672\t7\n'.encode("utf-16-le"),
        ("A5", "672"),
        {("bao-loc", "2023-06-30"): 1000, ("da-lat", "2023-06-30"): 7},
    ),
    "old Excel": (
        "tinh_2023-06-30.xls",
        old_excel([["Đơn vị", "Lũy kế"], ["Bảo Lộc", 28310.0], ["Đà Lạt", "x"]]),
        ("B3", "0"),
        {("bao-loc", "2023-06-30"): 28310, ("da-lat", "2023-06-30"): 0},
    ),
}


@pytest.mark.parametrize("case", TEXTS.values(), ids=TEXTS)
def test_other_formats_come_back_as_text_in_the_same_rows(case, take: Take, slips_of) -> None:
    name, content, (cell, right), figures = case
    lake = take({name: content})
    (slip,) = slips_of(lake)
    assert slip.workbook.name == f"{Path(name).stem}.xlsx"
    book = opened(slip)
    assert [place for _, place in marked(book)] == [cell]
    (before,) = read_file(name, content)
    after = read_file(slip.workbook.name, slip.workbook.read_bytes())[-1]
    assert cells_of(after) == cells_of(before), "every cell as it was written, in its own row"
    sheet = book[book.sheetnames[-1]]
    assert {one.data_type for row in sheet.iter_rows() for one in row if one.value is not None} == {"s"}
    assert {one.number_format for row in sheet.iter_rows() for one in row if one.value is not None} == {"@"}
    lake = take({slip.workbook.name: mended(slip, **{cell: right})}, now=LATER)
    (submission,) = [row for row in lake.rows("submissions") if row["received_at"] == LATER]
    assert submission["verdict"] == "accepted" and submission["rejected_row_count"] == 0
    assert {
        (row["unit_id"], row["as_of_date"].isoformat()): row["value"]
        for row in lake.rows("figures")
        if row["submission_id"] == submission["submission_id"]
    } == figures


def cells_of(grid: Grid) -> dict[tuple[int, int], str]:
    return {
        (line, index): text
        for line, row in zip(grid.lines.to_pylist(), grid.rows(0, grid.height), strict=True)
        for index, text in enumerate(row)
        if text
    }


def test_no_contract_finds_a_table_in_a_summary(take: Take, slips_of) -> None:
    """Even one full of headers: a table needs two columns, and the summary has one."""
    header = ";".join(column.headers[0] for column in load_contract("registrations").columns)
    lake = take({"bao-loc_2023-06-30.csv": f"{header}\nTên đơn vị;Lũy kế\n"})
    (slip,) = slips_of(lake)
    summary, *_ = read_file("a.xlsx", slip.workbook.read_bytes())
    assert summary.sheet == SHEET and summary.width == 1
    kinds = known_export_types()
    assert kinds
    for kind in kinds:
        contract = load_contract(kind)
        metrics = contract.names_of({"users": "Người dùng", "staff": "Biên chế"})
        assert find_layout(summary, contract, metrics, has_unit_hint=True) is None


def test_nothing_that_acts_comes_back(take: Take, slips_of) -> None:
    book = office_workbook(bao_loc="x")
    sheet = book["Quý II"]
    sheet["E8"] = "+84 là chữ"
    sheet["E9"] = "@SUM(1)"
    sheet["B11"].hyperlink = "http://evil.example/"
    book.defined_names["far"] = DefinedName("far", attr_text="[1]Sheet1!$A$1")
    book.defined_names["near"] = DefinedName("near", attr_text="'Quý II'!$A$1")
    for formula, cells in (("[1]Sheet1!$A$1:$A$3", "G1"), ('"a,b"', "G2")):
        validation = DataValidation("list", formula1=formula)
        validation.add(cells)
        sheet.add_data_validation(validation)
    lake = take({"tinh_2023-06-30.xlsx": saved(book)})
    (slip,) = slips_of(lake)
    copied = opened(slip)["Quý II"]
    for name, text in (("E7", "=1+1 là chữ"), ("E8", "+84 là chữ"), ("E9", "@SUM(1)"), ("D9", "-")):
        assert copied[name].value == text and copied[name].data_type == "s" and copied[name].quotePrefix, name
    assert copied["C8"].value == 90 and not copied["C8"].quotePrefix
    assert not copied._hyperlinks
    assert set(opened(slip).defined_names) == {"near"}
    assert [one.formula1 for one in copied.data_validations.dataValidation] == ['"a,b"']


def test_a_formula_comes_back_as_what_it_showed(take: Take, slips_of) -> None:
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["Đơn vị", "Lũy kế"])
    sheet.write_row(1, 0, ["Bảo Lộc", "x"])
    sheet.write(2, 0, "Đà Lạt")
    sheet.write_formula(2, 1, "='[khac.xlsx]Sheet1'!$B$1", None, 50353)
    sheet.write_formula(3, 0, '="Di "&"Linh"', None, "Di Linh")
    sheet.write_number(3, 1, 3)
    sheet.write_formula(4, 2, "=cmd|'/c calc'!A1", None, "=1+1")
    book.close()
    lake = take({"tinh_2023-06-30.xlsx": stream.getvalue()})
    (slip,) = slips_of(lake)
    copied = opened(slip)["Sheet1"]
    assert (copied["B3"].value, copied["B3"].data_type) == (50353, "n")
    assert (copied["A4"].value, copied["A4"].data_type) == ("Di Linh", "s")
    assert (copied["C5"].value, copied["C5"].data_type, copied["C5"].quotePrefix) == ("=1+1", "s", True)
    assert "f" not in {cell.data_type for row in copied.iter_rows() for cell in row}


def test_text_that_looks_like_a_formula_stays_text_in_a_new_workbook(take: Take, slips_of) -> None:
    lake = take({"tinh_2023-06-30.csv": "Đơn vị;Lũy kế;Ghi chú\nBảo Lộc;x;=1+1\nĐà Lạt;5;@a\nDi Linh;-;\t+1\n"})
    (slip,) = slips_of(lake)
    sheet = opened(slip)[opened(slip).sheetnames[-1]]
    assert [(sheet[cell].value, sheet[cell].data_type) for cell in ("C2", "C3", "B4")] == [
        ("=1+1", "s"),
        ("@a", "s"),
        ("-", "s"),
    ]
    assert all(sheet[cell].quotePrefix for cell in ("C2", "C3", "B4", "C4")) and not sheet["A2"].quotePrefix


def test_the_text_says_all_that_an_office_needs(take: Take, slips_of) -> None:
    lake = take({"da-lat_2023-06-30.csv": "Đơn vị;Lũy kế\nĐà Lạt;50353\nĐà Lạt;12,5\n"})
    (slip,) = slips_of(lake)
    said = slip.read_text()
    for line in (
        "PHIẾU TRẢ LẠI BÁO CÁO",
        "Tệp: da-lat_2023-06-30.csv",
        "Đơn vị: Đà Lạt",
        "Loại báo cáo: Báo cáo tiến độ lũy kế. Phong trào: Thử nghiệm",
        f"Số biên nhận: {slip.submission_id}",
        "Nhận lúc: 08:00 ngày 04/07/2023 (giờ Việt Nam)",
        "Kết quả: NHẬN MỘT PHẦN: 1 dòng được nhận, 1 dòng không được nhận",
        "Số điểm cần xem: 1",
        "1. Lỗi, dòng không được nhận: 1 chỗ (quy tắc value_not_whole)",
        "• Dòng 3, cột 'Lũy kế', '12,5' không phải số nguyên; hãy ghi số đếm, không có phần thập phân",
    ):
        assert line in said.splitlines(), line
    summary = opened(slip).worksheets[0]
    assert summary.title == SHEET
    assert [summary.cell(row, 1).value or "" for row in range(1, summary.max_row + 1)] == said.splitlines()


def test_many_faults_of_a_rule_are_counted_and_the_first_told(take: Take, slips_of) -> None:
    rows = "\n".join(f"Bảo Lộc;{day:02d}/06/2023;x{day}" for day in range(1, 29))
    lake = take({"tinh_2023-06-30.csv": f"Đơn vị;Ngày số liệu;Lũy kế\n{rows}\nĐà Lạt;30/06/2023;1\n"})
    (slip,) = slips_of(lake)
    assert "28 chỗ (quy tắc value_not_number)" in slip.read_text() and "… và 8 chỗ khác" in slip.read_text()
    assert len(marked(opened(slip))) == 28


def test_a_person_is_in_the_copy_and_never_in_the_text(take: Take, slips_of) -> None:
    rows = "Mã số BHXH;Họ và tên;Đơn vị;Ngày phê duyệt;Trạng thái\n12AB;Người Mẫu Một;Bảo Lộc;03/05/2023;Đã duyệt\n0123456789;Người Mẫu Hai;Bảo Lộc;03/05/2023;Đã duyệt\n"
    lake = take({"bao-loc_2023-06-30.csv": rows}, export_type="registrations", campaign=MANY_EXPORTS)
    (slip,) = slips_of(lake)
    book = opened(slip)
    sheet = book[book.sheetnames[-1]]
    assert [sheet[cell].value for cell in ("A2", "B2", "A3")] == ["12AB", "Người Mẫu Một", "0123456789"]
    assert set(marked(book)) == {(sheet.title, "A2")}
    said = slip.read_text() + "".join(marked(book).values())
    for personal in ("12AB", "Người Mẫu", "0123456789"):
        assert personal not in said
    assert stat.S_IMODE(slips_dir(lake.home).stat().st_mode) == 0o700
    assert stat.S_IMODE(slip.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in slip.folder.iterdir()} == {0o600}
    assert not any(lake.home.serve.rglob("*.xlsx"))


# reason -> (file, what its text says, the cell marked in the copy; None: there is no copy)
WHOLE_FILES = {
    "unreadable": ("a.xlsx", b"PK\x03\x04 no workbook", "Không đọc được tệp", None),
    "empty": ("b.csv", b"", "Tệp trống", None),
    "no header": ("c.csv", "Báo cáo\nTên đơn vị;Số gì đó\nBảo Lộc;5\n".encode(), "Không tìm thấy dòng tiêu đề", "A2"),
    "column twice": (
        "tinh_2023-06-30.csv",
        "Đơn vị;Lũy kế;Lũy kế\nBảo Lộc;5;6\n".encode(),
        "Có nhiều cột cùng là 'Số lũy kế'",
        "B1",
    ),
    "no day": ("d.csv", "Đơn vị;Lũy kế\nBảo Lộc;5\n".encode(), "Không biết số liệu tính đến ngày nào", "A1"),
    "outside the sender": (
        "da-lat_2023-06-30.csv",
        "Đơn vị;Lũy kế\nBảo Lộc;5\n".encode(),
        "tệp của 'da-lat' lại có số liệu của 'Bảo Lộc'",
        "A1",
    ),
}


def test_faults_of_whole_files(take: Take, slips_of) -> None:
    lake = take({name: content for name, content, *_ in WHOLE_FILES.values()})
    slips = {slip.workbook.stem: slip for slip in slips_of(lake)}
    assert len(slips) == len(WHOLE_FILES)
    for reason, (name, _, said, cell) in WHOLE_FILES.items():
        slip = slips[Path(name).stem]
        text = slip.read_text()
        assert said.casefold() in text.casefold() and "Kết quả: TRẢ LẠI" in text, reason
        book = opened(slip)
        if cell is None:
            assert book.sheetnames == [SHEET] and "Không kèm được bản sao" in text, reason
        else:
            assert cell in [place for _, place in marked(book)], reason


def test_a_misplaced_file_comes_back_too(take: Take, slips_of) -> None:
    lake = take({"a.csv": "Đơn vị;Lũy kế\nBảo Lộc;5\n"}, campaign="khong-co", export_type="la-gi")
    (slip,) = slips_of(lake)
    assert "Không có phong trào 'khong-co'" in slip.read_text()
    assert opened(slip).sheetnames == [SHEET, "Số liệu"]


def test_a_second_run_writes_nothing_and_a_right_file_gets_no_slip(take: Take, slips_of, campaigns: Path) -> None:
    lake = take(
        {
            "bao-loc_2023-06-30.csv": "Đơn vị;Lũy kế\nBảo Lộc;x\nBảo Lộc;5\n",
            "da-lat_2023-06-30.csv": "Đơn vị;Lũy kế\nĐà Lạt;5\n",
        }
    )
    (slip,) = slips_of(lake)
    assert slip.is_new and slip.folder.name.startswith(f"{slip.submission_id}-")
    state = {path: path.stat().st_mtime_ns for path in slips_dir(lake.home).rglob("*") if path.name != ".lock"}
    (again,) = slips_of(lake)
    assert not again.is_new and again.workbook == slip.workbook
    assert {path: path.stat().st_mtime_ns for path in slips_dir(lake.home).rglob("*") if path.name != ".lock"} == state
    right = find_submission(lake.home, "thu-nghiem-2023/progress/da-lat_2023-06-30.csv")
    assert write_slip(lake.home, campaigns, right) is None


def test_what_a_kill_left_is_cleared(take: Take, slips_of) -> None:
    lake = take({"bao-loc_2023-06-30.csv": "Đơn vị;Lũy kế\nBảo Lộc;x\nBảo Lộc;5\n"})
    half = slips_dir(lake.home) / ".tmp-half"
    half.mkdir(parents=True)
    (half / "a.xlsx").write_bytes(b"half")
    (slip,) = slips_of(lake)
    assert sorted(path.name for path in slips_dir(lake.home).iterdir()) == [".lock", slip.folder.name]


def test_a_file_that_cannot_be_copied_still_gets_its_summary(take: Take, slips_of, monkeypatch) -> None:
    """One slip that fails never stops the others."""
    lake = take({"bao-loc_2023-06-30.csv": "Đơn vị;Lũy kế\nBảo Lộc;x\nBảo Lộc;5\n"})
    monkeypatch.setattr("thidua.slips.write.marks_of", lambda *_: 1 / 0)
    (slip,) = slips_of(lake)
    assert opened(slip).sheetnames == [SHEET] and "value_not_number" in slip.read_text()


def test_a_workbook_that_cannot_be_written_again_is_copied_as_text(take: Take, slips_of, monkeypatch) -> None:
    lake = take({"tinh_2023-06-30.xlsx": saved(office_workbook(bao_loc="x"))})
    monkeypatch.setattr("thidua.slips.write.copy_workbook", lambda *_: 1 / 0)
    (slip,) = slips_of(lake)
    book = opened(slip)
    assert set(marked(book)) == {("Quý II", "D7")} and book["Quý II"]["B7"].value == "TP. Bảo Lộc"


def test_a_sheet_merged_to_its_last_cell_is_not_opened_as_a_workbook(take: Take, slips_of) -> None:
    book = office_workbook(bao_loc="x")
    content = saved(book)
    assert is_office_workbook(content)
    book["Quý II"].merged_cells.add("A20:XFD1048576")
    content = saved(book)
    assert not is_office_workbook(content), "seventeen thousand million cells would be made"
    (slip,) = slips_of(take({"tinh_2023-06-30.xlsx": content}))
    copied = opened(slip)["Quý II"]
    assert set(marked(opened(slip))) == {("Quý II", "D7")} and not copied.merged_cells.ranges


def test_a_large_file_comes_back_as_an_excerpt(take: Take, slips_of, monkeypatch) -> None:
    monkeypatch.setattr(text_copy, "MAX_ROWS", 3)
    lines = [
        "Đơn vị;Ngày số liệu;Lũy kế",
        *(f"Bảo Lộc;{day:02d}/06/2023;{day}" for day in range(1, 29)),
        "Đà Lạt;30/06/2023;x",
    ]
    lake = take({"tinh_2023-06-30.csv": "\n".join(lines)})
    (slip,) = slips_of(lake)
    book = opened(slip)
    sheet = book[book.sheetnames[-1]]
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["Đơn vị", "Ngày số liệu", "Lũy kế"],
        ["Đà Lạt", "30/06/2023", "x"],
    ]
    assert "Dòng 30" in marked(book)[sheet.title, "C2"]
    assert "gửi lại cả tệp" in slip.read_text(), "a figure's snapshot is replaced as a whole"


def test_dates_and_comments_of_an_office_stay(take: Take, slips_of) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["Đơn vị", "Ngày số liệu", "Lũy kế"],
        ["Bảo Lộc", date(2023, 6, 30), "x"],
        ["Đà Lạt", datetime(2023, 6, 30), 7],
    ):
        sheet.append(row)
    sheet["C2"].comment = Comment("ghi chú của đơn vị", "Cán bộ")
    sheet["A3"].comment = Comment("hỏi lại", "Cán bộ")
    lake = take({"tinh_2023-06-30.xlsx": saved(book)})
    (slip,) = slips_of(lake)
    copied = opened(slip)["Sheet"]
    assert copied["B2"].value == datetime(2023, 6, 30) and copied["B2"].is_date
    assert copied["A3"].comment.text == "hỏi lại"
    assert copied["C2"].comment.text.startswith("ghi chú của đơn vị\n\n") and "'x'" in copied["C2"].comment.text


def serve(lake, columns: str, rows: str, outcome: str) -> None:
    """Published marts, as far as slips read them."""
    served = lake.home.serve / "v1"
    served.mkdir(parents=True)
    (lake.home.serve / "current").symlink_to("v1")
    names = "submission_id, campaign_id, export_type, unit_id, as_of_date, sheet, line_number, column_name, rule_id, severity, value, message"
    duckdb.execute(
        f"copy (select {columns} from (values {rows}) as t({names})) to '{served}/fct_rejected_row.parquet' (format parquet)"
    )
    submission_id = lake.rows("submissions")[0]["submission_id"]
    duckdb.execute(
        f"copy (select '{submission_id}' as submission_id, '{outcome}' as outcome) "
        f"to '{served}/fct_submission.parquet' (format parquet)"
    )


def test_faults_of_the_build_are_added_once_it_is_published(take: Take, slips_of) -> None:
    lake = take({"bao-loc_2023-06-30.csv": "Đơn vị;Lũy kế\nBảo Lộc;5\n"})
    assert slips_of(lake) == []
    submission_id = lake.rows("submissions")[0]["submission_id"]
    head = f"'{submission_id}', 'thu-nghiem-2023', 'progress', 'bao-loc', date '2023-06-30', cast(null as varchar), 2"
    rows = (
        f"({head}, 'users', 'count_falls', 'warning', '5', 'Số lũy kế 5 thấp hơn kỳ trước / The count falls'), "
        # What an earlier judgement of the intake said is not taken from the marts: the lake knows better.
        f"({head}, 'count', 'value_not_number', 'error', 'x', 'cũ / old')"
    )
    serve(lake, "*", rows, "accepted")
    (slip,) = slips_of(lake)
    said = slip.read_text()
    assert "• Dòng 2: Số lũy kế 5 thấp hơn kỳ trước" in said and "cũ" not in said
    assert "Kết quả: ĐÃ NHẬN, có điểm cần xem lại" in said
    book = opened(slip)
    ((place, text),) = marked(book).items()
    assert place[1] == "B2" and text == "Số lũy kế 5 thấp hơn kỳ trước\nThe count falls"
    assert book[place[0]]["B2"].fill.fgColor.rgb == "FFFFEB9C", "a warning is yellow"


def test_after_a_publish_the_slips_of_the_build_are_written_once(
    take: Take, campaigns: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the DAG does after a publish: the intake found nothing wrong with this file, the build did."""
    lake = take({"bao-loc_2023-06-30.csv": "Đơn vị;Lũy kế\nBảo Lộc;5\n"})
    monkeypatch.setenv("THIDUA_HOME", str(lake.home.path))
    monkeypatch.setenv("THIDUA_CAMPAIGNS", str(campaigns))
    assert steps.write_slips()["slips"] == 0
    submission_id = lake.rows("submissions")[0]["submission_id"]
    rows = (
        f"('{submission_id}', 'thu-nghiem-2023', 'progress', 'bao-loc', date '2023-06-30', cast(null as varchar), 2, "
        "cast(null as varchar), 'stale_resend', 'error', '5', 'Trùng bản cũ / An older version')"
    )
    serve(lake, "*", rows, "returned")
    assert [steps.write_slips()["slips"] for _ in range(2)] == [1, 0]
    (text,) = slips_dir(lake.home).glob("*/*.txt")
    assert "• Dòng 2: Trùng bản cũ" in text.read_text()


def test_the_languages_part_in_the_middle() -> None:
    fault = Fault(None, 1, None, "r", "error", None, "Dòng 1, 'a / b' sai / Row 1, 'a / b' is wrong")
    assert fault.texts == ("Dòng 1, 'a / b' sai", "Row 1, 'a / b' is wrong")


def test_a_submission_is_found_by_its_id_a_beginning_of_it_or_its_path(take: Take, campaigns: Path) -> None:
    lake = take({"bao-loc_2023-06-30.csv": "Đơn vị;Lũy kế\nBảo Lộc;x\n"})
    lake = take({"bao-loc_2023-06-30.csv": "Đơn vị;Lũy kế\nBảo Lộc;xy\n"}, now=LATER)
    old, new = (row["submission_id"] for row in sorted(lake.rows("submissions"), key=lambda row: row["received_at"]))
    path = "thu-nghiem-2023/progress/bao-loc_2023-06-30.csv"
    assert find_submission(lake.home, old) == old
    assert find_submission(lake.home, new[:10]) == new
    for written in (path, f"landing/{path}", str(lake.home.landing / path)):
        assert find_submission(lake.home, written) == new, "the latest one of a path"
    with pytest.raises(ThiduaError, match="no submission 'xyz'"):
        find_submission(lake.home, "xyz")
    assert [slip.submission_id for slip in write_slips(lake.home, campaigns, [old])] == [old]


def test_a_file_that_waits_to_be_judged_says_so(take: Take, campaigns: Path) -> None:
    from thidua.lake.receipts import list_landing

    lake = take({"bao-loc_2023-06-30.csv": "Đơn vị;Lũy kế\nBảo Lộc;x\n"})
    (lake.home.landing / "thu-nghiem-2023" / "progress" / "moi.csv").write_text("x")
    list_landing(lake.home, LATER, explicit_now=True, settle_seconds=0.01)
    with pytest.raises(NotWell, match="thidua ingest"):
        write_slip(lake.home, campaigns, "thu-nghiem-2023/progress/moi.csv")
