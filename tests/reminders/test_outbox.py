"""The outbox: each message once, whole, whatever is killed and however often it is run."""

from __future__ import annotations

import stat
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from thidua.reminders import outbox
from thidua.reminders.mail import Taken
from thidua.reminders.remind import Due, remind

from tests.intake.conftest import CAMPAIGN as INVENTED
from tests.intake.conftest import Lake, Take, campaigns, take
from tests.reminders.conftest import owe
from tests.reports.conftest import CLOSING, Marts, add_file, local

__all__ = ["campaigns", "take"]

Reminded = Callable[..., Due]
NOW = "2023-07-04T07:00"


def files(office: Marts) -> dict[str, bytes]:
    return {
        str(path.relative_to(office.home.outbox)): path.read_bytes() for path in sorted(office.home.outbox.glob("*/*"))
    }


def contacts(office: Marts, *lines: str) -> None:
    text = "\n".join(["unit_id,name,email,phone", *lines]) + "\n"
    (office.home.path / "contacts.csv").write_text(text, encoding="utf-8")


def parsed(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=policy.default)  # type: ignore[return-value]


def test_a_message_is_written_once(office: Marts, reminded: Reminded) -> None:
    owe(office, "a")
    contacts(office, "a,Trần Thị Bình,binh@example.vn,")
    first = reminded(NOW)
    assert [one.is_new for one in first.reminders] == [True]
    written = files(office)
    assert [Path(name).suffix for name in written] == [".eml", ".txt"]
    assert all(name.startswith("2023-07-04/lam-dong-2023_a_2023-07-03_after-1_") for name in written)
    assert [one.is_new for one in reminded("2023-07-06T07:00").reminders] == [False]
    assert files(office) == written, "not again on another day of the same stage"
    reminded("2023-07-11T07:00")
    assert len(files(office)) == 4, "the next stage is another message"
    assert stat.S_IMODE(office.home.outbox.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in office.home.outbox.glob("*/*")} == {0o600}


def test_another_state_is_another_message(office: Marts, reminded: Reminded) -> None:
    owe(office, "a", period_id="q2")
    reminded(NOW)
    add_file(office, "empty", "2023-07-04T08:00", "returned", sender="a")
    assert [one.is_new for one in reminded("2023-07-04T09:00").reminders] == [True]
    texts = [content.decode() for content in files(office).values()]
    assert sorted("bị trả lại" in text for text in texts) == [False, True]
    assert [one.is_new for one in reminded("2023-07-04T10:00").reminders] == [False]


def test_a_dry_run_writes_nothing_and_says_the_same(office: Marts, reminded: Reminded) -> None:
    owe(office, "a")
    contacts(office, "a,,a@example.vn,")
    shown = reminded(NOW, dry_run=True)
    assert not office.home.outbox.exists()
    assert shown.reminders[0].is_new
    written = reminded(NOW)
    assert [one.as_record() for one in written.reminders] == [one.as_record() for one in shown.reminders]
    assert shown.reminders[0].text_file.read_text() == shown.reminders[0].text


@pytest.mark.parametrize("killed_before", ["text", "email"])
def test_what_a_kill_left_is_completed_in_its_place(
    office: Marts, reminded: Reminded, monkeypatch: pytest.MonkeyPatch, killed_before: str
) -> None:
    owe(office, "a")
    contacts(office, "a,,a@example.vn,")

    def killed(path: Path, content: bytes, mode: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_name(".tmp-1").write_bytes(content[:10])
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(outbox, "write_once" if killed_before == "text" else "write_atomic", killed)
        with pytest.raises(KeyboardInterrupt):
            reminded("2023-07-04T23:59")
    reminded("2023-07-05T00:01")
    day = "2023-07-05" if killed_before == "text" else "2023-07-04"
    assert sorted(path.suffix for path in (office.home.outbox / day).iterdir()) == [".eml", ".txt"]
    assert {Path(name).parent.name for name in files(office)} == {day} and len(files(office)) == 2


def test_without_an_address_there_is_text_only_and_one_that_comes_later_is_used(
    office: Marts, reminded: Reminded
) -> None:
    owe(office, "a")
    owe(office, "b")
    contacts(office, "a,Bình,,0912", "c,,c@example.vn,")
    found = reminded(NOW)
    assert found.drafts == [] and len(files(office)) == 2
    contacts(office, "a,Bình,binh@example.vn,", "a,,an@example.vn,")
    (draft,) = reminded("2023-07-05T07:00").drafts
    mail = parsed(draft.read_bytes())
    assert [address.addr_spec for address in mail["To"].addresses] == ["binh@example.vn", "an@example.vn"]
    assert [address.display_name for address in mail["To"].addresses] == ["Bình", "Huyện A"]
    assert mail.get_content().replace("\r\n", "\n") == draft.with_suffix(".txt").read_text()
    assert mail["From"] is None and mail["X-Unsent"] == "1", "a draft; who sends it is the server's"


def test_a_mended_address_is_used_until_the_message_is_sent(office: Marts, reminded: Reminded) -> None:
    owe(office, "a")
    contacts(office, "a,,wrong@example.vn,")
    reminded(NOW)
    contacts(office, "a,,right@example.vn,")
    (draft,) = reminded(NOW).drafts
    assert parsed(draft.read_bytes())["To"] == "Huyện A <right@example.vn>" and len(files(office)) == 2
    contacts(office)
    assert reminded(NOW).drafts == [] and not draft.exists(), (
        "no address any more, and nothing that could be sent to it"
    )

    contacts(office, "a,,right@example.vn,")
    reminded(NOW)
    outbox.mark_sent(draft, Taken("<id>", ["right@example.vn"], []), local(NOW))
    contacts(office, "a,,other@example.vn,")
    (sent,) = reminded(NOW).reminders
    assert sent.is_sent and parsed(draft.read_bytes())["To"] == "Huyện A <right@example.vn>"
    assert reminded(NOW).drafts == []


def test_a_campaign_has_its_own_contacts_instead_of_the_house(
    office: Marts, reminded: Reminded, tmp_path: Path
) -> None:
    for unit in ("a", "b"):
        owe(office, unit)
    contacts(office, "a,,house@example.vn,", "b,,house@example.vn,")
    own = tmp_path / "campaigns" / "lam-dong-2023" / "contacts.csv"
    own.parent.mkdir()
    own.write_text("unit_id,email\na,own@example.vn\nkhong-co,x@example.vn\n")
    found = reminded(NOW)
    assert [parsed(draft.read_bytes())["To"] for draft in found.drafts] == ["Huyện A <own@example.vn>"]
    assert len(found.troubles) == 1 and "lam-dong-2023/contacts.csv:3: unit_id" in found.troubles[0]


def test_a_name_adds_no_header_and_no_recipient(office: Marts, reminded: Reminded) -> None:
    evil = "Bình\r\nBcc: xa@example.com"
    office.insert("dim_unit", unit_id="d", name=evil)
    office.insert("dim_campaign", campaign_id="khac", title=evil, issued_by=evil)
    office.insert("dim_period", campaign_id="khac", period_id="q2", name=evil, closing_date=CLOSING)
    office.insert("dim_unit", campaign_id="khac", unit_id="a", name=evil)
    owe(office, "d")
    owe(office, "a", campaign_id="khac")
    names = [evil, "Bình\n\nBcc: xa@example.com", "Bình\u2028Bcc: xa@example.com", "Bình> , <xa@example.com>", ""]
    contacts(office, *(f'{unit},"{name}",{unit}{n}@example.vn,' for unit in "ad" for n, name in enumerate(names)))
    drafts = reminded(NOW).drafts
    assert len(drafts) == 2
    for draft, unit in zip(drafts, "ad", strict=True):
        mail = parsed(draft.read_bytes())
        assert set(mail.keys()) == {
            "Subject", "To", "Message-ID", "X-Unsent", "Auto-Submitted", "Content-Type", "Content-Transfer-Encoding",
            "MIME-Version",
        }  # fmt: skip
        assert [to.addr_spec for to in mail["To"].addresses] == [f"{unit}{n}@example.vn" for n in range(5)]
        assert "Bcc" in str(mail["To"]), "what is no header stays a part of the name"
        assert not any(line.startswith("Bcc") for line in mail.get_content().splitlines())


def test_what_is_no_address_is_named_with_its_line_and_nobody_else_is_kept_back(
    office: Marts, reminded: Reminded
) -> None:
    owe(office, "a")
    owe(office, "b")
    wrong = ["a@x.vn, b@x.vn", "a@x.vn\r\nBcc: b@x.vn", "Bình <a@x.vn>", "a", "a@", "thư@x.vn", "a@x.vn;b@x.vn", ".@x"]
    contacts(office, "b,,b@example.vn,", *(f'a,,"{address}",' for address in wrong))
    found = reminded(NOW)
    assert [one.message.unit_id for one in found.reminders if one.draft] == ["b"]
    assert len(found.troubles) == len(wrong) and all("contacts.csv:" in text for text in found.troubles)
    assert found.troubles[0].startswith("contacts.csv:3: email: không phải một địa chỉ thư")
    assert len(files(office)) == 3


@pytest.fixture
def returned(take: Take) -> tuple[Lake, Marts]:
    """A file of Bảo Lộc came back with more faults than a reminder tells; the marts say so."""
    rows = "\n".join(f"Bảo Lộc;{day:02d}/06/2023;sai {day}" for day in range(26, 31))
    lake = take({"bao-loc_2023-06-30.csv": f"Đơn vị;Ngày số liệu;Lũy kế\n{rows}\n"})
    marts = Marts(lake.home)
    marts.insert("dim_campaign", campaign_id=INVENTED, title="Thử nghiệm", issued_by="BHXH tỉnh")
    marts.insert("dim_period", campaign_id=INVENTED, period_id="q2", name="Quý II", closing_date=CLOSING)
    marts.insert("dim_unit", campaign_id=INVENTED, unit_id="bao-loc", name="BHXH Bảo Lộc")
    submission = lake.submission()
    marts.insert("fct_submission", campaign_id=INVENTED, submission_id=submission["submission_id"], outcome="returned")
    owe(marts, "bao-loc", "returned", campaign_id=INVENTED, submission_id=submission["submission_id"])
    marts.close()
    return lake, marts


def test_a_returned_file_is_told_with_its_first_faults_and_its_slip(
    returned: tuple[Lake, Marts], campaigns: Path
) -> None:
    lake, _ = returned
    (shown,) = remind(lake.home, campaigns, local(NOW), dry_run=True).reminders
    assert not (lake.home.lake / "restricted" / "slips").exists(), "a dry run writes no slip either"
    (one,) = remind(lake.home, campaigns, local(NOW)).reminders
    assert one.text == shown.text == one.text_file.read_text()
    (slip,) = lake.home.lake.glob("restricted/slips/*/*.xlsx")
    assert f"Phiếu trả lại, có bản sao đánh dấu ô sai: {slip.name}" in one.text
    assert "Tệp: bao-loc_2023-06-30.csv, nhận lúc " in one.text
    assert "tệp đã gửi bị trả lại, chưa gửi lại" in one.text
    faults = [line for line in one.text.splitlines() if line.startswith("   • ")]
    said = slip.with_name("phieu-tra-lai.txt").read_text()
    assert all(fault.strip() in said for fault in faults), "nothing that the slip does not say, masked as there"
    assert len(faults) == 3 and "dòng 2" in faults[0].lower() and "'sai 26'" in faults[0]
    assert "   … và 2 điểm khác\n" in one.text and " / " not in one.text, "Vietnamese only"
