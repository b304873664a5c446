"""How lake/ is written: on one host straight to its files, with THIDUA_LAKE_STORE first to the store of all hosts.

Without a store this imports nothing and asks nothing of anybody.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from thidua.errors import NotWell, ThiduaError
from thidua.files import fsync_dir, locked, write_atomic, write_once
from thidua.lake.store.tree import mode_of
from thidua.settings import Home
from thidua.settings import home as home_of_settings

STORE = "THIDUA_LAKE_STORE"
# When this process looked last, and what kept it from looking.
_refreshed: dict[tuple[Path, int], tuple[float, NotWell | None]] = {}


def is_shared(home: Home) -> bool:
    """Whether this home's lake/ is a copy of a store. A home made to look at something is none."""
    return bool(os.environ.get(STORE, "").strip()) and home.path == home_of_settings().path


def _alone(home: Home) -> None:
    """Raises ThiduaError where lake/ is a copy and nobody said of what: what is written would be known here alone."""
    if (home.lake / ".store" / "house.json").exists():
        raise ThiduaError(f"{home.lake} là bản sao của kho chung / is a copy of a store: set {STORE} to it")


def put_entries(home: Home, entries: Sequence[tuple[Path, bytes]]) -> set[Path]:
    """Writes entries of the lake, each once, in this order; the first writer wins. Those that this call created."""
    if not is_shared(home):
        _alone(home)
        return {path for path, content in entries if write_once(path, content, mode_of(_in_lake(home, path)))}
    from thidua.lake.store.push import New, add

    made = add(home, [New(_in_lake(home, path), content) for path, content in entries])
    return {home.lake / path for path in made}


def put_entry(home: Home, path: Path, content: bytes) -> bool:
    """Writes one entry; whether this call created it."""
    return bool(put_entries(home, [(path, content)]))


def _in_lake(home: Home, path: Path) -> str:
    return path.relative_to(home.lake).as_posix()


def put_folder(home: Home, folder: Path, final: Path) -> None:
    """Lets a durable folder appear under its name, once. Raises OSError where there is such a one already."""
    if not is_shared(home):
        _alone(home)
        folder.rename(final)
        fsync_dir(final.parent)
        return
    from thidua.lake.store.push import New, add

    if not add(home, [New(_in_lake(home, final), folder=folder)]):
        raise FileExistsError(17, "is there already", str(final))


def take_away(
    home: Home, content_sha256: str, submission_ids: Collection[str], is_still_so: Callable[[], bool]
) -> None:
    """Takes an original away by retention, with slips of it, on every host; the record of it is written already.

    With a store `is_still_so` is asked once nothing can come between; where it is not, the original stays.
    """
    if not is_shared(home):
        from thidua.lake.deletions import erase_original

        _alone(home)
        erase_original(home, content_sha256, submission_ids)
        return
    from thidua.lake.store.push import remove

    remove(home, content_sha256, submission_ids, is_still_so)


def sweep(home: Home) -> None:
    """Takes out of the store what no host needs any more; without a store there is nothing to do."""
    if is_shared(home):
        from thidua.lake.store.sweep import sweep_files

        sweep_files(home)


@contextmanager
def held(home: Home, lock: Path) -> Iterator[None]:
    """Holds a lock of the house: between processes, and with a store between hosts, with what they committed in sight."""
    with locked(lock):
        if not is_shared(home):
            yield
            return
        from thidua.lake.store.lock import between_hosts

        with between_hosts(home, lock):
            yield


def refresh(home: Home, at_most_every: float = 0.0, *, wait: bool = True) -> bool:
    """Takes what other hosts committed, unless this process did within so many seconds, or without `wait` unless somebody
    is at it; whether it did. Raises NotWell: within so many seconds the same, without asking again."""
    if not is_shared(home):
        return False
    known = home.path, os.getpid()
    if known in _refreshed and time.monotonic() - _refreshed[known][0] < at_most_every:
        if problem := _refreshed[known][1]:
            raise NotWell(problem.message)
        return False
    from thidua.lake.store.house import copy_of
    from thidua.lake.store.pull import pull

    try:
        pull(copy_of(home), wait=wait)
    except BlockingIOError:
        return False
    except NotWell as error:
        _refreshed[known] = time.monotonic(), error
        raise
    _refreshed[known] = time.monotonic(), None
    return True


def waiting_for_any_host(home: Home) -> frozenset[tuple[str, int, int]]:
    """(landing path, size, mtime_ns) of files in the store without a receipt; nothing without a store."""
    if not is_shared(home):
        return frozenset()
    from thidua.lake.receipts import load_receipts
    from thidua.lake.store.landing import waiting_in_store

    return waiting_in_store(home, load_receipts(home))


def landed(home: Home, paths: Collection[str]) -> list[str]:
    """Those of these paths below landing/ where something lies, on this host or in the store."""
    there: Collection[str] = ()
    if is_shared(home):
        from thidua.lake.store.landing import landing_paths

        there = landing_paths(home)
    return [path for path in paths if path in there or (home.landing / path).exists()]


def read_note(home: Home, path: Path) -> bytes | None:
    """What all hosts see under a path of the home that is not of the lake and may change; None: there is nothing."""
    if is_shared(home):
        from thidua.lake.store.house import copy_of

        return copy_of(home).place.read(_note(home, path))
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def write_note(home: Home, path: Path, content: bytes, mode: int) -> None:
    if is_shared(home):
        from thidua.lake.store.house import copy_of

        copy_of(home).place.write(_note(home, path), content)
    else:
        write_atomic(path, content, mode)


def drop_note(home: Home, path: Path) -> None:
    if is_shared(home):
        from thidua.lake.store.house import copy_of

        copy_of(home).place.delete(_note(home, path))
    else:
        path.unlink(missing_ok=True)


def _note(home: Home, path: Path) -> str:
    return f"notes/{path.relative_to(home.path).as_posix()}"
