"""What dbt says of the marts, from the manifest of the last build: descriptions, keys, and which are personal data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from thidua.errors import NotWell
from thidua.settings import Home

PERSONAL = "pii"
KEY_TESTS = {"unique_key", "unique"}


@dataclass(frozen=True)
class Described:
    """One mart. A table that dbt does not know counts as personal: closed until somebody says otherwise."""

    is_personal: bool = True
    description: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    key: tuple[str, ...] = ()


def described_marts(home: Home) -> dict[str, Described]:
    """name -> what the manifest of the last build says. Raises NotWell when there is no manifest."""
    path = home.warehouse / "dbt" / "manifest.json"
    try:
        nodes: dict[str, Any] = json.loads(path.read_bytes())["nodes"]
    except FileNotFoundError:
        raise NotWell(
            f"thiếu / missing: {path}, which tells what is personal data; run `thidua build --full`, then publish"
        ) from None
    keys: dict[str, tuple[str, ...]] = {}
    for node in nodes.values():
        test = node.get("test_metadata") or {}
        if node["resource_type"] == "test" and test.get("name") in KEY_TESTS and node.get("attached_node"):
            columns = test["kwargs"].get("columns") or [node["column_name"]]
            # The grain of the model; a column that is unique besides comes after it.
            is_grain = test["name"] == "unique_key"
            if is_grain or node["attached_node"] not in keys:
                keys[node["attached_node"]] = tuple(columns)
    return {
        node["name"]: Described(
            is_personal=_is_personal(node),
            description=_text(node["description"]),
            columns={name: text for name, column in node["columns"].items() if (text := _text(column["description"]))},
            key=keys.get(unique_id, ()),
        )
        for unique_id, node in nodes.items()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    }


def _is_personal(model: Mapping[str, Any]) -> bool:
    """By the model's tags; one column that is tagged closes the whole table."""
    columns = model["columns"].values()
    return PERSONAL in model["tags"] or any(PERSONAL in column.get("tags", ()) for column in columns)


def _text(description: str | None) -> str | None:
    return " ".join(description.split()) if description else None
