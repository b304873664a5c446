"""Whole numbers in Vietnamese words, as amounts of money are written out: `hai triệu tám trăm nghìn đồng`."""

from __future__ import annotations

DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
BILLION = 1_000_000_000
_SCALES = ((1_000_000, " triệu"), (1_000, " nghìn"), (1, ""))


def in_words(number: int) -> str:
    """21 as `hai mươi mốt`, 1.005.000 as `một triệu không trăm linh năm nghìn`; nothing below zero."""
    if number < 0:
        raise ValueError(f"{number} is below zero")
    return _spelled(number) if number else DIGITS[0]


def amount_in_words(amount: int) -> str:
    """`Hai triệu tám trăm nghìn đồng`, to stand behind `Bằng chữ:`."""
    text = in_words(amount)
    return f"{text[0].upper()}{text[1:]} đồng"


def _spelled(number: int) -> str:
    """Above 999 tỷ the count of tỷ is itself spelled: `một nghìn hai trăm tỷ`."""
    billions, rest = divmod(number, BILLION)
    parts = [f"{_spelled(billions)} tỷ"] if billions else []
    for scale, name in _SCALES:
        group, rest = divmod(rest, scale)
        if group:
            parts.append(_three_digits(group, is_leading=not parts) + name)
    return " ".join(parts)


def _three_digits(group: int, is_leading: bool) -> str:
    """A group of 1 to 999. Behind a higher group every place is read, `không trăm linh` included."""
    hundreds, rest = divmod(group, 100)
    tens, units = divmod(rest, 10)
    parts = [f"{DIGITS[hundreds]} trăm"] if hundreds or not is_leading else []
    if tens == 0:
        if units:
            parts.append(f"linh {DIGITS[units]}" if parts else DIGITS[units])
        return " ".join(parts)
    parts.append("mười" if tens == 1 else f"{DIGITS[tens]} mươi")
    if units:
        parts.append(_unit_after_tens(tens, units))
    return " ".join(parts)


def _unit_after_tens(tens: int, units: int) -> str:
    """`mười một` but `hai mươi mốt`, `mười bốn` but `hai mươi tư`, `lăm` after every ten."""
    if units == 5:
        return "lăm"
    if tens > 1 and units in (1, 4):
        return "mốt" if units == 1 else "tư"
    return DIGITS[units]
