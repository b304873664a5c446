"""Compound files, the containers of XLS: just enough to reach one stream. What is damaged has no streams."""

from __future__ import annotations

import struct

_END = 0xFFFFFFFA  # this and above are no sectors
_ENTRY = 128


def read_stream(content: bytes, names: tuple[str, ...]) -> bytes | None:
    """The first stream of one of the names; None when the file has none that can be read."""
    try:
        return _read(content, names)
    except (struct.error, IndexError):
        return None


def stream_names(content: bytes) -> set[str]:
    try:
        return {name for name, _, _, _ in _entries(_chain(content, *_directory(content)))}
    except (struct.error, IndexError):
        return set()


def _directory(content: bytes) -> tuple[list[int], int, int]:
    table, sector = _table(content)
    return table, struct.unpack_from("<I", content, 48)[0], sector


def _read(content: bytes, names: tuple[str, ...]) -> bytes | None:
    table, first, sector = _directory(content)
    entries = _entries(_chain(content, table, first, sector))
    found = next((entry for name in names for entry in entries if entry[0] == name and entry[1] == 2), None)
    if found is None:
        return None
    _, _, start, size = found
    if size >= struct.unpack_from("<I", content, 56)[0]:
        return _chain(content, table, start, sector)[:size]
    # Small streams share the stream of the root, in sectors of their own.
    root = next(entry for entry in entries if entry[1] == 5)
    small_table = _numbers(_chain(content, table, struct.unpack_from("<I", content, 60)[0], sector))
    small_sector: int = 1 << struct.unpack_from("<H", content, 32)[0]
    return _chain(_chain(content, table, root[2], sector), small_table, start, small_sector, head=0)[:size]


def _table(content: bytes) -> tuple[list[int], int]:
    """Which sector follows which, and the size of a sector."""
    sector = 1 << struct.unpack_from("<H", content, 30)[0]
    parts = [number for number in struct.unpack_from("<109I", content, 76) if number < _END]
    more = struct.unpack_from("<I", content, 68)[0]
    seen: set[int] = set()
    while more < _END and more not in seen:
        seen.add(more)
        numbers = _numbers(content[(more + 1) * sector : (more + 2) * sector])
        parts += [number for number in numbers[:-1] if number < _END]
        more = numbers[-1]
    return _numbers(b"".join(content[(part + 1) * sector : (part + 2) * sector] for part in parts)), sector


def _numbers(raw: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(raw) // 4}I", raw[: len(raw) // 4 * 4]))


def _chain(content: bytes, table: list[int], first: int, sector: int, head: int = 1) -> bytes:
    """The bytes of a chain of sectors; `head` sectors stand before the first one. A ring is read once."""
    pieces = []
    seen: set[int] = set()
    while first < _END and first not in seen and first < len(table):
        seen.add(first)
        pieces.append(content[(first + head) * sector : (first + head + 1) * sector])
        first = table[first]
    return b"".join(pieces)


def _entries(directory: bytes) -> list[tuple[str, int, int, int]]:
    """(name, kind, first sector, size)."""
    entries = []
    for place in range(0, len(directory) - _ENTRY + 1, _ENTRY):
        entry = directory[place : place + _ENTRY]
        length, kind = struct.unpack_from("<HB", entry, 64)
        start, size = struct.unpack_from("<II", entry, 116)
        if kind:
            entries.append((entry[: max(0, min(length, 64) - 2)].decode("utf-16-le", "replace"), kind, start, size))
    return entries
