"""The dashboard as it lies in bi/: what Superset imports, read as data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from thidua.settings import dbt_dir, repo_root

BI = repo_root() / "bi"
Document = dict[str, Any]


@dataclass(frozen=True)
class Assets:
    """Name of the file -> its content; charts and datasets by their uuid too, as they name each other."""

    databases: dict[str, Document]
    datasets: dict[str, Document]
    charts: dict[str, Document]
    dashboards: dict[str, Document]

    @property
    def dataset_of(self) -> dict[str, Document]:
        return {dataset["uuid"]: dataset for dataset in self.datasets.values()}


@cache
def assets() -> Assets:
    def read(folder: str) -> dict[str, Document]:
        found = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in (BI / folder).rglob("*.yaml")}
        assert found, folder
        return found

    return Assets(*map(read, ("databases", "datasets", "charts", "dashboards")))


@cache
def contracts() -> dict[str, Document]:
    """Every mart as its contract has it."""
    paths = sorted((dbt_dir() / "models" / "marts").glob("*.yml"))
    models = [model for path in paths for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]]
    assert models
    return {model["name"]: model for model in models}


def personal_marts() -> set[str]:
    found = {name for name, model in contracts().items() if "pii" in model.get("config", {}).get("tags", [])}
    assert found
    return found


def files_below(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
