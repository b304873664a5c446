"""How fast a unit's own count may grow before the build warns of it: numbers of rules.yml, which a contract may change.

What they mean is told in dbt_project/models/intermediate/int_faults__jumps.yml.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

# The highest of each; the product with a count and its days stays far below 38 digits.
HIGHEST = {"times": 1_000, "least_growth": 1_000_000_000, "least_past": 1_000}


class _Numbers(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _is_whole(cls, value: Any, info: Any) -> Any:
        highest = HIGHEST[info.field_name]
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= highest:
            raise ValueError(f"phải là số nguyên từ 1 đến {highest} / must be a whole number from 1 to {highest}")
        return value


class Pace(_Numbers):
    """More than `times` the fastest growth before it is a jump, where there were at least `least_past` of these, and it
    is at least `least_growth` people."""

    times: int
    least_growth: int
    least_past: int


class PaceSetting(_Numbers):
    """What a contract says otherwise; the rest stays as in rules.yml."""

    times: int | None = None
    least_growth: int | None = None
    least_past: int | None = None

    def over(self, pace: Pace) -> Pace:
        return pace.model_copy(update={name: getattr(self, name) for name in self.model_fields_set})


def pace_rows() -> list[dict[str, Any]]:
    """The paces of all exports of figures, one row per export type and rule that its contract asks."""
    return list(_rows())


def _rows() -> Iterator[dict[str, Any]]:
    from thidua.intake.contracts import known_export_types, load_contract
    from thidua.intake.suites import built_rules

    for export_type in known_export_types():
        contract = load_contract(export_type)
        if contract is None or contract.grain != "figures":
            continue
        for rule in built_rules(export_type):
            if rule.pace is not None:
                yield {"export_type": export_type, "rule_id": rule.rule, **rule.pace.model_dump()}
