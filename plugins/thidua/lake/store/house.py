"""Which store this home's lake/ is a copy of, and whether it may be used: the right house, the right key, a lock for all.

lake/.store/house.json   the same as in the store, once lake/ is a copy of it
lake/.store/at           the number of the last commit that the copy holds, and which one that was
lake/.store/incoming/    what is being fetched
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thidua.errors import NotWell, ThiduaError
from thidua.files import write_atomic, write_once
from thidua.intake.personal import FINGERPRINT, fingerprint_of_key, key_fingerprint, key_path
from thidua.lake.entries import canonical
from thidua.lake.store.log import read
from thidua.lake.store.place import STORE, Place, place_of
from thidua.lake.store.tree import of_lake
from thidua.settings import Home
from thidua.warehouse.postgres.target import WAREHOUSE, Target, target_of

HOUSE = "house.json"


@dataclass(frozen=True)
class Copy:
    """A lake/ that is a copy of a store. `target`: the Postgres where hosts wait for each other."""

    home: Home
    place: Place
    target: Target
    house: str

    @property
    def folder(self) -> Path:
        return store_dir(self.home)

    @property
    def lock(self) -> Path:
        """Held by whoever changes the copy."""
        return self.folder / ".lock"

    def at(self) -> int:
        return self.last()[0]

    def last(self) -> tuple[int, str]:
        """The number of the last commit that it holds, 0 for none, and that commit."""
        try:
            number, _, commit = (self.folder / "at").read_text(encoding="ascii").partition(" ")
        except FileNotFoundError:
            return 0, ""
        return int(number), commit

    def advance(self, number: int, commit: str) -> None:
        write_atomic(self.folder / "at", f"{number} {commit}".encode())


def store_dir(home: Home) -> Path:
    return home.lake / ".store"


_copies: dict[tuple[str, Path, int], Copy] = {}


def copy_of(home: Home) -> Copy:
    """The copy that this home's lake/ is, looked into once a process. Raises ThiduaError or NotWell where it is not."""
    url = os.environ[STORE].strip()
    known = url, home.path, os.getpid()
    if known not in _copies:
        place, target = place_of(url, home), needed_target()
        house = _read_house(place)
        _join(home, place, house)
        copy = Copy(home, place, target, house["house"])
        check_log(copy)
        _copies[known] = copy
    return _copies[known]


def check_log(copy: Copy) -> None:
    """Raises NotWell where the log is not the one that this copy was read from: a bucket that was put back to an earlier
    day would go on from there, and what was committed since would be lost to whoever comes new."""
    number, commit = copy.last()
    if number and ((found := read(copy.place, number)) is None or found.commit != commit):
        raise put_back(copy, number)


def put_back(copy: Copy, number: int) -> NotWell:
    return NotWell(
        f"kho chung đã lùi lại / the log of {copy.place} has not the commit {number} that {copy.home.lake} holds: the bucket "
        "was put back to an earlier state; put it right, or begin a new one from a whole copy (docs/postgres.md)"
    )


def needed_target() -> Target:
    target = target_of(WAREHOUSE)
    if target is None:
        raise ThiduaError(
            f"{STORE} cần / needs {WAREHOUSE} too: the hosts wait for each other, and build, in that Postgres "
            "(docs/postgres.md)"
        )
    return target


def _read_house(place: Place) -> dict[str, Any]:
    content = place.read(HOUSE)
    if content is None:
        raise NotWell(
            f"kho chung trống / the lake's store {place} is empty or another one: mend {STORE}, or begin it with "
            "`thidua store-init`"
        )
    house: dict[str, Any] = json.loads(content)
    return house


def _join(home: Home, place: Place, house: dict[str, Any]) -> None:
    """Makes an empty lake/ a copy of this store, or finds that it is one."""
    mine = store_dir(home) / HOUSE
    if mine.exists():
        if json.loads(mine.read_bytes()) != house:
            raise NotWell(
                f"sai kho chung / {place} is the store of another house than {home.lake}: mend {STORE}, or move that lake/ "
                "away"
            )
    elif next(of_lake(home), None) and not mine.exists():  # another first command may have begun to fill it by now
        raise NotWell(
            f"{home.lake} không phải là bản sao của / is no copy of {place}: move it away, and this host takes what is there"
        )
    check_key(home, place, house)
    if not mine.exists():
        home.restricted_folder()
        write_once(home.restricted / FINGERPRINT, house["key"].encode(), mode=0o600)
        write_once(mine, canonical(house))


def check_key(home: Home, place: Place, house: dict[str, Any]) -> None:
    """Raises NotWell where this host has another key of pseudonyms: the same person would be two."""
    path = key_path(home)
    said = {key_fingerprint(path.read_bytes())} if path.exists() else set()
    if (home.restricted / FINGERPRINT).exists():
        said.add(fingerprint_of_key(home) or "")
    if said - {house["key"]}:
        raise NotWell(
            f"sai khóa mã hóa số định danh / {path} is not the key that the house of {place} began with: put that one "
            "there (mode 0600), as on its other hosts"
        )
