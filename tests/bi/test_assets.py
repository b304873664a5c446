"""The dashboard refers only to what is there: marts and columns of their contracts, without personal data or secrets.

`make test-bi` asks a real Superset; here the same SQL meets empty tables of the contracts' columns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import duckdb
import pytest
from thidua.settings import repo_root

from tests.bi.assets import BI, Document, assets, contracts, files_below, personal_marts


@pytest.fixture(scope="module")
def marts() -> Iterator[duckdb.DuckDBPyConnection]:
    """Empty marts in schema `main`; those of personal data are not there at all."""
    with duckdb.connect() as connection:
        for name, model in contracts().items():
            if name not in personal_marts():
                columns = ", ".join(f'"{column["name"]}" {column["data_type"]}' for column in model["columns"])
                connection.execute(f"create table {name} ({columns})")
        yield connection


def columns_of(marts: duckdb.DuckDBPyConnection, sql: str) -> list[str]:
    return [row[0] for row in marts.execute(f"describe {sql}").fetchall()]


@pytest.mark.parametrize("name", sorted(assets().datasets))
def test_a_dataset_reads_marts_and_declares_its_columns(marts: duckdb.DuckDBPyConnection, name: str) -> None:
    dataset = assets().datasets[name]
    assert columns_of(marts, dataset["sql"]) == [column["column_name"] for column in dataset["columns"]]
    assert all(column["verbose_name"] for column in dataset["columns"])
    for metric in dataset["metrics"]:
        marts.execute(f"select {metric['expression']} from ({dataset['sql']}) as dataset").fetchall()
    # A schema before a table is ambiguous to DuckDB, whose file is named as the schema is; Postgres gets it from here.
    assert dataset["schema"] == "marts" and "marts." not in dataset["sql"]
    assert dataset["database_uuid"] in {database["uuid"] for database in assets().databases.values()}


@pytest.mark.parametrize("name", sorted(assets().charts))
def test_a_chart_asks_for_what_its_dataset_has(name: str) -> None:
    chart = assets().charts[name]
    dataset = assets().dataset_of[chart["dataset_uuid"]]
    columns = {column["column_name"] for column in dataset["columns"]}
    metrics = {metric["metric_name"] for metric in dataset["metrics"]}
    queries = json.loads(chart["query_context"])["queries"]
    assert queries
    for query in queries:
        asked = {
            column["sqlExpression"] if isinstance(column, dict) else column
            for column in [*query.get("columns", []), *(condition["col"] for condition in query.get("filters", []))]
        }
        assert asked <= columns
        assert set(query.get("metrics") or []) <= metrics
        assert {key for key, _ in query.get("orderby") or []} <= columns | metrics
    params = chart["params"]
    named = [params.get("x_axis"), params.get("metric"), *params.get("groupby", []), *params.get("metrics", [])]
    named += [*params.get("all_columns", []), *params.get("metrics_b", []), *params.get("column_config", {})]
    assert {key for key in named if key} <= columns | metrics
    # Figures are formatted by the server's locale (dots for thousands), never by a currency or a template of their own.
    assert "$" not in json.dumps(params)


def test_the_dashboard_shows_every_chart_and_filters_by_campaign_and_period() -> None:
    (dashboard,) = assets().dashboards.values()
    position = dashboard["position"]
    shown = {item["meta"]["uuid"] for item in position.values() if isinstance(item, dict) and item["type"] == "CHART"}
    assert shown == {chart["uuid"] for chart in assets().charts.values()}
    targets: dict[str, Document] = {}
    for chosen in dashboard["metadata"]["native_filter_configuration"]:
        (target,) = chosen["targets"]
        dataset = assets().dataset_of[target["datasetUuid"]]
        assert target["column"]["name"] in {column["column_name"] for column in dataset["columns"]}
        assert chosen["sortMetric"] in {metric["metric_name"] for metric in dataset["metrics"]}
        targets[target["column"]["name"]] = chosen
    assert {"campaign_title", "period_name"} <= set(targets)
    # Every dataset can be filtered by campaign: a chart that cannot would show all campaigns mixed.
    for dataset in assets().datasets.values():
        assert "campaign_title" in {column["column_name"] for column in dataset["columns"]}
    # Colours that colour-blind people tell apart (Okabe and Ito), and a sign beside each.
    colours = dashboard["metadata"]["label_colors"]
    assert colours["✔ Đạt"] == "#0072B2" and colours["✘ Chưa đạt"] == "#D55E00"


def test_no_secret_and_no_person_in_what_is_committed() -> None:
    (database,) = assets().databases.values()
    assert database["sqlalchemy_uri"] == "duckdb:////replaced/at/import/marts.duckdb"
    assert not (database["expose_in_sqllab"] or database["allow_dml"] or database["allow_ctas"])
    config = (BI / "superset_config.py").read_text(encoding="utf-8")
    for path in files_below(BI):
        if path.suffix in {".pyc", ".txt"}:
            continue
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"://[^\s:/@<]+:[^\s@<•]+@", text), path
        if path.suffix == ".yaml":
            assert not any(name in text for name in personal_marts()), path
    # Superset itself refuses these by name; a new table of persons must be among them.
    assert all(f'"{name}"' in config for name in personal_marts())


def test_superset_starts_with_no_default_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    config = (BI / "superset_config.py").read_text(encoding="utf-8")
    source = config[config.index("def secret") : config.index("SECRET_KEY =")]
    scope: dict[str, object] = {}
    exec(f"import os\nfrom pathlib import Path\n{source}", scope)  # noqa: S102  (the file itself needs Superset)
    secret = scope["secret"]
    assert callable(secret)
    for name in ("SUPERSET_SECRET_KEY", "SUPERSET_SECRET_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SystemExit, match="set SUPERSET_SECRET_KEY"):
        secret("SUPERSET_SECRET_KEY")


def test_the_locks_of_bi_are_those_of_their_sources() -> None:
    """Every line of the sources is pinned; the project's own lock stays free of them."""
    for name in ("requirements", "requirements-metrics"):
        wanted = re.findall(r"^[a-z][\w-]*", (BI / f"{name}.in").read_text(), re.MULTILINE)
        pinned = dict(re.findall(r"^([a-z][\w-]*)==(\S+)", (BI / f"{name}.txt").read_text(), re.MULTILINE))
        assert wanted and set(wanted) <= set(pinned)
    project = (repo_root() / "requirements.txt").read_text()
    assert "superset" not in project and "metricflow" not in project
    # The snapshot is written by this DuckDB and read by those.
    (duckdb_here,) = re.findall(r"^duckdb==(\S+)", project, re.MULTILINE)
    assert pinned["duckdb"] == duckdb_here
