"""Damages valid files as transfer, editing and malice do: bytes, cells, headers, encodings, the structure of ZIP files.

`mutated(random, name, content)` is the entry: the same seed makes the same file.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable
from random import Random

Mutator = Callable[[Random, bytes], bytes]

# What stands in cells where nobody expects it.
CELLS = [
    "", " ", "-", "0", "-1", "38.000", "38,000", "28.310,5", "74,04%", "(12)", "1e309", "NaN", "∞", "#REF!", "#N/A", "=1+1",
    "=cmd|' /C calc'!A0", "@SUM(A1)", "Tổng cộng", "I", "Bảo Lộc", "§µ L¹t", "Ñaø Laït", "Láº¡t", "Châu Thành", "30/06/2023",
    "31/02/2023", "06/30/2023", "45107", "99999999999999999999", "9" * 400, "x" * 5_000, "\u0000", "\ufffd", "\u202e", "́",
    "🎉", "\r", "\n", '"', '""', "'", ";", "\t", "|", "null", "TRUE", "<b>", "&amp;", "{value}", "%s", "' or 1=1 --", "../..",
]  # fmt: skip
NUMBERS = [
    b"0",
    b"-1",
    b"1",
    b"65535",
    b"65536",
    b"1048576",
    b"1048577",
    b"4294967295",
    b"99999999999999999999",
    b"x",
    b"",
]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1258", "cp1252", "latin-1", "utf-7"]


def mutated(random: Random, name: str, content: bytes) -> tuple[str, bytes]:
    """Another name and content; one damage to four."""
    for _ in range(random.choice([1, 1, 1, 2, 2, 4])):
        content = _damage(random, content)
    if random.random() < 0.1:
        stem = name.rpartition(".")[0]
        name = f"{stem}.{random.choice(['csv', 'txt', 'xlsx', 'xls', 'xlsb', 'ods'])}"
    return name, content


def _damage(random: Random, content: bytes) -> bytes:
    if content.startswith(b"PK\x03\x04"):
        kinds = [*PACKAGES, random.choice(BYTES)]
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        kinds = BYTES
    else:
        kinds = [*TEXTS, random.choice(BYTES)]
    return random.choice(kinds)(random, content)


# --- bytes ---


def _piece(random: Random, content: bytes) -> tuple[int, int]:
    start = random.randrange(len(content) + 1)
    return start, min(len(content), start + random.choice([1, 2, 4, 8, 64, 512, 4096]))


def flip(random: Random, content: bytes) -> bytes:
    damaged = bytearray(content)
    for _ in range(random.choice([1, 2, 8, 32])):
        if damaged:
            damaged[random.randrange(len(damaged))] ^= 1 << random.randrange(8)
    return bytes(damaged)


def overwrite(random: Random, content: bytes) -> bytes:
    start, stop = _piece(random, content)
    filler = random.choice([b"\0", b"\xff", b"\x80", random.randbytes(1)])
    return content[:start] + filler * (stop - start) + content[stop:]


def cut_out(random: Random, content: bytes) -> bytes:
    start, stop = _piece(random, content)
    return content[:start] + content[stop:]


def cut_off(random: Random, content: bytes) -> bytes:
    return content[: random.randrange(len(content) + 1)]


def repeat(random: Random, content: bytes) -> bytes:
    start, stop = _piece(random, content)
    return content[:stop] + content[start:stop] * random.choice([1, 2, 50]) + content[stop:]


def insert(random: Random, content: bytes) -> bytes:
    start, _ = _piece(random, content)
    return content[:start] + random.randbytes(random.choice([1, 4, 100])) + content[start:]


BYTES: list[Mutator] = [flip, overwrite, cut_out, cut_off, repeat, insert]


# --- text ---


def _text(content: bytes) -> tuple[str, str]:
    for encoding in ("utf-8-sig", "utf-16"):
        try:
            text = content.decode(encoding)
        except UnicodeError:
            continue
        if "\0" not in text:
            return text, encoding
    return content.decode("latin-1"), "latin-1"


def _with_text(change: Callable[[Random, str], str]) -> Mutator:
    def mutate(random: Random, content: bytes) -> bytes:
        text, encoding = _text(content)
        return change(random, text).encode(encoding, "replace")

    return mutate


def _change_cell(random: Random, text: str) -> str:
    places = [match.span() for match in re.finditer(r"[^,;\t|\r\n]+", text)]
    if not places:
        return random.choice(CELLS)
    start, stop = random.choice(places)
    return text[:start] + random.choice(CELLS) + text[stop:]


def _change_lines(random: Random, text: str) -> str:
    lines = text.splitlines(keepends=True) or [""]
    place = random.randrange(len(lines))
    kind = random.randrange(6)
    if kind == 0:
        lines.insert(place, random.choice(["\n", "\r\n\r\n", ",,,\n", "BÁO CÁO\n", "x\n" * 50]))
    elif kind == 1:
        del lines[place]
    elif kind == 2:
        lines.insert(place, lines[random.randrange(len(lines))])
    elif kind == 3:
        random.shuffle(lines)
    elif kind == 4:
        lines[place] = lines[place].rstrip("\r\n") + random.choice([",", ";;", "\t", ",x" * 1_500]) + "\n"
    else:
        lines[place] = lines[place] * random.choice([2, 300])
    return "".join(lines)


def _change_signs(random: Random, text: str) -> str:
    old, new = random.sample([",", ";", "\t", "|", "\n", "\r\n", '"', "\0", " ", "."], 2)
    return text.replace(old, new, random.choice([1, 3, -1]))


def recode(random: Random, content: bytes) -> bytes:
    text, _ = _text(content)
    recoded = text.encode(random.choice(ENCODINGS), "replace")
    return recoded if random.random() < 0.7 else recoded.decode("cp1252", "replace").encode()


TEXTS: list[Mutator] = [_with_text(_change_cell), _with_text(_change_lines), _with_text(_change_signs), recode]


# --- packages ---


def _parts(content: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            return {name: package.read(name) for name in package.namelist()}
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, RuntimeError, EOFError):
        return {}


def _with_parts(change: Callable[[Random, dict[str, bytes]], None]) -> Mutator:
    """A change inside of the package, its sizes and checksums right again, so that more than the ZIP is tried."""

    def mutate(random: Random, content: bytes) -> bytes:
        parts = _parts(content)
        if not parts:
            return flip(random, content)
        change(random, parts)
        stream = io.BytesIO()
        compression = random.choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_BZIP2])
        with zipfile.ZipFile(stream, "w", compression) as package:
            for name, part in parts.items():
                package.writestr(name, part)
        return stream.getvalue()

    return mutate


def _damage_part(random: Random, parts: dict[str, bytes]) -> None:
    name = random.choice(list(parts))
    parts[name] = random.choice(BYTES)(random, parts[name])


def _change_numbers(random: Random, parts: dict[str, bytes]) -> None:
    """Rows, columns, counts, indexes and styles that do not exist."""
    name = random.choice(list(parts))
    numbers = list(re.finditer(rb"\d+", parts[name]))
    for match in random.sample(numbers, min(len(numbers), random.choice([1, 3, 10]))):
        start, stop = match.span()
        changed = random.choice(NUMBERS).ljust(stop - start)[: stop - start]
        if random.random() < 0.3:
            changed = random.choice(NUMBERS)
            parts[name] = parts[name][:start] + changed + parts[name][stop:]
            return
        parts[name] = parts[name][:start] + changed + parts[name][stop:]


def _change_elements(random: Random, parts: dict[str, bytes]) -> None:
    name = random.choice([name for name in parts if name.endswith((".xml", ".rels"))] or list(parts))
    elements = list(re.finditer(rb"<[^<>]*>", parts[name]))
    if not elements:
        return
    start, stop = random.choice(elements).span()
    kind = random.randrange(4)
    element = parts[name][start:stop]
    replaced = [b"", element * random.choice([2, 1_000]), random.choice(elements)[0], b"<!-- -->"][kind]
    parts[name] = parts[name][:start] + replaced + parts[name][stop:]


def _change_texts(random: Random, parts: dict[str, bytes]) -> None:
    name = random.choice([name for name in parts if name.endswith(".xml")] or list(parts))
    texts = list(re.finditer(rb">[^<>]+<", parts[name]))
    if texts:
        start, stop = random.choice(texts).span()
        changed = random.choice(CELLS).replace("&", "&amp;").replace("<", "&lt;").encode()
        parts[name] = parts[name][: start + 1] + changed + parts[name][stop - 1 :]


def _change_list(random: Random, parts: dict[str, bytes]) -> None:
    names = list(parts)
    first, second = random.choice(names), random.choice(names)
    kind = random.randrange(5)
    if kind == 0:
        del parts[first]
    elif kind == 1:
        parts[first], parts[second] = parts[second], parts[first]
    elif kind == 2:
        parts[random.choice([first.upper(), "/" + first, "../" + first, first.replace("/", "\\"), "ă" * 300])] = (
            parts.pop(first)
        )
    elif kind == 3:
        parts[first] = b""
    else:
        parts[f"xl/worksheets/sheet{random.randrange(100)}.xml"] = parts[first]


PACKAGES: list[Mutator] = [
    _with_parts(change)
    for change in (_damage_part, _change_numbers, _change_elements, _change_texts, _change_list, _damage_part)
]
