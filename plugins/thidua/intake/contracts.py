"""Export contracts: what the columns of an export type are called, what they mean, and what the file must be.

A new export type is a folder `expectations/<export_type>/` with contract.yml and suite.json; no Python knows its name.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from thidua.errors import PlanError, Problem
from thidua.intake.words import fold, has_phrase
from thidua.settings import expectations_dir

Severity = Literal["critical", "error", "warning"]
Role = Literal[
    "ordinal",  # a running number; only helps to tell rows from blocs
    "unit",
    "as_of_date",
    "metric",
    "value",
    "dimension",
    "person",
    "event_at",
    "product",
    "valid_through",
    "score",
    "cancelled",
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Title(_Part):
    vi: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]


class Column(_Part):
    """A column that the export may carry. `phrases` are words found anywhere in a longer header."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    role: Role
    title: Title
    headers: Annotated[list[str], Field(min_length=1)]
    phrases: list[str] = Field(default_factory=list)
    excludes: list[str] = Field(default_factory=list, description="Words or signs of headers that mean another thing")
    required: bool = False
    personal: bool = False

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


class FileRule(_Part):
    """A fault of the file as a whole always returns it; `waivable` says whether a decision may let it pass."""

    severity: Literal["critical"]
    waivable: bool = False


class Contract(_Part):
    """One export type. Figures are snapshots of counts, events are deltas of what persons did."""

    export_type: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: Title
    grain: Literal["figures", "events"]
    kind: Literal["snapshot", "delta"]
    columns: Annotated[list[Column], Field(min_length=1)]
    natural_key: Annotated[list[str], Field(min_length=1)]
    number: NumberRules = NumberRules()
    file_rules: dict[str, FileRule] = Field(default_factory=dict)
    # Headers already looked up: a chunk's files say the same ones again and again.
    _meanings: dict[str, tuple[Column, bool] | None] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Contract:
        names = [column.name for column in self.columns]
        if len(set(names)) < len(names):
            raise ValueError("two columns have the same name")
        missing = [name for name in self.natural_key if name not in names]
        if missing:
            raise ValueError(f"natural_key names unknown columns: {', '.join(missing)}")
        owners: dict[str, str] = {}
        for column in self.columns:
            for header in column.folded_headers:
                other = owners.setdefault(header, column.name)
                if other != column.name:
                    raise ValueError(f"the header '{header}' belongs to both {other} and {column.name}")
        return self

    def of_role(self, role: Role) -> list[Column]:
        return [column for column in self.columns if column.role == role]

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
