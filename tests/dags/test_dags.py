"""The DAGs: imported by Airflow, documented, thin; and run by Airflow itself from landing/ to serve/."""

from __future__ import annotations

import ast
import json
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import pytest
from thidua.errors import NotWell
from thidua.orchestration import steps
from thidua.settings import Home, repo_root

DAGS = sorted((repo_root() / "dags").glob("*.py"))


def airflow_environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    return {**kept, "THIDUA_HOME": str(home), "THIDUA_CAMPAIGNS": str(repo_root() / "campaigns")}


INSPECT = """
from thidua.orchestration import run_dags
from thidua.settings import home
run_dags.configure(home().airflow)
run_dags.prepare()
from airflow.dag_processing.dagbag import DagBag
from airflow.providers.openlineage.plugins.openlineage import OpenLineageProviderPlugin
from thidua.orchestration import metrics
bag = DagBag(dag_folder=run_dags.repo_root() / "dags")
print("FOUND" + json.dumps({
    "errors": {str(name): text for name, text in bag.import_errors.items()},
    "dags": {
        dag_id: {
            "doc": dag.doc_md or "", "tags": sorted(dag.tags), "owner": dag.owner, "catchup": dag.catchup,
            "active": dag.max_active_runs, "params": sorted(dag.params),
            "tasks": {t.task_id: [t.pool, t.retries, getattr(t.trigger_rule, "value", t.trigger_rule)] for t in dag.tasks},
            "outlets": [o.name for t in dag.tasks for o in t.outlets],
        }
        for dag_id, dag in bag.dags.items()
    },
    "mail": mail_servers(),
    "sends_metrics": metrics._is_on(), "lineage": len(OpenLineageProviderPlugin.listeners),
}))
"""
MAIL = """
import json
import os
from dataclasses import astuple
from thidua.orchestration import steps

def mail_servers():
    found = {"none": steps.smtp_server()}
    os.environ["THIDUA_SMTP_URL"] = "smtp://mail.example.vn?from=a@b.vn"
    found["url"] = astuple(steps.smtp_server())
    os.environ["AIRFLOW_CONN_THIDUA_SMTP"] = json.dumps({
        "conn_type": "smtp", "host": "conn.example.vn", "login": "u", "password": "p", "port": 25,
        "extra": {"from_email": "c@d.vn", "disable_ssl": True},
    })
    found["connection"] = astuple(steps.smtp_server())
    return found
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What Airflow makes of dags/, in a process of its own."""
    folder = tmp_path_factory.mktemp("airflow")
    # Where lineage would go is known; that alone sends nothing.
    environment = airflow_environment(folder) | {"AIRFLOW__OPENLINEAGE__TRANSPORT": '{"type": "console"}'}
    done = subprocess.run(
        [sys.executable, "-c", MAIL + INSPECT], env=environment, capture_output=True, text=True, check=False
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("FOUND")]
    assert lines, done.stderr
    return json.loads(lines[0].removeprefix("FOUND"))


def test_airflow_imports_every_dag_file(found: dict) -> None:
    assert found["errors"] == {}
    assert set(found["dags"]) == {path.stem for path in DAGS} != set()


def test_dags_are_documented_and_bounded(found: dict) -> None:
    for dag_id, dag in found["dags"].items():
        for word in ("Purpose.", "Inputs.", "Outputs.", "Re-run.", "On failure."):
            assert f"**{word}**" in dag["doc"], (dag_id, word)
        assert "thidua" in dag["tags"] and dag["owner"] == "data-engineering"
        # A run that waits for people's answers must not keep the next one from asking.
        assert dag["catchup"] is False and dag["active"] == (16 if dag_id == "review_submissions" else 1)
        assert "now" in dag["params"]


def test_the_warehouse_has_one_writer_and_one_asset_starts_it(found: dict) -> None:
    tasks = found["dags"]["build_warehouse"]["tasks"]
    assert {task for task, (pool, _, _) in tasks.items() if pool == "warehouse"} == {"build", "publish"}
    # A Postgres that was down catches up, though the files are current.
    assert tasks["publish_postgres"][1:] == [2, "none_failed"]
    assert found["dags"]["ingest_exports"]["outlets"] == ["lake_batches"]
    for task in ("commit_batches", "write_slips", "report_returned"):
        assert found["dags"]["ingest_exports"]["tasks"][task][2] == "all_done", "one bad chunk never stops the others"
    _, retries, rule = found["dags"]["ingest_exports"]["tasks"]["report_returned"]
    assert (retries, rule) == (0, "all_done")


def test_what_people_answered_is_tried_until_it_is_recorded(found: dict) -> None:
    """A restart may fail a task before it could start; mapped forms, too, are asked again as often as it takes."""
    for dag_id, task_id in (
        ("close_period", "decide"), ("close_period", "decide_more"), ("close_period", "approve_first"),
        ("close_period", "approve_second"), ("review_submissions", "review.answer"),
        ("review_submissions", "review.record"),
    ):  # fmt: skip
        assert found["dags"][dag_id]["tasks"][task_id][1] >= 5, (dag_id, task_id)


def test_reminders_go_through_the_connection_else_the_url(found: dict) -> None:
    assert found["mail"] == {
        "none": None,
        "url": ["mail.example.vn", 587, "a@b.vn", "starttls", None, None],
        "connection": ["conn.example.vn", 25, "c@d.vn", "starttls", "u", "p"],
    }
    assert {"campaign", "dry_run", "now"} <= set(found["dags"]["remind_offices"]["params"])


def test_neither_metrics_nor_lineage_leave_the_machine_unless_told(found: dict) -> None:
    assert found["sends_metrics"] is False and found["lineage"] == 0


@pytest.mark.parametrize("path", DAGS, ids=lambda path: path.stem)
def test_a_dag_file_is_wiring(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 90
    tree = ast.parse(text)
    (function,) = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert function.name == path.stem
    # Nothing at import but imports, the docstring, assets, the DAG function and its call.
    for node in tree.body:
        assert isinstance(node, ast.Import | ast.ImportFrom | ast.Expr | ast.Assign | ast.FunctionDef), ast.dump(node)
    called = {call.func.id for call in ast.walk(tree) if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)}
    assert not called & {"open", "print", "exec", "eval"}


def test_a_commit_that_is_retried_finds_its_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after the rename, before its event: the retry names the same batch, so the event is sent."""
    monkeypatch.setenv("THIDUA_HOME", str(tmp_path))
    params = {"now": "2023-07-02"}
    folder = tmp_path / "landing" / "lam-dong-2023" / "progress"
    folder.mkdir(parents=True)
    (folder / "di-linh_2023-06-30.csv").write_text("")
    taken = steps.take_receipts(params)
    judged = [steps.judge(chunk, params) for chunk in taken["chunks"]]
    assert judged[0]["name"].startswith("lam-dong-2023/progress: 1 ")

    batches = steps.commit(judged, params)
    assert len(batches) == 1 and steps.commit(judged, params) == batches
    slips = steps.write_slips(batches)
    assert slips["slips"] == 1 == len(list(Path(slips["folder"]).glob("*/di-linh_2023-06-30.xlsx")))
    assert steps.write_slips(batches)["slips"] == 0 == steps.write_slips([])["slips"]
    with pytest.raises(NotWell, match=r"di-linh_2023-06-30\.csv"):
        steps.report(taken, judged, batches)
    assert steps.take_receipts(params)["chunks"] == []


def test_what_was_not_judged_is_reported() -> None:
    taken = {"chunks": [["a", "b"], ["c"]], "troubles": []}
    judged = [{"folder": "", "name": "", "files": 2}]
    with pytest.raises(NotWell, match="1 tệp chưa được xét"):
        steps.report(taken, judged, [])
    with pytest.raises(NotWell, match="no rights"):
        steps.report({"chunks": [], "troubles": ["landing/x: no rights"]}, [], [])
    assert steps.report({"chunks": [], "troubles": []}, [], [])


def asset_events(home: Home) -> int:
    """How often ingest told the builds that there is something new."""
    with sqlite3.connect(home.airflow / "airflow.db") as metadata:
        (count,) = metadata.execute(
            "select count(*) from asset_event inner join asset on asset_event.asset_id = asset.id "
            "where asset.name = 'lake_batches' and source_dag_id is not null"
        ).fetchone()
    return int(count)


def paused_dags(home: Home) -> list[str]:
    """DAGs that a server started on this home later would find switched off."""
    with sqlite3.connect(home.airflow / "airflow.db") as metadata:
        return [dag_id for (dag_id,) in metadata.execute("select dag_id from dag where is_paused")]


@contextmanager
def watched(events: Path) -> Iterator[tuple[dict[str, str], list[str]]]:
    """Settings of Airflow that switch metrics and lineage on; what a StatsD on this machine hears until the end."""
    lines: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(0.2)
        yield (
            {
                "AIRFLOW__METRICS__STATSD_ON": "true",
                "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
                "AIRFLOW__METRICS__STATSD_PORT": str(listener.getsockname()[1]),
                "AIRFLOW__METRICS__METRICS_ALLOW_LIST": "^thidua",
                "AIRFLOW__OPENLINEAGE__DISABLED": "false",
                "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(
                    {"type": "file", "log_file_path": str(events), "append": True}
                ),
            },
            lines,
        )
        with suppress(TimeoutError):
            while True:
                lines += listener.recv(65_536).decode().splitlines()


def check_metrics(lines: list[str]) -> None:
    sent = {name: value for name, _, value in (line.partition(":") for line in lines)}
    assert sent["airflow.thidua.submissions.accepted"] == "2|c" and sent["airflow.thidua.submissions.returned"] == "1|c"
    assert sent["airflow.thidua.rejections.critical"] == "1|c" and sent["airflow.thidua.build.batches"] == "1|c"
    assert sent["airflow.thidua.build.seconds"].endswith("|ms")
    assert int(sent["airflow.thidua.published.age"].removesuffix("|g")) < 600
    assert sent["airflow.thidua.waiting.office"].endswith("|g")


def check_lineage(events: str) -> None:
    found = [json.loads(line) for line in events.splitlines()]
    ends = {one["job"]["name"]: one for one in found if one["eventType"] in {"COMPLETE", "FAIL"}}

    def data(job: str, side: str) -> list[str]:
        return sorted(f"{one['namespace']}:{one['name']}" for one in ends[job][side])

    assert data("ingest_exports.commit_batches", "inputs") == ["thidua:landing"]
    assert data("ingest_exports.commit_batches", "outputs") == ["thidua:lake/batches"]
    assert data("build_warehouse.publish", "inputs") == ["thidua:lake/batches", "thidua:lake/officials"]
    assert data("build_warehouse.publish", "outputs") == ["thidua:serve/marts"]
    assert ends["ingest_exports.report_returned"]["eventType"] == "FAIL"
    assert "38.000" not in events, "names of data, never data"


@pytest.mark.slow(seconds=45)
def test_run_by_airflow_from_landing_to_serve(tmp_path: Path) -> None:
    home = Home(tmp_path)
    folder = home.landing / "lam-dong-2023" / "progress"
    folder.mkdir(parents=True)
    (folder / "bao-loc_2023-06-30.csv").write_text("Đơn vị;Lũy kế\nTP. Bảo Lộc;38.000\n")
    (folder / "bao-loc_2023-06-23.csv").write_text("Đơn vị;Lũy kế\nTP. Bảo Lộc;38.001\n")
    (folder / "di-linh_2023-06-30.csv").write_text("")
    dag_ids = ["ingest_exports", "build_warehouse", "remind_offices"]
    conf = json.dumps({"now": "2023-07-03T08:00:00"})
    command = [sys.executable, "-m", "thidua.orchestration.run_dags", *dag_ids, "--conf", conf]

    # The first run finds Postgres down: the files are out, slips and reminders written, and yet the run is not well.
    no_postgres = {"THIDUA_POSTGRES_DSN": "postgresql://app:sesam@127.0.0.1:1/thidua"}
    events = tmp_path / "events.ndjson"
    with watched(events) as (switches, lines):
        environment = airflow_environment(tmp_path) | switches | no_postgres
        first = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert first.returncode == 1, first.stdout + first.stderr
    failed = [line for line in first.stdout.splitlines() if line.endswith("failed") and "report_" not in line]
    assert failed == ["  ✗ publish_postgres: failed"]
    assert first.stdout.count("→ không nối được Postgres / cannot reach postgresql://app@127.0.0.1:1/thidua") == 1
    log = (home.airflow / "logs" / "run_dags.log").read_text()
    assert "sesam" not in first.stdout + first.stderr + log
    assert "report_returned: failed" in first.stdout, "a returned file makes its run red"
    assert "di-linh_2023-06-30.csv" in first.stdout and "bao-loc_2023-06-30.csv" not in first.stdout
    assert "publish: success" in first.stdout, "and the pipeline goes on"
    assert first.stdout.count("write_slips: success") == 2
    slips = sorted(path.name for path in home.lake.glob("restricted/slips/*/*.xlsx"))
    assert slips == ["bao-loc_2023-06-30.xlsx", "di-linh_2023-06-30.xlsx"], "only the build sees that a count falls"
    assert "send_reminders: success" in first.stdout
    texts = {path.name.split("_")[1]: path.read_text() for path in home.outbox.glob("2023-07-03/*_before-3_*.txt")}
    assert "da-lat" in texts and "bao-loc" not in texts
    assert "Phiếu trả lại, có bản sao đánh dấu ô sai: di-linh_2023-06-30.xlsx" in texts["di-linh"]
    with duckdb.connect(str(home.serve / "current" / "marts.duckdb"), read_only=True) as served:
        served.execute("use marts.marts")
        row = served.execute(
            "select rate_text, rank, is_eligible from rpt_ranking where unit_id = 'bao-loc' and period_id = 'q2'"
        ).fetchone()
    assert row == ("74,04%", 1, True)
    check_metrics(lines)
    check_lineage(events.read_text())
    told = events.stat().st_size
    assert asset_events(home) == 1
    assert paused_dags(home) == [], "`make up` after `make run` watches landing/ at once"
    status = [Path(sys.executable).with_name("thidua"), "status", "--json"]
    open_files = subprocess.run(status, env=airflow_environment(tmp_path), capture_output=True, text=True, check=False)
    assert open_files.returncode == 1 and "di-linh_2023-06-30.csv" in open_files.stdout

    version, messages = (home.serve / "current").resolve(), sorted(home.outbox.glob("*/*"))
    second = subprocess.run(command, env=airflow_environment(tmp_path), capture_output=True, text=True, check=False)
    assert second.returncode == 0, second.stdout + second.stderr
    assert "nothing new" in second.stdout and "report_returned: success" in second.stdout
    assert (home.serve / "current").resolve() == version
    assert sorted(home.outbox.glob("*/*")) == messages
    assert events.stat().st_size == told, "not switched on, nothing told"
    assert asset_events(home) == 1, "nothing was pending, so no build is called"
