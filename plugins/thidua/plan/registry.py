"""Which unit a name means. Offices write the same unit in many ways; a name that fits two units fits none."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from thidua.plan.csvs import UnitRow
from thidua.plan.loader import Plan

# What stands before a name without being part of it, longest first; abbreviations lose their dots before.
_PREFIXES = [
    "bao hiem xa hoi", "bhxh", "ban chi dao", "bcd", "uy ban nhan dan", "ubnd",
    "truong trung hoc pho thong", "truong thpt", "thpt", "truong",
    "thanh pho", "tp", "thi xa", "tx", "thi tran", "tt", "quan", "huyen", "phuong", "xa", "tinh",
    "phong nghiep vu", "phong",
]  # fmt: skip


def fold(text: str) -> str:
    """Without diacritics, case, punctuation and doubled spaces: `TP. Bảo Lộc` and `tp bao loc` are one."""
    decomposed = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[^\w]+", " ", plain).split())


def normalise_name(text: str) -> str:
    """One spelling for a name with its diacritics: NFC, lower case, no punctuation or doubled spaces."""
    return " ".join(re.sub(r"[^\w]+", " ", unicodedata.normalize("NFC", text).casefold()).split())


def _bare(folded: str) -> str:
    """A folded name without what stands before it; a name that is nothing else keeps its words."""
    while True:
        for prefix in _PREFIXES:
            if folded.startswith(prefix + " "):
                folded = folded[len(prefix) + 1 :]
                break
        else:
            return folded


@dataclass(frozen=True)
class Match:
    """The unit that a name means; else the units that it could mean."""

    unit_id: str | None
    candidates: tuple[str, ...] = ()


class UnitRegistry:
    """Resolves names against the units of one plan. Build it once, ask it for distinct names."""

    def __init__(self, plan: Plan) -> None:
        self._units = {unit.unit_id: unit for unit in plan.units}
        # From the most exact way of writing to the least; the first that knows the name decides.
        self._indexes: list[dict[str, set[str]]] = [defaultdict(set) for _ in range(3)]
        for unit in plan.units:
            names = [unit.unit_id, unit.name, *unit.all_aliases]
            if unit.code:
                names.append(unit.code)
            for name in names:
                for index, key in zip(self._indexes, self._keys(name), strict=True):
                    index[key].add(unit.unit_id)

    @staticmethod
    def _keys(name: str) -> tuple[str, str, str]:
        folded = fold(name)
        return normalise_name(name), folded, _bare(folded)

    def resolve(self, name: str, on: date | None = None) -> Match:
        """The unit with this name on a day (any day: None). Ambiguous or unknown: no unit, and the candidates."""
        for index, key in zip(self._indexes, self._keys(name), strict=True):
            found = index.get(key)
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


def is_valid(unit: UnitRow, on: date) -> bool:
    return (unit.valid_from is None or unit.valid_from <= on) and (
        unit.valid_through is None or unit.valid_through >= on
    )


def similar(name: str, names: Iterable[str], count: int = 3) -> list[str]:
    """Names that look like this one, for a message."""
    import difflib

    by_fold = {fold(candidate): candidate for candidate in names}
    return [by_fold[key] for key in difflib.get_close_matches(fold(name), list(by_fold), count)]
