"""Makes a backup while the house goes on working, and checks one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from thidua.errors import NotWell, ThiduaError
from thidua.files import locked, write_atomic
from thidua.intake.personal import fingerprint_of_key, key_path
from thidua.lake.entries import canonical
from thidua.operations.archive import Manifest, add_files, add_manifest, new_archive, read_archive
from thidua.operations.contents import HOME, Kept, deletions_of, is_secret, kept_files
from thidua.operations.metadata import copy_metadata
from thidua.settings import Home

LAST_BACKUP = "last_backup.json"
MARK = ".restoring.json"  # of restore.py, which explains it
_NAMED_BY_HASH = ("restricted/raw", "restricted/evidence")


@dataclass(frozen=True)
class Backup:
    """An archive and what it says of itself."""

    path: Path
    manifest: Manifest

    @property
    def is_whole(self) -> bool:
        return not self.manifest["damaged"]


def operations_lock(home: Home) -> Path:
    """Held by whoever copies, replaces or takes away files of the house as a whole."""
    return home.path / ".operations.lock"


def unfinished(home: Home) -> str | None:
    """Since when a restore is begun and not ended; None: there is none."""
    try:
        return str(json.loads((home.path / MARK).read_bytes())["stamp"])
    except FileNotFoundError:
        return None


def check_whole(home: Home) -> None:
    """Raises NotWell while a restore is unfinished: parts of two houses may lie there."""
    if begun := unfinished(home):
        raise NotWell(f"khôi phục dở từ / a restore is unfinished since {begun}: run the same `thidua restore` again")


def backup(
    home: Home,
    campaigns_dir: Path,
    target: Path,
    now: datetime,
    *,
    with_secrets: bool = False,
    with_airflow: bool = True,
    begin: Callable[[int], None] = lambda total: None,
    advance: Callable[[int], None] = lambda size: None,
) -> Backup:
    """Writes an archive to `target`, or into it where it is a folder. `begin` and `advance` tell of progress, in bytes.

    Raises ThiduaError when there is such a file already or it would be part of itself, NotWell when there is no house.
    """
    check_whole(home)
    if not home.lake.is_dir():
        raise NotWell(f"không có gì để sao lưu / there is nothing to back up in {home.path}; set THIDUA_HOME")
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    path = (target / f"thidua-{stamp}.tar.gz" if target.is_dir() else target).absolute()
    inside = [
        one for one in (home.lake, home.landing, home.outbox, campaigns_dir) if path.resolve().is_relative_to(one)
    ]
    if inside or path.exists():
        why = "lies within what is backed up" if inside else "is there already"
        raise ThiduaError(f"không ghi được vào đó / {path} {why}; name another place, on another disk")
    with locked(operations_lock(home)), TemporaryDirectory(prefix=".tmp-backup-", dir=home.path) as work:
        fingerprint_of_key(home)  # an older house has not written down which key it has
        files, notes = kept_files(home, campaigns_dir, with_secrets=with_secrets), []
        if with_airflow:
            copy, reason = copy_metadata(home, Path(work))
            files += [Kept(f"{HOME}/airflow/{copy.name}", copy, copy.stat().st_size)] if copy else []
            notes += [reason] if reason else []
        begin(sum(kept.size for kept in files))
        with new_archive(path) as tar:
            written, moved = add_files(tar, files, advance, lambda kept: deletions_of(home, kept))
            manifest = add_manifest(
                tar,
                {
                    "made_at": now.astimezone(UTC).isoformat(),
                    "files": written,
                    "with_secrets": with_secrets,
                    "has_key": key_path(home).exists(),
                    "left_out": [*notes, *(f"đang được ghi / was being written: {name}" for name in moved)],
                    "damaged": _damaged(written),
                },
            )
        made = Backup(path, manifest)
        said = {"path": str(path), "made_at": manifest["made_at"], "entry_id": manifest["entry_id"]}
        write_atomic(home.path / LAST_BACKUP, canonical({**said, "is_whole": made.is_whole}))
    return made


def verify(path: Path, open_file: Callable[[Path], Any] = lambda path: path.open("rb")) -> Backup:
    """Reads a whole archive and checks each byte. Raises NotWell when one is not as it was written."""
    if not path.is_file():
        raise ThiduaError(f"không có tệp / there is no backup {path}")
    with open_file(path) as opened:
        return Backup(path, read_archive(opened))


def _damaged(written: dict[str, dict[str, Any]]) -> list[str]:
    """Files of the lake whose name is their hash and whose bytes are others: the disk lost them, not the backup."""
    return sorted(
        name
        for name, said in written.items()
        if any(name.startswith(f"{HOME}/lake/{folder}/") for folder in _NAMED_BY_HASH)
        and PurePosixPath(name).name != said["sha256"]
    )


def contents_of(manifest: Manifest) -> dict[str, Any]:
    """What an archive holds, counted: for people who look at one."""
    names = list(manifest["files"])
    kinds = Counter(parts[2] for name in names if (parts := name.split("/"))[:2] == [HOME, "lake"] and len(parts) > 3)
    batches = {name.split("/")[3] for name in names if name.startswith(f"{HOME}/lake/batches/")}
    versions = {tuple(name.split("/")[3:6]) for name in names if name.startswith(f"{HOME}/lake/officials/")}
    return {
        "files": len(names),
        "bytes": sum(said["size"] for said in manifest["files"].values()),
        "receipts": kinds["receipts"],
        "batches": len(batches),
        "decisions": kinds["decisions"],
        "officials": ["/".join(version) for version in sorted(versions)],
        "originals": sum(1 for name in names if name.startswith(f"{HOME}/lake/restricted/raw/")),
        "waiting": sum(
            1 for name in names if name.startswith(f"{HOME}/landing/") and not name.endswith(".receipt.json")
        ),
        "airflow": any(name.startswith(f"{HOME}/airflow/airflow.d") for name in names),
        "secrets": sorted(name for name in names if is_secret(name)),
    }
