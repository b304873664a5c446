"""Earlier closings that a closing rests on: prizes of theirs that its rules ask for, and official versions that came since.

A freeze names the versions that count. One that is approved later, of a closing whose prizes the rules ask for, changes
nothing by itself, but it is never passed over: people freeze anew (`thidua reissue`), or say that what was frozen stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from thidua.clock import now_utc
from thidua.closing.pools import Row
from thidua.lake.decisions import Decision
from thidua.lake.officials import Official, load_officials
from thidua.plan.snapshots import snapshots_at
from thidua.settings import Home


def latest_of(officials: Iterable[Official]) -> dict[str, Official]:
    """The version of each closing that counts: the last one."""
    latest: dict[str, Official] = {}
    for official in sorted(officials, key=lambda one: one.version):
        latest[official.period_id] = official
    return latest


def later_versions(
    home: Home, freeze: Mapping[str, Any], rests_on: Collection[str], at: datetime
) -> list[tuple[Official, int | None]]:
    """Versions approved up to `at` that take the place of those that a freeze names, of the closings whose prizes the
    rules ask for; beside the version that the freeze has of theirs (None: none, that closing was still open)."""
    if not rests_on:
        return []
    frozen = dict.fromkeys(rests_on, 0)
    for said in freeze["officials"]:
        if said["period_id"] in frozen:
            frozen[said["period_id"]] = max(frozen[said["period_id"]], said["version"])
    known = [one for one in load_officials(home, at) if one.campaign_id == freeze["campaign_id"]]
    return [
        (official, frozen[period_id] or None)
        for period_id, official in sorted(latest_of(known).items())
        if period_id in frozen and official.version > frozen[period_id]
    ]


def awarded_before(officials: Iterable[Official]) -> list[Row]:
    """Who was awarded what, by the versions that count."""
    return [
        {name: row[name] for name in ("period_id", "prize_id", "unit_id", "name")}
        for official in latest_of(officials).values()
        for row in official.rows("persons")
    ]


def asked_of_persons(
    home: Home, campaign_id: str, period_id: str, decisions: Sequence[Decision]
) -> dict[str, list[Row]]:
    """`person_gates` and `earlier_persons` of a closing as the lake has them now, for provisional figures; none where
    these are looked at without their lake, which has the names as well."""
    from thidua.warehouse.build import decision_rows, plan_inputs

    snapshots = {name: one for name, one in snapshots_at(home, now_utc()).items() if name == campaign_id}
    if not snapshots:
        return {"person_gates": [], "earlier_persons": []}
    plan = plan_inputs(snapshots, decision_rows(decisions))["plan_rows"]
    gates = {
        row["gate_id"]: row
        for row in plan["gates"]
        if (row["period_id"], row["recipient"], row["kind"]) == (period_id, "person", "awarded")
    }
    officials = [one for one in load_officials(home) if one.campaign_id == campaign_id] if gates else []
    return {
        "person_gates": [
            {
                **{name: gates[row["gate_id"]][name] for name in ("gate_id", "prize_id", "quantifier")},
                "in_period_id": row["in_period_id"],
            }
            for row in plan["gate_periods"]
            if row["period_id"] == period_id and row["gate_id"] in gates
        ],
        "earlier_persons": awarded_before(one for one in officials if one.period_id != period_id),
    }
