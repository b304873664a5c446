"""dbt on its own: the unit tests beside the models, and every published table with the columns that others build on."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
import yaml
from thidua.errors import NotWell
from thidua.settings import Home, dbt_dir, repo_root
from thidua.warehouse import raw
from thidua.warehouse.build import build_models, write_docs
from thidua.warehouse.data_tests import data_tests
from thidua.warehouse.dbt_runs import fingerprint, run_dbt
from thidua.warehouse.place import FileWarehouse
from thidua.warehouse.publish import export_marts

# Columns that stay, as promised to BI tools.
PUBLISHED = {
    "dim_campaign": "campaign_id title document_number issued_by starts_at ends_at",
    "dim_unit": "campaign_id unit_id name unit_type bloc_id parent_unit_id",
    "dim_period": "campaign_id period_id name kind window_from closing_date cutoff_at",
    "dim_report_due": "campaign_id period_id export_type from_unit_id to_unit_id due_at",
    "dim_date": "date_day year_number quarter_number month_number weekday_number",
    "dim_reading": "campaign_id reading_id options chosen default_option reason decision_id clause",
    "fct_submission": "submission_id campaign_id export_type file_name received_at content_sha256 outcome duplicate_of "
    "received_row_count accepted_row_count rejected_row_count ignored_row_count",
    "fct_submission_scope": "submission_id campaign_id export_type unit_id as_of_date is_current superseded_by",
    "fct_rejected_row": "submission_id sheet line_number column_name rule_id severity value message",
    "fct_reporting": "campaign_id period_id export_type from_unit_id to_unit_id due_at status submission_id",
    "fct_progress": "campaign_id unit_id metric_id period_id as_of_date cumulative_count baseline_count "
    "increment_count target_count target_rate progress_rate",
    "fct_progress_breakdown": "campaign_id unit_id metric_id period_id as_of_date dimension member",
    "fct_measure": "campaign_id period_id unit_id measure_id as_of_date numerator denominator progress_rate",
    "fct_gate_result": "campaign_id period_id unit_id gate_id numerator denominator threshold result clause",
    "fct_eligibility": "campaign_id period_id bloc_id unit_id numerator denominator progress_rate threshold_rate "
    "as_of_date is_eligible reason_code missing_count",
    "fct_ranking": "campaign_id period_id bloc_id unit_id rank is_tied prize_id clause",
    "fct_award": "campaign_id period_id bloc_id authority_unit_id recipient_kind unit_id prize_id places amount "
    "amount_min amount_max status clause",
    "fct_nomination_quota": "campaign_id period_id unit_id quota amount_per_person",
    "fct_goal": "campaign_id goal_id value goal_value due_on is_met",
    "fct_ranking_version": "campaign_id period_id bloc_id unit_id rank is_tied prize_id clause numerator denominator "
    "amount quota version approved_at content_hash",
    "fct_schedule": "campaign_id dimension member planned_from planned_through first_event_at status",
    "fct_backlog": "campaign_id backlog_id dimension member received_count resolved_count open_count oldest_open_days",
    "fct_event_source": "campaign_id unit_id metric_id period_id counted_on submission_id counted_rows",
    "fct_check": "campaign_id check_id period_id unit_id actual expected result",
    "fct_decision": "decision_id campaign_id kind subject decided_by recorded_at reason status",
    "fct_candidate": "campaign_id period_id prize_id person_key unit_id score completed_at",
    "fct_unit_candidate": "campaign_id period_id prize_id authority_unit_id bloc_id unit_id result reason_code is_awarded",
    "fct_dossier": "campaign_id period_id unit_id gate_id in_period_id result conditions_met conditions",
    "fct_awarded_person": "campaign_id period_id prize_id unit_id name amount version",
    "rpt_ranking": "campaign_id period_id bloc_id unit_id status rate_text amount",
}


@pytest.fixture(scope="module")
def empty_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every model built over a lake that holds nothing."""
    database = tmp_path_factory.mktemp("empty") / "warehouse" / "build.duckdb"
    connection = raw.open_warehouse(database)
    nothing = raw.Inputs(batches={}, plan_hashes={}, plan_rows={}, decisions=[])
    now = datetime(2023, 7, 5, tzinfo=UTC)
    raw.lay_inputs(connection, nothing, raw.read_state(connection), now, None)
    connection.close()
    build_models(FileWarehouse(database))
    return database


def test_every_published_table_stands_even_without_data(empty_warehouse: Path, tmp_path: Path) -> None:
    tables = export_marts(FileWarehouse(empty_warehouse), tmp_path)
    with duckdb.connect(str(tmp_path / "marts.duckdb"), read_only=True) as served:
        # The file's own name makes a catalog `marts` too: `marts.<table>` alone would be ambiguous to DuckDB.
        served.execute("use marts.marts")
        for table, columns in PUBLISHED.items():
            found = {row[0] for row in served.execute(f"describe {table}").fetchall()}
            assert set(columns.split()) <= found, table
            parquet = {row[0] for row in served.execute(f"describe from '{tmp_path}/{table}.parquet'").fetchall()}
            assert parquet == found
    assert set(PUBLISHED) <= set(tables)


def test_a_row_that_is_lost_fails_the_build(empty_warehouse: Path, tmp_path: Path) -> None:
    """Received = accepted + rejected + ignored is no tautology: the four are counted apart."""
    database = tmp_path / "warehouse" / "build.duckdb"
    database.parent.mkdir()
    shutil.copy(empty_warehouse, database)
    with duckdb.connect(str(database)) as connection:
        for table in ("staging.stg_submissions", "marts.fct_submission"):
            connection.execute(
                f"insert into {table} (submission_id, received_row_count, accepted_row_count, rejected_row_count, "
                "ignored_row_count) values ('s', 10, 7, 1, 1)"
            )
    with pytest.raises(NotWell, match=r"is_accepted_rejected_or_ignored.*and 1 more"):
        run_dbt(
            FileWarehouse(database),
            "test",
            "--select",
            "stg_submissions,test_type:data",
            "fct_submission,test_type:data",
        )
    # The build asks the same of what it made: here of the mart alone, which keeps what is not dirty.
    with pytest.raises(
        NotWell, match="nothing was published: every_row_is_accepted_rejected_or_ignored: Got 1 results"
    ):
        build_models(FileWarehouse(database), ["fct_submission"])
    log = (database.parent / "dbt" / "dbt.log").read_text()
    assert "where not coalesce(received_row_count = accepted_row_count + " in log, "the query that finds the row"


def test_a_build_asks_every_data_test(empty_warehouse: Path) -> None:
    listed = run_dbt(FileWarehouse(empty_warehouse), "list", "--select", "test_type:data", "--output", "name")
    tests = data_tests(FileWarehouse(empty_warehouse))
    assert len(listed) > 80
    assert sorted(test.name for test in tests) == sorted(listed)
    log = (empty_warehouse.parent / "dbt" / "dbt.log").read_text()
    assert f"\n{len(tests)} data tests, 0 broken\n" in log


def test_the_documentation_tells_of_every_table(empty_warehouse: Path) -> None:
    page = write_docs(Home(empty_warehouse.parents[1])).read_text()
    assert all(f'"model.thidua.{table}"' in page for table in PUBLISHED)


def test_unit_tests_of_the_models(empty_warehouse: Path) -> None:
    declared = sum(
        len(yaml.safe_load(path.read_text()).get("unit_tests", [])) for path in dbt_dir().rglob("models/**/*.yml")
    )
    assert declared >= 13
    run_dbt(FileWarehouse(empty_warehouse), "test", "--select", "test_type:unit")


def test_other_numbers_of_a_rule_are_another_warehouse(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint()
    assert fingerprint() == before
    monkeypatch.setattr("thidua.intake.pace.pace_rows", lambda: [{"times": 7}])
    assert fingerprint() != before


def test_a_yml_stands_beside_every_model_and_names_its_grain() -> None:
    models = sorted((dbt_dir() / "models").rglob("*.sql"))
    assert models
    for path in models:
        document = yaml.safe_load(path.with_suffix(".yml").read_text())
        (model,) = document["models"]
        assert model["name"] == path.stem
        assert re.search(r"One row per .+\.\s*$", model["description"]), path.stem


def test_no_code_names_a_campaign(campaign_ids: list[str]) -> None:
    assert campaign_ids
    code = [*dbt_dir().rglob("*.sql"), *(repo_root() / "plugins").rglob("*.py"), *(repo_root() / "dags").rglob("*.py")]
    for path in code:
        text = path.read_text().lower()
        for campaign_id in campaign_ids:
            assert campaign_id not in text, path
            assert campaign_id.replace("-", "_") not in text, path
