"""Where a closing stands, and what brings it on: completeness, the freeze, the questions, readiness for approval.

`prepare` is safe to repeat at any time: it freezes once, computes what changed, and says what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from thidua.clock import day_end
from thidua.closing.basis import REISSUE, basis_of, freeze_content
from thidua.closing.clocks import closing_instant
from thidua.closing.compute import Computed, compute_basis, forget_others
from thidua.closing.earlier import Earlier, asked_by_plan, open_earlier
from thidua.closing.questions import Question, find_questions
from thidua.errors import NotWell, ThiduaError
from thidua.lake.decisions import Decision, in_force, load_decisions
from thidua.lake.entries import Entry, seal
from thidua.lake.objections import Objection, load_objections
from thidua.lake.officials import (
    Official,
    closing_lock,
    list_versions,
    load_approvals,
    load_freezes,
    load_version,
    write_freeze,
)
from thidua.lake.writing import held
from thidua.plan.compile import closing_date_of, cutoff_of, due_at
from thidua.plan.loader import load_plan
from thidua.plan.snapshots import record_snapshots, snapshots_at
from thidua.review.people import person_of
from thidua.settings import Home

ANSWERED = frozenset({"on_time", "late", "excused"})


@dataclass(frozen=True)
class Closing:
    """Where a closing stands at an instant.

    `state`: too_early and incomplete (nothing is frozen yet), questions, ready, approved_once, approved, closed (the
    latest version stands, and no order that was carried out asks for another).
    """

    campaign_id: str
    period_id: str
    state: str
    blockers: Sequence[str] = ()
    questions: Sequence[Question] = ()
    objections: Sequence[Objection] = ()
    approvals: Sequence[Entry] = ()
    freeze: Entry | None = None
    order: Decision | None = None
    official: Official | None = None
    computed: Computed | None = field(default=None, repr=False)
    # Closings that it rests on and that are open, or issued anew since the freeze.
    earlier: Sequence[Earlier] = ()

    @property
    def open_questions(self) -> list[Question]:
        return [question for question in self.questions if question.is_open]

    @property
    def open_objections(self) -> list[Objection]:
        return [objection for objection in self.objections if objection.is_open]

    @property
    def content_hash(self) -> str | None:
        """What an approval now would be given to."""
        return self.computed.content_hash if self.computed else None

    @property
    def next_version(self) -> int:
        return (self.official.version if self.official else 0) + 1

    def question(self, question_id: str) -> Question:
        """Raises ThiduaError with the questions there are."""
        for question in self.questions:
            if question.question_id == question_id:
                return question
        there = ", ".join(question.question_id for question in self.questions) or "none"
        raise ThiduaError(f"không có câu hỏi / there is no question '{question_id}' (there are: {there})")


def prepare(
    home: Home, campaigns_dir: Path | None, campaign_id: str, period_id: str, at: datetime, grace: int | None = None
) -> Closing:
    """Brings a closing as far as it can go without people. `grace`: days after the closing date, else the plan's due
    dates; `campaigns_dir`: take its plans first (None: only what the lake knows)."""
    if campaigns_dir is not None:
        record_snapshots(home, campaigns_dir, at)
    ready_at = _ready_at(home, campaign_id, period_id, at, grace)
    with held(home, closing_lock(home, campaign_id, period_id)):
        at = closing_instant(home, campaign_id, period_id, at)
        freeze, order = _freeze_in_force(home, campaign_id, period_id, at)
        if order is None and freeze is None and at < ready_at:
            day = ready_at.astimezone(UTC).isoformat()
            return Closing(campaign_id, period_id, "too_early", [f"chưa đến hạn đóng kỳ / closes from {day} on"])
        if freeze is None or order is not None:
            content = freeze_content(home, campaign_id, period_id, at, freeze, order)
            computed = compute_basis(home, basis_of(home, content, at))
            if blockers := _missing_reports(computed):
                return Closing(campaign_id, period_id, "incomplete", blockers, order=order)
            write_freeze(home, content)
            forget_others(home, seal(content))
    return examine(home, campaign_id, period_id, at)


def examine(home: Home, campaign_id: str, period_id: str, at: datetime) -> Closing:
    """Where a closing stands, computing what changed; freezes nothing. Raises NotWell when it is not frozen yet."""
    freezes = load_freezes(home, campaign_id, period_id)
    if not freezes:
        raise NotWell(
            f"kỳ chưa được chốt số liệu / {campaign_id} {period_id} is not frozen yet; run `thidua close` first"
        )
    at = closing_instant(home, campaign_id, period_id, at)
    freeze = freezes[-1]
    versions = list_versions(home, campaign_id, period_id)
    official = load_version(home, campaign_id, period_id) if versions else None
    objections = [one for one in load_objections(home, at, campaign_id) if one.period_id == period_id]
    if official is not None and official.manifest["freeze"]["number"] == freeze["number"]:
        # Versions from before this was asked do not say what they rest on: their plan does.
        rests_on = official.manifest["rests_on"] if "rests_on" in official.manifest else asked_by_plan(home, freeze)
        return Closing(
            campaign_id,
            period_id,
            "closed",
            objections=objections,
            freeze=freeze,
            official=official,
            earlier=open_earlier(home, freeze, rests_on, at),
        )
    computed = compute_basis(home, basis_of(home, freeze, at))
    earlier = open_earlier(home, freeze, computed.rests_on, at)
    questions = find_questions(computed, earlier)
    approvals = [
        approval
        for approval in load_approvals(home, campaign_id, period_id)
        if approval["content_hash"] == computed.content_hash
    ]
    state = "ready"
    if any(question.is_open for question in questions):
        state = "questions"
    elif approvals:
        state = "approved_once" if len({person_of(one["user"]) for one in approvals}) == 1 else "approved"
    return Closing(
        campaign_id,
        period_id,
        state,
        questions=questions,
        objections=objections,
        approvals=approvals,
        freeze=freeze,
        official=official,
        computed=computed,
        earlier=earlier,
    )


def _freeze_in_force(
    home: Home, campaign_id: str, period_id: str, at: datetime
) -> tuple[Entry | None, Decision | None]:
    """The latest freeze, and the order that asks to freeze anew, if there is one that was not carried out."""
    freezes = load_freezes(home, campaign_id, period_id)
    if not freezes:
        return None, None
    carried_out = {freeze["order"] for freeze in freezes}
    versions = list_versions(home, campaign_id, period_id)
    version = versions[-1] if versions else 0
    orders = [
        decision
        for decision in in_force(load_decisions(home, at))
        if decision["kind"] == REISSUE
        and decision["campaign_id"] == campaign_id
        and decision["subject"].get("period_id") == period_id
        and decision["subject"].get("of_version") == version
        and decision["decision_id"] not in carried_out
    ]
    return freezes[-1], (orders[-1] if orders else None)


def _ready_at(home: Home, campaign_id: str, period_id: str, at: datetime, grace: int | None) -> datetime:
    """From when on a closing can be frozen: its cutoff and the days of grace, else its last due report."""
    snapshots = snapshots_at(home, at)
    if campaign_id not in snapshots:
        there = ", ".join(sorted(snapshots)) or "none"
        raise ThiduaError(
            f"không có phong trào / there is no campaign '{campaign_id}' in the lake (there are: {there})"
        )
    document = load_plan(snapshots[campaign_id].path).document
    periods = {period.period_id: period for period in document.periods}
    if period_id not in periods:
        raise ThiduaError(f"không có kỳ / there is no period '{period_id}' (there are: {', '.join(periods)})")
    period = periods[period_id]
    cutoff = cutoff_of(period)
    if grace is not None:
        day: date = closing_date_of(period)
        return max(cutoff, day_end(day + timedelta(days=grace)))
    return max([cutoff, *(due_at(report, period) for report in document.reports if period_id in report.periods)])


def _missing_reports(computed: Computed) -> list[str]:
    """Each report of the closing that did not come, is wrong, or is not excused."""
    names = {unit["unit_id"]: unit["name"] for unit in computed.rows("dim_unit")}
    labels = {"missing": "chưa gửi / missing", "returned": "bị trả lại / returned", "not_due": "chưa gửi / not sent"}
    return [
        f"{names.get(row['from_unit_id'], row['from_unit_id'])} ({row['from_unit_id']}), {row['export_type']}: "
        f"{labels.get(row['status'], row['status'])}"
        for row in computed.rows("fct_reporting")
        if row["status"] not in ANSWERED
    ]


def record_order(
    home: Home,
    campaign_id: str,
    period_id: str,
    *,
    decided_by: str,
    at: datetime,
    reason: str,
    admits: Sequence[str] = (),
    evidence_sha256: str | None = None,
) -> Decision:
    """Records the order to freeze a closing anew and re-issue it. `admits`: late files that are to count."""
    from thidua.lake.decisions import record_decision

    if not load_freezes(home, campaign_id, period_id):
        raise ThiduaError(
            f"kỳ chưa được chốt / {campaign_id} {period_id} is not frozen yet: what is late still counts by itself"
        )
    versions = list_versions(home, campaign_id, period_id)
    subject: Mapping[str, Any] = {
        "period_id": period_id,
        "of_version": versions[-1] if versions else 0,
        "admits": sorted(admits),
        **({"evidence_sha256": evidence_sha256} if evidence_sha256 else {}),
    }
    return record_decision(
        home,
        campaign_id=campaign_id,
        kind=REISSUE,
        subject=subject,
        decided_by=decided_by,
        recorded_at=closing_instant(home, campaign_id, period_id, at),
        reason=reason,
    )
