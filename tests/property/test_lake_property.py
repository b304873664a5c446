"""The property of the lake: any order, split, repeat and kill, and two ingests at once, give the same content of every
mart, whatever people decide meanwhile."""

from __future__ import annotations

import hashlib
import os
import random
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from thidua.intake.ingest import ingest
from thidua.lake.batches import AGAIN
from thidua.lake.decisions import load_decisions, record_decision
from thidua.lake.judgements import overruled, wanted
from thidua.lake.receipts import submission_id_of
from thidua.settings import Home
from thidua.warehouse.build import build

from tests.processes import CHILDREN
from tests.property.campaigns import Campaign, Submission, landing_path, write_plan, write_submission
from tests.property.content import differing, marts_of
from tests.property.test_oracle import AFTER, draw_campaigns

pytestmark = pytest.mark.slow(seconds=60)


def with_nicknames(campaign: Campaign) -> Campaign:
    """The same campaign, whose first unit is called by a name that only a decision explains, in every other file."""
    unit = campaign.units[0]
    submissions = [
        replace(
            one, rows=tuple((nickname(unit) if row[0] == unit and number % 2 else row[0], *row[1:]) for row in one.rows)
        )
        for number, one in enumerate(campaign.submissions)
    ]
    return replace(campaign, submissions=tuple(submissions))


def nickname(unit: str) -> str:
    return f"Biệt danh {unit}"


def decide(home: Home, campaign: Campaign) -> None:
    """The same decisions in any lake, on files that may not have come yet: a gate failed, a name explained (and taken
    back in every other campaign), unreadable rows taken out, resends of older figures accepted, a file sent back."""
    day = datetime(2023, 7, 10, tzinfo=UTC)
    records: list[tuple[str, dict[str, object]]] = [
        ("gate", {"period_id": "p0", "gate_id": "quality", "unit_id": campaign.units[0], "result": "fail"}),
        ("name_unit", {"name": nickname(campaign.units[0]).upper(), "unit_id": campaign.units[0]}),
    ]
    for number, submission in enumerate(campaign.submissions):
        name = {"submission_id": id_of(campaign, submission, home)}
        unreadable = [line for line, row in enumerate(submission.rows, 2) if isinstance(row[2], str)]
        records += [("exclude_row", {**name, "sheet": None, "line_number": line}) for line in unreadable]
        if submission.name.startswith("again-"):
            records.append(("waive", {**name, "rule_id": "stale_resend"}))
        if number % 7 == 3:
            records.append(("return_submission", name))
        if number % 5 == 2:
            records.append(("rejudge", {"submission_ids": [name["submission_id"]]}))
    common = {"campaign_id": campaign.campaign_id, "decided_by": "council", "reason": "test"}
    made = [
        record_decision(home, kind=kind, subject=subject, recorded_at=day + timedelta(days=30 * (number % 3)), **common)
        for number, (kind, subject) in enumerate(records)
    ]
    if int(campaign.campaign_id[-1]) % 2:
        record_decision(
            home,
            kind="withdraw_decision",
            subject={"decision_id": made[1]["decision_id"]},
            withdraws=made[1]["decision_id"],
            recorded_at=day + timedelta(days=40),
            **common,
        )


def id_of(campaign: Campaign, submission: Submission, home: Home) -> str:
    """Its submission id, whether it was received yet or not."""
    with TemporaryDirectory(dir=home.path) as folder:
        path = write_submission(campaign, submission, Path(folder))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    received = submission.received_at.astimezone(UTC).isoformat()
    return submission_id_of(landing_path(campaign, submission), digest, received)


def take_in(home: Path, plans: Path) -> None:
    ingest(Home(home), plans, AFTER, explicit_now=True)


def take_in_and_die(home: Path, plans: Path) -> None:
    """Killed while it judges again what the decisions ask for, between two of the batches."""
    from thidua.intake import ingest as intake

    committing = intake.commit

    def commit_and_die(lake: Home, folder: Path) -> str | None:
        batch_id = committing(lake, folder)
        if batch_id and batch_id.startswith(AGAIN):
            os.kill(os.getpid(), signal.SIGKILL)
        return batch_id

    intake.commit = commit_and_die
    take_in(home, plans)


def test_any_order_split_and_repeat_gives_the_same_marts(tmp_path: Path) -> None:
    pack = [with_nicknames(campaign) for campaign in draw_campaigns(12, number=7)]
    plans = tmp_path / "campaigns"
    for campaign in pack:
        write_plan(campaign, plans / campaign.campaign_id)

    at_once = Home(tmp_path / "at-once")
    for campaign in pack:
        for submission in campaign.submissions:
            write_submission(campaign, submission, at_once.landing)
        decide(at_once, campaign)
    take_in(at_once.path, plans)
    expected = marts_of(build(at_once, plans, AFTER).database)
    assert expected["fct_ranking"] and expected["fct_rejected_row"]
    kinds = {one["kind"] for one in load_decisions(at_once)}
    assert kinds >= {"exclude_row", "waive", "name_unit", "return_submission", "rejudge", "withdraw_decision"}
    assert overruled(at_once) and not wanted(at_once)

    in_pieces = Home(tmp_path / "in-pieces")
    files = [(campaign, submission) for campaign in pack for submission in campaign.submissions]
    random.Random(7).shuffle(files)
    thirds = [files[0::3], files[1::3], files[2::3]]
    clocks = [datetime(2023, 7, 3, 20, tzinfo=UTC), datetime(2023, 10, 4, tzinfo=UTC), AFTER]
    for number, (some, clock) in enumerate(zip(thirds, clocks, strict=True)):
        for campaign, submission in some:
            write_submission(campaign, submission, in_pieces.landing)
        if number == 1:  # two at once, in processes of their own
            both = [CHILDREN.Process(target=take_in, args=(in_pieces.path, plans)) for _ in range(2)]
            for process in both:
                process.start()
            for process in both:
                process.join()
                assert process.exitcode == 0
            for campaign in pack:
                decide(in_pieces, campaign)
            killed = CHILDREN.Process(target=take_in_and_die, args=(in_pieces.path, plans))
            killed.start()
            killed.join()
            assert killed.exitcode == -signal.SIGKILL and wanted(in_pieces)
        take_in(in_pieces.path, plans)
        take_in(in_pieces.path, plans)
        result = build(in_pieces, plans, clock)
        assert result.did_work
    incremental = marts_of(in_pieces.db)
    assert differing(incremental, expected) == {}
    assert not build(in_pieces, plans, AFTER).did_work

    rebuilt = build(in_pieces, plans, AFTER, full=True)
    assert rebuilt.is_full
    assert differing(marts_of(in_pieces.db), expected) == {}


def test_known_at_shows_the_figure_before_a_resubmission(tmp_path: Path) -> None:
    campaign = draw_campaigns(1, number=3)[0]
    plans, home = tmp_path / "campaigns", Home(tmp_path / "home")
    write_plan(campaign, plans / campaign.campaign_id)
    unit, day = campaign.units[0], campaign.periods[0].closing
    first, second = datetime(2023, 7, 2, tzinfo=UTC), datetime(2023, 7, 9, tzinfo=UTC)
    kind = type(campaign.submissions[0])
    for name, instant, value in (("first", first, 5), ("second", second, 8)):
        write_submission(campaign, kind(name, instant, ((unit, day, value),), "A"), home.landing)
    ingest(home, plans, AFTER, explicit_now=True)

    def figure(database: Path) -> list[tuple[int]]:
        with duckdb.connect(str(database), read_only=True) as connection:
            return connection.execute("select value from marts.fct_figure where origin = 'reported'").fetchall()

    now = build(home, plans, AFTER)
    before = build(home, plans, AFTER, known_at=second - timedelta(seconds=1))
    assert figure(now.database) == [(8,)]
    assert figure(before.database) == [(5,)]
    assert before.database != home.db
    assert not home.serve.exists()
