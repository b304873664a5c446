"""What a build may stand on: nothing that a failed one left, nothing of another lake."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from thidua.errors import NotWell
from thidua.intake.ingest import ingest
from thidua.lake.batches import list_batches
from thidua.settings import Home
from thidua.warehouse.build import build

from tests.property.campaigns import write_plan, write_submission
from tests.property.content import differing, marts_of
from tests.property.test_oracle import draw_campaigns

NOW = datetime(2024, 2, 1, tzinfo=UTC)


def test_what_a_failed_build_touched_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another plan is built and fails its tests, then the old plan is back: nothing of the other one stays."""
    home, plans = Home(tmp_path / "home"), tmp_path / "campaigns"
    for campaign in draw_campaigns(4, number=3):
        write_plan(campaign, plans / campaign.campaign_id)
        for submission in campaign.submissions:
            write_submission(campaign, submission, home.landing)
    ingest(home, plans, NOW, explicit_now=True)
    build(home, plans, NOW)
    expected = marts_of(home.db)

    kept = {path: path.read_bytes() for path in plans.glob("*/targets.csv")}
    for path, text in kept.items():
        path.write_bytes(re.sub(rb",(\d+),", lambda found: b",%d," % (int(found[1]) + 777), text))

    def fail(*_: object) -> None:
        raise NotWell("a data test is broken")

    with monkeypatch.context() as broken:
        broken.setattr("thidua.warehouse.build.check", fail)
        with pytest.raises(NotWell, match="a data test is broken"):
            build(home, plans, NOW + timedelta(hours=1))
    assert differing(marts_of(home.db), expected), "the other plan gives other figures"
    for path, text in kept.items():
        path.write_bytes(text)
    assert build(home, plans, NOW + timedelta(hours=2)).did_work
    assert differing(marts_of(home.db), expected) == {}

    batch = list_batches(home)[0]
    shutil.rmtree(batch)
    assert build(home, plans, NOW + timedelta(hours=3)).is_full, "it held a batch that this lake has not"
    assert marts_of(home.db)["fct_submission"] == []
