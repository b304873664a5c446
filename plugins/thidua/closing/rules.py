"""By which rules names count for prizes: an official version is recomputed by those under which it was made.

1: whoever was named had the prize, whether or not he held the earlier one that a gate asks for, and two spellings of a
name were two people. 2: see named.py. A version says its rules in its manifest; those from before that are of 1.
"""

from __future__ import annotations

from thidua.closing.named import Person, same_person
from thidua.closing.pools import Marts

FIRST_RULES = 1
RULES = 2


def gates_for_names(marts: Marts, rules: int) -> Marts:
    """The marts with the gates that names are held to."""
    return {**marts, "person_gates": []} if rules == FIRST_RULES else marts


def person_by(rules: int, unit_id: str, name: str) -> Person:
    """What tells a person from another who is awarded."""
    return (unit_id, name) if rules == FIRST_RULES else same_person(unit_id, name)
