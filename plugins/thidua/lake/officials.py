"""The closing of a period in the lake: freezes, approvals and official versions, written once and never changed.

    lake/closings/<campaign>/<period>/<n>.json     a freeze: what the closing is computed from
    lake/approvals/<campaign>/<period>/<id>.json   somebody's yes to exactly what they saw
    lake/officials/<campaign>/<period>/v<N>/       an official version: its tables as Parquet, and manifest.json

Readers see whole versions or none: a version is written under a temporary name, fsynced and renamed once.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from thidua.errors import NotWell, ThiduaError
from thidua.files import fsync_tree, write_atomic
from thidua.lake.entries import Changed, Entry, canonical, file_digest, read_entry, seal, write_entry
from thidua.lake.writing import put_folder
from thidua.settings import Home

MANIFEST = "manifest.json"
TEMPORARY = ".tmp-"
Row = dict[str, Any]


@dataclass(frozen=True)
class Official:
    """One official version. `manifest` says what it rests on and who approved it; the tables lie beside it."""

    folder: Path
    manifest: Entry

    @property
    def campaign_id(self) -> str:
        return str(self.manifest["campaign_id"])

    @property
    def period_id(self) -> str:
        return str(self.manifest["period_id"])

    @property
    def version(self) -> int:
        return int(self.manifest["version"])

    @property
    def content_hash(self) -> str:
        return str(self.manifest["content_hash"])

    @property
    def approved_at(self) -> datetime:
        return datetime.fromisoformat(self.manifest["approved_at"])

    def path_of(self, table: str) -> Path:
        return self.folder / f"{table}.parquet"

    def rows(self, table: str) -> list[Row]:
        """The rows of one table in their order; values are int, Decimal, bool, date, datetime (UTC) or text."""
        import duckdb

        if table not in self.manifest["tables"]:
            raise ThiduaError(f"không có bảng / no table '{table}' (there are: {', '.join(self.manifest['tables'])})")
        with duckdb.connect(":memory:") as connection:
            connection.execute("set TimeZone = 'UTC'")
            cursor = connection.execute("select * from read_parquet(?)", [str(self.path_of(table))])
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def faults(self) -> list[str]:
        """Each file of the version that is missing or has other bytes than when it was written."""
        found = []
        for table, said in sorted(self.manifest["tables"].items()):
            path = self.path_of(table)
            if not path.exists():
                found.append(f"thiếu tệp / {path} is missing")
            elif file_digest(path) != said["sha256"]:
                found.append(f"nội dung đã bị sửa / {path} is not as it was written")
        return found


def closings_dir(home: Home, campaign_id: str, period_id: str) -> Path:
    return home.lake / "closings" / campaign_id / period_id


def approvals_dir(home: Home, campaign_id: str, period_id: str) -> Path:
    return home.lake / "approvals" / campaign_id / period_id


def officials_dir(home: Home, campaign_id: str, period_id: str) -> Path:
    return home.lake / "officials" / campaign_id / period_id


def closing_lock(home: Home, campaign_id: str, period_id: str) -> Path:
    """Held by whoever freezes, approves or issues this closing."""
    return closings_dir(home, campaign_id, period_id) / ".lock"


def _entries(folder: Path) -> list[Entry]:
    return [read_entry(path) for path in sorted(folder.glob("*.json")) if not path.name.startswith(".")]


def load_freezes(home: Home, campaign_id: str, period_id: str) -> list[Entry]:
    """The freezes of a closing, in their order."""
    entries = _entries(closings_dir(home, campaign_id, period_id))
    return sorted(entries, key=lambda entry: int(entry["number"]))


def write_freeze(home: Home, content: Mapping[str, Any]) -> Entry:
    folder = closings_dir(home, content["campaign_id"], content["period_id"])
    return write_entry(home, folder / f"{content['number']}.json", content)


def load_approvals(home: Home, campaign_id: str, period_id: str) -> list[Entry]:
    """Every approval of a closing, in the order in which they were given."""
    entries = _entries(approvals_dir(home, campaign_id, period_id))
    return sorted(entries, key=lambda entry: (datetime.fromisoformat(entry["approved_at"]), int(entry["number"])))


def write_approval(home: Home, content: Mapping[str, Any]) -> Entry:
    entry_id = seal(content)["entry_id"]
    folder = approvals_dir(home, content["campaign_id"], content["period_id"])
    return write_entry(home, folder / f"{entry_id[:32]}.json", content)


def list_versions(home: Home, campaign_id: str, period_id: str) -> list[int]:
    """The numbers of the official versions of a closing, from 1 on."""
    folder = officials_dir(home, campaign_id, period_id)
    return sorted(int(path.name[1:]) for path in folder.glob("v*") if path.is_dir())


def load_version(home: Home, campaign_id: str, period_id: str, version: int | None = None) -> Official:
    """An official version, the latest one where none is named. Raises NotWell when there is none such, Changed when
    its manifest was edited."""
    versions = list_versions(home, campaign_id, period_id)
    wanted = version if version is not None else (versions[-1] if versions else None)
    if wanted is None or wanted not in versions:
        there = ", ".join(map(str, versions)) or "none"
        raise NotWell(
            f"chưa có bản chính thức / there is no official version {wanted or ''} of {campaign_id} {period_id} "
            f"(there are: {there})"
        )
    folder = officials_dir(home, campaign_id, period_id) / f"v{wanted}"
    manifest = read_entry(folder / MANIFEST)
    if (manifest["campaign_id"], manifest["period_id"], manifest["version"]) != (campaign_id, period_id, wanted):
        raise Changed(f"bản chính thức nằm sai chỗ / {folder} holds another version than its name says")
    return Official(folder, manifest)


def load_officials(home: Home, known_at: datetime | None = None) -> list[Official]:
    """Every official version approved up to `known_at` (None: all), by campaign, period and number."""
    found = []
    for folder in sorted((home.lake / "officials").glob("*/*")):
        campaign_id, period_id = folder.parent.name, folder.name
        for version in list_versions(home, campaign_id, period_id):
            official = load_version(home, campaign_id, period_id, version)
            if known_at is None or official.approved_at <= known_at:
                found.append(official)
    return found


def new_version_dir(home: Home, campaign_id: str, period_id: str) -> Path:
    """A fresh temporary directory to write a version's tables into; the caller holds the closing's lock."""
    parent = officials_dir(home, campaign_id, period_id)
    parent.mkdir(parents=True, exist_ok=True)
    for left_behind in parent.glob(f"{TEMPORARY}*"):
        shutil.rmtree(left_behind)
    folder = parent / f"{TEMPORARY}{uuid4().hex}"
    folder.mkdir()
    return folder


def commit_version(home: Home, folder: Path, manifest: Mapping[str, Any]) -> Official:
    """Makes a directory of tables the version that its manifest names; the caller holds the closing's lock."""
    tables = {
        table: {**said, "sha256": file_digest(folder / f"{table}.parquet")}
        for table, said in manifest["tables"].items()
    }
    entry = seal({**manifest, "tables": tables})
    write_atomic(folder / MANIFEST, canonical(entry))
    fsync_tree(folder)
    final = folder.parent / f"v{manifest['version']}"
    put_folder(home, folder, final)
    return Official(final, entry)
