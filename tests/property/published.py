"""What a warehouse says of one campaign, in the shape of the oracle's tables."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb

from tests.property.oracle import Expected, Table

QUERIES: dict[str, tuple[int, str]] = {
    "submissions": (1, "select submission_id, outcome from fct_submission"),
    "scopes": (3, "select submission_id, unit_id, as_of_date, status, is_current from fct_submission_scope"),
    "measures": (
        2,
        "select period_id, unit_id, as_of_date, numerator, denominator, progress_rate from fct_measure",
    ),
    "eligibility": (
        2,
        "select period_id, unit_id, bloc_id, is_eligible, reason_code, missing_count from fct_eligibility",
    ),
    "ranking": (2, "select period_id, unit_id, bloc_id, rank, is_tied, prize_id from fct_ranking"),
    "awards": (
        5,
        "select period_id, bloc_id, recipient_kind, unit_id, prize_id, status, amount, amount_min, amount_max from fct_award",
    ),
    "quotas": (2, "select period_id, unit_id, quota, amount_per_person from fct_nomination_quota"),
    "reporting": (2, "select period_id, from_unit_id, status from fct_reporting"),
    "goals": (1, "select goal_id, value, is_met from fct_goal"),
    "faults": (
        4,
        "select submission_id, unit_id, as_of_date, rule_id, severity, value from fct_rejected_row "
        "where rule_id in ('count_falls', 'count_jumps')",
    ),
}


def read_published(database: Path) -> dict[str, Expected]:
    """campaign_id -> its tables."""
    found: dict[str, Expected] = {}
    with duckdb.connect(str(database), read_only=True) as connection:
        for table, (keys, query) in QUERIES.items():
            sql = query.replace("select ", "select campaign_id, ", 1).replace(" from ", " from marts.")
            for campaign_id, *row in connection.execute(sql).fetchall():
                expected = found.setdefault(campaign_id, Expected())
                content: Table = getattr(expected, table)
                key = tuple(row[:keys])
                assert key not in content, (table, key)
                content[key] = tuple(_plain(value) for value in row[keys:])
    return found


def _plain(value: Any) -> Any:
    return Fraction(value) if type(value).__name__ == "Decimal" else value


def differences(campaign_id: str, expected: Expected, found: Expected) -> list[str]:
    """Each disagreement as one line: campaign, table, key, what the oracle says, what is published."""
    lines = []
    for table in QUERIES:
        ours, theirs = getattr(expected, table), getattr(found, table)
        for key in sorted(set(ours) | set(theirs), key=str):
            if ours.get(key) != theirs.get(key):
                lines.append(f"{campaign_id} {table} {key}: oracle {ours.get(key)}, published {theirs.get(key)}")
    return lines
