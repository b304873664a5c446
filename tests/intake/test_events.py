"""What exports of events become in the lake: events by their keys, what a later row takes away, completeness, privacy."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from thidua.intake.personal import MASK
from thidua.intake.suites import check_contracts
from thidua.settings import expectations_dir

from tests.intake.conftest import MANY_EXPORTS
from tests.intake.sheets import Sheet, rows_of, xlsx

TITLE = "DANH SÁCH ĐĂNG KÝ VSSID (tính đến hết ngày 30/06/2023)\n"
REGISTRATIONS = "Mã số BHXH;Họ và tên;Đơn vị;Nhóm;Lớp;Ngày đăng ký;Ngày phê duyệt;Trạng thái\n"
ENROLMENTS = "Mã hồ sơ;Mã số BHXH;Loại hình;Hình thức;Ngày tham gia;Đến ngày;Xã;Tổ chức dịch vụ thu\n"


def live(lake) -> list[dict]:
    return [row for row in lake.rows("events") if not row["is_cancelled"]]


def test_a_registration_is_an_event_of_its_person_and_unit(take) -> None:
    row = "0123456789;Người Mẫu;Bảo Lộc;Doanh nghiệp;12A1;02/05/2023;03/05/2023 08:05:09;Đã duyệt\n"
    lake = take({"bao-loc_2023-06-30.csv": TITLE + REGISTRATIONS + row}, export_type="registrations")
    (event,) = lake.rows("events")
    assert (event["event"], event["unit_id"], event["unit_role"]) == ("installed", "bao-loc", "")
    assert event["event_at"] == datetime(2023, 5, 3, 1, 5, 9, tzinfo=UTC)
    assert json.loads(event["dimensions"]) == {"class": "12A1", "group": "non_state"}
    assert (event["line_number"], event["is_cancelled"]) == (3, False)
    assert lake.rows("figures") == []


def test_nothing_personal_leaves_the_restricted_part(take) -> None:
    rows = "0123456789;Người Mẫu;Bảo Lạc;;;02/05/2023;03/05/2023;Đã duyệt\n98AB;Kẻ Lạ;Bảo Lộc;;;;04/05/2023;Đã duyệt\n"
    good = "0123456788;Người Khác;Bảo Lộc;;;02/05/2023;03/05/2023;Đã duyệt\n"
    lake = take({"a_2023-06-30.csv": TITLE + REGISTRATIONS + rows + good}, export_type="registrations")
    assert lake.fault("person_invalid")["value"] == MASK
    batches = list((lake.home.lake / "batches").rglob("*"))
    stored = b"".join(path.read_bytes() for path in batches if path.is_file())
    for secret in ("123456789", "123456788", "98AB", "Người Mẫu", "Kẻ Lạ", "Người Khác"):
        assert secret.encode() not in stored
    (event,) = lake.rows("events")
    assert len(event["person_key"]) == 32


@pytest.mark.parametrize(
    ("export_type", "columns", "rule_id"),
    [
        ("registrations", ("98AB", "Bảo Lộc"), "person_invalid"),
        ("registrations", ("", "Bảo Lộc"), "person_missing"),
        ("registrations", ("0123456789", "Bảo Lạc"), "unit_unknown"),
    ],
)
def test_one_cause_is_one_fault(take, export_type: str, columns: tuple[str, str], rule_id: str) -> None:
    """A row without its key because a cell of the key is wrong: the cell is told, the key is not."""
    person, unit = columns
    rows = f"{person};A;{unit};;;;04/05/2023;Đã duyệt\n0123456788;B;Bảo Lộc;;;;03/05/2023;Đã duyệt\n"
    lake = take({"a_2023-06-30.csv": TITLE + REGISTRATIONS + rows}, export_type=export_type)
    assert [row["rule_id"] for row in lake.rows("rejected_rows")] == [rule_id]


def test_a_document_of_an_unknown_unit_has_one_fault(take) -> None:
    rows = "Số văn bản;Đơn vị;Ngày ban hành\n12/KH;Bảo Lạc;01/06/2023\n13/KH;Bảo Lộc;01/06/2023\n"
    lake = take({"a_2023-06-30.csv": rows}, export_type="documents")
    assert [row["rule_id"] for row in lake.rows("rejected_rows")] == ["unit_unknown"]


def test_a_key_that_nothing_asks_for_is_missed(take, tmp_path: Path) -> None:
    """A contract whose key may be blank: then nothing else says that it is not known of whom the row speaks."""
    shutil.copytree(expectations_dir(), tmp_path / "expectations")
    folder = tmp_path / "expectations" / "feedback"
    contract = folder / "contract.yml"
    text = contract.read_text(encoding="utf-8")
    code = text.partition("- name: code")[2].partition("- name:")[0]
    contract.write_text(text.replace(code, code.replace("required: true", "required: false")), encoding="utf-8")
    (stale,) = check_contracts(folder.parent)[1].items()
    stale[0].write_text(stale[1], encoding="utf-8")
    rows = "Mã phản ánh;Đơn vị;Ngày tiếp nhận;Trạng thái\n;Bảo Lộc;02/05/2023;Đang giải quyết\nPA-1;Bảo Lộc;02/05/2023;Đang giải quyết\n"
    lake = take({"a_2023-06-30.csv": rows}, export_type="feedback", expectations=folder.parent)
    assert [row["rule_id"] for row in lake.rows("rejected_rows")] == ["key_missing"]


def test_midnight_is_an_answer_with_its_time(take) -> None:
    rows = rows_of(
        ["Mã bài thi", "Mã số BHXH", "Trường", "Điểm", "Thời điểm nộp bài"],
        ["L1", "0123456789", "Bảo Lộc", 18, datetime(2023, 4, 20)],
        ["L2", "0123456788", "Bảo Lộc", 18, date(2023, 4, 20)],
    )
    lake = take({"a_2023-06-30.xlsx": xlsx([Sheet("S", rows)])}, export_type="quiz_results")
    (event,) = lake.rows("events")
    assert event["event_at"] == datetime(2023, 4, 19, 17, tzinfo=UTC)
    assert [(row["line_number"], row["rule_id"]) for row in lake.rows("rejected_rows")] == [(3, "answered_at_no_time")]


def test_who_is_not_approved_any_more_takes_the_event_away(take) -> None:
    row = "0123456789;;Bảo Lộc;;;02/05/2023;{};{}\n"
    take({"a_2023-05-31.csv": REGISTRATIONS + row.format("03/05/2023", "Đã duyệt")}, export_type="registrations")
    lake = take({"b_2023-06-30.csv": REGISTRATIONS + row.format("", "Chờ duyệt")}, export_type="registrations")
    approved, pending = sorted(lake.rows("events"), key=lambda event: event["is_cancelled"])
    assert approved["event_key"] == pending["event_key"]
    assert not approved["is_cancelled"] and pending["is_cancelled"] and pending["event_at"] is None


def test_a_contract_credits_the_place_and_the_collector(take) -> None:
    row = "HS-1;0123456789;BHXH tự nguyện;Mới;06/05/2023;31/12/2023;Tổ Một;Đà Lạt\n"
    lake = take({"tinh_2023-06-30.csv": ENROLMENTS + row}, export_type="enrolments", campaign=MANY_EXPORTS)
    events = lake.rows("events")
    assert {(event["unit_role"], event["unit_id"]) for event in events} == {("", "bao-loc-1"), ("collector", "da-lat")}
    assert {event["product"] for event in events} == {"bhxh_tn"}
    assert {event["valid_through"] for event in events} == {date(2023, 12, 31)}
    assert {event["event"] for event in events} == {"enrolled"}
    assert len({event["event_key"] for event in events}) == 1


@pytest.mark.parametrize(
    ("documents", "is_same"),
    [(("HS-1", "HS-1"), True), (("HS-1", "HS-2"), False), (("", ""), False)],
    ids=["corrected by its document", "another document", "without documents the event belongs to the key"],
)
def test_a_renewal_replaces_only_what_its_key_says(take, documents: tuple[str, str], is_same: bool) -> None:
    first = f"{documents[0]};0123456789;BHYT hộ gia đình;Mới;06/05/2023;31/12/2023;Tổ Một;\n"
    second = f"{documents[1]};123456789;BHYT HGĐ;Tái tục;07/06/2023;31/12/2023;Tổ Một;\n"
    take({"a_2023-05-31.csv": ENROLMENTS + first}, export_type="enrolments", campaign=MANY_EXPORTS)
    lake = take({"b_2023-06-30.csv": ENROLMENTS + second}, export_type="enrolments", campaign=MANY_EXPORTS)
    events = lake.rows("events")
    assert sorted(event["event"] for event in events) == ["enrolled", "renewed"]
    assert len({event["person_key"] for event in events}) == 1
    assert (len({event["event_key"] for event in events}) == 1) is is_same


def test_feedback_that_is_open_again_is_not_resolved_any_more(take) -> None:
    head = "Mã phản ánh;Đơn vị;Nội dung;Ngày tiếp nhận;Ngày giải quyết;Tình trạng\n"
    take({"a_2023-05-31.csv": head + "P1;Bảo Lộc;Thẻ;02/05/2023;09/05/2023;Đã giải quyết\n"}, export_type="feedback")
    lake = take({"b_2023-06-30.csv": head + "P1;Bảo Lộc;Thẻ;02/05/2023;;Đang xử lý\n"}, export_type="feedback")
    by_file = {row["submission_id"]: row["file_name"] for row in lake.rows("submissions")}
    said = {name: {e["event"] for e in live(lake) if by_file[e["submission_id"]] == name} for name in by_file.values()}
    # The latest file wins the key with all that it says: build reads only what b says of P1.
    assert said == {
        "a_2023-05-31.csv": {"feedback_received", "feedback_resolved"},
        "b_2023-06-30.csv": {"feedback_received"},
    }
    assert len({event["event_key"] for event in lake.rows("events")}) == 1


@pytest.mark.parametrize(
    ("name", "title", "until"),
    [
        ("bao-loc_2023-05-31.csv", "", datetime(2023, 5, 31, 17, tzinfo=UTC)),
        ("a.csv", "Danh sách đến hết ngày 31/05/2023\n", datetime(2023, 5, 31, 17, tzinfo=UTC)),
        # Handed in at 08:00 local time of the day it claims: complete until then.
        ("bao-loc_2023-07-04.csv", "", datetime(2023, 7, 4, 1, tzinfo=UTC)),
    ],
)
def test_a_list_says_how_far_it_is_complete(take, name: str, title: str, until: datetime) -> None:
    row = "0123456789;;Bảo Lộc;;;02/05/2023;03/05/2023;Đã duyệt\n"
    lake = take({name: title + REGISTRATIONS + row}, export_type="registrations")
    assert lake.submission()["complete_until"] == until
    (scope,) = lake.rows("scopes")
    assert scope["unit_id"] == "bao-loc" and scope["content_hash"]


@pytest.mark.parametrize(
    ("name", "rule_id"),
    [("a.csv", "complete_through_unclear"), ("bao-loc_2023-07-05.csv", "complete_through_future")],
)
def test_a_list_that_does_not_say_it_is_returned(take, name: str, rule_id: str) -> None:
    row = "0123456789;;Bảo Lộc;;;02/05/2023;03/05/2023;Đã duyệt\n"
    lake = take({name: REGISTRATIONS + row}, export_type="registrations")
    assert lake.rules() == {rule_id} and lake.submission()["verdict"] == "returned"


def test_the_same_list_in_another_order_has_the_same_hash(take) -> None:
    one = "0123456789;;Bảo Lộc;;;02/05/2023;03/05/2023;Đã duyệt\n"
    two = "0123456788;;Bảo Lộc;;;02/05/2023;04/05/2023;Đã duyệt\n"
    lake = take(
        {"a_2023-05-31.csv": REGISTRATIONS + one + two, "b_2023-05-31.csv": REGISTRATIONS + two + one},
        export_type="registrations",
    )
    assert len({row["content_hash"] for row in lake.rows("scopes")}) == 1
    other = take({"c_2023-05-31.csv": REGISTRATIONS + one}, export_type="registrations")
    assert len({row["content_hash"] for row in other.rows("scopes")}) == 2


def test_titles_totals_and_signatures_are_no_persons(take) -> None:
    text = (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM;;;;;;;\n;;;;;;;\n" + TITLE + "STT;" + REGISTRATIONS
        + "(1);(2);(3);(4);(5);(6);(7);(8);(9)\n"
        + "I;Khối huyện;;;;;;;\n"
        + "1;0123456789;Người Mẫu;Bảo Lộc;;;02/05/2023;03/05/2023;Đã duyệt\n"
        + "Tổng cộng;1;;;;;;;\n;;;;;;;\n;;;;;Người lập biểu;;;\n"
    )  # fmt: skip
    lake = take({"bao-loc_2023-06-30.csv": text}, export_type="registrations")
    submission = lake.submission()
    assert lake.rules() == set()
    assert (submission["accepted_row_count"], submission["rejected_row_count"]) == (1, 0)
