"""Entries of the lake that prove themselves: JSON documents that carry the hash of what they say.

An entry is written once, in one way of writing; read back, other bytes than those are found, whatever was changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from thidua.errors import NotWell
from thidua.lake.writing import put_entry
from thidua.settings import Home

Entry = dict[str, Any]


class Changed(NotWell):
    """What lies in the lake is not what was written (exit code 1)."""


def canonical(content: Any) -> bytes:
    """The one way of writing a value; equal values give equal bytes."""
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True).encode()


def digest(content: Any) -> str:
    """sha256 over the canonical writing, 64 hex digits."""
    return hashlib.sha256(canonical(content)).hexdigest()


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seal(content: Mapping[str, Any]) -> Entry:
    """The content with its own hash as `entry_id`."""
    return {**content, "entry_id": digest(dict(content))}


def write_entry(home: Home, path: Path, content: Mapping[str, Any]) -> Entry:
    """Writes a sealed entry; the same again is no error, another one in its place is."""
    entry = seal(content)
    put_entry(home, path, canonical(entry))
    if read_entry(path) != entry:
        raise NotWell(f"đã có nội dung khác / {path} holds something else already")
    return entry


def read_entry(path: Path) -> Entry:
    """An entry as it was written. Raises Changed when a byte of it is another one."""
    content = path.read_bytes()
    try:
        entry: Entry = json.loads(content)
        claimed = entry.pop("entry_id")
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise Changed(f"nội dung đã bị sửa / {path} is not as it was written") from error
    sealed = seal(entry)
    if sealed["entry_id"] != claimed or canonical(sealed) != content:
        raise Changed(f"nội dung đã bị sửa / {path} is not as it was written")
    return sealed
