"""The whole way in a real browser against a real `make up`: hand in, mend, decide, and see it in the tables.

Runs where Chromium is; THIDUA_NEEDS_BROWSER=1 (CI) makes its absence a failure.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing as closing_of
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import httpx
import openpyxl
import psutil
import pytest
from fastapi.routing import APIRoute
from playwright.sync_api import Browser, Page, expect, sync_playwright
from thidua.desk.app import create_app
from thidua.files import locked
from thidua.lake.batches import lake_lock
from thidua.lake.decisions import load_decisions
from thidua.settings import Home, repo_root

from tests.desk.conftest import CAMPAIGN, workbook

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow(seconds=200),
    pytest.mark.skipif(
        CHROMIUM is None and not os.environ.get("THIDUA_NEEDS_BROWSER"), reason="needs Debian's chromium (apt)"
    ),
]
PEOPLE = f"""user_name,role,campaign_id,unit_id,note
lan,office,{CAMPAIGN},bao-loc,
tam,office,{CAMPAIGN},di-linh,
hoa,operator,,,
binh,viewer,,,
"""
# Who sent an old figure again: name in the file, and that figure.
STALE = {
    "di-linh": ("BHXH huyện Di Linh", 39_100),
    "don-duong": ("BHXH huyện Đơn Dương", 21_100),
    "da-lat": ("BHXH thành phố Đà Lạt", 60_100),
}
SECONDS = 300  # of patience: a machine may be busy
expect.set_options(timeout=SECONDS * 1000)


@dataclass
class Server:
    """A `make up`; it may be killed and started again."""

    home: Home
    url: str
    log: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as output:
            command = [sys.executable, "-m", "thidua.orchestration.up"]
            process = subprocess.Popen(command, env=self.environment, stdout=output, stderr=output)
        self.process = process
        until(lambda: process.poll() is not None or status_of(f"{self.url}/desk/") == 401, "the desk")
        assert process.poll() is None, self.log.read_text(errors="replace")[-5000:]

    @property
    def passwords(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.home.airflow / "passwords.json").read_bytes())
        return found

    def value_of(self, unit_id: str) -> int | None:
        """The figure of the closing that stands in the published tables."""
        path = (self.home.serve / "current").resolve() / "marts.duckdb"
        if not path.exists():
            return None
        with duckdb.connect(str(path), read_only=True) as connection:
            row = connection.execute(
                "select value from marts.marts.fct_figure where unit_id = $1 and as_of_date = date '2023-06-30' "
                "and origin = 'reported'",
                [unit_id],
            ).fetchone()
        return row[0] if row else None


def until(ask: Callable[[], object], what: str) -> None:
    """Waits for something that the DAGs do."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if ask():
            return
        time.sleep(1)
    raise AssertionError(f"{what}: not after {SECONDS} s")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def seed(home: Home) -> None:
    """Three offices send 100, correct it to 200, and send the 100 again: stale resends that somebody must look at. Of the
    third quarter everybody has reported.
    """
    folder = home.landing / CAMPAIGN / "progress"
    folder.mkdir(parents=True)

    def send(name: str, at: str, content: bytes) -> None:
        sidecar = json.dumps({"received_at": f"{at}T09:00:00+07:00"})
        (folder / f"{name}.receipt.json").write_text(sidecar, encoding="utf-8")
        (folder / name).write_bytes(content)

    for unit, (name, first) in STALE.items():
        for day, value in ((1, first), (2, first + 100), (3, first)):
            send(f"{unit}_2023-06-30_{day}.xlsx", f"2023-07-0{day}", workbook([(name, value)]))
    with (repo_root() / "campaigns" / CAMPAIGN / "units.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["unit_type"] in {"district_office", "department"}]
    everybody = workbook([(row["name"], 10) for row in rows], "Số liệu tính đến hết ngày 30/09/2023")
    send("toan-tinh_2023-09-30.xlsx", "2023-10-02", everybody)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real `make up` of its own: one campaign, four people, what Di Linh sent."""
    root = tmp_path_factory.mktemp("desk")
    campaigns = root / "campaigns"
    shutil.copytree(repo_root() / "campaigns" / CAMPAIGN, campaigns / CAMPAIGN)
    (campaigns / "people.csv").write_text(PEOPLE, encoding="utf-8")
    home, port, log = Home(root / "home"), free_port(), root / "up.log"
    seed(home)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    environment |= {
        "THIDUA_HOME": str(home.path),
        "THIDUA_CAMPAIGNS": str(campaigns),
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        "THIDUA_LOOK_SECONDS": "2",
    }
    server = Server(home, f"http://127.0.0.1:{port}", log, environment)
    try:
        server.start()
        yield server
    finally:
        if server.process is not None:
            server.process.send_signal(signal.SIGTERM)
            server.process.wait(120)


def status_of(url: str, method: str = "GET") -> int | None:
    """The answer to a stranger; None: nobody listens yet."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=30) as answer:  # noqa: S310
            status: int = answer.status
            return status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert CHROMIUM, "THIDUA_NEEDS_BROWSER is set, and there is no chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


def log_in(server: Server, browser: Browser, user: str) -> Page:
    page = browser.new_context(accept_downloads=True).new_page()
    page.set_default_timeout(SECONDS * 1000)
    page.goto(f"{server.url}/auth/login/?next=/desk/")
    page.fill('input[name="username"]', user)
    page.fill('input[name="password"]', server.passwords[user])
    page.click('button[type="submit"]')
    expect(page.locator(".who")).to_contain_text(user)
    return page


def hand_in(server: Server, page: Page, content: bytes, name: str) -> str:
    """Uploads a file and stays on its page; the submission's id."""
    page.goto(f"{server.url}/desk/hand-in")
    page.set_input_files(
        'input[type="file"]', {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )
    page.click("button.primary")
    page.locator(".verdict, .alert").first.wait_for()
    assert page.locator(".alert").count() == 0, page.locator(".alert").inner_text()
    return page.url.split("/")[-1]


def test_a_report_is_handed_in_returned_mended_and_counts(server: Server, browser: Browser, tmp_path: Path) -> None:
    office = log_in(server, browser, "lan")
    faulty = hand_in(server, office, workbook([("BHXH thành phố Bảo Lộc", "38 nghìn")]), "bao-loc_2023-06-30.xlsx")
    expect(office.locator(".verdict")).to_contain_text("Bị trả lại")
    expect(office.locator("details.fault").first).to_contain_text("38 nghìn")

    operator = log_in(server, browser, "hoa")
    marked = operator.get_by_text("Tải bản đã đánh dấu lỗi")
    until(lambda: operator.goto(f"{server.url}/desk/submissions/{faulty}") and marked.count(), "the judgement")
    with operator.expect_download() as download:
        marked.click()
    copy = tmp_path / "marked.xlsx"
    download.value.save_as(copy)
    sheet = openpyxl.load_workbook(copy)["Sheet"]
    assert sheet["B3"].value == "38 nghìn"
    assert "38 nghìn" in sheet["B3"].comment.text

    sheet["B3"] = 38_000
    sheet.parent.save(copy)
    mended = hand_in(server, office, copy.read_bytes(), "bao-loc_2023-06-30.xlsx")
    expect(office.locator(".verdict")).to_contain_text("Đã nhận")
    assert mended != faulty

    until(lambda: server.value_of("di-linh"), "the first build")
    assert server.value_of("di-linh") == 39_200
    operator.goto(f"{server.url}/desk/work")
    question = operator.locator("section.question", has_text="di-linh_2023-06-30_3.xlsx")
    question.locator("summary").click()
    question.get_by_text("Chấp nhận 'stale_resend' có lý do").click()
    question.locator("textarea").fill("Đơn vị xác nhận: số 39.100 là đúng")
    question.locator("button.primary").click()
    expect(operator.locator(".notice")).to_contain_text("Đã ghi quyết định")

    until(lambda: server.value_of("di-linh") == 39_100 and server.value_of("bao-loc") == 38_000, "the tables")
    operator.goto(f"{server.url}/desk/board?campaign={CAMPAIGN}&period=q2")
    row = operator.locator("table.board tr", has_text="BHXH thành phố Bảo Lộc")
    expect(row).to_contain_text("Muộn")
    row.locator("td a").click()
    expect(operator.locator(".verdict")).to_contain_text("Đã nhận")
    operator.goto(f"{server.url}/desk/submissions/{faulty}")
    expect(operator.locator("tr.this")).to_contain_text("Bị trả lại")
    run = operator.get_by_text("Lượt chạy DAG").get_attribute("href") or ""
    dag, _, run_id = run.removeprefix("/dags/").partition("/runs/")
    assert dag == "ingest_exports" and run_id
    assert operator.request.get(f"{server.url}/api/v2/dags/{dag}/dagRuns/{run_id}").status == 200
    assert operator.request.get(f"{server.url}{run}").status == 200


def test_each_sees_and_does_what_is_theirs(server: Server, browser: Browser) -> None:
    own, others = log_in(server, browser, "lan"), log_in(server, browser, "tam")
    file = hand_in(server, own, workbook([("BHXH thành phố Bảo Lộc", 38_001)]), "bao-loc_2023-06-30.xlsx")
    assert others.request.get(f"{server.url}/desk/submissions/{file}").status == 404
    assert "Bảo Lộc" not in others.request.get(f"{server.url}/desk/").text()
    # Airflow itself tells an office nothing: its runs and logs name all offices.
    assert others.request.get(f"{server.url}/api/v2/dags/ingest_exports/dagRuns").status == 403
    viewer = log_in(server, browser, "binh")
    assert viewer.request.get(f"{server.url}/desk/work").status == 200
    refused = viewer.request.post(
        f"{server.url}/desk/work/decide", form={"campaign": CAMPAIGN, "choice": "{}", "reason": "x"}
    )
    assert refused.status == 403


def test_the_pages_stand_in_airflow_itself(server: Server, browser: Browser) -> None:
    page = log_in(server, browser, "hoa")
    page.goto(f"{server.url}/plugin/thidua")
    expect(page.frame_locator("iframe").locator("h1")).to_contain_text("Các phong trào")


def test_a_stranger_gets_401_on_every_route_of_ours(server: Server, tmp_path: Path) -> None:
    app = create_app(Home(tmp_path), tmp_path, lambda: None)
    routes = [(method, route.path) for route in app.routes if isinstance(route, APIRoute) for method in route.methods]
    assert len(routes) > 10
    filled = {"{submission_id}": "a" * 32, "{campaign_id}": CAMPAIGN, "{period_id}": "q2", "{unit_id}": "bao-loc"}
    for method, path in routes:
        for name, value in filled.items():
            path = path.replace(name, value)
        path = path.replace("{export_type}", "progress")
        assert status_of(f"{server.url}/desk{path}", method) == 401, (method, path)


def test_nothing_is_lost_when_airflow_is_killed_between_an_answer_and_its_record(server: Server) -> None:
    """The last one, as nothing of this Airflow is left. Three answers are acknowledged over REST and not yet recorded: one
    whose task the scheduler has not seen, one whose record waits for the lake, one whose form itself is recording."""
    until(lambda: server.value_of("da-lat") == STALE["da-lat"][1] + 100, "the first build")
    people = Rest(server, "hoa")
    closing = people.form("close_period", people.trigger("close_period", {"campaign": CAMPAIGN, "period": "q3"}))
    resends = {unit: people.form("review_submissions", f"{unit}_2023-06-30_3.xlsx") for unit in ("don-duong", "da-lat")}
    stale = {unit: next(one for one in form["options"] if "stale_resend" in one) for unit, form in resends.items()}
    before = {one["decision_id"] for one in load_decisions(server.home)}
    (computing,) = (server.home.path / "closings" / CAMPAIGN / "q3").glob("*/.computing")
    assert server.process is not None
    with locked(computing), locked(lake_lock(server.home)):
        people.answer(closing, closing["options"][0])
        until(lambda: people.state_of(closing) == "running", "the form that records")
        people.answer(resends["don-duong"], stale["don-duong"])
        until(lambda: people.state_of(resends["don-duong"], "review.record") == "running", "the record that waits")
        airflow = psutil.Process(server.process.pid).children(recursive=True)
        stop_scheduler(server, airflow)
        people.answer(resends["da-lat"], stale["da-lat"])
        assert people.state_of(resends["da-lat"]) == "scheduled"
        assert {one["decision_id"] for one in load_decisions(server.home)} == before
        server.process.kill()
        for process in airflow:
            with suppress(psutil.Error):
                process.kill()
        server.process.wait(60)

    server.start()
    until(lambda: len(load_decisions(server.home)) >= len(before) + 3, "the records")
    until(
        lambda: {unit: server.value_of(unit) for unit in resends} == {unit: STALE[unit][1] for unit in resends},
        "the tables",
    )
    Rest(server, "hoa").form("close_period", "Phê duyệt")
    found = [one for one in load_decisions(server.home) if one["decision_id"] not in before]
    assert sorted((one["kind"], one["decided_by"]) for one in found) == [
        ("settle", "hoa"), ("waive", "hoa"), ("waive", "hoa"),
    ]  # fmt: skip


def stop_scheduler(server: Server, airflow: list[psutil.Process]) -> None:
    """Stops it where it stands, but not while it holds Airflow's database, or nobody could answer any more."""
    ours = [process for process in airflow if "scheduler" in command_of(process)]
    assert ours

    def is_stopped() -> bool:
        for process in ours:
            with suppress(psutil.Error):
                process.suspend()
        with closing_of(sqlite3.connect(server.home.airflow / "airflow.db", timeout=2)) as database:
            try:
                database.execute("begin immediate")
                return True
            except sqlite3.OperationalError:
                for process in ours:
                    with suppress(psutil.Error):
                        process.resume()
                return False

    until(is_stopped, "the scheduler between two transactions")


def command_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it has ended
        return ""


class Rest:
    """Somebody who is logged in, over Airflow's own API."""

    def __init__(self, server: Server, user: str) -> None:
        self._client = httpx.Client(base_url=server.url, timeout=60)
        said = self._client.post("/auth/token", json={"username": user, "password": server.passwords[user]})
        self._client.headers["Authorization"] = f"Bearer {said.json()['access_token']}"

    def trigger(self, dag_id: str, conf: dict[str, str]) -> str:
        said = self._client.post(f"/api/v2/dags/{dag_id}/dagRuns", json={"logical_date": None, "conf": conf})
        assert said.status_code == 200, said.text
        return str(said.json()["dag_run_id"])

    def form(self, dag_id: str, about: str) -> dict[str, Any]:
        """The form of a DAG that has parked and names this, or is of this run."""
        found: list[dict[str, Any]] = []

        def look() -> bool:
            said = self._client.get(f"/api/v2/dags/{dag_id}/dagRuns/~/hitlDetails", params={"response_received": False})
            for form in said.json()["hitl_details"]:
                place = form["task_instance"]
                text = f"{form['subject']}\n{form['body']}\n{place['dag_run_id']}"
                if about in text and place["state"] == "awaiting_input":
                    found.append(form)
            return bool(found)

        until(look, f"a form of {dag_id} about {about}")
        return found[0]

    def answer(self, form: dict[str, Any], option: str) -> None:
        """Answers until it is acknowledged: SQLite, which `make up` has, refuses who writes when somebody else just did."""
        fields = {name: "Biên bản số 9" if name == "reason" else "" for name in form["params"]}
        content = {"chosen_options": [option], "params_input": fields}

        def is_acknowledged() -> bool:
            said = self._client.patch(f"{self._path(form)}/hitlDetails", json=content)
            is_refused = said.status_code == 500 and said.json()["detail"]["reason"] == "Database error"
            assert is_refused or said.status_code == 200, said.text
            return not is_refused

        until(is_acknowledged, "the answer")

    def state_of(self, form: dict[str, Any], task_id: str | None = None) -> str:
        state: str = self._client.get(self._path(form, task_id)).json()["state"]
        return state

    @staticmethod
    def _path(form: dict[str, Any], task_id: str | None = None) -> str:
        place = form["task_instance"]
        return (
            f"/api/v2/dags/{place['dag_id']}/dagRuns/{place['dag_run_id']}/taskInstances/"
            f"{task_id or place['task_id']}/{place['map_index']}"
        )
