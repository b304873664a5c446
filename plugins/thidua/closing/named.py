"""Whom decisions name for prizes, and whom they exclude for quality."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from thidua.lake.decisions import Decision, in_force

AWARD_PERSON = "award_person"
EXCLUDE_PERSON = "exclude_person"
# A prize, and the pool's authority or None; and the unit of somebody who is named for it.
Named = tuple[str, str | None, str]


def plain_name(name: str) -> str:
    """A name as it is kept: composed letters, single spaces."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def same_person(unit_id: str, name: str) -> tuple[str, str]:
    """What tells a person from another: the unit, and the name however it is written."""
    return unit_id, plain_name(name).casefold()


def excluded_persons(decisions: Iterable[Decision], period_id: str) -> set[tuple[str, str]]:
    """Who is excluded from the prizes of a period, as `same_person` has them."""
    return {
        same_person(decision["subject"]["unit_id"], decision["subject"]["name"])
        for decision in in_force(decisions)
        if decision["kind"] == EXCLUDE_PERSON and decision["subject"].get("period_id") == period_id
    }


def named_though_excluded(decisions: Iterable[Decision], period_id: str) -> set[Named]:
    """Where a decision stands that names somebody who is excluded: his place is not given, so people are asked again."""
    standing = in_force(decisions)
    excluded = excluded_persons(standing, period_id)
    return {
        (subject["prize_id"], subject.get("authority_unit_id"), subject["unit_id"])
        for decision in standing
        if decision["kind"] == AWARD_PERSON
        and (subject := decision["subject"]).get("period_id") == period_id
        and same_person(subject["unit_id"], subject["name"]) in excluded
    }
