"""Loads a campaign's folder: plan.yml and the CSVs beside it. Every problem is reported at once, with its line."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from thidua.errors import PlanError, Problem, ThiduaError
from thidua.plan import csvs
from thidua.plan import models as m
from thidua.plan.readings import defaults_of, options_of, replace_readings, used_readings
from thidua.plan.references import find_faults
from thidua.plan.yaml_lines import Lines, field_name, read_yaml

PLAN_FILE = "plan.yml"


@dataclass(frozen=True)
class Plan:
    """A campaign's plan: the document with its readings open, the same resolved by default, and the CSVs."""

    folder: Path
    data: Mapping[str, Any] = field(repr=False)
    document: m.PlanDocument = field(repr=False)
    units: list[csvs.UnitRow] = field(repr=False)
    unit_lineage: list[csvs.LineageRow] = field(repr=False)
    targets: list[csvs.TargetRow] = field(repr=False)
    baselines: list[csvs.BaselineRow] = field(repr=False)
    headcounts: list[csvs.HeadcountRow] = field(repr=False)
    references: list[csvs.ReferenceRow] = field(repr=False)
    participants: list[csvs.ParticipantRow] = field(repr=False)

    @property
    def campaign_id(self) -> str:
        return self.document.campaign.campaign_id

    def resolved(self, chosen: Mapping[str, str] | None = None) -> m.PlanDocument:
        """The document with the chosen options, the default where none is chosen. Raises ThiduaError on a wrong one."""
        options, picked = options_of(self.data), {**defaults_of(self.data), **(chosen or {})}
        for reading, option in picked.items():
            if option not in options.get(reading, {}):
                known = ", ".join(options.get(reading, options))
                raise ThiduaError(
                    f"{self.campaign_id}: reading '{reading}' has no option '{option}' (allowed: {known})"
                )
        values = {reading: options[reading][option] for reading, option in picked.items()}
        return m.PlanDocument.model_validate(replace_readings(self.data, values))


def load_campaigns(folder: Path, names: Iterable[str] | None = None) -> dict[str, Plan]:
    """All plans below a folder by campaign_id, or those named. Raises PlanError with the problems of all of them."""
    if not folder.is_dir():
        raise ThiduaError(f"{folder}: no such folder of campaigns; set THIDUA_CAMPAIGNS")
    found = {path.name: path for path in sorted(folder.iterdir()) if path.is_dir() and any(path.iterdir())}
    wanted = list(names) if names is not None else list(found)
    problems: list[Problem] = []
    plans: dict[str, Plan] = {}
    for name in wanted:
        if name not in found:
            raise ThiduaError(f"there is no campaign '{name}' in {folder} (there are: {', '.join(found) or 'none'})")
        try:
            plans[name] = load_plan(found[name])
        except PlanError as error:
            problems += error.problems
    if problems:
        raise PlanError(problems)
    return plans


def load_plan(folder: Path, campaign_id: str | None = None) -> Plan:
    """Loads and checks one campaign. Its folder is named after it, unless `campaign_id` says otherwise."""
    file = folder / PLAN_FILE
    label = f"{folder.name}/{PLAN_FILE}"
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise PlanError([Problem(label, None, "file", "is missing")]) from error
    except (UnicodeDecodeError, PermissionError) as error:
        raise PlanError([Problem(label, None, "file", f"cannot be read: {error}")]) from error
    data, lines, problems = read_yaml(text, label)
    if problems or not isinstance(data, dict):
        raise PlanError(problems or [Problem(label, 1, "plan", "must be a mapping", ", ".join(_sections()))])
    document = _typed(data, lines, problems)
    rows = {
        name: csvs.read_csv(folder / f"{name}.csv", kind, f"{folder.name}/{name}.csv", problems)
        if (folder / f"{name}.csv").exists()
        else []
        for name, kind in csvs.CSV_ROWS.items()
    }
    if document is None:
        raise PlanError(problems)
    plan = Plan(folder, data, document, **rows)
    known = campaign_id or _snapshot_name(folder) or folder.name
    if plan.campaign_id != known:
        message = f"'{plan.campaign_id}' is not the name of its folder"
        problems.append(Problem(label, lines.get(("campaign", "campaign_id")), "campaign.campaign_id", message, known))
    _check_rows(plan, problems)
    if problems:
        raise PlanError(problems)
    return plan


def _snapshot_name(folder: Path) -> str | None:
    """A snapshot in the lake lies in lake/plans/<campaign>/<instant>-<hash>."""
    return folder.parent.name if (folder / "snapshot.json").exists() else None


def _sections() -> list[str]:
    return list(m.PlanDocument.model_fields)


def _typed(data: Mapping[str, Any], lines: Lines, problems: list[Problem]) -> m.PlanDocument | None:
    """The document by its defaults; every option of every reading is tried on the way."""
    options, defaults, used = options_of(data), defaults_of(data), used_readings(data)
    for path, reading in used:
        if reading not in options:
            _add(problems, lines, path, f"reading '{reading}' does not exist", sorted(options))
    for index, reading in enumerate(options):
        if reading not in {name for _, name in used}:
            _add(problems, lines, ("readings", index), f"reading '{reading}' is used nowhere")
    for reading, choices in options.items():
        if defaults[reading] not in choices:
            index = list(options).index(reading)
            path = ("readings", index, "default")
            _add(problems, lines, path, f"option '{defaults[reading]}' does not exist", sorted(choices))
    if problems:
        return None
    base = {reading: choices[defaults[reading]] for reading, choices in options.items()}
    document = _validate(data, base, lines, problems, "")
    if problems:
        return None
    for reading, choices in options.items():
        for option, value in choices.items():
            if option != defaults[reading]:
                _validate(data, {**base, reading: value}, lines, problems, f" (with {reading} = {option})")
    return document


def _validate(
    data: Mapping[str, Any], values: Mapping[str, Any], lines: Lines, problems: list[Problem], when: str
) -> m.PlanDocument | None:
    try:
        document = m.PlanDocument.model_validate(replace_readings(data, values))
    except ValidationError as error:
        for detail in error.errors():
            _add_pydantic(problems, lines, data, dict(detail), when)
        return None
    for fault in find_faults(document):
        _add(problems, lines, fault.path, fault.message + when, fault.allowed)
    return document


def _add(
    problems: list[Problem],
    lines: Lines,
    path: tuple[str | int, ...],
    message: str,
    allowed: Collection[str] | None = None,
) -> None:
    close = ""
    if allowed is not None and "'" in message:
        matches = difflib.get_close_matches(message.split("'")[1], list(allowed), 1)
        close = f"; did you mean '{matches[0]}'?" if matches else ""
    listed = (", ".join(allowed) or "none") if allowed is not None else None
    problems.append(Problem(lines.file, lines.get(path), field_name(path), message + close, listed))


def _add_pydantic(
    problems: list[Problem], lines: Lines, data: Mapping[str, Any], detail: dict[str, Any], when: str
) -> None:
    """Pydantic names the variant of a union inside the path (`gates`, 0, `measure`, `at_least`): leave it out."""
    path: tuple[str | int, ...] = ()
    here: Any = data
    skipped: tuple[str | int, ...] | None = None
    for part in detail["loc"]:
        if isinstance(here, Mapping) and part in (here.get("kind"), here.get("by")) and skipped != path:
            skipped = path
        elif lines.has((*path, part)) or (detail["type"] == "missing" and part == detail["loc"][-1]):
            path = (*path, part)
            try:
                here = here[part]
            except (KeyError, IndexError, TypeError):
                here = None
    context = detail.get("ctx", {})
    allowed = context.get("expected") or context.get("expected_tags")
    message = str(detail["msg"]).removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        message, allowed = "is not a word of the language here", _siblings(detail["loc"])
        matches = difflib.get_close_matches(str(detail["loc"][-1]), (allowed or "").split(", "), 1)
        message += f"; did you mean '{matches[0]}'?" if matches else ""
    elif detail["type"] == "missing":
        message = "is missing"
    elif isinstance(detail["input"], str | int):
        message = f"'{detail['input']}': {message}"
    problem = Problem(lines.file, lines.get(path), field_name(path), message + when, allowed)
    if problem not in problems:
        problems.append(problem)


def _siblings(loc: tuple[str | int, ...]) -> str | None:
    """The fields allowed where an unknown one stood, found through the schema."""
    from thidua.plan.schema import fields_at

    names = fields_at(loc[:-1])
    return ", ".join(names) if names else None


def _check_rows(plan: Plan, problems: list[Problem]) -> None:
    """What the CSVs must agree on with the document and with each other."""
    document, name = plan.document, plan.folder.name
    units = {unit.unit_id: unit for unit in plan.units}
    metrics = {metric.metric_id for metric in document.metrics}
    periods = {period.period_id for period in document.periods}

    def known(file: str, row: csvs.Row, column: str, value: str | None, allowed: Collection[str]) -> None:
        if value is not None and value not in allowed:
            matches = difflib.get_close_matches(value, list(allowed), 1)
            hint = f"; did you mean '{matches[0]}'?" if matches else ""
            listed = ", ".join(sorted(allowed)) if len(allowed) <= 40 else None
            problems.append(Problem(f"{name}/{file}.csv", row.line, column, f"'{value}' does not exist{hint}", listed))

    def twice(file: str, rows: Iterable[Any], key: Callable[[Any], tuple[Any, ...]], columns: str) -> None:
        seen: dict[tuple[Any, ...], int] = {}
        for row in rows:
            first = seen.setdefault(key(row), row.line)
            if first != row.line:
                text = ", ".join(str(part) for part in key(row) if part is not None)
                message = f"'{text}' stands on line {first} already"
                problems.append(Problem(f"{name}/{file}.csv", row.line, columns, message))

    if not plan.units:
        problems.append(Problem(f"{name}/units.csv", None, "file", "is missing or has no units"))
    twice("units", plan.units, lambda row: (row.unit_id,), "unit_id")
    for unit in plan.units:
        known("units", unit, "unit_type", unit.unit_type, document.unit_types)
        known("units", unit, "parent", unit.parent, units)
        if unit.valid_from and unit.valid_through and unit.valid_through < unit.valid_from:
            problems.append(Problem(f"{name}/units.csv", unit.line, "valid_through", "ends before it begins"))
        seen, above = {unit.unit_id}, unit.parent
        while above in units and above is not None:
            if above in seen:
                problems.append(Problem(f"{name}/units.csv", unit.line, "parent", "goes round in a circle"))
                break
            seen.add(above)
            above = units[above].parent
    for lineage in plan.unit_lineage:
        known("unit_lineage", lineage, "from", lineage.from_, units)
        known("unit_lineage", lineage, "to", lineage.to, units)
        if (lineage.kind == "left") != (lineage.to is None):
            message = "a unit that left goes to none; any other goes to one"
            problems.append(Problem(f"{name}/unit_lineage.csv", lineage.line, "to", message))
    twice(
        "targets",
        plan.targets,
        lambda row: (row.target_id, row.unit_id, row.period_id, row.effective_from),
        "target_id, unit_id, period_id, effective_from",
    )
    for target in plan.targets:
        known("targets", target, "unit_id", target.unit_id, units)
        known("targets", target, "period_id", target.period_id, periods)
        try:
            target_value(target)
        except ValueError as error:
            problems.append(Problem(f"{name}/targets.csv", target.line, "value", f"'{target.value}': {error}"))
    for file in ("baselines", "headcounts", "references"):
        for row in getattr(plan, file):
            known(file, row, "metric_id", row.metric_id, metrics)
            known(file, row, "unit_id", row.unit_id, units)
    twice("baselines", plan.baselines, lambda row: (row.metric_id, row.unit_id), "metric_id, unit_id")
    twice(
        "headcounts",
        plan.headcounts,
        lambda row: (row.metric_id, row.unit_id, row.as_of_date),
        "metric_id, unit_id, as_of_date",
    )
    twice(
        "references",
        plan.references,
        lambda row: (row.metric_id, row.unit_id, row.dimension, row.member),
        "metric_id, unit_id, dimension, member",
    )
    for participant in plan.participants:
        known("participants", participant, "period_id", participant.period_id, periods)
        known("participants", participant, "authority_unit_id", participant.authority_unit_id, units)
    twice(
        "participants",
        plan.participants,
        lambda row: (row.period_id, row.authority_unit_id, row.recipient),
        "period_id, authority_unit_id, recipient",
    )
    _check_document_against_rows(plan, units, problems)


def _check_document_against_rows(plan: Plan, units: Mapping[str, csvs.UnitRow], problems: list[Problem]) -> None:
    label = f"{plan.folder.name}/{PLAN_FILE}"
    targets = {row.target_id for row in plan.targets}
    for measure in plan.document.measures:
        if measure.denominator.target and measure.denominator.target not in targets:
            message = f"target '{measure.denominator.target}' of measure '{measure.measure_id}' is not in targets.csv"
            problems.append(Problem(label, None, "measures", message, ", ".join(sorted(targets)) or "none"))
    for award in plan.document.awards:
        for unit in getattr(award, "quota_of", {}):
            if unit not in units:
                matches = difflib.get_close_matches(unit, list(units), 1)
                hint = f"; did you mean '{matches[0]}'?" if matches else ""
                message = f"unit '{unit}' of prize '{award.prize_id}' does not exist{hint}"
                problems.append(Problem(label, None, "awards.quota_of", message))
    for check in plan.document.checks:
        for unit in getattr(check, "count_of", {}):
            if unit not in units:
                message = f"unit '{unit}' of check '{check.check_id}' does not exist"
                problems.append(Problem(label, None, "checks.count_of", message))


def target_value(row: csvs.TargetRow) -> int:
    """People, or whole millionths where the target is a percentage (written 90% or 90.5%)."""
    if row.value_kind == "percent":
        return int(m.parse_percent(row.value))
    return int(csvs.parse_count(row.value))
