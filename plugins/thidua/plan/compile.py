"""Turns a plan into the rows of the reference tables (plan/tables.py), readings resolved, lists expanded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from thidua.clock import LOCAL, day_end, day_start
from thidua.plan import models as m
from thidua.plan.loader import Plan
from thidua.plan.references import periods_of_goal
from thidua.plan.row_checks import target_value
from thidua.plan.tables import PLAN_TABLES

Row = dict[str, Any]


def compile_plan(
    plan: Plan, chosen: Mapping[str, str] | None = None, plan_hash: str | None = None
) -> dict[str, list[Row]]:
    """Table name -> rows with exactly the columns of PLAN_TABLES; days and instants as ISO text (UTC offset kept).

    `chosen` maps reading_id to option; the plan's default holds where it is silent. Raises ThiduaError on a wrong one.
    """
    tables: dict[str, list[Row]] = {name: [] for name in PLAN_TABLES}
    for table, row in _Compiler(plan, plan.resolved(chosen), dict(chosen or {}), plan_hash).rows():
        full = dict.fromkeys(PLAN_TABLES[table]) | {"campaign_id": plan.campaign_id} | row
        tables[table].append({name: _plain(value) for name, value in full.items()})
    return tables


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def start_instant(value: date | datetime | None) -> datetime | None:
    """The first instant of a day, or the local instant itself."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=LOCAL)
    return day_start(value) if value else None


def cutoff_of(period: m.Period) -> datetime:
    """The exclusive end of a period: "to the end of day D" is D+1 00:00."""
    if period.cutoff_at:
        return period.cutoff_at.replace(tzinfo=LOCAL)
    if period.closing_date is None:
        raise ValueError(f"period {period.period_id} has no closing")  # the language refuses it
    return day_end(period.closing_date)


def closing_date_of(period: m.Period) -> date:
    """The last local day that counts, at least in part."""
    return period.closing_date or (cutoff_of(period) - timedelta(microseconds=1)).astimezone(LOCAL).date()


def due_at(report: m.Report, period: m.Period) -> datetime:
    """The first instant that is too late for a report."""
    if report.due_before is not None:
        return day_start(report.due_before)
    if report.days_after_closing is not None:
        return day_end(closing_date_of(period) + timedelta(days=report.days_after_closing))
    window = period.window_from
    if window is None or report.days_before_window is None:
        raise ValueError(f"report {report.export} has no due day")  # the language refuses it
    first_day = window.date() if isinstance(window, datetime) else window
    return day_end(first_day - timedelta(days=report.days_before_window))


class _Compiler:
    def __init__(self, plan: Plan, document: m.PlanDocument, chosen: dict[str, str], plan_hash: str | None) -> None:
        self.plan = plan
        self.document = document
        self.chosen = chosen
        self.plan_hash = plan_hash
        self.periods = {period.period_id: period for period in document.periods}
        self.metrics = {metric.metric_id: metric for metric in document.metrics}

    def rows(self) -> Iterator[tuple[str, Row]]:
        yield from self._campaign()
        yield from self._units()
        yield from self._metrics()
        yield from self._measures()
        yield from self._periods()
        yield from self._gates()
        yield from self._ranking()
        yield from self._awards()
        yield from self._goals()
        yield from self._schedule()
        yield from self._backlogs()
        yield from self._reports()
        yield from self._checks()
        yield from self._readings()
        yield from self._figures()

    def _campaign(self) -> Iterator[tuple[str, Row]]:
        campaign = self.document.campaign
        end = day_end(campaign.through) if campaign.through else start_instant(campaign.until)
        yield (
            "campaigns",
            {
                "title": campaign.title,
                "document_number": campaign.document_number,
                "issued_by": campaign.issued_by,
                "starts_at": start_instant(campaign.from_),
                "ends_at": end,
                "clause": campaign.clause,
                "plan_hash": self.plan_hash,
            },
        )

    def _units(self) -> Iterator[tuple[str, Row]]:
        bloc_of = {unit_type: bloc.bloc_id for bloc in self.document.blocs for unit_type in bloc.unit_types}
        for bloc in self.document.blocs:
            yield "blocs", {"bloc_id": bloc.bloc_id, "name": bloc.name or bloc.bloc_id, "clause": bloc.clause}
        parents = {unit.unit_id: unit.parent for unit in self.plan.units}
        for unit in self.plan.units:
            yield (
                "units",
                {
                    "unit_id": unit.unit_id,
                    "code": unit.code,
                    "name": unit.name,
                    "unit_type": unit.unit_type,
                    "parent_unit_id": unit.parent,
                    "bloc_id": bloc_of.get(unit.unit_type),
                    "valid_from": unit.valid_from,
                    "valid_through": unit.valid_through,
                },
            )
            ancestor: str | None = unit.unit_id
            distance = 0
            while ancestor is not None:
                row = {"unit_id": unit.unit_id, "ancestor_unit_id": ancestor, "distance": distance}
                yield "unit_ancestors", row
                ancestor, distance = parents[ancestor], distance + 1
            for predecessor in self._predecessors(unit.unit_id):
                yield "unit_predecessors", {"unit_id": unit.unit_id, "predecessor_unit_id": predecessor}
        for lineage in self.plan.unit_lineage:
            yield (
                "unit_lineage",
                {
                    "happened_on": lineage.happened_on,
                    "kind": lineage.kind,
                    "from_unit_id": lineage.from_,
                    "to_unit_id": lineage.to,
                    "document": lineage.document,
                },
            )

    def _predecessors(self, unit_id: str) -> list[str]:
        """What a unit was before it was renamed, or merged from; what split off keeps no share of the whole."""
        found: list[str] = []
        heirs = [unit_id]
        while heirs:
            heir = heirs.pop()
            for lineage in self.plan.unit_lineage:
                if lineage.to == heir and lineage.kind in ("renamed", "merged") and lineage.from_ not in found:
                    found.append(lineage.from_)
                    heirs.append(lineage.from_)
        return sorted(found)

    def _reference(
        self, given: Mapping[tuple[str, str, str, str], int], key: tuple[str, str, str], unit_id: str
    ) -> int | None:
        """A unit's own reference figure, else the sum of what it was renamed or merged from, once all of these have one."""
        if (*key, unit_id) in given:
            return given[(*key, unit_id)]
        before = [
            row.from_ for row in self.plan.unit_lineage if row.to == unit_id and row.kind in ("renamed", "merged")
        ]
        parts = [self._reference(given, key, one) for one in before]
        known = [part for part in parts if part is not None]
        return sum(known) if parts and len(known) == len(parts) else None

    def _leaves(self, metric: m.Metric) -> list[m.EventsMetric]:
        """The metrics of kind events that a metric is made of; none for figures."""
        if isinstance(metric, m.EventsMetric):
            return [metric]
        names = metric.of if isinstance(metric, m.AllOfMetric) else []
        if isinstance(metric, m.InstantMetric):
            names = [metric.of]
        return [leaf for name in names for leaf in self._leaves(self.metrics[name])]

    def _metrics(self) -> Iterator[tuple[str, Row]]:
        for metric in self.document.metrics:
            key = {"metric_id": metric.metric_id}
            row: Row = {
                **key,
                "name": metric.name or metric.metric_id,
                "kind": metric.kind,
                "clause": metric.clause,
            }
            if isinstance(metric, m.ReportedMetric):
                row["export_type"] = metric.export
            elif isinstance(metric, m.EventsMetric):
                at = metric.from_
                row |= {
                    "export_type": metric.export,
                    "from_kind": "window" if at == "window" else "instant" if at else None,
                    "from_at": start_instant(at) if isinstance(at, datetime) else None,
                    "distinct_by": metric.distinct,
                    "valid_through": metric.valid_through,
                }
                for event in metric.events:
                    yield "metric_events", {**key, "event": event}
                for product in metric.products or []:
                    yield "metric_products", {**key, "product": product}
            elif isinstance(metric, m.AllOfMetric):
                for part in metric.of:
                    yield "metric_parts", {**key, "part_metric_id": part}
            elif isinstance(metric, m.InstantMetric):
                row |= {"of_metric_id": metric.of, "pick": metric.pick}
            for dimension in metric.dimensions or []:
                yield "metric_dimensions", {**key, "dimension": dimension}
            leaves = self._leaves(metric)
            if leaves:
                row["is_windowed"] = any(leaf.from_ == "window" for leaf in leaves)
            for export in sorted({leaf.export for leaf in leaves}):
                yield "metric_exports", {**key, "export_type": export}
            yield "metrics", row

    def _measures(self) -> Iterator[tuple[str, Row]]:
        for measure in self.document.measures:
            above, below = measure.numerator, measure.denominator
            baseline = above.minus_baseline
            blocs: list[str] | list[None] = measure.blocs or [None]
            for bloc in blocs:
                yield (
                    "measures",
                    {
                        "measure_id": measure.measure_id,
                        "bloc_id": bloc,
                        "name": measure.name or measure.measure_id,
                        "numerator_metric_id": above.metric,
                        **_member(above.member, "numerator_"),
                        "baseline_kind": None if baseline is None else "given" if baseline == "given" else "day",
                        "baseline_date": baseline if isinstance(baseline, date) else None,
                        "denominator_metric_id": below.metric,
                        **_member(below.member, "denominator_"),
                        "target_id": below.target,
                        "clause": measure.clause,
                    },
                )

    def _periods(self) -> Iterator[tuple[str, Row]]:
        for position, period in enumerate(self.document.periods, 1):
            yield (
                "periods",
                {
                    "period_id": period.period_id,
                    "name": period.name or period.period_id,
                    "kind": period.kind,
                    "window_from": start_instant(period.window_from),
                    "closing_date": closing_date_of(period),
                    "cutoff_at": cutoff_of(period),
                    "multiplier": period.multiplier,
                    "position": position,
                    "clause": period.clause,
                },
            )

    def _gates(self) -> Iterator[tuple[str, Row]]:
        for position, gate in enumerate(self.document.gates, 1):
            for unit_type in gate.applies_to or self.document.unit_types:
                yield "gate_unit_types", {"gate_id": gate.gate_id, "unit_type": unit_type}
            for period in gate.periods:
                yield (
                    "gates",
                    {
                        "gate_id": gate.gate_id,
                        "period_id": period,
                        "position": position,
                        "recipient": gate.recipient,
                        "kind": gate.kind,
                        **_condition(gate),
                        "clause": gate.clause,
                    },
                )
                if isinstance(gate, m.EligibleGate | m.AwardedGate):
                    for earlier in gate.in_:
                        row = {"gate_id": gate.gate_id, "period_id": period, "in_period_id": earlier}
                        yield "gate_periods", row

    def _ranking(self) -> Iterator[tuple[str, Row]]:
        ranking = self.document.ranking
        for period in ranking.periods if ranking else []:
            for position, key in enumerate(ranking.order if ranking else [], 1):
                yield (
                    "ranking_keys",
                    {
                        "period_id": period,
                        "position": position,
                        "kind": "measure" if key.measure else "metric",
                        "measure_id": key.measure,
                        "metric_id": key.metric,
                        "direction": key.direction,
                        "clause": ranking.clause if ranking else None,
                    },
                )

    def _awards(self) -> Iterator[tuple[str, Row]]:
        for position, award in enumerate(self.document.awards, 1):
            key = {"prize_id": award.prize_id}
            row: Row = {
                **key,
                "position": position,
                "name": award.name or award.prize_id,
                "granted_by": award.by,
                "recipient": award.recipient,
                "amount": award.amount,
                "is_multiplied": award.multiplied,
                "clause": award.clause,
            }
            if isinstance(award, m.NominationAward):
                row["quota"] = award.quota
                for prize in award.of_prizes:
                    yield "prize_of_prizes", {**key, "of_prize_id": prize}
                for unit, quota in award.quota_of.items():
                    yield "prize_quotas", {**key, "unit_id": unit, "quota": quota}
            else:
                counted = isinstance(award.places, int)
                row |= {
                    "places_kind": "count" if counted else award.places,
                    "places": award.places if counted else None,
                }
            if isinstance(award, m.RankAward) and award.per:
                row |= {"per_metric_id": award.per.metric, "per_as_of": award.per.as_of}
            if isinstance(award, m.DecisionAward):
                row |= {"cap_ppm": award.cap, "pool": award.pool, "candidates_metric_id": award.candidates}
                for unit_type in award.authority or []:
                    yield "prize_authorities", {**key, "unit_type": unit_type}
                for order, item in enumerate(award.show, 1):
                    yield "prize_shows", {**key, "position": order, "item": item}
            for order, condition in enumerate(award.requires, 1):
                place = {**key, "position": order}
                yield "prize_conditions", {**place, "kind": condition.kind, **_prize_condition(condition)}
                if isinstance(condition, m.EligibleCondition | m.AwardedCondition):
                    for period in condition.in_:
                        yield "prize_condition_periods", {**place, "in_period_id": period}
            for period in award.periods:
                yield "prizes", {**row, "period_id": period}

    def _goals(self) -> Iterator[tuple[str, Row]]:
        for goal in self.document.goals:
            value = goal.over if goal.over is not None else goal.at_least
            period = self._period_of_goal(goal)
            yield (
                "goals",
                {
                    "goal_id": goal.goal_id,
                    "name": goal.name or goal.goal_id,
                    "metric_id": goal.metric,
                    "measure_id": goal.measure,
                    "comparison": "over" if goal.over is not None else "at_least",
                    "goal_value": value if goal.metric else None,
                    "goal_ppm": value if goal.measure else None,
                    "period_id": period.period_id if period else None,
                    "due_on": goal.due_on,
                    "due_at": day_end(goal.due_on),
                    "clause": goal.clause,
                },
            )
            for bloc in goal.blocs or [bloc.bloc_id for bloc in self.document.blocs]:
                yield "goal_blocs", {"goal_id": goal.goal_id, "bloc_id": bloc}

    def _period_of_goal(self, goal: m.Goal) -> m.Period | None:
        """The period whose events a goal counts; none for figures."""
        names = [goal.metric] if goal.metric else []
        for measure in self.document.measures:
            if measure.measure_id == goal.measure:
                names += [name for name in (measure.numerator.metric, measure.denominator.metric) if name]
        leaves = [leaf for name in names for leaf in self._leaves(self.metrics[name])]
        if not leaves:
            return None
        with_window = any(leaf.from_ == "window" for leaf in leaves)
        return periods_of_goal(self.document, goal, with_window=with_window)[0]

    def _schedule(self) -> Iterator[tuple[str, Row]]:
        schedule = self.document.schedule
        if schedule is None:
            return
        for position, group in enumerate(schedule.groups, 1):
            yield (
                "schedule_groups",
                {
                    "metric_id": schedule.metric,
                    "dimension": schedule.dimension,
                    "rule": schedule.rule,
                    "member": group.member,
                    "planned_from": group.from_,
                    "planned_through": group.through,
                    "position": position,
                    "clause": group.clause,
                },
            )

    def _backlogs(self) -> Iterator[tuple[str, Row]]:
        for backlog in self.document.backlogs:
            yield (
                "backlogs",
                {
                    "backlog_id": backlog.backlog_id,
                    "name": backlog.name or backlog.backlog_id,
                    "opened_metric_id": backlog.opened,
                    "closed_metric_id": backlog.closed,
                    "clause": backlog.clause,
                },
            )

    def _reports(self) -> Iterator[tuple[str, Row]]:
        for report in self.document.reports:
            for period in report.periods:
                for unit_type in report.from_:
                    yield (
                        "reports",
                        {
                            "period_id": period,
                            "export_type": report.export,
                            "from_unit_type": unit_type,
                            "to_unit_type": report.to,
                            "due_at": due_at(report, self.periods[period]),
                            "clause": report.clause,
                        },
                    )

    def _checks(self) -> Iterator[tuple[str, Row]]:
        for position, check in enumerate(self.document.checks, 1):
            row: Row = {
                "check_id": check.check_id,
                "kind": check.kind,
                "position": position,
                "clause": check.clause,
            }
            if isinstance(check, m.ChildrenAddUpCheck):
                row["target_id"] = check.target
                unit_types = check.parent_types
            else:
                row |= {"metric_id": check.metric, "expected_count": check.count, **_member(check.member, "")}
                unit_types = check.unit_types
            if isinstance(check, m.RatioCheck):
                row["over_metric_id"] = check.over
            if isinstance(check, m.AtLeastCheck):
                for unit, count in check.count_of.items():
                    yield (
                        "check_unit_counts",
                        {"check_id": check.check_id, "unit_id": unit, "expected_count": count},
                    )
            for unit_type in unit_types:
                yield "check_unit_types", {"check_id": check.check_id, "unit_type": unit_type}
            yield "checks", row

    def _readings(self) -> Iterator[tuple[str, Row]]:
        for reading in self.document.readings:
            yield (
                "readings",
                {
                    "reading_id": reading.reading_id,
                    "options": ", ".join(reading.options),
                    "chosen": self.chosen.get(reading.reading_id, reading.default),
                    "default_option": reading.default,
                    "reason": reading.reason,
                    "clause": reading.clause,
                },
            )

    def _figures(self) -> Iterator[tuple[str, Row]]:
        for target in self.plan.targets:
            yield (
                "targets",
                {
                    "target_id": target.target_id,
                    "unit_id": target.unit_id,
                    "period_id": target.period_id,
                    "value": target_value(target),
                    "value_kind": target.value_kind,
                    "decision_number": target.decision_number,
                    "effective_from": target.effective_from,
                },
            )
        for baseline in self.plan.baselines:
            yield (
                "baselines",
                {"metric_id": baseline.metric_id, "unit_id": baseline.unit_id, "value": baseline.value},
            )
        for headcount in self.plan.headcounts:
            yield (
                "given_figures",
                {
                    "metric_id": headcount.metric_id,
                    "unit_id": headcount.unit_id,
                    "dimension": "",
                    "member": "",
                    "as_of_date": headcount.as_of_date,
                    "value": headcount.value,
                },
            )
        given: dict[tuple[str, str, str, str], int] = {
            (row.metric_id, row.dimension or "", row.member or "", row.unit_id): row.value
            for row in self.plan.references
        }
        for metric, dimension, member in dict.fromkeys(key[:3] for key in given):
            for unit in self.plan.units:
                value = self._reference(given, (metric, dimension, member), unit.unit_id)
                if value is not None:
                    yield (
                        "given_figures",
                        {
                            "metric_id": metric,
                            "unit_id": unit.unit_id,
                            "dimension": dimension,
                            "member": member,
                            "as_of_date": None,
                            "value": value,
                        },
                    )
        for participant in self.plan.participants:
            yield (
                "participants",
                {
                    "period_id": participant.period_id,
                    "authority_unit_id": participant.authority_unit_id,
                    "recipient": participant.recipient,
                    "value": participant.value,
                },
            )


def _member(member: m.Member | None, prefix: str) -> Row:
    return {
        f"{prefix}dimension": member.dimension if member else None,
        f"{prefix}member": member.member if member else None,
    }


def _threshold(condition: m.MeasureCondition) -> Row:
    of_target = isinstance(condition.at_least, m.TargetRate)
    return {
        "measure_id": condition.measure,
        "threshold_ppm": None if of_target else condition.at_least,
        "threshold_target_id": condition.at_least.target if isinstance(condition.at_least, m.TargetRate) else None,
    }


def _condition(condition: m.Word) -> Row:
    """The columns of a condition that gates and prizes share."""
    if isinstance(condition, m.MeasureCondition):
        return _threshold(condition)
    if isinstance(condition, m.AwardedCondition):
        return {"prize_id": condition.prize, "quantifier": condition.quantifier}
    if isinstance(condition, m.EligibleCondition):
        return {"quantifier": condition.quantifier}
    if isinstance(condition, m.DecisionCondition):
        return {"default_result": condition.default}
    return {}


def _prize_condition(condition: m.Word) -> Row:
    row = _condition(condition)
    if "prize_id" in row:
        row["of_prize_id"] = row.pop("prize_id")
    if isinstance(condition, m.DecisionCondition):
        row["decision_id"] = condition.decision
    if isinstance(condition, m.GoalCondition):
        row["goal_id"] = condition.goal
    return row
