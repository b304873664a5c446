"""Each rule of the suites: a fixture named by its reason that breaks it, and one beside it that does not."""

from __future__ import annotations

import json
from dataclasses import dataclass

import duckdb
import pytest
from thidua.intake.contracts import known_export_types
from thidua.intake.validate import filled, load_rules
from thidua.settings import expectations_dir

from tests.intake.conftest import MANY_EXPORTS, Lake

HEAD = "Đơn vị;Ngày số liệu;Số lũy kế\n"
RATES = "Đơn vị;Ngày số liệu;Số lũy kế;Chỉ tiêu giao;Số đầu kỳ;Tỷ lệ hoàn thành\n"
GOOD = "Đà Lạt;30/06/2023;7\n"


@dataclass(frozen=True)
class Case:
    """`bad` and `good` are bodies below HEAD unless they bring their own header; `line` is where the fault is."""

    bad: str
    good: str
    line: int | None = 2
    verdict: str = "accepted"
    names: tuple[str, str] | None = None  # of the bad and of the good file, where names matter
    campaign: str = "thu-nghiem-2023"
    value: str | None = None


CASES = {
    "unit_missing": Case(";30/06/2023;5\n" + GOOD, "Bảo Lộc;30/06/2023;5\n" + GOOD, value=""),
    "unit_unknown": Case("Bảo Lạc;30/06/2023;5\n" + GOOD, "TP.  BẢO LỘC ;30/06/2023;5\n" + GOOD, value="Bảo Lạc"),
    "unit_ambiguous": Case(
        "Châu Thành;30/06/2023;5\n" + GOOD, "Châu Thành Bắc;30/06/2023;5\n" + GOOD, value="Châu Thành"
    ),
    "unit_not_valid": Case("Tân Thành;30/06/2023;5\n" + GOOD, "Tân Thành;31/03/2023;5\n" + GOOD, value="Tân Thành"),
    "outside_sender": Case(
        "Bảo Lộc;30/06/2023;5\n" + GOOD,
        "Bảo Lộc;30/06/2023;5\nTổ Một;30/06/2023;5\n",
        line=None,
        verdict="returned",
        names=("bao-loc_2023-06-30.csv", "bao-loc_2023-06-30.csv"),
        value="Đà Lạt",
    ),
    "as_of_date_missing": Case("Bảo Lộc;;5\n" + GOOD, "Bảo Lộc;30/06/2023;5\n" + GOOD, value=""),
    "as_of_date_invalid": Case("Bảo Lộc;31/06/2023;5\n" + GOOD, "Bảo Lộc;2023-06-30;5\n" + GOOD, value="31/06/2023"),
    "as_of_date_before_campaign": Case(
        "Bảo Lộc;30/12/2022;5\n" + GOOD, "Bảo Lộc;31/12/2022;5\n" + GOOD, value="30/12/2022"
    ),
    "as_of_date_after_receipt": Case(
        "Bảo Lộc;05/07/2023;5\n" + GOOD, "Bảo Lộc;4/7/2023;5\n" + GOOD, value="05/07/2023"
    ),
    "file_name_date_differs": Case(
        GOOD,
        GOOD,
        line=None,
        verdict="returned",
        names=("da-lat_2023-03-31.csv", "da-lat_2023-06-30.csv"),
    ),
    "metric_unknown": Case(
        "Đơn vị;Ngày;Mã chỉ tiêu;Lũy kế\nBảo Lộc;30/06/2023;likes;5\nĐà Lạt;30/06/2023;users;5\n",
        "Đơn vị;Ngày;Mã chỉ tiêu;Lũy kế\nBảo Lộc;30/06/2023;Thẻ mới cấp;5\nĐà Lạt;30/06/2023;users;5\n",
        campaign="hai-chi-tieu-2023",
        value="likes",
    ),
    "value_missing": Case("Bảo Lộc;30/06/2023;\n" + GOOD, "Bảo Lộc;30/06/2023;-\n" + GOOD, value=""),
    "value_not_whole": Case("Bảo Lộc;30/06/2023;12,5\n" + GOOD, "Bảo Lộc;30/06/2023;12\n" + GOOD, value="12,5"),
    "value_ambiguous": Case(
        "Bảo Lộc;30/06/2023;28.310\nDi Linh;30/06/2023;12.5\n" + GOOD,
        "Bảo Lộc;30/06/2023;28.310\nDi Linh;30/06/2023;125\n" + GOOD,
        value="28.310",
    ),
    "value_not_number": Case("Bảo Lộc;30/06/2023;năm\n" + GOOD, "Bảo Lộc;30/06/2023;5\n" + GOOD, value="năm"),
    "value_formula_error": Case("Bảo Lộc;30/06/2023;#REF!\n" + GOOD, "Bảo Lộc;30/06/2023;5\n" + GOOD, value="#REF!"),
    # (38.000 - 28.310) / 13.087 is 74.0429…%: shown with two decimals, or with as many as Excel keeps.
    "rate_differs": Case(
        RATES + "Bảo Lộc;30/06/2023;38.000;13.087;28.310;74,05%\n",
        RATES
        + "Bảo Lộc;30/06/2023;38.000;13.087;28.310;74,04%\nĐà Lạt;30/06/2023;9.690;13.087;;0.740429433\n"
        + "Di Linh;30/06/2023;7;0;0;-\nCộng Hòa;30/06/2023;1;3;;33,3\n",
        value="74,05%",
    ),
    "row_too_wide": Case("Bảo Lộc;30/06/2023;38;000\n" + GOOD, "Bảo Lộc;30/06/2023;38;\n" + GOOD, value="38"),
    "value_negative": Case("Bảo Lộc;30/06/2023;(12)\n" + GOOD, "Bảo Lộc;30/06/2023;0\n" + GOOD, value="(12)"),
    "conflicting_rows": Case(
        "Bảo Lộc;30/06/2023;5\nTP Bảo Lộc;30/6/2023;6\n" + GOOD,
        "Bảo Lộc;30/06/2023;5\nBảo Lộc;31/5/2023;6\n" + GOOD,
    ),
    "repeated_row": Case(
        "Bảo Lộc;30/06/2023;5\nTP Bảo Lộc;30/6/2023;5\n" + GOOD, "Bảo Lộc;30/06/2023;5\n" + GOOD, line=3
    ),
    "total_differs": Case(
        "Bảo Lộc;30/06/2023;5\n" + GOOD + "Tổng cộng;;13\n",
        "Bảo Lộc;30/06/2023;5\n" + GOOD + "Tổng cộng;;12\n",
        line=4,
        verdict="returned",
        value="13",
    ),
}


def body(text: str) -> str:
    return text if text.startswith("Đơn vị") else HEAD + text


def test_every_rule_of_progress_has_a_case() -> None:
    _, rules = load_rules("progress")
    assert {rule.rule_id for rule in rules} == set(CASES)


def name_of(rule_id: str, good: bool) -> str:
    names = CASES[rule_id].names
    return names[good] if names else f"{rule_id}.csv"


@pytest.fixture(scope="module")
def judged(take_many) -> dict[tuple[str, bool], Lake]:
    """(campaign, good) -> all its cases, judged together: no file's faults touch another's."""
    return {
        (campaign, good): take_many(
            {
                name_of(rule_id, good): body(case.good if good else case.bad)
                for rule_id, case in CASES.items()
                if case.campaign == campaign
            },
            campaign=campaign,
        )
        for campaign in {case.campaign for case in CASES.values()}
        for good in (False, True)
    }


@pytest.mark.parametrize("rule_id", CASES)
def test_rule_finds_what_breaks_it(judged, rule_id: str) -> None:
    case = CASES[rule_id]
    lake = judged[case.campaign, False].of(name_of(rule_id, False))
    fault = lake.fault(rule_id)
    _, rules = load_rules("progress")
    assert fault["severity"] == next(rule.severity for rule in rules if rule.rule_id == rule_id)
    assert fault["line_number"] == case.line
    assert lake.submission()["verdict"] == case.verdict
    if case.value is not None:
        assert fault["value"] == case.value
    vietnamese, _, english = fault["message"].partition(" / ")
    assert vietnamese and english and "\n" not in fault["message"]
    assert "{" not in fault["message"]
    if case.line:
        assert f"Dòng {case.line}," in vietnamese and f"Row {case.line}," in english


@pytest.mark.parametrize("rule_id", CASES)
def test_rule_lets_what_is_right_pass(judged, rule_id: str) -> None:
    case = CASES[rule_id]
    lake = judged[case.campaign, True].of(name_of(rule_id, True))
    assert rule_id not in lake.rules()
    assert lake.submission()["verdict"] == "accepted"


@pytest.mark.parametrize(
    ("row", "is_cut"),
    [
        ("Bảo Lộc,30/06/2023,38,000,", True),
        ("Bảo Lộc,30/06/2023,38,000,ghi chú", True),
        ("Bảo Lộc,30/06/2023,38,000", True),  # the cell of the note was left out
        ("Bảo Lộc,30/06/2023,8,012", True),
        ("Bảo Lộc,30/06/2023,38,310", False),  # what stands beside may be a number of its own
        ("Bảo Lộc,30/06/2023,1038,000", False),
        ('Bảo Lộc,30/06/2023,"38,000",', False),
        ("Bảo Lộc,30/06/2023,38,ghi chú", False),
        ("Bảo Lộc,30/06/2023,38,ghi chú,", False),
        ("Bảo Lộc,30/06/2023,38,,,", False),
        ("Bảo Lộc,30/06/2023,38", False),
    ],
)
@pytest.mark.parametrize("has_quotes", [False, True])
def test_a_number_that_its_separator_cuts_in_two_is_not_taken(take, row: str, is_cut: bool, has_quotes: bool) -> None:
    """Read by either reader of text files. A line may end in more separators than the header."""
    head = "Đơn vị,Ngày số liệu,Số lũy kế,Ghi chú\n"
    note = '"a ""b"\n' if has_quotes else "\n"
    lake = take({"a.csv": f"{head}{row}\nĐà Lạt,30/06/2023,7,{note}"})
    assert lake.rules() == ({"row_too_wide"} if is_cut else set())
    assert lake.submission()["rejected_row_count"] == is_cut


def test_a_code_beside_a_number_is_not_the_rest_of_it(take) -> None:
    lake = take({"a.csv": "Số lũy kế,Mã đơn vị,Ngày số liệu\n38,097,30/06/2023\n7,672,30/06/2023\n"})
    assert lake.rules() == {"unit_unknown"}, "097 is no unit here, and no thousands of 38"
    lake = take({"b.csv": "Đơn vị;Ngày số liệu;Số lũy kế;Ghi chú\nBảo Lộc;30/06/2023;38;000\n"})
    assert "row_too_wide" not in lake.of("b.csv").rules(), "a semicolon stands in no number"


def test_good_rows_go_on_beside_a_rejected_one(take) -> None:
    lake = take({"a.csv": HEAD + "Bảo Lạc;30/06/2023;5\nDi Linh;30/06/2023;x\n" + GOOD})
    assert lake.figures() == {("da-lat", "2023-06-30"): 7}
    submission = lake.submission()
    assert (submission["accepted_row_count"], submission["rejected_row_count"]) == (1, 2)
    scopes = {row["unit_id"]: row for row in lake.rows("scopes")}
    assert scopes["di-linh"]["has_rejected_row"] and scopes["di-linh"]["content_hash"] is None
    assert not scopes["da-lat"]["has_rejected_row"] and scopes["da-lat"]["content_hash"]
    assert lake.result.with_rejections == 1


def test_every_failing_row_is_taken_not_only_the_first_hundreds(take) -> None:
    lake = take({"a.csv": HEAD + "Bảo Lạc;30/06/2023;5\n" * 1500 + GOOD})
    assert lake.submission()["rejected_row_count"] == 1500
    assert len(lake.rows("rejected_rows")) == 1500


def test_a_line_with_two_faults_is_one_rejected_row(take) -> None:
    lake = take({"a.csv": HEAD + "Bảo Lạc;31/06/2023;x\n" + GOOD})
    assert {"unit_unknown", "as_of_date_invalid", "value_not_number"} == lake.rules()
    assert lake.submission()["rejected_row_count"] == 1


def test_a_file_of_which_no_row_is_left_is_returned(take) -> None:
    lake = take({"a.csv": HEAD + "Bảo Lạc;30/06/2023;5\n"})
    assert lake.submission()["verdict"] == "returned"
    assert [file.landing_path for file in lake.result.returned] == ["thu-nghiem-2023/progress/a.csv"]
    assert "Bảo Lạc" in lake.result.returned[0].message


def test_a_total_of_unreadable_rows_is_not_held_against_the_file(take) -> None:
    lake = take({"a.csv": HEAD + "Bảo Lộc;30/06/2023;x\n" + GOOD + "Tổng cộng;;12\n"})
    assert lake.rules() == {"value_not_number"}


def test_a_returned_file_still_claims_its_scopes(take) -> None:
    lake = take({"a.csv": HEAD + GOOD + "Tổng cộng;;8\n", "bao-loc_2023-06-30.xlsx": b"broken"})
    assert {(row["unit_id"], row["as_of_date"].isoformat()) for row in lake.rows("scopes")} == {
        ("da-lat", "2023-06-30"),
        ("bao-loc", "2023-06-30"),
    }
    assert lake.rows("figures") == []


def test_same_content_in_another_file_has_the_same_hash(take) -> None:
    lake = take({"a.csv": HEAD + GOOD, "b.csv": "Unit,Date,Count\nda-lat,2023-06-30,7\n"})
    hashes = [row["content_hash"] for row in lake.rows("scopes")]
    assert len(hashes) == 2 and len(set(hashes)) == 1


@pytest.mark.parametrize("export_type", known_export_types())
def test_suites_are_gx_documents_with_messages_in_two_languages(export_type: str) -> None:
    document = json.loads((expectations_dir() / export_type / "suite.json").read_text(encoding="utf-8"))
    assert document["expectations"]
    for expectation in document["expectations"]:
        assert expectation["type"] == "unexpected_rows_expectation"
        assert "{batch}" in expectation["kwargs"]["unexpected_rows_query"]
        assert expectation["meta"]["message_vi"] and expectation["meta"]["message_en"]


def test_what_is_wrong_with_a_row_of_a_wide_table_is_told_once(take) -> None:
    """Once for the row, and once for each of its values that is wrong."""
    head = "Đơn vị;Ngày số liệu;Nhóm;Dân số;Số người có thẻ BHYT;Thẻ phải cấp\n"
    rows = "Bảo Lạc;30/06/2023;Chung;100;90;5\nBảo Lộc;30/06/2023;Chung;chưa có;chưa có;5\nĐà Lạt;30/06/2023;Chung;100;90;5\n"
    lake = take({"a.csv": head + rows}, export_type="coverage", campaign=MANY_EXPORTS)
    faults = sorted((row["line_number"], row["rule_id"], row["column_name"]) for row in lake.rows("rejected_rows"))
    assert faults == [
        (2, "unit_unknown", "unit"),
        (3, "value_not_number", "count[covered]"),
        (3, "value_not_number", "count[population]"),
    ]


def test_a_message_says_what_stands_in_a_cell_as_it_stands_there() -> None:
    message = filled("'{value}' của {unit}: {hint}; {value}", {"value": "$cell", "unit": "'o''Brien'", "hint": "'-'"})
    said = duckdb.execute(f"select {message}", {"cell": "{unit} {hint}"}).fetchone()
    assert said == ("'{unit} {hint}' của o'Brien: -; {unit} {hint}",)
