"""Chance that repeats, and what offices do at random: when they send a file, how they spell a unit's name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from thidua.clock import LOCAL
from thidua.plan.csvs import UnitRow

OFFICE_OPENS, OFFICE_MINUTES = time(8), 9 * 60


@dataclass(frozen=True)
class Chance:
    """Every draw depends on the seed and on what it is for, never on what was drawn before."""

    seed: int

    def of(self, *what: object) -> Random:
        return Random("/".join(map(str, (self.seed, *what))))  # noqa: S311 - sample figures, no secret

    def received(self, sender: str, day: date, days_later: Sequence[int]) -> datetime:
        """An instant in office hours, that many days (earliest, latest) after a day."""
        random = self.of(sender, day, "received")
        later = day + timedelta(days=random.randint(days_later[0], days_later[1]))
        minutes = timedelta(minutes=random.randrange(OFFICE_MINUTES))
        return datetime.combine(later, OFFICE_OPENS, LOCAL) + minutes


@dataclass(frozen=True)
class Names:
    """The names by which offices call the units; which one changes with the day."""

    chance: Chance
    units: Mapping[str, UnitRow]
    spellings: Mapping[str, Sequence[str]]

    def of(self, unit: str, day: date) -> str:
        row = self.units[unit]
        names = [row.name, *row.all_aliases, *self.spellings.get(unit, [])]
        return self.chance.of(unit, day, "name").choice(names)


@dataclass(frozen=True)
class Outgoing:
    """A file that an office sends. `meant`: the rules that it is meant to break, none where it is a good file."""

    name: str
    content: bytes
    received_at: datetime
    meant: frozenset[str] = frozenset()


def local(moment: datetime) -> datetime:
    """An instant of sample.yml: local time where it names no other."""
    return moment if moment.tzinfo else moment.replace(tzinfo=LOCAL)
