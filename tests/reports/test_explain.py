"""thidua explain: the plans' worked examples, word for word; ties, missing figures, sources."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from thidua.errors import NotWell, ThiduaError
from thidua.reports.explain import award_formula, comparison, explain, formula, render
from thidua.settings import Home

from tests.reports.conftest import CAMPAIGN, CLOSING, Marts, add_fault, add_file, add_unit, local

DEPARTMENTS = ("departments", "Khối phòng")


@pytest.fixture
def home(marts: Marts) -> Home:
    """Q2 of Lâm Đồng, in small: two worked examples, a tie, a unit below the threshold, one without a report."""
    add_unit(marts, "di-linh", "BHXH huyện Di Linh", 31_498, 22_930, 11_230, rank=1, prize=("first", "Giải nhất"))
    second = ("second", "Giải nhì")
    add_unit(marts, "bao-loc", "BHXH thành phố Bảo Lộc", 38_000, 28_310, 13_087, rank=2, prize=second)
    add_unit(marts, "dam-rong", "BHXH huyện Đam Rông", 10_360, 7_420, 4_200, rank=3, is_tied=True)
    add_unit(marts, "lac-duong", "BHXH huyện Lạc Dương", 9_500, 6_980, 3_600, rank=3, is_tied=True)
    below = {"reason": "below_threshold", "missing": 17}
    add_unit(marts, "don-duong", "BHXH huyện Đơn Dương", 22_283, 17_260, 8_400, **below)
    add_unit(marts, "da-teh", "BHXH huyện Đạ Tẻh", None, 9_350, 4_480, reason="no_data")
    add_unit(
        marts,
        "p-to-chuc-can-bo",
        "Phòng Tổ chức cán bộ",
        1_000,
        None,
        1_440,
        bloc=DEPARTMENTS,
        rank=1,
        prize=("first", "Giải nhất"),
    )
    key = {"period_id": "q2", "unit_id": "bao-loc"}
    marts.insert(
        "fct_award",
        recipient_kind="unit",
        prize_id="second",
        prize_name="Giải nhì",
        head_count=28,
        amount_base=100_000,
        multiplier=1,
        amount_each=100_000,
        amount=2_800_000,
        status="proposed",
        clause="III.3.2.a",
        **key,
    )
    marts.insert(
        "fct_nomination_quota", prize_id="individual", quota=2, amount_per_person=300_000, clause="III.3.1.b", **key
    )
    reading = {"default_option": "given", "chosen": "given", "options": "given,end_of_march"}
    marts.insert("dim_reading", reading_id="march_figure", reason="As in the example", clause="III.3.1.a", **reading)
    marts.insert("dim_reading", reading_id="elsewhere", reason="Of another clause", clause="IX", **reading)
    marts.insert(
        "fct_reporting",
        period_id="q2",
        export_type="progress",
        from_unit_id="bao-loc",
        due_at=local("2023-07-04"),
        status="on_time",
        received_at=local("2023-07-01T11:20"),
    )
    add_file(
        marts, "aaaaaaaa11", "2023-07-01T11:20", scopes={"bao-loc": "current"}, path="lam-dong-2023/progress/b.xlsx"
    )
    add_file(marts, "bbbbbbbb22", "2023-07-01T09:00", "returned", scopes={"bao-loc": "returned"})
    add_fault(marts, "bbbbbbbb22", "dòng sau", line_number=9)
    add_fault(marts, "bbbbbbbb22", "tổng ghi sai", severity="critical", line_number=11)
    figure = {"metric_id": "vssid_users", "unit_id": "bao-loc", "dimension": "", "member": ""}
    marts.insert(
        "fct_figure",
        as_of_date=CLOSING,
        value=38_000,
        origin="reported",
        submission_id="aaaaaaaa11",
        sheet="Sheet1",
        line_number=2,
        **figure,
    )
    marts.insert("fct_figure", as_of_date=CLOSING.replace(day=5), value=1, origin="reported", **figure)
    marts.insert("fct_figure", as_of_date=CLOSING, value=28, origin="given", **{**figure, "metric_id": "staff"})
    marts.close()
    return marts.home


def test_the_worked_example_word_for_word(home: Home) -> None:
    assert render(explain(home, CAMPAIGN, "bao-loc", "q2")).splitlines() == [
        "BHXH thành phố Bảo Lộc · Quý II (30/06/2023)",
        "Cài đặt VssID · Khối huyện",
        "",
        "Kết quả progress (III.3.1.a): 38.000 − 28.310 = 9.690; 9.690 / 13.087 = 74,04%",
        "  chỉ tiêu 13.087 theo 527/KH-BHXH",
        "Điều kiện q2_60 (III.1): đạt · ngưỡng 60%: 100 × 9.690 ≥ 60 × 13.087",
        "Điều kiện quality (III.2): đạt",
        "Xét: Đủ điều kiện (Tạm tính)",
        "Hạng 2 trong 4 đơn vị đủ điều kiện của Khối huyện (III.3.1.a)",
        "  sau BHXH huyện Di Linh: 9.690 × 11.230 < 8.568 × 13.087",
        "  trước BHXH huyện Đam Rông: 9.690 × 4.200 > 2.940 × 13.087",
        "Khen thưởng Giải nhì (III.3.2.a): 28 × 100.000 = 2.800.000 đồng",
        "Được đề cử individual (III.3.1.b): 2 người, mỗi người 300.000 đồng",
        "",
        "Nguồn số liệu:",
        "  staff = 28 ngày 30/06/2023: kèm kế hoạch",
        "  vssid_users = 38.000 ngày 30/06/2023: lam-dong-2023/progress/b.xlsx, trang tính 'Sheet1', dòng 2, "
        "nhận 01/07/2023 11:20 [aaaaaaaa]",
        "Tệp khác về cùng ngày, không dùng:",
        "  lam-dong-2023/progress/bbbbbbbb22.csv, nhận 01/07/2023 09:00 – bị trả lại: tổng ghi sai",
        "Báo cáo progress: đúng hạn (hạn trước 00:00 04/07/2023, nhận 01/07/2023 11:20)",
        "",
        "Cách hiểu đã áp dụng:",
        "  march_figure (III.3.1.a) = given (mặc định): As in the example",
    ]


def test_the_other_worked_example_has_no_baseline(home: Home) -> None:
    text = render(explain(home, CAMPAIGN, "p-to-chuc-can-bo", "q2"))
    assert "Kết quả progress (III.3.1.a): 1.000 / 1.440 = 69,44%" in text
    assert "ngưỡng 60%: 100 × 1.000 ≥ 60 × 1.440" in text
    assert "Hạng 1 trong 1 đơn vị đủ điều kiện của Khối phòng" in text


def test_a_tie_is_shown_as_equal_fractions_and_left_to_people(home: Home) -> None:
    text = render(explain(home, CAMPAIGN, "dam-rong", "q2"))
    assert "Hạng 3 trong 4" in text
    assert "  đồng hạng với BHXH huyện Lạc Dương: 2.940 × 3.600 = 2.520 × 4.200" in text
    assert "Hội đồng quyết định" in text


def test_what_is_missing_and_what_was_never_sent(home: Home) -> None:
    below = explain(home, CAMPAIGN, "don-duong", "q2")
    assert below["ranking"] is None
    assert "không đạt · ngưỡng 60%: 100 × 5.023 < 60 × 8.400" in render(below)
    assert "còn thiếu 17 người" in render(below)
    silent = render(explain(home, CAMPAIGN, "da-teh", "q2"))
    assert "Kết quả progress (III.3.1.a): chưa có số liệu của ngày 30/06/2023" in silent
    assert "Điều kiện q2_60 (III.1): chưa có số liệu · ngưỡng 60%\n" in silent
    assert "Nguồn số liệu:\n  (chưa có)" in silent


def test_a_neighbour_ordered_by_something_else_gets_no_comparison(marts: Marts) -> None:
    """The ranks say otherwise than the shown fraction: another key decided, so no inequality is claimed."""
    add_unit(marts, "a", "A", 50, None, 100, rank=1)
    add_unit(marts, "b", "B", 90, None, 100, rank=2)
    marts.close()
    found = explain(marts.home, CAMPAIGN, "b", "q2")
    assert found["ranking"]["above"]["comparison"] is None
    assert "  sau A\n" in render(found)


def test_a_unit_in_no_bloc_is_said_to_be_in_none(marts: Marts) -> None:
    marts.insert("dim_unit", unit_id="van-phong", name="Văn phòng")
    marts.close()
    found = explain(marts.home, CAMPAIGN, "van-phong", "q2")
    assert found["result"] is None and "Không thuộc khối nào" in render(found)


def test_checks_and_candidates_name_their_files(marts: Marts) -> None:
    marts.insert("dim_unit", unit_id="o-mon", name="Quận Ô Môn")
    add_file(marts, "aaaaaaaa11", "2023-07-01T11:20", scopes={"o-mon": "current"}, path="attendance/o-mon.csv")
    key = {"unit_id": "o-mon", "period_id": "q2"}
    check = {"result": "pass", "clause": "II.3", **key}
    whole = {"dimension": "", "member": ""}
    marts.insert("fct_check", check_id="allotment", actual=10, expected=10, **check)
    advice = {"dimension": "role", "member": "advice"}
    marts.insert(
        "fct_check",
        check_id="size",
        metric_id="staff",
        over_metric_id="groups",
        actual=23,
        expected=20,
        **advice,
        **check,
    )
    marts.insert("fct_check", check_id="staff", metric_id="staff", actual=30, expected=5, **whole, **check)
    figure = {"unit_id": "o-mon", "as_of_date": CLOSING, "origin": "reported", "submission_id": "aaaaaaaa11"}
    marts.insert("fct_figure", metric_id="staff", value=23, line_number=5, **advice, **figure)
    marts.insert("fct_figure", metric_id="staff", value=7, line_number=4, **{**advice, "member": "official"}, **figure)
    marts.insert("fct_figure", metric_id="groups", value=10, line_number=6, **whole, **figure)
    marts.insert(
        "fct_figure", metric_id="groups", value=9, line_number=6, **whole, **{**figure, "as_of_date": "2023-06-29"}
    )
    for line_number in (7, 9):
        marts.insert(
            "fct_candidate", prize_id="person", person_key=f"p{line_number}", submission_id="aaaaaaaa11",
            line_number=line_number, clause="III.2", **key,
        )  # fmt: skip
    marts.close()
    text = render(explain(marts.home, CAMPAIGN, "o-mon", "q2"))
    place = "attendance/o-mon.csv, dòng {}, nhận 01/07/2023 11:20 [aaaaaaaa]"
    advisers = "  staff [role = advice] = 23 ngày 30/06/2023: " + place.format(5)
    assert text.split("(chưa có)\n")[1].splitlines() == [
        "Kiểm tra allotment (II.3): đạt · có 10, yêu cầu 10",
        "  chỉ tiêu của đơn vị và các đơn vị trực thuộc: kèm kế hoạch",
        "Kiểm tra size (II.3): đạt · có 23, yêu cầu 20",
        advisers,
        "  groups = 10 ngày 30/06/2023: " + place.format(6),
        "Kiểm tra staff (II.3): đạt · có 30, yêu cầu 5",
        advisers,
        "  staff [role = official] = 7 ngày 30/06/2023: " + place.format(4),
        "Người được xét person (III.2): 2 từ attendance/o-mon.csv, dòng 7 đến 9",
    ]


def test_what_an_older_release_published_is_explained_without_what_it_lacks(marts: Marts) -> None:
    """Between an upgrade and the next publish."""
    marts.insert("dim_unit", unit_id="o-mon", name="Quận Ô Môn")
    key = {"unit_id": "o-mon", "period_id": "q2"}
    marts.insert("fct_check", check_id="size", actual=23, expected=20, result="pass", clause="II.3", **key)
    marts.insert("fct_candidate", prize_id="person", person_key="p7", clause="III.2", **key)
    marts.forget("fct_check", "metric_id", "dimension", "member", "over_metric_id")
    marts.forget("fct_candidate", "submission_id", "line_number")
    marts.close()
    text = render(explain(marts.home, CAMPAIGN, "o-mon", "q2"))
    assert text.split("(chưa có)\n")[1].splitlines() == ["Kiểm tra size (II.3): đạt · có 23, yêu cầu 20"]


def test_it_is_json_with_integers_and_dates(home: Home) -> None:
    found = json.loads(json.dumps(explain(home, CAMPAIGN, "bao-loc", "q2"), default=str))
    assert found["measures"][0]["numerator"] == 9_690
    assert found["sources"][1]["line_number"] == 2
    assert [file["submission_id"] for file in found["other_files"]] == ["bbbbbbbb22"]
    assert found["closing_date"] == "2023-06-30"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("lam-dong", "bao-loc", "q2"), "there is no campaign 'lam-dong' .*lam-dong-2023"),
        ((CAMPAIGN, "bao-lok", "q2"), r"không có đơn vị / there is no unit 'bao-lok' \(closest: bao-loc \(BHXH"),
        ((CAMPAIGN, "Bảo Lộc", "q2"), r"closest: bao-loc \(BHXH thành phố Bảo Lộc\)"),
        ((CAMPAIGN, "bao-loc", "Q2"), r"there is no period 'Q2' \(closest: q2 \(Quý II\)\)"),
    ],
)
def test_an_unknown_name_is_answered_with_close_ones(home: Home, asked: tuple[str, str, str], message: str) -> None:
    with pytest.raises(ThiduaError, match=message) as error:
        explain(home, *asked)
    assert "\n" not in error.value.message and error.value.exit_code == 2


def test_nothing_published_says_what_to_do(tmp_path) -> None:
    with pytest.raises(NotWell, match="nothing is published yet"):
        explain(Home(tmp_path), CAMPAIGN, "bao-loc", "q2")


# ---- single lines


@pytest.mark.parametrize(
    ("value", "baseline", "target", "text"),
    [
        (36_162, 28_310, 13_087, "36.162 − 28.310 = 7.852; 7.852 / 13.087 = 60,00%"),
        (8_146, None, 13_087, "8.146 / 13.087 = 62,24%"),
        (28_000, 28_310, 13_087, "28.000 − 28.310 = -310; -310 / 13.087 = -2,37%"),
        (1_440, None, 1_200, "1.440 / 1.200 = 120,00%"),
        (5, 3, 0, "5 − 3 = 2; 2; chưa được giao chỉ tiêu, không tính tỷ lệ"),
        (5, None, None, "5; chưa được giao chỉ tiêu, không tính tỷ lệ"),
    ],
)
def test_formulas(value: int, baseline: int | None, target: int | None, text: str) -> None:
    numerator = value - (baseline or 0)
    row = {"numerator_value": value, "baseline_count": baseline, "numerator": numerator, "denominator": target}
    assert formula(row) == text


def test_a_count_without_its_baseline_is_no_increase() -> None:
    row = {"numerator_value": 500, "baseline_count": None, "numerator": None, "denominator": 10, "as_of_date": CLOSING}
    assert formula(row) == "500; chưa có số mốc để trừ"


@pytest.mark.parametrize(
    ("numerator", "denominator", "threshold", "text"),
    [
        (7_852, 13_087, "0.600000", "100 × 7.852 < 60 × 13.087"),  # though it displays 60,00%
        (7_853, 13_087, "0.600000", "100 × 7.853 ≥ 60 × 13.087"),
        (3_940, 3_940, "1.000000", "100 × 3.940 ≥ 100 × 3.940"),
        (2, 3, "0.666700", "10.000 × 2 < 6.667 × 3"),
        (1, 3, "0.333333", "1.000.000 × 1 ≥ 333.333 × 3"),
        (None, 3, "0.600000", None),
        (1, 0, "0.600000", None),
    ],
)
def test_thresholds_are_compared_in_whole_numbers(
    numerator: int | None, denominator: int, threshold: str, text: str | None
) -> None:
    row = {"numerator": numerator, "denominator": denominator, "threshold": Decimal(threshold)}
    assert comparison(row) == text


@pytest.mark.parametrize(
    ("award", "text"),
    [
        (
            {"amount": 1_200_000, "head_count": None, "places": 2, "amount_base": 300_000, "multiplier": 2},
            "2 × 300.000 × 2 = 1.200.000 đồng",
        ),
        (
            {"amount": 2_800_000, "head_count": 28, "places": 1, "amount_base": 100_000, "multiplier": 1},
            "28 × 100.000 = 2.800.000 đồng",
        ),
        (
            {
                "amount": None,
                "status": "undecided",
                "status_reason": "tie",
                "amount_min": 360_000,
                "amount_max": 840_000,
            },
            "đồng hạng, Hội đồng quyết định: 360.000 … 840.000 đồng",
        ),
        (
            {
                "amount": None,
                "status": "blocked",
                "status_reason": "no_headcount",
                "amount_min": None,
                "amount_max": None,
            },
            "chưa có số biên chế, chưa chi được",
        ),
        ({"amount": None, "status": "awarded", "status_reason": None}, "kế hoạch không nêu mức tiền"),
    ],
)
def test_amounts(award: dict[str, object], text: str) -> None:
    assert award_formula(award) == text


def test_counts_of_events_name_their_files_and_lines(marts: Marts) -> None:
    marts.insert("dim_unit", unit_id="school", name="Trường Một", unit_type="school")
    for name, rows, first, last, context, day in (
        ("march", 2, 3, 9, "all", 10),
        ("march", 1, 12, 12, "q2", 11),
        ("other", 5, 2, 6, "q3", 11),  # of another closing
    ):
        marts.insert(
            "fct_event_source", unit_id="school", metric_id="installed", period_id=context, submission_id=name,
            counted_on=date(2023, 6, day), counted_rows=rows, first_line_number=first, last_line_number=last,
        )  # fmt: skip
    for name in ("march", "other"):
        marts.insert("fct_submission", submission_id=name, landing_path=f"c/registrations/{name}.csv")
    marts.close()
    text = render(explain(marts.home, CAMPAIGN, "school", "q2"))
    assert "installed: 3 lượt từ c/registrations/march.csv, dòng 3 đến 12" in text
    assert "other.csv" not in text
