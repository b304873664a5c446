"""Puts sample exports into landing/: files and the sidecars that date their receipts.

The same seed gives the same bytes, and a file that is there already is left as it is: a second call does no work.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

from thidua.clock import LOCAL, day_end
from thidua.files import write_atomic
from thidua.plan.loader import Plan, load_campaigns
from thidua.samples.offices import SUFFIX, Block, Table, write
from thidua.samples.spec import Incident, Sample, Style, load_samples
from thidua.settings import Home


@dataclass(frozen=True)
class _File:
    name: str
    content: bytes
    received_at: datetime


def generate(home: Home, campaigns_dir: Path, seed: int = 1, campaigns: Iterable[str] | None = None) -> list[Path]:
    """Writes the samples of all campaigns (or those named) and returns their paths, in order."""
    written: list[Path] = []
    for campaign_id, plan in load_campaigns(campaigns_dir, campaigns).items():
        for sample in load_samples(plan.folder):
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
        for number, incident in enumerate(self.sample.incidents, 1):
            if incident.kind != "silent":
                yield self._incident(number, incident)

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
        random = Random(f"{self.seed}/{unit}/{anchors[place]}")  # noqa: S311 - a repeatable path, no secret
        steps = [random.randint(1, 9) for _ in range(span)]
        return figures[place] + grown * sum(steps[:done]) // sum(steps)

    def _name(self, unit: str, day: date) -> str:
        """One of the names by which offices call a unit; which one changes with the day."""
        names = [self.units[unit].name, *self.units[unit].all_aliases]
        return names[(day.toordinal() + len(unit)) % len(names)]

    def _table(self, sender: str, day: date, rows: dict[str, int | str], total: int | None) -> Table:
        blocks = []
        for bloc in dict.fromkeys(self.blocs[unit] for unit in rows):
            members = [(self._name(unit, day), value) for unit, value in rows.items() if self.blocs[unit] == bloc]
            blocks.append(Block(bloc if len(rows) > 1 else None, members))
        return Table(self.sample.title, self.units[sender].name, day, blocks, total)

    def _file(self, sender: str, day: date, style: Style, table: Table, received_at: datetime, mark: str = "") -> _File:
        return _File(f"{sender}_{day.isoformat()}{mark}.{SUFFIX[style]}", write(table, style), received_at)

    def _after(self, day: date, hours: int) -> datetime:
        return (day_end(day) + timedelta(hours=hours)).astimezone(LOCAL)

    def _weekly(self) -> Iterator[_File]:
        for weekly in self.sample.weekly:
            day = weekly.first
            while day <= weekly.last:
                rows: dict[str, int | str] = {unit: self.figure(unit, day) for unit in self.sample.figures}
                total = sum(value for value in rows.values() if isinstance(value, int))
                table = self._table(weekly.sender, day, rows, total)
                yield self._file(weekly.sender, day, weekly.style, table, self._after(day, weekly.hours_later))
                day += timedelta(days=7)

    def _closings(self) -> Iterator[_File]:
        closing = self.sample.closing
        silent = {(incident.unit, incident.day) for incident in self.sample.incidents if incident.kind == "silent"}
        for day in closing.days:
            for index, unit in enumerate(self.sample.figures):
                if (unit, day) in silent:
                    continue
                hours = closing.late.get(f"{unit}@{day.isoformat()}", closing.hours_later + index)
                value = self.figure(unit, day)
                style = self.sample.styles[unit]
                yield self._file(
                    unit, day, style, self._table(unit, day, {unit: value}, value), self._after(day, hours)
                )

    def _incident(self, number: int, incident: Incident) -> _File:
        unit, day = incident.unit, incident.day
        style: Style = self.sample.styles[unit]
        received_at = incident.received_at or self._after(day, 30)
        if received_at.tzinfo is None:
            received_at = received_at.replace(tzinfo=LOCAL)
        mark = f"_{number:02d}"
        if incident.kind == "empty":
            return _File(f"{unit}_{day.isoformat()}{mark}.csv", b"", received_at)
        value: int | str = incident.value if incident.value is not None else self.figure(unit, day)
        number_sent = value if isinstance(value, int) else 0
        if incident.kind == "text_in_number":
            value = incident.text or "khoảng " + dotted_thousand(number_sent)
        total = number_sent + 1000 if incident.kind == "wrong_total" else number_sent
        table = self._table(unit, day, {unit: value}, total)
        if incident.kind == "unknown_unit":
            block = Block(None, [*table.blocks[0].rows, (incident.text or "?", 120)])
            table = Table(table.title, table.office, day, [block], number_sent + 120)
        if incident.kind in {"wrong_total", "unknown_unit", "text_in_number"}:
            style = "excel_block"
        elif incident.kind == "same_again":
            style = "csv_comma" if style != "csv_comma" else "csv_semicolon_bom"  # the same figures, other bytes
        named = day + timedelta(days=1) if incident.kind == "wrong_date" else day
        file = self._file(unit, day, style, table, received_at, mark)
        return _File(file.name.replace(day.isoformat(), named.isoformat()), file.content, received_at)


def dotted_thousand(value: int) -> str:
    """A count as somebody in a hurry types it."""
    return f"{value // 1000} nghìn"
