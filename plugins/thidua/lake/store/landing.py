"""landing/ in the store: offices' systems and the hand-in page put files there, whichever host receives them.

An object is whole when it is there. A host takes those that have no receipt; the time that the store gives an object is
the time of the file, so that every host finds the same receipt. What lies there is never changed by the system.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from uuid import uuid4

from thidua.files import fsync_dir
from thidua.lake.receipts import SIDECAR, Receipt, Trouble, is_export_name
from thidua.lake.store.house import Copy, copy_of
from thidua.lake.store.place import Found, in_parallel
from thidua.limits import MAX_FILE_BYTES
from thidua.settings import Home

LANDING = "landing"


def waiting_in_store(home: Home, known: Collection[Receipt]) -> frozenset[tuple[str, int, int]]:
    """(landing path, size, instant in ns) of the files there that have no receipt."""
    found = _waiting(copy_of(home).place.listed(LANDING), known)
    return frozenset((one.key.removeprefix(f"{LANDING}/"), one.size, one.modified_ns) for one in found)


def landing_paths(home: Home) -> frozenset[str]:
    """What lies there, by its path below landing/."""
    return frozenset(one.key.removeprefix(f"{LANDING}/") for one in copy_of(home).place.listed(LANDING))


def _waiting(found: Collection[Found], known: Collection[Receipt]) -> list[Found]:
    received = {(f"{LANDING}/{one.landing_path}", one.size, one.mtime_ns) for one in known}
    return [one for one in found if _is_file(one.key) and (one.key, one.size, one.modified_ns) not in received]


def take_in(home: Home, known: Collection[Receipt]) -> list[Trouble]:
    """Copies what waits there into this host's landing/; what cannot be, is told."""
    copy = copy_of(home)
    found = {one.key: one for one in copy.place.listed(LANDING)}
    troubles = []
    wanted: list[Found] = []
    for one in _waiting(found.values(), known):
        target = home.path / one.key
        if one.size > MAX_FILE_BYTES:
            troubles.append(
                Trouble(
                    one.key,
                    f"lớn hơn {MAX_FILE_BYTES // 1_000_000} MB; hãy chia thành nhiều tệp / "
                    f"it is larger than {MAX_FILE_BYTES // 1_000_000} MB; split it into several files",
                )
            )
        elif not _is_same(target, one):
            sidecar = found.get(one.key + SIDECAR)
            # Before its file: it says when that one was received.
            if sidecar and not _is_same(home.path / sidecar.key, sidecar):
                _take(copy, sidecar)
            wanted.append(one)
    in_parallel(lambda one: _take(copy, one), wanted)
    return troubles


def hand_in(home: Home, landing_path: str, sidecar: bytes, content: bytes) -> bool:
    """Puts a file there with its sidecar first, and into this host's landing/. False: the name is taken, nothing is done."""
    copy = copy_of(home)
    key = f"{LANDING}/{landing_path}"
    is_free = copy.place.create(key + SIDECAR, sidecar)
    if is_free:
        is_free = copy.place.create(key, content)
        if not is_free:
            copy.place.delete(key + SIDECAR)
    folder = key.rpartition("/")[0]
    # Who was first is taken in too: the next free name is another one.
    for one in copy.place.listed(folder):
        if one.key in (key, key + SIDECAR) and _is_safe(one.key) and not _is_same(home.path / one.key, one):
            _take(copy, one)
    return is_free


def _take(copy: Copy, found: Found) -> None:
    """Copies one object to its place, whole, with its time. One that was taken away meanwhile is none."""
    target = copy.home.path / found.key
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{uuid4().hex}.tmp")
    if not found.size:
        temporary.touch()
    elif not copy.place.fetch(found.key, temporary):
        return
    os.utime(temporary, ns=(found.modified_ns, found.modified_ns))
    temporary.replace(target)
    fsync_dir(target.parent)


def _is_same(path: Path, found: Found) -> bool:
    try:
        said = path.stat()
    except OSError:
        return False
    return (said.st_size, said.st_mtime_ns) == (found.size, found.modified_ns)


def _is_file(key: str) -> bool:
    return _is_safe(key) and is_export_name(key.rpartition("/")[2])


def _is_safe(key: str) -> bool:
    """Whether a key is a path below landing/ on any file system."""
    parts = key.split("/")
    return (
        len(parts) > 2
        and all(part and not part.startswith(".") and "\\" not in part for part in parts)
        and key.isprintable()
    )
