"""The slow, obvious oracle: what the tables must say of a campaign, from its plan and its files alone.

It reads any plan of the language: figures and events, blocs, periods of any shape, gates, order, prizes, pools, checks,
schedules and goals. Plain Python, sets and Fractions; it shares no code with the SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

from thidua.plan import models as m

from tests.event_lake import EventFile, FigureFile, submission_id
from tests.property.plan_facts import INSTANT, Period, PlanFacts, day_of, end_of, start_of
from tests.property.plan_values import TOTAL, Counted, Events, Figures, File, Known, Member, member_of

Table = dict[tuple[Any, ...], tuple[Any, ...]]
Decision = tuple[str, Mapping[str, str]]
PPM = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FAILED = ("below_threshold", "no_target", "decision_failed", "earlier_period", "no_earlier_award")
# How the tables call what a gate found; the weight says which of several is the reason.
RESULTS = {"pass": "pass", "no_data": "no_data", "awaiting_decision": "undecided"} | dict.fromkeys(FAILED, "fail")
WEIGHTS = {"fail": 1, "no_data": 2, "undecided": 3, "pass": 4}
VERDICTS = {"pass": True, "fail": False}


@dataclass
class Tables:
    measures: Table = field(default_factory=dict)
    eligibility: Table = field(default_factory=dict)
    dossier: Table = field(default_factory=dict)
    ranking: Table = field(default_factory=dict)
    awards: Table = field(default_factory=dict)
    unit_candidates: Table = field(default_factory=dict)
    candidates: Table = field(default_factory=dict)
    goals: Table = field(default_factory=dict)
    schedule: Table = field(default_factory=dict)
    checks: Table = field(default_factory=dict)
    progress: Table = field(default_factory=dict)
    breakdown: Table = field(default_factory=dict)
    claimed: Table = field(default_factory=dict)
    reporting: Table = field(default_factory=dict)


@dataclass(frozen=True)
class Sides:
    """A measure of a unit at a closing."""

    numerator: int | None
    denominator: int | None
    day: date | None
    has_target: bool

    @property
    def is_hopeless(self) -> bool:
        """A target of zero or none is never passed."""
        return self.denominator <= 0 if self.denominator is not None else self.has_target

    @property
    def is_known(self) -> bool:
        return self.numerator is not None and bool(self.denominator) and self.denominator > 0  # type: ignore[operator]

    def at_least(self, millionths: int) -> bool:
        assert self.numerator is not None and self.denominator
        return Fraction(self.numerator, self.denominator) >= Fraction(millionths, PPM)


class PlanOracle:
    def __init__(
        self,
        folder: Path,
        files: Iterable[File],
        decisions: Iterable[Decision],
        now: datetime,
        known_at: datetime | None = None,
        ids: Mapping[str, str] | None = None,
    ) -> None:
        """`ids`: of the submissions by the names of their files; without them those that the tests' own lake gives."""
        self.decisions = list(decisions)
        chosen = {
            subject["reading_id"]: subject["option"] for kind, subject in self.decisions if kind == "choose_reading"
        }
        self.facts = PlanFacts(folder, chosen)
        self.document = self.facts.document
        self.now = now
        campaign_id = self.document.campaign.campaign_id
        self.ids = ids or {file.name: submission_id(campaign_id, file.name) for file in files}
        known = [file for file in files if known_at is None or file.received_at <= known_at]
        known.sort(key=lambda file: (file.received_at, self.ids[file.name]))
        self.figures = Figures(self.facts, [file for file in known if isinstance(file, FigureFile)])
        self.events = Events(self.facts, self.ids, [file for file in known if isinstance(file, EventFile)], now)
        self.periods = self.facts.periods
        self._sides: dict[tuple[str, str, str], Sides | None] = {}
        self.out = Tables()

    def run(self) -> Tables:
        self._measures()
        self._goals()
        for period in self.periods.values():
            self._judge(period)
        if self.document.ranking:
            for name in self.document.ranking.periods:
                self._rank(self.periods[name])
        self._by_decision()
        self._progress()
        self._schedule()
        self._checks()
        self._claimed()
        self._reports()
        return self.out

    # Values ----------------------------------------------------------------------------------------------------------

    def _is_closed(self, period: Period) -> bool:
        return self.now >= period.cutoff

    def value(self, metric_id: str, member: Member, unit: str, period: Period) -> Known:
        """What a closing takes: events as far as told; of figures those of the closing's own day, before it the latest."""
        if self.facts.leaves(metric_id):
            return self.events.value(metric_id, member, unit, period)
        days = self.figures.days(metric_id, member, unit, period.closing)
        fitting = [
            day for day in days if day == period.closing or (day < period.closing and not self._is_closed(period))
        ]
        return Known(True, days[max(fitting)], max(fitting)) if fitting else Known(False)

    def _value_on(self, metric_id: str, member: Member, unit: str, period: Period, day: date | None) -> int | None:
        """Beside a numerator of a day stands what holds on that day."""
        if self.facts.leaves(metric_id):
            value: int | None = self.events.value(metric_id, member, unit, period).value
            return value
        if day is None:
            # Without a day only what holds always is known.
            return self.figures.given.get((metric_id, member, unit), {}).get(None)
        return self.figures.days(metric_id, member, unit, day).get(day)

    # Measures --------------------------------------------------------------------------------------------------------

    def _measure_of(self, measure_id: str, unit: str) -> m.Measure | None:
        """Measures of one name differ by bloc; without blocs a measure holds for every unit."""
        bloc = self.facts.bloc(unit)
        return next(
            (
                measure
                for measure in self.document.measures
                if measure.measure_id == measure_id and (measure.blocs is None or bloc in measure.blocs)
            ),
            None,
        )

    def sides(self, measure_id: str, period: Period, unit: str) -> Sides | None:
        """None where the measure is not the unit's."""
        key = (measure_id, period.period_id, unit)
        if key not in self._sides:
            measure = self._measure_of(measure_id, unit)
            self._sides[key] = self._compute(measure, period, unit) if measure else None
        return self._sides[key]

    def _compute(self, measure: m.Measure, period: Period, unit: str) -> Sides:
        above, below = measure.numerator, measure.denominator
        known = self.value(above.metric, member_of(above.member), unit, period)
        day = period.closing if self._is_closed(period) else known.day
        numerator = known.value if known.has_data else None
        if numerator is not None and above.minus_baseline is not None:
            baseline = self._baseline(above, unit)
            numerator = None if baseline is None else numerator - baseline
        if below.target is not None:
            return Sides(numerator, self.facts.target(below.target, unit, period), day, True)
        assert below.metric
        return Sides(numerator, self._value_on(below.metric, member_of(below.member), unit, period, day), day, False)

    def _baseline(self, above: m.Numerator, unit: str) -> int | None:
        if above.minus_baseline == "given":
            return self.facts.baseline(above.metric, unit)
        assert isinstance(above.minus_baseline, date)
        on = above.minus_baseline
        return self.figures.days(above.metric, member_of(above.member), unit, on).get(on)

    def _measures(self) -> None:
        for period in self.periods.values():
            for unit in self.facts.valid(period):
                for measure_id in {measure.measure_id for measure in self.document.measures}:
                    sides = self.sides(measure_id, period, unit)
                    if sides:
                        row = (sides.day, sides.numerator, sides.denominator)
                        self.out.measures[(period.period_id, unit, measure_id)] = row

    # Gates -----------------------------------------------------------------------------------------------------------

    def _gates(self, period: Period, unit: str, *, base_only: bool = False) -> Iterator[tuple[m.Gate, str]]:
        """The gates that hold for a unit at a closing, in the plan's order, with what each found."""
        for gate in self.document.gates:
            if period.period_id not in gate.periods or gate.recipient != "unit" or self.facts.bloc(unit) is None:
                continue
            if gate.applies_to is not None and self.facts.units[unit].unit_type not in gate.applies_to:
                continue
            if isinstance(gate, m.MeasureGate):
                finding = self._measured(gate, period, unit)
            elif isinstance(gate, m.DecisionGate):
                finding = self._decided(gate, period, unit)
            else:
                finding = None if base_only else self._earlier(gate, period, unit)
            if finding:
                yield gate, finding

    def _measured(self, condition: m.MeasureCondition, period: Period, unit: str) -> str | None:
        sides = self.sides(condition.measure, period, unit)
        if sides is None:
            return None
        threshold: int | None
        if isinstance(condition.at_least, m.TargetRate):
            threshold = self.facts.target(condition.at_least.target, unit, period)
        else:
            threshold = condition.at_least
        if threshold is None or sides.is_hopeless:
            return "no_target"
        if not sides.is_known:
            return "no_data"
        return "pass" if sides.at_least(threshold) else "below_threshold"

    def _decided(self, gate: m.DecisionGate, period: Period, unit: str) -> str:
        is_heir = not self.facts.is_valid(unit, period.closing)
        names = self.facts.predecessors(unit) if is_heir else {unit}
        said: dict[str, str] = {}
        for kind, subject in self.decisions:
            if kind == "gate" and (subject["period_id"], subject["gate_id"]) == (period.period_id, gate.gate_id):
                said[subject["unit_id"]] = subject["result"]
        results = {said[name] for name in names if name in said} or {gate.default}
        return "decision_failed" if "fail" in results else "pass" if "pass" in results else "awaiting_decision"

    def base(self, period: Period, unit: str) -> str | None:
        """What gates of kind measure and decision say alone; None where there is none."""
        results = [RESULTS[finding] for _, finding in self._gates(period, unit, base_only=True)]
        return min(results, key=WEIGHTS.__getitem__) if results else None

    def _awarded(self, period_id: str, prize_id: str) -> set[str]:
        return {
            subject["unit_id"]
            for kind, subject in self.decisions
            if kind == "award" and (subject["period_id"], subject["prize_id"]) == (period_id, prize_id)
        }

    def _earlier(self, gate: m.EligibleGate | m.AwardedGate, period: Period, unit: str) -> str:
        results = []
        for name in gate.in_:
            judged = self.periods[name]
            result = self.base(judged, unit) if unit in self.facts.judged(judged) else None
            if isinstance(gate, m.AwardedGate):
                names = {unit} | self.facts.predecessors(unit)
                if names & self._awarded(name, gate.prize):
                    result = "pass"
                elif result != "fail":
                    result = "undecided"
            results.append(result or "undecided")
            if self.facts.is_valid(unit, period.closing):
                key = (period.period_id, unit, gate.gate_id, name)
                self.out.dossier[key] = (results[-1],)
        passes = results.count("pass")
        if passes == len(results) or (gate.quantifier == "any" and passes):
            return "pass"
        if results.count("fail") == len(results) or (gate.quantifier == "all" and "fail" in results):
            return "no_earlier_award" if isinstance(gate, m.AwardedGate) else "earlier_period"
        return "no_data" if "no_data" in results else "awaiting_decision"

    def _judge(self, period: Period) -> None:
        for unit in self.facts.valid(period):
            found = [finding for _, finding in self._gates(period, unit)]
            if found:
                # The first of the weightiest, in the plan's order.
                reason = min(found, key=lambda finding: WEIGHTS[RESULTS[finding]])
                verdict = VERDICTS.get(RESULTS[reason])
                row = (self.facts.bloc(unit), verdict, "ok" if reason == "pass" else reason)
                self.out.eligibility[(period.period_id, unit)] = row

    def _judged(self, period: Period) -> dict[str, tuple[Any, ...]]:
        return {unit: row for (name, unit), row in self.out.eligibility.items() if name == period.period_id}

    # Order and prizes by rank ----------------------------------------------------------------------------------------

    def _rank(self, period: Period) -> None:
        judged = self._judged(period)
        keys = {}
        for unit, (_, verdict, _) in judged.items():
            key = self._order_of(period, unit) if verdict else None
            if key is not None:
                keys[unit] = key
        for unit, (bloc, _, _) in judged.items():
            row: tuple[Any, ...] = (bloc, None, False, None)
            if unit in keys:
                rivals = [keys[other] for other in keys if judged[other][0] == bloc]
                rank = 1 + sum(other < keys[unit] for other in rivals)
                tied = rivals.count(keys[unit])
                row = (bloc, rank, tied > 1, self._by_rank(period, bloc, unit, rank, tied))
            self.out.ranking[(period.period_id, unit)] = row

    def _order_of(self, period: Period, unit: str) -> list[tuple[bool, Any]] | None:
        """Smallest first; None when something that orders is not known."""
        assert self.document.ranking
        keys: list[tuple[bool, Any]] = []
        for order in self.document.ranking.order:
            sign = -1 if order.direction == "desc" else 1
            if order.measure:
                sides = self.sides(order.measure, period, unit)
                if sides is None or not sides.is_known:
                    return None
                keys.append((False, sign * Fraction(sides.numerator, sides.denominator)))  # type: ignore[arg-type]
                continue
            assert order.metric
            known = self.value(order.metric, TOTAL, unit, period)
            if not known.has_data:
                return None
            if isinstance(known.value, datetime):
                keys.append((False, sign * ((known.value - EPOCH) // INSTANT)))
            elif known.value is None:  # nobody did it: known, and last
                keys.append((True, 0))
            else:
                keys.append((False, sign * known.value))
        return keys

    def _ladder(self, period: Period) -> list[m.RankAward | None]:
        """The prize of each place from the first on; a last prize without limit is repeated for everybody."""
        ladder: list[m.RankAward | None] = []
        for award in self.document.awards:
            if isinstance(award, m.RankAward) and period.period_id in award.periods:
                ladder += [award] * (len(self.facts.units) if award.places == "rest" else award.places)
        return ladder

    def _by_rank(self, period: Period, bloc: str, unit: str, rank: int, tied: int) -> str | None:
        """Deals the tied places out one by one and looks at what each could bring this unit."""
        ladder = self._ladder(period)
        chances = [ladder[place - 1] if place <= len(ladder) else None for place in range(rank, rank + tied)]
        named = {award.prize_id: award for award in chances if award}
        if not named:
            return None
        results = {name: self._conditions(award, period, unit) for name, award in named.items()}
        amounts = {name: self._amount(award, period, unit) for name, award in named.items()}
        best = next(iter(named.values()))
        held, result = amounts[best.prize_id], results[best.prize_id]
        is_tie = len({award.prize_id if award else None for award in chances}) > 1
        if not is_tie and result == "fail":
            return None
        status, amount = "undecided", None
        low: int | None = None
        high: int | None = None
        if is_tie or result == "undecided":
            payable = [award.prize_id if award and results[award.prize_id] != "fail" else None for award in chances]
            if not any(name and amounts[name] is None for name in payable):
                high = max(amounts[name] or 0 if name else 0 for name in payable)
                sure = [name if name and results[name] == "pass" else None for name in payable]
                low = min(amounts[name] or 0 if name else 0 for name in sure)
        elif held is None:
            status = "blocked"
        else:
            status, amount, low, high = "proposed", held, held, held
        self.out.awards[(period.period_id, bloc, None, unit, best.prize_id)] = (status, 1, amount, low, high)
        self._nominate(period, bloc, unit, chances, results, status)
        return None if status == "undecided" else best.prize_id

    def _times(self, award: m.Award, period: Period) -> int:
        return period.multiplier if award.multiplied else 1

    def _amount(self, award: m.RankAward, period: Period, unit: str) -> int | None:
        """None: a payment per head without a headcount."""
        each = (award.amount or 0) * self._times(award, period)
        if not award.per:
            return each
        day = period.closing
        if award.per.as_of == "window_start":
            assert period.window
            day = day_of(period.window)
        heads = self.figures.days(award.per.metric, TOTAL, unit, period.closing).get(day)
        return each * heads if heads else None

    def _nominate(
        self,
        period: Period,
        bloc: str,
        unit: str,
        chances: list[m.RankAward | None],
        results: Mapping[str, str],
        status: str,
    ) -> None:
        for award in self.document.awards:
            if not isinstance(award, m.NominationAward) or period.period_id not in award.periods:
                continue
            of_place = [
                results[place.prize_id] if place and place.prize_id in award.of_prizes else "fail" for place in chances
            ]
            result = self._conditions(award, period, unit)
            if result == "fail" or set(of_place) == {"fail"}:
                continue
            quota = award.quota_of.get(unit, award.quota)
            most = quota * (award.amount or 0) * self._times(award, period)
            least = most if set(of_place) == {"pass"} and result == "pass" else 0
            key = (period.period_id, bloc, None, unit, award.prize_id)
            if status == "undecided" or result == "undecided":
                self.out.awards[key] = ("undecided", None, None, least, most)
            else:
                self.out.awards[key] = ("proposed", quota, most, least, most)

    def _conditions(self, award: m.Award, period: Period, unit: str) -> str:
        results = [self._condition(condition, period, unit) for condition in award.requires]
        return "fail" if "fail" in results else "undecided" if "undecided" in results else "pass"

    def _condition(self, condition: m.Condition, period: Period, unit: str) -> str:
        if isinstance(condition, m.MeasureCondition):
            finding = self._measured(condition, period, unit)
            return {"pass": "pass", "no_data": "undecided", None: "undecided"}.get(finding, "fail")
        if isinstance(condition, m.GoalCondition):
            is_met = self.out.goals[(condition.goal,)][1]
            return "undecided" if is_met is None else "pass" if is_met else "fail"
        if isinstance(condition, m.DecisionCondition):
            return condition.default
        results = []
        for name in condition.in_:
            result = self.base(self.periods[name], unit) if unit in self.facts.judged(self.periods[name]) else None
            if isinstance(condition, m.AwardedCondition):
                if unit in self._awarded(name, condition.prize):
                    result = "pass"
                elif result != "fail":
                    result = "undecided"
            results.append(result)
        passes, fails = results.count("pass"), results.count("fail")
        if passes == len(results) or (condition.quantifier == "any" and passes):
            return "pass"
        return "fail" if fails == len(results) or (condition.quantifier == "all" and fails) else "undecided"

    # Prizes by decision ----------------------------------------------------------------------------------------------

    def _by_decision(self) -> None:
        for award in self.document.awards:
            for name in award.periods if isinstance(award, m.DecisionAward) else ():
                assert isinstance(award, m.DecisionAward)
                if award.recipient == "unit":
                    self._candidate_units(award, self.periods[name])
                if award.candidates:
                    self._candidate_persons(award, self.periods[name])
                self._pool_lines(award, self.periods[name])

    def _authority(self, award: m.DecisionAward, unit: str) -> str | None:
        """The nearest unit above of a type that the plan names; nobody awards himself."""
        kinds = award.authority or []
        return next((one for one in self.facts.above(unit)[1:] if self.facts.units[one].unit_type in kinds), None)

    def _candidate_units(self, award: m.DecisionAward, period: Period) -> None:
        for unit, (_, verdict, reason) in self._judged(period).items():
            authority = self._authority(award, unit)
            if award.authority and authority is None:
                continue
            condition = self._conditions(award, period, unit)
            result = "undecided"
            if verdict is False or condition == "fail":
                result = "fail"
            elif verdict and condition == "pass":
                result = "pass"
            if verdict and condition != "pass":
                reason = "prize_condition" if condition == "fail" else "awaiting_condition"
            is_awarded = unit in self._awarded(period.period_id, award.prize_id)
            key = (period.period_id, award.prize_id, unit)
            self.out.unit_candidates[key] = (authority, result, reason, is_awarded)

    def _candidate_persons(self, award: m.DecisionAward, period: Period) -> None:
        assert award.candidates
        first: dict[str, tuple[datetime, str, Counted]] = {}
        for key, one in self.events.counted(award.candidates, period, period.cutoff).items():
            person = one.claim.event.person
            if person is not None and (person not in first or (one.at, key) < first[person][:2]):
                first[person] = (one.at, key, one)
        for person, (at, _, one) in first.items():
            score = one.score if "quiz_score" in award.show else None
            row = (one.claim.event.units[""], score, at if "completed_at" in award.show else None)
            self.out.candidates[(period.period_id, award.prize_id, person)] = row

    def _pool_lines(self, award: m.DecisionAward, period: Period) -> None:
        pools: list[str | None] = [None]
        if award.authority:
            pools = [unit for unit, row in self.facts.units.items() if row.unit_type in award.authority]
        each = None if award.amount is None else award.amount * self._times(award, period)
        for authority in pools:
            candidates = {
                unit: row
                for (name, prize, unit), row in self.out.unit_candidates.items()
                if (name, prize, row[0]) == (period.period_id, award.prize_id, authority)
            }
            awarded = [unit for unit, row in candidates.items() if row[3]]
            places = self._places(award, period, authority, candidates)
            most_given = 0 if places is None and award.places == "cap" else places
            is_over = most_given is not None and len(awarded) > most_given
            most = None if places is None or each is None else places * each
            low = None if each is None else 0
            key = (period.period_id, None, authority, None, award.prize_id)
            self.out.awards[key] = ("blocked" if is_over else "undecided", places, None, low, most)
            for unit in awarded:
                line = (period.period_id, self.facts.bloc(unit), authority, unit, award.prize_id)
                self.out.awards[line] = ("awarded", 1, each, each, each)

    def _places(
        self, award: m.DecisionAward, period: Period, authority: str | None, candidates: Mapping[str, Any]
    ) -> int | None:
        missed = [
            condition
            for condition in award.requires
            if isinstance(condition, m.GoalCondition) and self.out.goals[(condition.goal,)][1] is False
        ]
        if missed:
            return 0
        if isinstance(award.places, int):
            return award.places
        if award.places == "open":
            return None
        size: int | None = None
        if award.pool == "participants":
            size = next(
                (
                    row.value
                    for row in self.facts.plan.participants
                    if (row.period_id, row.authority_unit_id, row.recipient)
                    == (period.period_id, authority, award.recipient)
                ),
                None,
            )
        elif award.recipient == "unit":
            size = sum(row[1] == "pass" for row in candidates.values())
        elif award.candidates:
            size = sum(
                (name, prize) == (period.period_id, award.prize_id) and authority in self.facts.above(row[0])
                for (name, prize, _), row in self.out.candidates.items()
            )
        return None if size is None else size * (award.cap or 0) // PPM

    # Goals, schedule, checks -----------------------------------------------------------------------------------------

    def _goals(self) -> None:
        for goal in self.document.goals:
            is_due = self.now >= end_of(goal.due_on)
            numerators, denominators = [], []
            for unit in self.facts.units:
                if not self.facts.is_valid(unit, goal.due_on) or self.facts.bloc(unit) not in self._blocs(goal):
                    continue
                if goal.metric:
                    numerators.append(self._latest(goal.metric, TOTAL, unit, goal, is_due))
                    continue
                measure = self._measure_of(goal.measure or "", unit)
                if measure is None:
                    continue
                above, below = measure.numerator, measure.denominator
                numerators.append(self._latest(above.metric, member_of(above.member), unit, goal, is_due))
                if below.metric:
                    value = self._latest(below.metric, member_of(below.member), unit, goal, is_due)
                    denominators.append(value)
            self.out.goals[(goal.goal_id,)] = self._goal(goal, numerators, denominators, is_due)

    def _blocs(self, goal: m.Goal) -> list[str]:
        return goal.blocs or [bloc.bloc_id for bloc in self.document.blocs]

    def _latest(self, metric_id: str, member: Member, unit: str, goal: m.Goal, is_due: bool) -> int | None:
        due_on = goal.due_on
        if self.facts.leaves(metric_id):
            # Of events counts what the period that closes on the day counts.
            is_windowed = self.facts.is_windowed(metric_id)
            closing = [
                one for one in self.periods.values() if one.closing == due_on and (one.window or not is_windowed)
            ]
            known = self.events.value(metric_id, member, unit, closing[0])
            return known.value if known.has_data and (known.day == due_on or not is_due) else None
        days = self.figures.days(metric_id, member, unit, due_on)
        fitting = [day for day in days if day == due_on or (day < due_on and not is_due)]
        return days[max(fitting)] if fitting else None

    @staticmethod
    def _goal(goal: m.Goal, above: list[int | None], below: list[int | None], is_due: bool) -> tuple[Any, ...]:
        found, under = [one for one in above if one is not None], [one for one in below if one is not None]
        is_whole = len(found) == len(above) and len(under) == len(below)
        value: Any = sum(found) if found else None
        holds: bool | None = None
        if goal.metric:
            if value is not None:
                holds = value > goal.over if goal.over is not None else value >= goal.at_least
        elif value is not None and sum(under) > 0:
            rate = Fraction(value, sum(under)) * PPM
            holds = rate > goal.over if goal.over is not None else rate >= (goal.at_least or 0)
            value = int((rate + Fraction(1, 2)).__floor__())
        else:
            value = None
        if holds and (goal.metric or is_whole):
            return value, True
        return value, holds if is_due and is_whole else None

    def _schedule(self) -> None:
        schedule = self.document.schedule
        if schedule is None:
            return
        contexts = list(self.periods.values())
        if not self.facts.is_windowed(schedule.metric):
            contexts = contexts[-1:]
        happened: dict[str, list[datetime]] = {}
        for period in contexts:
            for one in self.events.counted(schedule.metric, period, datetime.max.replace(tzinfo=UTC)).values():
                happened.setdefault(one.members.get(schedule.dimension, ""), []).append(one.at)
        stated = {
            subject["member"]
            for kind, subject in self.decisions
            if kind == "group_done" and subject["dimension"] == schedule.dimension
        }
        for group in schedule.groups:
            found = happened.get(group.member, [])
            status = "done" if group.member in stated else self._standing_of(group, schedule.rule, found)
            self.out.schedule[(schedule.dimension, group.member)] = (min(found, default=None), status)

    @staticmethod
    def _standing_of(group: m.ScheduleGroup, rule: str, happened: list[datetime]) -> str:
        if not happened:
            return "not_started"
        day = day_of(min(happened) if rule == "first_event" else max(happened))
        if day < group.from_:
            return "ahead"
        return "late" if group.through is not None and day > group.through else "on_time"

    def _checks(self) -> None:
        for check in self.document.checks:
            for period in self.periods.values():
                for unit in self.facts.valid(period):
                    kinds = check.parent_types if isinstance(check, m.ChildrenAddUpCheck) else check.unit_types
                    if self.facts.units[unit].unit_type in kinds:
                        row = self._check(check, period, unit)
                        if row:
                            self.out.checks[(check.check_id, period.period_id, unit)] = row

    def _check(self, check: m.Check, period: Period, unit: str) -> tuple[Any, ...] | None:
        actual: int | None
        expected: int | None
        if isinstance(check, m.ChildrenAddUpCheck):
            expected = self.facts.target(check.target, unit, period)
            if expected is None:
                return None
            below = [one for one in self.facts.valid(period) if self.facts.units[one].parent == unit]
            parts = [self.facts.target(check.target, one, period) for one in below]
            known = [part for part in parts if part is not None]
            actual = sum(known) if known else None
            is_well = actual == expected
        else:
            owed = [report for report in self.document.reports if period.period_id in report.periods]
            if not any(report.export in self._exports(check.metric) for report in owed):
                return None
            actual = self._value_on(check.metric, member_of(check.member), unit, period, period.closing)
            expected = check.count
            if isinstance(check, m.RatioCheck):
                over = self._value_on(check.over, TOTAL, unit, period, period.closing)
                expected = None if over is None else check.count * over
            else:
                expected = check.count_of.get(unit, check.count)
            is_well = actual is not None and expected is not None and actual >= expected
        if actual is None or expected is None:
            return actual, expected, "no_data"
        return actual, expected, "pass" if is_well else "fail"

    def _exports(self, metric_id: str) -> set[str]:
        metric = self.facts.metrics[metric_id]
        if isinstance(metric, m.ReportedMetric):
            return {metric.export}
        return {leaf.export for leaf in self.facts.leaves(metric_id)}

    # Day by day ------------------------------------------------------------------------------------------------------

    def _progress(self) -> None:
        for (metric_id, (dimension, member), unit), days in self.figures.reported.items():
            for day, value in days.items():
                if dimension:
                    self.out.breakdown[(unit, metric_id, "all", day, dimension, member)] = (value,)
                else:
                    self.out.progress[(unit, metric_id, "all", day)] = (value,)
        for metric_id, metric in self.facts.metrics.items():
            if isinstance(metric, m.EventsMetric | m.AllOfMetric):
                for period, context, day in self._contexts(metric_id):
                    self._day(metric, period, context, day)

    def _contexts(self, metric_id: str) -> Iterator[tuple[Period, str, date]]:
        """A day belongs to the next closing; what comes after the last one belongs to it."""
        days = {period.closing for period in self.periods.values()}
        for file in self.events.files:
            if file.export in self._exports(metric_id):
                days.add(day_of(file.complete_until - INSTANT))
        in_order = sorted(self.periods.values(), key=lambda one: one.closing)
        for day in sorted(days):
            if self.facts.is_windowed(metric_id):
                for period in in_order:
                    if period.window and day_of(period.window) <= day <= period.closing:
                        yield period, period.period_id, day
            else:
                yield next((one for one in in_order if one.closing >= day), in_order[-1]), "all", day

    def _day(self, metric: m.EventsMetric | m.AllOfMetric, period: Period, context: str, day: date) -> None:
        cutoffs = [one.cutoff for one in self.periods.values() if one.closing == day]
        until = min(cutoffs, default=end_of(day))
        counted = list(self.events.counted(metric.metric_id, period, until).values())
        for unit in self.facts.valid(period):
            complete, _ = self.events.standing(metric.metric_id, [unit], period)
            if complete is None or complete < until:
                continue
            mine = [one for one in counted if unit in self.events.credited(one)]
            self.out.progress[(unit, metric.metric_id, context, day)] = (len(mine),)
            for dimension in metric.dimensions or []:
                for member in {one.members.get(dimension) for one in mine} - {None, ""}:
                    count = sum(one.members.get(dimension) == member for one in mine)
                    self.out.breakdown[(unit, metric.metric_id, context, day, dimension, member)] = (count,)

    # Claimed twice, and reports ---------------------------------------------------------------------------------------

    def _claimed(self) -> None:
        for metric_id, metric in self.facts.metrics.items():
            if not isinstance(metric, m.EventsMetric):
                continue
            contexts = (
                list(self.periods.values()) if self.facts.is_windowed(metric_id) else [*self.periods.values()][-1:]
            )
            for period in contexts:
                for rivals in self.events.rivals(metric_id, period).values():
                    named = [claim for claim in rivals if claim.event.person is not None]
                    if len({claim.event.units[""] for claim in named}) > 1:
                        for claim in named:
                            self.out.claimed[(self.ids[claim.file], claim.line)] = ("warning",)

    def _reports(self) -> None:
        for report in self.document.reports:
            for name in report.periods:
                period = self.periods[name]
                for unit in self.facts.valid(period):
                    if self.facts.units[unit].unit_type in report.from_:
                        key = (name, report.export, unit)
                        self.out.reporting[key] = (self._report(report, period, unit),)

    @staticmethod
    def _due(report: m.Report, period: Period) -> datetime:
        if report.due_before is not None:
            return start_of(report.due_before)
        if report.days_after_closing is not None:
            return end_of(period.closing + timedelta(days=report.days_after_closing))
        assert period.window and report.days_before_window is not None
        return end_of(day_of(period.window) - timedelta(days=report.days_before_window))

    def _report(self, report: m.Report, period: Period, unit: str) -> str:
        due = self._due(report, period)
        accepted, refused = [], False
        for told in self.events.received:
            if (told.export, told.sender) == (report.export, unit) and self._answers(told, due, period):
                refused = refused or told.is_returned
                accepted += [] if told.is_returned else [told.received_at]
        for (export, sender, day), said in self.figures.scopes.items():
            if (export, sender) != (report.export, unit) or not self._fits(day, due, period):
                continue
            for file, is_applied in said:
                refused = refused or not is_applied
                accepted += [file.received_at] if is_applied else []
        if accepted:
            return "on_time" if min(accepted) < due else "late"
        if refused:
            return "returned"
        excused = {"period_id": period.period_id, "export_type": report.export, "unit_id": unit}
        if any(kind == "excuse_report" and excused.items() <= subject.items() for kind, subject in self.decisions):
            return "excused"
        return "missing" if self.now >= due else "not_due"

    @staticmethod
    def _fits(day: date, due: datetime, period: Period) -> bool:
        """The closing's own day; of what is due before the period is over, any day of the period."""
        if day == period.closing:
            return True
        return due <= period.cutoff and period.window is not None and day_of(period.window) <= day < period.closing

    def _answers(self, file: EventFile, due: datetime, period: Period) -> bool:
        return self._fits(day_of(file.complete_until - INSTANT), due, period) or file.complete_until >= period.cutoff
