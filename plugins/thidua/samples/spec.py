"""sample.yml of a campaign: what its offices send, in one of three kinds, and what goes wrong.

growth   counts that rise from anchor to anchor, reported weekly and at closings
tables   files whose rows stand in sample.yml: figures by group or role, documents
people   invented persons, whom the lists of one or several exports name by what they did and when
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from thidua.errors import PlanError, Problem, ThiduaError
from thidua.plan.csvs import UnitRow

SAMPLE_FILE = "sample.yml"
ListStyle = Literal["excel_block", "excel_plain", "csv_semicolon_bom", "csv_comma", "text_utf16_tab"]
Style = Literal[ListStyle, "csv_english"]
DaysLater = Annotated[list[int], Field(min_length=2, max_length=2, description="earliest and latest, in office hours")]
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
ListKind = Literal[
    "silent",  # no file; the next list tells what this one did not
    "late",
    "undated",  # neither the file nor its name says through which day it is complete
    "again",  # the same rows in other bytes
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


# ---- growth


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
    days_later: DaysLater
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


class Growth(_Strict):
    kind: Literal["growth"]
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


# ---- tables


class TableColumn(_Strict):
    """`unit`: its cells are unit_ids, for which the file has one of the unit's names."""

    header: str
    above: str | None = None
    unit: bool = False


class TableFile(_Strict):
    """One file. `meant`: the rules that it is meant to break."""

    sender: str
    day: date
    rows: Annotated[list[list[int | date | str | None]], Field(min_length=1)]
    received_at: datetime | None = None  # local time; null: as the other files
    title: str | None = None
    style: ListStyle | None = None
    total_off: int = 0
    meant: list[str] = Field(default_factory=list)


class Tables(_Strict):
    kind: Literal["tables"]
    export_type: str
    letterhead: str
    title: str
    columns: Annotated[list[TableColumn], Field(min_length=1)]
    styles: Annotated[list[ListStyle], Field(min_length=1, description="dealt to the senders in turn")]
    days_later: DaysLater
    total: bool = False
    spellings: dict[str, list[str]] = Field(default_factory=dict)
    files: Annotated[list[TableFile], Field(min_length=1)]


# ---- people


class After(_Strict):
    """So many days after another moment of the same person, at any time of that day but never before it."""

    after: str
    days: Annotated[list[int], Field(min_length=2, max_length=2)]


# An instant; two instants, the second excluded; two days, both included; or after another moment. All local.
Moment = datetime | Annotated[list[datetime | date], Field(min_length=2, max_length=2)] | After
Cells = dict[str, str | list[str]]


class Batch(_Strict):
    """What persons did together: when, and what stands in their rows under which header. Lists are dealt in turn."""

    at: dict[str, Moment]
    cells: Cells = Field(default_factory=dict)


class Crowd(_Strict):
    """Persons of the same units. `counts`: how many of each batch; `at` and `cells` go before those of the batch.

    `again`: they are the persons of that label, once more. `meant`: the rules that their rows are meant to break.
    """

    units: dict[str, str]
    counts: Annotated[dict[str, Annotated[int, Field(ge=1)]], Field(min_length=1)]
    at: dict[str, Moment] = Field(default_factory=dict)
    cells: Cells = Field(default_factory=dict)
    label: str | None = None
    again: str | None = None
    meant: list[str] = Field(default_factory=list)


class ListColumn(_Strict):
    """A column says one thing of a person, or what `cells` has under its header."""

    header: str
    above: str | None = None
    person: Literal["number", "name"] | None = None
    serial: str | None = None  # what stands before the row's own number
    unit: str | None = None  # the unit in that role, by one of its names
    unit_name: str | None = None  # always by its name in units.csv
    day: str | None = None  # a moment, without its time
    instant: str | None = None
    known: str | None = None  # whether that moment lies before the end of the list's day: yes or no
    yes: str | None = None
    no: str | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        said = [self.person, self.serial, self.unit, self.unit_name, self.day, self.instant, self.known]
        if sum(one is not None for one in said) > 1:
            raise ValueError("a column says one thing only")
        if (self.known is None) != (self.yes is None) or (self.known is None) != (self.no is None):
            raise ValueError("`known` goes with `yes` and `no`")
        return self


class Sender(_Strict):
    """Who sends a row: the unit in a role, or the nearest at or above it of one of these types."""

    role: str
    types: list[str] = Field(default_factory=list)


class ListFault(_Strict):
    kind: ListKind
    sender: str
    day: date
    received_at: datetime | None = None  # local time; null only where no file comes


class PeopleList(_Strict):
    """Files of one export: on each day every sender lists whom a moment of `by` befell since the list before."""

    export_type: str
    title: str
    by: Annotated[list[str], Field(min_length=1)]
    sender: str | Sender
    days: Annotated[list[date], Field(min_length=1)]
    days_later: DaysLater
    styles: Annotated[list[ListStyle], Field(min_length=1, description="dealt to the senders in turn")]
    columns: Annotated[list[ListColumn], Field(min_length=1)]
    faults: list[ListFault] = Field(default_factory=list)


class People(_Strict):
    kind: Literal["people"]
    letterhead: str
    first_number: Annotated[str, Field(pattern=r"^[0-9]{10}$", description="of the first person; all are invented")]
    spellings: dict[str, list[str]] = Field(default_factory=dict)
    batches: Annotated[dict[str, Batch], Field(min_length=1)]
    crowds: Annotated[list[Crowd], Field(min_length=1)]
    lists: Annotated[list[PeopleList], Field(min_length=1)]


Sample = Annotated[Growth | Tables | People, Field(discriminator="kind")]


class SampleFile(_Strict):
    samples: Annotated[list[Sample], Field(min_length=1)]


def load_samples(folder: Path, units: Sequence[UnitRow]) -> list[Growth | Tables | People]:
    """The samples of a campaign; none when it has no sample.yml.

    Raises ThiduaError when it is no YAML, PlanError with every problem when it says something that cannot be.
    """
    from thidua.samples.checks import find_problems

    path = folder / SAMPLE_FILE
    if not path.exists():
        return []
    place = f"{folder.name}/{SAMPLE_FILE}"
    try:
        samples = SampleFile.model_validate(yaml.load(path.read_text(encoding="utf-8"), _Loader)).samples  # noqa: S506
    except ValidationError as error:
        raise PlanError(
            [Problem(place, None, ".".join(map(str, fault["loc"])), fault["msg"]) for fault in error.errors()]
        ) from error
    except yaml.YAMLError as error:
        raise ThiduaError(f"{place}: this is no YAML: {' '.join(str(error).split())}") from error
    problems = [
        Problem(place, None, f"samples.{index}.{field}", message)
        for index, sample in enumerate(samples)
        for field, message in find_problems(sample, units)
    ]
    if problems:
        raise PlanError(problems)
    return samples


# libyaml's loader where there is one: lists of thousands of cells are read ten times as fast.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
