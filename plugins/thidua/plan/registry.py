"""Which unit a name means. Offices write the same unit in many ways; a name that fits two units fits none."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from thidua.plan.csvs import UnitRow
from thidua.plan.loader import Plan

# What stands before a name without being part of it. With its diacritics: Phong Điền is no phòng, Tịnh Biên no tỉnh.
_PREFIXES = [
    "bảo hiểm xã hội", "bhxh", "ban chỉ đạo", "bcđ", "ủy ban nhân dân", "ubnd",
    "trường trung học phổ thông", "trường thpt", "thpt", "trường",
    "thành phố", "tp", "thị xã", "tx", "thị trấn", "tt", "quận", "q", "huyện", "h", "phường", "xã", "tỉnh",
    "phòng nghiệp vụ", "phòng", "p",
]  # fmt: skip
# Those that may come without diacritics, from old machines; `phong`, `quan` and `tinh` are names then.
_BARE_PREFIXES = [
    "bao hiem xa hoi",
    "ban chi dao",
    "bcd",
    "uy ban nhan dan",
    "thanh pho",
    "thi xa",
    "thi tran",
    "huyen",
    "xa",
]
# Written in full, `TX. Châu Thành` tells itself from `Huyện Châu Thành`. A `P.` is a phòng or a phường: left alone.
_IN_FULL = {"tp": "thanh pho", "tx": "thi xa", "tt": "thi tran", "q": "quan", "h": "huyen"}
_TONES = {"\u0300", "\u0301", "\u0303", "\u0309", "\u0323"}


def fold(text: str) -> str:
    """Without diacritics, case, punctuation and doubled spaces: `TP. Bảo Lộc` and `tp bao loc` are one."""
    decomposed = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[^\w]+", " ", plain).split())


def normalise_name(text: str) -> str:
    """One spelling for a name with its diacritics: NFC, lower case, no punctuation or doubled spaces."""
    return " ".join(re.sub(r"[^\w]+", " ", unicodedata.normalize("NFC", text).casefold()).split())


def place_tones(name: str) -> str:
    """One place for the tone of each word: Thuỷ and Thủy, Hoà and Hòa are one, Thuy and Hoa are others."""
    words = []
    for word in name.split():
        letters = unicodedata.normalize("NFD", word)
        tones = "".join(letter for letter in letters if letter in _TONES)
        words.append("".join(letter for letter in letters if letter not in _TONES) + tones)
    return " ".join(words)


_PREFIX_KEYS = sorted({place_tones(prefix) for prefix in _PREFIXES} | set(_BARE_PREFIXES), key=len, reverse=True)


def _stages(name: str) -> list[str]:
    """A name with its tones in place, then the same with one more word before it taken off each time, all folded.

    `BHXH huyện Châu Thành` -> bhxh huyen chau thanh, huyen chau thanh, chau thanh.
    """
    stages = [name]
    while prefix := next((prefix for prefix in _PREFIX_KEYS if stages[-1].startswith(prefix + " ")), None):
        stages.append(stages[-1][len(prefix) + 1 :])
    return [_in_full(fold(stage)) for stage in stages]


def _in_full(folded: str) -> str:
    first, _, rest = folded.partition(" ")
    return f"{_IN_FULL.get(first, first)} {rest}" if rest else folded


def keys_of_name(name: str) -> list[tuple[str, str]]:
    """The ways to look a name up, from the most exact to the least: (index, key)."""
    exact = normalise_name(name)
    placed = place_tones(exact)
    return [("exact", exact), ("placed", placed), *(("bare", stage) for stage in _stages(placed))]


def same_name_keys(name: str) -> list[tuple[str, str]]:
    """Two texts that share one of these keys are one name: with or without diacritics, nothing taken off it."""
    return keys_of_name(name)[:3]


@dataclass(frozen=True)
class Match:
    """The unit that a name means; else the units that it could mean."""

    unit_id: str | None
    candidates: tuple[str, ...] = ()


class UnitRegistry:
    """Resolves names against the units of one plan. Build it once, ask it for distinct names.

    `aliases`: names that people decided to mean a unit; they count where the plan itself does not know one unit.
    """

    def __init__(self, plan: Plan, aliases: Mapping[str, str] | None = None) -> None:
        self._units = {unit.unit_id: unit for unit in plan.units}
        self._indexes: dict[str, dict[str, set[str]]] = {way: defaultdict(set) for way in ("exact", "placed", "bare")}
        for unit in plan.units:
            names = [unit.unit_id, unit.name, *unit.all_aliases]
            if unit.code:
                names += [unit.code, unit.code.lstrip("0") or unit.code]  # spreadsheets drop leading zeros
            for name in names:
                for way, key in keys_of_name(name):
                    self._indexes[way][key].add(unit.unit_id)
        self._aliases = {
            key: unit_id
            for name, unit_id in (aliases or {}).items()
            if unit_id in self._units
            for key in same_name_keys(name)
        }

    def resolve(self, name: str, on: date | None = None) -> Match:
        """The unit with this name on a day (any day: None). Ambiguous or unknown: no unit, and the candidates.

        The first way of writing that knows the name decides. Where only units of other days have it, it is one of them.
        """
        match = self._resolve(name, on)
        if match.unit_id is None and self._aliases:
            decided = next((self._aliases[key] for key in same_name_keys(name) if key in self._aliases), None)
            return Match(decided) if decided else match
        return match

    def _resolve(self, name: str, on: date | None) -> Match:
        for way, key in keys_of_name(name):
            found = self._indexes[way].get(key)
            if found:
                valid = sorted(unit_id for unit_id in found if on is None or is_valid(self._units[unit_id], on))
                matches = valid or sorted(found)
                return Match(matches[0]) if len(matches) == 1 else Match(None, tuple(matches))
        return Match(None)

    def name_of(self, unit_id: str) -> str:
        return self._units[unit_id].name

    def is_valid(self, unit_id: str, on: date) -> bool:
        return is_valid(self._units[unit_id], on)

    def family_of(self, unit_id: str) -> set[str]:
        """The unit and everything below it: what it may speak for."""
        family, grown = {unit_id}, True
        while grown:
            more = {unit.unit_id for unit in self._units.values() if unit.parent in family} - family
            family |= more
            grown = bool(more)
        return family

    def nearest_above(self, unit_ids: Iterable[str]) -> str | None:
        """The nearest unit that is above all of these, or one of them; None where they have none in common."""
        lines = [self._line_of(unit_id) for unit_id in unit_ids]
        return next((unit_id for unit_id in lines[0] if all(unit_id in line for line in lines)), None)

    def _line_of(self, unit_id: str) -> list[str]:
        """The unit, its parent, and so on up."""
        line = [unit_id]
        while parent := self._units[line[-1]].parent:
            line.append(parent)
        return line


def is_valid(unit: UnitRow, on: date) -> bool:
    return (unit.valid_from is None or unit.valid_from <= on) and (
        unit.valid_through is None or unit.valid_through >= on
    )


def similar(name: str, names: Iterable[str], count: int = 3) -> list[str]:
    """Names that look like this one, for a message."""
    import difflib

    by_fold = {fold(candidate): candidate for candidate in names}
    return [by_fold[key] for key in difflib.get_close_matches(fold(name), list(by_fold), count)]
