"""Cross references inside a plan: every name that a rule uses exists, and no rule vanishes in a join."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from thidua.plan import models as m
from thidua.plan.yaml_lines import Path


@dataclass(frozen=True)
class Fault:
    path: Path
    message: str
    allowed: Collection[str] | None = None


def find_faults(plan: m.PlanDocument) -> Iterator[Fault]:
    """Everything that does not fit together in a typed plan."""
    yield from _Checker(plan).faults()


class _Checker:
    def __init__(self, plan: m.PlanDocument) -> None:
        self.plan = plan
        self.metrics = {metric.metric_id: metric for metric in plan.metrics}
        self.measures = {measure.measure_id for measure in plan.measures}
        self.periods = {period.period_id: period for period in plan.periods}
        self.blocs = {bloc.bloc_id for bloc in plan.blocs}
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

    def _unique(self) -> Iterator[Fault]:
        for section, key in [
            ("blocs", "bloc_id"), ("metrics", "metric_id"), ("periods", "period_id"), ("gates", "gate_id"),
            ("awards", "prize_id"), ("goals", "goal_id"), ("checks", "check_id"), ("readings", "reading_id"),
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
            if isinstance(metric, m.AllOfMetric):
                yield from self._all_known(metric.of, self._event_metrics(), "metric", "metrics", index, "of")
            if isinstance(metric, m.InstantMetric):
                yield from self._known(metric.of, self._event_metrics(), "metric", "metrics", index, "of")

    def _event_metrics(self) -> set[str]:
        return {name for name, metric in self.metrics.items() if isinstance(metric, m.EventsMetric | m.AllOfMetric)}

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
                yield from self._known(side.metric, self.metrics, "metric", *path, part, "metric")
                yield from self._member(side.metric, side.member, *path, part, "member")
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
            if isinstance(gate, m.DecisionGate) and gate.decision is not None:
                yield Fault((*path, "decision"), "a gate's decision carries the gate's own id; leave it out")

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

    def _awards(self) -> Iterator[Fault]:
        ranked = set(self.plan.ranking.periods) if self.plan.ranking else set()
        open_ended: set[str] = set()
        for index, award in enumerate(self.plan.awards):
            path: Path = ("awards", index)
            yield from self._all_known(award.periods, self.periods, "period", *path, "periods")
            for position, condition in enumerate(award.requires):
                yield from self._condition(condition, *path, "requires", position)
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
                if award.per:
                    yield from self._known(award.per.metric, self.metrics, "metric", *path, "per", "metric")
                    yield from self._window(award, *path)
            elif isinstance(award, m.DecisionAward):
                yield from self._all_known(award.authority, self.unit_types, "unit type", *path, "authority")
                if (award.places == "cap") != (award.cap is not None and award.pool is not None):
                    yield Fault((*path, "places"), "`places: cap` goes with `cap` (a percentage) and `pool`")
            else:
                yield from self._all_known(award.of_prizes, self.prizes, "prize", *path, "of_prizes")
                if award.amount is None:
                    yield Fault((*path, "amount"), "a nomination needs its amount in VND")

    def _window(self, award: m.RankAward, *path: str | int) -> Iterator[Fault]:
        if award.per and award.per.as_of == "window_start":
            for name in award.periods:
                if name in self.periods and self.periods[name].window_from is None:
                    yield Fault((*path, "per", "as_of"), f"period '{name}' has no window_from")

    def _goals(self) -> Iterator[Fault]:
        for index, goal in enumerate(self.plan.goals):
            path: Path = ("goals", index)
            yield from self._known(goal.metric, self.metrics, "metric", *path, "metric")
            yield from self._known(goal.measure, self.measures, "measure", *path, "measure")
            yield from self._all_known(goal.blocs, self.blocs, "bloc", *path, "blocs")
            if (goal.metric is None) == (goal.measure is None):
                yield Fault(path, "give a metric or a measure, exactly one")
            if (goal.over is None) == (goal.at_least is None):
                yield Fault(path, "give `over` or `at_least`, exactly one")

    def _schedule(self) -> Iterator[Fault]:
        schedule = self.plan.schedule
        if schedule is None:
            return
        yield from self._known(schedule.metric, self.metrics, "metric", "schedule", "metric")
        metric = self.metrics.get(schedule.metric)
        if metric:
            dimensions = metric.dimensions or []
            yield from self._known(schedule.dimension, dimensions, "dimension", "schedule", "dimension")
        for index, group in enumerate(schedule.groups):
            if group.through and group.through < group.from_:
                yield Fault(("schedule", "groups", index, "through"), "ends before it begins")

    def _reports(self) -> Iterator[Fault]:
        for index, report in enumerate(self.plan.reports):
            path: Path = ("reports", index)
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
            yield from self._known(check.metric, self.metrics, "metric", *path, "metric")
            yield from self._member(check.metric, check.member, *path, "member")
            if isinstance(check, m.RatioCheck):
                yield from self._known(check.over, self.metrics, "metric", *path, "over")

    def _readings(self) -> Iterator[Fault]:
        for index, reading in enumerate(self.plan.readings):
            path = ("readings", index, "default")
            yield from self._known(reading.default, reading.options, "option", *path)
