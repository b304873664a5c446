"""Counts that grow: every unit's cumulative figure on any day, in weekly files, closing files and files gone wrong."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from thidua.plan.loader import Plan
from thidua.samples.chance import Chance, Names, Outgoing, local
from thidua.samples.offices import SUFFIX, Block, Line, Table, percent, write
from thidua.samples.spec import Fault, Growth, Kind, Style

WEEK = timedelta(days=7)
# What the intake finds in a file with such a fault; the others it takes.
RULES: dict[Kind, str] = {
    "text_in_number": "value_not_number",
    "unknown_unit": "unit_unknown",
    "wrong_total": "total_differs",
    "wrong_date": "file_name_date_differs",
    "empty": "empty_file",
}


class GrowthOffices:
    """What all offices of a campaign send over a year."""

    def __init__(self, plan: Plan, sample: Growth, seed: int) -> None:
        self.sample = sample
        self.chance = Chance(seed)
        self.units = {unit.unit_id: unit for unit in plan.units}
        self.names = Names(self.chance, self.units, sample.spellings)
        name_of = {kind: bloc.name or bloc.bloc_id for bloc in plan.document.blocs for kind in bloc.unit_types}
        self.blocs = {unit: name_of.get(self.units[unit].unit_type) for unit in sample.figures}

    def files(self) -> Iterator[Outgoing]:
        yield from self._weekly()
        yield from self._closings()
        for number, fault in enumerate(self.sample.faults, 1):
            if fault.received_at is not None:
                yield self._fault(number, fault, fault.received_at)

    def figure(self, unit: str, day: date) -> int:
        """The unit's count on a day: its figures at the anchors, between them a seeded path that never falls."""
        anchors, figures = self.sample.anchors, self.sample.figures[unit]
        place = bisect_right(anchors, day) - 1
        if place < 0:
            return figures[0]
        if place == len(anchors) - 1 or anchors[place] == day:
            return figures[place]
        span, done = (anchors[place + 1] - anchors[place]).days, (day - anchors[place]).days
        grown = figures[place + 1] - figures[place]
        random = self.chance.of(unit, anchors[place])
        steps = [random.randint(1, 9) for _ in range(span)]
        return figures[place] + grown * sum(steps[:done]) // sum(steps)

    def _line(self, unit: str, day: date) -> Line:
        """The rate of growth is stale, as in workbooks whose formulas were pasted as values a week ago."""
        before, long_before = self.figure(unit, day - WEEK), self.figure(unit, day - 2 * WEEK)
        return Line(self.names.of(unit, day), self.figure(unit, day), before, percent(before, long_before))

    def _table(self, sender: str, day: date, units: Sequence[str]) -> Table:
        """The right table of a day; its blocs are named where it has more than one unit."""
        blocks = []
        for bloc in dict.fromkeys(self.blocs[unit] for unit in units):
            lines = [self._line(unit, day) for unit in units if self.blocs[unit] == bloc]
            blocks.append(Block(bloc if len(units) > 1 else None, lines))
        total = sum(self.figure(unit, day) for unit in units)
        sample = self.sample
        return Table(sample.letterhead, self.units[sender].name, sample.title, sample.counted, day, blocks, total)

    def _weekly(self) -> Iterator[Outgoing]:
        for weekly in self.sample.weekly:
            day = weekly.first
            while day <= weekly.last:
                received_at = self.chance.received(weekly.sender, day, [weekly.days_later] * 2)
                yield _file(
                    weekly.sender, day, weekly.style, self._table(weekly.sender, day, weekly.units), received_at
                )
                day += WEEK

    def _closings(self) -> Iterator[Outgoing]:
        closing = self.sample.closing
        silent = {(fault.unit, fault.day) for fault in self.sample.faults if fault.kind == "silent"}
        earliest, latest = closing.days_later
        for day in closing.days:
            for unit, style in self.sample.styles.items():
                if (unit, day) not in silent:
                    late = closing.late.get(f"{unit}@{day.isoformat()}")
                    received_at = self.chance.received(unit, day, [late or earliest, late or latest])
                    yield _file(unit, day, style, self._table(unit, day, [unit]), received_at)

    def _fault(self, number: int, fault: Fault, received_at: datetime) -> Outgoing:
        day, sender, style, units = fault.day, fault.unit, self.sample.styles[fault.unit], [fault.unit]
        if fault.sender is not None:
            weekly = next(weekly for weekly in self.sample.weekly if weekly.sender == fault.sender)
            sender, style, units = weekly.sender, weekly.style, weekly.units
        received_at = local(received_at)
        meant = frozenset({RULES[fault.kind]} if fault.kind in RULES else ())
        mark = f"_{number:02d}"
        if fault.kind == "empty":
            return Outgoing(f"{sender}_{day.isoformat()}{mark}.csv", b"", received_at, meant)
        right = self.figure(fault.unit, day)
        value = right if fault.value is None else fault.value
        table = self._table(sender, day, units)
        table = table.with_value(self.names.of(fault.unit, day), value, table.total + value - right)
        named = day
        match fault.kind:
            case "text_in_number":
                text = fault.text or f"khoảng {value // 1000} nghìn"
                table, style = table.with_value(self.names.of(fault.unit, day), text, table.total), "excel_block"
            case "wrong_total":
                table, style = replace(table, total=table.total + 1000), "excel_block"
            case "unknown_unit":
                stranger = Line(fault.text or "?", 120, 110, percent(110, 100))
                first = Block(table.blocks[0].name, [*table.blocks[0].lines, stranger])
                table = replace(table, blocks=[first, *table.blocks[1:]], total=table.total + 120)
                style = "excel_block"
            case "same_again":
                style = "csv_semicolon_bom" if style == "csv_comma" else "csv_comma"
            case "wrong_date":
                named = day + timedelta(days=1)
            case _:  # a figure, or the older file again: the table says it as it is
                pass
        return replace(_file(sender, named, style, table, received_at, mark), meant=meant)


def _file(sender: str, day: date, style: Style, table: Table, received_at: datetime, mark: str = "") -> Outgoing:
    return Outgoing(f"{sender}_{day.isoformat()}{mark}.{SUFFIX[style]}", write(table, style), received_at)
