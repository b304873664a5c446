"""Forms of a closing: each question can be filled in, and what is filled in is the answer that was meant."""

from __future__ import annotations

from typing import Any

import pytest
from thidua.closing.questions import Question
from thidua.orchestration.closing_steps import answer_of, form_of, way_text

WAYS = [{"a": "first", "b": "second"}, {"a": "second", "b": "first"}]
# kind -> choices, the option that is pressed, the fields, the answer that it is
FILLED: dict[str, tuple[dict[str, Any], str, dict[str, str], Any]] = {
    "tie": ({"units": ["a", "b"], "places": {"first": 1, "second": 1}, "ways": WAYS}, "a=second, b=first", {}, WAYS[1]),
    "gate": ({"results": ["pass", "fail"]}, "fail", {}, "fail"),
    "open_line": ({"results": ["stays_open"]}, "stays_open", {}, "stays_open"),
    "plan_change": ({"results": ["accept"]}, "accept", {}, "accept"),
    "exclusions": ({"units": ["a", "b"]}, "Xác nhận / Confirm", {"units": " a,b ,"}, ["a", "b"]),
    "units": ({"units": ["a"], "places": 1}, "Xác nhận / Confirm", {"units": ""}, []),
    "persons": (
        {"units": ["a"], "places": 2}, "Xác nhận / Confirm", {"persons": "a: Lê Văn An; a: Vũ Bình"},
        [{"unit_id": "a", "name": "Lê Văn An"}, {"unit_id": "a", "name": "Vũ Bình"}],
    ),
}  # fmt: skip


def question(kind: str, choices: dict[str, Any]) -> Question:
    return Question(
        f"{kind}:x", kind, "Câu hỏi", subject={}, choices=choices, amount_min=0, amount_max=500, clause="III"
    )


@pytest.mark.parametrize("kind", FILLED)
def test_what_is_filled_in_is_the_answer(kind: str) -> None:
    choices, option, fields, meant = FILLED[kind]
    asked = question(kind, choices)
    form = form_of(asked)
    assert option in form["options"] and fields.keys() <= form["params"].keys()
    assert "0 – 500 đ" in form["body"]
    assert "" in form["params"].values(), "no field is required: an empty required one would lock the buttons"
    assert answer_of(asked, option, fields) == meant


def test_a_tie_of_very_many_is_written_out() -> None:
    units = [f"u{number}" for number in range(8)]
    asked = question("tie", {"units": units, "places": {"fourth": 7, "none": 1}, "ways": []})
    form = form_of(asked)
    way = {unit: "none" if unit == "u7" else "fourth" for unit in units}
    assert "fourth" in form["body"] and form["params"]["places"] == ""
    assert answer_of(asked, form["options"][0], {"places": way_text(way)}) == way
