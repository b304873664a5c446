"""Readings: places where the plan's text allows more than one. A plan is resolved before it is typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thidua.plan.yaml_lines import Path


def is_reading(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"reading"}


def used_readings(data: Any, path: Path = ()) -> list[tuple[Path, str]]:
    """Where readings are used: (path, reading_id)."""
    if is_reading(data):
        return [(path, data["reading"])]
    if isinstance(data, dict):
        return [
            use
            for key, value in data.items()
            if not (path == () and key == "readings")
            for use in used_readings(value, (*path, key))
        ]
    if isinstance(data, list):
        return [use for index, value in enumerate(data) for use in used_readings(value, (*path, index))]
    return []


def options_of(data: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """reading_id -> its options, as far as they are well formed."""
    readings = data.get("readings")
    return {
        reading["reading_id"]: reading["options"]
        for reading in (readings if isinstance(readings, list) else [])
        if isinstance(reading, dict) and isinstance(reading.get("options"), dict) and "reading_id" in reading
    }


def defaults_of(data: Mapping[str, Any]) -> dict[str, str]:
    readings = data.get("readings")
    return {
        reading["reading_id"]: str(reading.get("default"))
        for reading in (readings if isinstance(readings, list) else [])
        if isinstance(reading, dict) and "reading_id" in reading
    }


def replace_readings(data: Any, values: Mapping[str, Any]) -> Any:
    """The same document with each `{reading: id}` replaced by its value; unknown readings stay for the checks."""
    if is_reading(data):
        return values.get(data["reading"], data)
    if isinstance(data, dict):
        return {key: replace_readings(value, values) for key, value in data.items()}
    if isinstance(data, list):
        return [replace_readings(value, values) for value in data]
    return data
