"""The value of any metric for an oracle: reported figures, figures given with the plan, and events, person by person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from thidua.plan import models as m

from tests.event_lake import Event, EventFile, FigureFile
from tests.property.plan_facts import INSTANT, Period, PlanFacts, day_of, instant

File = EventFile | FigureFile
Member = tuple[str, str]  # dimension, member; ("", "") is the total
TOTAL: Member = ("", "")


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


@dataclass(frozen=True)
class Known:
    """Whether there is data, the value (an instant for metrics of that kind), the day it speaks of."""

    has_data: bool
    value: Any = None
    day: date | None = None


def member_of(member: m.Member | None) -> Member:
    return (member.dimension, member.member) if member else TOTAL


class Figures:
    """Reported figures and those given with the plan. `rows`: (metric, member, unit) -> day -> value."""

    def __init__(self, facts: PlanFacts, files: Iterable[FigureFile]) -> None:
        self.facts = facts
        self.reported: dict[tuple[str, Member, str], dict[date, int]] = defaultdict(dict)
        self.given: dict[tuple[str, Member, str], dict[date | None, int]] = defaultdict(dict)
        # (export, unit, day) -> (file, whether it was applied), in the order of receipt.
        self.scopes: dict[tuple[str, str, date], list[tuple[FigureFile, bool]]] = defaultdict(list)
        self._take(files)
        for row in facts.plan.headcounts:
            self.given[(row.metric_id, TOTAL, row.unit_id)][row.as_of_date] = row.value
        for reference in facts.plan.references:
            member = (reference.dimension, reference.member or "") if reference.dimension else TOTAL
            self.given[(reference.metric_id, member, reference.unit_id)][None] = reference.value
        for metric_id, member in {(row[0], row[1]) for row in self.given if None in self.given[row]}:
            for unit in facts.units:
                value = self._reference(metric_id, member, unit)
                if value is not None:
                    self.given[(metric_id, member, unit)][None] = value

    def _reference(self, metric_id: str, member: Member, unit: str) -> int | None:
        """The unit's own, else the sum of what it was renamed or merged from, when all of these have one."""
        if None in self.given.get((metric_id, member, unit), {}):
            return self.given[(metric_id, member, unit)][None]
        parts = [self._reference(metric_id, member, one) for one in self.facts.direct_predecessors(unit)]
        known = [part for part in parts if part is not None]
        return sum(known) if parts and len(known) == len(parts) else None

    def _take(self, files: Iterable[FigureFile]) -> None:
        said: dict[tuple[str, str, date], list[set[Any]]] = defaultdict(list)
        for file in files:
            scopes: dict[tuple[str, str, date], set[Any]] = defaultdict(set)
            for unit, day, *figure in file.figures:
                scopes[(file.export, unit, day)].add(tuple(figure))
            for scope, content in scopes.items():
                # Said for the first time it replaces what was there; said again it changes nothing.
                is_new = content not in said[scope]
                said[scope].append(content)
                self.scopes[scope].append((file, is_new))
                if is_new:
                    self._replace(scope, content)

    def _replace(self, scope: tuple[str, str, date], content: set[Any]) -> None:
        export, unit, day = scope
        for (metric_id, _, of_unit), days in self.reported.items():
            if of_unit == unit and self._export(metric_id) == export:
                days.pop(day, None)
        for metric_id, dimension, member, value in content:
            if self._export(metric_id) == export:
                self.reported[(metric_id, (dimension, member), unit)][day] = value

    def _export(self, metric_id: str) -> str | None:
        metric = self.facts.metrics.get(metric_id)
        return metric.export if isinstance(metric, m.ReportedMetric) else None

    def days(self, metric_id: str, member: Member, unit: str, default: date) -> dict[date, int]:
        """Every day that has a value; what always holds stands on the `default` day."""
        found = {day or default: value for day, value in self.given.get((metric_id, member, unit), {}).items()}
        found |= self.reported.get((metric_id, member, unit), {})
        for day, value in self._inherited(metric_id, member, unit, default).items():
            found.setdefault(day, value)
        return found

    def _inherited(self, metric_id: str, member: Member, unit: str, default: date) -> dict[date, int]:
        """Counts of what the unit was before add up, when all of those that stood on the day have theirs."""
        lines = {one: self.reported.get((metric_id, member, one), {}) for one in self.facts.predecessors(unit)}
        found = {}
        for day in {day for days in lines.values() for day in days}:
            standing = [one for one in lines if self.facts.is_valid(one, day)]
            if standing and all(day in lines[one] for one in standing):
                found[day] = sum(lines[one][day] for one in standing)
        return found


class Events:
    """What the events come to: claims that stand, who is counted where, who has told everything."""

    def __init__(self, facts: PlanFacts, ids: Mapping[str, str], files: Iterable[EventFile], now: datetime) -> None:
        self.facts = facts
        self.now = now
        self.ids = ids
        self.received = list(files)
        self.files = [file for file in self.received if not file.is_returned]
        self.claims = self._standing()
        self._credited: dict[tuple[str, ...], set[str]] = {}
        self._counted: dict[tuple[str, str, datetime], dict[str, Counted]] = {}

    # Events that stand -----------------------------------------------------------------------------------------------

    def _standing(self) -> list[Claim]:
        last: dict[tuple[str, str, str], list[Claim]] = {}
        received: dict[tuple[str, str, str], tuple[datetime, str]] = {}
        for file in self.files:
            # What a file says of a key, perhaps several events, replaces what an earlier one said of it.
            said: dict[tuple[str, str, str], list[Claim]] = {}
            for line, event in enumerate(file.events, 2):
                key = (file.export, file.sender or "", event.event_key)
                told = last[key][0].told_at if key in last else file.received_at
                claim = Claim(event, file.export, file.sender or "", told, file.name, line)
                said.setdefault(key, []).append(claim)
                received[key] = (file.received_at, self.ids[file.name])
            last |= said
        return [
            claim
            for key, claims in last.items()
            for claim in claims
            if not claim.event.is_cancelled and not self._overruled(key, received)
        ]

    def _overruled(self, key: tuple[str, str, str], received: dict[tuple[str, str, str], tuple[datetime, str]]) -> bool:
        """An office above or below that spoke of the same document later corrects the word of this one."""
        export, sender, event_key = key
        return any(
            (other_export, other_key) == (export, event_key)
            and other != sender
            and received[(export, other, event_key)] > received[key]
            and (other in self.facts.above(sender) or sender in self.facts.above(other))
            for other_export, other, other_key in received
        )

    @staticmethod
    def _counts(metric: m.EventsMetric, claim: Claim) -> bool:
        event = claim.event
        return (
            claim.export == metric.export
            and event.event in metric.events
            and (metric.products is None or event.product in metric.products)
            and (
                metric.valid_through is None
                or (event.valid_through is not None and event.valid_through >= metric.valid_through)
            )
            and (metric.distinct == "event" or event.person is not None)
        )

    @staticmethod
    def _in_time(metric: m.EventsMetric, period: Period, at: datetime) -> bool:
        """Since when: the window, an instant or ever. Until when is asked where it is counted."""
        if metric.from_ == "window":
            return period.window is not None and period.window <= at < period.cutoff
        return not isinstance(metric.from_, datetime) or at >= instant(metric.from_)

    @staticmethod
    def _key(metric: m.EventsMetric, claim: Claim) -> str:
        if metric.distinct == "event":
            return f"{claim.export}|{claim.event.event_key}"
        if metric.distinct == "person":
            return str(claim.event.person)
        return f"{claim.event.person}|{claim.event.product or ''}"

    def rivals(self, metric_id: str, period: Period) -> dict[str, list[Claim]]:
        metric = self.facts.metrics[metric_id]
        assert isinstance(metric, m.EventsMetric)
        found: dict[str, list[Claim]] = {}
        for claim in self.claims:
            if self._counts(metric, claim) and self._in_time(metric, period, claim.event.at):
                found.setdefault(self._key(metric, claim), []).append(claim)
        return found

    def counted(self, metric_id: str, period: Period, until: datetime) -> dict[str, Counted]:
        """Everything that a metric counts before an instant, in the context of a period, by its key."""
        key = (metric_id, period.period_id, until)
        if key not in self._counted:
            self._counted[key] = self._count(metric_id, period, until)
        return self._counted[key]

    def _count(self, metric_id: str, period: Period, until: datetime) -> dict[str, Counted]:
        metric = self.facts.metrics[metric_id]
        if isinstance(metric, m.InstantMetric):
            return self.counted(metric.of, period, until)
        if isinstance(metric, m.AllOfMetric):
            return self._all_of(metric, period, until)
        found = {}
        for key, rivals in self.rivals(metric_id, period).items():
            first = min(rivals, key=lambda claim: claim.order)
            if first.event.at < until:
                found[key] = Counted(first.event.at, first, dict(first.event.dimensions), first.event.score)
        return found

    def _all_of(self, metric: m.AllOfMetric, period: Period, until: datetime) -> dict[str, Counted]:
        # In a windowed context the parts end at the cutoff, whatever day is asked for.
        end = min(until, period.cutoff) if self.facts.is_windowed(metric.metric_id) else until
        parts: dict[str, dict[str, Counted]] = {}
        for part in metric.of:
            for one in self.counted(part, period, end).values():
                # By product or document a person counts more than once: the first stands for the person.
                done = parts.setdefault(str(one.claim.event.person), {})
                if part not in done or one.claim.order < done[part].claim.order:
                    done[part] = one
        found = {}
        for person, done in parts.items():
            if len(done) < len(metric.of):
                continue
            place = min(done.values(), key=lambda one: (*one.claim.order[:2], one.claim.export, *one.claim.order[2:]))
            members = dict(place.members)
            # Where the deciding event is silent the parts speak, in the order of their names.
            for part in sorted(done):
                members = done[part].members | members
            scores = [one.score for one in done.values() if one.score is not None]
            at = max(one.at for one in done.values())
            found[person] = Counted(at, place.claim, members, max(scores, default=None))
        return found

    def credited(self, counted: Counted) -> set[str]:
        """Every unit of the event, what it became by another name, and all above, each once."""
        places = tuple(sorted(set(counted.claim.event.units.values())))
        if places not in self._credited:
            lines = {unit for place in places for unit in self.facts.carried_on_by(place)}
            self._credited[places] = {above for unit in lines for above in self.facts.above(unit)}
        return self._credited[places]

    # Who has told everything -----------------------------------------------------------------------------------------

    def _senders(self, export: str, period: Period) -> list[str]:
        owing = [report for report in self.facts.document.reports if report.export == export]
        due = [report for report in owing if period.period_id in report.periods]
        found = {
            unit
            for report in due or owing
            for unit, row in self.facts.units.items()
            if row.unit_type in report.from_
            and self.facts.is_valid(unit, period.closing)
            # No report is owed for the period itself: whoever owes one at any time, and is still there.
            and any(self.facts.is_valid(unit, self.facts.periods[one].closing) for one in report.periods)
        }
        return sorted(found)

    def _told(self, export: str, unit: str, period: Period) -> tuple[datetime | None, datetime | None]:
        """(complete until, latest word) along the unit's line, or along the nearest line that has a sender."""
        senders = self._senders(export, period)
        above = self.facts.above
        for base in above(unit):
            line = [one for one in senders if base in above(one) or one in above(base)]
            if line:
                break
        else:
            return None, None
        said = [
            max(
                (file.complete_until for file in self.files if (file.export, file.sender) == (export, one)),
                default=None,
            )
            for one in line
        ]
        heard = [moment for moment in said if moment]
        return (min(heard) if len(heard) == len(said) else None), max(heard, default=None)

    def standing(self, metric_id: str, units: list[str], period: Period) -> tuple[datetime | None, datetime | None]:
        exports = {leaf.export for leaf in self.facts.leaves(metric_id)}
        told = [self._told(export, unit, period) for export in exports for unit in units]
        complete = [one[0] for one in told]
        heard = [one[1] for one in told if one[1]]
        return (min(complete) if all(complete) else None), max(heard, default=None)  # type: ignore[type-var]

    def value(self, metric_id: str, member: Member, unit: str, period: Period) -> Known:
        is_windowed = self.facts.is_windowed(metric_id)
        if is_windowed and period.window is None:
            return Known(False)
        complete, latest = self.standing(metric_id, self.facts.reported_as(unit, period), period)
        if self.now >= period.cutoff:
            day = period.closing
            if complete is None or complete < period.cutoff:
                return Known(False)
        else:
            if latest is None or (is_windowed and period.window is not None and latest <= period.window):
                return Known(False)
            day = min(period.closing, day_of(latest - INSTANT))
        found = [
            one
            for one in self.counted(metric_id, period, period.cutoff).values()
            if unit in self.credited(one) and (member == TOTAL or one.members.get(member[0]) == member[1])
        ]
        metric = self.facts.metrics[metric_id]
        if isinstance(metric, m.InstantMetric):
            pick = min if metric.pick == "first" else max
            return Known(True, pick((one.at for one in found), default=None), day)
        return Known(True, len(found), day)
