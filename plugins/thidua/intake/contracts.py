"""Export contracts: what the columns of an export type are called, what they mean, and what the file must be.

A new export type is a folder `expectations/<export_type>/` with contract.yml and suite.json; no Python knows its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from thidua.errors import PlanError, Problem
from thidua.intake.pace import PaceSetting
from thidua.intake.words import fold, has_phrase
from thidua.settings import expectations_dir

Severity = Literal["critical", "error", "warning"]
Role = Literal[
    "ordinal",  # a running number; only helps to tell rows from blocs
    "unit",  # of events there may be several: the place, and whoever collected
    "dimension",
    # of figures
    "as_of_date",
    "metric",
    "value",
    "shown",  # a number that the file repeats, such as the target: compared, not stored
    "rate",  # of the value over a shown number: compared, never used
    # of events
    "person",  # a person's number: pseudonymised, stored nowhere else
    "key",  # a document's number
    "instant",
    "choice",  # a status or a kind that decides which events a row tells of
    "product",
    "valid_through",
    "score",
    "text",  # for people who read the file; never stored
]


_ROLES_OF_FIGURES = {"as_of_date", "metric", "value", "shown", "rate"}
_ROLES_OF_EVENTS = {"person", "key", "instant", "choice", "product", "valid_through", "score"}
# What table `typed` calls its own columns.
_OWN_NAMES = {
    "file_no", "sheet_no", "part_no", "line", "row_kind", "unit_id", "as_of_date", "natural_key", "key", "event_day",
    "is_cancelled", "is_of_else_key", "is_within_sender", "same_key_values", "repeat_no", "campaign_no", "identity",
}  # fmt: skip


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Title(_Part):
    vi: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]


class Column(_Part):
    """A column that the export may carry. `phrases` are words found anywhere in a longer header.

    `values`: what may stand in it, as key -> spellings; without it any text is its own value. `precision`: whether
    an instant must carry a time of day, because something closes in mid-day. `over`, `minus`: the shown columns that a
    rate is of: (value - minus) / over; offices leave `minus` out where they do not know better.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    role: Role
    title: Title
    headers: Annotated[list[str], Field(min_length=1)]
    phrases: list[str] = Field(default_factory=list)
    excludes: list[str] = Field(default_factory=list, description="Words or signs of headers that mean another thing")
    required: bool = False
    personal: bool = False
    values: dict[str, list[str]] = Field(default_factory=dict)
    precision: Literal["day", "second"] = "day"
    over: str | None = None
    minus: str | None = None

    @cached_property
    def spellings(self) -> dict[str, str]:
        """Folded spelling -> key of `values`."""
        return {fold(text): key for key, texts in self.values.items() for text in [key, *texts]}

    @cached_property
    def folded_headers(self) -> frozenset[str]:
        return frozenset(fold(header) for header in self.headers)

    @cached_property
    def folded_phrases(self) -> tuple[str, ...]:
        return tuple(fold(phrase) for phrase in self.phrases)

    def is_excluded(self, header: str) -> bool:
        """Whether a header that carries this column's words means another column, such as a rate."""
        folded = fold(header)
        signs = [word for word in self.excludes if not fold(word)]  # such as %
        if any(sign in header for sign in signs):
            return True
        if folded in self.folded_headers:
            return False
        return any(has_phrase(folded, fold(word)) for word in self.excludes if fold(word))


class NumberRules(_Part):
    whole: Literal[True] = True
    dash_is_zero: bool = True


class RuleSetting(_Part):
    """How a rule of this house weighs in this export; what is not said stays as in expectations/rules.yml.

    `asked: false`: the rule is not for this export, such as one of days to come for a list drawn up ahead. `pace`: other
    numbers for the rule of the build that compares a count with its own past.
    """

    asked: bool = True
    severity: Severity | None = None
    waivable: bool | None = None
    pace: PaceSetting | None = None


class Rule(_Part):
    """A rule of a contract's own. `where`: SQL over a row of `typed` that holds where the row is wrong."""

    rule_id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    severity: Severity
    column: str | None = None
    scope: Literal["row", "file"] = "row"
    waivable: bool = False
    where: Annotated[str, Field(min_length=1)]
    message: Title


class EventRule(_Part):
    """A row tells of `event`, at the instant in column `at`, when its choice columns hold one of these values."""

    event: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    at: str
    when: dict[str, list[str]] = Field(default_factory=dict)


class Contract(_Part):
    """One export type. Figures are snapshots of counts, events are deltas of what persons did.

    `natural_key` names the columns that say which event a row speaks of: together with the event and the product they
    outlive every correction. `else_key` stands in where one of them is blank. `cancelled`: the values that take the
    row's events away.
    """

    export_type: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: Title
    grain: Literal["figures", "events"]
    kind: Literal["snapshot", "delta"]
    columns: Annotated[list[Column], Field(min_length=1)]
    natural_key: Annotated[list[str], Field(min_length=1)]
    else_key: list[str] = Field(default_factory=list)
    events: list[EventRule] = Field(default_factory=list)
    cancelled: dict[str, list[str]] = Field(default_factory=dict)
    number: NumberRules = NumberRules()
    # metric_id -> what offices call it, in a header or in a column of metrics, besides the plan's name for it.
    metric_names: dict[str, list[str]] = Field(default_factory=dict)
    settings: dict[str, RuleSetting] = Field(default_factory=dict)
    rules: list[Rule] = Field(default_factory=list)
    # Headers already looked up: a chunk's files say the same ones again and again.
    _meanings: dict[str, tuple[Column, bool] | None] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Contract:
        names = [column.name for column in self.columns]
        if len(set(names)) < len(names):
            raise ValueError("two columns have the same name")
        missing = [name for name in [*self.natural_key, *self.else_key] if name not in names]
        if missing:
            raise ValueError(f"natural_key names unknown columns: {', '.join(missing)}")
        if not self.of_role("unit"):
            raise ValueError("no column has the role unit")
        if self.grain == "figures":
            self._check_figures()
        else:
            self._check_events()
        unknown = [rule.column for rule in self.rules if rule.column and rule.column not in names]
        if unknown:
            raise ValueError(f"rules name unknown columns: {', '.join(unknown)}")
        owners: dict[str, str] = {}
        for column in self.columns:
            for header in column.folded_headers:
                other = owners.setdefault(header, column.name)
                if other != column.name:
                    raise ValueError(f"the header '{header}' belongs to both {other} and {column.name}")
        return self

    def _check_figures(self) -> None:
        if self.kind != "snapshot" or self.events or self.cancelled or self.else_key:
            raise ValueError("figures are snapshots and tell of no events")
        if len(self.of_role("value")) != 1 or len(self.of_role("unit")) != 1:
            raise ValueError("figures need one column of role value and one of role unit")
        if len(self.of_role("dimension")) > 1 or len(self.of_role("rate")) > 1:
            raise ValueError("figures have one dimension and one rate at the most")
        shown = {column.name for column in self.of_role("shown")}
        for rate in self.of_role("rate"):
            if rate.over not in shown or (rate.minus and rate.minus not in shown):
                raise ValueError(f"rate {rate.name}: `over` and `minus` name columns of role shown")
        strange = [column.name for column in self.columns if column.role in _ROLES_OF_EVENTS]
        if strange:
            raise ValueError(f"roles of events in an export of figures: {', '.join(strange)}")

    def _check_events(self) -> None:
        if self.kind != "delta" or not self.events:
            raise ValueError("exports of events are deltas and say which events their rows tell of")
        strange = [column.name for column in self.columns if column.role in _ROLES_OF_FIGURES]
        if strange:
            raise ValueError(f"roles of figures in an export of events: {', '.join(strange)}")
        if "unit" in [column.name for column in self.of_role("unit")[1:]]:
            raise ValueError("only the first column of role unit may be called unit")
        if len(self.of_role("person")) > 1:
            raise ValueError("more than one column has the role person")
        taken = sorted(_OWN_NAMES & {column.name for column in self.columns})
        if taken:
            raise ValueError(f"these names are the intake's own: {', '.join(taken)}")
        columns = {column.name: column for column in self.columns}
        for rule in self.events:
            if rule.at not in columns or columns[rule.at].role != "instant":
                raise ValueError(f"event {rule.event}: '{rule.at}' is no column of role instant")
        for conditions in [self.cancelled, *(rule.when for rule in self.events)]:
            for name, keys in conditions.items():
                known = columns[name].values if name in columns and columns[name].role == "choice" else {}
                unknown = [key for key in keys if key not in known]
                if unknown or not keys:
                    raise ValueError(f"'{name}' is no choice with the values {', '.join(keys) or '-'}")

    def of_role(self, role: Role) -> list[Column]:
        return [column for column in self.columns if column.role == role]

    def column_named(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def key_of(self, column: Column) -> str:
        """What a column is called in table `typed`: figures have fixed names, events those of their contract."""
        return column.role if self.grain == "figures" and column.role != "shown" else column.name

    def names_of(self, metrics: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        """metric_id -> all that the metric may be called in a file: its id, the plan's name, this contract's names."""
        return {metric: (metric, name, *self.metric_names.get(metric, [])) for metric, name in metrics.items()}

    @cached_property
    def cell_columns(self) -> list[Column]:
        """The columns whose cells are judged, in the order of the contract; text for people is not among them."""
        return [column for column in self.columns if column.role != "text"]

    @property
    def may_lack_key(self) -> bool:
        """Whether a row may be without its key though no cell of it is at fault by itself."""
        return not all(self.column_named(name).required for name in self.else_key or self.natural_key)

    def column_of(self, header: str) -> tuple[Column, bool] | None:
        """The column that a header means, and whether by its whole name (else by a phrase in it)."""
        if header not in self._meanings:
            if len(self._meanings) > 10_000:
                self._meanings.clear()
            self._meanings[header] = self._column_of(header)
        return self._meanings[header]

    def _column_of(self, header: str) -> tuple[Column, bool] | None:
        folded = fold(header)
        if not folded:
            return None
        for column in self.columns:
            if folded in column.folded_headers and not column.is_excluded(header):
                return column, True
        for column in self.columns:
            if any(has_phrase(folded, phrase) for phrase in column.folded_phrases) and not column.is_excluded(header):
                return column, False
        return None


def contract_path(export_type: str, folder: Path | None = None) -> Path:
    return (folder or expectations_dir()) / export_type / "contract.yml"


def known_export_types(folder: Path | None = None) -> list[str]:
    root = folder or expectations_dir()
    return sorted(path.parent.name for path in root.glob("*/contract.yml"))


@lru_cache(maxsize=64)
def _load(path: Path, mtime_ns: int) -> Contract:
    label = f"expectations/{path.parent.name}/{path.name}"
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        contract = Contract.model_validate(data)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        raise PlanError([Problem(label, line, "-", "not valid YAML", "see the contracts beside it")]) from error
    except ValidationError as error:
        raise PlanError(
            [
                Problem(label, None, ".".join(str(part) for part in detail["loc"]) or "-", detail["msg"])
                for detail in error.errors()
            ]
        ) from error
    if contract.export_type != path.parent.name:
        raise PlanError([Problem(label, None, "export_type", "differs from the folder's name", path.parent.name)])
    return contract


def load_contract(export_type: str, folder: Path | None = None) -> Contract | None:
    """The contract of an export type, None when there is none. Raises PlanError on a broken one."""
    if export_type not in known_export_types(folder):
        return None
    path = contract_path(export_type, folder)
    return _load(path, path.stat().st_mtime_ns)
