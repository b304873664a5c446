"""THIDUA_HOME/outbox/<day>/: each message once, as .txt and, where there is an address, .eml; sent ones carry a mark.

A message's name holds all that makes it another message, so what is there already is not written again, on whatever day
it was written; what a kill left half done is completed in its place. Names and addresses of staff are for the owner only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path

from thidua.files import locked, write_atomic, write_once
from thidua.reminders.mail import Taken
from thidua.settings import Home

TEXT, EMAIL, SENT = ".txt", ".eml", ".sent.json"
_MODE = 0o600


class Outbox:
    """Writing and sending happen inside `held`; looking needs nothing."""

    def __init__(self, home: Home, today: date) -> None:
        self._folder = home.outbox
        self._today = self._folder / today.isoformat()
        self._places = {path.name.removesuffix(TEXT): path.parent for path in self._folder.glob(f"*/*{TEXT}")}

    def has(self, stem: str) -> bool:
        return stem in self._places

    def path(self, stem: str, kind: str) -> Path:
        """Where a message lies, or will lie."""
        return self._places.get(stem, self._today) / f"{stem}{kind}"

    def put(self, stem: str, text: str) -> None:
        write_once(self.path(stem, TEXT), text.encode(), _MODE)

    def put_email(self, stem: str, draft: bytes | None) -> Path | None:
        """The draft as the contacts are now, until it is sent: whoever mends a wrong address runs this again."""
        path = self.path(stem, EMAIL)
        if sent_mark(path).exists():
            return path
        if draft is None:
            path.unlink(missing_ok=True)
            return None
        if not path.exists() or path.read_bytes() != draft:
            write_atomic(path, draft, _MODE)
        return path


@contextmanager
def held(home: Home) -> Iterator[None]:
    """The outbox for one writer or sender at a time; what an earlier one left under a temporary name is removed."""
    home.outbox.mkdir(parents=True, exist_ok=True, mode=0o700)
    with locked(home.outbox / ".lock"):
        for abandoned in home.outbox.glob("*/.tmp-*"):
            abandoned.unlink()
        yield


def sent_mark(draft: Path) -> Path:
    return draft.with_name(draft.name.removesuffix(EMAIL) + SENT)


def mark_sent(draft: Path, taken: Taken, now: datetime) -> None:
    """After the server has taken it: killed before this, it is sent once more, under the same Message-ID."""
    content = json.dumps({**asdict(taken), "sent_at": now.isoformat()}, ensure_ascii=False, indent=2)
    write_atomic(sent_mark(draft), content.encode(), _MODE)
