"""What a warehouse says of each campaign, in the shape of the oracle's tables, and where the two differ."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tests.property.plan_oracle import Table, Tables

# table -> how many of the columns are its key, and the query.
QUERIES: dict[str, tuple[int, str]] = {
    "measures": (3, "select period_id, unit_id, measure_id, as_of_date, numerator, denominator from fct_measure"),
    "eligibility": (2, "select period_id, unit_id, bloc_id, is_eligible, reason_code from fct_eligibility"),
    "dossier": (4, "select period_id, unit_id, gate_id, in_period_id, result from fct_dossier"),
    "ranking": (2, "select period_id, unit_id, bloc_id, rank, is_tied, prize_id from fct_ranking"),
    "awards": (
        5,
        "select period_id, bloc_id, authority_unit_id, unit_id, prize_id, status, places, amount, amount_min, amount_max "
        "from fct_award",
    ),
    "unit_candidates": (
        3,
        "select period_id, prize_id, unit_id, authority_unit_id, result, reason_code, is_awarded from fct_unit_candidate",
    ),
    "candidates": (3, "select period_id, prize_id, person_key, unit_id, score, completed_at from fct_candidate"),
    "goals": (1, "select goal_id, value, is_met from fct_goal"),
    "schedule": (2, "select dimension, member, first_event_at, status from fct_schedule"),
    "checks": (3, "select check_id, period_id, unit_id, actual, expected, result from fct_check"),
    "progress": (4, "select unit_id, metric_id, period_id, as_of_date, cumulative_count from fct_progress"),
    "breakdown": (
        6,
        "select unit_id, metric_id, period_id, as_of_date, dimension, member, cumulative_count from fct_progress_breakdown",
    ),
    # One row of a file may be told more than once of the same fault: once for each unit that it credits.
    "claimed": (
        2,
        "select submission_id, line_number, severity from fct_rejected_row where rule_id = 'claimed_twice'",
    ),
    "reporting": (3, "select period_id, export_type, from_unit_id, status from fct_reporting"),
}


def read(database: Path) -> dict[str, Tables]:
    """campaign_id -> its tables."""
    found: dict[str, Tables] = {}
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("use marts")
        for table, (keys, query) in QUERIES.items():
            sql = query.replace("select ", "select distinct campaign_id, ", 1)
            for campaign_id, *row in connection.execute(sql).fetchall():
                content: Table = getattr(found.setdefault(campaign_id, Tables()), table)
                key = tuple(row[:keys])
                assert key not in content, (table, key)
                content[key] = tuple(row[keys:])
    return found


def differences(campaign_id: str, expected: Tables, published: Tables) -> list[str]:
    """Each disagreement as one line: campaign, table, key, what the oracle says, what is published."""
    lines = []
    for table in QUERIES:
        ours, theirs = getattr(expected, table), getattr(published, table)
        for key in sorted(set(ours) | set(theirs), key=str):
            if ours.get(key) != theirs.get(key):
                lines.append(f"{campaign_id} {table} {key}: oracle {ours.get(key)}, published {theirs.get(key)}")
    return lines
