"""Text that looks Vietnamese only in the font or the program it was typed with: TCVN3 (ABC), VNI, garbled UTF-8.

Such text is recognised and the file returned; it is never converted, for nobody could vouch for what comes out. A word
gives itself away when it is no Vietnamese syllable as it stands and is one in the other encoding. A single word may be a
foreign name, so two in one cell are asked for, or several in the file that outweigh all other words with signs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Generic, TypeVar

from thidua.intake.syllables import is_syllable

Place = TypeVar("Place")

TCVN3, VNI = "TCVN3 (ABC)", "VNI-Windows"
GARBLED_UTF8, GARBLED_1258 = "UTF-8", "Windows-1258"

# Vietnamese letters in the order of their codes in TCVN3, read as Windows-1252.
_TCVN3 = dict(
    zip(
        "¡¢£¤¥¦§¨©ª«¬\u00ad®µ¶·¸¹»¼½¾ÆÇÈÉÊËÌÎÏÐÑÒÓÔÕÖ×ØÜÝÞßáâãäåæçèéêëìíîïñòóôõö÷øùúûüýþ",
        "ĂÂÊÔƠƯĐăâêôơưđàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ",
        strict=True,
    )
)
# VNI writes the letter, then a sign for what stands above and below it.
_GRAVE, _ACUTE, _TILDE, _HOOK, _DOT = list("\u0300\u0301\u0303\u0309\u0323")
_ROOF, _BREVE, _HORN = list("\u0302\u0306\u031b")
_VNI_SIGNS = {
    "ù": _ACUTE, "ø": _GRAVE, "û": _HOOK, "õ": _TILDE, "ï": _DOT,
    "â": _ROOF, "á": _ROOF + _ACUTE, "à": _ROOF + _GRAVE, "å": _ROOF + _HOOK, "ã": _ROOF + _TILDE, "ä": _ROOF + _DOT,
    "ê": _BREVE, "é": _BREVE + _ACUTE, "è": _BREVE + _GRAVE, "ú": _BREVE + _HOOK, "ü": _BREVE + _TILDE,
    "ë": _BREVE + _DOT,
}  # fmt: skip
_VNI_LETTERS = {
    "ñ": "đ", "ô": "o" + _HORN, "ö": "u" + _HORN, "í": "i" + _ACUTE, "ì": "i" + _GRAVE, "æ": "i" + _HOOK,
    "ó": "i" + _TILDE, "ò": "i" + _DOT, "î": "y" + _DOT,
}  # fmt: skip
_VNI_LETTER = re.compile(f"([aeouyôö])([{''.join(_VNI_SIGNS)}])|(.)", re.DOTALL)
# Letters and signs outside ASCII belong to a word; what is ASCII and no letter parts words.
_WORD = re.compile(r"[A-Za-z\u0080-\uffff]+")
_LONGEST_WORD = 30
_OUTSIDE_LATIN1 = re.compile(r"[^\u0000-\u00ff]")
_LATIN1 = re.compile(r"[\u0080-\u00ff]")
# What a program writes for a letter that it could not read.
_LOST = "\ufffd"
# No letter in any language that an office writes: inside a word they are TCVN3.
_TCVN3_SIGNS = re.compile("[¡¢£¤¥¦§¨©ª«¬\u00ad®µ¶·¸¹»¼½¾×÷]")


def _from_tcvn3(word: str) -> str | None:
    if _OUTSIDE_LATIN1.search(word):
        return None
    return "".join(_TCVN3.get(letter, letter) for letter in word)


def _from_vni(word: str) -> str | None:
    if _OUTSIDE_LATIN1.search(word):
        return None
    return unicodedata.normalize("NFC", _VNI_LETTER.sub(_vni_letter, word.lower()))


def _vni_letter(match: re.Match[str]) -> str:
    letter = match[1] or match[3]
    return _VNI_LETTERS.get(letter, letter) + _VNI_SIGNS.get(match[2] or "", "")


def _bytes_of(word: str) -> bytes | None:
    """What was read as Windows-1252 (or as Latin-1, where that has no letter)."""
    raw = bytearray()
    for letter in word:
        try:
            raw += letter.encode("cp1252")
        except UnicodeEncodeError:
            if ord(letter) > 0xFF:
                return None
            raw.append(ord(letter))
    return bytes(raw)


def _reread(word: str, encoding: str) -> str | None:
    raw = _bytes_of(word)
    try:
        return unicodedata.normalize("NFC", raw.decode(encoding)) if raw else None
    except UnicodeDecodeError:
        return None


_READINGS: dict[str, Callable[[str], str | None]] = {
    TCVN3: _from_tcvn3,
    VNI: _from_vni,
    GARBLED_UTF8: lambda word: _reread(word, "utf-8"),
    GARBLED_1258: lambda word: _reread(word, "cp1258"),
}


@dataclass
class _Tally(Generic[Place]):
    """Words that are syllables in one wrong encoding only; `sure`: those that nothing else explains."""

    words: set[str] = field(default_factory=set)
    sure: set[str] = field(default_factory=set)
    place: Place | None = None
    is_whole_cell: bool = False


def rule_of(encoding: str) -> str:
    """Which fault an encoding is."""
    return "font_encoded" if encoding in (TCVN3, VNI) else "garbled_text"


def find_foreign_encoding(cells: Iterable[tuple[Place, str]]) -> tuple[str, Place] | None:
    """(encoding, place of the first such text) of cells (place, text); None when the text is well."""
    tallies: dict[str, _Tally[Place]] = {name: _Tally() for name in _READINGS}
    texts: set[str] = set()
    seen: set[str] = set()
    for place, text in cells:
        if text.isascii() or text in texts:
            continue
        texts.add(text)
        words = _words(text)
        suspects = {word for word in words if not _is_well(word)}
        seen |= words
        if suspects:
            for name, hits in foreign_words(" ".join(suspects)).items():
                _count(tallies[name], name, place, words, hits)
    name, tally = max(tallies.items(), key=lambda item: (len(item[1].words), len(item[1].sure)))
    outweighs = len(tally.words) > 1 and 2 * len(tally.words) > len(seen)
    is_found = tally.is_whole_cell or len(tally.sure) > 1 or outweighs
    return (name, tally.place) if is_found and tally.place is not None else None


def foreign_words(text: str) -> dict[str, set[str]]:
    """encoding -> the words that are syllables in it and in no way as they stand."""
    suspects = {word for word in _words(text) if not _is_well(word)}
    found = {name: {word for word in suspects if _is_hit(word, reading)} for name, reading in _READINGS.items()}
    found[GARBLED_UTF8] |= {word for word in suspects if _LOST in word and len(word) > 1}
    return found


def _words(text: str) -> set[str]:
    """The words with other letters than ASCII has."""
    return {word for word in _WORD.findall(text) if not word.isascii() and len(word) <= _LONGEST_WORD}


def _count(tally: _Tally[Place], name: str, place: Place, words: set[str], hits: set[str]) -> None:
    if hits and not tally.words:
        tally.place = place
    tally.words |= hits
    tally.sure |= {word for word in hits if _is_sure(name, word)}
    others = words - hits
    tally.is_whole_cell |= len(hits) > max(1, len(others)) and not any(_OUTSIDE_LATIN1.search(word) for word in others)


@lru_cache(maxsize=65536)
def _is_well(word: str) -> bool:
    """A syllable; or all its letters beyond ASCII are ones that no wrong encoding makes: `Tẻh`, `BCĐ`.

    The Icelandic Ð looks like Đ, and some keyboards of old type it.
    """
    return is_syllable(word.replace("Ð", "Đ")) or not (_LATIN1.search(word) or _LOST in word)


def _is_hit(word: str, reading: Callable[[str], str | None]) -> bool:
    read = reading(word) if len(word) > 1 else None
    return bool(read and read != word and not read.isascii() and is_syllable(read))


def _is_sure(name: str, word: str) -> bool:
    if name == TCVN3:
        return bool(_TCVN3_SIGNS.search(word))
    return name == GARBLED_UTF8
