"""Great Expectations suites, compiled from a contract and the rules of the house (expectations/rules.yml).

A rule of the house is asked for every column of its role, so that a new export type needs no SQL. The suite beside each
contract is what GX runs: data that anybody can read and compare; `thidua check-contracts` holds both together.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from thidua.errors import PlanError, Problem
from thidua.intake.contracts import Column, Contract, Role, RuleSetting, Severity, known_export_types, load_contract
from thidua.intake.pace import Pace
from thidua.settings import expectations_dir

RULES_FILE = "rules.yml"
# Rules of the build that have numbers; their SQL is in dbt_project/models/intermediate/int_faults__jumps.sql.
PACED = {"count_jumps"}


class HouseRule(BaseModel):
    """A rule as rules.yml words it; see the head of that file."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    rule: Annotated[str, Field(min_length=1)]
    severity: Severity
    scope: Literal["row", "file"] = "row"
    waivable: bool = False
    where: str | None = None
    query: str | None = None
    column: str | None = None
    detail: str | None = None
    only_for: Annotated[Literal["second", "vocabulary", "optional_key"] | None, Field(alias="for")] = None
    vi: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]

    @model_validator(mode="after")
    def _asks_one_thing(self) -> HouseRule:
        if (self.where is None) == (self.query is None):
            raise ValueError("needs `where` or `query`, and not both")
        return self

    def applies_to(self, contract: Contract, column: Column) -> bool:
        if self.only_for == "optional_key":
            return contract.may_lack_key
        if self.only_for == "second":
            return column.precision == "second"
        return self.only_for is None or bool(column.values)


class BuiltRule(BaseModel):
    """A rule that the build asks, since it compares files: what people may do about it, and the numbers of the rule that
    has some, are said here."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Annotated[str, Field(min_length=1)]
    waivable: bool = False
    pace: Pace | None = None
    vi: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]

    @model_validator(mode="after")
    def _has_its_numbers(self) -> BuiltRule:
        if (self.rule in PACED) != (self.pace is not None):
            needs = "cần có / needs" if self.rule in PACED else "không dùng / has no use for"
            raise ValueError(f"{self.rule} {needs} `pace`")
        return self


class HouseRules(BaseModel):
    """Role -> its rules, for exports of figures and of events; '*' for every export of the grain."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    built: list[BuiltRule] = Field(default_factory=list)
    figures: dict[Role, list[HouseRule]]
    events: dict[Role | Literal["*"], list[HouseRule]]


@lru_cache(maxsize=8)
def _load(path: Path, mtime_ns: int) -> HouseRules:
    label = f"expectations/{path.name}"
    try:
        return HouseRules.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise PlanError([Problem(label, None, "-", f"not valid YAML: {error}")]) from error
    except ValidationError as error:
        raise PlanError(
            [Problem(label, None, ".".join(map(str, detail["loc"])), detail["msg"]) for detail in error.errors()]
        ) from error


def load_house_rules(folder: Path | None = None) -> HouseRules:
    """Raises PlanError on a broken rules.yml. A folder of contracts without one has the checkout's."""
    path = (folder or expectations_dir()) / RULES_FILE
    if not path.exists():
        path = expectations_dir() / RULES_FILE
    return _load(path, path.stat().st_mtime_ns)


def built_rules(export_type: str | None = None, folder: Path | None = None) -> list[BuiltRule]:
    """The rules of the build that are asked of an export type, as its contract sets them (None: as the house says)."""
    contract = load_contract(export_type, folder) if export_type else None
    rules = load_house_rules(folder).built
    if contract is None:
        return rules
    settings = contract.settings
    return [
        _as_set(rule, settings[rule.rule]) if rule.rule in settings else rule
        for rule in rules
        if rule.rule not in settings or settings[rule.rule].asked
    ]


def _as_set(rule: BuiltRule, setting: RuleSetting) -> BuiltRule:
    return rule.model_copy(
        update={
            "waivable": rule.waivable if setting.waivable is None else setting.waivable,
            "pace": setting.pace.over(rule.pace) if setting.pace and rule.pace else rule.pace,
        }
    )


def _needed(contract: Contract, column: Column) -> str:
    """SQL: when a cell of this column must be filled: always, or where the row tells of an event that happens at it."""
    if column.required:
        return "true"
    conditions = []
    for rule in contract.events:
        if rule.at == column.name:
            chosen = [f"{name} in ({', '.join(_quoted(key) for key in keys)})" for name, keys in rule.when.items()]
            conditions.append(" and ".join(chosen) if chosen else "true")
    return " or ".join(f"({condition})" for condition in conditions) or "false"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _expectation(meta: dict[str, Any], query: str) -> dict[str, Any]:
    # `description` is what Data Docs show of the rule.
    return {
        "type": "unexpected_rows_expectation",
        "kwargs": {
            "unexpected_rows_query": query,
            "description": f"{meta['rule_id']} ({meta['severity']}): {meta['message_vi']} / {meta['message_en']}",
        },
        "meta": meta,
    }


def _of_house(contract: Contract, rule: HouseRule, column: Column) -> dict[str, Any] | None:
    """The rule asked of one column; None where it could never break."""
    needed = _needed(contract, column)
    if not rule.applies_to(contract, column) or ("{needed}" in (rule.where or "") and needed == "false"):
        return None
    key = contract.key_of(column)

    def filled(text: str) -> str:
        return text.replace("{c}", key).replace("{needed}", f"({needed})")

    rule_id = filled(rule.rule)
    setting = contract.settings.get(rule_id)
    meta = {
        "rule_id": rule_id,
        "severity": (setting and setting.severity) or rule.severity,
        "column": key,
        "scope": rule.scope,
        "waivable": rule.waivable if setting is None or setting.waivable is None else setting.waivable,
        "message_vi": rule.vi.replace("{title}", f"'{column.title.vi}'"),
        "message_en": rule.en.replace("{title}", f"'{column.title.en}'"),
    }
    if rule.query:
        return _expectation(meta, filled(rule.query))
    detail = f", {filled(rule.detail)} as detail" if rule.detail else ""
    where = filled(rule.where or "")
    return _expectation(meta, f"select part_no, line{detail} from {{batch}} where row_kind = 'data' and ({where})")


def compile_suite(contract: Contract, house: HouseRules) -> dict[str, Any]:
    """The GX suite of an export type as its JSON document. Raises PlanError where a setting names no rule."""
    expectations: list[dict[str, Any]] = []
    if contract.grain == "figures":
        for column in contract.cell_columns:
            for rule in house.figures.get(column.role, []):
                expectations += [made] if (made := _of_house(contract, rule, column)) else []
    else:
        places = {"{key}": contract.column_named(contract.natural_key[0]), "{unit}": contract.of_role("unit")[0]}
        for rule in house.events.get("*", []):
            expectations += [made] if (made := _of_house(contract, rule, places[rule.column or "{key}"])) else []
        for column in contract.cell_columns:
            for rule in house.events.get(column.role, []):
                expectations += [made] if (made := _of_house(contract, rule, column)) else []
    for own in contract.rules:
        meta = {
            "rule_id": own.rule_id,
            "severity": own.severity,
            "column": contract.key_of(contract.column_named(own.column)) if own.column else None,
            "scope": own.scope,
            "waivable": own.waivable,
            "message_vi": own.message.vi,
            "message_en": own.message.en,
        }
        query = f"select part_no, line from {{batch}} where row_kind = 'data' and ({own.where})"
        expectations.append(_expectation(meta, query))
    known = [expectation["meta"]["rule_id"] for expectation in expectations]
    built = {rule.rule: rule for rule in house.built}
    strange = sorted(set(contract.settings) - set(known) - set(built))
    twice = sorted({rule_id for rule_id in known if known.count(rule_id) > 1})
    label = f"expectations/{contract.export_type}/contract.yml"
    if strange:
        raise PlanError([Problem(label, None, "settings", f"no such rule: {', '.join(strange)}", ", ".join(known))])
    idle = [
        Problem(
            label, None, f"settings.{rule_id}.{name}", "không có tác dụng với quy tắc này / says nothing to this rule"
        )
        for rule_id, setting in contract.settings.items()
        for name in _idle(setting, built.get(rule_id))
    ]
    if idle:
        raise PlanError(idle)
    if twice:
        raise PlanError([Problem(label, None, "rules", f"used twice: {', '.join(twice)}")])
    unasked = {rule_id for rule_id, setting in contract.settings.items() if not setting.asked}
    expectations = [one for one in expectations if one["meta"]["rule_id"] not in unasked]
    return {"name": contract.export_type, "expectations": expectations, "meta": {"great_expectations_version": "1"}}


def _idle(setting: RuleSetting, built: BuiltRule | None) -> list[str]:
    """What is set of a rule that does not heed it. The build's rules are warnings or what the lake's protocol says of a
    file, and only one that has a pace may be left out."""
    if built is None:
        return ["pace"] if setting.pace else []
    ignored = {"severity": setting.severity is not None}
    if built.pace is None:
        ignored |= {"asked": not setting.asked, "pace": setting.pace is not None}
    return [name for name, is_set in ignored.items() if is_set]


def suite_text(contract: Contract, house: HouseRules) -> str:
    return json.dumps(compile_suite(contract, house), ensure_ascii=False, indent=2) + "\n"


def check_contracts(folder: Path | None = None) -> tuple[list[str], dict[Path, str]]:
    """(the export types, suites that are not what their contracts compile to, as path -> the right text).

    Raises PlanError with the faults of all contracts.
    """
    import duckdb

    root = folder or expectations_dir()
    house = load_house_rules(folder)
    reserved = {
        word
        for (word,) in duckdb.execute(
            "select keyword_name from duckdb_keywords() where keyword_category = 'reserved'"
        ).fetchall()
    }
    names = known_export_types(folder)
    problems: list[Problem] = []
    stale: dict[Path, str] = {}
    for name in names:
        try:
            contract = load_contract(name, folder)
            text = suite_text(contract, house) if contract else ""
        except PlanError as error:
            problems += error.problems
            continue
        # The names of columns stand in the SQL of rules as they are.
        words = sorted(
            {column.name for column in contract.columns if column.role != "dimension"} & reserved if contract else []
        )
        if words:
            label = f"expectations/{name}/contract.yml"
            problems.append(Problem(label, None, "columns", f"SQL's own words: {', '.join(words)}", "another name"))
        path = root / name / "suite.json"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale[path] = text
    if problems:
        raise PlanError(problems)
    return names, stale
