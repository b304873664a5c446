"""The rows of an official version that no mart has: who was awarded what, and the ranking as it is approved.

A mart proposes; an approved version awards. Of a prize by decision or nomination the decisions name who gets it, and the
open pool gives way to lines of what was given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from thidua.closing.named import standing_names
from thidua.closing.pools import Marts, Row
from thidua.closing.rules import RULES, person_by
from thidua.lake.decisions import Decision
from thidua.warehouse.closings import OFFICIAL_RANKINGS

PERSONS = {
    "campaign_id": "varchar", "period_id": "varchar", "prize_id": "varchar", "authority_unit_id": "varchar",
    "unit_id": "varchar", "name": "varchar", "amount": "bigint", "decision_id": "varchar",
}  # fmt: skip
# What is known only once a version is approved is added when it is laid for a build.
RANKING = {
    name: kind for name, kind in OFFICIAL_RANKINGS.items() if name not in {"version", "approved_at", "content_hash"}
}


def persons_of(marts: Marts, decisions: Iterable[Decision], period_id: str, rules: int = RULES) -> list[Row]:
    """Everybody whom a decision names for a prize of the period with effect (named.py), once per prize."""
    each = {(line["prize_id"], line["recipient_kind"]): line["amount_each"] for line in marts["fct_award"]}
    found: dict[tuple[Any, ...], Row] = {}
    for decision, why_not in standing_names(marts, decisions, period_id):
        if why_not is not None:
            continue
        subject = decision["subject"]
        row = {
            "campaign_id": decision["campaign_id"],
            "period_id": period_id,
            "prize_id": subject["prize_id"],
            "authority_unit_id": subject.get("authority_unit_id"),
            "unit_id": subject["unit_id"],
            "name": subject["name"],
            "amount": each.get((subject["prize_id"], "person")),
            "decision_id": decision["decision_id"],
        }
        found.setdefault((subject["prize_id"], *person_by(rules, subject["unit_id"], subject["name"])), row)
    return [row for _, row in sorted(found.items())]


def awards_of(marts: Marts, decisions: Iterable[Decision], persons: Sequence[Row], period_id: str) -> list[Row]:
    """The lines of fct_award as an approved version has them: given, or still open."""
    from thidua.closing.questions import settled_pools

    settled = settled_pools(marts, decisions, persons, period_id)
    named = Counter((row["prize_id"], row["authority_unit_id"], row["unit_id"]) for row in persons)
    given_by_nomination = {
        (line["prize_id"], line["unit_id"])
        for line in marts["fct_award"]
        if line["recipient_kind"] == "person" and line["unit_id"]
    }
    lines = []
    for line in marts["fct_award"]:
        pool = (line["prize_id"], line["authority_unit_id"], line["unit_id"])
        if line["unit_id"] is None:
            if pool[:2] not in settled:
                lines.append(dict(line))
        elif line["recipient_kind"] == "person" and line["status"] == "proposed":
            count = sum(number for key, number in named.items() if (key[0], key[2]) == (pool[0], pool[2]))
            if count:
                lines.append(_given(line, count))
        else:
            lines.append({**line, "status": "awarded" if line["status"] == "proposed" else line["status"]})
    pools = {(line["prize_id"], line["authority_unit_id"]): line for line in marts["fct_award"] if not line["unit_id"]}
    blocs = {unit["unit_id"]: unit["bloc_id"] for unit in marts["dim_unit"]}
    for (prize_id, authority, unit_id), count in sorted(named.items(), key=str):
        pool_line = pools.get((prize_id, authority))
        if pool_line is not None and (prize_id, unit_id) not in given_by_nomination:
            lines.append(_given({**pool_line, "unit_id": unit_id, "bloc_id": blocs.get(unit_id)}, count))
    return sorted(lines, key=lambda line: str(list(line.values())))


def _given(line: Row, count: int) -> Row:
    amount = None if line["amount_each"] is None else count * line["amount_each"]
    return {
        **line,
        "places": count,
        "amount": amount,
        "amount_min": amount,
        "amount_max": amount,
        "status": "awarded",
        "status_reason": None,
    }


def ranking_of(marts: Marts, awards: Sequence[Row]) -> list[Row]:
    """One row per unit: figures, rank, prize and money, with the names that they had."""
    units = {unit["unit_id"]: unit for unit in marts["dim_unit"]}
    ranked = {row["unit_id"]: row for row in marts["fct_ranking"]}
    by_rank = {
        line["unit_id"]: line for line, original in _rank_lines(marts, awards) if original["recipient_kind"] == "unit"
    }
    quotas: dict[str, int] = {}
    for row in marts["fct_nomination_quota"]:
        if row["quota"] is not None:
            quotas[row["unit_id"]] = quotas.get(row["unit_id"], 0) + row["quota"]
    rows = []
    for row in marts["fct_eligibility"]:
        unit_id = row["unit_id"]
        rank, line = ranked.get(unit_id, {}), by_rank.get(unit_id, {})
        holds = line.get("status") in {"awarded", "blocked"}
        values = {
            **{name: row[name] for name in RANKING if name in row},
            "unit_name": units[unit_id]["name"],
            "bloc_name": units[unit_id]["bloc_name"],
            "rank": rank.get("rank"),
            "is_tied": rank.get("is_tied"),
            "clause": rank.get("clause"),
            "prize_id": line["prize_id"] if holds else None,
            "prize_name": line["prize_name"] if holds else None,
            "award_status": line.get("status"),
            "quota": quotas.get(unit_id),
            **{name: line.get(name) for name in ("amount", "amount_min", "amount_max")},
        }
        rows.append({name: values[name] for name in RANKING})
    return sorted(rows, key=lambda row: (str(row["bloc_id"]), row["rank"] is None, row["rank"] or 0, row["unit_id"]))


def _rank_lines(marts: Marts, awards: Sequence[Row]) -> Iterable[tuple[Row, Row]]:
    """The lines of prizes by rank, beside the line that the mart has: only these it proposes or leaves to a tie."""
    originals = {
        (line["prize_id"], line["unit_id"]): line
        for line in marts["fct_award"]
        if line["unit_id"] and line["status"] != "awarded"
    }
    for line in awards:
        original = originals.get((line["prize_id"], line["unit_id"]))
        if original is not None:
            yield line, original
