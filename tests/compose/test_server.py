"""`make test-compose`: the server for real. Needs an engine; takes a quarter of an hour, and is no part of `make test`.

Exports are dropped while a worker is killed in the middle of an ingest and the broker in the middle of a build. In the end
the marts are those that the same exports give on the command line, without Airflow and without a kill.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from thidua.settings import repo_root

from tests.compose.server import Server, wait_until
from tests.property.content import differing, marts_of

pytestmark = pytest.mark.compose

FIRST, WORKER_KILLED, BROKER_KILLED = "lam-dong-2023", "can-tho-2023", "ba-ria-vung-tau-2017"
HOLDS_A_LOCK = """
import time
from pathlib import Path
from thidua.files import locked
with locked(Path("/data/.lock-of-test")):
    print("held", flush=True)
    time.sleep(20)
"""


def thidua(home: Path, *arguments: str) -> int:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("THIDUA_POSTGRES")}
    environment |= {"THIDUA_HOME": str(home), "THIDUA_CAMPAIGNS": str(repo_root() / "campaigns")}
    program = Path(sys.executable).with_name("thidua")
    done = subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample exports of three campaigns, not taken in yet."""
    folder = tmp_path_factory.mktemp("home")
    chosen = [part for name in (FIRST, WORKER_KILLED, BROKER_KILLED) for part in ("--campaign", name)]
    assert thidua(folder, "sample", *chosen) == 0
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    assert shutil.which("docker"), "no docker: make test-compose needs an engine and its compose plugin"
    made = Server(tmp_path_factory.mktemp("secrets"), f"thidua-test-{os.getpid()}")
    try:
        made.start()
        yield made
    except BaseException:
        subprocess.run([*made._compose, "logs", "--tail", "60"], check=False)
        raise
    finally:
        made.remove()


def test_nobody_is_root_and_nothing_can_be_written(server: Server) -> None:
    services = server.compose("ps", "--services").decode().split()
    assert {"postgres", "valkey", "api-server", "scheduler", "dag-processor", "triggerer", "worker"} <= set(services)
    for service in services:
        said = server.inside(
            service,
            "sh",
            "-c",
            "id -u; grep CapEff /proc/self/status; touch /etc/x 2>/dev/null && echo written || true",
        ).split()
        assert int(said[0]) > 0, service
        assert int(said[2], 16) == 0, f"{service} has capabilities"
        assert len(said) == 3, f"{service} can write its root file system"


def test_logins_are_accounts_whose_first_password_is_changed_and_which_end_when_closed(server: Server) -> None:
    given = server.hand_out("lan", "--role", "office")
    assert server.ask("/desk/", server.token("lan", given)).status_code == 403
    token = server.token("lan", server.choose("lan", given))
    # It has a role, and people.csv no unit for it: the desk says so, Airflow shows nothing.
    assert "chưa được gán đơn vị" in server.ask("/desk/", token).text
    assert server.ask("/api/v2/dags", token).status_code == 403
    stored = server.inside(
        "postgres", "psql", "-U", "postgres", "-d", "airflow", "-Atc", "select password from ab_user"
    )
    assert all(line.startswith(b"scrypt:") for line in stored.split())
    assert b"passwords.json" not in server.inside("api-server", "ls", "/data/airflow")
    server.inside("api-server", "thidua", "login-off", "lan")
    wait_until("the account is closed", lambda: "chưa được gán" not in server.ask("/desk/", token).text, 90)
    assert server.ask("/desk/", token).status_code == 403


def test_a_lock_of_one_container_holds_in_another(server: Server) -> None:
    tried = "import fcntl; fcntl.flock(open('/data/.lock-of-test', 'a'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    holder = server.begin("worker", "python", "-c", HOLDS_A_LOCK)
    try:
        assert holder.stdout and holder.stdout.readline() == b"held\n"
        with pytest.raises(AssertionError, match="BlockingIOError"):
            server.inside("scheduler", "python", "-c", tried)
        holder.wait(90)
        server.inside("scheduler", "python", "-c", tried)
    finally:
        holder.kill()


def test_the_dags_run_on_celery_and_the_ranking_is_in_postgres(server: Server, home: Path) -> None:
    server.wait_for(FIRST, server.put(home / "landing", FIRST))
    executors = {one["executor"] for one in server.tasks("build_warehouse", "build")}
    hosts = {one["hostname"] for one in server.tasks("build_warehouse", "build")}
    worker = server.compose("ps", "--quiet", "worker").decode()[:12]
    assert hosts == {worker}, executors
    ranked = server.query("select unit_id, rank from marts.rpt_ranking where rank is not null", user="bi")
    assert ranked
    personal = "select has_table_privilege('bi', 'marts.fct_awarded_person', 'select')"
    assert server.query(personal) == [["f"]]
    assert server.query("select has_schema_privilege('bi', 'marts', 'create')") == [["f"]]


def test_a_worker_killed_during_an_ingest_loses_nothing(server: Server, home: Path) -> None:
    exports = server.put(home / "landing", WORKER_KILLED)
    wait_until("a chunk is being judged", lambda: server.is_running("ingest_exports", "judge_chunk"), 300, every=0.2)
    server.kill("worker")
    server.wait_for(WORKER_KILLED, exports)
    assert max(one["try_number"] for one in server.tasks("ingest_exports", "judge_chunk")) > 1, "it was run again"


def test_a_broker_killed_during_a_build_loses_nothing(server: Server, home: Path) -> None:
    exports = server.put(home / "landing", BROKER_KILLED)
    wait_until("a build runs", lambda: server.is_running("build_warehouse", "build"), 600, every=0.2)
    server.kill("valkey")
    server.wait_for(BROKER_KILLED, exports)


def test_the_marts_are_those_of_a_run_without_kills(server: Server, home: Path, tmp_path: Path) -> None:
    assert thidua(home, "ingest") in (0, 1), "files that are returned are part of the samples"
    assert thidua(home, "build") == 0
    assert thidua(home, "publish") == 0
    expected = marts_of(home / "serve" / "current" / "marts.duckdb")
    assert len(expected["fct_submission"]) > 400
    served = server.served(tmp_path / "served")
    assert differing(marts_of(served), expected) == {}
    version = json.loads((served.parent / "version.json").read_bytes())
    assert server.query("select build_id from marts._version") == [[version["build_id"]]]
    counts = {table: int(server.query(f'select count(*) from marts."{table}"')[0][0]) for table in expected}
    assert counts == {table: len(rows) for table, rows in expected.items()}
