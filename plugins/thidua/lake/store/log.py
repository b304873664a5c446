"""The log of a store: numbered objects, each created once, which tell what was added to the lake and taken away."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from thidua.errors import NotWell
from thidua.lake.entries import canonical
from thidua.lake.store.place import AT_ONCE, Place, created, in_parallel
from thidua.lake.store.tree import is_of_lake

# A path below lake/ -> {text} of a short entry, {key, sha256, size} of other files, {files: {name: {key, …}}} of folders.
Said = Mapping[str, Any]
_KEY = re.compile("files/[0-9a-f]{64}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Entry:
    """One commit. `adds` in the order in which they become visible; `removes`: originals that retention deleted.

    `previous`: the commit before, '' before the first. `section` and `owner`: the lock that was held, and by whom; None:
    none was needed.
    """

    house: str
    previous: str = ""
    adds: Sequence[tuple[str, Said]] = ()
    removes: Sequence[str] = ()
    section: str | None = None
    owner: str | None = None
    commit: str = field(default_factory=lambda: uuid4().hex)
    host: str = field(default_factory=socket.gethostname)
    process: int = field(default_factory=os.getpid)
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat())


def append(place: Place, number: int, entry: Entry) -> bool:
    """Commits an entry under a number; False: the number was taken by another one, and nothing was committed.

    Raises NotWell when the store does not answer and it is not known to have been written.
    """
    return created(place, key_of(number), canonical(asdict(entry)))


def key_of(number: int) -> str:
    return f"log/{number:010d}.json"


def read(place: Place, number: int) -> Entry | None:
    content = place.read(key_of(number))
    return None if content is None else _parsed(content, number, place)


def read_after(place: Place, number: int) -> Iterator[list[tuple[int, Entry]]]:
    """What was committed after a number, in order, some at a time. Nothing new costs one request."""
    width = 1
    while True:
        numbers = list(range(number + 1, number + 1 + width))
        found = in_parallel(lambda one: read(place, one), numbers) if width > 1 else [read(place, numbers[0])]
        entries = []
        for one, entry in zip(numbers, found, strict=True):
            if entry is None:
                break
            entries.append((one, entry))
        if entries:
            yield entries
        if len(entries) < width:
            return
        number, width = numbers[-1], min(width * 2, AT_ONCE * 2)


def _parsed(content: bytes, number: int, place: Place) -> Entry:
    try:
        entry = Entry(**json.loads(content))
        paths = [path for path, _ in entry.adds] + list(entry.removes)
        if not all(map(is_of_lake, paths)) or not all(_is_told_rightly(said) for _, said in entry.adds):
            raise ValueError("a path outside of the lake")
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise NotWell(
            f"nhật ký kho chung bị hỏng / {key_of(number)} of the lake's store {place} is not as it was written ({error}); "
            "put the store right from its versions or from a backup"
        ) from error
    return entry


def _is_told_rightly(said: Said) -> bool:
    """Files have plain names, and their bytes lie where they are sent."""
    names, files = list(said.get("files", ())), [*said.get("files", {}).values(), *([said] if "key" in said else [])]
    return not any("/" in name or name.startswith(".") for name in names) and all(
        _KEY.fullmatch(one["key"]) and one["key"].startswith(f"files/{one['sha256']}-") for one in files
    )
