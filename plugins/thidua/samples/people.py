"""Invented persons and the lists that name them: who did what when, listed by whom, through which day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from random import Random

from thidua.plan.loader import Plan
from thidua.samples.chance import Chance, Names, Outgoing, local
from thidua.samples.sheets import SUFFIX, Cell, Digits, Heading, Sheet, write_sheet
from thidua.samples.spec import After, Cells, Crowd, ListColumn, ListFault, ListStyle, Moment, People, PeopleList

# Between these hours people do things; no sample says that somebody enrolled at three in the morning.
DAY_BEGINS, DAY_ENDS = time(7), time(22)


@dataclass(frozen=True)
class Person:
    """One row of life: a person, where, when, and what their rows say. `index` is the row's own, from 1."""

    index: int
    number: int
    units: Mapping[str, str]
    at: Mapping[str, datetime]
    cells: Mapping[str, str]
    meant: Sequence[str]


class PeopleOffices:
    def __init__(self, plan: Plan, sample: People, seed: int) -> None:
        self.sample = sample
        self.chance = Chance(seed)
        self.units = {unit.unit_id: unit for unit in plan.units}
        self.names = Names(self.chance, self.units, sample.spellings)

    def files(self) -> Iterator[tuple[str, Outgoing]]:
        """(export type, file)."""
        for turn, one in enumerate(self.sample.lists):
            for file in _Lists(self, one, turn).files():
                yield one.export_type, file

    @cached_property
    def people(self) -> list[Person]:
        people: list[Person] = []
        labelled: dict[str, list[int]] = {}
        new = 0
        for crowd in self.sample.crowds:
            size = sum(crowd.counts.values())
            if crowd.again is None:
                numbers = list(range(new, new + size))
                new += size
            else:
                numbers = labelled[crowd.again][:size]
            if crowd.label is not None:
                labelled[crowd.label] = numbers
            people += self._crowd(crowd, numbers, len(people))
        return people

    def _crowd(self, crowd: Crowd, numbers: Sequence[int], before: int) -> Iterator[Person]:
        place = 0
        for name, count in crowd.counts.items():
            batch = self.sample.batches[name]
            for turn in range(count):
                index, number = before + place + 1, numbers[place]
                at = _moments({**batch.at, **crowd.at}, self.chance.of(index, "at"))
                cells = _dealt({**batch.cells, **crowd.cells}, turn)
                yield Person(index, number, crowd.units, at, cells, crowd.meant)
                place += 1


def _dealt(cells: Cells, turn: int) -> dict[str, str]:
    return {header: value if isinstance(value, str) else value[turn % len(value)] for header, value in cells.items()}


def _moments(at: Mapping[str, Moment], random: Random) -> dict[str, datetime]:
    moments: dict[str, datetime] = {}
    for name, moment in at.items():
        if isinstance(moment, datetime):
            moments[name] = moment
        elif isinstance(moment, After):
            first = moments[moment.after]
            day = first.date() + timedelta(days=random.randint(moment.days[0], moment.days[1]))
            evening = datetime.combine(day, DAY_ENDS)
            moments[name] = _between(max(first, datetime.combine(day, DAY_BEGINS)), evening, random)
        else:
            moments[name] = _within(moment, random)
    return moments


def _within(window: Sequence[date], random: Random) -> datetime:
    """A day of the window, each as likely as another, and a time of that day when people are awake."""
    first, last = window
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        first, last = datetime.combine(first, DAY_BEGINS), datetime.combine(last, DAY_ENDS)
    if first.time() >= DAY_ENDS:
        first = datetime.combine(first.date() + timedelta(days=1), DAY_BEGINS)
    if last.time() <= DAY_BEGINS:
        last = datetime.combine(last.date() - timedelta(days=1), DAY_ENDS)
    day = first.date() + timedelta(days=random.randrange(max(1, (last.date() - first.date()).days + 1)))
    start, stop = max(first, datetime.combine(day, DAY_BEGINS)), min(last, datetime.combine(day, DAY_ENDS))
    return _between(start, stop, random)


def _between(start: datetime, stop: datetime, random: Random) -> datetime:
    return start + timedelta(seconds=random.randrange(max(1, int((stop - start).total_seconds()))))


class _Lists:
    """The files of one export."""

    def __init__(self, offices: PeopleOffices, one: PeopleList, turn: int) -> None:
        self.offices = offices
        self.list = one
        self.turn = turn

    def files(self) -> Iterator[Outgoing]:
        rows = self._rows()
        senders = sorted({sender for sender, _ in rows})
        for (sender, day), people in sorted(rows.items(), key=lambda item: (item[0][1], item[0][0])):
            styles = self.list.styles
            style = styles[senders.index(sender) % len(styles)]
            faults = [fault for fault in self.list.faults if (fault.sender, fault.day) == (sender, day)]
            received_at = self.offices.chance.received(f"{self.turn}/{sender}", day, self.list.days_later)
            late = next((fault.received_at for fault in faults if fault.kind == "late"), None)
            yield self._file(sender, day, people, style, local(late) if late else received_at)
            for number, fault in enumerate(faults, 2):
                if fault.kind in ("undated", "again") and fault.received_at:
                    yield self._fault(fault, local(fault.received_at), people, style, number)

    def _rows(self) -> dict[tuple[str, date], list[Person]]:
        """By (sender, day): whom the list names, in the order of what befell them."""
        silent = {(fault.sender, fault.day) for fault in self.list.faults if fault.kind == "silent"}
        rows: dict[tuple[str, date], list[tuple[datetime, Person]]] = {}
        for person in self.offices.people:
            sender = self._sender(person)
            moments = [person.at[name] for name in self.list.by if name in person.at]
            if sender is None:
                continue
            before = date.min
            for day in self.list.days:
                if (sender, day) in silent:
                    continue  # what it does not tell today, it tells in its next list
                befell = [moment for moment in moments if before < moment.date() <= day]
                if befell:
                    rows.setdefault((sender, day), []).append((min(befell), person))
                before = day
        return {key: [person for _, person in sorted(found, key=_in_time)] for key, found in rows.items()}

    def _sender(self, person: Person) -> str | None:
        asked = self.list.sender
        if isinstance(asked, str):
            return asked
        unit = person.units.get(asked.role)
        while unit and asked.types and self.offices.units[unit].unit_type not in asked.types:
            unit = self.offices.units[unit].parent
        return unit

    def _sheet(self, sender: str, day: date, people: Sequence[Person], *, is_dated: bool = True) -> Sheet:
        columns = self.list.columns
        rows = [[self._cell(column, person, day) for column in columns] for person in people]
        total: list[Cell] = [len(people), *[None] * (len(columns) - 1)]
        return Sheet(
            letterhead=self.offices.sample.letterhead,
            office=self.offices.units[sender].name,
            title=self.list.title,
            day=day if is_dated else None,
            headings=[Heading(column.header, column.above) for column in columns],
            rows=rows,
            total=total,
        )

    def _cell(self, column: ListColumn, person: Person, day: date) -> Cell:
        """What was not yet so at the end of the list's day, the list does not know."""
        if column.header in person.cells:
            return person.cells[column.header]
        if column.person == "number":
            first = self.offices.sample.first_number
            return Digits(f"{int(first) + person.number:0{len(first)}d}")
        if column.person == "name":
            return f"Người Mẫu {person.number + 1:05d}"
        if column.serial is not None:
            return f"{column.serial}{person.index:05d}"
        if column.unit is not None:
            return self.offices.names.of(person.units[column.unit], day) if column.unit in person.units else None
        if column.unit_name is not None:
            unit = person.units.get(column.unit_name)
            return self.offices.units[unit].name if unit else None
        moment = person.at.get(column.day or column.instant or column.known or "")
        is_known = moment is not None and moment.date() <= day
        if column.known is not None:
            return column.yes if is_known else column.no
        if moment is None or not is_known:
            return None
        return moment if column.instant else moment.date()

    def _file(
        self, sender: str, day: date, people: Sequence[Person], style: ListStyle, received_at: datetime
    ) -> Outgoing:
        meant = frozenset(rule for person in people for rule in person.meant)
        content = write_sheet(self._sheet(sender, day, people), style)
        return Outgoing(f"{sender}_{day.isoformat()}.{SUFFIX[style]}", content, received_at, meant)

    def _fault(
        self, fault: ListFault, received_at: datetime, people: Sequence[Person], style: ListStyle, number: int
    ) -> Outgoing:
        if fault.kind == "undated":
            content = write_sheet(self._sheet(fault.sender, fault.day, people, is_dated=False), style)
            name = f"{fault.sender}_{number:02d}.{SUFFIX[style]}"
            return Outgoing(name, content, received_at, frozenset({"complete_through_unclear"}))
        other: ListStyle = "csv_semicolon_bom" if style != "csv_semicolon_bom" else "csv_comma"
        again = self._file(fault.sender, fault.day, people, other, received_at)
        name = f"{fault.sender}_{fault.day.isoformat()}_{number:02d}.{SUFFIX[other]}"
        return Outgoing(name, again.content, received_at, again.meant)


def _in_time(found: tuple[datetime, Person]) -> tuple[datetime, int]:
    moment, person = found
    return moment, person.index
