"""Killed at any point and run again: the same marts as without the kill. The processes are real, so is SIGKILL."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from thidua.settings import Home

from tests.processes import Command
from tests.property.campaigns import write_plan, write_submission
from tests.property.content import differing, marts_of
from tests.property.test_oracle import draw_campaigns

pytestmark = pytest.mark.slow(seconds=45)

NOW = "2024-02-01T00:00:00+00:00"


def start(home: Home, plans: Path, *arguments: str) -> Command:
    return Command(arguments, {**os.environ, "THIDUA_HOME": str(home.path), "THIDUA_CAMPAIGNS": str(plans)})


def finish(home: Home, plans: Path, *arguments: str) -> int:
    done = start(home, plans, *arguments).finish()
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode


def kill_when(home: Home, plans: Path, is_time: Callable[[], bool], *arguments: str) -> bool:
    """Starts a command and kills it the moment the condition holds; whether it was still alive then."""
    command = start(home, plans, *arguments)
    while command.is_running() and not is_time():
        time.sleep(0.002)
    command.kill()
    return command.finish().returncode == -signal.SIGKILL


def built_tables(home: Home) -> int:
    """How many models the running build has made, by its log."""
    log = home.warehouse / "dbt" / "dbt.log"
    return log.read_text(errors="ignore").count("OK created") if log.exists() else 0


def test_killed_anywhere_and_run_again(tmp_path: Path) -> None:
    plans = tmp_path / "campaigns"
    undisturbed, disturbed = Home(tmp_path / "undisturbed"), Home(tmp_path / "disturbed")
    for campaign in draw_campaigns(4, number=11):
        write_plan(campaign, plans / campaign.campaign_id)
        for home in (undisturbed, disturbed):
            for submission in campaign.submissions:
                write_submission(campaign, submission, home.landing)

    for command in (("ingest", "--now", NOW), ("build", "--now", NOW), ("publish",)):
        finish(undisturbed, plans, *command)

    lake, kills = disturbed.lake, []
    for is_time in (
        lambda: len(list((lake / "receipts").glob("*.json"))) > 3,
        lambda: any((lake / "batches").glob(".tmp-*")),
        lambda: any((lake / "batches").glob(".tmp-*/submissions.parquet")),
        lambda: any((lake / "batches").glob("[!.]*/manifest.json")),
    ):
        kills.append(kill_when(disturbed, plans, is_time, "ingest", "--now", NOW))
    finish(disturbed, plans, "ingest", "--now", NOW)
    assert not any((lake / "batches").glob(".tmp-*")), "what a killed ingest left behind is cleared away"

    for made in (1, 20, 45):
        kills.append(
            kill_when(disturbed, plans, lambda made=made: built_tables(disturbed) >= made, "build", "--now", NOW)
        )
        (disturbed.warehouse / "dbt" / "dbt.log").unlink(missing_ok=True)
        assert finish(disturbed, plans, "publish") == 1, "half a build is never published"
        assert not (disturbed.serve / "current").exists()
    assert finish(disturbed, plans, "build", "--now", NOW) == 0

    kills.append(kill_when(disturbed, plans, lambda: any(disturbed.serve.glob(".tmp-*")), "publish"))
    assert finish(disturbed, plans, "publish") == 0
    assert not list(disturbed.serve.glob(".tmp-*"))
    assert sum(kills) >= len(kills) - 1, "the kills hit running processes"

    expected = marts_of(undisturbed.serve / "current" / "marts.duckdb")
    assert expected["fct_submission"]
    assert differing(marts_of(disturbed.serve / "current" / "marts.duckdb"), expected) == {}
