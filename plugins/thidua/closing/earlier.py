"""Earlier closings that a closing rests on: those whose prizes its rules ask for.

A freeze names the official versions that count. Where one is approved later, or a closing had none, nothing changes by
itself, but it is never passed over: people freeze anew (`thidua reissue`), or say that what was frozen stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from thidua.clock import now_utc
from thidua.closing.basis import snapshot_of
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


@dataclass(frozen=True)
class Earlier:
    """An earlier closing: the version of it that a freeze has, and the latest one (None: none, it was or is open)."""

    period_id: str
    frozen: int | None
    latest: int | None
    content_hash: str | None

    @property
    def has_changed(self) -> bool:
        return self.latest != self.frozen

    def __str__(self) -> str:
        if self.latest is None:
            return (
                f"Kỳ {self.period_id} chưa có bản chính thức: mới tính những đơn vị mà Hội đồng đã quyết định khen, chưa "
                f"tính cá nhân / {self.period_id} has no official version: units that the council decided on count, no "
                "person does"
            )
        then = f"bản {self.frozen} / version {self.frozen}" if self.frozen else "lúc chưa có bản nào / none"
        return (
            f"Kỳ {self.period_id} nay có bản chính thức {self.latest}, mà kỳ này đã chốt theo {then}. Muốn tính theo bản "
            f"mới: `thidua reissue`, rồi đóng kỳ lại / {self.period_id} has version {self.latest} now; to count it, order "
            "`thidua reissue` and close again"
        )


def open_earlier(home: Home, freeze: Mapping[str, Any], rests_on: Collection[str], at: datetime) -> list[Earlier]:
    """Of the closings that the rules ask for, those of which a freeze does not have the version that is the latest at
    an instant, and those without any."""
    if not rests_on:
        return []
    frozen: dict[str, int] = {}
    for said in freeze["officials"]:
        frozen[said["period_id"]] = max(frozen.get(said["period_id"], 0), said["version"])
    latest = latest_of(one for one in load_officials(home, at) if one.campaign_id == freeze["campaign_id"])
    found = []
    for period_id in sorted(rests_on):
        official = latest.get(period_id)
        version, content_hash = (official.version, official.content_hash) if official else (None, None)
        found.append(Earlier(period_id, frozen.get(period_id), version, content_hash))
    return [one for one in found if one.has_changed or one.latest is None]


def asked_by_plan(home: Home, freeze: Mapping[str, Any]) -> set[str]:
    """The closings whose prizes the rules of a frozen plan ask for, of units or of persons."""
    from thidua.warehouse.build import plan_inputs

    snapshot = snapshot_of(home, freeze)
    if not snapshot.path.exists():  # that it is gone is for `reproduce` to say
        return set()
    plan = plan_inputs({freeze["campaign_id"]: snapshot}, [])["plan_rows"]
    period_id = freeze["period_id"]
    prizes = {row["prize_id"] for row in plan["prizes"] if row["period_id"] == period_id}
    gates = {(row["gate_id"], row["period_id"]) for row in plan["gates"] if row["kind"] == "awarded"}
    conditions = {
        (row["prize_id"], row["position"])
        for row in plan["prize_conditions"]
        if row["kind"] == "awarded" and row["prize_id"] in prizes
    }
    return {
        row["in_period_id"]
        for row in plan["gate_periods"]
        if row["period_id"] == period_id and (row["gate_id"], period_id) in gates
    } | {
        row["in_period_id"]
        for row in plan["prize_condition_periods"]
        if (row["prize_id"], row["position"]) in conditions
    }


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
