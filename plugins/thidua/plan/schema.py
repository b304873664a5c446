"""The JSON Schema of plan.yml for editors, generated from the models, with `{reading: id}` allowed for any value."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from thidua.plan.models import PlanDocument

_READING = {
    "type": "object",
    "properties": {"reading": {"type": "string"}},
    "required": ["reading"],
    "additionalProperties": False,
    "description": "The chosen option of a reading takes this place",
}


def plan_schema() -> str:
    """The schema as text, as it stands in campaigns/plan.schema.json."""
    schema = PlanDocument.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    for name, definition in definitions.items():
        if name not in {"Reading", "Campaign"}:
            for key, value in definition.get("properties", {}).items():
                if "const" not in value and not key.endswith("_id") and not _holds_words(value):
                    definition["properties"][key] = {"anyOf": [value, {"$ref": "#/$defs/ReadingUse"}]}
    definitions["ReadingUse"] = _READING
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "thidua plan"
    return json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _holds_words(value: Any) -> bool:
    """Whether a field holds other words: their parts may be readings, they themselves not. A threshold may, since a
    percentage can stand in the place of a target."""
    return bool(set(re.findall(r"#/\$defs/(\w+)", json.dumps(value))) - {"TargetRate"})


@cache
def _plain_schema() -> dict[str, Any]:
    return PlanDocument.model_json_schema(by_alias=True)


def fields_at(loc: tuple[str | int, ...]) -> list[str]:
    """The fields that the language allows at a place of a pydantic error (with its variant tags)."""
    schema: Any = _plain_schema()
    definitions = schema["$defs"]
    for part in loc:
        schema = _follow(schema, definitions)
        if isinstance(part, int):
            schema = schema.get("items", {})
        elif part in schema.get("properties", {}):
            schema = schema["properties"][part]
        elif part in schema.get("discriminator", {}).get("mapping", {}):
            schema = {"$ref": schema["discriminator"]["mapping"][part]}
    return list(_follow(schema, definitions).get("properties", {}))


def _follow(schema: Any, definitions: Any) -> Any:
    while True:
        if "$ref" in schema:
            schema = definitions[schema["$ref"].rsplit("/", 1)[1]]
        elif "anyOf" in schema:
            schema = next((option for option in schema["anyOf"] if option.get("type") != "null"), {})
        else:
            return schema
