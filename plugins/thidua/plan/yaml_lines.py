"""YAML with the line of every value, and its traps refused: floats, `20:00`, `010`, `on:`, duplicate keys."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import yaml

from thidua.errors import Problem

Path = tuple[str | int, ...]


class Lines:
    """Where each value stands: the line of a path, or of the nearest path around it."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._lines: dict[Path, int] = {}

    def put(self, path: Path, line: int) -> None:
        self._lines[path] = line

    def get(self, path: Path) -> int | None:
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def has(self, path: Path) -> bool:
        return path in self._lines


def field_name(path: Path) -> str:
    """`awards[3].per.metric` for a path."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "plan"


def read_yaml(text: str, file: str) -> tuple[Any, Lines, list[Problem]]:
    """The document as plain data, the lines of its values, and what no plan may hold."""
    lines = Lines(file)
    problems: list[Problem] = []
    try:
        root = _compose(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or "not YAML"
        problems.append(Problem(file, mark.line + 1 if mark else None, "plan", f"cannot be read: {reason}"))
        return None, lines, problems
    except RecursionError:
        problems.append(Problem(file, None, "plan", "cannot be read: nested too deeply"))
        return None, lines, problems
    if root is None:
        problems.append(Problem(file, None, "plan", "is empty"))
        return None, lines, problems
    constructor = yaml.SafeLoader("")
    return _construct(root, (), lines, problems, constructor, ()), lines, problems


@lru_cache(maxsize=128)
def _compose(text: str) -> yaml.Node | None:
    """The nodes of a document, which nobody changes. A build reads every plan as it stands and again as it is recorded,
    and parsing is nine tenths of that. Not libyaml's parser: it takes what this one refuses, and a deep document kills
    the process."""
    return yaml.compose(text, Loader=yaml.SafeLoader)


def _construct(
    node: yaml.Node,
    path: Path,
    lines: Lines,
    problems: list[Problem],
    constructor: yaml.SafeLoader,
    around: tuple[int, ...],
) -> Any:
    line = node.start_mark.line + 1
    lines.put(path, line)

    def complain(message: str, where: Path = path, at: int = line) -> None:
        problems.append(Problem(lines.file, at, field_name(where), message))

    if id(node) in around:
        complain("holds itself through an alias")
        return None
    around = (*around, id(node))
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            at = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                complain("a key must be a word", path, at)
                continue
            key = key_node.value
            if key_node.tag == "tag:yaml.org,2002:bool":
                complain(f"'{key}' as a key is read as true or false; quote it", (*path, key), at)
            if key in result:
                complain("stands twice", (*path, key), at)
            lines.put((*path, key), at)
            result[key] = _construct(value_node, (*path, key), lines, problems, constructor, around)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [
            _construct(item, (*path, index), lines, problems, constructor, around)
            for index, item in enumerate(node.value)
        ]
    if node.tag == "tag:yaml.org,2002:float":
        complain(f"{node.value} is a number with decimals; write a whole number, or a percentage such as 60%")
        return node.value
    if node.tag == "tag:yaml.org,2002:int" and ":" in node.value:
        complain(f"{node.value} is read as a number of minutes; write the full instant with seconds")
        return node.value
    if node.tag == "tag:yaml.org,2002:int" and not re.fullmatch(r"[-+]?(0|[1-9][0-9_]*)", node.value):
        complain(f"{node.value} is not read as a decimal number; write it without leading zeros, or in quotes")
        return node.value
    try:
        return constructor.construct_object(node, deep=True)
    except (yaml.YAMLError, ValueError):
        complain(f"'{node.value}' is not a value")
        return None
