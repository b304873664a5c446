"""From the bytes of a text file to UTF-8 in NFC: UTF-8, UTF-16 and what old Vietnamese machines write.

Bytes and not str, since most files are UTF-8 already and the fast reader wants bytes. Nothing is guessed that could load
garbled text: what is in the encoding of a font, broken, or no text is a FileFault.
"""

from __future__ import annotations

import codecs
import re
import unicodedata

import numpy as np
import pyarrow as pa

from thidua.intake.faults import FileFault
from thidua.intake.fonts import TCVN3, VNI, foreign_words
from thidua.intake.syllables import is_syllable

_MARKS = [
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
]
# Lead bytes of the combining marks U+0300 to U+037F; no other letter has them.
_COMBINING = (b"\xcc", b"\xcd")
_SAMPLE = 100_000
_WORD = re.compile(r"[^\W\d_]+")
# Control characters that no text holds, but tab, line feed, carriage return and the end mark of DOS.
_BINARY = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x19\x1b-\x1f]")


def to_utf8(content: bytes) -> tuple[bytes, str]:
    """(the text as UTF-8 in NFC without a byte order mark, its encoding). Raises FileFault."""
    utf8, encoding = _to_utf8(content)
    if b"\0" in utf8:
        line = utf8[: utf8.index(b"\0")].count(b"\n") + 1
        raise FileFault(
            "unreadable_file",
            reason_vi=f"không phải tệp văn bản (ký tự NUL ở dòng {line})",
            reason_en=f"it is not a text file (a NUL character in line {line})",
        )
    if any(lead in utf8 for lead in _COMBINING):
        utf8 = unicodedata.normalize("NFC", utf8.decode()).encode()
    return utf8, encoding


def _to_utf8(content: bytes) -> tuple[bytes, str]:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            if encoding == "utf-8-sig":
                return _checked(content[len(mark) :], is_marked=True) or b"", encoding
            return _recoded(content, encoding), encoding
    if b"\0" in content[:_SAMPLE]:
        wide = _wide_encoding(content)
        return (_recoded(content, wide), wide) if wide else (content, "")
    utf8 = _checked(content)
    return (utf8, "utf-8") if utf8 is not None else _from_eight_bits(content)


def _checked(content: bytes, *, is_marked: bool = False) -> bytes | None:
    """UTF-8 that really is; None when it is something else. Raises FileFault when it was cut or damaged."""
    if content.isascii() or is_utf8(content):
        return content
    try:
        content.decode()
    except UnicodeDecodeError as error:
        ends = content[:_SAMPLE].decode("utf-8", "replace") + content[-_SAMPLE:].decode("utf-8", "replace")
        broken = ends.count("\ufffd")
        letters = sum(1 for letter in ends if letter > "\x7f") - broken
        if is_marked or letters > 3 * broken or error.start > _SAMPLE:
            line = content[: error.start].count(b"\n") + 1
            raise FileFault("broken_encoding", line=str(line)) from error
    return None


def is_utf8(content: bytes) -> bool:
    """Four times as fast as decoding it."""
    bounds = pa.py_buffer(np.array([0, len(content)], dtype=np.int64))
    text = pa.Array.from_buffers(pa.large_string(), 1, [None, bounds, pa.py_buffer(content)])
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _recoded(content: bytes, encoding: str) -> bytes:
    try:
        return content.decode(encoding).removeprefix("\ufeff").encode()
    except UnicodeError as error:
        raise FileFault(
            "unreadable_file",
            reason_vi=f"văn bản {encoding.upper()} bị hỏng hoặc bị cắt",
            reason_en=f"its {encoding.upper()} text is damaged or cut off",
        ) from error


def _wide_encoding(content: bytes) -> str | None:
    """UTF-16 without its mark: every second byte of digits and signs is NUL. None: a NUL among other text."""
    sample = content[:_SAMPLE]
    low, high = sample[0::2].count(0), sample[1::2].count(0)
    if max(low, high) * 8 < len(sample) or min(low, high) * 8 > max(low, high):
        return None
    return "utf-16-le" if high > low else "utf-16-be"


def _from_eight_bits(content: bytes) -> tuple[bytes, str]:
    """Windows-1258, Windows-1252, or one of the fonts' encodings: the one that makes most words Vietnamese."""
    sample = content[:_SAMPLE]
    if len(_BINARY.findall(sample)) * 100 > len(sample):
        raise FileFault("unreadable_file", reason_vi="không phải tệp văn bản", reason_en="it is not a text file")
    western = content.decode("cp1252", "replace").replace("\ufffd", " ")
    head = western[:_SAMPLE]
    counts = {"cp1252": _syllables(head), "cp1258": _syllables(_vietnamese(sample) or "")}
    fonts = {name: len(words) for name, words in foreign_words(head).items() if name in (TCVN3, VNI)}
    name, count = max(fonts.items(), key=lambda item: item[1])
    if count > max(counts.values()):
        line = next(number for number, text in enumerate(head.splitlines(), 1) if foreign_words(text)[name])
        raise FileFault("font_encoded", value=name, place=f"dòng / line {line}")
    if counts["cp1258"] >= counts["cp1252"] and counts["cp1258"] and (text := _vietnamese(content)):
        return text.encode(), "cp1258"
    try:
        return content.decode("cp1252").encode(), "cp1252"
    except UnicodeDecodeError as error:
        raise FileFault(
            "unreadable_file", reason_vi="không rõ bảng mã", reason_en="its encoding is not known"
        ) from error


def _vietnamese(content: bytes) -> str | None:
    try:
        return unicodedata.normalize("NFC", content.decode("cp1258"))
    except UnicodeDecodeError:
        return None


def _syllables(text: str) -> int:
    return sum(1 for word in set(_WORD.findall(text)) if not word.isascii() and len(word) < 10 and is_syllable(word))
