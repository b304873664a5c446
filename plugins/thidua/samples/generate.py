"""Puts sample exports into landing/: files and the sidecars that date their receipts.

The same seed gives the same bytes, and a file that is there already is left as it is: a second call does no work.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random

from thidua.clock import LOCAL
from thidua.files import write_atomic
from thidua.plan.loader import Plan, load_campaigns
from thidua.samples.offices import SUFFIX, Block, Line, Table, percent, write
from thidua.samples.spec import Fault, Sample, Style, load_samples
from thidua.settings import Home

WEEK = timedelta(days=7)
OFFICE_OPENS, OFFICE_MINUTES = time(8), 9 * 60


@dataclass(frozen=True)
class _File:
    name: str
    content: bytes
    received_at: datetime


def generate(home: Home, campaigns_dir: Path, seed: int = 1, campaigns: Iterable[str] | None = None) -> list[Path]:
    """Writes the samples of all campaigns (or those named) below landing/ and returns their paths, in order.

    Raises PlanError when a plan or a sample.yml is broken; nothing is written then.
    """
    plans = load_campaigns(campaigns_dir, campaigns)
    samples = {name: load_samples(plan.folder, (unit.unit_id for unit in plan.units)) for name, plan in plans.items()}
    written: list[Path] = []
    for campaign_id, plan in plans.items():
        for sample in samples[campaign_id]:
            folder = home.landing / campaign_id / sample.export_type
            for file in _Offices(plan, sample, seed).files():
                path = folder / file.name
                sidecar = json.dumps({"received_at": file.received_at.isoformat()}).encode()
                # The sidecar first: a file that lies in landing/ is whole and dated.
                _write_new(path.with_name(path.name + ".receipt.json"), sidecar)
                _write_new(path, file.content)
                written.append(path)
    return written


def _write_new(path: Path, content: bytes) -> None:
    if not path.exists() or path.read_bytes() != content:
        write_atomic(path, content)


class _Offices:
    """What all offices of a campaign send over a year."""

    def __init__(self, plan: Plan, sample: Sample, seed: int) -> None:
        self.sample = sample
        self.seed = seed
        self.units = {unit.unit_id: unit for unit in plan.units}
        name_of = {kind: bloc.name or bloc.bloc_id for bloc in plan.document.blocs for kind in bloc.unit_types}
        self.blocs = {unit: name_of.get(self.units[unit].unit_type) for unit in sample.figures}

    def files(self) -> Iterator[_File]:
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
        random = self._random(unit, anchors[place])
        steps = [random.randint(1, 9) for _ in range(span)]
        return figures[place] + grown * sum(steps[:done]) // sum(steps)

    def _random(self, *of: object) -> Random:
        """Chance that repeats: it depends on the seed and what it is for, never on what was drawn before."""
        return Random("/".join(map(str, (self.seed, *of))))  # noqa: S311 - sample figures, no secret

    def _received(self, sender: str, day: date, earliest: int, latest: int) -> datetime:
        """An instant in office hours, `earliest` to `latest` days after a day."""
        random = self._random(sender, day, "received")
        later = day + timedelta(days=random.randint(earliest, latest))
        minutes = timedelta(minutes=random.randrange(OFFICE_MINUTES))
        return datetime.combine(later, OFFICE_OPENS, LOCAL) + minutes

    def _name(self, unit: str, day: date) -> str:
        """One of the names by which offices call a unit; which one changes with the day."""
        row = self.units[unit]
        return self._random(unit, day, "name").choice(
            [row.name, *row.all_aliases, *self.sample.spellings.get(unit, [])]
        )

    def _line(self, unit: str, day: date) -> Line:
        """The rate of growth is stale, as in workbooks whose formulas were pasted as values a week ago."""
        before, long_before = self.figure(unit, day - WEEK), self.figure(unit, day - 2 * WEEK)
        return Line(self._name(unit, day), self.figure(unit, day), before, percent(before, long_before))

    def _table(self, sender: str, day: date, units: Sequence[str]) -> Table:
        """The right table of a day; its blocs are named where it has more than one unit."""
        blocks = []
        for bloc in dict.fromkeys(self.blocs[unit] for unit in units):
            lines = [self._line(unit, day) for unit in units if self.blocs[unit] == bloc]
            blocks.append(Block(bloc if len(units) > 1 else None, lines))
        total = sum(self.figure(unit, day) for unit in units)
        sample = self.sample
        return Table(sample.letterhead, self.units[sender].name, sample.title, sample.counted, day, blocks, total)

    def _weekly(self) -> Iterator[_File]:
        for weekly in self.sample.weekly:
            day = weekly.first
            while day <= weekly.last:
                received_at = self._received(weekly.sender, day, weekly.days_later, weekly.days_later)
                yield _file(
                    weekly.sender, day, weekly.style, self._table(weekly.sender, day, weekly.units), received_at
                )
                day += WEEK

    def _closings(self) -> Iterator[_File]:
        closing = self.sample.closing
        silent = {(fault.unit, fault.day) for fault in self.sample.faults if fault.kind == "silent"}
        earliest, latest = closing.days_later
        for day in closing.days:
            for unit, style in self.sample.styles.items():
                if (unit, day) not in silent:
                    late = closing.late.get(f"{unit}@{day.isoformat()}")
                    received_at = self._received(unit, day, late or earliest, late or latest)
                    yield _file(unit, day, style, self._table(unit, day, [unit]), received_at)

    def _fault(self, number: int, fault: Fault, received_at: datetime) -> _File:
        day, sender, style, units = fault.day, fault.unit, self.sample.styles[fault.unit], [fault.unit]
        if fault.sender is not None:
            weekly = next(weekly for weekly in self.sample.weekly if weekly.sender == fault.sender)
            sender, style, units = weekly.sender, weekly.style, weekly.units
        if received_at.tzinfo is None:
            received_at = received_at.replace(tzinfo=LOCAL)
        mark = f"_{number:02d}"
        if fault.kind == "empty":
            return _File(f"{sender}_{day.isoformat()}{mark}.csv", b"", received_at)
        right = self.figure(fault.unit, day)
        value = right if fault.value is None else fault.value
        table = self._table(sender, day, units)
        table = table.with_value(self._name(fault.unit, day), value, table.total + value - right)
        named = day
        match fault.kind:
            case "text_in_number":
                text = fault.text or f"khoảng {value // 1000} nghìn"
                table, style = table.with_value(self._name(fault.unit, day), text, table.total), "excel_block"
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
        return _file(sender, named, style, table, received_at, mark)


def _file(sender: str, day: date, style: Style, table: Table, received_at: datetime, mark: str = "") -> _File:
    return _File(f"{sender}_{day.isoformat()}{mark}.{SUFFIX[style]}", write(table, style), received_at)
