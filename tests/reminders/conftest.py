"""A campaign with two offices below a province, one report due to the end of 3/7/2023, and a mail server on the loopback."""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from thidua.reminders.remind import Due, remind

from tests.reports.conftest import Marts, local, marts

__all__ = ["marts"]

DUE_AT = local("2023-07-04")


def add_units(marts: Marts, **left: date) -> None:
    marts.insert("dim_unit", unit_id="tinh", name="BHXH tỉnh")
    for unit, name in (("a", "Huyện A"), ("b", "Huyện B"), ("c", "Huyện C")):
        marts.insert("dim_unit", unit_id=unit, name=name, parent_unit_id="tinh", valid_through=left.get(unit))


def owe(marts: Marts, unit: str, status: str = "missing", **more: Any) -> None:
    given = {"period_id": "q2", "export_type": "progress", "from_unit_id": unit, "due_at": DUE_AT, "status": status}
    marts.insert("fct_reporting", **{"to_unit_id": "tinh", **given, **more})


@pytest.fixture
def office(marts: Marts) -> Marts:
    """Three offices; what they owe is up to the test."""
    add_units(marts)
    return marts


@pytest.fixture
def reminded(office: Marts, tmp_path: Path) -> Callable[..., Due]:
    """reminded("2023-07-04T07:00") -> what `thidua remind` finds due then."""
    campaigns = tmp_path / "campaigns"
    campaigns.mkdir()

    def run(now: str, **more: Any) -> Due:
        office.close()
        try:
            return remind(office.home, campaigns, local(now), **more)
        finally:
            office.reopen()

    return run


@dataclass
class MailBox:
    """What the server was told; the next answers to RCPT and DATA can be set."""

    host: str
    port: int
    messages: list[bytes] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    refuse: set[str] = field(default_factory=set)
    answer_data: str = "250 taken"
    hang_up_after: int | None = None


def _handler(box: MailBox, tls: ssl.SSLContext | None) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 test")
            to: list[str] = []
            while line := self.rfile.readline().decode().strip():
                word = line.split()[0].upper()
                if word == "EHLO":
                    self.say("250-test", "250-STARTTLS" if tls else "250-SIZE", "250 AUTH PLAIN")
                elif word == "STARTTLS" and tls:
                    self.say("220 go")
                    self.connection = tls.wrap_socket(self.request, server_side=True)
                    self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb")
                elif word == "AUTH":
                    box.logins.append(line)
                    self.say("235 well")
                elif word == "RCPT":
                    address = line.split("<")[1].split(">")[0]
                    if address in box.refuse:
                        self.say("550 no such box")
                        continue
                    to.append(address)
                    self.say("250 ok")
                elif word == "DATA":
                    if box.hang_up_after is not None and len(box.messages) >= box.hang_up_after:
                        return
                    self.say("354 go on")
                    lines = iter(self.rfile.readline, b".\r\n")
                    content = b"".join(lines)
                    if box.answer_data.startswith("2"):
                        box.messages.append(content)
                        box.recipients.append(to)
                    to = []
                    self.say(box.answer_data)
                elif word == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    to = [] if word in ("MAIL", "RSET") else to
                    self.say("250 ok")

        def say(self, *lines: str) -> None:
            self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())
            self.wfile.flush()

    return Handler


@pytest.fixture
def mail_server() -> Iterator[Callable[..., MailBox]]:
    """mail_server(tls=context) -> a box whose server listens on a free port of the loopback."""
    servers: list[socketserver.ThreadingTCPServer] = []

    def start(tls: ssl.SSLContext | None = None) -> MailBox:
        box = MailBox("127.0.0.1", 0)
        server = socketserver.ThreadingTCPServer((box.host, 0), _handler(box, tls))
        server.daemon_threads = True
        box.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        servers.append(server)
        return box

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 that signs itself: its file, and the server's side of it."""
    import ipaddress
    from datetime import UTC, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "server.pem"
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return path, context
