"""Cross references inside a plan: every name that a rule uses exists, and no rule vanishes in a join."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from thidua.plan import models as m
from thidua.plan.yaml_lines import Path


@dataclass(frozen=True)
class Fault:
    path: Path
    message: str
    allowed: Collection[str] | None = field(default=None, compare=False)


def day_of(value: date) -> date:
    """The local day of a day or an instant."""
    return value.date() if isinstance(value, datetime) else value


def closing_day(period: m.Period) -> date | None:
    """The last local day that counts, at least in part; None where the plan gives no end."""
    if period.cutoff_at:
        return (period.cutoff_at - timedelta(microseconds=1)).date()
    return period.closing_date


def periods_of_goal(plan: m.PlanDocument, goal: m.Goal, *, with_window: bool) -> list[m.Period]:
    """The periods that close on the day on which a goal is due: a goal over events counts what such a period counts."""
    closing = [period for period in plan.periods if closing_day(period) == goal.due_on]
    return [period for period in closing if period.window_from] if with_window else closing


def find_faults(plan: m.PlanDocument) -> Iterator[Fault]:
    """Everything that does not fit together in a typed plan."""
    yield from _Checker(plan).faults()


class _Checker:
    def __init__(self, plan: m.PlanDocument) -> None:
        self.plan = plan
        self.metrics = {metric.metric_id: metric for metric in plan.metrics}
        self.measures: dict[str, list[m.Measure]] = {}
        for measure in plan.measures:
            self.measures.setdefault(measure.measure_id, []).append(measure)
        self.periods = {period.period_id: period for period in plan.periods}
        self.blocs = {bloc.bloc_id: bloc.unit_types for bloc in plan.blocs}
        self.unit_types = set(plan.unit_types)
        self.prizes = {award.prize_id: award for award in plan.awards}
        self.goals = {goal.goal_id for goal in plan.goals}

    def faults(self) -> Iterator[Fault]:
        yield from self._campaign()
        yield from self._unique()
        yield from self._blocs()
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

    def _known(self, name: str | None, known: Collection[str], what: str, *path: str | int) -> Iterator[Fault]:
        if name is not None and name not in known:
            yield Fault(path, f"{what} '{name}' does not exist", sorted(known))

    def _all_known(
        self, names: list[str] | None, known: Collection[str], what: str, *path: str | int
    ) -> Iterator[Fault]:
        for index, name in enumerate(names or []):
            yield from self._known(name, known, what, *path, index)
            if names and name in names[:index]:
                yield Fault((*path, index), f"{what} '{name}' stands twice in the list")

    def _campaign(self) -> Iterator[Fault]:
        campaign = self.plan.campaign
        if campaign.through and campaign.until:
            yield Fault(("campaign", "until"), "give `through` (a day, included) or `until` (an instant), not both")
        end = campaign.through or campaign.until
        if campaign.from_ and end and day_of(end) < day_of(campaign.from_):
            yield Fault(("campaign", "through" if campaign.through else "until"), "ends before it begins")
        for index, unit_type in enumerate(self.plan.unit_types):
            if unit_type in self.plan.unit_types[:index]:
                yield Fault(("unit_types", index), f"'{unit_type}' stands twice in the list")

    def _unique(self) -> Iterator[Fault]:
        for section, key in [
            ("blocs", "bloc_id"), ("metrics", "metric_id"), ("periods", "period_id"), ("gates", "gate_id"),
            ("awards", "prize_id"), ("goals", "goal_id"), ("checks", "check_id"), ("backlogs", "backlog_id"), ("readings", "reading_id"),
        ]:  # fmt: skip
            seen: set[str] = set()
            for index, item in enumerate(getattr(self.plan, section)):
                name = getattr(item, key)
                if name in seen:
                    yield Fault((section, index, key), f"'{name}' stands twice")
                seen.add(name)

    def _blocs(self) -> Iterator[Fault]:
        owner: dict[str, str] = {}
        for index, bloc in enumerate(self.plan.blocs):
            yield from self._all_known(bloc.unit_types, self.unit_types, "unit type", "blocs", index, "unit_types")
            for unit_type in bloc.unit_types:
                if owner.setdefault(unit_type, bloc.bloc_id) != bloc.bloc_id:
                    path = ("blocs", index, "unit_types")
                    yield Fault(path, f"unit type '{unit_type}' is in bloc '{owner[unit_type]}' already")

    def _metrics(self) -> Iterator[Fault]:
        for index, metric in enumerate(self.plan.metrics):
            path: Path = ("metrics", index)
            if isinstance(metric, m.EventsMetric):
                expected = {report.export for report in self.plan.reports}
                if metric.export not in expected:
                    message = f"nobody owes a report '{metric.export}', so nobody could ever be complete"
                    yield Fault((*path, "export"), message, sorted(expected))
            if isinstance(metric, m.AllOfMetric):
                # Of events only: parts that had parts of their own could go round in a circle.
                yield from self._all_known(metric.of, self._of_kind(m.EventsMetric), "metric", *path, "of")
                for position, part in enumerate(metric.of):
                    counted = self.metrics.get(part)
                    if isinstance(counted, m.EventsMetric) and counted.distinct == "event":
                        message = f"metric '{part}' counts documents; parts are done by the same person"
                        yield Fault((*path, "of", position), message, sorted(self._of_persons()))
            if isinstance(metric, m.InstantMetric):
                kinds = self._of_kind(m.EventsMetric, m.AllOfMetric)
                yield from self._known(metric.of, kinds, "metric", *path, "of")
            for name in ("events", "products", "dimensions"):
                values = getattr(metric, name, None) or []
                for position, value in enumerate(values):
                    if value in values[:position]:
                        yield Fault((*path, name, position), f"'{value}' stands twice in the list")

    def _of_kind(self, *kinds: type[m.Word]) -> set[str]:
        return {name for name, metric in self.metrics.items() if isinstance(metric, kinds)}

    def _of_persons(self) -> set[str]:
        return {
            name
            for name, metric in self.metrics.items()
            if isinstance(metric, m.EventsMetric) and metric.distinct != "event"
        }

    def _countable(self) -> set[str]:
        """Metrics whose values are counts; the value of an instant only orders."""
        return set(self.metrics) - self._of_kind(m.InstantMetric)

    def _given_or_reported(self) -> set[str]:
        return self._of_kind(m.ReportedMetric, m.ReferenceMetric)

    def _needs_window(self, name: str | None) -> bool:
        """Whether a metric counts from the start of the period's window."""
        metric = self.metrics.get(name or "")
        if isinstance(metric, m.EventsMetric):
            return metric.from_ == "window"
        if isinstance(metric, m.AllOfMetric):
            return any(self._needs_window(part) for part in metric.of)
        return isinstance(metric, m.InstantMetric) and self._needs_window(metric.of)

    def _counts_events(self, name: str | None) -> bool:
        return isinstance(self.metrics.get(name or ""), m.EventsMetric | m.AllOfMetric)

    def _windows(self, names: list[str | None], periods: list[str], *path: str | int) -> Iterator[Fault]:
        needing = next((name for name in names if self._needs_window(name)), None)
        for period in periods if needing else []:
            if period in self.periods and self.periods[period].window_from is None:
                yield Fault(
                    path, f"metric '{needing}' counts from the window, but period '{period}' has no window_from"
                )

    def _metrics_of(self, measure_id: str | None) -> list[str | None]:
        measures = self.measures.get(measure_id or "", [])
        return [side.metric for measure in measures for side in (measure.numerator, measure.denominator)]

    def _member(self, metric: str | None, member: m.Member | None, *path: str | int) -> Iterator[Fault]:
        if metric not in self.metrics or member is None:
            return
        dimensions = self.metrics[metric].dimensions or []
        yield from self._known(member.dimension, dimensions, f"dimension of metric '{metric}'", *path, "dimension")

    def _measures(self) -> Iterator[Fault]:
        seen: dict[str, list[str | None]] = {}
        for index, measure in enumerate(self.plan.measures):
            path: Path = ("measures", index)
            yield from self._all_known(measure.blocs, self.blocs, "bloc", *path, "blocs")
            for part in ("numerator", "denominator"):
                side = getattr(measure, part)
                yield from self._known(side.metric, self._countable(), "metric", *path, part, "metric")
                yield from self._member(side.metric, side.member, *path, part, "member")
            above = measure.numerator
            if above.minus_baseline and above.metric in self.metrics and above.metric not in self._given_or_reported():
                message = f"metric '{above.metric}' counts events; give it `from` instead of a baseline"
                yield Fault((*path, "numerator", "minus_baseline"), message)
            below = measure.denominator
            if (below.metric is None) == (below.target is None):
                yield Fault((*path, "denominator"), "give a metric or a target, exactly one")
            if below.target is not None and below.member is not None:
                yield Fault((*path, "denominator", "member"), "a target has no members")
            blocs: list[str | None] = list(measure.blocs) if measure.blocs else [None]
            before = seen.setdefault(measure.measure_id, [])
            if before and (None in before or None in blocs or set(before) & set(blocs)):
                yield Fault((*path, "measure_id"), f"'{measure.measure_id}' stands twice for the same bloc")
            before += blocs

    def _periods(self) -> Iterator[Fault]:
        for index, period in enumerate(self.plan.periods):
            if (period.closing_date is None) == (period.cutoff_at is None):
                message = "give `closing_date` (a day, included) or `cutoff_at` (an instant, excluded), exactly one"
                yield Fault(("periods", index), message)
            end = period.closing_date or period.cutoff_at
            if period.window_from and end and day_of(end) < day_of(period.window_from):
                yield Fault(("periods", index, "window_from"), "begins after the period is closed")

    def _condition(self, condition: m.Word, *path: str | int) -> Iterator[Fault]:
        if isinstance(condition, m.MeasureCondition):
            yield from self._known(condition.measure, self.measures, "measure", *path, "measure")
        elif isinstance(condition, m.EligibleCondition | m.AwardedCondition):
            yield from self._all_known(condition.in_, self.periods, "period", *path, "in")
            yield from self._looks_back(condition.in_, *path, "in")
            if isinstance(condition, m.AwardedCondition):
                yield from self._known(condition.prize, self.prizes, "prize", *path, "prize")
                award = self.prizes.get(condition.prize)
                for position, period in enumerate(condition.in_ if award else []):
                    if award and period in self.periods and period not in award.periods:
                        message = f"prize '{award.prize_id}' is not given in '{period}'"
                        yield Fault((*path, "in", position), message, award.periods)
        elif isinstance(condition, m.GoalCondition):
            yield from self._known(condition.goal, self.goals, "goal", *path, "goal")

    def _looks_back(self, periods: list[str], *path: str | int) -> Iterator[Fault]:
        """Periods named here are closed by gates of kind measure or decision only: so the SQL has no cycle."""
        for position, period in enumerate(periods):
            kinds = {gate.kind for gate in self.plan.gates if period in gate.periods}
            if kinds - {"measure", "decision"}:
                message = f"period '{period}' has gates that look at other periods; only measure and decision may"
                yield Fault((*path, position), message)
            elif period in self.periods and not kinds:
                yield Fault((*path, position), f"period '{period}' has no gate, so nobody is eligible in it")

    def _gates(self) -> Iterator[Fault]:
        for index, gate in enumerate(self.plan.gates):
            path: Path = ("gates", index)
            yield from self._all_known(gate.periods, self.periods, "period", *path, "periods")
            yield from self._all_known(gate.applies_to, self.unit_types, "unit type", *path, "applies_to")
            yield from self._condition(gate, *path)
            yield from self._reach(gate, *path)
            if isinstance(gate, m.MeasureCondition):
                yield from self._windows(self._metrics_of(gate.measure), gate.periods, *path, "measure")
            if isinstance(gate, m.AwardedCondition):
                award = self.prizes.get(gate.prize)
                if award and award.recipient != gate.recipient:
                    message = (
                        f"prize '{award.prize_id}' goes to a {award.recipient}, this gate is for a {gate.recipient}"
                    )
                    yield Fault((*path, "prize"), message)
            if isinstance(gate, m.DecisionGate) and gate.decision is not None:
                yield Fault((*path, "decision"), "a gate's decision carries the gate's own id; leave it out")

    def _reach(
        self, gate: m.MeasureGate | m.EligibleGate | m.AwardedGate | m.DecisionGate, *path: str | int
    ) -> Iterator[Fault]:
        """A gate for units that no bloc, or no bloc of its measure, holds would vanish in a join."""
        if gate.recipient == "person":
            return
        blocs = set(self.blocs)
        if isinstance(gate, m.MeasureCondition) and gate.measure in self.measures:
            measures = self.measures[gate.measure]
            if all(measure.blocs for measure in measures):
                blocs &= {bloc for measure in measures for bloc in measure.blocs or []}
        reached = {unit_type for bloc in blocs for unit_type in self.blocs[bloc]}
        if not reached:
            yield Fault(path, "holds for nobody: there is no bloc that it could apply to")
        for position, unit_type in enumerate(gate.applies_to or []):
            if unit_type in self.unit_types and unit_type not in reached:
                message = (
                    f"the gate does not reach unit type '{unit_type}': it is in no bloc, or the measure not for it"
                )
                yield Fault((*path, "applies_to", position), message, sorted(reached))

    def _ranking(self) -> Iterator[Fault]:
        ranking = self.plan.ranking
        if ranking is None:
            for index, award in enumerate(self.plan.awards):
                if award.by == "rank":
                    yield Fault(("awards", index, "by"), "a prize by rank needs a ranking")
            return
        yield from self._all_known(ranking.periods, self.periods, "period", "ranking", "periods")
        for position, key in enumerate(ranking.order):
            path: Path = ("ranking", "order", position)
            if (key.measure is None) == (key.metric is None):
                yield Fault(path, "give a measure or a metric, exactly one")
            yield from self._known(key.measure, self.measures, "measure", *path, "measure")
            yield from self._known(key.metric, self.metrics, "metric", *path, "metric")
            yield from self._windows([key.metric, *self._metrics_of(key.measure)], ranking.periods, *path)

    def _awards(self) -> Iterator[Fault]:
        ranked = set(self.plan.ranking.periods) if self.plan.ranking else set()
        open_ended: set[str] = set()
        for index, award in enumerate(self.plan.awards):
            path: Path = ("awards", index)
            yield from self._all_known(award.periods, self.periods, "period", *path, "periods")
            for position, condition in enumerate(award.requires):
                place: Path = (*path, "requires", position)
                yield from self._condition(condition, *place)
                if isinstance(condition, m.DecisionCondition) and condition.decision is None:
                    yield Fault((*place, "decision"), "is missing: the decision needs its name in the register")
                if isinstance(condition, m.MeasureCondition):
                    yield from self._windows(self._metrics_of(condition.measure), award.periods, *place, "measure")
            if isinstance(award, m.RankAward):
                for position, period in enumerate(award.periods):
                    if ranked and period in self.periods and period not in ranked:
                        yield Fault((*path, "periods", position), f"period '{period}' is not ranked", sorted(ranked))
                    if period in open_ended:
                        yield Fault((*path, "places"), "`rest` takes every place left; no prize can follow it")
                if award.places == "rest":
                    open_ended |= set(award.periods)
                if award.amount is None:
                    yield Fault((*path, "amount"), "a prize by rank needs its amount in VND")
                if award.recipient != "unit":
                    yield Fault((*path, "recipient"), "units are ranked, so a prize by rank goes to a unit")
                if award.per:
                    yield from self._known(
                        award.per.metric, self._given_or_reported(), "metric", *path, "per", "metric"
                    )
                    yield from self._window(award, *path)
            elif isinstance(award, m.DecisionAward):
                yield from self._all_known(award.authority, self.unit_types, "unit type", *path, "authority")
                if (award.places == "cap") != (award.cap is not None and award.pool is not None):
                    yield Fault((*path, "places"), "`places: cap` goes with `cap` (a percentage) and `pool`")
                persons = self._of_persons() | self._of_kind(m.AllOfMetric)
                yield from self._known(award.candidates, persons, "metric of persons", *path, "candidates")
                if award.candidates and award.recipient != "person":
                    yield Fault((*path, "candidates"), "are persons, but the prize goes to a unit")
                if award.show and not award.candidates:
                    yield Fault((*path, "candidates"), "is missing: say of which metric the persons are shown")
                if award.candidates:
                    yield from self._windows([award.candidates], award.periods, *path, "candidates")
                if award.places == "cap" and not award.authority:
                    yield Fault((*path, "authority"), "is missing: a cap is counted for each awarding authority")
            else:
                yield from self._nominating(award, *path)
                if award.amount is None:
                    yield Fault((*path, "amount"), "a nomination needs its amount in VND")

    def _nominating(self, award: m.NominationAward, *path: str | int) -> Iterator[Fault]:
        """Units nominate persons for the prizes that they themselves were awarded in the same period."""
        if award.recipient != "person":
            yield Fault((*path, "recipient"), "a nomination is for a person")
        own = [prize for prize in self.prizes.values() if prize.by != "nomination" and prize.recipient == "unit"]
        yield from self._all_known(award.of_prizes, {prize.prize_id for prize in own}, "prize", *path, "of_prizes")
        given = {period for prize in own if prize.prize_id in award.of_prizes for period in prize.periods}
        for position, period in enumerate(award.periods):
            if given and period in self.periods and period not in given:
                message = f"none of its prizes is given in '{period}'"
                yield Fault((*path, "periods", position), message, sorted(given))

    def _window(self, award: m.RankAward, *path: str | int) -> Iterator[Fault]:
        if award.per and award.per.as_of == "window_start":
            for name in award.periods:
                if name in self.periods and self.periods[name].window_from is None:
                    yield Fault((*path, "per", "as_of"), f"period '{name}' has no window_from")

    def _goals(self) -> Iterator[Fault]:
        for index, goal in enumerate(self.plan.goals):
            path: Path = ("goals", index)
            yield from self._known(goal.metric, self._countable(), "metric", *path, "metric")
            yield from self._known(goal.measure, self.measures, "measure", *path, "measure")
            yield from self._all_known(goal.blocs, self.blocs, "bloc", *path, "blocs")
            for name in [goal.metric, *self._metrics_of(goal.measure)]:
                with_window = self._needs_window(name)
                found = len(periods_of_goal(self.plan, goal, with_window=with_window))
                # What a window counts is told by one period; what runs through, by any that closes on the day.
                if (with_window and found != 1) or (self._counts_events(name) and not found):
                    within = " within a window" if with_window else " events"
                    message = f"metric '{name}' counts{within}: the goal must be due on the closing of one such period"
                    periods = [period for period in self.plan.periods if period.window_from or not with_window]
                    yield Fault((*path, "due_on"), message, sorted({str(closing_day(period)) for period in periods}))
            for measure in self.plan.measures:
                if measure.measure_id == goal.measure and measure.denominator.target is not None:
                    yield Fault(
                        (*path, "measure"), f"measure '{goal.measure}' is over a target; set the goal of a metric"
                    )
            if (goal.metric is None) == (goal.measure is None):
                yield Fault(path, "give a metric or a measure, exactly one")
            if (goal.over is None) == (goal.at_least is None):
                yield Fault(path, "give `over` or `at_least`, exactly one")

    def _backlogs(self) -> Iterator[Fault]:
        """Only documents are closed by the same key; within a window the older ones would be lost."""
        allowed = {
            name
            for name, metric in self.metrics.items()
            if isinstance(metric, m.EventsMetric) and metric.distinct == "event" and metric.from_ != "window"
        }
        for index, backlog in enumerate(self.plan.backlogs):
            path: Path = ("backlogs", index)
            yield from self._known(backlog.opened, allowed, "metric of documents without a window", *path, "opened")
            yield from self._known(backlog.closed, allowed, "metric of documents without a window", *path, "closed")
            exports = {getattr(self.metrics.get(name), "export", None) for name in (backlog.opened, backlog.closed)}
            if len(exports) > 1:
                yield Fault(
                    (*path, "closed"), f"metric '{backlog.closed}' is of another export than '{backlog.opened}'"
                )

    def _schedule(self) -> Iterator[Fault]:
        schedule = self.plan.schedule
        if schedule is None:
            return
        # The status of a group follows from its first or last event: only events have those.
        yield from self._known(schedule.metric, self._of_kind(m.EventsMetric), "metric", "schedule", "metric")
        metric = self.metrics.get(schedule.metric)
        if metric:
            dimensions = metric.dimensions or []
            yield from self._known(schedule.dimension, dimensions, "dimension", "schedule", "dimension")
        members = [group.member for group in schedule.groups]
        for index, group in enumerate(schedule.groups):
            if group.member in members[:index]:
                yield Fault(("schedule", "groups", index, "member"), f"'{group.member}' stands twice")
            if group.through and group.through < group.from_:
                yield Fault(("schedule", "groups", index, "through"), "ends before it begins")

    def _reports(self) -> Iterator[Fault]:
        expected: set[tuple[str, str, str]] = set()
        for index, report in enumerate(self.plan.reports):
            path: Path = ("reports", index)
            yield from self._known(report.to, self.unit_types, "unit type", *path, "to")
            keys = {(report.export, period, sender) for period in report.periods for sender in report.from_}
            for export, period, sender in sorted(keys & expected):
                yield Fault(path, f"export '{export}' of '{sender}' in period '{period}' is expected already")
            expected |= keys
            yield from self._all_known(report.from_, self.unit_types, "unit type", *path, "from")
            yield from self._all_known(report.periods, self.periods, "period", *path, "periods")
            given = [report.due_before, report.days_after_closing, report.days_before_window]
            if sum(value is not None for value in given) != 1:
                names = "due_before, days_after_closing, days_before_window"
                yield Fault(path, "say when it is due, exactly once", names.split(", "))
            if report.days_before_window is not None:
                for name in report.periods:
                    if name in self.periods and self.periods[name].window_from is None:
                        yield Fault((*path, "days_before_window"), f"period '{name}' has no window_from")

    def _checks(self) -> Iterator[Fault]:
        for index, check in enumerate(self.plan.checks):
            path: Path = ("checks", index)
            if isinstance(check, m.ChildrenAddUpCheck):
                yield from self._all_known(check.parent_types, self.unit_types, "unit type", *path, "parent_types")
                continue
            yield from self._all_known(check.unit_types, self.unit_types, "unit type", *path, "unit_types")
            yield from self._known(check.metric, self._countable(), "metric", *path, "metric")
            yield from self._member(check.metric, check.member, *path, "member")
            if isinstance(check, m.RatioCheck):
                yield from self._known(check.over, self._countable(), "metric", *path, "over")

    def _readings(self) -> Iterator[Fault]:
        for index, reading in enumerate(self.plan.readings):
            path = ("readings", index, "default")
            yield from self._known(reading.default, reading.options, "option", *path)
