"""E-mail against a real server on the loopback: once each, with TLS, and what happens when the server does not take it."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from thidua.errors import ThiduaError
from thidua.reminders import mail as mails
from thidua.reminders import remind as reminders
from thidua.reminders.mail import MailServer, server_of_url
from thidua.reminders.remind import Due, send

from tests.reminders.conftest import MailBox, owe
from tests.reports.conftest import Marts, local

NOW = "2023-07-04T07:00"
Start = Callable[..., MailBox]


@pytest.fixture
def drafts(office: Marts, reminded: Callable[..., Due]) -> list[Path]:
    """A message to each of the three offices."""
    for unit in ("a", "b", "c"):
        owe(office, unit)
    lines = [f"{unit},Nguyễn Văn {unit.upper()},{unit}@example.vn" for unit in ("a", "b", "c")]
    (office.home.path / "contacts.csv").write_text("\n".join(["unit_id,name,email", *lines]))
    found = reminded(NOW).drafts
    assert len(found) == 3
    return found


def relay(box: MailBox) -> MailServer:
    return server_of_url(f"smtp://{box.host}:{box.port}?tls=none&from=nhac@example.vn")


def marks(office: Marts) -> list[Path]:
    return sorted(office.home.outbox.glob("*/*.sent.json"))


def test_each_message_is_sent_once_and_says_so(office: Marts, drafts: list[Path], mail_server: Start) -> None:
    box = mail_server()
    assert send(office.home, drafts, relay(box), local("2023-07-04T07:05")).sent == 3
    assert box.recipients == [["a@example.vn"], ["b@example.vn"], ["c@example.vn"]]
    mail = message_from_bytes(box.messages[0], policy=policy.default)
    assert mail["From"] == "nhac@example.vn" and mail["X-Unsent"] is None
    assert mail["Date"] == "Tue, 04 Jul 2023 07:05:00 +0700"
    assert mail["Subject"] == "Báo cáo quá hạn: Cài đặt VssID (hạn hết ngày 03/07/2023)"
    assert mail["To"] == "Nguyễn Văn A <a@example.vn>"
    text = mail.get_content().replace("\r\n", "\n")
    assert text == drafts[0].with_suffix(".txt").read_text() and "Kính gửi: Huyện A" in text
    mark = json.loads(marks(office)[0].read_text())
    assert mark["message_id"] == mail["Message-ID"] and mark["sent_at"].startswith("2023-07-04T07:05")

    assert send(office.home, drafts, relay(box), local(NOW)).sent == 0 and len(box.messages) == 3


def test_killed_after_the_server_took_it_the_copy_is_known_by_its_message_id(
    office: Marts, drafts: list[Path], mail_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = mail_server()

    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(reminders, "mark_sent", kill)
        with pytest.raises(KeyboardInterrupt):
            send(office.home, drafts, relay(box), local(NOW))
    assert marks(office) == [], "no mark before the server took it, and none after a kill"
    send(office.home, drafts, relay(box), local(NOW))
    ids = [message_from_bytes(content)["Message-ID"] for content in box.messages]
    assert len(ids) == 4 and ids[0] == ids[1] and len(set(ids)) == 3


@pytest.mark.parametrize(
    ("trouble", "sent", "said"),
    [
        ({"refuse": {"b@example.vn"}}, 2, "not taken"),
        ({"answer_data": "451 later"}, 0, "not taken"),
        ({"hang_up_after": 1}, 1, "còn 2 thư chưa gửi được"),
    ],
)
def test_what_the_server_does_not_take_is_said_and_sent_the_next_time(
    office: Marts, drafts: list[Path], mail_server: Start, trouble: dict[str, object], sent: int, said: str
) -> None:
    box = mail_server()
    vars(box).update(trouble)
    first = send(office.home, drafts, relay(box), local(NOW))
    assert first.sent == sent == len(marks(office)) and said in first.troubles[0]
    vars(box).update(refuse=set(), answer_data="250 taken", hang_up_after=None)
    second = send(office.home, drafts, relay(box), local(NOW))
    assert (second.sent, second.troubles) == (3 - sent, []) and len(box.messages) == 3


def test_one_refused_address_of_several_is_named(
    office: Marts, reminded: Callable[..., Due], mail_server: Start
) -> None:
    owe(office, "a")
    (office.home.path / "contacts.csv").write_text("unit_id,email\na,mot@example.vn\na,hai@example.vn\n")
    box = mail_server()
    box.refuse = {"hai@example.vn"}
    done = send(office.home, reminded(NOW).drafts, relay(box), local(NOW))
    assert done.sent == 1 and "địa chỉ bị từ chối / address refused: hai@example.vn" in done.troubles[0]


def test_no_answer_is_a_trouble_in_one_line(office: Marts, drafts: list[Path]) -> None:
    done = send(office.home, drafts, MailServer("127.0.0.1", 9, "nhac@example.vn", "none"), local(NOW))
    assert done.sent == 0 and len(done.troubles) == 1 and "còn 3 thư" in done.troubles[0]


def test_mail_goes_through_tls_to_a_server_that_proves_its_name(
    office: Marts,
    drafts: list[Path],
    mail_server: Start,
    certificate: tuple[Path, ssl.SSLContext],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file, tls = certificate
    box = mail_server(tls)
    server = server_of_url(f"smtp://nhac%40example.vn:m%20k@{box.host}:{box.port}")
    assert server.sender == "nhac@example.vn" and server.tls == "starttls"
    unknown = send(office.home, drafts, server, local(NOW))
    assert unknown.sent == 0 and "CERTIFICATE_VERIFY_FAILED" in unknown.troubles[0]
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    assert send(office.home, drafts, server, local(NOW)).sent == 3
    assert len(box.logins) == 1 and box.messages


def test_without_tls_nothing_is_said_to_a_server_that_should_have_it(
    office: Marts, drafts: list[Path], mail_server: Start
) -> None:
    box = mail_server()
    server = server_of_url(f"smtp://user:secret@{box.host}:{box.port}?from=nhac@example.vn")
    done = send(office.home, drafts, server, local(NOW))
    assert done.sent == 0 and "STARTTLS" in done.troubles[0] and "secret" not in done.troubles[0]
    assert box.logins == box.messages == []


def test_a_url_says_where_mail_goes() -> None:
    assert server_of_url("smtps://mail.example.vn?from=a@b.vn") == MailServer(
        "mail.example.vn", 465, "a@b.vn", "implicit"
    )
    assert server_of_url("smtp://u:p@m.vn?from=a@b.vn") == MailServer("m.vn", 587, "a@b.vn", "starttls", "u", "p")
    assert "p%ss" not in repr(server_of_url("smtp://u:p%25ss@m.vn?from=a@b.vn"))


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.vn",
        "http://mail.example.vn?from=a@b.vn",
        "smtp://mail.example.vn",
        "smtp://user:geheim@mail.example.vn",
        "smtp://mail.example.vn:x?from=a@b.vn",
        "smtp://mail.example.vn?from=a@b.vn%0d%0aBcc:c@d.vn",
        "smtp://mail.example.vn?from=a@b.vn&tls=none",
        "smtp://127.0.0.1?from=a@b.vn&tls=maybe",
        "smtp://mail.example.vn?from=a@b.vn&starttls=no",
    ],
)
def test_a_wrong_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ThiduaError) as raised:
        server_of_url(url)
    assert "geheim" not in raised.value.message and "\n" not in raised.value.message


def test_no_url_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THIDUA_SMTP_URL", raising=False)
    assert mails.server_of_environment() is None
