"""Which measure a ranking follows, seen from the ranks themselves: a document claims no inequality that does not hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from thidua.annexes.result import Result
from thidua.reports.served import Row


def figures_that_rank(result: Result, bloc_id: str | None) -> dict[str, Row]:
    """unit -> its row of the measure that the bloc's ranks follow; empty where nobody is ranked or none explains it.

    The measure of the shown rate comes first, where more than one would explain the ranks.
    """
    ranked = [row for row in result.rows("ranking", bloc_id=bloc_id) if row["rank"] is not None]
    by_measure: dict[str, dict[str, Row]] = {}
    for row in sorted(result.tables["fct_measure"], key=lambda row: str(row["measure_id"])):
        by_measure.setdefault(row["measure_id"], {})[row["unit_id"]] = row
    for figures in sorted(by_measure.values(), key=lambda figures: not _is_shown(ranked, figures)):
        if ranked and _explains(ranked, figures):
            return figures
    return {}


def _is_shown(ranked: Sequence[Row], figures: Mapping[str, Row]) -> bool:
    return all(
        row["unit_id"] in figures
        and (row["numerator"], row["denominator"])
        == (figures[row["unit_id"]]["numerator"], figures[row["unit_id"]]["denominator"])
        for row in ranked
    )


def _explains(ranked: Sequence[Row], figures: Mapping[str, Row]) -> bool:
    """Nobody stands above a greater fraction; equal ranks are equal fractions. Further keys may part equal fractions."""
    found = [figures.get(row["unit_id"]) for row in ranked]
    if any(row is None or row["numerator"] is None or not row["denominator"] for row in found):
        return False
    in_order = sorted(ranked, key=lambda row: row["rank"])
    for above, below in pairwise(in_order):
        lead = _difference(figures[above["unit_id"]], figures[below["unit_id"]])
        if lead < 0 or (lead != 0 and above["rank"] == below["rank"]):
            return False
    return True


def _difference(one: Row, other: Row) -> int:
    """Above zero where the first fraction is greater, in whole numbers."""
    return int(one["numerator"] * other["denominator"] - other["numerator"] * one["denominator"])


def lead_over(row: Row, other: Row) -> int | None:
    """How many more than `row` has would make its fraction greater than that of `other`; null where it is not behind."""
    if _difference(row, other) >= 0:
        return None
    return int(other["numerator"] * row["denominator"] // other["denominator"] + 1 - row["numerator"])
