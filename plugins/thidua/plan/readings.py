"""Readings: places where the plan's text allows more than one. A plan is resolved before it is typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thidua.plan.yaml_lines import Path


def is_reading(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"reading"} and isinstance(value["reading"], str)


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


def _well_formed(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The readings that have a name and options; what is wrong with the others the models say."""
    readings = data.get("readings")
    return [
        reading
        for reading in (readings if isinstance(readings, list) else [])
        if isinstance(reading, dict)
        and isinstance(reading.get("reading_id"), str)
        and isinstance(reading.get("options"), dict)
    ]


def options_of(data: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """reading_id -> its options."""
    return {reading["reading_id"]: reading["options"] for reading in _well_formed(data)}


def defaults_of(data: Mapping[str, Any]) -> dict[str, str]:
    """reading_id -> its default option."""
    return {reading["reading_id"]: str(reading.get("default")) for reading in _well_formed(data)}


def position_of(data: Mapping[str, Any], reading_id: str) -> int:
    """Where a reading stands in the list of readings, for the line of a message."""
    return next(
        index
        for index, reading in enumerate(data["readings"])
        if isinstance(reading, dict) and reading.get("reading_id") == reading_id
    )


def replace_readings(data: Any, values: Mapping[str, Any], path: Path = ()) -> Any:
    """The same document with each `{reading: id}` replaced by its value; unknown readings stay for the checks.

    The readings themselves stay as they are: an option is a value, it uses no other reading.
    """
    if is_reading(data):
        return values.get(data["reading"], data)
    if isinstance(data, dict):
        return {
            key: value if (*path, key) == ("readings",) else replace_readings(value, values, (*path, key))
            for key, value in data.items()
        }
    if isinstance(data, list):
        return [replace_readings(value, values, (*path, index)) for index, value in enumerate(data)]
    return data
