"""Files that are either whole or absent: temporary name, fsync, rename; and a lock between processes."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


def fsync_dir(folder: Path) -> None:
    """Makes the names in a folder durable; a rename is only safe after this."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_tree(folder: Path) -> None:
    """Makes every file below a folder durable, then the folders themselves."""
    for root, _, names in os.walk(folder, topdown=False):
        for name in names:
            with (Path(root) / name).open("rb") as file:
                os.fsync(file.fileno())
        fsync_dir(Path(root))


def _write_temporary(path: Path, content: bytes, mode: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".tmp-{uuid4().hex}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return temporary


def write_atomic(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Replaces `path` as a whole; a reader sees the old bytes or the new ones, never a part."""
    _write_temporary(path, content, mode).replace(path)
    fsync_dir(path.parent)


def write_once(path: Path, content: bytes, mode: int = 0o644) -> bool:
    """Creates `path` unless it exists; the first writer wins. Returns whether this call created it."""
    if path.exists():
        return False
    temporary = _write_temporary(path, content, mode)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink()
    fsync_dir(path.parent)
    return True


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Holds an exclusive lock between processes; released by the system when the holder dies. Without `wait`, raises
    BlockingIOError where somebody holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
