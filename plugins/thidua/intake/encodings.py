"""From the bytes of a text file to text in NFC: UTF-8, UTF-16 and what old Vietnamese machines write."""

from __future__ import annotations

import codecs
import unicodedata

_MARKS = [
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
]
_GUESSES = ["cp1258", "cp1252", "utf-16-le", "utf-16-be"]


def decode(content: bytes) -> tuple[str, str] | None:
    """(text, encoding), None when no encoding fits. The text is NFC: Windows-1258 stores tones apart."""
    decoded = _decoded(content)
    if decoded is None:
        return None
    text, encoding = decoded
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    return text, encoding


def _decoded(content: bytes) -> tuple[str, str] | None:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _try(content, encoding)
    if b"\0" not in content:
        utf8 = _try(content, "utf-8")
        if utf8:
            return utf8
    else:
        half = content[1::2].count(0), content[0::2].count(0)
        return _try(content, "utf-16-le" if half[0] >= half[1] else "utf-16-be")
    from charset_normalizer import from_bytes

    best = from_bytes(content, cp_isolation=_GUESSES).best()
    if best is not None:
        return str(best), best.encoding
    return _try(content, "cp1258")


def _try(content: bytes, encoding: str) -> tuple[str, str] | None:
    try:
        return content.decode(encoding), encoding
    except UnicodeDecodeError:
        return None
