"""When offices are reminded: the custom of the house, and what a campaign has of its own, as data."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from thidua.errors import PlanError, Problem
from thidua.plan.models import Count, Positive, Text
from thidua.plan.yaml_lines import Lines, field_name, read_yaml

HOUSE = Path(__file__).with_name("house.yml")
OWN_FILE = "reminders.yml"


class Custom(BaseModel):
    """Days are counted from the last day on which a report is in time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    days_before: list[Count]
    days_after: Annotated[list[Positive], Field(min_length=1)]
    then_every: Positive
    through: Positive
    how_to_hand_in: Text

    def stage_on(self, today: date, last_day: date) -> int | None:
        """The latest stage reached, in days after `last_day` (before it: negative); None: not a day for reminders.

        A stage missed, because nothing ran on its day, is made up for until the next one; of several only the latest.
        """
        days = (today - last_day).days
        if days > self.through:
            return None
        weekly = range(max(self.days_after) + self.then_every, self.through + 1, self.then_every)
        stages = [*(-before for before in self.days_before), *self.days_after, *weekly]
        return max((stage for stage in stages if stage <= days), default=None)


def stage_name(stage: int) -> str:
    """before-3, after-8."""
    return f"before-{-stage}" if stage <= 0 else f"after-{stage}"


def load_custom(campaigns_dir: Path, campaign_id: str) -> Custom:
    """The custom for a campaign. Raises PlanError naming file, line and field."""
    values, lines = _read(HOUSE, HOUSE.name)
    own, label = campaigns_dir / campaign_id / OWN_FILE, f"{campaign_id}/{OWN_FILE}"
    if own.is_file():
        more, lines = _read(own, label)
        values |= more
    try:
        return Custom.model_validate(values)
    except ValidationError as error:
        faults = [(detail["loc"], detail["msg"]) for detail in error.errors()]
        raise PlanError([Problem(label, lines.get(path), field_name(path), text) for path, text in faults]) from error


def _read(path: Path, label: str) -> tuple[dict[str, Any], Lines]:
    try:
        values, lines, problems = read_yaml(path.read_text(encoding="utf-8"), label)
    except UnicodeDecodeError as error:
        raise PlanError([Problem(label, None, "file", "is not UTF-8")]) from error
    if not problems and not isinstance(values, dict):
        problems = [Problem(label, 1, "file", "holds no fields")]
    if problems:
        raise PlanError(problems)
    return dict(values), lines
