"""landing/ in the store: offices' systems and the hand-in page put files there, whichever host receives them.

An object is whole when it is there. A host fetches those that have no receipt into a folder that only its owner reads,
receives them from there, and the folder goes: neither the store's landing/ nor the host's own is ever changed, and no
original is left where retention does not look. The time that the store gives an object is the time of the file, so that
every host finds the same receipt.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

from thidua.errors import NotWell, ThiduaError
from thidua.files import locked
from thidua.lake.receipts import (
    MAX_SIDECAR_BYTES,
    SIDECAR,
    FoundFile,
    Receipt,
    Trouble,
    is_export_name,
    is_misleading,
    trouble_at,
)
from thidua.lake.store.house import Copy, copy_of
from thidua.lake.store.place import Found, Place, created, in_parallel
from thidua.limits import MAX_FILE_BYTES
from thidua.settings import Home

LANDING = "landing"
_LONGEST_NAME = 255  # bytes, of any file system that a file may have to lie on later
# What a store answers for one object and not for all: no right to it, archived, a name that it does not take.
_OF_ONE_OBJECT = {
    errno.EACCES, errno.EPERM, errno.EINVAL, errno.ENAMETOOLONG, errno.EISDIR, errno.ENOTDIR, errno.ELOOP,
}  # fmt: skip
_PAUSE = 60.0  # seconds in which pages do not ask a store that did not answer
_sidecars: dict[tuple[Path, str], bytes] = {}
_asks_again_at = 0.0


def waiting_in_store(home: Home, known: Collection[Receipt]) -> frozenset[tuple[str, int, int]]:
    """(landing path, size, instant in ns) of the files there that have no receipt."""
    found = _waiting(copy_of(home).place.listed(LANDING), known)
    return frozenset((_landing_path(one), one.size, one.modified_ns) for one in found)


def landing_paths(home: Home, under: str = "") -> frozenset[str]:
    """What lies there, or below a folder there, by its path below landing/."""
    return frozenset(_landing_path(one) for one in copy_of(home).place.listed(f"{LANDING}/{under}".rstrip("/")))


def sidecar_in_store(home: Home, landing_path: str) -> bytes | None:
    """The sidecar of a file there, for pages: it never changes, and a store that does not answer is not asked again soon."""
    global _asks_again_at
    known = home.path, landing_path
    if known in _sidecars or time.monotonic() < _asks_again_at:
        return _sidecars.get(known)
    try:
        content = copy_of(home).place.read(f"{LANDING}/{landing_path}{SIDECAR}")
    except ThiduaError:
        _asks_again_at = time.monotonic() + _PAUSE
        return None
    if content is not None and len(_sidecars) < 10_000:
        _sidecars[known] = content
    return content


def _landing_path(found: Found) -> str:
    return found.key.removeprefix(f"{LANDING}/")


def _waiting(found: Collection[Found], known: Collection[Receipt]) -> list[Found]:
    is_received = _received(known)
    return [one for one in found if _is_file(one.key) and not is_received(one)]


def _received(known: Collection[Receipt]) -> Callable[[Found], bool]:
    """Whether an object has a receipt: by path, size, time and, where the store gives one, its ETag.

    S3's times are whole seconds, so that two files of one size may differ in the ETag alone. A bucket that was copied has
    other times and the same ETags: what the latest receipt of a path says is not received anew.
    """
    exact = {(one.landing_path, one.size, one.mtime_ns, one.etag) for one in known}
    latest: dict[str, Receipt] = {}
    for one in sorted((one for one in known if one.etag), key=lambda one: (one.mtime_ns, one.order)):
        latest[one.landing_path] = one

    def is_received(found: Found) -> bool:
        path = _landing_path(found)
        if {(path, found.size, found.modified_ns, etag) for etag in ("", found.etag)} & exact:
            return True
        last = latest.get(path)
        return last is not None and (last.size, last.etag) == (found.size, found.etag)

    return is_received


@contextmanager
def taken_in(home: Home, known: Collection[Receipt], troubles: list[Trouble]) -> Iterator[list[FoundFile]]:
    """What waits there, in a folder of this process alone, until it is received; what cannot be, is added to `troubles`.

    Raises NotWell where the store does not answer; what is wrong with one object is the trouble of that one.
    """
    copy = copy_of(home)
    found = {one.key: one for one in copy.place.listed(LANDING)}
    folders = {key[:end] for key in found for end, letter in enumerate(key) if letter == "/"}
    wanted = []
    for one in _waiting(found.values(), known):
        if problem := _problem_of(one, found.get(one.key + SIDECAR), folders):
            troubles.append(trouble_at(_landing_path(one), problem))
        else:
            wanted.append(one)
    with _own_folder(copy) as folder:

        def fetch(numbered: tuple[int, Found]) -> FoundFile | Trouble | None:
            # Under a number: whatever its name is, it has a place beside all others.
            number, one = numbered
            return _fetched(copy.place, one, found.get(one.key + SIDECAR), folder / str(number))

        fetched = in_parallel(fetch, enumerate(wanted)) if wanted else []
        troubles += [one for one in fetched if isinstance(one, Trouble)]
        yield [one for one in fetched if isinstance(one, FoundFile)]


def _problem_of(found: Found, sidecar: Found | None, folders: Collection[str]) -> str | None:
    if is_misleading(found.key):
        return "tên có ký tự điều khiển; hãy đổi tên / its name holds control characters; rename it"
    if any(len(part.encode()) > _LONGEST_NAME for part in found.key.split("/")):
        return f"tên quá dài; hãy đổi tên / its name is longer than {_LONGEST_NAME} bytes; rename it"
    if found.key in folders:
        return "mang tên của thư mục; hãy đổi tên / it has the name of a folder that holds others; rename it"
    if found.size > MAX_FILE_BYTES:
        return (
            f"lớn hơn {MAX_FILE_BYTES // 1_000_000} MB; hãy chia thành nhiều tệp / "
            f"it is larger than {MAX_FILE_BYTES // 1_000_000} MB; split it into several files"
        )
    if sidecar and sidecar.size > MAX_SIDECAR_BYTES:
        return "tệp ghi ngày nhận bị hỏng; hãy sửa hoặc lấy ra / its sidecar is larger than one can be; correct it or take it away"
    return None


@contextmanager
def _own_folder(copy: Copy) -> Iterator[Path]:
    """A folder that goes with whoever asked for it; what a killed process left beside it goes now."""
    parent = copy.folder / LANDING
    parent.mkdir(mode=0o700, exist_ok=True)
    folder = parent / uuid4().hex
    with ExitStack() as alive:
        with locked(parent / ".lock"):
            for left in [path for path in parent.iterdir() if path.is_dir() and not _is_held(path / ".lock")]:
                shutil.rmtree(left, ignore_errors=True)
            folder.mkdir(mode=0o700)
            alive.enter_context(locked(folder / ".lock"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _is_held(lock: Path) -> bool:
    try:
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:  # killed before it took it, or going just now
        return False
    return False


def _fetched(place: Place, found: Found, sidecar: Found | None, target: Path) -> FoundFile | Trouble | None:
    """One object under a name of its own, with its sidecar and its time. None: it was taken away meanwhile."""
    target.touch(0o600)
    try:
        # Before its file: it says when that one was received.
        if sidecar and (told := place.read(sidecar.key)) is not None:
            beside = target.with_name(target.name + SIDECAR)
            beside.touch(0o600)
            beside.write_bytes(told)
        if found.size and not place.fetch(found.key, target):
            return None
    except NotWell as error:
        if not _is_of_one_object(error.__cause__):
            raise
        return trouble_at(
            _landing_path(found),
            "kho chung không đưa tệp này; hãy cấp quyền đọc hoặc lấy tệp ra / the store does not give this file "
            f"({' '.join(str(error.__cause__).split())}); give read rights on it or take it away",
        )
    if target.stat().st_size != found.size:
        return trouble_at(
            _landing_path(found),
            f"tệp đổi khi đang nhận; lần sau nhận lại / {target.stat().st_size} bytes arrived of {found.size}: it changed while "
            "it was fetched; the next look takes it",
        )
    os.utime(target, ns=(found.modified_ns, found.modified_ns))
    return FoundFile(target, _landing_path(found), found.size, found.modified_ns, found.etag)


def _is_of_one_object(error: BaseException | None) -> bool:
    return isinstance(error, PermissionError) or (isinstance(error, OSError) and error.errno in _OF_ONE_OBJECT)


def hand_in(home: Home, landing_path: str, sidecar: bytes, content: bytes) -> bool:
    """Puts a file there with its sidecar first. False: the name is taken, and nothing is done."""
    place, key = copy_of(home).place, f"{LANDING}/{landing_path}"
    if not created(place, key + SIDECAR, sidecar):
        return False
    if not created(place, key, content):
        place.delete(key + SIDECAR)
        return False
    return True


def _is_file(key: str) -> bool:
    """Whether it is meant to be received, as a path of a host's own landing/ would be."""
    parts = key.split("/")
    return len(parts) > 2 and all(part and is_export_name(part) for part in parts)
