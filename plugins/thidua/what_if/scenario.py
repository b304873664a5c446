"""What is supposed, as it is written on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from thidua.errors import ThiduaError


@dataclass(frozen=True)
class Subject:
    """A unit and, where it is named, what of it: a target or a metric."""

    unit_id: str
    of: str | None
    value: str


@dataclass(frozen=True)
class Scenario:
    """`rules` are (path in the plan, value as YAML); `readings` are reading_id -> option."""

    rules: Sequence[tuple[str, str]] = ()
    targets: Sequence[Subject] = ()
    counts: Sequence[Subject] = ()
    readings: tuple[tuple[str, str], ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.rules or self.targets or self.counts or self.readings)


def parse_scenario(
    rules: Sequence[str] = (),
    targets: Sequence[str] = (),
    counts: Sequence[str] = (),
    readings: Sequence[str] = (),
) -> Scenario:
    """Raises ThiduaError on what is not written `NAME=VALUE`."""
    scenario = Scenario(
        rules=[_split(text, "--set gates.q2_60.at_least=65%") for text in rules],
        targets=[_subject(text, "--target bao-loc=14000") for text in targets],
        counts=[_subject(text, "--count bao-loc:vssid_users=39000") for text in counts],
        readings=tuple(_split(text, "--reading staff_day=start") for text in readings),
    )
    if scenario.is_empty:
        raise ThiduaError(
            "chưa nói giả định gì / nothing is supposed; give --set, --target, --count or --reading (see --help)"
        )
    return scenario


def _split(text: str, example: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip() or not value.strip():
        raise ThiduaError(f"viết TÊN=GIÁ TRỊ / '{text}' is not NAME=VALUE; write it like {example}")
    return name.strip(), value.strip()


def _subject(text: str, example: str) -> Subject:
    name, value = _split(text, example)
    unit, _, of = name.partition(":")
    return Subject(unit, of or None, value)
