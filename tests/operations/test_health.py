"""Health: what is told as ill and what is not, on the page, on the command line and for a monitor."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from thidua.clock import now_utc
from thidua.desk.access import Role
from thidua.errors import NotWell
from thidua.intake.personal import key_path, load_key
from thidua.lake.deletions import record_deletion
from thidua.lake.receipts import raw_path
from thidua.operations import health
from thidua.operations.backup import LAST_BACKUP, MARK
from thidua.operations.health import Check, examine, is_well, record
from thidua.reports.explain import explain, render
from thidua.settings import Home
from thidua.warehouse.build import LAST_BUILD, BuildResult, _noted
from typer.testing import CliRunner

from tests.desk.conftest import CAMPAIGN, OTHER, OTHER_FILE, Clients, make_clients, publish
from tests.operations.conftest import land

NOW = now_utc()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.warehouse.mkdir(parents=True)
    built = {"at": (NOW - timedelta(minutes=10)).isoformat(), "seconds": 12.5, "error": None}
    (home.warehouse / LAST_BUILD).write_text(json.dumps(built))
    load_key(home)
    (home.path / LAST_BACKUP).write_text(json.dumps({"made_at": (NOW - timedelta(days=1)).isoformat()}))
    home.airflow.mkdir()
    with sqlite3.connect(home.airflow / "airflow.db") as connection:
        connection.execute("create table dag_run (id integer, dag_id text, run_id text, run_after timestamp)")
        connection.execute("create table task_instance (dag_id text, run_id text, task_id text, state text)")
    return home


def ran(home: Home, number: int, dag_id: str, age: timedelta, **states: str) -> None:
    with sqlite3.connect(home.airflow / "airflow.db") as connection:
        at = (NOW - age).replace(tzinfo=None).isoformat(" ")
        connection.execute("insert into dag_run values (?, ?, ?, ?)", [number, dag_id, f"r{number}", at])
        for task_id, state in states.items():
            connection.execute("insert into task_instance values (?, ?, ?, ?)", [dag_id, f"r{number}", task_id, state])


def older(path: Path, **age: int) -> None:
    at = (NOW - timedelta(**age)).timestamp()
    os.utime(path, (at, at))


def ill(home: Home) -> dict[str, Check]:
    return {check.check_id: check for check in examine(home, NOW) if not check.is_well}


def test_a_quiet_house_is_well(home: Home, tmp_path: Path) -> None:
    land(home, "c/progress/new.csv", "just put there")
    (home.lake / "batches" / "b").mkdir(parents=True)
    older(home.lake / "batches" / "b", minutes=30)
    ran(home, 1, "ingest_exports", timedelta(hours=2), judge_chunk="failed")
    ran(home, 2, "ingest_exports", timedelta(hours=1), judge_chunk="success", report_returned="failed")
    ran(home, 3, "close_period", timedelta(days=8), freeze="failed")
    publish_version(home, NOW - timedelta(days=60))
    assert ill(home) == {}
    said = record(examine(home, NOW), NOW)
    assert said["is_well"] and said["checks"]["published"]["value"] == 60 * 86_400
    assert said["checks"]["build"]["value"]["seconds"] == 12.5
    assert said["checks"]["ingest"]["value"]["waiting_files"] == 1
    json.dumps(said)
    assert is_well(examine(Home(tmp_path / "nothing yet"), NOW))


def publish_version(home: Home, at: Any) -> None:
    folder = home.serve / "v"
    publish(folder)
    stamp = at.strftime("%Y%m%dT%H%M%S.%fZ")
    (folder / "serve" / "current" / "version.json").write_text(json.dumps({"published_at": stamp}))
    (home.serve / "current").symlink_to((folder / "serve" / "current").resolve())


def waiting_long(home: Home) -> None:
    older(land(home, "c/progress/a.csv", "x"), hours=2)


def unbuilt_long(home: Home) -> None:
    (home.lake / "batches" / "b").mkdir(parents=True)
    older(home.lake / "batches" / "b", hours=2)
    older_build = {"at": (NOW - timedelta(hours=3)).isoformat(), "seconds": 1.0, "error": None}
    (home.warehouse / LAST_BUILD).write_text(json.dumps(older_build))
    publish_version(home, NOW)


def failed_build(home: Home) -> None:
    (home.warehouse / LAST_BUILD).write_text(
        json.dumps({"at": NOW.isoformat(), "seconds": 1.0, "error": "fct_award: …"})
    )


def never_backed_up(home: Home, days: int = 9) -> None:
    (home.path / LAST_BACKUP).unlink()
    (home.lake / "batches" / "b").mkdir(parents=True)
    older(home.lake / "batches" / "b", days=days)
    publish_version(home, NOW)


def never_published(home: Home) -> None:
    (home.lake / "batches" / "b").mkdir(parents=True)


ILL: dict[str, tuple[Callable[[Home], Any], str, str]] = {
    "a file waits": (waiting_long, "ingest", "thidua ingest"),
    "a batch waits": (unbuilt_long, "build", "thidua build"),
    "the build failed": (failed_build, "build", "fct_award"),
    "nothing published": (never_published, "published", "thidua publish"),
    "a task failed": (lambda home: ran(home, 1, "build_warehouse", timedelta(1), build="failed"), "runs", "build_warehouse.build"),
    "no key": (lambda home: key_path(home).unlink(), "key", "missing"),
    "another key": (lambda home: key_path(home).write_bytes(b"x" * 32), "key", "another key"),
    "an open key": (lambda home: key_path(home).chmod(0o644), "key", "others may read"),
    "no backup for long": (
        lambda home: (home.path / LAST_BACKUP).write_text(json.dumps({"made_at": (NOW - timedelta(9)).isoformat()})),
        "backup", "9 ngày",
    ),
    "never a backup": (never_backed_up, "backup", "never"),
    "a backup of damaged files": (
        lambda home: (home.path / LAST_BACKUP).write_text(
            json.dumps({"made_at": NOW.isoformat(), "path": "/disk/b.tar.gz", "is_whole": False})
        ),
        "backup", "--verify /disk/b.tar.gz",
    ),
    "a restore is unfinished": (lambda home: (home.path / MARK).write_text('{"stamp": "20240101T000000Z"}'), "backup", "unfinished"),
    "something unforeseen": (lambda home: (home.path / LAST_BACKUP).write_text("{"), "backup", "cannot be looked at"),
}  # fmt: skip


@pytest.mark.parametrize("reason", ILL)
def test_what_has_to_be_seen_to(home: Home, reason: str) -> None:
    prepare, check_id, said = ILL[reason]
    prepare(home)
    found = ill(home)
    assert list(found) == [check_id]
    assert said in found[check_id].found + found[check_id].remedy


def test_a_new_house_has_some_days_for_its_first_backup(home: Home) -> None:
    never_backed_up(home, days=7)
    assert ill(home) == {}


def test_a_failed_build_is_over_when_the_next_one_finds_nothing_to_do(home: Home) -> None:
    """Postgres was away for a moment while the warehouse was complete: no new batch has to come to be well again."""
    nothing_new = BuildResult(False, False, 0, [], "…")
    before = (home.warehouse / LAST_BUILD).read_bytes()
    with _noted(home, is_replay=False) as note:
        note(nothing_new)
    assert (home.warehouse / LAST_BUILD).read_bytes() == before, "the last build is the one that had work"
    with pytest.raises(NotWell), _noted(home, is_replay=False):
        raise NotWell("Postgres is away")
    assert "Postgres is away" in ill(home)["build"].found
    with _noted(home, is_replay=False) as note:
        note(nothing_new)
    assert ill(home) == {}


def test_a_full_disk(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(home.path)
    for total, free, well in ((10**12, 19 * 10**8, False), (10**12, 21 * 10**8, True), (10**10, 4 * 10**8, False)):
        fake = usage.__class__(total, total - free, free)
        monkeypatch.setattr(health.shutil, "disk_usage", lambda _, fake=fake: fake)
        assert (list(ill(home)) == []) == well, (total, free)


def test_a_postgres_that_is_set_must_answer_and_its_password_stays_untold(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THIDUA_POSTGRES_DSN", "postgresql://u:s3cret@127.0.0.1:1/x")
    found = ill(home)
    assert list(found) == ["postgres"] and "s3cret" not in json.dumps(record(list(found.values()), NOW))


def test_the_command_ends_with_1_when_something_is_ill(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from thidua.cli import app

    monkeypatch.setenv("THIDUA_HOME", str(home.path))
    well = CliRunner().invoke(app, ["health", "--json"])
    assert well.exit_code == 0 and json.loads(well.stdout)["is_well"] is True
    key_path(home).unlink()
    found = CliRunner().invoke(app, ["health"])
    assert found.exit_code == 1 and "✗ Khóa" in found.stdout and "✓ Postgres" in found.stdout


@pytest.fixture
def clients(tmp_path: Path) -> Iterator[Clients]:
    yield from make_clients(publish(tmp_path / "desk"))


def test_the_page_and_what_a_monitor_gets(clients: Clients) -> None:
    operator = clients.as_role(Role.OPERATOR)
    load_key(clients.home)
    (clients.home.serve / "current" / "version.json").write_text('{"published_at": "20230705T000000.000000Z"}')
    assert "Mọi thứ bình thường" in operator.get("/health").text
    well = operator.get("/health.json")
    assert well.status_code == 200 and well.json()["is_well"] is True
    key_path(clients.home).unlink()
    page = operator.get("/health").text
    assert "Có việc cần xử lý" in page and "đặt lại khóa" in page
    assert "put the kept key back" in operator.get("/health?lang=en").text
    assert operator.get("/health.json").status_code == 503
    assert "/health" not in clients.as_role(Role.VIEWER).get("/").text


def test_an_explanation_says_which_originals_are_gone(clients: Clients) -> None:
    sha256 = "c" * 64
    with duckdb.connect(str(clients.home.serve / "current" / "marts.duckdb")) as connection:
        connection.execute(
            "update marts.marts.fct_submission set content_sha256 = $1 where submission_id = $2", [sha256, OTHER_FILE]
        )
    raw = raw_path(clients.home, sha256)
    raw.parent.mkdir(parents=True)
    raw.write_bytes(b"x")
    assert explain(clients.home, CAMPAIGN, OTHER, "q2")["deleted_originals"] == {}
    record_deletion(clients.home, sha256, submission_ids=[OTHER_FILE], deleted_by="Lan", at=NOW, rule="…")
    raw.unlink()
    found = explain(clients.home, CAMPAIGN, OTHER, "q2")
    assert list(found["deleted_originals"]) == [OTHER_FILE] and "deleted by retention" in render(found)
    page = clients.as_role(Role.VIEWER).get(f"/ranking/{CAMPAIGN}/q2/{OTHER}").text
    assert "bản gốc đã xóa theo quy định" in page and "deleted by retention" not in page
