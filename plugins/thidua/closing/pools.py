"""Pools of prizes by decision: whom they may go to, and when more was given than they hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

Row = dict[str, Any]
Marts = Mapping[str, Sequence[Row]]

# A share of a list that nobody gave: its places are not known, which is not without limit.
UNCOUNTED = "no_participants"


def nothing_to_give(marts: Marts, line: Mapping[str, Any], candidates: Sequence[str]) -> bool:
    """A pool without a place, or without anybody to choose, needs no decision; unless something was given already that
    it has not, or to a unit that is no candidate."""
    is_empty = line["places"] == 0 or not candidates
    return is_empty and line["status"] != "blocked" and not strangers_of(marts, line)


def strangers_of(marts: Marts, line: Mapping[str, Any]) -> dict[str, str]:
    """The units that hold this pool's prize by a decision though they are no candidates, by how they were judged:
    disqualified since, or never eligible (`fail`), or not judged yet."""
    pool = (line["prize_id"], line["authority_unit_id"])
    judged = {
        row["unit_id"]: row["result"]
        for row in marts["fct_unit_candidate"]
        if (row["prize_id"], row["authority_unit_id"]) == pool and row["result"] != "pass"
    }
    held = {
        row["unit_id"]
        for row in marts["fct_award"]
        if (row["prize_id"], row["authority_unit_id"], row["recipient_kind"], row["status"])
        == (*pool, "unit", "awarded")
    }
    return {unit_id: result for unit_id, result in sorted(judged.items()) if unit_id in held}


def may_get(marts: Marts, line: Mapping[str, Any]) -> set[str]:
    """The units of whom a person may hold this pool's prize: none where it has no place, or no known number of them."""
    if line["places"] == 0 or line["status_reason"] == UNCOUNTED:
        return set()
    return set(candidates_of(marts, line))


def is_beyond(line: Mapping[str, Any], persons: Sequence[Row]) -> bool:
    """Whether decisions gave more than the pool holds; `persons` is who is awarded."""
    pool = (line["prize_id"], line["authority_unit_id"])
    named = sum(1 for row in persons if (row["prize_id"], row["authority_unit_id"]) == pool)
    return line["status"] == "blocked" or (line["places"] is not None and named > line["places"])


def must_be_cut(marts: Marts, line: Mapping[str, Any], persons: Sequence[Row]) -> bool:
    """Whether decisions gave more than the pool holds, or gave to a unit that fails. No answer from before settles that:
    only a new one that takes decisions back."""
    return is_beyond(line, persons) or "fail" in strangers_of(marts, line).values()


def candidates_of(marts: Marts, line: Mapping[str, Any]) -> list[str]:
    """The units of a pool whom the plan lets the council choose; of a prize for persons, the units they may be of."""
    prize_id, authority = line["prize_id"], line["authority_unit_id"]
    if line["recipient_kind"] == "unit":
        return sorted(
            row["unit_id"]
            for row in marts["fct_unit_candidate"]
            if (row["prize_id"], row["authority_unit_id"], row["result"]) == (prize_id, authority, "pass")
        )
    judged = {row["unit_id"]: row["result"] for row in marts["fct_prize_condition"] if row["prize_id"] == prize_id}
    if judged:
        return sorted(unit_id for unit_id, result in judged.items() if result == "pass")
    authorities = {row["authority_unit_id"] for row in marts["fct_award"] if row["prize_id"] == prize_id}
    return sorted(below(marts["dim_unit"], authority, authorities))


def below(units: Sequence[Row], authority: str | None, authorities: Collection[str | None]) -> set[str]:
    """The units of which this authority is the nearest above; all where there is none."""
    parents = {unit["unit_id"]: unit["parent_unit_id"] for unit in units}
    if authority is None:
        return set(parents)
    found = set()
    for unit_id in parents:
        above = parents[unit_id]
        while above is not None and above not in authorities:
            above = parents.get(above)
        if above == authority:
            found.add(unit_id)
    return found
