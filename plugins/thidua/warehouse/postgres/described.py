"""What dbt says of the marts, kept by the last build: descriptions, keys, and which are personal data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from thidua.errors import NotWell
from thidua.files import write_atomic
from thidua.warehouse.dbt_runs import manifest_of
from thidua.warehouse.place import Warehouse

PERSONAL = "pii"
DESCRIBED = "marts.json"
KEY_TESTS = {"unique_key", "unique"}


@dataclass(frozen=True)
class Described:
    """One mart. A table that dbt does not know counts as personal: closed until somebody says otherwise."""

    is_personal: bool = True
    description: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    key: tuple[str, ...] = ()


def write_described(warehouse: Warehouse) -> None:
    """Keeps beside the warehouse what its models say of the marts: a publish needs no dbt."""
    nodes = manifest_of(warehouse).nodes.values()
    models = [node.to_dict() for node in nodes if node.resource_type == "model" and node.schema == "marts"]
    tests = [node.to_dict() for node in nodes if node.resource_type == "test" and node.attached_node]
    described = {name: asdict(mart) for name, mart in described_by(models, tests).items()}
    write_atomic(warehouse.work / DESCRIBED, json.dumps(described, ensure_ascii=False, indent=1).encode())


def described_marts(version: Path) -> dict[str, Described]:
    """name -> what the models said that made a published version. Raises NotWell when nothing is kept of it."""
    path = version / DESCRIBED
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise NotWell(
            f"thiếu / missing: {path}, which tells what is personal data; run `thidua build --full`, then publish"
        ) from None
    return {name: Described(**{**mart, "key": tuple(mart["key"])}) for name, mart in document.items()}


def described_by(models: Iterable[Mapping[str, Any]], tests: Iterable[Mapping[str, Any]]) -> dict[str, Described]:
    """name -> what the nodes of dbt's manifest say."""
    keys: dict[str, tuple[str, ...]] = {}
    for test in tests:
        said = test.get("test_metadata") or {}
        if said.get("name") in KEY_TESTS:
            columns = said["kwargs"].get("columns") or [test["column_name"]]
            # The grain of the model; a column that is unique besides comes after it.
            is_grain = said["name"] == "unique_key"
            if is_grain or test["attached_node"] not in keys:
                keys[test["attached_node"]] = tuple(columns)
    return {
        model["name"]: Described(
            is_personal=_is_personal(model),
            description=_text(model["description"]),
            columns={name: text for name, column in model["columns"].items() if (text := _text(column["description"]))},
            key=keys.get(model["unique_id"], ()),
        )
        for model in models
    }


def _is_personal(model: Mapping[str, Any]) -> bool:
    """By the model's tags; one column that is tagged closes the whole table."""
    columns = model["columns"].values()
    return PERSONAL in model["tags"] or any(PERSONAL in column.get("tags", ()) for column in columns)


def _text(description: str | None) -> str | None:
    return " ".join(description.split()) if description else None
