"""Originals that were deleted by retention: who, when, by which rule, and the hash of what is gone.

    lake/deletions/<content_sha256>.json
    lake/deletions/<content_sha256>-2.json  the same bytes were sent again and deleted again; -3 and so on

The record is written before the bytes go. Rows, faults and figures of the file stay in its batches, so that everything
computed from it is computed again; only the file itself can no longer be looked at or judged again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import count, takewhile
from pathlib import Path

from thidua.clock import LOCAL
from thidua.files import fsync_dir, locked
from thidua.lake.entries import Entry, read_entry, write_entry
from thidua.lake.receipts import raw_path
from thidua.settings import Home


def _path(home: Home, content_sha256: str, number: int = 1) -> Path:
    name = content_sha256 if number == 1 else f"{content_sha256}-{number}"
    return home.lake / "deletions" / f"{name}.json"


def records_of(home: Home, content_sha256: str) -> list[Path]:
    """The records of these bytes, the last deletion last."""
    paths = (_path(home, content_sha256, number) for number in count(1))
    return list(takewhile(Path.exists, paths))


def record_deletion(
    home: Home, content_sha256: str, *, submission_ids: Sequence[str], deleted_by: str, at: datetime, rule: str
) -> Entry:
    """Writes the record once; the first one stands, until it does not name a submission whose bytes go now."""
    records = records_of(home, content_sha256)
    if records and set(submission_ids) <= set((last := read_entry(records[-1]))["submission_ids"]):
        return last
    content = {
        "content_sha256": content_sha256,
        "size": raw_path(home, content_sha256).stat().st_size,
        "submission_ids": sorted(submission_ids),
        "deleted_by": deleted_by,
        "deleted_at": at.astimezone(UTC).isoformat(),
        "rule": rule,
    }
    return write_entry(home, _path(home, content_sha256, len(records) + 1), content)


def erase_original(home: Home, content_sha256: str, submission_ids: Iterable[str]) -> None:
    """Takes the bytes away, and before them the slips that carry a copy of them; without them slips are written again as a
    list of faults, personal values masked."""
    # Under the lock of those who write slips: none is copied from the file between the two. The bytes last: as long as
    # they are there, a killed run takes this up again.
    slips = home.restricted_folder("slips")
    with locked(slips / ".lock"):
        for submission_id in submission_ids:
            for slip in slips.glob(f"{submission_id}-*"):
                shutil.rmtree(slip)
        path = raw_path(home, content_sha256)
        path.unlink(missing_ok=True)
        fsync_dir(path.parent)


def is_deleted(home: Home, content_sha256: str) -> bool:
    """Whether the original is gone by a recorded deletion; the same bytes sent again are an original again."""
    return not raw_path(home, content_sha256).exists() and _path(home, content_sha256).exists()


def deletion_note(home: Home, content_sha256: str) -> str | None:
    """A line on a deleted original; None: it was not deleted. Raises Changed when the record was edited."""
    if not is_deleted(home, content_sha256):
        return None
    entry = read_entry(records_of(home, content_sha256)[-1])
    day = f"{datetime.fromisoformat(entry['deleted_at']).astimezone(LOCAL):%d/%m/%Y}"
    return f"bản gốc đã xóa theo quy định lưu trữ ngày {day} / original deleted by retention on {day} ({entry['deleted_by']})"
