"""The property of the lake: any order, split, repeat, and two ingests at once give the same content of every mart."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import duckdb
import pytest
from thidua.intake.ingest import ingest
from thidua.lake.decisions import record_decision
from thidua.settings import Home
from thidua.warehouse.build import build

from tests.property.campaigns import Campaign, write_plan, write_submission
from tests.property.content import differing, marts_of
from tests.property.test_oracle import AFTER, draw_campaigns

pytestmark = pytest.mark.slow


def decide(home: Home, campaign: Campaign) -> None:
    """The same decision in any lake: a file withdrawn, a gate failed."""
    common = {"campaign_id": campaign.campaign_id, "decided_by": "council", "reason": "test"}
    record_decision(
        home,
        kind="gate",
        subject={"period_id": "p0", "gate_id": "quality", "unit_id": campaign.units[0], "result": "fail"},
        recorded_at=datetime(2023, 7, 10, tzinfo=UTC),
        **common,
    )


def take_in(home: Path, plans: Path) -> None:
    ingest(Home(home), plans, AFTER, explicit_now=True)


def test_any_order_split_and_repeat_gives_the_same_marts(tmp_path: Path) -> None:
    pack = draw_campaigns(12, number=7)
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

    in_pieces = Home(tmp_path / "in-pieces")
    files = [(campaign, submission) for campaign in pack for submission in campaign.submissions]
    random.Random(7).shuffle(files)
    thirds = [files[0::3], files[1::3], files[2::3]]
    clocks = [datetime(2023, 7, 3, 20, tzinfo=UTC), datetime(2023, 10, 4, tzinfo=UTC), AFTER]
    for number, (some, clock) in enumerate(zip(thirds, clocks, strict=True)):
        for campaign, submission in some:
            write_submission(campaign, submission, in_pieces.landing)
        if number == 1:  # two at once, in processes of their own
            context = get_context("spawn")
            both = [context.Process(target=take_in, args=(in_pieces.path, plans)) for _ in range(2)]
            for process in both:
                process.start()
            for process in both:
                process.join()
                assert process.exitcode == 0
            for campaign in pack:
                decide(in_pieces, campaign)
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
