"""The slow, obvious oracle: what the published tables must say of a random campaign, from the rules alone.

Plain Python and Fractions; it shares no code with the SQL and reads nothing but the drawn data, the ids of receipts, and
the numbers of the rule on a count that jumps.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import yaml
from thidua.settings import repo_root

from tests.property.campaigns import Campaign, Period, Prize, Submission, landing_path

OFFSET = timedelta(hours=7)
RULES = yaml.safe_load((repo_root() / "expectations" / "rules.yml").read_text(encoding="utf-8"))
PACE: dict[str, int] = next(rule["pace"] for rule in RULES["built"] if rule["rule"] == "count_jumps")
Table = dict[tuple[Any, ...], tuple[Any, ...]]


def end_of(day: date) -> datetime:
    """The first instant after a local day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1) - OFFSET


def percent(text: str) -> Fraction:
    return Fraction(text.rstrip("%")) / 100


def half_up(value: Fraction, places: int) -> Fraction:
    scaled = abs(value) * 10**places
    whole = (scaled + Fraction(1, 2)).__floor__()
    return Fraction(whole if value >= 0 else -whole, 10**places)


@dataclass
class Expected:
    submissions: Table = field(default_factory=dict)
    scopes: Table = field(default_factory=dict)
    measures: Table = field(default_factory=dict)
    eligibility: Table = field(default_factory=dict)
    ranking: Table = field(default_factory=dict)
    awards: Table = field(default_factory=dict)
    quotas: Table = field(default_factory=dict)
    reporting: Table = field(default_factory=dict)
    goals: Table = field(default_factory=dict)
    faults: Table = field(default_factory=dict)


class Oracle:
    def __init__(self, campaign: Campaign, ids: Mapping[str, str], now: datetime, known_at: datetime | None) -> None:
        self.campaign = campaign
        self.now = now
        known = [file for file in campaign.submissions if known_at is None or file.received_at <= known_at]
        self.files = sorted(known, key=lambda file: (file.received_at, ids[landing_path(campaign, file)]))
        self.ids = {file.name: ids[landing_path(campaign, file)] for file in known}
        self.figures: dict[tuple[str, date], int] = {}
        self.out = Expected()

    def run(self) -> Expected:
        self._judge_files()
        for unit in self.campaign.units:
            self._own_past(unit)
        self._goal()
        for period in self.campaign.periods:
            self._period(period)
        return self.out

    # What becomes of each file -------------------------------------------------------------------------------------

    def _judge_files(self) -> None:
        said: dict[tuple[str, date], list[int]] = defaultdict(list)  # contents applied, in order
        self.scope_files: dict[tuple[str, date], list[tuple[Submission, str]]] = defaultdict(list)
        self.current: dict[tuple[str, date], str] = {}
        statuses: dict[str, dict[tuple[str, date], str]] = {}
        for file in self.files:
            good = [row for row in file.rows if isinstance(row[2], int)]
            statuses[file.name] = {}
            for unit, day, value in file.rows:
                scope = (unit, day)
                if not good:
                    status = "returned"  # the intake leaves nothing of it
                elif not isinstance(value, int):
                    status = "rejected"
                elif value not in said[scope]:
                    status = "applied"
                    said[scope].append(value)
                    self.current[scope] = file.name
                    self.figures[scope] = value
                elif value == said[scope][-1]:
                    status = "duplicate"
                else:
                    status = "stale"
                statuses[file.name][scope] = status
                self.scope_files[scope].append((file, status))
            found = list(statuses[file.name].values())
            if "applied" in found:
                outcome = "accepted" if set(found) <= {"applied", "duplicate"} else "accepted_with_rejections"
            else:
                outcome = "duplicate" if set(found) == {"duplicate"} else "returned"
            self.out.submissions[(self.ids[file.name],)] = (outcome,)
        for name, scopes in statuses.items():
            for (unit, day), status in scopes.items():
                is_current = status == "applied" and self.current[(unit, day)] == name
                self.out.scopes[(self.ids[name], unit, day)] = (status, is_current)

    def _own_past(self, unit: str) -> None:
        """A figure that falls below the last one; one that grows too much for what its unit did until then."""
        days = sorted(day for name, day in self.figures if name == unit)
        growths: list[tuple[int, int]] = []  # of the highest figures so far: how much, and in how many days
        highest: tuple[int, date] | None = None
        for before, day in zip([None, *days], days, strict=False):
            value = self.figures[(unit, day)]
            if before and value < self.figures[(unit, before)]:
                self._fault("count_falls", unit, day)
            if highest is None:
                highest = value, day
            elif value > highest[0]:
                grown, took = value - highest[0], (day - highest[1]).days
                is_too_much = all(
                    grown > PACE["times"] * earlier
                    and Fraction(grown, took) > PACE["times"] * Fraction(earlier, earlier_took)
                    for earlier, earlier_took in growths
                )
                if is_too_much and grown >= PACE["least_growth"] and len(growths) >= PACE["least_past"]:
                    self._fault("count_jumps", unit, day)
                growths.append((grown, took))
                highest = value, day

    def _fault(self, rule_id: str, unit: str, day: date) -> None:
        name = self.current[(unit, day)]
        self.out.faults[(self.ids[name], unit, day, rule_id)] = ("warning", str(self.figures[(unit, day)]))

    # Rules ---------------------------------------------------------------------------------------------------------

    def _target(self, unit: str, on: date) -> int | None:
        steps = [value for day, value in self.campaign.targets.get(unit, ()) if day <= on]
        return steps[-1] if steps else None

    def _goal(self) -> None:
        due = self.campaign.periods[-1].closing
        is_due = self.now >= end_of(due)
        found, missing = [], 0
        for unit in self.campaign.units:
            days = [day for name, day in self.figures if name == unit and (day == due if is_due else day <= due)]
            if days:
                found.append(self.figures[(unit, max(days))])
            else:
                missing += 1
        is_met = True if sum(found) > self.campaign.goal else None if not is_due or missing else False
        self.out.goals[("all",)] = (sum(found) if found else None, is_met)

    def _period(self, period: Period) -> None:
        is_closed = self.now >= end_of(period.closing)
        due = end_of(period.closing + timedelta(days=self.campaign.days_after))
        for bloc, units in self.campaign.blocs.items():
            standing: dict[str, tuple[int | None, int | None]] = {}
            eligible: list[str] = []
            for unit in units:
                self._reporting(period, unit, due)
                measured = self._measure(period, bloc, unit, is_closed)
                standing[unit] = measured
                if self._eligible(period, bloc, unit, measured):
                    eligible.append(unit)
            self._rank(period, bloc, units, eligible, standing)

    def _reporting(self, period: Period, unit: str, due: datetime) -> None:
        claims = self.scope_files[(unit, period.closing)]
        accepted = [file.received_at for file, status in claims if status == "applied"]
        if accepted:
            status = "on_time" if min(accepted) < due else "late"
        elif claims:
            status = "returned"
        else:
            status = "missing" if self.now >= due else "not_due"
        self.out.reporting[(period.period_id, unit)] = (status,)

    def _measure(self, period: Period, bloc: str, unit: str, is_closed: bool) -> tuple[int | None, int | None]:
        days = [
            day
            for name, day in self.figures
            if name == unit and (day == period.closing if is_closed else day <= period.closing)
        ]
        as_of = period.closing if is_closed else max(days, default=None)
        numerator = self.figures[(unit, max(days))] if days else None
        if numerator is not None and self.campaign.with_baseline[bloc]:
            baseline = self.campaign.baselines.get(unit)
            numerator = None if baseline is None else numerator - baseline
        denominator = self._target(unit, period.closing)
        rate = None
        if numerator is not None and denominator:
            rate = half_up(Fraction(numerator, denominator), 6)
        self.out.measures[(period.period_id, unit)] = (as_of, numerator, denominator, rate)
        return numerator, denominator

    def _eligible(self, period: Period, bloc: str, unit: str, measured: tuple[int | None, int | None]) -> bool:
        numerator, target = measured
        threshold = percent(period.threshold)
        decided = self.campaign.decisions.get((period.period_id, unit), self.campaign.gate_default)
        if not target:
            reason = "no_target"
        elif numerator is not None and Fraction(numerator, target) < threshold:
            reason = "below_threshold"
        elif decided == "fail":
            reason = "decision_failed"
        elif numerator is None:
            reason = "no_data"
        elif decided == "undecided":
            reason = "awaiting_decision"
        else:
            reason = "ok"
        verdict = {"ok": True, "no_data": None, "awaiting_decision": None}.get(reason, False)
        missing = None
        if numerator is not None and target:
            missing = max(0, (threshold * target).__ceil__() - numerator)
        self.out.eligibility[(period.period_id, unit)] = (bloc, verdict, reason, missing)
        return verdict is True

    def _rank(
        self,
        period: Period,
        bloc: str,
        units: tuple[str, ...],
        eligible: list[str],
        standing: dict[str, tuple[int | None, int | None]],
    ) -> None:
        rates = {unit: Fraction(*standing[unit]) for unit in eligible}  # type: ignore[arg-type]
        for unit in units:
            if unit not in rates:
                self.out.ranking[(period.period_id, unit)] = (bloc, None, False, None)
                continue
            rank = 1 + sum(other > rates[unit] for other in rates.values())
            tied = sum(other == rates[unit] for other in rates.values())
            prize = self._award(period, bloc, unit, rank, tied, rates[unit])
            self.out.ranking[(period.period_id, unit)] = (bloc, rank, tied > 1, prize)

    def _award(self, period: Period, bloc: str, unit: str, rank: int, tied: int, rate: Fraction) -> str | None:
        """Deals the tied places out one by one and looks at what each could bring this unit."""
        chances: list[Prize | None] = []
        for place in range(rank, rank + tied):
            start = 1
            found = None
            for prize in self.campaign.prizes:
                if prize.places is None or start <= place < start + prize.places:
                    found = prize
                    break
                start += prize.places
            chances.append(found)
        named = list(dict.fromkeys(prize for prize in chances if prize))
        if not named:
            return None
        best = named[0]
        amounts = {prize.prize_id: self._amount(period, unit, prize) for prize in named}
        met = {prize.prize_id: not prize.at_least or rate >= percent(prize.at_least) for prize in named}
        key = (period.period_id, bloc, "unit", unit, best.prize_id)
        if len(set(chances)) > 1:
            status = "undecided"
            low = high = None
            each = [amounts[prize.prize_id] if prize and met[prize.prize_id] else 0 for prize in chances]
            if None not in each:
                low, high = min(each), max(each)
            self.out.awards[key] = (status, None, low, high)
        elif not met[best.prize_id]:
            return None
        elif amounts[best.prize_id] is None:
            status = "blocked"
            self.out.awards[key] = (status, None, None, None)
        else:
            status = "proposed"
            amount = amounts[best.prize_id]
            self.out.awards[key] = (status, amount, amount, amount)
        nominates = [
            prize is not None and met[prize.prize_id] and prize.prize_id in self.campaign.nominating
            for prize in chances
        ]
        if any(nominates):
            self._nominate(period, bloc, unit, status, is_certain=all(nominates))
        return None if status == "undecided" else best.prize_id

    def _amount(self, period: Period, unit: str, prize: Prize) -> int | None:
        times = period.multiplier if prize.multiplied else 1
        if not prize.per_head:
            return prize.amount * times
        heads = self.campaign.headcounts.get((unit, period.closing), 0)
        return prize.amount * heads * times if heads else None

    def _nominate(self, period: Period, bloc: str, unit: str, status: str, *, is_certain: bool) -> None:
        quota = self.campaign.quota_of.get(unit, self.campaign.quota)
        each = self.campaign.person_amount * period.multiplier
        key = (period.period_id, bloc, "person", unit, "person")
        if status == "undecided":
            self.out.quotas[(period.period_id, unit)] = (None, each)
            self.out.awards[key] = ("undecided", None, quota * each if is_certain else 0, quota * each)
        else:
            self.out.quotas[(period.period_id, unit)] = (quota, each)
            self.out.awards[key] = ("proposed", quota * each, quota * each, quota * each)
