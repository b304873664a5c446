"""The CSVs beside plan.yml: units, lineage, targets, baselines, headcounts, references, participants.

UTF-8 with a header. Each row keeps its line for messages. `note` is for people and says what is invented.
"""

from __future__ import annotations

import csv
import difflib
import io
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from thidua.errors import Problem
from thidua.plan.models import Dimension, Slug, Text


def _blank_to_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _parse_day(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value.strip())
        except ValueError as error:
            raise ValueError("not a day; write 2023-06-30") from error
    return value


def parse_count(value: Any) -> Any:
    if isinstance(value, str):
        if not value.strip().isascii() or not value.strip().isdigit():
            raise ValueError("not a whole number; write 13087 without separators")
        return int(value)
    return value


Day = Annotated[date, BeforeValidator(_parse_day)]
Whole = Annotated[int, BeforeValidator(parse_count), Field(ge=0)]
OptionalDay = Annotated[date | None, BeforeValidator(_parse_day), BeforeValidator(_blank_to_none)]
OptionalText = Annotated[str | None, BeforeValidator(_blank_to_none)]
OptionalSlug = Annotated[Slug | None, BeforeValidator(_blank_to_none)]


class Row(BaseModel):
    """A row of a CSV; `line` is its line in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
    line: int
    note: OptionalText = None


class UnitRow(Row):
    unit_id: Slug
    code: OptionalText = None
    name: Text
    aliases: str = ""
    unit_type: Slug
    parent: OptionalSlug = None
    valid_from: OptionalDay = None
    valid_through: OptionalDay = None

    @property
    def all_aliases(self) -> list[str]:
        return [alias.strip() for alias in self.aliases.split("|") if alias.strip()]


class LineageRow(Row):
    happened_on: Day
    kind: Literal["renamed", "merged", "split", "left"]
    from_: Slug = Field(alias="from")
    to: OptionalSlug = None
    document: OptionalText = None


class TargetRow(Row):
    target_id: Slug
    unit_id: Slug
    period_id: OptionalSlug = None
    value: Text
    value_kind: Literal["count", "percent"]
    decision_number: OptionalText = None
    effective_from: Day


class BaselineRow(Row):
    metric_id: Slug
    unit_id: Slug
    value: Whole


class HeadcountRow(Row):
    metric_id: Slug
    unit_id: Slug
    as_of_date: Day
    value: Whole


class ReferenceRow(Row):
    metric_id: Slug
    unit_id: Slug
    dimension: Annotated[Dimension | None, BeforeValidator(_blank_to_none)] = None
    member: OptionalText = None
    value: Whole


class ParticipantRow(Row):
    period_id: Slug
    authority_unit_id: Slug
    recipient: Literal["unit", "person"]
    value: Whole


CSV_ROWS: dict[str, type[Row]] = {
    "units": UnitRow,
    "unit_lineage": LineageRow,
    "targets": TargetRow,
    "baselines": BaselineRow,
    "headcounts": HeadcountRow,
    "references": ReferenceRow,
    "participants": ParticipantRow,
}


def read_csv(path: Path, kind: type[Row], file: str, problems: list[Problem]) -> list[Any]:
    """The typed rows of one CSV; what is wrong is added to `problems` with its line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        problems.append(Problem(file, None, "file", "is not UTF-8; save it as CSV UTF-8"))
        return []
    except OSError as error:
        problems.append(Problem(file, None, "file", f"cannot be read: {error.strerror}"))
        return []
    try:
        return _typed_rows(text, kind, file, problems)
    except csv.Error as error:
        problems.append(Problem(file, None, "file", f"cannot be read as CSV: {error}"))
        return []


def _typed_rows(text: str, kind: type[Row], file: str, problems: list[Problem]) -> list[Any]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = {field.alias or name: field for name, field in kind.model_fields.items() if name != "line"}
    header = [name.strip() for name in reader.fieldnames or []]
    reader.fieldnames = header
    twice = sorted({name for name in header if header.count(name) > 1})
    for name in twice:
        problems.append(Problem(file, 1, name or "(blank)", "column stands twice"))
    for name in header:
        if name not in columns:
            close = difflib.get_close_matches(name, columns, 1)
            hint = f"; did you mean '{close[0]}'?" if close else ""
            problems.append(Problem(file, 1, name or "(blank)", f"is no column{hint}", ", ".join(columns)))
    missing = [name for name, field in columns.items() if field.is_required() and name not in header]
    for name in missing:
        problems.append(Problem(file, 1, name, "column is missing", ", ".join(columns)))
    if missing or twice or set(header) - set(columns):
        return []
    rows = []
    for record in reader:
        if None in record or None in record.values():
            message = "has more or fewer cells than the header"
            problems.append(Problem(file, reader.line_num, "row", message, ", ".join(header)))
            continue
        try:
            rows.append(kind.model_validate({**record, "line": reader.line_num}))
        except ValidationError as error:
            for detail in error.errors():
                field = ".".join(str(part) for part in detail["loc"])
                value = f"'{detail['input']}': " if isinstance(detail["input"], str) else ""
                message = value + detail["msg"].removeprefix("Value error, ")
                allowed = detail.get("ctx", {}).get("expected")
                problems.append(Problem(file, reader.line_num, field, message, allowed))
    return rows
