"""At which instant a closing is looked at, frozen, approved and issued, whatever clock its host has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from thidua.lake.clocks import not_before
from thidua.lake.decisions import load_decisions
from thidua.lake.objections import load_objections
from thidua.lake.officials import load_approvals, load_freezes, load_officials
from thidua.lake.receipts import load_receipts
from thidua.plan.snapshots import snapshots_at
from thidua.settings import Home


def closing_instant(home: Home, campaign_id: str, period_id: str, at: datetime) -> datetime:
    """`at`, but not before what is known of the campaign (lake/clocks.py). Read under the closing's lock, where something
    is recorded."""
    return not_before(home, at, _known(home, campaign_id, period_id))


def _known(home: Home, campaign_id: str, period_id: str) -> Iterator[datetime]:
    told = [one["recorded_at"] for one in load_decisions(home) if one["campaign_id"] == campaign_id]
    told += [one.received_at for one in load_receipts(home) if one.campaign_id == campaign_id]
    for objection in load_objections(home, campaign_id=campaign_id):
        told.append(objection.entry["raised_at"])
        told += [objection.answer["answered_at"]] if objection.answer else []
    told += [one["frozen_at"] for one in load_freezes(home, campaign_id, period_id)]
    told += [one["approved_at"] for one in load_approvals(home, campaign_id, period_id)]
    yield from map(datetime.fromisoformat, told)
    yield from (one.approved_at for one in load_officials(home) if one.campaign_id == campaign_id)
    if snapshot := snapshots_at(home, None).get(campaign_id):
        yield snapshot.recorded_at
