"""sample.yml of a campaign: figures at anchor days, who sends what when in which style, and what goes wrong."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from thidua.errors import ThiduaError

SAMPLE_FILE = "sample.yml"
Style = Literal["excel_block", "excel_plain", "csv_semicolon_bom", "csv_comma", "text_utf16_tab", "csv_english"]
Kind = Literal[
    "figure", "text_in_number", "unknown_unit", "wrong_total", "same_again", "older_again", "silent", "empty",
    "wrong_date",
]  # fmt: skip


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Weekly(_Strict):
    """One file a week for all units, from a sender above them."""

    sender: str
    first: date
    last: date
    style: Style
    hours_later: int


class Closing(_Strict):
    """On these days every unit sends its own file, `hours_later` unless it is listed as late."""

    days: list[date]
    hours_later: int
    late: dict[str, int] = Field(default_factory=dict, description="unit@day -> hours")


class Incident(_Strict):
    """Something that goes wrong at an office, or is mended there: one more file, or one that does not come."""

    kind: Kind
    unit: str
    day: date
    received_at: datetime | None = None
    value: int | None = None
    text: str | None = None


class Sample(_Strict):
    export_type: str
    metric: str
    title: str
    anchors: list[date]
    figures: dict[str, list[int]]
    styles: dict[str, Style]
    weekly: list[Weekly]
    closing: Closing
    incidents: list[Incident]


class SampleFile(_Strict):
    samples: Annotated[list[Sample], Field(min_length=1)]


def load_samples(folder: Path) -> list[Sample]:
    """The samples of a campaign; none when it has no sample.yml. Raises ThiduaError when that is broken."""
    path = folder / SAMPLE_FILE
    if not path.exists():
        return []
    try:
        return SampleFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))).samples
    except (ValidationError, yaml.YAMLError) as error:
        raise ThiduaError(f"{path}: {' '.join(str(error).split())}") from error
