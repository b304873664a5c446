"""Whom decisions name for prizes, and whom they exclude for quality; and which of these names have no effect, and why."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from thidua.closing.pools import Marts, may_get
from thidua.lake.decisions import Decision, in_force

AWARD_PERSON = "award_person"
EXCLUDE_PERSON = "exclude_person"
# A prize, and the pool's authority or None; and the unit of somebody who is named for it.
Named = tuple[str, str | None, str]
Person = tuple[str, str]

# Why a decision that names somebody has no effect.
EXCLUDED = "excluded"
NO_EARLIER_AWARD = "no_earlier_award"
NOT_FOR_THE_UNIT = "not_for_the_unit"
WHY_NOT = {
    EXCLUDED: "không được xét do sai sót chất lượng / excluded for quality",
    NO_EARLIER_AWARD: "không còn được khen ở kỳ trước mà giải yêu cầu / no longer holds the earlier prize asked for",
    NOT_FOR_THE_UNIT: "đơn vị không được đề cử, xét chọn, hoặc giải không có suất / the unit has nobody to name, or the prize no place",
}


def plain_name(name: str) -> str:
    """A name as it is kept: composed letters, single spaces."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def same_person(unit_id: str, name: str) -> Person:
    """What tells a person from another: the unit, and the name however it is written."""
    return unit_id, plain_name(name).casefold()


def excluded_persons(decisions: Iterable[Decision], period_id: str) -> set[Person]:
    """Who is excluded from the prizes of a period, as `same_person` has them."""
    return {
        same_person(decision["subject"]["unit_id"], decision["subject"]["name"])
        for decision in in_force(decisions)
        if decision["kind"] == EXCLUDE_PERSON and decision["subject"].get("period_id") == period_id
    }


def who_qualifies(marts: Marts) -> list[list[str]] | None:
    """[unit, name] of those whom gates on prizes of earlier closings let people name; None where no gate asks for one."""
    gates: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in marts["person_gates"]:
        gates[row["gate_id"]].append(row)
    if not gates:
        return None
    names: dict[Person, str] = {}
    holders: dict[tuple[str, str], set[Person]] = defaultdict(set)
    # Of several spellings one is shown: the last by its letters, so `Vũ Bình` rather than `VŨ BÌNH`.
    for one in sorted(marts["earlier_persons"], key=lambda one: plain_name(one["name"])):
        person = same_person(one["unit_id"], one["name"])
        names[person] = plain_name(one["name"])
        holders[one["prize_id"], one["period_id"]].add(person)
    allowed: list[set[Person]] = []
    for rows in gates.values():
        held = [holders[row["prize_id"], row["in_period_id"]] for row in rows]
        allowed.append(set.intersection(*held) if rows[0]["quantifier"] == "all" else set.union(*held))
    return [[person[0], names[person]] for person in sorted(set.intersection(*allowed))]


def standing_names(marts: Marts, decisions: Iterable[Decision], period_id: str) -> list[tuple[Decision, str | None]]:
    """Each decision in force that names somebody for a prize of the period, and why it has no effect (None: it has).

    Nobody is awarded who is excluded, before or after he was named; who does not hold, by the official versions that
    count, the earlier prize that a gate asks for; whose unit may not nominate any more, since it was disqualified or is
    tied; or who was named of a pool that the plan no longer has, that has nothing to give, or of which his unit is no
    candidate.
    """
    may_nominate = {
        (line["prize_id"], line["unit_id"])
        for line in marts["fct_award"]
        if line["recipient_kind"] == "person" and line["unit_id"] and line["status"] == "proposed"
    }
    pools = {
        (line["prize_id"], line["authority_unit_id"]): may_get(marts, line)
        for line in marts["fct_award"]
        if line["recipient_kind"] == "person" and not line["unit_id"]
    }
    standing = in_force(decisions)
    excluded = excluded_persons(standing, period_id)
    people = who_qualifies(marts)
    qualified = None if people is None else {same_person(*person) for person in people}

    def why_not(subject: Mapping[str, Any]) -> str | None:
        prize_id, unit_id = subject["prize_id"], subject["unit_id"]
        person = same_person(unit_id, subject["name"])
        if person in excluded:
            return EXCLUDED
        if qualified is not None and person not in qualified:
            return NO_EARLIER_AWARD
        pool = pools.get((prize_id, subject.get("authority_unit_id")), ())
        return None if (prize_id, unit_id) in may_nominate or unit_id in pool else NOT_FOR_THE_UNIT

    return [
        (decision, why_not(decision["subject"]))
        for decision in standing
        if decision["kind"] == AWARD_PERSON and decision["subject"].get("period_id") == period_id
    ]


def named_in_vain(names: Sequence[tuple[Decision, str | None]]) -> dict[Named, str]:
    """Where somebody is named who may not be, and why: his place is not given, so people are asked about it again. (A
    unit that has nobody to name is not asked, and a pool with other units is another question.)"""
    return {
        (subject["prize_id"], subject.get("authority_unit_id"), subject["unit_id"]): why
        for decision, why in names
        if why in {EXCLUDED, NO_EARLIER_AWARD} and (subject := decision["subject"])
    }
