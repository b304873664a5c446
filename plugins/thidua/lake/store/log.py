"""The log of a store: numbered objects, each created once, which tell what was added to the lake and taken away."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any
from uuid import uuid4

from thidua.errors import NotWell
from thidua.lake.entries import canonical
from thidua.lake.store.place import AT_ONCE, Place, created, in_parallel

# A path below lake/ -> {text} of a short entry, {key, sha256, size} of other files, {files: {name: {key, …}}} of folders.
Said = Mapping[str, Any]


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
        names = [name for _, said in entry.adds for name in said.get("files", ())]
        if not all(map(is_of_lake, paths)) or any("/" in name or name.startswith(".") for name in names):
            raise ValueError("a path outside of the lake")
    except (ValueError, TypeError, AttributeError) as error:
        raise NotWell(
            f"nhật ký kho chung bị hỏng / {key_of(number)} of the lake's store {place} is not as it was written ({error}); "
            "put the store right from its versions or from a backup"
        ) from error
    return entry


def is_of_lake(path: str) -> bool:
    """Whether a path stays within lake/ and names something that readers of the lake look at."""
    parts = PurePosixPath(path).parts
    return len(parts) > 1 and not any(part in {"", "..", "/"} or part.startswith(".") for part in path.split("/"))
