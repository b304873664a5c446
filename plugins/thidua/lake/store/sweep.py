"""Takes out of the store what its log does not name: originals that retention deleted, and what killed processes sent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from thidua.lake.store.house import Copy, copy_of
from thidua.lake.store.log import Entry, Said, read_after
from thidua.lake.store.place import in_parallel
from thidua.settings import Home

# Twice as long as anybody may take from sending to committing.
_ABANDONED_AFTER = timedelta(days=1)


def sweep_files(home: Home) -> int:
    """Deletes them; how many. What was removed goes at once, what nobody committed after a day."""
    copy = copy_of(home)
    files = copy.place.listed("files")
    said, removed = state_of(entry for found in read_after(copy.place, 0) for _, entry in found)
    named = {key for one in said.values() for key in keys_of(one)}
    # The clocks of store and host may differ: nothing is older than a day before the latest object that there is.
    now = min(max((one.modified_ns for one in files), default=0), int(datetime.now(UTC).timestamp() * 1e9))
    limit = now - int(_ABANDONED_AFTER.total_seconds() * 1e9)
    gone = [one.key for one in files if one.key not in named and (one.key in removed or one.modified_ns < limit)]
    in_parallel(copy.place.delete, gone)
    return len(gone)


def state_of(entries: Iterable[Entry]) -> tuple[dict[str, Said], set[str]]:
    """What the log says lies in lake/, and the keys of what it says was taken away."""
    said: dict[str, Said] = {}
    removed: set[str] = set()
    for entry in entries:
        said |= dict(entry.adds)
        for path in entry.removes:
            removed |= set(keys_of(said.pop(path, {})))
    return said, removed


def keys_of(said: Said) -> list[str]:
    """The objects that hold the bytes of an entry of the log."""
    files = said["files"].values() if "files" in said else [said]
    return [str(one["key"]) for one in files if one.get("size")]


def all_said(copy: Copy) -> dict[str, Said]:
    """What the whole log says lies in lake/."""
    return state_of(entry for found in read_after(copy.place, 0) for _, entry in found)[0]
