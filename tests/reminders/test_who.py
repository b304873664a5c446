"""Who is told what, and when: stages of a due date, and states of a report."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from thidua.errors import PlanError, ThiduaError
from thidua.lake import batches
from thidua.reminders.custom import Custom, load_custom, stage_name
from thidua.reminders.remind import Due

from tests.reminders.conftest import add_units, owe
from tests.reports.conftest import Marts, add_file, local

Reminded = Callable[..., Due]
LAST_DAY = date(2023, 7, 3)
HOUSE = Custom(days_before=[3], days_after=[1], then_every=7, through=20, how_to_hand_in="x")


@pytest.mark.parametrize(
    ("days", "stage"),
    [(-4, None), (-3, -3), (0, -3), (1, 1), (7, 1), (8, 8), (14, 8), (15, 15), (20, 15), (21, None)],
)
def test_the_latest_stage_reached_until_the_last_one_is_over(days: int, stage: int | None) -> None:
    assert HOUSE.stage_on(LAST_DAY + timedelta(days=days), LAST_DAY) == stage


def test_stages_are_data_and_a_campaign_may_have_its_own(tmp_path: Path) -> None:
    house = load_custom(tmp_path, "mot")
    own = tmp_path / "hai" / "reminders.yml"
    own.parent.mkdir()
    own.write_text("days_before: [7, 0]\n")
    assert load_custom(tmp_path, "hai") == house.model_copy(update={"days_before": [7, 0]})
    assert load_custom(tmp_path, "hai").stage_on(LAST_DAY, LAST_DAY) == 0
    assert [stage_name(stage) for stage in (-7, 0, 8)] == ["before-7", "before-0", "after-8"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("days_after: []\n", r"hai/reminders\.yml:1: days_after"),
        ("then_every: 7\ndays: [1]\n", r"hai/reminders\.yml:2: days"),
        ("[1]\n", "holds no fields"),
        ("a: [\n", "cannot be read"),
    ],
)
def test_a_broken_custom_names_its_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "hai").mkdir()
    (tmp_path / "hai" / "reminders.yml").write_text(text)
    with pytest.raises(PlanError, match=said):
        load_custom(tmp_path, "hai")


def test_only_what_is_owed_is_told(office: Marts, reminded: Reminded) -> None:
    """What the build took for not due may be missing by now; what came, in time or late, is owed no more."""
    for status in ("missing", "not_due", "returned", "on_time", "late", "excused"):
        office.insert("dim_unit", unit_id=status, name=status)
        owe(office, status, status)
    for now, stage in (("2023-06-29T23:59", None), ("2023-06-30T00:00", -3), ("2023-07-04T00:00", 1)):
        found = [(one.message.unit_id, one.message.stage) for one in reminded(now, dry_run=True).reminders]
        assert found == ([] if stage is None else [(unit, stage) for unit in ("missing", "not_due", "returned")])


def test_a_unit_that_left_is_told_nothing(marts: Marts, tmp_path: Path) -> None:
    from thidua.reminders.remind import remind

    add_units(marts, a=date(2023, 7, 3), b=date(2023, 7, 4))
    for unit in ("a", "b"):
        owe(marts, unit)
    marts.close()
    found = remind(marts.home, tmp_path, local("2023-07-04T07:00"), dry_run=True).reminders
    assert [one.message.unit_id for one in found] == ["b"], "its last day is still its own"


def test_an_office_gets_one_message_for_a_due_date(office: Marts, reminded: Reminded) -> None:
    owe(office, "a")
    owe(office, "a", export_type="coverage")
    owe(office, "a", export_type="documents", due_at=local("2023-07-05"))
    owe(office, "b")
    found = reminded("2023-07-04T07:00", dry_run=True).reminders
    assert [(one.message.unit_id, one.message.stage, len(one.message.reports)) for one in found] == [
        ("a", 1, 2),
        ("a", -3, 1),
        ("b", 1, 1),
    ]
    text = found[0].text
    assert "BÁO CÁO ĐÃ QUÁ HẠN\nKính gửi: Huyện A\nPhong trào: Cài đặt VssID\nHạn nộp: hết ngày 03/07/2023" in text
    assert "1. Báo cáo bao phủ BHYT và cấp thẻ, kỳ Quý II, ngày chốt 30/06/2023: chưa nhận được" in text
    assert "Tên tệp nên đặt: a_2023-06-30" in text and "Nơi nhận: BHXH tỉnh" in text
    assert found[1].text.startswith("NHẮC NỘP BÁO CÁO\n")


def test_a_due_hour_is_told_as_an_hour(office: Marts, reminded: Reminded) -> None:
    owe(office, "a", due_at=local("2023-07-03T20:00"))
    (before,) = reminded("2023-07-03T21:00", dry_run=True).reminders
    assert before.message.stage == -3 and "Hạn nộp: trước 20:00 ngày 03/07/2023\n" in before.text


def test_who_sent_for_others_is_told_to_mend_it(office: Marts, reminded: Reminded) -> None:
    """A province's table with two rejected rows is the province's to mend; a file of a neighbour is not."""
    add_file(
        office, "table", "2023-07-01", "accepted_with_rejections", {"a": "rejected", "b": "rejected"}, sender="tinh"
    )
    add_file(office, "astray", "2023-07-01", "returned", {"c": "returned"}, sender="a")
    for unit, file in (("a", "table"), ("b", "table"), ("c", "astray")):
        owe(office, unit, "returned", submission_id=file)
    found = reminded("2023-07-04T07:00", dry_run=True).reminders
    assert {one.message.unit_id: [r.unit_id for r in one.message.reports] for one in found} == {
        "tinh": ["a", "b"],
        "c": ["c"],
    }
    (text,) = (one.text for one in found if one.message.unit_id == "tinh")
    assert "Kính gửi: BHXH tỉnh" in text and "của Huyện A" in text and "của Huyện B" in text
    assert text.count("số biên nhận table") == 1, "its file is told of once"


def test_an_unreadable_file_of_the_office_is_named(office: Marts, reminded: Reminded) -> None:
    """It answers no report, since nothing says of which day it was; its sender is told of it all the same."""
    add_file(office, "empty", "2023-07-01", "returned", sender="a")
    add_file(office, "other-day", "2023-07-01", "returned", {"b": "returned"}, sender="b")
    add_file(office, "mended", "2023-07-01", "returned", sender="c")
    add_file(office, "z-mended", "2023-07-02", scopes={"tinh": "current"}, sender="c")
    for unit in ("a", "b", "c"):
        owe(office, unit)
    found = reminded("2023-07-04T07:00", dry_run=True).reminders
    assert {one.message.unit_id: one.message.reports[0].submission_id for one in found} == {
        "a": "empty",
        "b": None,
        "c": None,
    }


def test_nobody_is_reminded_while_a_file_waits_for_the_build(
    office: Marts, reminded: Reminded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The office has sent; the published tables do not know it yet."""
    owe(office, "a")
    office.insert("dim_campaign", campaign_id="khac", title="Khác", issued_by="x")
    office.insert("dim_period", campaign_id="khac", period_id="q2", name="Quý II", closing_date=date(2023, 6, 30))
    office.insert("dim_unit", campaign_id="khac", unit_id="a", name="A")
    owe(office, "a", campaign_id="khac")
    folder = batches.batches_dir(office.home) / "0123"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(
        '{"submission_ids": ["new"], "outcomes": {"new": {"landing_path": "khac/progress/a.csv"}}}'
    )
    found = reminded("2023-07-04T07:00", dry_run=True)
    assert [one.message.campaign_id for one in found.reminders] == ["lam-dong-2023"]
    assert len(found.troubles) == 1 and found.troubles[0].startswith("khac: ")
    add_file(office, "new", "2023-07-03")
    assert len(reminded("2023-07-04T07:00", dry_run=True).reminders) == 2


def test_only_the_campaign_asked_for(office: Marts, reminded: Reminded) -> None:
    owe(office, "a")
    assert len(reminded("2023-07-04", campaign="lam-dong-2023", dry_run=True).reminders) == 1
    with pytest.raises(ThiduaError, match="there is no campaign 'lam-don'"):
        reminded("2023-07-04", campaign="lam-don", dry_run=True)


def test_a_broken_custom_keeps_no_other_campaign_back(office: Marts, reminded: Reminded, tmp_path: Path) -> None:
    owe(office, "a")
    office.insert("dim_campaign", campaign_id="khac", title="Khác", issued_by="x")
    (tmp_path / "campaigns" / "khac").mkdir()
    (tmp_path / "campaigns" / "khac" / "reminders.yml").write_text("through: 0\n")
    found = reminded("2023-07-04", dry_run=True)
    assert len(found.reminders) == 1 and "khac/reminders.yml:1: through" in found.troubles[0]
