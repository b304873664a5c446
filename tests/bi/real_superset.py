"""`make test-bi`: a real Superset imports the assets and answers every chart on the snapshot and on Postgres, the same.

Outside of `make test`: Superset's environment is as large as the project's own. Nothing here is skipped: what is missing
fails.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from thidua.settings import Home, repo_root

from tests.bi import browser
from tests.bi.assets import assets, personal_marts
from tests.bi.samples import another_published, in_postgres, marts
from tests.bi.superset import Rows, Server, Superset, comparable

CHARTS = assets().charts
PROGRAM = [str(repo_root() / ".venv-bi" / "bin" / "python"), str(repo_root() / "bi" / "import_assets.py")]
Answers = dict[str, list[Rows]]


def ask_all(server: Server, home: Home) -> Answers:
    """Every chart's saved query, and the same under each campaign's filter: chart, or chart and campaign -> rows."""
    ids = server.charts()
    assert set(ids) == {chart["uuid"] for chart in CHARTS.values()}
    with marts(home) as connection:
        titles = [row[0] for row in connection.execute("select title from dim_campaign order by title").fetchall()]
    assert len(titles) == 5
    found: Answers = {}
    for name, chart in CHARTS.items():
        saved = [comparable(result["data"]) for result in server.saved(ids[chart["uuid"]])]
        context = json.loads(chart["query_context"])
        if any(query.get("series_limit") for query in context["queries"]):
            # The largest lines only: among equals at the edge each database takes its own. Here all are compared.
            assert any(saved)
            context["queries"] = [{**query, "series_limit": 0} for query in context["queries"]]
            saved = [comparable(result["data"]) for result in server.asked(ids[chart["uuid"]], context, [])]
        found[name] = saved
        for title in titles:
            chosen = [{"col": "campaign_title", "op": "IN", "val": [title]}]
            answer = server.asked(ids[chart["uuid"]], context, chosen)
            found[f"{name}: {title}"] = [comparable(result["data"]) for result in answer]
    return found


@pytest.fixture(scope="module")
def superset(tmp_path_factory: pytest.TempPathFactory) -> Superset:
    return Superset(tmp_path_factory.mktemp("superset"))


@pytest.fixture(scope="module")
def snapshot_uri(home: Home) -> str:
    return f"duckdb:///{home.serve / 'current' / 'marts.duckdb'}"


@pytest.fixture(scope="module")
def on_snapshot(superset: Superset, home: Home, snapshot_uri: str) -> Iterator[tuple[Server, Answers]]:
    superset.run(snapshot_uri, str(repo_root() / "bi" / "import.sh"))
    with superset.serving(snapshot_uri) as server:
        server.log_in()
        yield server, ask_all(server, home)


@pytest.fixture(scope="module")
def on_postgres(
    superset: Superset, home: Home, on_snapshot: tuple[Server, Answers], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Answers]:
    """A second installation beside the first, its address the only thing that differs."""
    folder = tmp_path_factory.mktemp("superset-postgres")
    shutil.copy(superset.folder / "superset.db", folder / "superset.db")
    other = Superset(folder, superset.password, superset.key)
    with in_postgres(home) as uri:
        # Imported over what the snapshot's import made: the address changes, nothing is there twice.
        assert other.run(uri, *PROGRAM).strip().endswith("assets → Superset")
        with other.serving(uri) as server:
            server.log_in()
            yield ask_all(server, home)


def test_every_chart_answers_on_the_snapshot(on_snapshot: tuple[Server, Answers]) -> None:
    _, answers = on_snapshot
    assert all(any(rows) for name, rows in answers.items() if ":" not in name)


def test_postgres_answers_the_same(on_snapshot: tuple[Server, Answers], on_postgres: Answers) -> None:
    _, answers = on_snapshot
    assert answers.keys() == on_postgres.keys() and len(answers) == 6 * len(CHARTS)
    different = {name: (answers[name], on_postgres[name]) for name in answers if answers[name] != on_postgres[name]}
    assert not different, json.dumps(different, ensure_ascii=False, indent=1)[:4000]


# chart -> what the marts say, asked without Superset
DIRECT = {
    "eligible_units": "select count(*) filter (where is_eligible) as eligible_units from rpt_ranking",
    "prize_amount": "select sum(amount) as prize_amount from rpt_ranking",
    "rejected_rows": "select sum(rejected_row_count) as rejected_rows from fct_submission join dim_campaign using (campaign_id)",
    "on_time_rate": """
        select cast(count(*) filter (where status = 'on_time') as decimal(18, 9))
            / count(*) filter (where status not in ('not_due', 'excused')) as on_time_rate
        from fct_reporting""",
    "faults_by_rule_and_office": """
        select rule_id, coalesce(o.name, s.name, 'Chưa rõ đơn vị') as office_name,
            map {'critical': 'Trả lại tệp', 'error': 'Loại dòng', 'warning': 'Cảnh báo'}[severity] as severity_label,
            count(*) as faults
        from fct_rejected_row f
        left join fct_submission using (submission_id)
        left join dim_unit o on (f.campaign_id, f.unit_id) = (o.campaign_id, o.unit_id)
        left join dim_unit s on (f.campaign_id, sender_unit_id) = (s.campaign_id, s.unit_id)
        group by all""",
    "ranking": """
        select period_name, coalesce(bloc_name, 'Không thuộc khối') as bloc_name, rank, unit_name, rate_text,
            case is_eligible when true then '✔ Đạt' when false then '✘ Chưa đạt' else '? Chưa có kết quả' end
                as result_label,
            reason_label, missing_count, coalesce(prize_name, '–') as prize_name, amount,
            coalesce(award_status_label, '–') as award_status_label, status_label
        from rpt_ranking""",
}


@pytest.mark.parametrize("name", sorted(DIRECT))
def test_a_chart_says_what_the_marts_say(on_snapshot: tuple[Server, Answers], home: Home, name: str) -> None:
    with marts(home) as connection:
        cursor = connection.execute(DIRECT[name])
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    assert rows and [comparable(rows)] == on_snapshot[1][name]


def test_the_dashboard_in_a_browser(on_snapshot: tuple[Server, Answers], tmp_path: Path) -> None:
    server, _ = on_snapshot
    picture = Path(os.environ.get("THIDUA_BI_PICTURE") or tmp_path / "superset.png").absolute()
    seen = browser.look(server, "Đăng ký, cài đặt", "Quý II", picture)
    # Every chart asked by the page itself, and none with an error.
    assert seen.charts == set(server.charts().values()) and not seen.failed
    # Numbers as Vietnamese offices write them; pass and fail by sign too.
    assert "14.850.000" in seen.text and "90,00%" in seen.text and "✔ Đạt" in seen.text and "✘" in seen.text
    # Nothing was fetched from anywhere else; the pixel of Superset's pages is stopped by the policy.
    assert not seen.foreign and all("Content Security Policy" in error for error in seen.errors), seen.errors
    assert picture.stat().st_size > 50_000


def test_the_snapshot_is_read_only_and_persons_are_refused(on_snapshot: tuple[Server, Answers]) -> None:
    """What SQL Lab answers whoever opens it for the database: marts, but no person, no writing, no file of the server."""
    server, _ = on_snapshot
    (database,) = server.client.get("/api/v1/database/").raise_for_status().json()["result"]
    assert database["expose_in_sqllab"] is False

    def execute(statement: str) -> httpx.Response:
        body = {"database_id": database["id"], "sql": statement, "runAsync": False, "schema": "marts"}
        return server.client.post("/api/v1/sqllab/execute/", json=body)

    (row,) = execute("select count(*) as units from rpt_ranking").raise_for_status().json()["data"]
    assert row["units"] > 100
    for reason, statement in (
        *(("disallowed", f"select * from {table}") for table in sorted(personal_marts())),
        *(("disallowed", f"select * from marts.marts.{table}") for table in sorted(personal_marts())),
        *(("function", f"select * from query_table('{table}')") for table in sorted(personal_marts())),
        *(("function", f"select * from query('select * from {table}')") for table in sorted(personal_marts())),
        ("read-only|DML", "create table made_here as select 1 as one"),
        ("external access|cannot access", "select * from read_csv('/etc/hostname')"),
    ):
        answer = execute(statement)
        assert answer.status_code >= 400 and re.search(reason, answer.text, re.IGNORECASE), answer.text[:1000]


def test_the_file_for_the_page_of_imports(
    superset: Superset, on_snapshot: tuple[Server, Answers], snapshot_uri: str, tmp_path: Path
) -> None:
    server, _ = on_snapshot
    file = tmp_path / "thi-dua.zip"
    superset.run(snapshot_uri, *PROGRAM, "--zip", str(file))
    assert file.stat().st_mode & 0o077 == 0
    with file.open("rb") as content:
        upload = {"formData": ("thi-dua.zip", content, "application/zip")}
        answer = server.client.post("/api/v1/dashboard/import/", files=upload, data={"overwrite": "true"})
    assert answer.status_code == 200, answer.text
    assert len(server.charts()) == len(CHARTS)


def test_a_publish_is_seen_at_once(on_snapshot: tuple[Server, Answers], home: Home) -> None:
    """Under the link's own name DuckDB would give a process the file that it has open."""
    server, answers = on_snapshot
    chart = server.charts()[CHARTS["rejected_rows"]["uuid"]]
    assert [comparable(server.saved(chart)[0]["data"])] == answers["rejected_rows"]
    with another_published(home, "update fct_submission set rejected_row_count = rejected_row_count + 1000"):
        (row,) = server.saved(chart)[0]["data"]
        assert row["rejected_rows"] > 100_000
