"""`make test-bi`: MetricFlow itself reads the semantic layer over the samples, and says what SQL says."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest
from thidua.settings import Home, dbt_dir, repo_root

from tests.bi.samples import marts

PROGRAMS = repo_root() / ".venv-metrics" / "bin"
LATEST = """
    select campaign_id, metric_id, sum({0}) from (
        select *, row_number() over (partition by campaign_id, unit_id, metric_id, period_id order by as_of_date desc) as age
        from fct_progress
    ) where age = 1 group by all"""
# metrics, what they are grouped by -> the same in SQL over the marts
DIRECT = {
    ("units_judged,units_eligible,prize_amount,nomination_quota", "campaign"): """
        select campaign_id, count(*), count(*) filter (where is_eligible), sum(amount), sum(nomination_quota)
        from rpt_ranking group by all""",
    ("units_eligible,eligible_rate", "campaign,standing_row__closing_date"): """
        select campaign_id, cast(closing_date as timestamp), count(*) filter (where is_eligible),
            cast(count(*) filter (where is_eligible) as decimal(18, 9)) / count(*)
        from rpt_ranking group by all""",
    ("reports_due,reports_on_time,reports_missing,on_time_rate", "campaign,report__export_type"): """
        select campaign_id, export_type, count(*) filter (where status not in ('not_due', 'excused')) as due,
            count(*) filter (where status = 'on_time') as on_time, count(*) filter (where status in ('missing', 'returned')),
            cast(on_time as decimal(18, 9)) / due
        from fct_reporting group by all""",
    ("files_received,files_returned,rejected_rows,judged_rows,rejection_rate", "campaign"): """
        select campaign_id, count(*), count(*) filter (where outcome = 'returned'), sum(rejected_row_count) as rejected,
            sum(rejected_row_count + accepted_row_count) as judged, cast(rejected as decimal(18, 9)) / judged
        from fct_submission group by all""",
    ("faults_found", "campaign,fault__rule_id"): "select campaign_id, rule_id, count(*) from fct_rejected_row group by all",
    ("registered_accounts", "campaign,progress_row__metric_id"): LATEST.format("cumulative_count"),
    ("accounts_added", "campaign,progress_row__metric_id"): LATEST.format("increment_count"),
    ("registered_accounts", "unit__unit_type,campaign__campaign_title"): """
        select unit_type, title, sum(cumulative_count) from (
            select *, row_number() over (
                partition by campaign_id, unit_id, metric_id, period_id order by as_of_date desc
            ) as age
            from fct_progress
        ) join dim_unit using (campaign_id, unit_id) join dim_campaign using (campaign_id)
        where age = 1 group by all""",
}  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, home: Home) -> Project:
    """A copy of the dbt project, parsed there: MetricFlow writes beside it."""
    folder = tmp_path_factory.mktemp("metrics") / "dbt_project"
    shutil.copytree(dbt_dir(), folder, ignore=shutil.ignore_patterns("target", "logs"))
    project = Project(folder, home)
    project.run("dbt", "parse")
    return project


class Project:
    def __init__(self, folder: Path, home: Home) -> None:
        self.folder, self._home = folder, home

    def run(self, program: str, *arguments: str) -> str:
        environment = {
            "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
            "HOME": str(self.folder.parent),
            "LANG": "C.UTF-8",
            "DBT_PROFILES_DIR": str(self.folder),
            "THIDUA_WAREHOUSE": str(self._home.db),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DO_NOT_TRACK": "1",
        }
        command = [str(PROGRAMS / program), *arguments]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout


def test_metricflow_finds_no_fault_in_the_semantic_layer(project: Project) -> None:
    """Each entity, dimension, measure and metric is asked of the warehouse."""
    said = project.run("mf", "validate-configs", "--show-all")
    assert said.count("ERRORS: 0, FUTURE_ERRORS: 0") >= 6, said


@pytest.mark.parametrize(("metrics", "grouped_by"), sorted(DIRECT))
def test_a_metric_says_what_the_marts_say(
    project: Project, home: Home, tmp_path: Path, metrics: str, grouped_by: str
) -> None:
    file = tmp_path / "answer.csv"
    project.run("mf", "query", "--metrics", metrics, "--group-by", grouped_by, "--csv", str(file))
    with file.open(encoding="utf-8", newline="") as text:
        rows = [{name.removesuffix("__day"): value for name, value in row.items()} for row in csv.DictReader(text)]
    # MetricFlow puts the columns in an order of its own.
    keys = len(grouped_by.split(","))
    answered = [[row[name] for name in f"{grouped_by},{metrics}".split(",")] for row in rows]
    with marts(home) as connection:
        expected = connection.execute(DIRECT[metrics, grouped_by]).fetchall()
    assert answered and _plain(answered, keys) == _plain(expected, keys)


def _plain(rows: list[list[str]] | list[tuple[object, ...]], keys: int) -> dict[tuple[str, ...], list[Decimal | None]]:
    """Keys as text -> figures, rates at six places; a group without any figure is none."""
    found = {}
    for row in rows:
        figures = [None if value in (None, "") else round(Decimal(str(value)), 6) for value in row[keys:]]
        if any(figure is not None for figure in figures):
            found[tuple(str(value).removesuffix(" 00:00:00") for value in row[:keys])] = figures
    return found
