"""What of lake/ belongs to all hosts: every entry and every whole folder, and neither the key nor slips.

Slips are made again where somebody asks for one; they and originals are only for their owner.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from thidua.settings import Home

RESTRICTED = "restricted"
# What is pointed at comes before what points: a copy in the making never lacks what an entry tells of.
IN_ORDER = (
    "restricted", "receipts", "deletions", "plans", "decisions", "batches", "closings", "objections", "approvals",
    "officials",
)  # fmt: skip
_OF_RESTRICTED = ("raw", "evidence")
# What a folder has that appears at once: a batch, an official version, a plan.
_MARKS = ("manifest.json", "snapshot.json")


def of_lake(home: Home) -> Iterator[tuple[str, Path]]:
    """(path below lake/, its file or folder) of everything that readers of the lake look at."""
    for top in (home.lake / name for name in IN_ORDER):
        if top.is_dir():
            for path in _below(top, home.lake):
                yield path.relative_to(home.lake).as_posix(), path


def is_of_lake(path: str) -> bool:
    """Whether a path below lake/ names something that of_lake yields: within it, in a folder that readers look at, and
    never the key or a slip."""
    parts = path.split("/")
    if len(parts) < 2 or any(not part or part.startswith(".") or "\\" in part or "\0" in part for part in parts):
        return False
    is_restricted = parts[0] == RESTRICTED
    return parts[0] in IN_ORDER and (not is_restricted or (len(parts) == 3 and parts[1] in _OF_RESTRICTED))


def _below(folder: Path, lake: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or (folder == lake / RESTRICTED and path.name not in _OF_RESTRICTED):
            continue
        if not path.is_dir() or any((path / mark).exists() for mark in _MARKS):
            yield path
        else:
            yield from _below(path, lake)


def mode_of(path: str) -> int:
    """The rights of a file of the lake by its path below lake/."""
    return 0o600 if path.startswith(f"{RESTRICTED}/") else 0o644
