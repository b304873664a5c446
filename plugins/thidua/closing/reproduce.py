"""Recomputes an official version from lake/ alone and says whether it is the same.

Two things are asked: whether every byte is as it was written (the version, its freeze, its approvals, its batches,
receipts, raw files, decisions and plan), and whether the rows come out again. campaigns/, warehouse/ and serve/ are not
looked at.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from thidua.closing.basis import Basis, code_version, deleted_originals, input_faults
from thidua.closing.compute import Computed, compute_basis, plain_rows, rows_digest
from thidua.closing.rules import FIRST_RULES
from thidua.errors import NotWell
from thidua.lake.entries import Changed, digest
from thidua.lake.officials import Official, load_approvals, load_freezes, load_version
from thidua.settings import Home


@dataclass(frozen=True)
class Reproduced:
    """`faults`: bytes that changed; `differences`: rows and columns that come out otherwise; `notes`: originals that
    retention deleted, from which nothing is computed."""

    campaign_id: str
    period_id: str
    version: int
    faults: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    is_same_code: bool = True
    notes: list[str] = field(default_factory=list)

    @property
    def is_identical(self) -> bool:
        return not self.faults and not self.differences


def reproduce(home: Home, campaign_id: str, period_id: str, version: int | None = None) -> Reproduced:
    """Checks an official version, the latest one where none is named. Raises NotWell when there is none such."""
    try:
        official = load_version(home, campaign_id, period_id, version)
    except Changed as error:
        return Reproduced(campaign_id, period_id, version or 0, [error.message])
    manifest = official.manifest
    basis = Basis(manifest["freeze"], manifest["inputs"]["decisions"], manifest.get("rules", FIRST_RULES))
    try:
        faults = [*official.faults(), *_entry_faults(home, official), *input_faults(home, basis)]
        notes = deleted_originals(home, basis)
    except Changed as error:
        return Reproduced(campaign_id, period_id, official.version, [error.message])
    same_code = basis.freeze["code"] == code_version()
    if faults:
        # From inputs that are not those of the version nothing can be concluded.
        return Reproduced(campaign_id, period_id, official.version, faults, [], same_code, notes)
    folder = Path(mkdtemp(prefix="thidua-reproduce-"))
    try:
        computed = compute_basis(home, basis, folder)
    except NotWell as error:
        return Reproduced(campaign_id, period_id, official.version, [], [error.message], same_code, notes)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    differences = _differences(official, computed)
    return Reproduced(campaign_id, period_id, official.version, [], differences, same_code, notes)


def _entry_faults(home: Home, official: Official) -> list[str]:
    """Whether the freeze and the approvals that the manifest tells of still lie in the lake, unchanged."""
    manifest = official.manifest
    faults = []
    try:
        freezes = {entry["entry_id"] for entry in load_freezes(home, official.campaign_id, official.period_id)}
        if manifest["freeze"]["entry_id"] not in freezes:
            faults.append(f"thiếu bản chốt số liệu / the freeze {manifest['freeze']['entry_id'][:12]} is missing")
        approvals = {
            entry["entry_id"]: entry for entry in load_approvals(home, official.campaign_id, official.period_id)
        }
        for said in manifest["approvals"]:
            entry = approvals.get(said["entry_id"])
            if entry is None or entry["content_hash"] != official.content_hash:
                faults.append(f"thiếu phê duyệt / the approval of {said['user']} is missing")
    except Changed as error:
        faults.append(error.message)
    contents = {name: said["content"] for name, said in manifest["tables"].items()}
    if digest({"inputs": manifest["inputs"], "tables": contents}) != official.content_hash:
        faults.append(f"mã băm nội dung không khớp / {official.folder}: the content hash is not that of its tables")
    return faults


def _differences(official: Official, computed: Computed) -> list[str]:
    found = []
    for table in sorted(official.manifest["tables"].keys() | computed.tables.keys()):
        if table not in official.manifest["tables"] or table not in computed.tables:
            found.append(f"{table}: only one side has this table")
            continue
        then, now = plain_rows(official.rows(table)), computed.tables[table].rows
        if rows_digest(then) != rows_digest(now):
            found += _row_differences(table, then, now)
    return found


def _row_differences(table: str, then: list[dict[str, Any]], now: list[dict[str, Any]]) -> list[str]:
    """Rows are told by their ids; each column that differs is named with both values."""
    ids = [name for name in (then or now)[0] if name.endswith("_id") or name in {"name", "recipient_kind"}]
    keys = [name for name in ids if name not in {"submission_id", "prize_id", "decision_id"} or table != "ranking"]

    def key(row: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(str(row.get(name) or "") for name in keys)

    before, after = {key(row): row for row in then}, {key(row): row for row in now}
    lines = []
    for one in sorted(before.keys() | after.keys()):
        where = f"{table} {' '.join(part for part in one if part)}"
        if one not in after:
            lines.append(f"{where}: không tính ra nữa / official, but no longer computed")
        elif one not in before:
            lines.append(f"{where}: tính ra thêm / computed, but not official")
        else:
            lines += [
                f"{where}, {column}: {before[one].get(column)} → {after[one].get(column)}"
                for column in sorted(before[one].keys() | after[one].keys())
                if before[one].get(column) != after[one].get(column)
            ]
    return lines or [f"{table}: the number of equal rows differs"]
