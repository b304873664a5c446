"""The retention policy: the package's defaults and what a house says otherwise, as data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from thidua.errors import PlanError, Problem
from thidua.plan.yaml_lines import Lines, field_name, read_yaml
from thidua.settings import Home

DEFAULTS = Path(__file__).with_name("retention.yml")
OWN_FILE = "retention.yml"
Days = Annotated[int, Field(ge=1)]


class Policy(BaseModel):
    """Each field is a line of retention.yml, which says what it means."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    served_versions: Annotated[int, Field(ge=1)]
    airflow_days: Days
    logs_days: Days
    data_docs_days: Days
    work_days: Days
    originals_days: Days | None


def load_policy(home: Home) -> Policy:
    """The policy of a house. Raises PlanError naming file, line and field."""
    values, lines = _read(DEFAULTS)
    own = home.path / OWN_FILE
    if own.is_file():
        more, lines = _read(own)
        values |= more
    try:
        return Policy.model_validate(values)
    except ValidationError as error:
        faults = [(detail["loc"], detail["msg"]) for detail in error.errors()]
        raise PlanError(
            [Problem(OWN_FILE, lines.get(path), field_name(path), text) for path, text in faults]
        ) from error


def _read(path: Path) -> tuple[dict[str, Any], Lines]:
    values, lines, problems = read_yaml(path.read_text(encoding="utf-8"), path.name)
    if not problems and not isinstance(values, dict):
        problems = [Problem(path.name, 1, "retention", "is no list of settings; write lines like `logs_days: 90`")]
    if problems:
        raise PlanError(problems)
    return values, lines
