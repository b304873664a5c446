"""What the server's containers do besides running Airflow: databases and logins, and the question whether a part is well."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator

import psycopg
import pytest
from thidua.errors import ThiduaError
from thidua.orchestration.container import APPLICATIONS, make_databases
from thidua.orchestration.healthy import status

from tests.postgres import Database

WAREHOUSE = "thidua_of_a_container"


@pytest.fixture
def server(postgres_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A server as the container `init` finds it at first, and what compose tells that container."""
    superuser = Database(postgres_server, "postgres")
    for variable in APPLICATIONS.values():
        monkeypatch.setenv(variable, "first")
    monkeypatch.setenv("THIDUA_POSTGRES_ADMIN_DSN", f"host={postgres_server} dbname={WAREHOUSE} user=postgres")
    for variable, user in (("THIDUA_POSTGRES_DSN", "publisher"), ("THIDUA_POSTGRES_READER_DSN", "bi")):
        monkeypatch.setenv(variable, f"host={postgres_server} dbname={WAREHOUSE} user={user} password=first")
    yield superuser
    for name in (WAREHOUSE, *APPLICATIONS):
        superuser.run(f"drop database if exists {name} with (force)")
    for name in (*APPLICATIONS, "publisher", "bi"):
        superuser.run(f"drop role if exists {name}")


def test_databases_are_made_once_and_passwords_follow(server: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def verifiers() -> dict[str, str]:
        return dict(server.rows("select rolname, rolpassword from pg_authid where rolcanlogin and rolpassword <> ''"))

    make_databases()
    before = verifiers()
    assert before.keys() >= {"airflow", "superset", "publisher", "bi"}
    monkeypatch.setenv("AIRFLOW_DB_PASSWORD", "second")
    make_databases()
    assert verifiers()["airflow"] != before["airflow"]
    warehouse = Database(server.socket_folder, WAREHOUSE)
    assert warehouse.rows("select 1", user="publisher") == warehouse.rows("select 1", user="bi") == [(1,)]
    for name in APPLICATIONS:
        Database(server.socket_folder, name).run("create table made (a int)", user=name)
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            warehouse.rows("select 1", user=name)
    assert (
        server.rows("select rolname from pg_roles where rolsuper and rolname in ('airflow', 'publisher', 'bi')") == []
    )


def test_a_password_that_a_url_would_change_is_refused(server: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for password in ("", "a@b", "a b", "a/b", "a%20"):
        monkeypatch.setenv("AIRFLOW_DB_PASSWORD", password)
        with pytest.raises(ThiduaError, match="letters, digits"):
            make_databases()


def test_a_part_is_well_when_the_api_server_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {
        "scheduler": {"status": "healthy"},
        "triggerer": {"status": None},
        "dag_processor": {"status": "unhealthy"},
    }
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(known).encode())

        def log_message(self, *_: object) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as api:
        threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        url = f"http://127.0.0.1:{api.server_port}/execution/"
        monkeypatch.setenv("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", url)
        said = {part: status(part) for part in ("scheduler", "dag_processor", "triggerer", "metadatabase")}
        api.shutdown()
    assert said == {
        "scheduler": "healthy", "dag_processor": "unhealthy", "triggerer": "never seen", "metadatabase": "never seen"
    }  # fmt: skip
    assert set(asked) == {"/api/v2/monitor/health"}
    assert "does not answer" in status("scheduler")
