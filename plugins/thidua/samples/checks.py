"""What a sample says that cannot be, found before a file is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from thidua.plan.csvs import UnitRow
from thidua.samples.spec import After, Growth, People, Sender, Tables

Found = Iterator[tuple[str, str]]


def find_problems(sample: Growth | Tables | People, units: Sequence[UnitRow]) -> Found:
    """(field, what is wrong), so that no sample fails halfway through its files."""
    known = {unit.unit_id for unit in units}
    if isinstance(sample, Growth):
        yield from _of_growth(sample, known)
    elif isinstance(sample, Tables):
        yield from _of_tables(sample, known)
    else:
        yield from _of_people(sample, known, {unit.unit_type for unit in units})


def _strangers(names: Iterable[str], known: set[str], field: str) -> Found:
    for name in names:
        if name not in known:
            yield field, f"no such unit in units.csv: {name}"


def _of_growth(sample: Growth, units: set[str]) -> Found:
    if sample.anchors != sorted(set(sample.anchors)):
        yield "anchors", "the days must rise"
    for unit, figures in sample.figures.items():
        if unit not in units:
            yield f"figures.{unit}", "no such unit in units.csv"
        if len(figures) != len(sample.anchors):
            yield f"figures.{unit}", f"{len(figures)} figures for {len(sample.anchors)} anchors"
        if figures != sorted(figures):
            yield f"figures.{unit}", "the figures must not fall; a count that falls is a fault of its own"
        if unit not in sample.styles:
            yield f"styles.{unit}", "missing: every unit with figures writes in some style"
    for unit in sorted({*sample.styles, *sample.spellings} - set(sample.figures)):
        yield "styles, spellings", f"no figures for {unit}"
    for key in sample.closing.late:
        unit, _, day = key.partition("@")
        if unit not in sample.figures or day not in {day.isoformat() for day in sample.closing.days}:
            yield f"closing.late.{key}", "write <unit>@<closing day>"
    senders = {weekly.sender for weekly in sample.weekly}
    for index, weekly in enumerate(sample.weekly):
        yield from _strangers([weekly.sender], units, f"weekly.{index}.sender")
        for unit in weekly.units:
            if unit not in sample.figures:
                yield f"weekly.{index}.units", f"no figures for {unit}"
    for index, fault in enumerate(sample.faults):
        if fault.unit not in sample.figures:
            yield f"faults.{index}.unit", f"no figures for {fault.unit}"
        if fault.sender is not None and fault.sender not in senders:
            yield f"faults.{index}.sender", f"{fault.sender} sends no weekly file"
        if fault.received_at is None and fault.kind != "silent":
            yield f"faults.{index}.received_at", "missing: a file needs the instant of its receipt"
        if fault.kind == "figure" and fault.value is None:
            yield f"faults.{index}.value", "missing: which figure does the file say?"


def _of_tables(sample: Tables, units: set[str]) -> Found:
    yield from _strangers(sample.spellings, units, "spellings")
    named = [index for index, column in enumerate(sample.columns) if column.unit]
    for index, file in enumerate(sample.files):
        yield from _strangers([file.sender], units, f"files.{index}.sender")
        for row in file.rows:
            if len(row) != len(sample.columns):
                yield f"files.{index}.rows", f"{len(row)} cells for {len(sample.columns)} columns: {row}"
            elif not file.meant:  # else the unit may be the fault
                yield from _strangers([str(row[place]) for place in named], units, f"files.{index}.rows")


def _of_people(sample: People, units: set[str], unit_types: set[str]) -> Found:
    yield from _strangers(sample.spellings, units, "spellings")
    labels: dict[str, int] = {}
    for index, crowd in enumerate(sample.crowds):
        place, size = f"crowds.{index}", sum(crowd.counts.values())
        yield from _strangers(crowd.units.values(), units, f"{place}.units")
        for batch in crowd.counts:
            if batch not in sample.batches:
                yield f"{place}.counts", f"no such batch: {batch}"
            else:
                yield from _moments({**sample.batches[batch].at, **crowd.at}, f"{place}.at")
        if crowd.again is not None and labels.get(crowd.again, 0) < size:
            yield f"{place}.again", f"no label '{crowd.again}' of {size} persons above"
        if crowd.label is not None:
            labels[crowd.label] = size
    roles = {role for crowd in sample.crowds for role in crowd.units}
    moments = {name for batch in sample.batches.values() for name in batch.at}
    moments |= {name for crowd in sample.crowds for name in crowd.at}
    for index, one in enumerate(sample.lists):
        place = f"lists.{index}"
        said = [name for column in one.columns for name in (column.day, column.instant, column.known) if name]
        for name in sorted({*one.by, *said} - moments):
            yield place, f"no such moment: {name}"
        asked = {role for column in one.columns for role in (column.unit, column.unit_name) if role}
        if isinstance(one.sender, Sender):
            asked.add(one.sender.role)
            for unit_type in sorted(set(one.sender.types) - unit_types):
                yield f"{place}.sender", f"no unit is of type {unit_type}"
        else:
            yield from _strangers([one.sender], units, f"{place}.sender")
        for role in sorted(asked - roles):
            yield place, f"no such role: {role}"
        if one.days != sorted(set(one.days)):
            yield f"{place}.days", "the days must rise"
        for number, fault in enumerate(one.faults):
            yield from _strangers([fault.sender], units, f"{place}.faults.{number}.sender")
            if fault.day not in one.days:
                yield f"{place}.faults.{number}.day", "no list is of that day"
            if (fault.received_at is None) != (fault.kind == "silent"):
                yield f"{place}.faults.{number}.received_at", "every file needs the instant of its receipt"


def _moments(at: dict[str, object], place: str) -> Found:
    for position, (name, moment) in enumerate(at.items()):
        if isinstance(moment, After) and moment.after not in list(at)[:position]:
            yield place, f"{name}: no moment '{moment.after}' stands before it"
        if isinstance(moment, list):
            first, last = moment
            if type(first) is not type(last):
                yield place, f"{name}: two days or two instants"
            elif isinstance(first, date) and not (first < last or (first == last and type(first) is date)):
                yield place, f"{name}: ends before it begins"
