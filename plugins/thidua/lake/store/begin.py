"""Begins a store with the lake/ that a house has, and compares a copy with what the log says."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from thidua.errors import NotWell, ThiduaError
from thidua.files import locked, write_once
from thidua.intake.personal import fingerprint_of_key, load_key
from thidua.lake.batches import lake_lock
from thidua.lake.entries import Changed, canonical, file_digest
from thidua.lake.store import log
from thidua.lake.store.house import HOUSE, Copy, check_key, copy_of, needed_target, store_dir
from thidua.lake.store.log import Said, read_after
from thidua.lake.store.place import STORE, Place, in_parallel, place_of
from thidua.lake.store.pull import catch_up, pull
from thidua.lake.store.push import New, send
from thidua.lake.store.sweep import all_said, state_of
from thidua.lake.store.tree import of_lake
from thidua.operations.backup import check_whole, operations_lock
from thidua.settings import Home

_TOGETHER = 500  # paths of a commit
_BEGUN = "begun.json"  # until the store is whole


@dataclass(frozen=True)
class Begun:
    """A store and how many entries and folders of the lake it was given."""

    store: str
    house: str
    paths: int


def begin(home: Home) -> Begun:
    """Puts this home's lake/ into an empty store and makes lake/ its copy. Killed, it is run again; done, it says so.

    Raises ThiduaError where the store holds something else or cannot create an object exclusively.
    """
    url = os.environ.get(STORE, "").strip()
    if not url:
        raise ThiduaError(f"chưa đặt / set {STORE}, such as s3://connection@bucket/prefix (docs/postgres.md)")
    needed_target()
    place = place_of(url, home)
    home.lake.mkdir(parents=True, exist_ok=True)
    with locked(operations_lock(home)), locked(lake_lock(home)):
        check_whole(home)
        if (content := place.read(HOUSE)) is not None:
            begun = store_dir(home) / _BEGUN
            was_killed = begun.exists() and begun.read_bytes() == content
            if was_killed:  # before it had ended
                write_once(store_dir(home) / HOUSE, content)
            copy = copy_of(home)  # raises where it is another house's
            pull(copy)
            return Begun(str(place), copy.house, _end(copy, content) if was_killed else len(all_said(copy)))
        if (store_dir(home) / HOUSE).exists():
            raise ThiduaError(
                f"{home.lake} là bản sao của kho khác / is a copy of another store than {place}; mend {STORE}"
            )
        _check_exclusive(place)
        load_key(home)
        house = _begun(home, {"house": uuid4().hex, "key": fingerprint_of_key(home), "made_at": _now()})
        check_key(home, place, house)
        copy = Copy(home, place, needed_target(), house["house"])
        _put_all(copy)
        if not place.create(HOUSE, canonical(house)) and place.read(HOUSE) != canonical(house):
            raise ThiduaError(f"kho đã có dữ liệu khác / {place} holds something else; name an empty prefix")
        count = _end(copy, canonical(house))
    return Begun(str(place), house["house"], count)


def _end(copy: Copy, house: bytes) -> int:
    """The store is whole: from here on this lake/ is its copy, and who does not know of the store is refused. What such a
    one received while the store was being filled is added; how many paths there are then."""
    write_once(copy.folder / HOUSE, house)
    with locked(copy.lock):
        while True:
            catch_up(copy)  # other hosts may write by now
            with suppress(_Overtaken):
                count = _put_all(copy)
                break
    (copy.folder / _BEGUN).unlink()
    return count


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _begun(home: Home, house: dict[str, Any]) -> dict[str, Any]:
    """The house that a killed beginning was making, else this one."""
    path = store_dir(home) / _BEGUN
    write_once(path, canonical(house))
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def _check_exclusive(place: Place) -> None:
    """Raises ThiduaError where the second of two who create one object is not told that it is there."""
    key = f"probe/{uuid4().hex}"
    try:
        if not place.create(key, b"first") or place.create(key, b"second") or place.read(key) != b"first":
            raise ThiduaError(
                f"{place} không tạo tệp độc quyền được / does not create an object only where there is none (If-None-Match): "
                "two hosts would overwrite each other; take another store"
            )
    finally:
        place.delete(key)


class _Overtaken(NotWell):
    """Somebody else committed meanwhile."""


def _put_all(copy: Copy) -> int:
    """Commits every path that the log has not; how many it has then."""
    number, commit, entries = 0, "", list[log.Entry]()
    for found in read_after(copy.place, 0):
        for _, entry in found:
            if entry.house != copy.house:
                raise ThiduaError(f"kho đã có dữ liệu khác / {copy.place} holds something else; name an empty prefix")
            entries.append(entry)
        number, commit = found[-1][0], found[-1][1].commit
    known = state_of(entries)[0]
    lacking = [(path, source) for path, source in of_lake(copy.home) if path not in known]
    for start in range(0, len(lacking), _TOGETHER):
        some = lacking[start : start + _TOGETHER]
        said = in_parallel(lambda one: send(copy, _new(*one)), some)
        adds = [(path, one) for (path, _), one in zip(some, said, strict=True)]
        entry = log.Entry(copy.house, commit, adds)
        if not log.append(copy.place, number + 1, entry):
            raise _Overtaken(f"có người khác đang ghi / somebody else writes to {copy.place}; run the same again")
        number, commit = number + 1, entry.commit
    if number:
        copy.advance(number, commit)
    return len(known) + len(lacking)


def _new(path: str, source: Path) -> New:
    return New(path, folder=source) if source.is_dir() else New(path, file=source)


@dataclass(frozen=True)
class Compared:
    """How a copy differs from its log: paths that it lacks, that are other, that it alone has. `aside`: where they went."""

    paths: int
    lacking: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    alone: list[str] = field(default_factory=list)
    aside: Path | None = None

    @property
    def is_same(self) -> bool:
        return not (self.lacking or self.changed or self.alone)


def compare(home: Home, *, mend: bool = False) -> Compared:
    """Compares every byte of this copy with the log. `mend`: what is other or known here alone goes aside, never away, and
    what the log says is taken anew."""
    copy = copy_of(home)
    with locked(operations_lock(home)):
        with suppress(Changed):  # which is what is asked for
            pull(copy)
        here = dict(of_lake(home))  # before the log is read: what is committed meanwhile is known there
        said = all_said(copy)
        lacking = sorted(said.keys() - here.keys())
        alone = sorted(here.keys() - said.keys())
        changed = sorted(path for path in said.keys() & here.keys() if not _is_as_said(here[path], said[path]))
        aside = None
        if mend and (lacking or alone or changed):
            aside = home.path / f"set-aside-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
            with locked(lake_lock(home)), locked(copy.lock):
                (copy.folder / "at").unlink(missing_ok=True)
                for path in [*alone, *changed]:
                    (aside / path).parent.mkdir(parents=True, exist_ok=True)
                    here[path].rename(aside / path)
            pull(copy)
    return Compared(len(said), lacking, changed, alone, aside)


def _is_as_said(path: Path, said: Said) -> bool:
    if "text" in said:
        return path.is_file() and path.read_bytes() == said["text"].encode()
    if "key" in said:
        return path.is_file() and file_digest(path) == said["sha256"]
    if not path.is_dir() or {one.name for one in _files(path)} != said["files"].keys():
        return False
    return all(file_digest(path / name) == one["sha256"] for name, one in said["files"].items())


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if not path.name.startswith("."))


def summary(found: Compared) -> dict[str, Any]:
    """For machines."""
    return {
        "paths": found.paths,
        "lacking": found.lacking,
        "changed": found.changed,
        "alone": found.alone,
        "aside": str(found.aside) if found.aside else None,
    }
