"""Metrics and lineage: nothing leaves unless Airflow's settings say so; then what they say arrives."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from thidua.clock import now_utc
from thidua.orchestration import metrics
from thidua.settings import Home, repo_root

from tests.desk.conftest import publish
from tests.operations.conftest import land

RUN = """
import sys
from thidua.orchestration import metrics, run_dags
from thidua.settings import home
run_dags.configure(home().airflow)
run_dags.prepare()
well = run_dags.run(["ingest_exports"], {"now": "2023-07-01T08:00:00"})
metrics.count_build(1.5, 3)
sys.exit(0 if well else 1)
"""


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        found.settimeout(0.2)
        yield found


def heard(listener: socket.socket) -> list[str]:
    lines = []
    while True:
        try:
            lines += listener.recv(65_536).decode().splitlines()
        except TimeoutError:
            return lines


def run_dag(home: Path, **settings: str) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    environment = {**kept, "THIDUA_HOME": str(home), "THIDUA_CAMPAIGNS": str(repo_root() / "campaigns"), **settings}
    done = subprocess.run([sys.executable, "-c", RUN], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def sample(home: Path) -> Home:
    """A good file, and one without a table; and figures published long ago."""
    publish(home)
    at = now_utc() - timedelta(days=2)
    version = home / "serve" / "current" / "version.json"
    version.write_text(json.dumps({"published_at": at.strftime("%Y%m%dT%H%M%S.%fZ")}))
    folder = "lam-dong-2023/progress"
    land(Home(home), f"{folder}/bao-loc_2023-06-30.csv", "Đơn vị;Ngày số liệu;Lũy kế\nBảo Lộc;30/06/2023;38000\n")
    land(Home(home), f"{folder}/di-linh_2023-06-30.csv", "không có bảng nào\n")
    return Home(home)


@pytest.mark.slow
def test_what_is_switched_on_arrives(tmp_path: Path, listener: socket.socket) -> None:
    home, events = sample(tmp_path / "home"), tmp_path / "events.ndjson"
    run_dag(
        home.path,
        AIRFLOW__METRICS__STATSD_ON="true",
        AIRFLOW__METRICS__STATSD_HOST="127.0.0.1",
        AIRFLOW__METRICS__STATSD_PORT=str(listener.getsockname()[1]),
        AIRFLOW__OPENLINEAGE__DISABLED="false",
        AIRFLOW__OPENLINEAGE__TRANSPORT=json.dumps({"type": "file", "log_file_path": str(events), "append": True}),
    )
    lines = heard(listener)
    for line in (
        "airflow.thidua.submissions.accepted:1|c",
        "airflow.thidua.submissions.returned:1|c",
        "airflow.thidua.rejections.critical:1|c",
        "airflow.thidua.build.batches:3|c",
    ):
        assert line in lines, lines
    values = {line.split(":")[0]: line.split(":")[1] for line in lines}
    assert values["airflow.thidua.build.seconds"] == "1500.000000|ms"
    assert 172_800 <= int(values["airflow.thidua.published.age"].split("|")[0]) < 172_800 + 600
    assert values["airflow.thidua.waiting.office"].endswith("|g")

    found = [json.loads(line) for line in events.read_text().splitlines()]
    ended = {one["job"]["name"]: one for one in found if one["eventType"] == "COMPLETE"}
    committed = ended["ingest_exports.commit_batches"]
    assert [one["name"] for one in committed["inputs"]] == ["landing"]
    assert [(one["namespace"], one["name"]) for one in committed["outputs"]] == [("thidua", "lake/batches")]
    assert any(one["eventType"] == "FAIL" and one["job"]["name"] == "ingest_exports.report_returned" for one in found)
    assert "38000" not in events.read_text(), "names of data, never data"


def test_nothing_is_sent_unless_asked(tmp_path: Path, listener: socket.socket) -> None:
    """The address is known, the switches are not on: neither metrics nor Airflow's plugin of lineage begin anything."""
    code = (
        "from thidua.orchestration import metrics, run_dags; from thidua.settings import home; import sys; "
        "run_dags.configure(home().airflow); import airflow.sdk.configuration; "
        "from airflow.providers.openlineage.plugins.openlineage import OpenLineageProviderPlugin as plugin; "
        "metrics.count_build(1.5, 3); print(metrics._is_on(), plugin.listeners)"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    transport = json.dumps({"type": "file", "log_file_path": str(tmp_path / "events")})
    port = str(listener.getsockname()[1])
    more = {"AIRFLOW__METRICS__STATSD_PORT": port, "AIRFLOW__OPENLINEAGE__TRANSPORT": transport}
    environment = {**kept, "THIDUA_HOME": str(tmp_path / "home"), **more}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False []"
    assert heard(listener) == [] and list(tmp_path.glob("events*")) == []


def test_a_number_that_cannot_be_sent_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> bool:
        raise OSError("no such host")

    monkeypatch.setattr(metrics, "_is_on", broken)
    metrics.count_build(1.0, 1)
    metrics.count_judged(Home(tmp_path), ["lost"])
