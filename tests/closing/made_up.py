"""A closing without a warehouse: rows as a build would give them, for what is asked, answered and approved."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from thidua.closing.basis import Basis
from thidua.closing.compute import Computed, Table
from thidua.closing.official_rows import PERSONS, RANKING, awards_of, persons_of, ranking_of
from thidua.lake.decisions import Decision
from thidua.lake.entries import Entry
from thidua.lake.officials import write_freeze
from thidua.settings import Home

CAMPAIGN, PERIOD = "c", "q2"
UNITS = {"a": "Đơn vị A", "b": "Đơn vị B", "d": "Đơn vị D"}


def unit(unit_id: str) -> dict[str, Any]:
    return {
        "campaign_id": CAMPAIGN, "unit_id": unit_id, "name": UNITS[unit_id], "bloc_id": "k", "bloc_name": "Khối",
        "parent_unit_id": None,
    }  # fmt: skip


def line(prize_id: str, unit_id: str | None, status: str, **more: Any) -> dict[str, Any]:
    """A line of fct_award."""
    given = {
        "campaign_id": CAMPAIGN, "period_id": PERIOD, "bloc_id": "k", "authority_unit_id": None,
        "recipient_kind": "unit", "unit_id": unit_id, "prize_id": prize_id, "prize_name": prize_id.title(),
        "places": 1, "head_count": None, "amount_base": None, "multiplier": 1, "amount_each": None, "amount": None,
        "amount_min": None, "amount_max": None, "status": status, "status_reason": None, "clause": "III",
    }  # fmt: skip
    assert more.keys() <= given.keys()
    return {**given, **more}


def touched(unit_id: str, prize_id: str, position: int, amount: int, places: int = 1) -> dict[str, Any]:
    return {
        "unit_id": unit_id, "prize_id": prize_id, "position": position, "amount": amount, "places_touched": places,
        "condition_result": "pass", "clause": "III",
    }  # fmt: skip


AWARDS = [
    line("first", "a", "undecided", status_reason="tie", amount_min=500, amount_max=900),
    line("first", "b", "undecided", status_reason="tie", amount_min=700, amount_max=1000),
    line("person", "d", "proposed", recipient_kind="person", places=2, amount_each=300, amount=600, amount_min=600, amount_max=600),
    line("cup", None, "undecided", status_reason="decision", places=1, amount_each=50, amount_min=0, amount_max=50),
]  # fmt: skip
MARTS: dict[str, list[dict[str, Any]]] = {
    "dim_unit": [unit(unit_id) for unit_id in UNITS],
    "dim_campaign": [{"campaign_id": CAMPAIGN, "starts_at": "2023-01-01T00:00:00+00:00"}],
    "dim_reading": [{"reading_id": "day", "options": "closing, start", "chosen": "closing", "reason": "…", "clause": "III"}],
    "fct_ranking": [
        {"unit_id": unit_id, "bloc_id": "k", "rank": rank, "is_tied": rank == 1, "clause": "III"}
        for unit_id, rank in (("a", 1), ("b", 1), ("d", 3))
    ],
    "fct_eligibility": [
        {"campaign_id": CAMPAIGN, "period_id": PERIOD, "bloc_id": "k", "unit_id": unit_id, "as_of_date": "2023-06-30",
         "numerator": 9, "denominator": 10, "threshold_rate": "0.600000", "is_eligible": True, "reason_code": "ok",
         "missing_count": 0, "clause": "III"}
        for unit_id in UNITS
    ],
    "fct_gate_result": [
        {"unit_id": unit_id, "gate_id": "quality", "kind": "decision", "result": "pass", "clause": "III"}
        for unit_id in UNITS
    ],
    "fct_nomination_quota": [{"unit_id": "d", "quota": 2}],
    "fct_unit_candidate": [
        {"prize_id": "cup", "authority_unit_id": None, "unit_id": unit_id, "result": result}
        for unit_id, result in (("a", "pass"), ("b", "pass"), ("d", "fail"))
    ],
    "fct_prize_condition": [],
    "fct_reporting": [],
    "fct_award": AWARDS,
}  # fmt: skip
WORKING: dict[str, list[dict[str, Any]]] = {
    "touched": [
        touched("a", "first", 1, 900), touched("a", "second", 2, 500),
        touched("b", "first", 1, 1000), touched("b", "second", 2, 700),
    ],
    "gates": [{"gate_id": "quality", "kind": "decision", "default_result": "pass", "recipient": "unit", "clause": "III"}],
    "person_gates": [],
    "rests_on": [],
    "earlier_persons": [],
}  # fmt: skip


def freeze(home: Home, number: int = 1, **more: Any) -> Entry:
    content = {
        "campaign_id": CAMPAIGN, "period_id": PERIOD, "number": number, "frozen_at": "2023-07-05T00:00:00+00:00",
        "order": None, "plan": {"snapshot": "s", "plan_hash": "p", "files": {}, "changed": [], "recorded_at": "2023-05-01T00:00:00+00:00"}, "code": "code", "submissions": {},
        "batches": {}, "overruled": [], "decisions": {}, "officials": [],
    }  # fmt: skip
    return write_freeze(home, {**content, **more})


def compute(home: Home, basis: Basis, folder: Path | None = None) -> Computed:
    """Stands in for the warehouse: a tie is filled by its decision, everything else stays as it is."""
    from thidua.closing.basis import decisions_of
    from thidua.lake.decisions import in_force

    return computed(basis, decisions_of(home, basis), _placed(in_force(decisions_of(home, basis))))


def _placed(decisions: Sequence[Decision]) -> dict[str, str]:
    return {
        unit_id: prize_id
        for decision in decisions
        if decision["kind"] == "place_tied"
        for unit_id, prize_id in decision["subject"]["places"].items()
    }


def computed(basis: Basis, decisions: Sequence[Decision] = (), placed: dict[str, str] | None = None) -> Computed:
    amounts = {(row["unit_id"], row["prize_id"]): row["amount"] for row in WORKING["touched"]}
    awards = []
    for row in AWARDS:
        if row["status_reason"] == "tie" and placed:
            prize_id = placed[row["unit_id"]]
            amount = amounts[row["unit_id"], prize_id]
            said = {"amount": amount, "amount_min": amount, "amount_max": amount}
            row = {**row, **said, "prize_id": prize_id, "status": "proposed", "status_reason": None}
        awards.append(row)
    marts = {**WORKING, **MARTS, "fct_award": awards}
    persons = persons_of(marts, decisions, PERIOD)
    final = awards_of(marts, decisions, persons, PERIOD)
    columns = {
        name: "bigint" if name in {"places", "head_count", "multiplier"} or "amount" in name else "varchar"
        for name in AWARDS[0]
    }
    tables = {
        "persons": Table(PERSONS, persons),
        "awards": Table(columns, final),
        "ranking": Table(RANKING, ranking_of(marts, final)),
    }
    return Computed(basis, tables, marts, decisions)
