"""The server of docker-compose.yml under a project name of its own, on whatever engine DOCKER_HOST or the default names."""

from __future__ import annotations

import io
import json
import re
import secrets
import socket
import subprocess
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from thidua.settings import repo_root

SECONDS_TO_START = 600
# A lost task is given up after three minutes without a sign of life, twenty in the queue; a busy machine is slow besides.
SECONDS_TO_SETTLE = 2400
DAGS = ("ingest_exports", "build_warehouse")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """One compose project with secrets of its own."""

    def __init__(self, folder: Path, project: str) -> None:
        self.port = free_port()
        (folder / ".env.example").write_bytes((repo_root() / ".env.example").read_bytes())
        self._run("sh", str(repo_root() / "deploy" / "make-secrets.sh"), str(folder))
        with (folder / ".env").open("a") as file:
            file.write(f"THIDUA_PORT={self.port}\n")
        # The last of two lines counts; the folder of plans is named from where the file is.
        files = ("--env-file", str(folder / ".env"), "--file", str(repo_root() / "docker-compose.yml"))
        self._compose = ("docker", "compose", "--project-name", project, *files)
        self._url = f"http://127.0.0.1:{self.port}"
        self._token = ""

    def _run(self, *command: str, given: bytes | None = None, seconds: float = 900) -> bytes:
        done = subprocess.run(command, input=given, capture_output=True, timeout=seconds, check=False)
        assert done.returncode == 0, (
            f"{' '.join(command)}\n{done.stdout.decode()[-4000:]}{done.stderr.decode()[-4000:]}"
        )
        return done.stdout

    def compose(self, *arguments: str, given: bytes | None = None, seconds: float = 900) -> bytes:
        return self._run(*self._compose, *arguments, given=given, seconds=seconds)

    def start(self) -> None:
        self.compose("build", "--quiet", seconds=3000)
        self.compose("up", "--detach", "--wait", "--wait-timeout", str(SECONDS_TO_START), seconds=SECONDS_TO_START + 60)

    def remove(self) -> None:
        self.compose("--profile", "bi", "down", "--volumes", "--remove-orphans")

    def inside(self, service: str, *command: str, given: bytes | None = None) -> bytes:
        return self.compose("exec", "-T", service, *command, given=given)

    def begin(self, service: str, *command: str) -> subprocess.Popen[bytes]:
        """The same, going on beside us; what it prints can be read."""
        return subprocess.Popen([*self._compose, "exec", "-T", service, *command], stdout=subprocess.PIPE)

    def restarts(self, service: str) -> int:
        container = self.compose("ps", "--quiet", service).decode().strip()
        return int(self._run("docker", "inspect", "--format", "{{.RestartCount}}", container))

    def kill(self, service: str) -> None:
        """SIGKILL to all of its processes, from within: an engine does not start again what it was told to kill."""
        before = self.restarts(service)
        subprocess.run(
            [*self._compose, "exec", "-T", service, "sh", "-c", "kill -KILL -1"], capture_output=True, check=False
        )
        wait_until(f"{service} starts again by its policy", lambda: self.restarts(service) > before, 120)

    def put(self, landing: Path, campaign: str) -> int:
        """Puts a campaign's exports into landing/ as a user would, its sidecars first; how many exports."""
        files = sorted(path for path in (landing / campaign).rglob("*") if path.is_file())
        sidecars = [path for path in files if path.name.endswith(".receipt.json")]
        exports = [path for path in files if path not in set(sidecars)]
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for path in (*sidecars, *exports):
                archive.add(path, str(path.relative_to(landing)))
        self.inside("worker", "tar", "-x", "--no-same-owner", "-C", "/data/landing", given=packed.getvalue())
        return len(exports)

    def served(self, folder: Path) -> Path:
        """The published version as the volume holds it, copied here; its DuckDB file."""
        folder.mkdir()
        packed = io.BytesIO(self.inside("worker", "tar", "-c", "-h", "-C", "/data/serve/current", "."))
        with tarfile.open(fileobj=packed) as archive:
            archive.extractall(folder, filter="data")
        return folder / "marts.duckdb"

    def query(self, statement: str, user: str = "postgres") -> list[list[str]]:
        options = ("-v", "ON_ERROR_STOP=1", "--no-align", "--tuples-only", "--field-separator", "\t")
        said = self.inside("postgres", "psql", "-U", user, "-d", "thidua", *options, "-c", statement)
        return [line.split("\t") for line in said.decode().splitlines()]

    def hand_out(self, name: str, *options: str) -> str:
        """A password that its owner is to change."""
        (said,) = json.loads(self.inside("api-server", "thidua", "login-add", name, "--json", *options))
        return str(said["password"])

    def choose(self, name: str, given: str) -> str:
        """Somebody logs in with what they were given and chooses a password, as in a browser; which."""
        own = secrets.token_urlsafe(16)
        with httpx.Client(base_url=self._url, timeout=60, follow_redirects=True) as browser:
            form = _send(browser, "/auth/login/", username=name, password=given)
            assert str(form.url).endswith("/auth/resetmypassword/form"), form.url
            _send(browser, "/auth/resetmypassword/form", password=own, conf_password=own)
        return own

    def token(self, name: str, password: str) -> str:
        login = {"username": name, "password": password}
        answer = httpx.post(f"{self._url}/auth/token", json=login, timeout=60).raise_for_status()
        return str(answer.json()["access_token"])

    def ask(self, path: str, token: str) -> httpx.Response:
        return httpx.get(f"{self._url}{path}", headers={"Authorization": f"Bearer {token}"}, timeout=60)

    def get(self, path: str) -> dict[str, Any]:
        if not self._token:
            self._token = self.token("admin", self.choose("admin", self.hand_out("admin")))
        found: dict[str, Any] = self.ask(f"/api/v2{path}", self._token).raise_for_status().json()
        return found

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(f"/dags/{dag_id}/dagRuns?limit=100")["dag_runs"]
        return found

    def tasks(self, dag_id: str, task_id: str) -> list[dict[str, Any]]:
        found = self.get(f"/dags/{dag_id}/dagRuns/~/taskInstances?limit=100")["task_instances"]
        return [one for one in found if one["task_id"] == task_id]

    def is_running(self, dag_id: str, task_id: str) -> bool:
        return any(one["state"] == "running" for one in self.tasks(dag_id, task_id))

    def is_idle(self) -> bool:
        return not any(run["state"] in {"queued", "running"} for dag_id in DAGS for run in self.runs(dag_id))

    def received(self, campaign: str) -> int:
        """How many files of a campaign Postgres knows; 0 before the first publish."""
        if self.query("select to_regclass('marts.fct_submission') is not null") != [["t"]]:
            return 0
        return int(self.query(f"select count(*) from marts.fct_submission where campaign_id = '{campaign}'")[0][0])

    def wait_for(self, campaign: str, exports: int) -> None:
        """Until Postgres has all exports of a campaign, and no run goes on."""

        def is_there() -> bool:
            return self.received(campaign) >= exports and self.is_idle()

        wait_until(f"{exports} files of {campaign} in Postgres", is_there, SECONDS_TO_SETTLE)


def _send(browser: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """A form of Airflow's login pages, with its token against forgery."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(path).raise_for_status().text)
    assert found, path
    return browser.post(path, data={**fields, "csrf_token": found.group(1)})


def wait_until(what: str, is_so: Callable[[], bool], seconds: float, every: float = 2) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, f"{what}: not within {seconds:.0f} s"
        time.sleep(every)
