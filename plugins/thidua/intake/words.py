"""Comparing headers and labels as people read them: without case, diacritics, punctuation and spacing."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_NOT_WORDS = re.compile(r"[\W_]+")


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """`Số lũy-kế ` and `SỐ LUỸ KẾ` are both `so luy ke`."""
    decomposed = unicodedata.normalize("NFD", text.casefold().replace("đ", "d").replace("ð", "d"))
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return _NOT_WORDS.sub(" ", plain).strip()


def has_phrase(folded: str, phrase: str) -> bool:
    """Whether the words of a folded phrase stand in a folded text, in order and next to each other."""
    return f" {phrase} " in f" {folded} "
