"""Which Postgres the marts go to: the DSN from the environment or a file, never shown with its password."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thidua.errors import NotWell, ThiduaError

if TYPE_CHECKING:
    from psycopg import Connection

PUBLISHER = "THIDUA_POSTGRES_DSN"
READER = "THIDUA_POSTGRES_READER_DSN"
ADMINISTRATOR = "THIDUA_POSTGRES_ADMIN_DSN"

# A dead server or network is noticed within a minute, not after TCP's quarter of an hour. What the DSN says comes first.
DEFAULTS = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "tcp_user_timeout": "60000",
    "application_name": "thidua",
}


@dataclass(frozen=True)
class Target:
    """A database as libpq's parameters. As text it is a URL without password; nothing else of it is for messages."""

    variable: str
    parameters: Mapping[str, str] = field(repr=False)

    def __str__(self) -> str:
        user, host = self.parameters.get("user", ""), self.parameters.get("host", "")
        port, database = self.parameters.get("port", ""), self.parameters.get("dbname", "")
        server = "" if host.startswith("/") else host + (f":{port}" if port else "")
        folder = f"?host={host}" if host.startswith("/") else ""
        return f"postgresql://{user}{'@' if user else ''}{server}/{database}{folder}"

    def masked(self, message: object) -> str:
        """What a library says, on one line and without the password."""
        text = " ".join(str(message).split())
        password = self.parameters.get("password")
        return text.replace(password, "•••") if password else text


def target_of(variable: str = PUBLISHER) -> Target | None:
    """The database that `variable`, or the file that `variable`_FILE names, tells; None when neither is set.

    Raises ThiduaError when both are set, the file cannot be read, or what they say is no DSN; never quotes it.
    """
    given, file = os.environ.get(variable, "").strip(), os.environ.get(f"{variable}_FILE", "").strip()
    if given and file:
        raise ThiduaError(f"chỉ đặt một trong hai / set only one of {variable} and {variable}_FILE")
    if file:
        try:
            given = Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ThiduaError(
                f"không đọc được / cannot read {variable}_FILE ({file}): {error.strerror}; name a file with the DSN"
            ) from None
        variable = f"{variable}_FILE"
        if not given:
            raise ThiduaError(f"tệp trống / {variable} ({file}) is empty; write the DSN into it")
    return Target(variable, _parsed(variable, given)) if given else None


def _parsed(variable: str, dsn: str) -> dict[str, str]:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        return {name: str(value) for name, value in conninfo_to_dict(dsn).items()}
    except psycopg.Error:  # its message quotes parts of the DSN
        raise ThiduaError(
            f"{variable} không đúng dạng / is no Postgres DSN; write postgresql://user:password@host:5432/database, "
            "special characters of the password percent-encoded"
        ) from None


def connect(target: Target) -> Connection[tuple[Any, ...]]:
    """A connection; the caller closes it. Raises NotWell when the server does not answer or lets nobody in."""
    import psycopg
    from psycopg.conninfo import make_conninfo

    conninfo = make_conninfo("", **{**DEFAULTS, **target.parameters, "client_encoding": "utf8"})
    try:
        return psycopg.connect(conninfo, prepare_threshold=None)  # a pooler between would not know the statement
    except psycopg.OperationalError as error:
        raise unreachable(target, error) from None


def unreachable(target: Target, error: object) -> NotWell:
    return NotWell(
        f"không nối được Postgres / cannot reach {target}: {target.masked(error)}; "
        f"start it or mend {target.variable}, then run the same again"
    )
