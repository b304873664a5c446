"""Random campaigns through the real intake and dbt, against the oracle. Many campaigns share one build."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from thidua.intake.ingest import ingest
from thidua.lake.decisions import record_decision
from thidua.lake.receipts import load_receipts
from thidua.settings import Home
from thidua.warehouse.build import build

from tests.property.campaigns import Campaign, campaigns, write_plan, write_submission
from tests.property.oracle import Expected, Oracle, half_up, percent
from tests.property.published import differences, read_published

AFTER = datetime(2024, 2, 1, tzinfo=UTC)
MIDWAY = datetime(2023, 8, 20, 3, tzinfo=UTC)


def draw_campaigns(count: int, number: int) -> list[Campaign]:
    """Campaigns as Hypothesis draws them from a seed; they share one build, since dbt's start is most of its cost."""
    found: list[Campaign] = []

    @seed(number)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(campaigns(0))
    def gather(campaign: Campaign) -> None:
        found.append(replace(campaign, campaign_id=f"draw-{len(found):03d}"))

    gather()
    assert len(found) >= count * 0.9
    return found


def check(pack: list[Campaign], folder: Path) -> list[Expected]:
    """Takes the campaigns through intake and dbt; what the oracle expected, when nothing differs from it."""
    home, plans = Home(folder / "home"), folder / "campaigns"
    for campaign in pack:
        write_plan(campaign, plans / campaign.campaign_id)
        for submission in campaign.submissions:
            write_submission(campaign, submission, home.landing)
        for (period, unit), result in campaign.decisions.items():
            record_decision(
                home,
                campaign_id=campaign.campaign_id,
                kind="gate",
                subject={"period_id": period, "gate_id": "quality", "unit_id": unit, "result": result},
                decided_by="council",
                recorded_at=datetime(2023, 1, 2, tzinfo=UTC),
                reason="drawn",
            )
    ingest(home, plans, AFTER, explicit_now=True)
    ids = {receipt.landing_path: receipt.submission_id for receipt in load_receipts(home)}
    # The whole year, and what was known in the middle of it, when closings still lay ahead.
    seen: list[Expected] = []
    for now, known_at in ((AFTER, None), (MIDWAY, MIDWAY)):
        result = build(home, plans, now, known_at=known_at)
        published = read_published(result.database)
        expected = {campaign.campaign_id: Oracle(campaign, ids, now, known_at).run() for campaign in pack}
        lines = [
            line
            for campaign_id, tables in expected.items()
            for line in differences(campaign_id, tables, published[campaign_id])
        ]
        assert not lines, "\n".join(lines[:40])
        seen += expected.values()
    return seen


def assert_worth_comparing(tables: list[Expected]) -> None:
    """The draws reach every outcome that the rules know; otherwise agreement would say little."""
    outcomes = {row[0] for table in tables for row in table.submissions.values()}
    assert outcomes == {"accepted", "accepted_with_rejections", "duplicate", "returned"}
    statuses = {row[0] for table in tables for row in table.scopes.values()}
    assert statuses == {"applied", "duplicate", "stale", "rejected", "returned"}
    reasons = {row[2] for table in tables for row in table.eligibility.values()}
    assert reasons >= {"ok", "below_threshold", "no_target", "no_data", "decision_failed", "awaiting_decision"}
    assert {row[0] for table in tables for row in table.awards.values()} == {"proposed", "undecided", "blocked"}
    assert any(row[2] and row[1] == 1 for table in tables for row in table.ranking.values()), "a tie at the top"
    assert any((row[1] or 0) < 0 for table in tables for row in table.measures.values()), "a negative increase"
    assert {key[3] for table in tables for key in table.faults} == {"count_falls", "count_jumps"}
    reporting = {row[0] for table in tables for row in table.reporting.values()}
    assert reporting == {"on_time", "late", "missing", "returned", "not_due"}


def check_until_worth_comparing(count: int, folder: Path) -> None:
    """Hypothesis also draws from the constants of whatever modules are loaded, so what a seed reaches is not settled:
    more is drawn until every outcome was compared.
    """
    seen: list[Expected] = []
    for number in range(2023, 2028):
        seen += check(draw_campaigns(count, number=number), folder / str(number))
        try:
            return assert_worth_comparing(seen)
        except AssertionError:
            if number == 2027:
                raise


@pytest.mark.slow(seconds=30)
def test_published_tables_agree_with_the_oracle(tmp_path: Path) -> None:
    check_until_worth_comparing(120, tmp_path)


@pytest.mark.fuzz
@pytest.mark.parametrize("number", [random.SystemRandom().randrange(10**9) for _ in range(5)])
def test_many_more(number: int, tmp_path: Path) -> None:
    check(draw_campaigns(300, number), tmp_path)


def test_the_oracle_itself_on_worked_examples() -> None:
    assert half_up(Fraction(9690, 13087), 4) == Fraction("0.7404")
    assert half_up(Fraction(1000, 1440), 4) == Fraction("0.6944")
    assert Fraction(7852, 13087) < percent("60%") and half_up(Fraction(7852, 13087), 4) == Fraction("0.6")
    assert Fraction(7930, 13087) > Fraction(7278, 12011)
    assert half_up(Fraction(8146, 13087), 4) == Fraction("0.6224")
