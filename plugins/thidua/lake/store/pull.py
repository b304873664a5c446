"""Brings a copy up to the log: what was committed appears in lake/ in the same order, whole entries and whole folders."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from thidua.errors import NotWell
from thidua.files import fsync_dir, fsync_tree, locked, write_once
from thidua.lake.deletions import erase_original
from thidua.lake.entries import Changed, file_digest
from thidua.lake.receipts import load_receipts
from thidua.lake.store.house import Copy, put_back
from thidua.lake.store.log import Entry, Said, read_after
from thidua.lake.store.place import in_parallel
from thidua.lake.store.tree import RESTRICTED, mode_of
from thidua.settings import Home

RAW = f"{RESTRICTED}/raw/"


def pull(copy: Copy, *, wait: bool = True) -> int:
    """Takes what was committed since the last time; the number of the last commit. Without `wait`, raises BlockingIOError
    where somebody else is at it."""
    with locked(copy.lock, wait=wait):
        return catch_up(copy)


def catch_up(copy: Copy) -> int:
    """The same for who holds the copy's lock.

    Originals that retention took out of the store are not there any more when a fresh copy reads that they were added;
    that they were taken away is read later, and until then nothing counts as read.
    """
    (number, commit), missing = copy.last(), dict[str, str]()
    while True:
        before = number
        for found in read_after(copy.place, number):
            for one, entry in found:
                if entry.previous != commit:
                    raise put_back(copy, one - 1)
                commit = entry.commit
            _take(copy, [entry for _, entry in found], missing)
            number = found[-1][0]
            if not missing:
                copy.advance(number, commit)
        if not missing:
            return number
        if number == before:  # what is taken away is told of before its bytes go, so now it would be known
            path, key = next(iter(missing.items()))
            raise NotWell(
                f"kho chung thiếu tệp / {copy.place} lacks {len(missing)} files that its log tells of, such as {key} "
                f"({path}): put them back from the versions of the bucket or from a backup"
            )


def _take(copy: Copy, entries: Sequence[Entry], missing: dict[str, str]) -> None:
    with _incoming(copy) as incoming:
        bodies = _fetched(copy, list(_lacking(copy, entries)), incoming)
        for entry in entries:
            for path, said in entry.adds:
                if key := _place(copy, path, said, bodies):
                    missing[path] = key
                else:
                    missing.pop(path, None)
            _erase(copy.home, entry.removes)
            for path in entry.removes:
                missing.pop(path, None)


class _incoming:
    """A folder for what is being fetched; what a killed process left there goes."""

    def __init__(self, copy: Copy) -> None:
        self._parent = copy.folder / "incoming"

    def __enter__(self) -> Path:
        shutil.rmtree(self._parent, ignore_errors=True)
        folder = self._parent / uuid4().hex
        folder.mkdir(parents=True, mode=0o700)
        return folder

    def __exit__(self, *_: Any) -> None:
        shutil.rmtree(self._parent, ignore_errors=True)


def _lacking(copy: Copy, entries: Sequence[Entry]) -> Iterator[Said]:
    """The files to fetch for what this copy has not, or will not have when its turn comes."""
    removed = {path for entry in entries for path in entry.removes}
    for entry in entries:
        for path, said in entry.adds:
            if path in removed or not os.path.lexists(copy.home.lake / path):
                yield from said["files"].values() if "files" in said else [said] if "key" in said else []


def _fetched(copy: Copy, wanted: Sequence[Said], folder: Path) -> dict[str, Path]:
    """key -> its file, checked against the log; a key that is not in the store any more is not among them."""
    wanted = list({said["key"]: said for said in wanted}.values())

    def fetch(said: Said) -> tuple[str, Path] | None:
        path = folder / Path(said["key"]).name
        if not said["size"]:
            path.touch()
        elif not copy.place.fetch(said["key"], path):
            return None
        if file_digest(path) != said["sha256"]:
            raise NotWell(
                f"tệp trong kho chung bị hỏng / {said['key']} in {copy.place} is not as it was written; put it back from the "
                "versions of the bucket or a backup"
            )
        return said["key"], path

    return dict(one for one in in_parallel(fetch, wanted) if one) if wanted else {}


def _place(copy: Copy, path: str, said: Said, bodies: dict[str, Path]) -> str | None:
    """Lets a path appear, unless it is there; the key that the store lacks for it."""
    target = copy.home.lake / path
    _make_folder(copy.home, target.parent)
    if "text" in said:
        content = said["text"].encode()
        if not write_once(target, content, mode_of(path)) and target.read_bytes() != content:
            raise Changed(
                f"nội dung đã bị sửa / {target} is not what {copy.place} says; `thidua store-check --mend` moves "
                "it aside and takes what the log says"
            )
        return None
    if os.path.lexists(target):
        return None
    if "key" in said:
        body = bodies.get(said["key"])
        if body is None:
            return str(said["key"])
        body.chmod(mode_of(path))
        with body.open("rb") as file:
            os.fsync(file.fileno())
        body.rename(target)
        fsync_dir(target.parent)
        return None
    lacking = [one["key"] for one in said["files"].values() if one["key"] not in bodies]
    if lacking:
        return str(lacking[0])
    folder = next(iter(bodies.values())).parent / uuid4().hex
    folder.mkdir(mode=0o755)
    for name, one in said["files"].items():
        bodies[one["key"]].rename(folder / name)
    fsync_tree(folder)
    folder.rename(target)
    fsync_dir(target.parent)
    return None


def _make_folder(home: Home, folder: Path) -> None:
    inside = folder.relative_to(home.lake).parts
    if inside[:1] == (RESTRICTED,):
        home.restricted_folder(*inside[1:])
    else:
        folder.mkdir(parents=True, exist_ok=True)


def _erase(home: Home, paths: Sequence[str]) -> None:
    """Takes originals away, as the host did that deleted them."""
    gone = {path.removeprefix(RAW) for path in paths if path.startswith(RAW) and (home.lake / path).exists()}
    if not gone:
        return
    receipts = load_receipts(home)
    for content_sha256 in sorted(gone):
        own = [one.submission_id for one in receipts if one.content_sha256 == content_sha256]
        erase_original(home, content_sha256, own)
