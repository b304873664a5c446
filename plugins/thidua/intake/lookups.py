"""Distinct texts and what they mean. Texts are few even where rows are many, so Python may look at each of them once.

Every function fills a table named after its column: `<key>_lookup`, keyed by the text as written (and campaign_no
where the plan decides). `hint` says for a text that means nothing what it could have meant.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import duckdb
import pyarrow as pa

from thidua.intake.campaigns import CampaignFacts
from thidua.intake.cells import lay
from thidua.intake.contracts import Column, Contract
from thidua.intake.days import parse_day
from thidua.intake.layout import is_bloc, is_roman, is_total
from thidua.intake.words import fold
from thidua.plan.registry import similar

_TEXT, _INTEGER, _DAY, _FLAG = pa.string(), pa.int32(), pa.date32(), pa.bool_()
_SUGGESTED = 3


def distinct_texts(connection: duckdb.DuckDBPyConnection, key: str) -> list[str]:
    found = connection.execute(f"select distinct {key}_text from cells where {key}_text <> ''").fetchall()
    return [text for (text,) in found]


def _by_campaign(connection: duckdb.DuckDBPyConnection, key: str) -> list[tuple[int, str]]:
    return connection.execute(
        f"""
        select distinct parts.campaign_no, cells.{key}_text
        from cells inner join parts on cells.part_no = parts.part_no
        where cells.{key}_text <> ''
        """
    ).fetchall()


def look_up_units(
    connection: duckdb.DuckDBPyConnection, contract: Contract, column: Column, campaigns: Sequence[CampaignFacts]
) -> None:
    """`kind` tells labels that are no unit apart: total, bloc, note (the header again, on a printed page)."""
    key = contract.key_of(column)
    headers = {header for one in contract.of_role("unit") for header in one.folded_headers}
    rows: list[tuple[Any, ...]] = []
    for number, label in _by_campaign(connection, key):
        facts = campaigns[number]
        text = label.strip()
        match = facts.registry.resolve(text) if text else None
        unit = facts.units[match.unit_id] if match and match.unit_id else None
        candidates = match.candidates if match else ()
        if unit:
            form, kind, hint = "ok", "unit", ""
        elif candidates:
            form, kind = "ambiguous", "unit"
            hint = "; ".join(f"{facts.registry.name_of(unit_id)} ({unit_id})" for unit_id in candidates)
        else:
            form = "unknown" if text else "blank"
            kind = "total" if is_total(text) else "bloc" if is_bloc(text) else "text"
            if fold(text) in headers:
                kind = "note"
            hint = "; ".join(similar(text, facts.unit_names, _SUGGESTED)) if kind == "text" else ""
        rows.append(
            (
                number, label, kind, form, unit.unit_id if unit else None, unit.valid_from if unit else None,
                unit.valid_through if unit else None, hint,
            )
        )  # fmt: skip
    lay(
        connection,
        f"{key}_lookup",
        {
            "campaign_no": _INTEGER, "text": _TEXT, "kind": _TEXT, "form": _TEXT, "unit_id": _TEXT,
            "valid_from": _DAY, "valid_through": _DAY, "hint": _TEXT,
        },
        rows,
    )  # fmt: skip
    _look_up_units_of_a_day(connection, contract, key, campaigns, any(row[3] == "ambiguous" for row in rows))


def _look_up_units_of_a_day(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    key: str,
    campaigns: Sequence[CampaignFacts],
    is_needed: bool,
) -> None:
    """A name that fits several units may fit only one of them on its day (a renamed unit, a merged one)."""
    rows: list[tuple[Any, ...]] = []
    if is_needed:
        has_days = bool(contract.of_role("as_of_date"))
        row_day = (
            "coalesce(days.day, parts.fixed_date, parts.complete_on)"
            if has_days
            else "coalesce(parts.fixed_date, parts.complete_on)"
        )
        days = "left join as_of_date_lookup as days on cells.as_of_date_text = days.text" if has_days else ""
        pairs = connection.execute(
            f"""
            select distinct parts.campaign_no, cells.{key}_text, {row_day} as day
            from cells
            inner join parts on cells.part_no = parts.part_no
            inner join {key}_lookup as labels
                on parts.campaign_no = labels.campaign_no and cells.{key}_text = labels.text
            {days}
            where labels.form = 'ambiguous'
            """
        ).fetchall()
        for number, label, day in pairs:
            match = campaigns[number].registry.resolve(label.strip(), day) if day else None
            if match and match.unit_id:
                rows.append((number, label, day, match.unit_id))
    lay(connection, f"{key}_of_day", {"campaign_no": _INTEGER, "text": _TEXT, "day": _DAY, "unit_id": _TEXT}, rows)


def look_up_senders(connection: duckdb.DuckDBPyConnection, campaigns: Sequence[CampaignFacts]) -> None:
    """`families`: what each sender named by a file may speak of."""
    hints = connection.execute(
        "select distinct campaign_no, hint_unit_id from parts where hint_unit_id is not null"
    ).fetchall()
    rows = [(number, hint, unit_id) for number, hint in hints for unit_id in sorted(campaigns[number].family_of(hint))]
    lay(connection, "families", {"campaign_no": _INTEGER, "hint_unit_id": _TEXT, "unit_id": _TEXT}, rows)


def look_up_ordinals(connection: duckdb.DuckDBPyConnection, key: str) -> None:
    """What opens a row in the place of its number: a roman numeral, a total, a bloc."""
    rows = [(text, is_roman(text), is_total(text), is_bloc(text)) for text in distinct_texts(connection, key)]
    lay(connection, f"{key}_lookup", {"text": _TEXT, "is_roman": _FLAG, "is_total": _FLAG, "is_bloc": _FLAG}, rows)


def look_up_days(connection: duckdb.DuckDBPyConnection, key: str) -> None:
    rows = [(text, parse_day(text)) for text in distinct_texts(connection, key)]
    lay(connection, f"{key}_lookup", {"text": _TEXT, "day": _DAY}, rows)


def look_up_metrics(
    connection: duckdb.DuckDBPyConnection, contract: Contract, campaigns: Sequence[CampaignFacts]
) -> None:
    rows = []
    for number, text in _by_campaign(connection, "metric"):
        metrics = contract.names_of(campaigns[number].metrics_of(contract.export_type))
        found = [metric for metric, names in metrics.items() if fold(text) in map(fold, names)]
        rows.append((number, text, found[0] if len(found) == 1 else None, ", ".join(sorted(metrics))))
    lay(connection, "metric_lookup", {"campaign_no": _INTEGER, "text": _TEXT, "metric_id": _TEXT, "hint": _TEXT}, rows)


def one_spelling(text: str) -> str:
    """NFC, without doubled spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def look_up_values(connection: duckdb.DuckDBPyConnection, contract: Contract, column: Column) -> None:
    """The keys of a closed vocabulary; of an open one the text itself, its spaces made single."""
    key = contract.key_of(column)
    allowed = "; ".join(texts[0] if texts else value for value, texts in column.values.items())
    rows = []
    for text in distinct_texts(connection, key):
        value = column.spellings.get(fold(text)) if column.values else one_spelling(text) or None
        form = "blank" if not text.strip() else "unknown" if value is None else "ok"
        rows.append((text, value if form == "ok" else None, form, allowed if form == "unknown" else ""))
    lay(connection, f"{key}_lookup", {"text": _TEXT, "value": _TEXT, "form": _TEXT, "hint": _TEXT}, rows)
