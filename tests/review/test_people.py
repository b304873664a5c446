"""people.csv: who belongs to which unit, in which campaign."""

from __future__ import annotations

from pathlib import Path

import pytest
from thidua.errors import PlanError
from thidua.review.people import Person, person

HEADER = "user_name,role,campaign_id,unit_id\n"


def registry(folder: Path, text: str) -> Path:
    (folder / "people.csv").write_text(HEADER + text)
    return folder


def test_a_person_belongs_to_units_of_one_campaign_or_of_all(tmp_path: Path) -> None:
    folder = registry(tmp_path, "lan,office,c-2023,o1\nlan,office,c-2024,o2\nminh,operator,,o1\nbinh,viewer,,\n")
    lan, minh = person(folder, "lan"), person(folder, "minh")
    assert (lan.role, lan.units_of("c-2023"), lan.units_of("c-2024")) == ("office", {"o1"}, {"o2"})
    assert minh.belongs_to("any", "o1") and not minh.belongs_to("any", "o2") and not minh.belongs_to("any", None)
    assert person(folder, "binh").units == frozenset()
    assert person(folder, "nobody") == Person("nobody")


def test_however_a_login_spells_a_name_it_is_the_same_person(tmp_path: Path) -> None:
    """A directory takes LAN for lan; an operator must not shed their unit by that."""
    folder = registry(tmp_path, "Lan,operator,,o1\n")
    assert person(folder, "LAN") == person(folder, " lan ") == Person("Lan", "operator", frozenset({(None, "o1")}))


def test_without_a_registry_nobody_belongs_anywhere(tmp_path: Path) -> None:
    assert person(tmp_path, "lan") == Person("lan")


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("lan,chef,c,o1\n", "people.csv:2: role"),
        ("lan,office,c,\n", "people.csv:2: unit_id"),
        ("lan,office,c,o1\nlan,viewer,c,o1\n", "people.csv:3: role"),
        ("lan,office,c,o1\nLan,office,c,o2\n", "people.csv:3: user_name"),
    ],
)
def test_a_broken_registry_names_its_line(tmp_path: Path, line: str, place: str) -> None:
    with pytest.raises(PlanError, match=place):
        person(registry(tmp_path, line), "lan")
