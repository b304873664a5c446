"""Originals that were deleted by retention: who, when, by which rule, and the hash of what is gone.

    lake/deletions/<content_sha256>.json

The record is written before the bytes go. Rows, faults and figures of the file stay in its batches, so that everything
computed from it is computed again; only the file itself can no longer be looked at or judged again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from thidua.clock import LOCAL
from thidua.lake.entries import Entry, read_entry, write_entry
from thidua.lake.receipts import raw_path
from thidua.settings import Home


def _path(home: Home, content_sha256: str) -> Path:
    return home.lake / "deletions" / f"{content_sha256}.json"


def record_deletion(
    home: Home, content_sha256: str, *, submission_ids: Sequence[str], deleted_by: str, at: datetime, rule: str
) -> Entry:
    """Writes the record once; the first one stands."""
    path = _path(home, content_sha256)
    if path.exists():
        return read_entry(path)
    content = {
        "content_sha256": content_sha256,
        "size": raw_path(home, content_sha256).stat().st_size,
        "submission_ids": sorted(submission_ids),
        "deleted_by": deleted_by,
        "deleted_at": at.astimezone(UTC).isoformat(),
        "rule": rule,
    }
    return write_entry(path, content)


def is_deleted(home: Home, content_sha256: str) -> bool:
    """Whether the original is gone by a recorded deletion; the same bytes sent again are an original again."""
    return not raw_path(home, content_sha256).exists() and _path(home, content_sha256).exists()


def deletion_note(home: Home, content_sha256: str) -> str | None:
    """A line on a deleted original; None: it was not deleted. Raises Changed when the record was edited."""
    if not is_deleted(home, content_sha256):
        return None
    entry = read_entry(_path(home, content_sha256))
    day = f"{datetime.fromisoformat(entry['deleted_at']).astimezone(LOCAL):%d/%m/%Y}"
    return f"bản gốc đã xóa theo quy định lưu trữ ngày {day} / original deleted by retention on {day} ({entry['deleted_by']})"
