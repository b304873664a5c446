"""What leaves this house in a workbook must not run in the office's Excel, nor break it."""

from __future__ import annotations

import re

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
MAX_CELL_TEXT = 32_767  # Excel's own limit
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f]")


def looks_like_formula(text: str) -> bool:
    return text.startswith(FORMULA_STARTS)


def without_controls(text: str) -> str:
    """What XML cannot carry left out."""
    return _CONTROLS.sub("", text)


def sheet_name(name: str, taken: set[str]) -> str:
    """A name that Excel allows and no other sheet has; adds it to `taken`."""
    plain = _NOT_IN_SHEET_NAMES.sub(" ", name).strip().strip("'")[:31] or "Sheet"
    found, number = plain, 1
    while found.casefold() in taken:
        number += 1
        found = f"{plain[: 31 - len(str(number)) - 1]} {number}"
    taken.add(found.casefold())
    return found
