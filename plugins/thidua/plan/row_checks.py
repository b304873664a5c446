"""What the CSVs must agree on with plan.yml and with each other."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from thidua.errors import Problem
from thidua.plan import csvs
from thidua.plan import models as m
from thidua.plan.references import Fault

if TYPE_CHECKING:
    from thidua.plan.loader import Plan

# Longer lists of allowed names help nobody; the closest match is named all the same.
_LISTED = 40


def target_value(row: csvs.TargetRow) -> int:
    """People, or whole millionths where the target is a percentage (written 90% or 90.5%)."""
    if row.value_kind == "percent":
        return int(m.parse_percent(row.value))
    return int(csvs.parse_count(row.value))


def hint(name: str, allowed: Collection[str]) -> str:
    """`; did you mean 'x'?` where something allowed looks like the name."""
    matches = difflib.get_close_matches(name, list(allowed), 1)
    return f"; did you mean '{matches[0]}'?" if matches else ""


class RowChecks:
    """Adds the problems of a plan's CSVs to `problems`. Lines are those of the CSVs."""

    def __init__(self, plan: Plan, problems: list[Problem]) -> None:
        self.plan = plan
        self.problems = problems
        self.units = {unit.unit_id: unit for unit in plan.units}
        self.metrics = {metric.metric_id: metric for metric in plan.document.metrics}
        self.periods = {period.period_id for period in plan.document.periods}

    def run(self) -> None:
        self._units()
        self._lineage()
        self._targets()
        self._figures()
        self._participants()

    def _add(self, file: str, line: int | None, column: str, message: str, allowed: str | None = None) -> None:
        self.problems.append(Problem(f"{self.plan.folder.name}/{file}.csv", line, column, message, allowed))

    def _known(self, file: str, row: csvs.Row, column: str, value: str | None, allowed: Collection[str]) -> None:
        if value is not None and value not in allowed:
            listed = (", ".join(sorted(allowed)) or "none") if len(allowed) <= _LISTED else None
            self._add(file, row.line, column, f"'{value}' does not exist{hint(value, allowed)}", listed)

    def _once(self, file: str, rows: Iterable[Any], columns: str, key: Callable[[Any], tuple[Any, ...]]) -> None:
        seen: dict[tuple[Any, ...], int] = {}
        for row in rows:
            first = seen.setdefault(key(row), row.line)
            if first != row.line:
                text = ", ".join(str(part) for part in key(row) if part is not None)
                self._add(file, row.line, columns, f"'{text}' stands on line {first} already")

    def _units(self) -> None:
        self._once("units", self.plan.units, "unit_id", lambda row: (row.unit_id,))
        for unit in self.plan.units:
            self._known("units", unit, "unit_type", unit.unit_type, self.plan.document.unit_types)
            self._known("units", unit, "parent", unit.parent, self.units)
            if unit.valid_from and unit.valid_through and unit.valid_through < unit.valid_from:
                self._add("units", unit.line, "valid_through", "ends before it begins")
            seen, above = {unit.unit_id}, unit.parent
            while above in self.units and above is not None:
                if above in seen:
                    self._add("units", unit.line, "parent", "goes round in a circle")
                    break
                seen.add(above)
                above = self.units[above].parent

    def _lineage(self) -> None:
        for lineage in self.plan.unit_lineage:
            self._known("unit_lineage", lineage, "from", lineage.from_, self.units)
            self._known("unit_lineage", lineage, "to", lineage.to, self.units)
            if (lineage.kind == "left") != (lineage.to is None):
                self._add("unit_lineage", lineage.line, "to", "a unit that left goes to none; any other goes to one")
            elif lineage.to == lineage.from_:
                self._add("unit_lineage", lineage.line, "to", "is the unit that it comes from")

    def _targets(self) -> None:
        targets = self.plan.targets
        columns = "target_id, unit_id, period_id, effective_from"
        self._once(
            "targets",
            targets,
            columns,
            lambda row: (row.target_id, row.unit_id, row.period_id, row.effective_from),
        )
        kinds: dict[str, csvs.TargetRow] = {}
        for target in targets:
            self._known("targets", target, "unit_id", target.unit_id, self.units)
            self._known("targets", target, "period_id", target.period_id, self.periods)
            first = kinds.setdefault(target.target_id, target)
            if first.value_kind != target.value_kind:
                message = (
                    f"'{target.value_kind}', but '{target.target_id}' is a {first.value_kind} on line {first.line}"
                )
                self._add("targets", target.line, "value_kind", message, first.value_kind)
            try:
                target_value(target)
            except ValueError as error:
                self._add("targets", target.line, "value", f"'{target.value}': {error}")

    def _figures(self) -> None:
        for file in ("baselines", "headcounts", "references"):
            for row in getattr(self.plan, file):
                self._known(file, row, "metric_id", row.metric_id, self.metrics)
                self._known(file, row, "unit_id", row.unit_id, self.units)
        for row in self.plan.references:
            if (row.dimension is None) != (row.member is None):
                self._add("references", row.line, "member", "goes with its dimension: give both or neither")
            elif row.dimension is not None and row.metric_id in self.metrics:
                self._known("references", row, "dimension", row.dimension, self.metrics[row.metric_id].dimensions or [])
        self._once("baselines", self.plan.baselines, "metric_id, unit_id", lambda row: (row.metric_id, row.unit_id))
        self._once(
            "headcounts",
            self.plan.headcounts,
            "metric_id, unit_id, as_of_date",
            lambda row: (row.metric_id, row.unit_id, row.as_of_date),
        )
        self._once(
            "references",
            self.plan.references,
            "metric_id, unit_id, dimension, member",
            lambda row: (row.metric_id, row.unit_id, row.dimension, row.member),
        )

    def _participants(self) -> None:
        for row in self.plan.participants:
            self._known("participants", row, "period_id", row.period_id, self.periods)
            self._known("participants", row, "authority_unit_id", row.authority_unit_id, self.units)
        self._once(
            "participants",
            self.plan.participants,
            "period_id, authority_unit_id, recipient",
            lambda row: (row.period_id, row.authority_unit_id, row.recipient),
        )


def used_targets(document: m.PlanDocument) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Where a document names a target: (path, target_id, the value_kind it must have)."""
    for index, measure in enumerate(document.measures):
        if measure.denominator.target:
            yield ("measures", index, "denominator", "target"), measure.denominator.target, "count"
    for index, gate in enumerate(document.gates):
        if isinstance(gate, m.MeasureCondition) and isinstance(gate.at_least, m.TargetRate):
            yield ("gates", index, "at_least", "target"), gate.at_least.target, "percent"
    for index, award in enumerate(document.awards):
        for position, condition in enumerate(award.requires):
            if isinstance(condition, m.MeasureCondition) and isinstance(condition.at_least, m.TargetRate):
                path = ("awards", index, "requires", position, "at_least", "target")
                yield path, condition.at_least.target, "percent"
    for index, check in enumerate(document.checks):
        if isinstance(check, m.ChildrenAddUpCheck):
            yield ("checks", index, "target"), check.target, "count"


def document_faults(
    document: m.PlanDocument, units: Mapping[str, csvs.UnitRow], targets: list[csvs.TargetRow]
) -> Iterator[Fault]:
    """What of a document only the CSVs can confirm: targets, units with numbers of their own, and who adds to a goal."""
    kinds = {row.target_id: row.value_kind for row in targets}
    for path, target, kind in used_targets(document):
        if target not in kinds:
            yield Fault(path, f"target '{target}' is not in targets.csv", sorted(kinds))
        elif kinds[target] != kind:
            yield Fault(path, f"target '{target}' is a {kinds[target]} in targets.csv, here it must be a {kind}")
    for section, items, name in (("awards", document.awards, "quota_of"), ("checks", document.checks, "count_of")):
        for index, item in enumerate(items):
            for unit in getattr(item, name, {}):
                if unit not in units:
                    allowed = sorted(units) if len(units) <= _LISTED else None
                    message = f"unit '{unit}' does not exist" + (hint(unit, units) if allowed is None else "")
                    yield Fault((section, index, name, unit), message, allowed)
    yield from _goals_of_nobody(document, units.values())


def _goals_of_nobody(document: m.PlanDocument, units: Collection[csvs.UnitRow]) -> Iterator[Fault]:
    """Goals to which no unit of their blocs adds: nothing would ever be said of them."""
    blocs = {bloc.bloc_id: set(bloc.unit_types) for bloc in document.blocs}
    for index, goal in enumerate(document.goals):
        summed = set(goal.blocs or blocs)
        if not summed <= blocs.keys():
            continue  # told already
        if goal.measure:
            found = [measure.blocs or blocs for measure in document.measures if measure.measure_id == goal.measure]
            summed &= {bloc for some in found for bloc in some}
        types = {kind for bloc in summed for kind in blocs[bloc]}
        if not any(unit.unit_type in types and stands_on(unit, goal.due_on) for unit in units):
            message = f"no unit of its blocs stands on {goal.due_on}: nobody would add to the goal"
            yield Fault(("goals", index, "blocs" if goal.blocs else "due_on"), message)


def stands_on(unit: csvs.UnitRow, day: date) -> bool:
    return (unit.valid_from is None or unit.valid_from <= day) and (
        unit.valid_through is None or day <= unit.valid_through
    )
