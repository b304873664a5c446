"""A reminder as an e-mail, and its way to a mail server.

An .eml in the outbox is a draft: it carries no sender, since that belongs to the server, and opens in a mail program
ready to be sent by hand. Sending is at least once: a mark is written after the server took the message, so whoever is
killed between the two sends it again, under the same Message-ID.
"""

from __future__ import annotations

import hashlib
import os
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from thidua.clock import LOCAL
from thidua.errors import ThiduaError
from thidua.reminders.contacts import ContactRow, is_address
from thidua.reminders.owed import Message
from thidua.reminders.text import one_line, subject_of

TIMEOUT = 30  # seconds that a server may be silent
_THIS_MACHINE = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True)
class MailServer:
    """Where mail goes. Without TLS only to a relay on this machine."""

    host: str
    port: int
    sender: str
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.host or not is_address(self.sender):
            raise ThiduaError(
                "máy chủ thư thiếu tên máy hoặc địa chỉ gửi / the mail server lacks its host or the sender's address: "
                "THIDUA_SMTP_URL=smtp://user:password@host:587?from=address, or the connection's from_email"
            )
        if self.tls == "none" and self.host not in _THIS_MACHINE:
            raise ThiduaError(
                f"thư phải được mã hóa trên đường đi / mail to {self.host} must be encrypted: leave tls=none (disable_tls) "
                "out; without TLS only a relay on this machine is allowed"
            )


def server_of_url(url: str) -> MailServer:
    """`smtp://` starts TLS, `smtps://` is TLS from the first byte. Raises ThiduaError, never showing the password."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ThiduaError("THIDUA_SMTP_URL không đọc được / is no URL such as smtp://host:587?from=address") from error
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if parts.scheme not in ("smtp", "smtps") or set(query) - {"from", "tls"} or query.get("tls", "none") != "none":
        raise ThiduaError(
            "THIDUA_SMTP_URL: smtp://user:password@host:587?from=address, or smtps:// with port 465 "
            "(allowed after the question mark: from, tls=none)"
        )
    user = unquote(parts.username) if parts.username else None
    implicit = parts.scheme == "smtps"
    return MailServer(
        host,
        port or (465 if implicit else 587),
        query.get("from") or (user if user and "@" in user else ""),
        "implicit" if implicit else "none" if "tls" in query else "starttls",
        user,
        unquote(parts.password) if parts.password else None,
    )


def server_of_environment() -> MailServer | None:
    url = os.environ.get("THIDUA_SMTP_URL")
    return server_of_url(url) if url else None


def email_of(message: Message, text: str, contacts: Sequence[ContactRow]) -> bytes | None:
    """The draft; None where no contact has an address. No name can add a header: line breaks are gone before they get
    there, and the policy refuses those that would remain."""
    to = [Address(one_line(row.name or message.unit_name), addr_spec=row.email) for row in contacts if row.email]
    if not to:
        return None
    mail = EmailMessage(policy=policy.SMTP)
    mail["Subject"] = subject_of(message)
    mail["To"] = to
    mail["Message-ID"] = message_id_of(message)
    mail["X-Unsent"] = "1"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text, cte="base64")
    return mail.as_bytes()


def message_id_of(message: Message) -> str:
    """The same for the same message, whoever writes or sends it and however often."""
    return f"<{hashlib.sha256(message.key.encode()).hexdigest()[:32]}@{message.campaign_id}.thidua>"


@dataclass(frozen=True)
class Taken:
    """What the server took: the addresses it refused are named."""

    message_id: str
    to: list[str]
    refused: list[str]


class Mailer:
    """An open connection."""

    def __init__(self, client: smtplib.SMTP, server: MailServer) -> None:
        self._client, self._server = client, server

    def send(self, draft: bytes, now: datetime) -> Taken:
        """Sends a draft. Raises smtplib.SMTPException or OSError when the server did not take it."""
        mail = message_from_bytes(draft, policy=policy.SMTP)
        del mail["X-Unsent"]
        mail["From"] = self._server.sender
        mail["Date"] = format_datetime(now.astimezone(LOCAL))
        to = [address.addr_spec for address in mail["To"].addresses]
        refused = self._client.send_message(mail, self._server.sender, to)
        return Taken(str(mail["Message-ID"]), to, sorted(refused))


@contextmanager
def connected(server: MailServer) -> Iterator[Mailer]:
    """Raises smtplib.SMTPException or OSError: no answer, no TLS where it must be, a wrong password."""
    context = ssl.create_default_context()
    if server.tls == "implicit":
        client: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=context)
    else:
        client = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)
    with client:
        if server.tls == "starttls":
            client.starttls(context=context)
        if server.user:
            client.login(server.user, server.password or "")
        yield Mailer(client, server)
