"""What a plan's folder says, as an oracle reads it: resolved document, units and their lines, periods as instants.

The document is read by the language's own loader, which has tests of its own; everything that follows from it is
computed again here and in the oracle, and shares no code with the compiler or the SQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from thidua.clock import LOCAL
from thidua.plan import models as m
from thidua.plan.loader import load_plan

INSTANT = timedelta(microseconds=1)


def day_of(moment: datetime) -> date:
    return moment.astimezone(LOCAL).date()


def start_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=LOCAL)


def end_of(day: date) -> datetime:
    return start_of(day + timedelta(days=1))


def instant(value: date | datetime) -> datetime:
    return value.replace(tzinfo=LOCAL) if isinstance(value, datetime) else start_of(value)


_load = lru_cache(maxsize=None)(load_plan)  # the same plan is asked of several moments


@dataclass(frozen=True)
class Period:
    period_id: str
    window: datetime | None
    closing: date
    cutoff: datetime
    multiplier: int


class PlanFacts:
    """One plan under one choice of its readings."""

    def __init__(self, folder: Path, chosen: Mapping[str, str]) -> None:
        self.plan = _load(folder)
        self.document = self.plan.resolved(chosen)
        self.units = {row.unit_id: row for row in self.plan.units}
        self.metrics = {metric.metric_id: metric for metric in self.document.metrics}
        self.bloc_of = {kind: bloc.bloc_id for bloc in self.document.blocs for kind in bloc.unit_types}
        self._lines = {unit: self._line(unit) for unit in self.units}
        self._pasts = {unit: self._past(unit) for unit in self.units}
        self.periods = {period.period_id: self._period(period) for period in self.document.periods}

    @staticmethod
    def _period(period: m.Period) -> Period:
        window = instant(period.window_from) if period.window_from else None
        if period.cutoff_at:
            cutoff = instant(period.cutoff_at)
            return Period(period.period_id, window, day_of(cutoff - INSTANT), cutoff, period.multiplier)
        assert period.closing_date
        return Period(period.period_id, window, period.closing_date, end_of(period.closing_date), period.multiplier)

    # Units -----------------------------------------------------------------------------------------------------------

    def bloc(self, unit: str) -> str | None:
        return self.bloc_of.get(self.units[unit].unit_type)

    def above(self, unit: str) -> list[str]:
        """The unit and every one above it, nearest first."""
        return self._lines[unit]

    def _line(self, unit: str) -> list[str]:
        line = [unit]
        while (parent := self.units[line[-1]].parent) is not None:
            line.append(parent)
        return line

    def is_valid(self, unit: str, day: date) -> bool:
        row = self.units[unit]
        return (row.valid_from is None or row.valid_from <= day) and (
            row.valid_through is None or day <= row.valid_through
        )

    def valid(self, period: Period) -> list[str]:
        return [unit for unit in self.units if self.is_valid(unit, period.closing)]

    def direct_predecessors(self, unit: str) -> list[str]:
        """What it was renamed, or merged, from; what splits off keeps no share."""
        return [row.from_ for row in self.plan.unit_lineage if row.to == unit and row.kind in ("renamed", "merged")]

    def predecessors(self, unit: str) -> set[str]:
        """All of them, however far back."""
        return self._pasts[unit]

    def _past(self, unit: str) -> set[str]:
        found: set[str] = set()
        for one in self.direct_predecessors(unit):
            found |= {one} | self._past(one)
        return found

    def carried_on_by(self, unit: str) -> list[str]:
        """The unit, and whatever it was renamed to or merged into."""
        return [unit, *(heir for heir, past in self._pasts.items() if unit in past)]

    def judged(self, period: Period) -> list[str]:
        """Who stands at the closing, and whoever has a past under another name that stood then."""
        return [
            unit
            for unit in self.units
            if self.is_valid(unit, period.closing)
            or any(self.is_valid(one, period.closing) for one in self.predecessors(unit))
        ]

    def reported_as(self, unit: str, period: Period) -> list[str]:
        """Before a rename it was the old unit that was reported of."""
        if self.is_valid(unit, period.closing):
            return [unit]
        return [one for one in self.predecessors(unit) if self.is_valid(one, period.closing)]

    # Metrics ---------------------------------------------------------------------------------------------------------

    def leaves(self, metric_id: str) -> list[m.EventsMetric]:
        metric = self.metrics[metric_id]
        if isinstance(metric, m.EventsMetric):
            return [metric]
        names = metric.of if isinstance(metric, m.AllOfMetric) else []
        if isinstance(metric, m.InstantMetric):
            names = [metric.of]
        return [leaf for name in names for leaf in self.leaves(name)]

    def is_windowed(self, metric_id: str) -> bool:
        return any(leaf.from_ == "window" for leaf in self.leaves(metric_id))

    # Targets and baselines -------------------------------------------------------------------------------------------

    def target(self, target_id: str, unit: str, period: Period) -> int | None:
        """People, or millionths of a rate: the unit's own, else what its predecessors had (a rate from one only)."""
        own = self._own_target(target_id, unit, period)
        if own is not None:
            return own
        parts = [self.target(target_id, one, period) for one in self.direct_predecessors(unit)]
        found = [part for part in parts if part is not None]
        is_rate = any(row.target_id == target_id and row.value_kind == "percent" for row in self.plan.targets)
        if not found or (is_rate and len(found) > 1):
            return None
        return sum(found)

    def _own_target(self, target_id: str, unit: str, period: Period) -> int | None:
        rows = [
            row
            for row in self.plan.targets
            if (row.target_id, row.unit_id) == (target_id, unit)
            and row.period_id in (None, period.period_id)
            and row.effective_from <= period.closing
        ]
        rows.sort(key=lambda row: (row.period_id is not None, row.effective_from))
        if not rows:
            return None
        value = rows[-1].value
        return m.parse_percent(value) if rows[-1].value_kind == "percent" else int(value)

    def baseline(self, metric_id: str, unit: str) -> int | None:
        own = [row.value for row in self.plan.baselines if (row.metric_id, row.unit_id) == (metric_id, unit)]
        if own:
            return own[0]
        parts = [self.baseline(metric_id, one) for one in self.direct_predecessors(unit)]
        found = [part for part in parts if part is not None]
        return sum(found) if found else None
