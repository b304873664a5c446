"""A real Superset for `make test-bi`: its own environment, its own database in a temporary folder, the loopback only."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from thidua.settings import repo_root

from tests.bi.assets import BI

PROGRAMS = repo_root() / ".venv-bi" / "bin"
START_SECONDS = 180
Rows = list[str]


@dataclass
class Superset:
    """One installation: `run` a command of bi/ for the marts of that address, or be `serving` them."""

    folder: Path
    password: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    key: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def environment(self, database_uri: str) -> dict[str, str]:
        # Secrets as a container has them: in files.
        files = {
            "SUPERSET_SECRET_KEY": self.key,
            "SUPERSET_ADMIN_PASSWORD": self.password,
            "THIDUA_BI_METADATA_URI": f"sqlite:///{self.folder}/superset.db",
            "THIDUA_BI_DATABASE_URI": database_uri,
        }
        for name, value in files.items():
            (self.folder / name).write_text(value, encoding="utf-8")
        return {
            "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "SUPERSET_HOME": str(self.folder),
            "SUPERSET_CONFIG_PATH": str(BI / "superset_config.py"),
            **{f"{name}_FILE": str(self.folder / name) for name in files},
        }

    def run(self, database_uri: str, *command: str) -> str:
        done = subprocess.run(
            command, env=self.environment(database_uri), cwd=self.folder, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return done.stdout

    @contextmanager
    def serving(self, database_uri: str) -> Iterator[Server]:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = ["gunicorn", "--workers", "1", "--worker-class", "gthread", "--threads", "4", "--timeout", "300"]
        with (self.folder / "server.log").open("a") as log:
            process = subprocess.Popen(
                [str(PROGRAMS / command[0]), *command[1:], "--bind", f"127.0.0.1:{port}", "superset.app:create_app()"],
                env=self.environment(database_uri),
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        url = f"http://127.0.0.1:{port}"
        try:
            self._wait(url, process)
            with httpx.Client(base_url=url, timeout=300) as client:
                yield Server(url, self.password, client)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)

    def _wait(self, url: str, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and process.poll() is None:
            try:
                if httpx.get(f"{url}/health", timeout=10).text == "OK":
                    return
            except httpx.TransportError:
                time.sleep(0.5)
        raise AssertionError((self.folder / "server.log").read_text()[-4000:])


@dataclass
class Server:
    url: str
    password: str
    client: httpx.Client

    def log_in(self) -> None:
        login = {"username": "admin", "password": self.password, "provider": "db", "refresh": False}
        answer = self.client.post("/api/v1/security/login", json=login).raise_for_status()
        self.client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        token = self.client.get("/api/v1/security/csrf_token/").raise_for_status().json()["result"]
        self.client.headers.update({"X-CSRFToken": token, "Referer": self.url})

    def charts(self) -> dict[str, int]:
        """uuid -> id."""
        found = self.client.get("/api/v1/chart/", params={"q": "(page_size:100)"}).raise_for_status().json()["result"]
        return {chart["uuid"]: chart["id"] for chart in found}

    def saved(self, chart_id: int) -> list[dict[str, Any]]:
        """What a chart's saved query answers; one list of rows per query of it."""
        return self._answered(self.client.get(f"/api/v1/chart/{chart_id}/data/", params={"force": "true"}))

    def asked(
        self, chart_id: int, query_context: dict[str, Any], filters: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """The same under filters of the dashboard."""
        datasource = self._datasource(chart_id)
        queries = [{**query, "filters": [*query["filters"], *filters]} for query in query_context["queries"]]
        context = {
            **query_context,
            "datasource": {"id": datasource, "type": "table"},
            "queries": queries,
            "force": True,
        }
        context["form_data"] = {**query_context["form_data"], "datasource": f"{datasource}__table"}
        return self._answered(self.client.post("/api/v1/chart/data", json=context))

    def _datasource(self, chart_id: int) -> int:
        found = self.client.get(f"/api/v1/chart/{chart_id}").raise_for_status().json()["result"]
        return int(json.loads(found["query_context"])["datasource"]["id"])

    @staticmethod
    def _answered(answer: httpx.Response) -> list[dict[str, Any]]:
        assert answer.status_code == 200, answer.text[:2000]
        results = answer.json()["result"]
        assert results and all(result["error"] is None for result in results), answer.text[:2000]
        return list(results)


def comparable(rows: list[dict[str, Any]]) -> Rows:
    """Rows as text, in no order: two databases sort letters by their own rules, and one of them writes 0.9 for 0.90."""
    return sorted(repr(sorted((key, plain(value)) for key, value in row.items())) for row in rows)


def plain(value: Any) -> Any:
    """Rates are for show here: nine places tell them apart."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    return str(round(Decimal(repr(value) if isinstance(value, float) else str(value)), 9).normalize())
