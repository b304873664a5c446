"""Makes the files of tests/corpus/: `python -m tests.intake.make_corpus`. What each must become stands beside it, by hand.

The folder says the outcome (valid: accepted whole, rejected: accepted without some rows, returned: the whole file goes
back), the name says the reason. The campaigns are those of conftest.py; all files are received on 2023-07-04 at 08:00.
`<name>.expected.yml` is written by reason and never recorded from what the intake makes of the file.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from tests.intake import corpus
from tests.intake.binary_excel import xlsb
from tests.intake.corpus import HEADER, MOTTO
from tests.intake.old_excel import compound_file, xls
from tests.intake.open_document import ods
from tests.intake.sheets import Cell, Error, Formula, Sheet, repacked, rows_of, text_file, xlsx
from tests.intake.wrong_encodings import to_garbled, to_tcvn3, to_vni

FOLDER = Path(__file__).parents[1] / "corpus"

HEAD = "Đơn vị;Ngày số liệu;Số lũy kế\n"
GOOD = "Đà Lạt;30/06/2023;7\n"
METRICS = "Đơn vị;Ngày số liệu;Mã chỉ tiêu;Số lũy kế\n"
RATES = "Đơn vị;Ngày số liệu;Số lũy kế;Chỉ tiêu giao;Số đầu kỳ;Tỷ lệ hoàn thành\n"
COVERAGE = "Đơn vị;Ngày số liệu;Nhóm;Dân số;Số người có thẻ BHYT\n"
COUNTED = "Đơn vị;Ngày số liệu;Chỉ tiêu;Số lượng\n"
ATTENDANCE = "Đơn vị;Ngày ra quân;Thành phần;Chỉ tiêu;Số lượng\n"
THROUGH = "DANH SÁCH (tính đến hết ngày 30/06/2023)\n"
REGISTRATIONS = THROUGH + "Mã số BHXH;Họ và tên;Đơn vị;Nhóm;Lớp;Hình thức;Ngày đăng ký;Ngày phê duyệt;Trạng thái\n"
ENROLMENTS = THROUGH + "Mã hồ sơ;Mã số BHXH;Loại hình;Hình thức;Ngày tham gia;Đến ngày;Xã;Tổ chức dịch vụ thu\n"
QUIZ = THROUGH + "Mã bài thi;Mã số BHXH;Trường;Lớp;Điểm;Thời điểm nộp bài;Trạng thái\n"
FEEDBACK = THROUGH + "Mã phản ánh;Mã số BHXH;Đơn vị;Nội dung;Ngày tiếp nhận;Ngày giải quyết;Tình trạng\n"
DOCUMENTS = THROUGH + "Số văn bản;Đơn vị;Ngày ban hành;Trích yếu\n"

PLAIN = corpus.plain()
TEXT = PLAIN[0]
COLUMNS: list[Cell] = ["Đơn vị", "Ngày số liệu", "Số lũy kế"]
SHEET = "xl/worksheets/sheet1.xml"
DTD = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


def sheet(*rows: list[Cell], merges: tuple[str, ...] = ()) -> list[Sheet]:
    return [Sheet("Biểu 1", rows_of(COLUMNS, *rows), merges)]


def broken_figures() -> list[Sheet]:
    """An error of a formula among figures."""
    return sheet(["Bảo Lộc", "30/06/2023", Error("#REF!")], ["Đà Lạt", "30/06/2023", 7])


def waiting_figures() -> list[Sheet]:
    """A formula that nobody calculated."""
    return sheet(["Bảo Lộc", "30/06/2023", Formula("=1+4", None)], ["Đà Lạt", "30/06/2023", 7])


def two_metrics_of_merged_units() -> list[Sheet]:
    rows = rows_of(
        ["Đơn vị", "Ngày số liệu", "Mã chỉ tiêu", "Số lũy kế"],
        ["Bảo Lộc", "30/06/2023", "users", 5],
        [None, "30/06/2023", "cards", 6],
        ["Đà Lạt", "30/06/2023", "users", 7],
        [None, "30/06/2023", "cards", 8],
    )
    return [Sheet("Biểu 1", rows, ("A2:A3", "A4:A5"))]


def answers(*instants: date) -> list[Sheet]:
    head: list[Cell] = ["Mã bài thi", "Mã số BHXH", "Trường", "Điểm", "Thời điểm nộp bài"]
    rows = [[f"L{number}", f"012345678{number}", "Bảo Lộc", 18, instant] for number, instant in enumerate(instants)]
    return [Sheet("Kết quả", [["Tính đến hết ngày 30/06/2023"], head, *rows_of(*rows)])]


def numbers_without_zeros() -> list[Sheet]:
    """Excel made numbers of them; the first row is the person of the second list's text."""
    head: list[Cell] = ["Mã số BHXH", "Họ và tên", "Đơn vị", "Ngày phê duyệt", "Trạng thái"]
    rows = rows_of(
        [123456789, "Người Mẫu Một", "Bảo Lộc", "03/05/2023", "Đã duyệt"],
        [98765432, "Người Mẫu Hai", "Đà Lạt", "04/05/2023", "Đã duyệt"],
    )
    return [Sheet("Danh sách", [["Tính đến hết ngày 30/06/2023"], head, *rows])]


def in_font(write: object) -> list[Sheet]:
    assert callable(write)
    rows = [[write(str(cell)) if isinstance(cell, str) else cell for cell in row] for row in TEXT.rows]
    return [Sheet("Bieu 1", rows)]


def bomb() -> bytes:
    """A sheet of 60 MB in 60 kB."""
    row = b"<row><c><v>1</v></c></row>"
    package = xlsx(PLAIN)
    return repacked(package, {SHEET: lambda part: part.replace(b"</sheetData>", row * 2_400_000 + b"</sheetData>")})


def stray_cell() -> bytes:
    cell = b'<row r="9"><c r="XFD9"><v>1</v></c></row></sheetData>'
    return repacked(xlsx(PLAIN), {SHEET: lambda part: part.replace(b"</sheetData>", cell)})


def with_dtd(xml: bytes) -> bytes:
    return DTD + xml.partition(b"?>")[2]


def valid() -> dict[str, bytes | str]:
    return {
        "everything-at-once.xlsx": xlsx(corpus.all_at_once()),
        "total-and-signature.xls": xls(corpus.total_and_signature()),
        "two-header-rows.xlsb": xlsb(corpus.two_header_rows()),
        "numbering-row.ods": ods(corpus.numbering_row()),
        "bloc-rows.xlsx": xlsx(corpus.bloc_rows()),
        "several-sheets-and-a-cover.xlsx": xlsx(corpus.several_sheets()),
        "hidden-sheets-are-not-read.xlsx": xlsx(corpus.hidden_sheets()),
        "rows-hidden-by-a-filter-are-read.xls": xls(corpus.rows_hidden_by_a_filter()),
        "away-from-the-corner.ods": ods(corpus.away_from_the_corner()),
        "comma.csv": text_file(TEXT),
        "semicolon-bom.csv": text_file(TEXT, ";", encoding="utf-8-sig"),
        "tab-utf16.txt": text_file(TEXT, "\t", encoding="utf-16"),
        "tab-utf16-without-its-mark.txt": text_file(TEXT, "\t", encoding="utf-16-le"),
        "windows-1258.csv": text_file(TEXT, ";", encoding="cp1258"),
        "decomposed-letters.csv": text_file(TEXT, encoding="nfd", newline="\n"),
        "pipe.txt": text_file(TEXT, "|"),
        "lines-of-old-macs.csv": text_file(TEXT, ";", newline="\r"),
        "separator-hint-of-excel.csv": "sep=|\nĐơn vị|Ngày số liệu|Số lũy kế\nBảo Lộc|30/06/2023|5\n",
        "line-break-in-quotes.csv": 'Đơn vị;Ngày số liệu;"Số\nlũy kế"\nBảo Lộc;30/06/2023;5\n',
        "english-headers.csv": text_file(corpus.english()[0]),
        "days-of-excel.xlsx": xlsx(corpus.real_dates()),
        "days-counted-from-1904.xlsx": xlsx(corpus.real_dates(), is_1904=True),
        "days-that-lost-their-format.xlsx": xlsx(corpus.dates_that_lost_their_format()),
        "days-in-words.ods": ods(corpus.dates_in_words()),
        "day-of-the-title.csv": text_file(Sheet("", [*MOTTO, HEADER, ["1", "Bảo Lộc", "5"]])),
        "unit-and-day-of-the-file-name.csv": "STT;Số lũy kế\n1;38000\n",
        "thousands-with-dots.csv": HEAD + "Bảo Lộc;30/06/2023;28.310\nĐà Lạt;30/06/2023;1.028.310\n",
        "thousands-with-commas.csv": HEAD + "Bảo Lộc;30/06/2023;28,310\nĐà Lạt;30/06/2023;1,028,310\n",
        "thousands-with-spaces.csv": HEAD + "Bảo Lộc;30/06/2023;28 310\nĐà Lạt;30/06/2023;7\u00a0000\n",
        "lines-that-end-in-a-separator.csv": HEAD + "Bảo Lộc;30/06/2023;5;\nĐà Lạt;30/06/2023;7;;\n",
        "dash-is-zero.csv": HEAD + "Bảo Lộc;30/06/2023;-\nĐà Lạt;30/06/2023;–\n",
        "one-unit-by-each-of-its-names.csv": HEAD
        + "TP. Bảo Lộc;31/01/2023;1\nthành phố  BẢO LỘC;28/02/2023;2\nBHXH TP Bảo Lộc;31/03/2023;3\n673;30/04/2023;4\n"
        + "bao-loc;31/05/2023;5\n",
        "spelling-of-oa.csv": HEAD + "Cộng Hoà;30/06/2023;5\n",
        "unit-on-its-last-day.csv": HEAD + "Tân Thành;31/03/2023;5\n",
        "formulas-that-were-calculated.xlsx": xlsx(
            sheet(["Bảo Lộc", "30/06/2023", Formula("=1+4", 5)], ["Đà Lạt", "30/06/2023", Formula("=0", 0)])
        ),
        "merged-unit-over-two-metrics.xlsx": xlsx(two_metrics_of_merged_units()),
        "two-metrics-side-by-side.csv": "Đơn vị;Ngày số liệu;users;Thẻ mới cấp\nBảo Lộc;30/06/2023;5;6\n",
        "rates-as-shown-and-as-kept.csv": RATES
        + "Bảo Lộc;30/06/2023;38.000;13.087;28.310;74,04%\nĐà Lạt;30/06/2023;9.690;13.087;;0.740429433\n",
        "rate-that-disagrees.csv": RATES + "Bảo Lộc;30/06/2023;38.000;13.087;28.310;74,05%\n",
        "row-that-is-repeated.csv": HEAD + "Bảo Lộc;30/06/2023;5\nTP Bảo Lộc;30/6/2023;5\n" + GOOD,
        "formula-text-in-a-note.csv": HEAD.replace("\n", ";Ghi chú\n")
        + "Bảo Lộc;30/06/2023;5;\"=HYPERLINK(\"\"http://example.com\"\")\"\nĐà Lạt;30/06/2023;7;=cmd|' /C calc'!A0\n",
        "workbook-under-the-name-of-a-text.csv": xlsx(PLAIN),
        "text-under-the-name-of-a-workbook.xlsx": text_file(TEXT, ";"),
        "headcounts.csv": "Đơn vị;Ngày số liệu;Biên chế có mặt\nBảo Lộc;30/06/2023;12\nĐà Lạt;30/06/2023;15\n",
        "coverage-side-by-side.csv": COVERAGE + "Bảo Lộc;30/06/2023;Chung;1.200;1.100\nBảo Lộc;30/06/2023;Hộ nghèo;20;-\n",
        "attendance.csv": ATTENDANCE + "Bảo Lộc;06/05/2023;Viên chức;Lực lượng ra quân;15\n",
        "attendance-drawn-up-ahead.csv": ATTENDANCE + "Bảo Lộc;09/09/2023;Viên chức;Lực lượng ra quân;15\n",
        "participants.csv": COUNTED + "Bảo Lộc;30/06/2023;Số tập thể;9\nBảo Lộc;30/06/2023;Số cá nhân;19\n",
        "registrations.csv": REGISTRATIONS
        + "0123456789;Người Mẫu Một;Bảo Lộc;Doanh nghiệp;12A1;Trực tuyến;02/05/2023;03/05/2023 08:05:09;Đã duyệt\n"
        + "0123456788;Người Mẫu Hai;Đà Lạt;Hộ gia đình;;Lưu động;02/05/2023;;Chờ duyệt\n",
        "registrations-without-leading-zeros.xlsx": xlsx(numbers_without_zeros()),
        "enrolments.csv": ENROLMENTS
        + "12.34/2023;0123456789;BHXH tự nguyện;Mới;06/05/2023;31/12/2023;Tổ Một;Đà Lạt\n"
        + "12.35/2023;0123456788;BHYT HGĐ;Gia hạn;06/05/2023;31/12/2023;Bảo Lộc;\n",
        "quiz-answers-with-midnight.xlsx": xlsx(answers(datetime(2023, 4, 20), datetime(2023, 4, 20, 19, 59, 59))),
        "feedback.csv": FEEDBACK
        + "PA-01;0123456789;Bảo Lộc;Tài khoản;02/05/2023;09/05/2023;Đã giải quyết\nPA-02;;Đà Lạt;Dữ liệu;03/05/2023;;Đang xử lý\n",
        "documents.csv": DOCUMENTS + "12/KH-BHXH;Bảo Lộc;01/06/2023;Kế hoạch\n",
    }  # fmt: skip


def rejected() -> dict[str, bytes | str]:
    return {
        "unit-missing.csv": HEAD + ";30/06/2023;5\n" + GOOD,
        "unit-unknown.csv": HEAD + "Bảo Lạc;30/06/2023;5\n" + GOOD,
        "unit-ambiguous.csv": HEAD + "Châu Thành;30/06/2023;5\n" + GOOD,
        "unit-not-any-more.csv": HEAD + "Tân Thành;30/06/2023;5\n" + GOOD,
        "unit-that-is-a-formula.csv": HEAD + "=1+1;30/06/2023;5\n@SUM(A1);30/06/2023;5\n" + GOOD,
        "day-missing.csv": HEAD + "Bảo Lộc;;5\n" + GOOD,
        "day-impossible.csv": HEAD + "Bảo Lộc;31/06/2023;5\n" + GOOD,
        "day-with-the-month-first.csv": HEAD + "Bảo Lộc;06/30/2023;5\n" + GOOD,
        "day-before-the-campaign.csv": HEAD + "Bảo Lộc;30/12/2022;5\n" + GOOD,
        "day-after-the-receipt.csv": HEAD + "Bảo Lộc;05/07/2023;5\n" + GOOD,
        "metric-unknown.csv": METRICS + "Bảo Lộc;30/06/2023;likes;5\nĐà Lạt;30/06/2023;users;7\n",
        "value-missing.csv": HEAD + "Bảo Lộc;30/06/2023;\n" + GOOD,
        "value-with-decimals.csv": HEAD + "Bảo Lộc;30/06/2023;12,5\n" + GOOD,
        "value-ambiguous.csv": HEAD + "Bảo Lộc;30/06/2023;28.310\nDi Linh;30/06/2023;12.5\n" + GOOD,
        "value-of-both-separators.csv": HEAD + "Bảo Lộc;30/06/2023;28.310\nDi Linh;30/06/2023;28,310\n" + GOOD,
        "value-cut-in-two-by-its-separator.csv": "Unit,Date,Count\nbao-loc,2023-06-30,38,000\nda-lat,2023-06-30,7\n",
        "value-in-words.csv": HEAD + "Bảo Lộc;30/06/2023;năm người\n" + GOOD,
        "value-negative.csv": HEAD + "Bảo Lộc;30/06/2023;(12)\n" + GOOD,
        "value-beyond-any-number.csv": HEAD + "Bảo Lộc;30/06/2023;99999999999999999999\n" + GOOD,
        "formula-error.xlsx": xlsx(broken_figures()),
        "formula-error.xls": xls(broken_figures()),
        "formula-error.xlsb": xlsb(broken_figures()),
        "formula-error.ods": ods(broken_figures()),
        "formula-error-as-text.csv": HEAD + "Bảo Lộc;30/06/2023;#DIV/0!\n" + GOOD,
        "count-in-merged-cells.xlsx": xlsx(
            sheet(["Bảo Lộc", "30/06/2023", 5], ["Đà Lạt", "30/06/2023", None], merges=("C2:C3",))
        ),
        "key-twice-with-different-values.csv": HEAD + "Bảo Lộc;30/06/2023;5\nTP Bảo Lộc;30/6/2023;6\n" + GOOD,
        "group-unknown.csv": COVERAGE + "Bảo Lộc;30/06/2023;Nhóm lạ;120;100\nĐà Lạt;30/06/2023;Chung;120;100\n",
        "registrations-one-fault-a-row.csv": REGISTRATIONS
        + "0123456781;A;Bảo Lộc;Doanh nghiệp;;Trực tuyến;02/05/2023;03/05/2023;Đã duyệt\n"
        + "12AB;B;Bảo Lộc;;;;02/05/2023;03/05/2023;Đã duyệt\n"
        + ";C;Bảo Lộc;;;;02/05/2023;03/05/2023;Đã duyệt\n"
        + "0123456784;D;;;;;02/05/2023;03/05/2023;Đã duyệt\n"
        + "0123456785;E;Bảo Lộc;Nhóm lạ;;;02/05/2023;03/05/2023;Đã duyệt\n"
        + "0123456786;F;Bảo Lộc;;;Bồ câu;02/05/2023;03/05/2023;Đã duyệt\n"
        + "0123456787;G;Bảo Lộc;;;;31/02/2023;03/05/2023;Đã duyệt\n"
        + "0123456788;H;Bảo Lộc;;;;05/07/2023;;Chờ duyệt\n"
        + "0123456789;I;Bảo Lộc;;;;02/05/2023;;Đã duyệt\n"
        + "0123456790;K;Bảo Lộc;;;;02/05/2023;31/04/2023;Đã duyệt\n"
        + "0123456791;L;Bảo Lộc;;;;02/05/2023;03/05/2023;\n"
        + "0123456792;M;Bảo Lộc;;;;02/05/2023;03/05/2023;Không rõ\n"
        + "0123456793;N;Bảo Lộc;;;;02/05/2023;01/05/2023;Đã duyệt\n"
        + "0123456794;O;Bảo Lộc;;;;02/05/2023;05/07/2023;Đã duyệt\n",
        "enrolments-one-fault-a-row.csv": ENROLMENTS
        + "HS-1;0123456781;BHXH tự nguyện;Mới;06/05/2023;31/12/2023;Tổ Một;Đà Lạt\n"
        + "HS-2;0123456782;;Mới;06/05/2023;31/12/2023;Tổ Một;\n"
        + "HS-3;0123456783;BHTN;Mới;06/05/2023;31/12/2023;Tổ Một;\n"
        + "HS-4;0123456784;BHXH tự nguyện;;06/05/2023;31/12/2023;Tổ Một;\n"
        + "HS-5;0123456785;BHXH tự nguyện;Không rõ;06/05/2023;31/12/2023;Tổ Một;\n"
        + "HS-6;0123456786;BHXH tự nguyện;Mới;;31/12/2023;Tổ Một;\n"
        + "HS-7;0123456787;BHXH tự nguyện;Mới;31/02/2023;31/12/2023;Tổ Một;\n"
        + "HS-8;0123456788;BHXH tự nguyện;Mới;05/07/2023;31/12/2023;Tổ Một;\n"
        + "HS-9;0123456789;BHXH tự nguyện;Mới;06/05/2023;;Tổ Một;\n"
        + "HS-10;0123456790;BHXH tự nguyện;Mới;06/05/2023;31/11/2023;Tổ Một;\n"
        + "HS-11;0123456791;BHXH tự nguyện;Mới;06/05/2023;31/12/2023;;\n"
        + "HS-12;0123456792;BHXH tự nguyện;Mới;06/05/2023;31/12/2023;Bảo Lạc;\n"
        + "HS-13;0123456793;BHXH tự nguyện;Mới;06/05/2023;31/12/2023;Châu Thành;\n"
        + "HS-14;0123456794;BHXH tự nguyện;Mới;06/05/2023;31/12/2023;Tân Thành;\n"
        + "HS-15;0123456795;BHXH tự nguyện;Mới;06/05/2023;31/12/2023;Tổ Một;Bưu điện lạ\n"
        + "HS-16;0123456796;BHXH tự nguyện;Mới;06/05/2023;31/12/2023;Tổ Một;Châu Thành\n"
        + "HS-17;0123456797;BHXH tự nguyện;Mới;06/05/2023;31/12/2023;Tổ Một;Tân Thành\n"
        + "HS-18;0123456798;BHXH tự nguyện;Mới;06/05/2023;05/05/2023;Tổ Một;\n",
        "quiz-one-fault-a-row.csv": QUIZ
        + "L1;0123456781;Bảo Lộc;12A1;18;20/04/2023 19:59:59;Hợp lệ\n"
        + "L2;0123456782;Bảo Lộc;12A1;12,5;20/04/2023 19:59:59;Hợp lệ\n"
        + "L3;0123456783;Bảo Lộc;12A1;-3;20/04/2023 19:59:59;Hợp lệ\n"
        + "L4;0123456784;Bảo Lộc;12A1;18;;Hợp lệ\n"
        + "L5;0123456785;Bảo Lộc;12A1;18;20/04/2023 25:00:00;Hợp lệ\n"
        + "L6;0123456786;Bảo Lộc;12A1;18;20/04/2023;Hợp lệ\n"
        + "L7;0123456787;Bảo Lộc;12A1;18;05/07/2023 08:00:00;Hợp lệ\n"
        + "L8;0123456788;Bảo Lộc;12A1;18;20/04/2023 19:59:59;Không rõ\n",
        "quiz-day-without-its-time.xlsx": xlsx(answers(date(2023, 4, 20), datetime(2023, 4, 20, 19, 59, 59))),
        "feedback-one-fault-a-row.csv": FEEDBACK
        + "PA-01;;Bảo Lộc;Tài khoản;02/05/2023;09/05/2023;Đã giải quyết\n"
        + ";;Bảo Lộc;Tài khoản;02/05/2023;09/05/2023;Đã giải quyết\n"
        + "PA-03;;Bảo Lộc;Chuyện lạ;02/05/2023;09/05/2023;Đã giải quyết\n"
        + "PA-04;;Bảo Lộc;Tài khoản;;09/05/2023;Đã giải quyết\n"
        + "PA-05;;Bảo Lộc;Tài khoản;31/02/2023;09/05/2023;Đã giải quyết\n"
        + "PA-06;;Bảo Lộc;Tài khoản;05/07/2023;;Đang xử lý\n"
        + "PA-07;;Bảo Lộc;Tài khoản;02/05/2023;;Đã giải quyết\n"
        + "PA-08;;Bảo Lộc;Tài khoản;02/05/2023;31/02/2023;Đã giải quyết\n"
        + "PA-09;;Bảo Lộc;Tài khoản;02/05/2023;05/07/2023;Đã giải quyết\n"
        + "PA-10;;Bảo Lộc;Tài khoản;02/05/2023;01/05/2023;Đã giải quyết\n",
        "documents-one-fault-a-row.csv": DOCUMENTS
        + "12/KH;Bảo Lộc;01/06/2023;A\n;Bảo Lộc;01/06/2023;B\n14/KH;Bảo Lộc;;C\n15/KH;Bảo Lộc;31/06/2023;D\n"
        + "16/KH;Bảo Lộc;05/07/2023;E\n17/KH;Bảo Lạc;01/06/2023;G\n",
    }  # fmt: skip


def returned() -> dict[str, bytes | str]:
    whole = xlsx(PLAIN)
    return {
        "no-bytes.csv": b"",
        "only-blanks.txt": " \r\n\t\r\n",
        "workbook-without-cells.xlsx": xlsx([Sheet("Trống", [])]),
        "header-only.csv": HEAD,
        "header-not-found.csv": "Tên;Tuổi\nBảo Lộc;5\n",
        "column-twice.csv": "Đơn vị;Ngày số liệu;Số lũy kế;Lũy kế\nBảo Lộc;30/06/2023;5;6\n",
        "day-nowhere.csv": "Đơn vị;Số lũy kế\nBảo Lộc;5\n",
        "two-days-in-the-title.csv": "Tính đến hết ngày 30/6/2023\nTính đến hết ngày 31/5/2023\nĐơn vị;Số lũy kế\nBảo Lộc;5\n",
        "list-complete-through-nobody-knows.csv": REGISTRATIONS.removeprefix(THROUGH)
        + "0123456789;A;Bảo Lộc;;;;02/05/2023;03/05/2023;Đã duyệt\n",
        "list-complete-through-tomorrow.csv": REGISTRATIONS.replace("30/06", "05/07")
        + "0123456789;A;Bảo Lộc;;;;02/05/2023;03/05/2023;Đã duyệt\n",
        "metric-unclear.csv": HEAD + "Bảo Lộc;30/06/2023;5\n",
        "tcvn3-of-an-old-machine.csv": text_file(in_font(to_tcvn3)[0], ";", encoding="cp1252"),
        "tcvn3-in-a-workbook.xlsx": xlsx(in_font(to_tcvn3)),
        "vni-in-a-workbook.xls": xls(in_font(to_vni)),
        "vni-in-unicode.csv": text_file(in_font(to_vni)[0], ";"),
        "garbled.csv": text_file(in_font(to_garbled)[0], ";"),
        "cut-in-the-middle-of-a-letter.csv": (HEAD + GOOD * 3 + "Đà L").encode() + "ạ".encode()[:2],
        "quote-that-does-not-close.csv": HEAD + 'Bảo Lộc;30/06/2023;"5\n' + GOOD,
        "nul-bytes.csv": (HEAD + "Bảo Lộc;30/06/2023;5\0\n").encode(),
        "no-text.csv": bytes(range(1, 32)) * 40 + b"\xff\xfe\xfd" * 40,
        "not-calculated.xlsx": xlsx(waiting_figures()),
        "not-calculated.xls": xls(waiting_figures()),
        "not-calculated.xlsb": xlsb(waiting_figures()),
        "not-calculated.ods": ods(waiting_figures()),
        "stray-cell-in-the-last-column.xlsx": stray_cell(),
        "three-hundred-columns.csv": HEAD + "Bảo Lộc;30/06/2023;5" + ";x" * 300 + "\n",
        "bomb.xlsx": bomb(),
        "entities.xlsx": repacked(whole, {SHEET: with_dtd}),
        "path-that-leads-out.xlsx": repacked(whole, {}, {"../../evil.xml": b"<x/>"}),
        "password.xlsx": compound_file(b"x" * 5_000, "EncryptedPackage"),
        "cut-off.xlsx": whole[: len(whole) // 2],
        "web-page-under-the-name-of-a-workbook.xls": "<html><table><tr><td>Đơn vị</td></tr></table></html>",
        "letter.docx": b"PK\x03\x04 a letter",
        "unknown-campaign.csv": HEAD + GOOD,
        "unknown-export-type.csv": HEAD + GOOD,
        "wrong-folder.csv": HEAD + GOOD,
        "two-units-in-a-file-named-for-one.csv": HEAD + "Bảo Lộc;30/06/2023;5\n" + GOOD,
        "day-that-is-not-of-the-file-name.csv": HEAD + GOOD,
        "total-that-does-not-add-up.csv": HEAD + "Bảo Lộc;30/06/2023;5\n" + GOOD + "Tổng cộng;;13\n",
        "no-row-is-right.csv": HEAD + "Bảo Lạc;30/06/2023;5\nĐà Lạt;31/06/2023;7\n",
        "all-rows-contradict-each-other.csv": HEAD + "Bảo Lộc;30/06/2023;5\nBảo Lộc;30/06/2023;6\n",
    }  # fmt: skip


def files() -> dict[str, bytes]:
    """folder/name -> bytes."""
    made = {"valid": valid(), "rejected": rejected(), "returned": returned()}
    return {
        f"{folder}/{name}": content.encode() if isinstance(content, str) else content
        for folder, contents in made.items()
        for name, content in contents.items()
    }


if __name__ == "__main__":
    for name, content in files().items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
