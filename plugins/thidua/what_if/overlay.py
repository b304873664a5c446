"""A plan with what is supposed written into a copy of it, loaded and checked like any other plan."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from thidua.errors import ThiduaError
from thidua.plan.compile import closing_date_of
from thidua.plan.csvs import TargetRow, parse_count
from thidua.plan.loader import PLAN_FILE, Plan, load_plan
from thidua.plan.models import Period
from thidua.plan.readings import is_reading
from thidua.plan.snapshots import plan_files
from thidua.reports.served import check_known
from thidua.what_if.scenario import Scenario, Subject

SOURCE = "what-if"  # stands where the number of a decision would
_PERIOD_CONTEXT = {"events", "all_of"}  # their values belong to a period; those of other kinds to a day or to none


def overlaid_plan(plan: Plan, period_id: str, scenario: Scenario, folder: Path) -> Plan:
    """Copies the plan into `folder` and changes the copy. Raises ThiduaError where the change makes no valid plan."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in plan_files(plan.folder):
        shutil.copyfile(path, folder / path.name)
    period = _period(plan, period_id)
    if scenario.rules:
        data = yaml.safe_load(yaml.safe_dump(plan.data, allow_unicode=True, sort_keys=False))
        for path_text, value in scenario.rules:
            _set_rule(data, path_text, yaml.safe_load(value))
        text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
        (folder / PLAN_FILE).write_text(text, encoding="utf-8")
    for target in scenario.targets:
        _set_target(plan, period, target, folder / "targets.csv")
    return load_plan(folder, plan.campaign_id)


def assumed_values(plan: Plan, period_id: str, scenario: Scenario) -> list[dict[str, Any]]:
    """The rows of raw.assumed_values, each in the shape in which the models know a metric of its kind."""
    closing = closing_date_of(_period(plan, period_id))
    metrics = {metric.metric_id: metric for metric in plan.document.metrics}
    rows = []
    for count in scenario.counts:
        _check_unit(plan, count.unit_id)
        if count.of is None and len(metrics) > 1:
            names = ", ".join(metrics)
            raise ThiduaError(f"số liệu nào / which count of '{count.unit_id}'? write UNIT:METRIC=… (metrics: {names})")
        metric_id = count.of or next(iter(metrics))
        check_known("chỉ tiêu", "metric", metric_id, {name: metric.name for name, metric in metrics.items()})
        kind = metrics[metric_id].kind
        if kind == "instant":
            raise ThiduaError(f"'{metric_id}' là thời điểm / is an instant, no count; it only orders")
        rows.append(
            {
                "campaign_id": plan.campaign_id,
                "metric_id": metric_id,
                "unit_id": count.unit_id,
                "period_id": period_id if kind in _PERIOD_CONTEXT else None,
                "as_of_date": None if kind == "reference" else closing.isoformat(),
                "value": _whole(count.value),
            }
        )
    return rows


def _period(plan: Plan, period_id: str) -> Period:
    periods = {period.period_id: period for period in plan.document.periods}
    check_known("kỳ", "period", period_id, {name: period.name for name, period in periods.items()})
    return periods[period_id]


def _check_unit(plan: Plan, unit_id: str) -> None:
    check_known("đơn vị", "unit", unit_id, {unit.unit_id: unit.name for unit in plan.units})


def _whole(text: str) -> int:
    try:
        return int(parse_count(text))
    except ValueError as error:
        raise ThiduaError(f"không phải số nguyên / '{text}': {error}") from error


# ---- rules


def _set_rule(data: dict[str, Any], path: str, value: Any) -> None:
    """`gates.q2_60.at_least`: a section, the id of a rule in it, a field. Lists inside a rule count from 0."""
    parts = path.split(".")
    if len(parts) == 3 and parts[0] == "periods" and parts[2] == "threshold":
        _set_threshold(data, parts[1], value)
        return
    nodes: list[Any] = [data]
    for part in parts[:-1]:
        nodes = [found for node in nodes for found in _step(node, part, path)]
    for node in nodes:
        key: Any = parts[-1]
        if isinstance(node, list):
            key = _position(node, key, path)
        elif not isinstance(node, dict):
            raise ThiduaError(f"không có chỗ này trong kế hoạch / the plan has no '{path}'; see plan.yml")
        before = node[key] if isinstance(node, list) else node.get(key)
        if is_reading(before):
            reading = before["reading"]
            raise ThiduaError(f"'{path}' là một cách hiểu / is open to readings; use --reading {reading}=OPTION")
        node[key] = value


def _step(node: Any, part: str, path: str) -> list[Any]:
    """One word further: a field of a mapping, or the rules of a list that have this id (a measure may stand twice)."""
    if isinstance(node, list) and not part.isdigit():
        names = {_id_of(entry): entry for entry in node if isinstance(entry, dict)}
        check_known("quy tắc", "rule", part, dict.fromkeys(names))
        return [entry for entry in node if isinstance(entry, dict) and _id_of(entry) == part]
    if isinstance(node, list):
        return [node[_position(node, part, path)]]
    if isinstance(node, dict):
        check_known("mục", "field", part, dict.fromkeys(node))
        return [node[part]]
    raise ThiduaError(f"không có chỗ này trong kế hoạch / the plan has no '{path}'; see plan.yml")


def _id_of(entry: Mapping[str, Any]) -> str:
    """A rule is named by the first of its fields, such as gate_id."""
    return str(next((value for key, value in entry.items() if key.endswith("_id")), ""))


def _position(node: list[Any], part: str, path: str) -> int:
    if not part.isdigit() or int(part) >= len(node):
        raise ThiduaError(f"'{path}': cần số từ 0 / '{part}' must be a number below {len(node)}")
    return int(part)


def _set_threshold(data: dict[str, Any], period_id: str, value: Any) -> None:
    """The threshold of one closing: a gate that holds for others too is parted, so that these keep theirs."""
    check_known("kỳ", "period", period_id, {entry["period_id"]: entry.get("name") for entry in data["periods"]})
    gates = [gate for gate in data.get("gates", []) if gate["kind"] == "measure" and period_id in gate["periods"]]
    if len(gates) != 1:
        names = ", ".join(gate["gate_id"] for gate in gates) or "none"
        raise ThiduaError(
            f"kỳ '{period_id}' không có đúng một ngưỡng / has not one threshold but these: {names}; "
            "use --set gates.<gate>.at_least=…"
        )
    gate = gates[0]
    if is_reading(gate["at_least"]):
        raise ThiduaError(f"dùng / use --reading {gate['at_least']['reading']}=OPTION: this threshold is a reading")
    others = [name for name in gate["periods"] if name != period_id]
    if others:
        data["gates"].append({**gate, "gate_id": f"{gate['gate_id']}-others", "periods": others})
    gate.update(periods=[period_id], at_least=value)


# ---- targets


def _set_target(plan: Plan, period: Period, target: Subject, file: Path) -> None:
    """A target of this closing only, in place of the one in force there."""
    _check_unit(plan, target.unit_id)
    mine = [row for row in plan.targets if row.unit_id == target.unit_id]
    known = sorted({row.target_id for row in mine if row.period_id in (None, period.period_id)})
    if target.of is not None:
        check_known("chỉ tiêu", "target", target.of, dict.fromkeys({row.target_id for row in plan.targets}))
    elif len(known) != 1:
        names = ", ".join(known) or "none"
        raise ThiduaError(
            f"chỉ tiêu nào của '{target.unit_id}' / which target: {names}? write UNIT:TARGET={target.value}"
        )
    target_id = target.of or known[0]
    reader = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"), newline=""))
    header = list(reader.fieldnames or TargetRow.model_fields)
    replaced = (target_id, target.unit_id, period.period_id)
    kept = [row for row in reader if (row["target_id"], row["unit_id"], row.get("period_id") or None) != replaced]
    new = {
        "target_id": target_id,
        "unit_id": target.unit_id,
        "period_id": period.period_id,
        "value": target.value,
        "value_kind": "percent" if target.value.endswith("%") else "count",
        "decision_number": SOURCE,
        "effective_from": closing_date_of(period).isoformat(),
    }
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, header, restval="")
        writer.writeheader()
        writer.writerows([*kept, {name: value for name, value in new.items() if name in header}])
