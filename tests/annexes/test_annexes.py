"""The documents are read again: what they say is what the marts hold, and the sums are the sums."""

from __future__ import annotations

import io
import os
import random
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import docx
import duckdb
import openpyxl
import pytest
from thidua.annexes import pdf
from thidua.annexes.documents import documents
from thidua.annexes.labels import AWARD_STATUS, NOT_AWARDED, REASONS
from thidua.annexes.minutes import minutes
from thidua.annexes.order import lead_over
from thidua.annexes.result import MARTS, Result, official, provisional
from thidua.annexes.sheet_file import HEADER_ROW, write_xlsx
from thidua.annexes.statement import statements
from thidua.annexes.word_file import write_docx
from thidua.annexes.words import amount_in_words
from thidua.annexes.write import write_annexes
from thidua.closing.named import WHY_NOT
from thidua.closing.official_rows import PERSONS, RANKING
from thidua.errors import NotWell, ThiduaError
from thidua.lake.officials import commit_version, new_version_dir
from thidua.plan.snapshots import record_snapshots
from thidua.settings import Home, dbt_dir, repo_root
from thidua.warehouse import raw

from tests.annexes.conftest import FORMULA
from tests.reports.conftest import CAMPAIGN, Marts, add_unit, local


def word_of(result: Result, slug: str) -> Any:
    made = {document.slug: document for document in [*documents(result), minutes(result), *statements(result)]}
    return docx.Document(io.BytesIO(write_docx(made[slug], result.letterhead)))


def sheets_of(result: Result, slug: str) -> Any:
    made = {document.slug: document for document in documents(result)}
    return openpyxl.load_workbook(io.BytesIO(write_xlsx(made[slug], result.letterhead)))


def text_of(file: Any) -> str:
    cells = [cell.text for table in file.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in file.paragraphs), *cells])


def table_of(file: Any, header: str) -> list[list[str]]:
    """The rows below the header of the first table that has this column."""
    for table in file.tables:
        rows = [[cell.text for cell in row.cells] for row in table.rows]
        if header in rows[0]:
            return rows
    raise AssertionError(header)


def money(text: str) -> int:
    return int(text.replace(".", ""))


# ---- totals


def test_the_sums_in_the_word_file_are_those_of_the_mart(result: Result) -> None:
    file = word_of(result, "danh-sach-khen-thuong")
    shown = []
    for table in file.tables:
        header = [cell.text for cell in table.rows[0].cells]
        if "Số tiền (đồng)" in header:
            column = header.index("Số tiền (đồng)")
            amounts = [money(row.cells[column].text) for row in table.rows[1:]]
            assert amounts[-1] == sum(amounts[:-1])
            assert table.rows[-1].cells[-1].text == amount_in_words(amounts[-1])
            shown.append(amounts[-1])
    in_mart = [row["amount"] for row in result.tables["awards"] if row["amount"] is not None]
    assert sorted(shown) == [600_000, 5_340_000]
    assert sum(shown) == sum(in_mart) == 5_940_000
    assert "Tổng cộng: 5.940.000 đồng. Bằng chữ: Năm triệu chín trăm bốn mươi nghìn đồng." in text_of(file)


def test_the_sums_in_the_workbook_are_those_of_the_mart(result: Result) -> None:
    book = sheets_of(result, "danh-sach-khen-thuong")
    found = {}
    for sheet in book.worksheets[:2]:
        rows = list(sheet.iter_rows(min_row=HEADER_ROW + 1, values_only=True))
        column = rows[0].index("Số tiền (đồng)")
        amounts = [row[column] for row in rows if isinstance(row[column], int)]
        assert amounts[-1] == sum(amounts[:-1])
        found[sheet.title] = amounts[-1]
    assert found == {"Tập thể": 5_340_000, "Cá nhân": 600_000}


def test_what_waits_for_people_is_listed_and_not_summed(result: Result) -> None:
    rows = table_of(word_of(result, "danh-sach-khen-thuong"), "Lý do")
    assert [(row[4], row[5], row[6]) for row in rows[1:]] == [("1", "300.000", "1.000.000")] * 2


# ---- form


def test_the_form_of_an_office(result: Result) -> None:
    file = word_of(result, "bang-xep-hang")
    text = text_of(file)
    for part in (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc", "BHXH TỈNH LÂM ĐỒNG", "Số: ....",
        "THỦ TRƯỞNG CƠ QUAN", "BẢNG XẾP HẠNG THI ĐUA", "Quý II (số liệu đến hết ngày 30/06/2023)",
    ):  # fmt: skip
        assert part in text
    section = file.sections[0]
    assert file.styles["Normal"].font.name == "Times New Roman"
    assert section.different_first_page_header_footer and "PAGE" in section.header._element.xml
    for table in file.tables[1:-1]:  # between the letterhead and the signatures
        assert table.rows[0]._tr.xpath("w:trPr/w:tblHeader")


def test_provisional_figures_say_so_on_each_page(result: Result) -> None:
    section = word_of(result, "bien-ban").sections[0]
    for footer in (section.footer, section.first_page_footer):
        assert "DỰ THẢO – số liệu tạm tính" in footer.paragraphs[0].text
    sheet = sheets_of(result, "bang-xep-hang").worksheets[0]
    assert "DỰ THẢO – số liệu tạm tính" in sheet.oddFooter.center.text
    assert sheet.print_title_rows == f"${HEADER_ROW + 1}:${HEADER_ROW + 1}"


def test_a_name_that_is_a_formula_stays_text(result: Result) -> None:
    book = sheets_of(result, "bang-xep-hang")
    found = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value == FORMULA]
    assert [(cell.data_type, cell.quotePrefix) for cell in found] == [("s", True)]


def test_the_same_result_gives_the_same_bytes(result: Result) -> None:
    made = [*documents(result), minutes(result), *statements(result)]
    assert {document.slug for document in made} > {"bang-xep-hang", "danh-sach-de-cu", "tinh-hinh-bao-cao", "di-linh"}
    for document in made:
        assert write_docx(document, result.letterhead) == write_docx(document, result.letterhead)
        if document.has_sheets:
            assert write_xlsx(document, result.letterhead) == write_xlsx(document, result.letterhead)


# ---- what they say


def test_the_ranking_shows_ties_and_keeps_no_data_apart_from_zero(result: Result) -> None:
    rows = table_of(word_of(result, "bang-xep-hang"), "Hạng")
    assert [row[0] for row in rows[1:]] == ["1", "2", "3 (=)", "3 (=)", "–", "–"]
    by_unit = {row[1]: row for row in rows}
    assert by_unit["BHXH huyện Đạ Tẻh"][2] == "–"
    assert by_unit["BHXH huyện Đơn Dương"][6] == "Chưa đạt ngưỡng, còn thiếu 17"


def test_each_person_to_be_named_has_a_line(result: Result) -> None:
    rows = table_of(word_of(result, "danh-sach-de-cu"), "Họ và tên, chức vụ")
    assert sorted((row[1], row[4]) for row in rows[1:]) == [
        ("BHXH huyện Di Linh", ""),
        ("BHXH huyện Di Linh", "Nguyễn Văn Ví Dụ"),
        ("BHXH huyện Đam Rông", "chờ Hội đồng quyết định"),
    ]


def test_who_reported_when(result: Result) -> None:
    rows = table_of(word_of(result, "tinh-hinh-bao-cao"), "Nhận lúc")
    assert [row[1:] for row in rows[1:]] == [
        ["BHXH huyện Di Linh", "04/07/2023", "11:20 01/07/2023", "đúng hạn"],
        ["BHXH huyện Đạ Tẻh", "04/07/2023", "–", "chưa gửi"],
    ]


def test_the_minutes_name_decisions_and_what_is_open(result: Result) -> None:
    text = text_of(word_of(result, "bien-ban"))
    assert "Xác nhận điều kiện: BHXH thành phố Bảo Lộc; đạt" in text
    assert "09:30 05/07/2023" in text and "Đã kiểm tra" in text
    assert "Giải ba – BHXH huyện Đam Rông, 1 suất: đồng hạng, Hội đồng quyết định: 300.000 … 1.000.000 đồng." in text
    assert "BHXH huyện Đạ Tẻh: Chưa có số liệu." in text


def test_the_minutes_say_which_names_have_no_effect_and_why(result: Result) -> None:
    said = {"period_id": "q2", "prize_id": "individual", "unit_id": "bao-loc", "name": "Lê Văn An"}
    named = {**result.decisions[0], "decision_id": "d1", "kind": "award_person", "subject": said}
    kept = {"question_id": "earlier:wave-1", "basis": "b"}
    settled = {**result.decisions[0], "decision_id": "d2", "kind": "settle", "subject": kept}
    for why in WHY_NOT:
        found = replace(result, decisions=[named, settled], in_vain={"d1": why})
        assert f"không có hiệu lực: {NOT_AWARDED[why]}" in text_of(word_of(found, "bien-ban"))
    assert "Đã xét xong: giữ kết quả kỳ trước như đã chốt, wave-1" in text_of(word_of(found, "bien-ban"))


def test_a_statement_says_why_and_how_far(result: Result) -> None:
    text = text_of(word_of(result, "bao-loc"))
    assert "38.000 − 28.310 = 9.690; 9.690 / 13.087 = 74,04%" in text
    assert "Ngưỡng 60% (mục III.1): đạt, vì 100 × 9.690 ≥ 60 × 13.087." in text
    assert "Hạng 2 trong 4 đơn vị được xếp hạng" in text
    assert "Đứng ngay trên là BHXH huyện Di Linh, hạng 1, tỷ lệ 76,30%; cần thêm 295 để vượt." in text
    below = text_of(word_of(result, "don-duong"))
    assert "không đạt, vì 100 × 5.023 < 60 × 8.400" in below and "Còn thiếu 17 để đạt ngưỡng." in below


def test_how_far_is_the_least_that_passes() -> None:
    dice = random.Random(1)
    tried = 0
    for _ in range(2_000):
        mine = {"numerator": dice.randrange(-50, 3_000), "denominator": dice.randrange(1, 3_000)}
        other = {"numerator": dice.randrange(-50, 3_000), "denominator": dice.randrange(1, 3_000)}
        lead = lead_over(mine, other)

        def passes(more: int, mine: dict[str, int] = mine, other: dict[str, int] = other) -> bool:
            return (mine["numerator"] + more) * other["denominator"] > other["numerator"] * mine["denominator"]

        if lead is None:
            assert mine["numerator"] * other["denominator"] >= other["numerator"] * mine["denominator"]
        else:
            tried += 1
            assert passes(lead) and not passes(lead - 1)
    assert tried > 500


def test_a_ranking_by_another_measure_shows_that_measure(marts: Marts) -> None:
    """The threshold's rate orders b before a, the ranks say otherwise: their own measure is shown, no false lead."""
    add_unit(marts, "a", "Trường A", 70, None, 100, rank=1)
    add_unit(marts, "b", "Trường B", 90, None, 100, rank=2)
    for unit_id, numerator in (("a", 95), ("b", 91)):
        marts.insert(
            "fct_measure",
            period_id="q2",
            unit_id=unit_id,
            measure_id="installed",
            measure_name="Tỷ lệ cài đặt",
            numerator_value=numerator,
            numerator=numerator,
            denominator=100,
            clause="II",
        )
    marts._connection.execute("update marts.marts.dim_campaign set issued_by = 'Nơi ban hành'")
    marts.close()
    result = provisional(marts.home, CAMPAIGN, "q2")
    rows = table_of(word_of(result, "bang-xep-hang"), "Tỷ lệ cài đặt (để xếp hạng)")
    assert [row[6] for row in rows[1:]] == ["95 / 100 = 95,00%", "91 / 100 = 91,00%"]
    assert "tỷ lệ 95,00%; cần thêm 5 để vượt" in text_of(word_of(result, "b"))


def test_an_unknown_period_is_answered_with_close_ones(marts: Marts) -> None:
    marts.close()
    with pytest.raises(ThiduaError, match=r"there is no period 'Q2' \(closest: q2"):
        provisional(marts.home, CAMPAIGN, "Q2")


# ---- files


def test_files_say_which_figures_they_hold(result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thidua.annexes.write.has_office", lambda: False)
    written = write_annexes(result, tmp_path / "out")
    names = [path.relative_to(tmp_path / "out").as_posix() for path in written]
    assert "bang-xep-hang_q2_tam-tinh.xlsx" in names and "don-vi/di-linh_q2_tam-tinh.docx" in names
    before = [path.read_bytes() for path in written]
    assert write_annexes(result, tmp_path / "out") == written
    assert [path.read_bytes() for path in written] == before


@pytest.mark.skipif(
    shutil.which(pdf.PROGRAM) is None and not os.environ.get("THIDUA_NEEDS_LIBREOFFICE"),
    reason="needs Debian's LibreOffice (apt)",
)
def test_libreoffice_opens_every_kind(result: Result, tmp_path: Path) -> None:
    assert shutil.which(pdf.PROGRAM), "THIDUA_NEEDS_LIBREOFFICE is set, and there is no soffice"
    made = {document.slug: document for document in [*documents(result), minutes(result), *statements(result)]}
    files = []
    for slug in ("bang-xep-hang", "danh-sach-khen-thuong", "bien-ban", "di-linh"):
        files.append(tmp_path / f"{slug}.docx")
        files[-1].write_bytes(write_docx(made[slug], result.letterhead))
    files.append(tmp_path / "sheets.xlsx")
    files[-1].write_bytes(write_xlsx(made["danh-sach-khen-thuong"], result.letterhead))
    for path in pdf.convert(files, tmp_path / "pdf"):
        assert path.read_bytes().startswith(b"%PDF") and path.stat().st_size > 10_000


# ---- official versions


def test_an_official_version_speaks_of_what_was_approved(result: Result, home: Home, tmp_path: Path) -> None:
    """Written as a closing writes it; read back, its documents say the same figures, its number and its hash."""
    approved = Home(tmp_path)
    shutil.copytree(repo_root() / "campaigns" / CAMPAIGN, tmp_path / "campaigns" / CAMPAIGN)
    snapshot = record_snapshots(approved, tmp_path / "campaigns", local("2023-04-01"))[0]
    folder = new_version_dir(approved, CAMPAIGN, "q2")
    tables: dict[str, Any] = {}
    with duckdb.connect(":memory:") as connection:
        served = home.serve / "current" / "marts.duckdb"
        connection.execute(f"attach '{served}' as served (read_only)")
        for table in (*MARTS, "dim_campaign", "dim_period", "dim_unit"):
            connection.execute(f"copy (select * from served.marts.{table}) to '{folder / table}.parquet'")
            tables[table] = {}
        awards = "select * replace (case status when 'proposed' then 'awarded' else status end as status)"
        connection.execute(f"copy ({awards} from served.marts.fct_award) to '{folder}/awards.parquet'")
        for name, columns in (("ranking", RANKING), ("persons", PERSONS)):
            raw.load_rows(connection, name, columns, result.tables[name])
            connection.execute(f"copy {name} to '{folder / name}.parquet'")
        tables |= {"awards": {}, "ranking": {}, "persons": {}}
    approvals = [{"user": user, "approved_at": "2023-07-08T01:00:00+00:00", "note": ""} for user in ("an", "binh")]
    commit_version(
        approved,
        folder,
        {
            "campaign_id": CAMPAIGN,
            "period_id": "q2",
            "version": 1,
            "approved_at": approvals[-1]["approved_at"],
            "approvals": approvals,
            "content_hash": "0123456789abcdef" * 4,
            "inputs": {"decisions": {}},
            "freeze": {
                "campaign_id": CAMPAIGN,
                "frozen_at": "2023-07-05T00:00:00+00:00",
                "plan": {"snapshot": snapshot.path.name, "plan_hash": snapshot.plan_hash},
            },
            "tables": tables,
        },
    )
    found = official(approved, CAMPAIGN, "q2")
    assert found.label == "ban-1" and found.decisions == []
    file = word_of(found, "danh-sach-khen-thuong")
    assert "Tổng cộng: 5.940.000 đồng" in text_of(file)
    assert file.sections[0].footer.paragraphs[0].text == "Bản chính thức số 1 – mã kiểm tra 0123456789abcdef"
    text = text_of(word_of(found, "bien-ban"))
    assert "binh phê duyệt lúc 08:00 08/07/2023" in text and "DỰ THẢO" not in text
    assert found.prize_names["leadership_unit"].startswith("Tập thể xuất sắc"), "a prize that nobody was given"
    for slug in ("bang-xep-hang", "danh-sach-de-cu", "bao-loc"):
        assert text_of(word_of(found, slug)) == text_of(word_of(result, slug))
    with pytest.raises(NotWell, match="no official version 2"):
        official(approved, CAMPAIGN, "q2", 2)


def test_words_for_codes_are_those_of_the_mart() -> None:
    sql = (dbt_dir() / "models" / "marts" / "rpt_ranking.sql").read_text(encoding="utf-8")
    said = dict(re.findall(r"when '(\w+)' then '([^']+)'", sql))
    assert {**REASONS, **AWARD_STATUS}.items() <= said.items() and len(REASONS) == 8
