"""sample.yml of a campaign: figures at anchor days, who sends what when in which style, and what goes wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from thidua.errors import PlanError, Problem, ThiduaError

SAMPLE_FILE = "sample.yml"
Style = Literal["excel_block", "excel_plain", "csv_semicolon_bom", "csv_comma", "text_utf16_tab", "csv_english"]
Kind = Literal[
    "figure",  # another figure than before: a correction, or a count that falls
    "text_in_number",
    "unknown_unit",
    "wrong_total",
    "wrong_date",  # the file's name says another day than its content
    "same_again",  # the same figures in other bytes
    "older_again",  # the first file once more, after a correction
    "empty",
    "silent",  # no file at all
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Weekly(_Strict):
    """One file a week from `sender` for `units`: itself, or those below it. Received `days_later`, in office hours."""

    sender: str
    units: Annotated[list[str], Field(min_length=1)]
    first: date
    last: date
    style: Style
    days_later: Annotated[int, Field(ge=1)] = 1


class Closing(_Strict):
    """On these days every unit sends its own file, one or two days later unless it is listed as late."""

    days: list[date]
    days_later: Annotated[list[int], Field(min_length=2, max_length=2)]
    late: dict[str, int] = Field(default_factory=dict, description="unit@day -> days later")


class Fault(_Strict):
    """Something that goes wrong at an office, or is mended there: one more file, or one that does not come."""

    kind: Kind
    unit: str
    day: date
    sender: str | None = None  # of a weekly file with many units; null: the unit's own file
    received_at: datetime | None = None  # local time; null only where no file comes
    value: int | None = None
    text: str | None = None


class Sample(_Strict):
    export_type: str
    letterhead: str
    title: str
    counted: str
    anchors: Annotated[list[date], Field(min_length=1)]
    figures: dict[str, list[int]]
    styles: dict[str, Style]
    spellings: dict[str, list[str]] = Field(default_factory=dict)
    weekly: list[Weekly] = Field(default_factory=list)
    closing: Closing
    faults: list[Fault] = Field(default_factory=list)


class SampleFile(_Strict):
    samples: Annotated[list[Sample], Field(min_length=1)]


def load_samples(folder: Path, units: Iterable[str]) -> list[Sample]:
    """The samples of a campaign; none when it has no sample.yml.

    Raises ThiduaError when it is no YAML, PlanError with every problem when it says something that cannot be.
    """
    path = folder / SAMPLE_FILE
    if not path.exists():
        return []
    place = f"{folder.name}/{SAMPLE_FILE}"
    try:
        samples = SampleFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))).samples
    except ValidationError as error:
        raise PlanError(
            [Problem(place, None, ".".join(map(str, fault["loc"])), fault["msg"]) for fault in error.errors()]
        ) from error
    except yaml.YAMLError as error:
        raise ThiduaError(f"{place}: this is no YAML: {' '.join(str(error).split())}") from error
    known = set(units)
    problems = [
        Problem(place, None, f"samples.{index}.{field}", message)
        for index, sample in enumerate(samples)
        for field, message in _problems(sample, known)
    ]
    if problems:
        raise PlanError(problems)
    return samples


def _problems(sample: Sample, units: set[str]) -> Iterator[tuple[str, str]]:
    """(field, what is wrong), so that no sample fails halfway through its files."""
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
        if weekly.sender not in units:
            yield f"weekly.{index}.sender", f"no such unit in units.csv: {weekly.sender}"
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
