"""Files as offices make them, each made here in code."""

from __future__ import annotations

import io
import json
import unicodedata
from datetime import date, datetime
from pathlib import Path, PurePath

import duckdb
import openpyxl
import pytest
import yaml
from thidua.intake.contracts import load_contract
from thidua.intake.days import days_in_titles, file_name_hint, parse_day
from thidua.settings import expectations_dir

from tests.intake.conftest import MANY_EXPORTS
from tests.intake.old_excel import old_excel

BLOCK = [
    ["BẢO HIỂM XÃ HỘI VIỆT NAM", None, None, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"],
    ["BHXH TỈNH THỬ NGHIỆM", None, None, "Độc lập - Tự do - Hạnh phúc"],
    [None, None, None, "Thử Nghiệm, ngày 03 tháng 7 năm 2023"],
    ["KẾT QUẢ CÀI ĐẶT VSSID"],
    ["(Tính đến hết ngày 30/6/2023, kèm theo Công văn số 12/BHXH ngày 03/7/2023)"],
    [],
]


def workbook(rows: list[list[object]], merges: tuple[str, ...] = (), title: str = "Quý II") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    for cells in merges:
        sheet.merge_cells(cells)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_title_block_two_header_rows_blocs_total_and_signature(take) -> None:
    rows = [
        *BLOCK,
        ["STT", "Tên đơn vị", "Số người cài đặt VssID", None, "Tỷ lệ %"],
        [None, None, "Trong kỳ", "Lũy kế", None],
        ["(A)", "(B)", "(1)", "(2)", "(3)=(2)/(1)"],
        ["I", "Khối các huyện, thành phố", None, None, None],
        [1, "TP. Bảo Lộc", 120, 38000, 74.04],
        [2, "Đà Lạt", 90, "50.353", "60,00%"],
        ["II", "Khối các phòng", None, None, None],
        [1, "Di Linh", 3, "-", 0],
        [None, "Tổng cộng", 213, 88353, None],
        [],
        [None, "NGƯỜI LẬP BIỂU", None, "GIÁM ĐỐC"],
        [None, "(Đã ký)", None, "(Đã ký)"],
    ]
    lake = take({"tinh_2023-06-30.xlsx": workbook(rows, ("A7:A8", "B7:B8", "C7:D7", "E7:E8"))})
    assert lake.rules() == set()
    assert lake.figures() == {
        ("bao-loc", "2023-06-30"): 38000,
        ("da-lat", "2023-06-30"): 50353,
        ("di-linh", "2023-06-30"): 0,
    }
    figure = lake.rows("figures")[0]
    assert (figure["sheet"], figure["metric_id"]) == ("Quý II", "users")
    assert {row["line_number"] for row in lake.rows("figures")} == {11, 12, 14}
    submission = lake.submission()
    assert submission["sender_unit_id"] == "tinh"
    # 5 titles, the numbering, 2 blocs, the total, 2 signature rows; header rows are neither received nor ignored
    assert (submission["received_row_count"], submission["accepted_row_count"]) == (14, 3)
    layout = json.loads(submission["layout"])
    assert layout["sheets"][0]["header_rows"] == [7, 8]
    assert layout["thousands"] == {"count": ["dot"]}


def test_header_merged_over_a_count_and_a_rate(take) -> None:
    rows = [
        ["BÁO CÁO tính đến ngày 30/6/2023"],
        ["TT", "Đơn vị", "Kết quả lũy kế", None],
        [None, None, "Số người", "Tỷ lệ"],
        [1, "Bảo Lộc", 5, 0.5],
    ]
    lake = take({"a.xlsx": workbook(rows, ("C2:D2",))})
    assert lake.figures() == {("bao-loc", "2023-06-30"): 5}


def test_dates_of_excel_and_a_total_in_merged_cells(take) -> None:
    rows = [
        ["STT", "Đơn vị", "Ngày số liệu", "Lũy kế"],
        [1, "Bảo Lộc", date(2023, 6, 30), 5],
        [2, "Đà Lạt", datetime(2023, 6, 30), 7.0],
        ["Cộng", None, None, 12],
    ]
    lake = take({"a.xlsx": workbook(rows, ("A4:C4",))})
    assert lake.rules() == set()
    assert set(lake.figures().values()) == {5, 7}


def test_subtotals_of_blocs_and_a_grand_total(take) -> None:
    rows = [
        ["Đơn vị", "Lũy kế"],
        ["I. Khối A", None],
        ["Bảo Lộc", 5],
        ["Cộng Hòa", 1],  # a unit whose name begins like a total
        ["Cộng", 6],
        ["II. Khối B", None],
        ["Đà Lạt", 7],
        ["Cộng", 7],
        ["Tổng số", 13],
    ]
    lake = take({"bao-cao_2023-06-30.xlsx": workbook(rows)})
    assert lake.rules() == set()
    assert lake.figures()[("cong-hoa", "2023-06-30")] == 1
    assert lake.submission()["ignored_row_count"] == 5


def test_a_fraction_in_excel_never_looks_like_thousands(take) -> None:
    lake = take({"a.xlsx": workbook([["Đơn vị", "Ngày", "Lũy kế"], ["Bảo Lộc", "30/06/2023", 28.125]])})
    assert lake.rules() == {"value_not_whole"}


def test_semicolons_and_a_byte_order_mark(take) -> None:
    text = "BÁO CÁO\r\n\r\nĐơn vị;Ngày số liệu;Số lũy kế\r\nBảo Lộc;30/06/2023;38.000\r\n"
    lake = take({"a.csv": text.encode("utf-8-sig")})
    assert lake.figures() == {("bao-loc", "2023-06-30"): 38000}
    assert lake.rows("figures")[0]["line_number"] == 4
    assert lake.rows("figures")[0]["sheet"] is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1258"])
def test_encodings(take, encoding: str) -> None:
    text = "Đơn vị\tNgày số liệu\tSố lũy kế\nĐà Lạt\t30/06/2023\t38 000\nBảo Lộc\t30/06/2023\t5\n"
    if encoding == "cp1258":  # it stores five tones apart from their letters, and circumflex and breve with them
        text = "".join(
            unicodedata.normalize(
                "NFC", "".join(part for part in unicodedata.normalize("NFD", letter) if part not in TONES)
            )
            + "".join(part for part in unicodedata.normalize("NFD", letter) if part in TONES)
            for letter in text
        )
    lake = take({"a.txt": text.encode(encoding)})
    assert lake.figures() == {("da-lat", "2023-06-30"): 38000, ("bao-loc", "2023-06-30"): 5}


TONES = "\u0300\u0301\u0303\u0309\u0323"


def test_decomposed_letters_are_the_same_letters(take) -> None:
    text = unicodedata.normalize("NFD", "Đơn vị,Ngày số liệu,Số lũy kế\nBảo Lộc,30/06/2023,5\n")
    assert take({"a.csv": text}).figures() == {("bao-loc", "2023-06-30"): 5}


def test_quoted_cells_with_line_breaks_keep_their_line_numbers(take) -> None:
    text = 'Đơn vị,Ngày số liệu,Số lũy kế\n"Bảo\nLộc",30/06/2023,5\nBảo Lạc,30/06/2023,"1,000"\n'
    lake = take({"a.csv": text})
    assert lake.rows("figures")[0]["line_number"] == 2
    assert lake.fault("unit_unknown")["line_number"] == 4


def test_ragged_lines_and_blank_lines_keep_their_line_numbers(take) -> None:
    lake = take({"a.csv": "Đơn vị,Ngày số liệu,Số lũy kế\n\nBảo Lộc,30/06/2023,5,ghi chú\n\nĐà Lạt,30/06/2023,7\n"})
    assert [row["line_number"] for row in lake.rows("figures")] == [3, 5]
    assert lake.submission()["received_row_count"] == 2


HEADERS = [
    ("Đơn vị,Ngày,Lũy kế", "users"),
    ("TÊN  ĐƠN-VỊ,Tính đến ngày,SỐ LUỸ KẾ", "users"),
    ("Unit,As of date,Cumulative count", "users"),
    ("don vi,ngay so lieu,so luy ke", "users"),
    ("Đơn vị,Ngày,Người dùng VssID", "users"),
    ("Mã đơn vị,Date,users", "users"),
    ("Đơn vị,Ngày,Số người cài đặt VssID lũy kế (người)", "users"),
]


def test_headers(take) -> None:
    lake = take({f"{number}.csv": f"{header}\nBảo Lộc,30/06/2023,5\n" for number, (header, _) in enumerate(HEADERS)})
    for number, (header, metric) in enumerate(HEADERS):
        assert [row["metric_id"] for row in lake.of(f"{number}.csv").rows("figures")] == [metric], header


def test_two_metrics_side_by_side_reject_a_row_as_a_whole(take) -> None:
    text = "Đơn vị;Ngày;Người dùng VssID;Thẻ mới cấp\nBảo Lộc;30/06/2023;5;6\nĐà Lạt;30/06/2023;7;x\n"
    lake = take({"a.csv": text}, campaign="hai-chi-tieu-2023")
    assert [(row["metric_id"], row["value"]) for row in lake.rows("figures")] == [("cards", 6), ("users", 5)]
    assert lake.fault("value_not_number")["column_name"] == "count[cards]"
    assert (lake.submission()["accepted_row_count"], lake.submission()["rejected_row_count"]) == (1, 1)
    assert {row["unit_id"]: row["row_count"] for row in lake.rows("scopes")} == {"bao-loc": 1, "da-lat": 0}


FAULTS = {
    "empty_file": ("a.csv", ""),
    "unknown_format": ("a.pdf", b"%PDF-1.7"),
    "unreadable_file": ("a.xlsx", b"PK\x03\x04 not a workbook"),
    "header_not_found": ("a.csv", "Tên,Ngày,Điểm\nBảo Lộc,30/06/2023,5\n"),
    "column_twice": ("a.csv", "Đơn vị,Ngày,Lũy kế,Số lũy kế\nBảo Lộc,30/06/2023,5,6\n"),
    "as_of_date_unclear": ("a.csv", "Đơn vị,Lũy kế\nBảo Lộc,5\n"),
    "no_rows": ("a.csv", "Đơn vị,Ngày,Lũy kế\n"),
}


def test_files_that_cannot_be_judged_are_returned_and_never_stop_the_others(take) -> None:
    good = {"good.csv": "Đơn vị,Ngày,Lũy kế\nDi Linh,30/06/2023,5\n"}
    bad = {f"{rule_id}{PurePath(name).suffix}": (rule_id, content) for rule_id, (name, content) in FAULTS.items()}
    lake = take({**{name: content for name, (_, content) in bad.items()}, **good})
    for name, (rule_id, _) in bad.items():
        fault = lake.of(name).fault(rule_id)
        assert fault["severity"] == "critical" and fault["line_number"] is None
        assert lake.of(name).submission()["verdict"] == "returned"
    assert lake.figures() == {("di-linh", "2023-06-30"): 5}
    assert len(lake.result.returned) == len(FAULTS) and lake.result.accepted == 1


def test_metric_must_be_named_where_there_are_two(take) -> None:
    lake = take({"a.csv": "Đơn vị,Ngày,Lũy kế\nBảo Lộc,30/06/2023,5\n"}, campaign="hai-chi-tieu-2023")
    assert lake.rules() == {"metric_unclear"}


def test_a_reader_that_fails_in_an_unforeseen_way_returns_the_file(take, monkeypatch: pytest.MonkeyPatch) -> None:
    import thidua.intake.files as files

    real = files.read_file

    def fail(name: str, content: bytes) -> object:
        if name == "bad.csv":
            raise RuntimeError("a bug")
        return real(name, content)

    monkeypatch.setattr(files, "read_file", fail)
    text = "Đơn vị,Ngày,Lũy kế\nDi Linh,30/06/2023,5\n"
    lake = take({"bad.csv": text, "good.csv": text})
    assert lake.fault("unreadable_file")["severity"] == "critical"
    assert lake.result.accepted == 1


def test_a_file_that_breaks_the_set_based_part_is_found_and_returned_alone(
    take, monkeypatch: pytest.MonkeyPatch
) -> None:
    import thidua.intake.judge as judge

    real = judge.type_figures

    def fail(connection, contract, campaigns) -> None:
        if connection.execute("select 1 from cells where unit_text = 'Bảo Lộc'").fetchone():
            raise duckdb.Error("a bug")
        real(connection, contract, campaigns)

    monkeypatch.setattr(judge, "type_figures", fail)
    text = "Đơn vị,Ngày,Lũy kế\nDi Linh,30/06/2023,5\n"
    lake = take(
        {
            "bad.csv": text.replace("Di Linh", "Bảo Lộc"),
            "good.csv": text,
            "good2.csv": text.replace("Di Linh", "Đà Lạt"),
        }
    )
    assert lake.of("bad.csv").rules() == {"unreadable_file"}
    assert len(lake.figures()) == 2


def test_places_that_are_wrong(take) -> None:
    lake = take({"a.csv": "x"}, campaign="khong-co")
    assert lake.rules() == {"unknown_campaign"}
    lake = take({"a.csv": "x"}, export_type="thong_ke")
    assert "unknown_export_type" in lake.rules()
    deep = lake.home.landing / "thu-nghiem-2023" / "progress" / "2023"
    deep.mkdir(parents=True)
    (deep / "b.csv").write_text("x", encoding="utf-8")
    (lake.home.landing / "c.csv").write_text("x", encoding="utf-8")
    lake = take({})
    wrong = [row for row in lake.rows("rejected_rows") if row["rule_id"] == "wrong_folder"]
    assert len(wrong) == 2
    assert take({}).result.files == 0


def test_headcounts_need_no_python_of_their_own(take) -> None:
    rows = [["BIÊN CHẾ CÓ MẶT đến hết tháng 6/2023"], ["TT", "Đơn vị", "Biên chế có mặt"], [1, "Bảo Lộc", 12]]
    lake = take({"a.xlsx": workbook(rows)}, export_type="headcounts")
    assert [(row["metric_id"], row["value"], row["as_of_date"]) for row in lake.rows("figures")] == [
        ("staff", 12, date(2023, 6, 30))
    ]


def test_a_new_export_type_is_a_folder(take, tmp_path: Path) -> None:
    folder = tmp_path / "expectations"
    (folder / "visits").mkdir(parents=True)
    contract = yaml.safe_load((expectations_dir() / "progress" / "contract.yml").read_text(encoding="utf-8"))
    contract["export_type"] = "visits"
    (folder / "visits" / "contract.yml").write_text(yaml.safe_dump(contract, allow_unicode=True), encoding="utf-8")
    (folder / "visits" / "suite.json").write_bytes((expectations_dir() / "progress" / "suite.json").read_bytes())
    assert load_contract("visits", folder)
    # The campaign reports no metric by it: the file says so, nothing crashes.
    lake = take({"a.csv": "Đơn vị,Ngày,Lũy kế\nĐà Lạt,30/06/2023,5\n"}, export_type="visits", expectations=folder)
    assert lake.rules() == {"metric_unclear"}


@pytest.mark.parametrize(
    ("texts", "days"),
    [
        (["tính đến hết ngày 30/6/2023"], {date(2023, 6, 30)}),
        (["Tính đến 30.06.2023"], {date(2023, 6, 30)}),
        (["từ ngày 01/01/2023 đến hết ngày 30/6/2023"], {date(2023, 6, 30)}),
        (["ngày 30 tháng 6 năm 2023"], {date(2023, 6, 30)}),
        (["Thử Nghiệm, ngày 03 tháng 7 năm 2023"], set()),
        (["kèm theo Công văn ngày 03/7/2023"], set()),
        (["đến hết tháng 2 năm 2024"], {date(2024, 2, 29)}),
        (["đến ngày 30/6/2023", "đến ngày 30/9/2023"], {date(2023, 6, 30), date(2023, 9, 30)}),
        (["đến hết ngày 31/6/2023"], set()),
        (["as of 2023-06-30"], {date(2023, 6, 30)}),
    ],
)
def test_days_in_titles(texts: list[str], days: set[date]) -> None:
    assert days_in_titles(texts) == days


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("30/06/2023", date(2023, 6, 30)),
        ("1/6/2023", date(2023, 6, 1)),
        ("2023-06-30", date(2023, 6, 30)),
        ("2023-06-30 00:00:00", date(2023, 6, 30)),
        ("30.6.2023", date(2023, 6, 30)),
        ("ngày 30 tháng 6 năm 2023", date(2023, 6, 30)),
        ("06/30/2023", None),
        ("31/6/2023", None),
        ("30/6/23", None),
        ("45107", date(2023, 6, 30)),
        ("29/02/2023", None),
    ],
)
def test_days_in_cells(text: str, day: date | None) -> None:
    assert parse_day(text) == day


def test_file_names_as_hints() -> None:
    assert file_name_hint("bao-loc_2023-06-30.xlsx") == ("bao-loc", date(2023, 6, 30))
    assert file_name_hint("Bảo Lộc_2023-06-30 (1).csv") == ("Bảo Lộc", date(2023, 6, 30))
    assert file_name_hint("bao-loc_2023-06-31.xlsx") is None
    assert file_name_hint("bao_cao.csv") is None


def test_day_and_unit_of_the_file_name_hold_where_the_file_is_silent(take) -> None:
    lake = take({"bao-loc_2023-06-30.csv": "Chỉ số,Lũy kế\nusers,5\n"})
    assert lake.figures() == {("bao-loc", "2023-06-30"): 5}


def test_a_title_right_above_the_header_names_no_column(take) -> None:
    """Its words would otherwise decide the metric of a list that has a column of metrics."""
    title = "Danh sách lực lượng ra quân, nhóm tư vấn, tính đến hết ngày 30/06/2023;;\n"
    rows = "Đơn vị;Chỉ tiêu;Số lượng\nBảo Lộc;Số người tham gia;12\nBảo Lộc;Số nhóm tư vấn;5\n"
    lake = take({"a.csv": title + rows}, export_type="attendance", campaign=MANY_EXPORTS)
    assert lake.rules() == set()
    assert {row["metric_id"]: row["value"] for row in lake.rows("figures")} == {"launch_staff": 12, "advice_groups": 5}
    assert json.loads(lake.submission()["layout"])["sheets"][0]["columns"]["count"] == "Số lượng"


def test_old_excel(take) -> None:
    rows = [["Đơn vị", "Ngày số liệu", "Lũy kế"], ["Bảo Lộc", "30/06/2023", 38000.0], ["Đà Lạt", "30/06/2023", "5.000"]]
    lake = take({"a.xls": old_excel(rows, "Quý 2")})
    assert lake.figures() == {("bao-loc", "2023-06-30"): 38000, ("da-lat", "2023-06-30"): 5000}
    assert lake.rows("figures")[0]["sheet"] == "Quý 2"


def test_text_under_the_name_of_a_workbook(take) -> None:
    lake = take({"a.xls": "Đơn vị\tNgày\tLũy kế\nBảo Lộc\t30/06/2023\t5\n"})
    assert lake.figures() == {("bao-loc", "2023-06-30"): 5}
