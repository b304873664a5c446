"""Commits what is new to the store, then lets it appear in this copy: the one way by which lake/ grows or loses anything."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from thidua.errors import NotWell
from thidua.files import fsync_dir, fsync_tree, locked, write_once
from thidua.lake.deletions import erase_original
from thidua.lake.entries import file_digest
from thidua.lake.store import log
from thidua.lake.store.house import Copy, check_log, copy_of
from thidua.lake.store.log import Entry, Said
from thidua.lake.store.place import in_parallel
from thidua.lake.store.pull import RAW, catch_up
from thidua.lake.store.sweep import keys_of
from thidua.lake.store.tree import RESTRICTED, mode_of
from thidua.settings import Home

# What was sent longer ago may have been taken for abandoned (sweep.py), and is not committed any more.
_SECONDS = 12 * 3600
# What was sent longer ago is looked for before it is committed: a machine may have slept, by whatever clock.
_SURE_SECONDS = 3600
_SHORT = 64_000  # bytes of an entry that lies in the log itself


@dataclass(frozen=True)
class New:
    """What is to be in lake/ at `path`: the bytes of an entry, or a folder that will be renamed to it. `file`: a file that
    has the bytes."""

    path: str
    content: bytes | None = None
    folder: Path | None = None
    file: Path | None = None


@dataclass
class Section:
    """A lock between hosts that this thread holds. Until the entry `since` of the log nobody else committed under it."""

    name: str
    since: int
    owner: str = field(default_factory=lambda: uuid4().hex)


_section: ContextVar[Section | None] = ContextVar("section", default=None)


def add(home: Home, news: Sequence[New]) -> set[str]:
    """Commits all of these in one entry of the log, in this order; what is there already stays. The paths that are new.

    Raises NotWell where the store cannot be reached, or another host took the lock that this thread holds.
    """
    copy, started = copy_of(home), _clocks()
    news = list({new.path: new for new in news}.values())
    lacking = [new for new in news if not (home.lake / new.path).exists()]
    said = dict(zip([new.path for new in lacking], in_parallel(lambda new: send(copy, new), lacking), strict=True))
    with locked(copy.lock):
        while True:
            number = catch_up(copy)
            wanted = [new for new in news if not (home.lake / new.path).exists()]
            said |= {new.path: send(copy, new) for new in wanted if new.path not in said}
            if not wanted:
                _check_lock(copy, number)
                commit = None
                break
            _check_sent(copy, started, [said[new.path] for new in wanted])
            if commit := _commit(copy, number, [(new.path, said[new.path]) for new in wanted]):
                break
        for new in wanted:
            _appear(home, new)
        if commit:
            copy.advance(number + 1, commit)
    made = {new.path for new in wanted}
    for path, one in said.items():
        if path not in made:  # somebody was first
            for key in keys_of(one):
                copy.place.delete(key)
    return made


def _clocks() -> tuple[float, float]:
    """Seconds since the machine started, where the system counts those that it slept too, and since 1970."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)), time.time()


def _check_sent(copy: Copy, started: tuple[float, float], said: Sequence[Said]) -> None:
    """Raises NotWell where what was sent since may have been swept by another host: the log would name what is gone."""
    elapsed = max(now - then for now, then in zip(_clocks(), started, strict=True))
    if elapsed <= _SURE_SECONDS:
        return
    keys = {key for one in said for key in keys_of(one)}
    if elapsed > _SECONDS or keys - {one.key for one in copy.place.listed("files")}:
        raise NotWell(f"quá lâu / it took too long to reach {copy.place}; nothing was recorded, run the same again")


def remove(home: Home, content_sha256: str, submission_ids: Collection[str], is_still_so: Callable[[], bool]) -> bool:
    """Takes an original away on every host. False: what spoke for it holds no more, and it stays."""
    copy = copy_of(home)
    with locked(copy.lock):
        while True:
            number = catch_up(copy)
            if not is_still_so():
                return False
            if commit := _commit(copy, number, [], [f"{RAW}{content_sha256}"]):
                break
        erase_original(home, content_sha256, submission_ids)
        copy.advance(number + 1, commit)
    return True


def _commit(copy: Copy, number: int, adds: Sequence[tuple[str, Said]], removes: Sequence[str] = ()) -> str | None:
    """Commits after that number; the commit. None: another host was there first."""
    held = _check_lock(copy, number)
    check_log(copy)
    section, owner = (held.name, held.owner) if held is not None else (None, None)
    entry = Entry(copy.house, copy.last()[1], adds, removes, section, owner)
    if not log.append(copy.place, number + 1, entry):
        return None
    if held is not None:
        held.since = number + 1
    return entry.commit


def _check_lock(copy: Copy, number: int) -> Section | None:
    """The lock that this thread holds. Raises NotWell where somebody else committed under it since it was taken: it was
    lost, by a connection that broke, and what was decided rests on what is no longer so."""
    held = _section.get()
    if held is None:
        return None
    for one in range(held.since + 1, number + 1):
        entry = log.read(copy.place, one)
        if entry and entry.section == held.name and entry.owner != held.owner:
            raise NotWell(
                f"mất khóa giữa các máy / the lock between hosts was lost, and {entry.host} went on meanwhile: nothing was "
                "recorded; run the same again"
            )
    return held


def send(copy: Copy, new: New) -> Said:
    """Puts the bytes into the store, under names of their own; what the log then says of them."""
    if new.folder is not None:
        fsync_tree(new.folder)
        names = sorted(path.name for path in new.folder.iterdir() if not path.name.startswith("."))
        return {"files": {name: _send_file(copy, new.folder / name) for name in names}}
    is_long = new.path.startswith(f"{RESTRICTED}/") or (new.file is not None and new.file.stat().st_size > _SHORT)
    if new.file is not None and is_long:
        return _send_file(copy, new.file)
    content = new.file.read_bytes() if new.file is not None else new.content or b""
    if len(content) <= _SHORT and not is_long:
        try:
            return {"text": content.decode()}
        except UnicodeDecodeError:
            pass
    # From memory: an original that a killed process left on this disk would be nobody's.
    return _sent(copy, content, sha256(content).hexdigest(), len(content))


def _send_file(copy: Copy, path: Path) -> Said:
    return _sent(copy, path, file_digest(path), path.stat().st_size)


def _sent(copy: Copy, content: Path | bytes, digest: str, size: int) -> Said:
    key = f"files/{digest}-{uuid4().hex[:12]}"
    if size:
        copy.place.send(key, content)
    return {"key": key, "sha256": digest, "size": size}


def _appear(home: Home, new: New) -> None:
    """In this copy, as a pull would do it: what is committed is the truth, whatever becomes of this process."""
    target = home.lake / new.path
    if new.path.startswith(f"{RESTRICTED}/"):
        home.restricted_folder(*Path(new.path).parent.parts[1:])
    target.parent.mkdir(parents=True, exist_ok=True)
    if new.folder is not None:
        new.folder.rename(target)
        fsync_dir(target.parent)
    else:
        write_once(target, new.content or b"", mode_of(new.path))


@contextmanager
def in_section(name: str, since: int) -> Iterator[None]:
    """What this thread commits meanwhile is committed under this lock."""
    token = _section.set(Section(name, since))
    try:
        yield
    finally:
        _section.reset(token)
