"""The slow, obvious oracle of metrics over events: what the tables must say of a drawn campaign, person by person.

Plain Python, sets and Fractions; it shares no code with the SQL and reads nothing but the drawn data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from thidua.clock import LOCAL

from tests.event_lake import Event, EventFile, submission_id
from tests.property.event_campaigns import ANSWERED, END, SIGNED, EventCampaign, Period

Table = dict[tuple[Any, ...], tuple[Any, ...]]
EXPORTS = {
    "signed": (SIGNED,),
    "papers": (SIGNED,),
    "answered": (ANSWERED,),
    "both": (SIGNED, ANSWERED),
    "done_at": (SIGNED,),
}
BLOCS = {"school": "schools", "shop": "shops", "district": "districts"}


def day_of(moment: datetime) -> date:
    return moment.astimezone(LOCAL).date()


def end_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=LOCAL) + timedelta(days=1)


@dataclass
class Tables:
    measures: Table = field(default_factory=dict)
    eligibility: Table = field(default_factory=dict)
    ranking: Table = field(default_factory=dict)
    awards: Table = field(default_factory=dict)
    candidates: Table = field(default_factory=dict)
    dossier: Table = field(default_factory=dict)
    progress: Table = field(default_factory=dict)
    breakdown: Table = field(default_factory=dict)
    claimed: Table = field(default_factory=dict)
    reporting: Table = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """An event that stands, with who told of it and when first."""

    event: Event
    export: str
    sender: str
    told_at: datetime
    file: str
    line: int

    @property
    def order(self) -> tuple[datetime, datetime, str, str]:
        return self.event.at, self.told_at, self.sender, self.event.event_key


@dataclass(frozen=True)
class Counted:
    """What was counted once: when, where, and with which members."""

    at: datetime
    claim: Claim
    members: dict[str, str]
    score: int | None


class EventOracle:
    def __init__(self, campaign: EventCampaign, now: datetime, known_at: datetime | None) -> None:
        self.campaign = campaign
        self.now = now
        ids = {file.name: submission_id(campaign.campaign_id, file.name) for file in campaign.files}
        known = [file for file in campaign.files if known_at is None or file.received_at <= known_at]
        self.received = sorted(known, key=lambda file: (file.received_at, ids[file.name]))
        self.files = [file for file in self.received if not file.is_returned]
        self.claims = self._standing()
        self.periods = (*campaign.periods, Period("end", None, END, end_of(END), False))
        self.out = Tables()

    def run(self) -> Tables:
        for period in self.campaign.periods:
            for unit in self._valid(period):
                self._measure(period, unit)
        for unit in self._valid(self.periods[-1]):
            self._measure(self.periods[-1], unit)
        for period in self.campaign.periods:
            self._judge(period)
        self._look_back()
        self._pools()
        for period in self.campaign.periods:
            self._candidates(period)
        self._progress()
        self._disputes()
        self._reports()
        return self.out

    # Events that stand -----------------------------------------------------------------------------------------------

    def _standing(self) -> list[Claim]:
        last: dict[tuple[str, str, str], Claim] = {}
        for file in self.files:
            for line, event in enumerate(file.events, 2):
                key = (file.export, file.sender or "", event.event_key)
                told = last[key].told_at if key in last else file.received_at
                last[key] = Claim(event, file.export, file.sender or "", told, file.name, line)
        return [claim for claim in last.values() if not claim.event.is_cancelled]

    def _counts(self, metric: str, claim: Claim) -> bool:
        event, campaign = claim.event, self.campaign
        if metric == "answered":
            return claim.export == ANSWERED and event.event == "answered"
        return (
            claim.export == SIGNED
            and event.event == "signed"
            and (campaign.products is None or event.product in campaign.products)
            and (campaign.valid_until is None or event.valid_through >= campaign.valid_until)  # type: ignore[operator]
        )

    def _is_windowed(self, metric: str) -> bool:
        window = self.campaign.window_of
        return any(window.values()) if metric == "both" else window["answered" if metric == "answered" else "signed"]

    def _in_time(self, metric: str, period: Period, at: datetime) -> bool:
        """Since when: the window, an instant or ever. Until when is asked where it is counted."""
        if self._is_windowed(metric):
            return period.window_from is not None and period.window_from <= at < period.cutoff
        return metric == "answered" or self.campaign.from_at is None or at >= self.campaign.from_at

    def _key(self, metric: str, claim: Claim) -> tuple[Any, ...]:
        if metric == "papers":
            return claim.export, claim.event.event_key
        kind = "person" if metric == "answered" else self.campaign.distinct
        if kind == "person":
            return (claim.event.person,)
        return claim.event.person, claim.event.product

    def _rivals(self, metric: str, period: Period) -> dict[tuple[Any, ...], list[Claim]]:
        found: dict[tuple[Any, ...], list[Claim]] = {}
        for claim in self.claims:
            if self._counts(metric, claim) and self._in_time(metric, period, claim.event.at):
                found.setdefault(self._key(metric, claim), []).append(claim)
        return found

    def counted(self, metric: str, period: Period, until: datetime) -> dict[tuple[Any, ...], Counted]:
        """Everything that a metric counts before an instant, in the context of a period."""
        if metric == "both":
            return self._both(period, until)
        found = {}
        for key, rivals in self._rivals(metric, period).items():
            first = min(rivals, key=lambda claim: claim.order)
            if first.event.at < until:
                found[key] = Counted(first.event.at, first, dict(first.event.dimensions), first.event.score)
        return found

    def _both(self, period: Period, until: datetime) -> dict[tuple[Any, ...], Counted]:
        # In a windowed context the parts end at the cutoff, whatever day is asked for.
        end = min(until, period.cutoff) if self._is_windowed("both") else until
        parts: dict[str, dict[str, Counted]] = {}
        for part in ("signed", "answered"):
            for one in self.counted(part, period, end).values():
                # By product or document a person counts more than once: the first stands for the person.
                done = parts.setdefault(str(one.claim.event.person), {})
                if part not in done or one.claim.order < done[part].claim.order:
                    done[part] = one
        found = {}
        for person, done in parts.items():
            if len(done) < 2:
                continue
            place = min(done.values(), key=lambda one: (*one.claim.order[:2], one.claim.export, *one.claim.order[2:]))
            members = dict(place.members)
            # Where the deciding event is silent the parts speak, in the order of their names.
            for part in sorted(done):
                members = done[part].members | members
            scores = [one.score for one in done.values() if one.score is not None]
            at = max(one.at for one in done.values())
            found[(person,)] = Counted(at, place.claim, members, max(scores, default=None))
        return found

    # Units -----------------------------------------------------------------------------------------------------------

    def _above(self, unit: str) -> list[str]:
        line = [unit]
        while self.campaign.parents[line[-1]]:
            line.append(self.campaign.parents[line[-1]])
        return line

    def _is_valid(self, unit: str, day: date) -> bool:
        if unit in self.campaign.valid_from and day < self.campaign.valid_from[unit]:
            return False
        return unit not in self.campaign.valid_through or day <= self.campaign.valid_through[unit]

    def _valid(self, period: Period) -> list[str]:
        return [unit for unit in self.campaign.units if self._is_valid(unit, period.closing)]

    def _earlier(self, unit: str) -> str | None:
        return next((old for old, new in self.campaign.renamed.items() if new == unit), None)

    def _credited(self, counted: Counted) -> set[str]:
        """Every unit of the event, what it was renamed to, and all above, each once."""
        units = set()
        for unit in counted.claim.event.units.values():
            units |= set(self._above(unit))
            if unit in self.campaign.renamed:
                units |= set(self._above(self.campaign.renamed[unit]))
        return units

    # Who has told everything -----------------------------------------------------------------------------------------

    def _senders(self, export: str, period: Period) -> list[str]:
        kind = self.campaign.senders if export == SIGNED else "top"
        # No report is owed for the last closing: whoever owes one for a wave, and is still there, must have told.
        periods = [period] if period.window_from else list(self.campaign.periods)
        return [
            unit
            for unit in self._valid(period)
            if self.campaign.types[unit] == kind and any(self._is_valid(unit, one.closing) for one in periods)
        ]

    def _told(self, export: str, unit: str, period: Period) -> tuple[datetime | None, datetime | None]:
        """(complete until, latest word) along the unit's line, or along the nearest line that has a sender."""
        senders = self._senders(export, period)
        for base in self._above(unit):
            line = [one for one in senders if base in self._above(one) or one in self._above(base)]
            if line:
                break
        else:
            return None, None
        said = [
            max(
                (file.complete_until for file in self.files if file.export == export and file.sender == one),
                default=None,
            )
            for one in line
        ]
        heard = [moment for moment in said if moment]
        return (min(heard) if len(heard) == len(said) else None), max(heard, default=None)

    def _standing_of(self, metric: str, unit: str, period: Period) -> tuple[datetime | None, datetime | None]:
        told = [self._told(export, unit, period) for export in EXPORTS[metric]]
        complete = [one[0] for one in told]
        latest = [one[1] for one in told if one[1]]
        return (min(complete) if all(complete) else None), max(latest, default=None)  # type: ignore[type-var]

    def value(self, metric: str, unit: str, period: Period) -> tuple[bool, Any, date | None]:
        """(whether there is data, the value, the day it speaks of)."""
        base = "signed" if metric == "done_at" else metric
        if self._is_windowed(base) and period.window_from is None:
            return False, None, None
        reported_as = unit
        if not self._is_valid(unit, period.closing):
            reported_as = self._earlier(unit) or unit
        complete, latest = self._standing_of(metric, reported_as, period)
        if self.now >= period.cutoff:
            day = period.closing
            if complete is None or complete < period.cutoff:
                return False, None, None
        else:
            if latest is None or (self._is_windowed(base) and latest <= period.window_from):  # type: ignore[operator]
                return False, None, None
            day = min(period.closing, day_of(latest - timedelta(microseconds=1)))
        found = [one for one in self.counted(base, period, period.cutoff).values() if unit in self._credited(one)]
        if metric == "done_at":
            instants = [one.at for one in found]
            pick = min if self.campaign.pick == "first" else max
            return True, pick(instants) if instants else None, day
        return True, len(found), day

    # Rules -----------------------------------------------------------------------------------------------------------

    def _target(self, unit: str) -> int | None:
        targets = self.campaign.targets or {"top": 1}
        if unit in targets:
            return targets[unit]
        earlier = self._earlier(unit)
        return targets.get(earlier) if earlier else None

    def _sides(self, period: Period, unit: str) -> tuple[bool, int | None, int | None, date | None]:
        kind = self.campaign.types[unit]
        has_data, value, day = self.value("both" if kind == "school" else "signed", unit, period)
        below = self.campaign.denominators.get(unit) if kind == "school" else self._target(unit)
        return has_data, value if has_data else None, below, day

    def _measure(self, period: Period, unit: str) -> None:
        if self.campaign.types[unit] not in BLOCS:
            return
        _, numerator, denominator, day = self._sides(period, unit)
        if self.now >= period.cutoff:
            day = period.closing
        self.out.measures[(period.period_id, unit)] = (day, numerator, denominator)

    def _gate(self, period: Period, unit: str) -> str:
        _, numerator, denominator, _ = self._sides(period, unit)
        is_target = self.campaign.types[unit] != "school"
        if (denominator is None and is_target) or (denominator is not None and denominator <= 0):
            return "no_target"
        if numerator is None or denominator is None:
            return "no_data"
        threshold = Fraction(self.campaign.threshold.rstrip("%")) / 100
        return "ok" if Fraction(numerator, denominator) >= threshold else "below_threshold"

    def _judge(self, period: Period) -> None:
        for bloc in BLOCS.values():
            units = [unit for unit in self._valid(period) if BLOCS.get(self.campaign.types[unit]) == bloc]
            reasons = {unit: self._gate(period, unit) for unit in units}
            for unit, reason in reasons.items():
                verdict = {"ok": True, "no_data": None}.get(reason, False)
                self.out.eligibility[(period.period_id, unit)] = (bloc, verdict, reason)
            self._rank(period, bloc, units, [unit for unit in units if reasons[unit] == "ok"])

    def _rank(self, period: Period, bloc: str, units: list[str], eligible: list[str]) -> None:
        keys: dict[str, list[Any]] = {}
        for unit in eligible:
            key: list[Any] = []
            for name in self.campaign.order:
                if name == "rate":
                    _, numerator, denominator, _ = self._sides(period, unit)
                    key.append(-Fraction(numerator, denominator))  # type: ignore[arg-type]
                    continue
                has_data, value, _ = self.value(name, unit, period)
                if not has_data:
                    break
                # Whoever has no instant comes last.
                key.append((value is None, value) if name == "done_at" else -value)
            else:
                keys[unit] = key
        for unit in units:
            if unit not in keys:
                self.out.ranking[(period.period_id, unit)] = (bloc, None, False, None)
                continue
            rank = 1 + sum(self._before(keys[other], keys[unit]) for other in keys)
            tied = sum(keys[other] == keys[unit] for other in keys)
            prize = self._prize(period, bloc, unit, rank, tied)
            self.out.ranking[(period.period_id, unit)] = (bloc, rank, tied > 1, prize)

    @staticmethod
    def _before(one: list[Any], other: list[Any]) -> bool:
        for left, right in zip(one, other, strict=True):
            if left != right:
                if isinstance(left, tuple) and left[0] != right[0]:
                    return bool(left[0] < right[0])
                return bool(left < right)
        return False

    def _prize(self, period: Period, bloc: str, unit: str, rank: int, tied: int) -> str | None:
        ladder = [prize for prize in self.campaign.prizes for _ in range(prize.places or 99)]
        chances = [ladder[place - 1] if place <= len(ladder) else None for place in range(rank, rank + tied)]
        named = [prize for prize in chances if prize]
        if not named:
            return None
        key = (period.period_id, bloc, None, unit, named[0].prize_id)
        each = [prize.amount if prize else 0 for prize in chances]
        if len(set(chances)) > 1:
            self.out.awards[key] = ("undecided", 1, None, min(each), max(each))
            return None
        self.out.awards[key] = ("proposed", 1, each[0], each[0], each[0])
        return named[0].prize_id

    def _look_back(self) -> None:
        """The last closing: were they eligible in all, or any, of the waves, under whatever name?"""
        last = self.periods[-1]
        for unit in self._valid(last):
            bloc = BLOCS.get(self.campaign.types[unit])
            if bloc is None:
                continue
            results = []
            for period in self.campaign.periods:
                earlier = self._earlier(unit)
                is_judged = self._is_valid(unit, period.closing) or (
                    earlier is not None and self._is_valid(earlier, period.closing)
                )
                reason = self._gate(period, unit) if is_judged else "undecided"
                result = {"ok": "pass", "no_data": "no_data", "undecided": "undecided"}.get(reason, "fail")
                self.out.dossier[(unit, period.period_id)] = (result,)
                results.append(result)
            passes = results.count("pass")
            if passes == len(results) or (self.campaign.quantifier == "any" and passes):
                reason = "ok"
            elif results.count("fail") == len(results) or (self.campaign.quantifier == "all" and "fail" in results):
                reason = "earlier_period"
            else:
                reason = "no_data" if "no_data" in results else "awaiting_decision"
            verdict = {"ok": True, "earlier_period": False}.get(reason)
            self.out.eligibility[("end", unit)] = (bloc, verdict, reason)

    def _pools(self) -> None:
        for period in self.campaign.periods:
            for authority in self.campaign.units:
                if self.campaign.types[authority] not in ("top", "district"):
                    continue
                size = self.campaign.participants.get((period.period_id, authority))
                if self.campaign.pool == "eligible":
                    size = sum(
                        verdict is True and self._authority(unit) == authority
                        for (name, unit), (_, verdict, _) in self.out.eligibility.items()
                        if name == period.period_id
                    )
                places = None if size is None else size * int(self.campaign.cap.rstrip("%")) // 100
                key = (period.period_id, None, authority, None, "medal")
                self.out.awards[key] = ("undecided", places, None, None, None)
            self.out.awards[(period.period_id, None, None, None, "person")] = ("undecided", 1, None, None, None)

    def _authority(self, unit: str) -> str | None:
        return next((one for one in self._above(unit)[1:] if self.campaign.types[one] in ("top", "district")), None)

    def _candidates(self, period: Period) -> None:
        for (person,), one in self.counted("both", period, period.cutoff).items():
            place = one.claim.event.units[""]
            self.out.candidates[(period.period_id, person)] = (place, one.score, one.at)

    # Day by day ------------------------------------------------------------------------------------------------------

    def _progress(self) -> None:
        for metric in ("signed", "answered", "papers", "both"):
            days = {period.closing for period in self.periods}
            for file in self.files:
                if file.export in EXPORTS[metric]:
                    days.add(day_of(file.complete_until - timedelta(microseconds=1)))
            for period, context, day in self._contexts(metric, sorted(days)):
                self._day(metric, period, context, day)

    def _contexts(self, metric: str, days: list[date]) -> Iterator[tuple[Period, str, date]]:
        if self._is_windowed(metric):
            for period in self.campaign.periods:
                for day in days:
                    if day_of(period.window_from) <= day <= period.closing:  # type: ignore[arg-type]
                        yield period, period.period_id, day
            return
        for day in days:
            ahead = [period for period in self.periods if period.closing >= day]
            yield (min(ahead, key=lambda one: one.closing) if ahead else self.periods[-1]), "all", day

    def _day(self, metric: str, period: Period, context: str, day: date) -> None:
        until = min((one.cutoff for one in self.periods if one.closing == day), default=end_of(day))
        counted = list(self.counted(metric, period, until).values())
        for unit in self._valid(period):
            complete, _ = self._standing_of(metric, unit, period)
            if complete is None or complete < until:
                continue
            mine = [one for one in counted if unit in self._credited(one)]
            self.out.progress[(unit, metric, context, day)] = (len(mine),)
            if metric in ("answered", "papers"):
                continue
            for member in {one.members["class"] for one in mine if "class" in one.members}:
                count = sum(one.members.get("class") == member for one in mine)
                self.out.breakdown[(unit, metric, context, day, member)] = (count,)

    # Claimed twice, and reports ---------------------------------------------------------------------------------------

    def _disputes(self) -> None:
        for metric in ("signed", "answered", "papers"):
            periods = self.campaign.periods if self._is_windowed(metric) else (self.periods[-1],)
            for period in periods:
                for rivals in self._rivals(metric, period).values():
                    if len({claim.event.units[""] for claim in rivals}) > 1:
                        for claim in rivals:
                            key = (submission_id(self.campaign.campaign_id, claim.file), claim.line)
                            self.out.claimed[key] = ("warning",)

    def _reports(self) -> None:
        for period in self.campaign.periods:
            for export, kind in ((SIGNED, self.campaign.senders), (ANSWERED, "top")):
                for unit in self._valid(period):
                    if self.campaign.types[unit] == kind:
                        status = self._report(period, export, unit)
                        self.out.reporting[(period.period_id, export, unit)] = (status,)

    def _report(self, period: Period, export: str, unit: str) -> str:
        due = end_of(period.closing + timedelta(days=3))
        mine = [file for file in self.received if file.export == export and file.sender == unit]
        claims = [file for file in mine if self._answers(file, period)]
        accepted = [file.received_at for file in claims if not file.is_returned]
        if accepted:
            return "on_time" if min(accepted) < due else "late"
        if claims:
            return "returned"
        return "missing" if self.now >= due else "not_due"

    @staticmethod
    def _answers(file: EventFile, period: Period) -> bool:
        as_of = day_of(file.complete_until - timedelta(microseconds=1))
        return as_of == period.closing or file.complete_until >= period.cutoff
