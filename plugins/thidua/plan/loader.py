"""Loads a campaign's folder: plan.yml and the CSVs beside it. Every problem is reported at once, with its line."""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from thidua.errors import PlanError, Problem, ThiduaError
from thidua.plan import csvs
from thidua.plan import models as m
from thidua.plan.readings import defaults_of, options_of, position_of, replace_readings, used_readings
from thidua.plan.references import Fault, find_faults
from thidua.plan.row_checks import RowChecks, document_faults, hint, used_targets
from thidua.plan.yaml_lines import Lines, field_name, read_yaml

PLAN_FILE = "plan.yml"
# What is added to a message: the option of a reading under which the fault shows; nothing for the plan by default.
Variants = list[tuple[str, m.PlanDocument]]


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
        raise no_campaigns(folder)
    found = {path.name: path for path in sorted(folder.iterdir()) if path.is_dir() and _holds_files(path)}
    wanted = list(names) if names is not None else list(found)
    problems: list[Problem] = []
    plans: dict[str, Plan] = {}
    for name in wanted:
        if name not in found:
            raise ThiduaError(
                f"không có phong trào / there is no campaign '{name}' in {folder} (there are: {', '.join(found) or 'none'})"
            )
        try:
            plans[name] = load_plan(found[name])
        except PlanError as error:
            problems += error.problems
    if problems:
        raise PlanError(problems)
    return plans


def no_campaigns(folder: Path) -> ThiduaError:
    return ThiduaError(f"không có thư mục phong trào / {folder}: no such folder of campaigns; set THIDUA_CAMPAIGNS")


def _holds_files(folder: Path) -> bool:
    """True too of a folder that may not be read: a campaign must not vanish for want of rights."""
    try:
        with os.scandir(folder):
            return any(file.is_file() for file in folder.rglob("*"))
    except PermissionError:
        return True


def load_plan(folder: Path, campaign_id: str | None = None) -> Plan:
    """Loads and checks one campaign. Its folder is named after it, unless `campaign_id` says otherwise."""
    file = folder / PLAN_FILE
    label = f"{folder.name}/{PLAN_FILE}"
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise PlanError([Problem(label, None, "file", "is missing")]) from error
    except UnicodeDecodeError as error:
        raise PlanError([Problem(label, None, "file", "is not UTF-8; save it as UTF-8")]) from error
    except OSError as error:
        raise PlanError([Problem(label, None, "file", f"cannot be read: {error.strerror}")]) from error
    data, lines, problems = read_yaml(text, label)
    if problems or not isinstance(data, dict):
        raise PlanError(problems or [Problem(label, 1, "plan", "must be a mapping", ", ".join(_sections()))])
    variants = _typed(data, lines, problems)
    _find_strays(folder, problems)
    rows = {
        name: csvs.read_csv(folder / f"{name}.csv", kind, f"{folder.name}/{name}.csv", problems)
        if (folder / f"{name}.csv").exists()
        else []
        for name, kind in csvs.CSV_ROWS.items()
    }
    if not variants:
        raise PlanError(problems)
    plan = Plan(folder, data, variants[0][1], **rows)
    known = campaign_id or _snapshot_name(folder) or folder.name
    if plan.campaign_id != known:
        message = f"'{plan.campaign_id}' is not the name of its folder"
        problems.append(Problem(label, lines.get(("campaign", "campaign_id")), "campaign.campaign_id", message, known))
    if not plan.units:
        # Everything else names units: its faults would only repeat this one.
        units = Problem(f"{folder.name}/units.csv", None, "file", "is missing or has no units")
        raise PlanError([units, *problems])
    RowChecks(plan, problems).run()
    _check_variants(plan, variants, lines, problems)
    if problems:
        raise PlanError(problems)
    return plan


def _find_strays(folder: Path, problems: list[Problem]) -> None:
    """A CSV under a wrong name would be a table that silently is empty."""
    for path in sorted(folder.glob("*.csv")):
        if path.stem not in csvs.CSV_ROWS:
            allowed = [f"{name}.csv" for name in csvs.CSV_ROWS]
            message = f"'{path.name}' is no table of a plan{hint(path.name, allowed)}"
            problems.append(Problem(f"{folder.name}/{path.name}", None, "file", message, ", ".join(allowed)))


def _check_variants(plan: Plan, variants: Variants, lines: Lines, problems: list[Problem]) -> None:
    """Under every option of every reading the targets and units that the document names are in the CSVs."""
    units = {unit.unit_id: unit for unit in plan.units}
    by_default: set[Fault] = set()
    for when, document in variants:
        faults = list(document_faults(document, units, plan.targets))
        for fault in faults:
            if fault not in by_default:
                _add(problems, lines, fault.path, fault.message + when, fault.allowed)
        by_default |= set(faults)
    used = {target for _, document in variants for _, target, _ in used_targets(document)}
    seen: set[str] = set()
    for row in plan.targets:
        if row.target_id not in used | seen:
            message = f"'{row.target_id}' is used nowhere in {PLAN_FILE}{hint(row.target_id, used)}"
            allowed = ", ".join(sorted(used)) or "none"
            problems.append(Problem(f"{plan.folder.name}/targets.csv", row.line, "target_id", message, allowed))
        seen.add(row.target_id)


def _snapshot_name(folder: Path) -> str | None:
    """A snapshot in the lake lies in lake/plans/<campaign>/<instant>-<hash>."""
    return folder.parent.name if (folder / "snapshot.json").exists() else None


def _sections() -> list[str]:
    return list(m.PlanDocument.model_fields)


def _typed(data: Mapping[str, Any], lines: Lines, problems: list[Problem]) -> Variants:
    """The document by its defaults, then with each other option of each reading; none when the default is broken."""
    options, defaults, used = options_of(data), defaults_of(data), used_readings(data)
    for path, reading in used:
        if reading not in options:
            _add(problems, lines, path, f"reading '{reading}' does not exist", sorted(options))
    for reading, choices in options.items():
        place = ("readings", position_of(data, reading))
        if reading not in {name for _, name in used}:
            _add(problems, lines, place, f"reading '{reading}' is used nowhere")
        if defaults[reading] not in choices:
            _add(problems, lines, (*place, "default"), f"option '{defaults[reading]}' does not exist", sorted(choices))
    if problems:
        return []
    base = {reading: choices[defaults[reading]] for reading, choices in options.items()}
    document = _validate(data, base, lines, problems, "")
    if problems or document is None:
        return []
    variants = [("", document)]
    for reading, choices in options.items():
        for option, value in choices.items():
            if option != defaults[reading]:
                when = f" (with {reading} = {option})"
                other = _validate(data, {**base, reading: value}, lines, problems, when)
                variants += [(when, other)] if other else []
    return variants


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
    close = hint(message.split("'")[1], allowed) if allowed is not None and "'" in message else ""
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
