"""Exposures and the semantic layer refer to what is there; that they are well formed dbt says itself in every build."""

from __future__ import annotations

import re
from typing import Any

import duckdb
import pytest
import yaml
from thidua.settings import dbt_dir, repo_root

from tests.bi.assets import contracts, files_below, personal_marts

MODELS = dbt_dir() / "models"
EXPOSURES: list[dict[str, Any]] = yaml.safe_load((MODELS / "exposures.yml").read_text(encoding="utf-8"))["exposures"]
SEMANTIC = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((MODELS / "semantic").glob("*.yml"))]
SEMANTIC_MODELS: dict[str, dict[str, Any]] = {
    model["name"]: model for document in SEMANTIC for model in document["semantic_models"]
}


def referred(text: str) -> str:
    (name,) = re.findall(r"^ref\('(\w+)'\)$", text)
    return str(name)


@pytest.mark.parametrize("exposure", EXPOSURES, ids=lambda exposure: exposure["name"])
def test_an_exposure_names_its_owner_and_the_marts_that_are_read(exposure: dict[str, Any]) -> None:
    assert exposure["owner"]["name"] and exposure["url"].startswith("http") and exposure["maturity"]
    named = {referred(text) for text in exposure["depends_on"]}
    assert named and named <= set(contracts()) - personal_marts()
    # By the words of the files that read, for those that lie in this repository.
    read = {
        word
        for source in exposure.get("config", {}).get("meta", {}).get("read_by", [])
        for path in files_below(repo_root() / source)
        for word in re.findall(r"\b(?:dim|fct|rpt)_[a-z_]+", path.read_text(encoding="utf-8"))
    }
    assert not read or read & set(contracts()) == named


def test_the_four_readers_are_exposed() -> None:
    names = {exposure["name"] for exposure in EXPOSURES}
    assert names == {"superset_dashboard", "desk_ranking", "closing_annexes", "connected_spreadsheets"}


@pytest.mark.parametrize("name", sorted(SEMANTIC_MODELS))
def test_a_semantic_model_names_columns_that_its_mart_has(name: str) -> None:
    model = SEMANTIC_MODELS[name]
    mart = contracts()[referred(model["model"])]
    assert mart["name"] not in personal_marts()
    with duckdb.connect() as connection:
        columns = ", ".join(f'"{column["name"]}" {column["data_type"]}' for column in mart["columns"])
        connection.execute(f"create table mart ({columns})")
        parts = [*model["entities"], *model.get("dimensions", []), *model.get("measures", [])]
        assert parts
        for part in parts:
            connection.execute(f"select {part.get('expr', part['name'])} from mart")


def test_the_metrics_that_people_ask_for_are_defined() -> None:
    metrics = {metric["name"]: metric for document in SEMANTIC for metric in document.get("metrics", [])}
    assert {"registered_accounts", "accounts_added", "units_eligible", "on_time_rate", "rejected_rows"} <= set(metrics)
    assert all(metric["label"] and metric["description"] for metric in metrics.values())
