"""What a backup holds, and what it leaves out.

Held: the lake, the plans, what waits in landing/, the outbox with its marks of what was sent, the house's own lists,
Airflow's metadata. Left out: what can be made again (warehouse/, serve/, caches, Data Docs) and, unless asked for, the
secrets: the key of pseudonyms, Airflow's own keys and passwords.

Ingest and builds may run meanwhile. Nothing of the lake changes once it is there, and whatever an entry points at was
written before it: so what points is listed before what it points at, and a listing never lacks what it tells of.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from thidua.intake.personal import FINGERPRINT, key_path
from thidua.lake.deletions import is_deleted, records_of
from thidua.lake.receipts import SIDECAR, raw_path, waiting_files
from thidua.lake.store.tree import IN_ORDER
from thidua.settings import Home

# The names of the archive begin with one of these.
HOME, CAMPAIGNS = "home", "campaigns"
# What points comes before what is pointed at, so that nothing lacks it; unknown folders before all.
_POINTED_AT = IN_ORDER[::-1]
_OWN_FILES = ("contacts.csv", "retention.yml")
AIRFLOW_SECRETS = ("airflow.cfg", "passwords.json")


@dataclass(frozen=True)
class Kept:
    """A file that belongs into a backup, by its name there. `moves`: others may change or take it away meanwhile."""

    name: str
    path: Path
    size: int
    moves: bool = False


def kept_files(home: Home, campaigns_dir: Path, *, with_secrets: bool) -> list[Kept]:
    """Everything a backup holds but Airflow's metadata, each file once."""
    # landing/ before the lake: what is received in between is in both, which is one receipt; never in none.
    waiting = sorted(waiting_files(home))
    kept = [_in_landing(home, path) for path, _, _ in waiting]
    kept += [_in_landing(home, path + SIDECAR) for path, _, _ in waiting if (home.landing / (path + SIDECAR)).is_file()]
    kept += _of_lake(home, with_secrets=with_secrets)
    kept += _below(home.outbox, f"{HOME}/outbox")
    own = [home.path / name for name in _OWN_FILES]
    if with_secrets:
        own += [home.airflow / name for name in AIRFLOW_SECRETS]
    kept += [_kept(path, f"{HOME}/{path.relative_to(home.path).as_posix()}") for path in own if path.is_file()]
    kept += _below(campaigns_dir, CAMPAIGNS, moves=True)
    return kept


def _kept(path: Path, name: str, moves: bool = False) -> Kept:
    return Kept(name, path, path.stat().st_size, moves)


def _in_landing(home: Home, landing_path: str) -> Kept:
    path = home.landing / landing_path
    return Kept(f"{HOME}/landing/{landing_path}", path, path.stat().st_size if path.exists() else 0, True)


def _of_lake(home: Home, *, with_secrets: bool) -> Iterator[Kept]:
    if not home.lake.is_dir():
        return
    folders = [path.name for path in home.lake.iterdir() if path.is_dir() and not path.name.startswith(".")]
    for folder in sorted(folders, key=lambda name: _POINTED_AT.index(name) if name in _POINTED_AT else -1):
        for kept in _below(home.lake / folder, f"{HOME}/lake/{folder}"):
            if with_secrets or kept.path != key_path(home):
                yield kept


def _below(folder: Path, name: str, moves: bool = False) -> Iterator[Kept]:
    """The regular files below a folder. Locks and what is being written have hidden names; links are not followed."""
    if not folder.is_dir():
        return
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for file in sorted(files):
            path = Path(root) / file
            if not file.startswith(".") and path.is_file() and not path.is_symlink():
                yield _kept(path, f"{name}/{path.relative_to(folder).as_posix()}", moves)


def deletions_of(home: Home, kept: Kept) -> list[Kept]:
    """The records of an original's deletion, where it was deleted since it was listed; none: it is not gone by one. With a
    store, another host's retention may take it away at any time."""
    if kept.path != raw_path(home, kept.path.name) or not is_deleted(home, kept.path.name):
        return []
    return [
        _kept(path, f"{HOME}/{path.relative_to(home.path).as_posix()}") for path in records_of(home, kept.path.name)
    ]


def is_secret(name: str) -> bool:
    """Whether a name of the archive is one of those that only a backup with secrets holds."""
    return name in {f"{HOME}/lake/restricted/person.key", *(f"{HOME}/airflow/{one}" for one in AIRFLOW_SECRETS)}


def fingerprint_name() -> str:
    """Where the archive tells which key the pseudonyms were made with; it does not tell the key."""
    return f"{HOME}/lake/restricted/{FINGERPRINT}"
