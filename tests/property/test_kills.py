"""Killed at any point and run again: the same marts as without the kill. The processes are real, so is SIGKILL."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from thidua.settings import Home

from tests.processes import Command, Moment
from tests.property.campaigns import write_plan, write_submission
from tests.property.content import differing, marts_of
from tests.property.test_oracle import draw_campaigns

pytestmark = pytest.mark.slow(seconds=45)

NOW = "2024-02-01T00:00:00+00:00"
RENAMED = r"os\.rename .*/batches/\.tmp-[^/]* .*/batches/\w+$"


# Before a receipt, a batch's folder, its rows' being durable, its manifest, its only rename; and after that.
INGEST = {
    "fourth receipt": Moment((r"os\.link .*/receipts/\w+\.json$",), times=4),
    "folder": Moment((r"os\.mkdir .*/batches/\.tmp-",)),
    "first table": Moment((r"os\.mkdir .*/batches/\.tmp-", "^open ")),
    "durable": Moment((r"^open .*/batches/\.tmp-[^/]*/submissions\.parquet ",)),
    "manifest": Moment((r"os\.rename .*/batches/\.tmp-[^/]*/manifest\.json$",)),
    "rename": Moment((RENAMED,)),
    "renamed": Moment((RENAMED, "^open .*/batches$")),
}
# By the statements that dbt is about to run: the first, some in the middle, the last of the models.
BUILD = {f"model {number}": Moment((r"^open .*/run/.*/models/.*\.sql ",), times=number) for number in (1, 20, 45, 80)}
PUBLISH = {
    "folder": Moment((r"os\.mkdir .*/serve/\.tmp-", "^open ")),
    "rename": Moment((r"os\.rename .*/serve/\.tmp-\w[^/]* .*/serve/2",)),
    "link": Moment((r"os\.rename .*/serve/current",)),
    "linked": Moment((r"os\.rename .*/serve/current", "^open .*/serve$")),
}


def finish(home: Home, plans: Path, *arguments: str, until: Moment | None = None) -> int:
    environment = {**os.environ, "THIDUA_HOME": str(home.path), "THIDUA_CAMPAIGNS": str(plans)}
    done = Command(arguments, environment, until=until).finish()
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode


def kill(home: Home, plans: Path, moment: Moment, *arguments: str) -> None:
    assert finish(home, plans, *arguments, until=moment) == -signal.SIGKILL, (arguments, moment)


def test_killed_anywhere_and_run_again(tmp_path: Path) -> None:
    plans = tmp_path / "campaigns"
    undisturbed, disturbed = Home(tmp_path / "undisturbed"), Home(tmp_path / "disturbed")
    for campaign in draw_campaigns(4, number=11):
        write_plan(campaign, plans / campaign.campaign_id)
        for home in (undisturbed, disturbed):
            for submission in campaign.submissions:
                write_submission(campaign, submission, home.landing)

    assert finish(undisturbed, plans, "ingest", "--now", NOW) == 1, "some files were returned"
    assert finish(undisturbed, plans, "build", "--now", NOW) == finish(undisturbed, plans, "publish") == 0

    for moment in INGEST.values():
        kill(disturbed, plans, moment, "ingest", "--now", NOW)
    assert finish(disturbed, plans, "ingest", "--now", NOW) == 0, "the last one was killed after its commit"
    assert not any((disturbed.lake / "batches").glob(".tmp-*")), "what a killed ingest left behind is cleared away"

    for moment in BUILD.values():
        kill(disturbed, plans, moment, "build", "--now", NOW)
        assert finish(disturbed, plans, "publish") == 1, "half a build is never published"
        assert not (disturbed.serve / "current").exists()
    assert finish(disturbed, plans, "build", "--now", NOW) == 0

    for name, moment in PUBLISH.items():
        kill(disturbed, plans, moment, "publish")
        assert (disturbed.serve / "current").exists() == (name == "linked"), name
    assert finish(disturbed, plans, "publish") == 0
    assert not list(disturbed.serve.glob(".tmp-*"))

    expected = marts_of(undisturbed.serve / "current" / "marts.duckdb")
    assert expected["fct_submission"]
    assert differing(marts_of(disturbed.serve / "current" / "marts.duckdb"), expected) == {}
