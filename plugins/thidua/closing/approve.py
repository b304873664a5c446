"""Approval by two different people who are logged in, and the official version that it makes.

Who calls `approve` has authenticated the user and passes their name and role on; the command line does not call it.
An approval is given to a content hash: to these rows from these inputs. When either changes it counts for nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from thidua.closing.basis import Basis, input_faults
from thidua.closing.clocks import closing_instant
from thidua.closing.close import Closing, examine
from thidua.closing.compare import changes_between
from thidua.closing.compute import compute_basis, computed_before, write_tables
from thidua.errors import NotWell
from thidua.lake.entries import Entry
from thidua.lake.officials import (
    Official,
    closing_lock,
    commit_version,
    load_version,
    new_version_dir,
    write_approval,
)
from thidua.lake.writing import held
from thidua.review.people import person_of
from thidua.settings import Home

NEEDED = 2
# Whoever Airflow lets answer a form: it refuses those who may only look itself, and passes no role on.
ANSWERED_IN_AIRFLOW = "airflow"
# Airflow's names of roles that may act, and the desk's. Any other role, an office's or none, may look on.
MAY_APPROVE = frozenset({"user", "op", "operator", "admin", ANSWERED_IN_AIRFLOW})


class Refused(NotWell):
    """An approval that is not taken, and why."""


class Stale(Refused):
    """What was approved is not what stands now; it has to be looked at again."""


class Unread(Stale):
    """An objection is open that whoever approves has not been shown."""


def approve(
    home: Home,
    campaign_id: str,
    period_id: str,
    *,
    user: str,
    role: str,
    seen: str,
    at: datetime,
    acknowledges: Collection[str] = (),
    note: str = "",
) -> Entry:
    """Records somebody's approval of what they saw (`seen`: its content hash). Raises Refused with the reason.

    `acknowledges`: the open objections that the approver has read and approves in spite of.
    """
    if not user.strip():
        raise Refused("phải đăng nhập / an approval needs a user who is logged in")
    if role.strip().casefold() not in MAY_APPROVE:
        raise Refused(f"{user}: vai trò '{role}' chỉ được xem / the role '{role}' may look, not approve")
    with held(home, closing_lock(home, campaign_id, period_id)):
        at = closing_instant(home, campaign_id, period_id, at)
        closing = examine(home, campaign_id, period_id, at)
        _refuse_unready(closing, seen, acknowledges)
        if any(person_of(one["user"]) == person_of(user) for one in closing.approvals):
            raise Refused(
                f"{user} đã phê duyệt rồi; cần người thứ hai / {user} has approved already; another person must"
            )
        return write_approval(
            home,
            {
                "campaign_id": campaign_id,
                "period_id": period_id,
                "freeze": closing.freeze["entry_id"] if closing.freeze else None,
                "content_hash": seen,
                "number": len(closing.approvals) + 1,
                "user": user.strip(),
                "role": role,
                "approved_at": at.astimezone(UTC).isoformat(),
                "acknowledges": sorted(acknowledges),
                "note": note,
            },
        )


def _refuse_unready(closing: Closing, seen: str, acknowledges: Collection[str]) -> None:
    if closing.state == "closed":
        version = closing.official.version if closing.official else 0
        raise Refused(
            f"kỳ đã có bản chính thức {version}; ban hành lại cần lệnh / version {version} is official; "
            "a re-issue needs a recorded order"
        )
    if closing.content_hash != seen:
        raise Stale(
            "số liệu hoặc quyết định đã thay đổi sau khi xem; hãy xem lại / the inputs or the result changed since they "
            "were shown; look again"
        )
    if closing.open_questions:
        names = ", ".join(question.question_id for question in closing.open_questions)
        raise Refused(f"còn việc chưa quyết định / still to be decided: {names}")
    unread = [one.objection_id for one in closing.open_objections if one.objection_id not in acknowledges]
    if unread:
        raise Unread(
            f"còn khiếu nại chưa trả lời; phải xác nhận đã xem / open objections must be acknowledged: {', '.join(unread)}"
        )


def issue(home: Home, campaign_id: str, period_id: str, at: datetime) -> Official:
    """Makes what two people approved the official version. Repeated, it finds its version; killed, it is run again.

    Raises Refused while fewer than two people have approved what stands now.
    """
    with held(home, closing_lock(home, campaign_id, period_id)):
        closing = examine(home, campaign_id, period_id, at)
        if closing.state == "closed":
            return load_version(home, campaign_id, period_id)
        if closing.state != "approved" or closing.computed is None or closing.freeze is None:
            people = {person_of(one["user"]) for one in closing.approvals}
            raise Refused(
                f"mới có {len(people)} người phê duyệt / {len(people)} of {NEEDED} different people have approved "
                f"what stands now (state: {closing.state})"
            )
        if faults := input_faults(home, closing.computed.basis):
            raise NotWell("đầu vào đã bị sửa / the inputs were changed: " + "; ".join(faults))
        counted = _first_of_each(closing)
        folder = new_version_dir(home, campaign_id, period_id)
        return commit_version(
            home,
            folder,
            {
                "campaign_id": campaign_id,
                "period_id": period_id,
                "version": closing.next_version,
                "approved_at": counted[-1]["approved_at"],
                "approvals": [
                    {key: one[key] for key in ("entry_id", "user", "role", "approved_at", "acknowledges", "note")}
                    for one in counted
                ],
                "content_hash": closing.content_hash,
                "inputs": closing.computed.basis.inputs,
                "freeze": closing.freeze,
                "plan_hash": closing.freeze["plan"]["plan_hash"],
                "order": closing.freeze["order"],
                "rests_on": closing.computed.rests_on,
                "rules": closing.computed.basis.rules,
                "tables": write_tables(closing.computed, folder),
                "effects": _effects(home, closing),
                "objections": [one.objection_id for one in closing.open_objections],
            },
        )


def _first_of_each(closing: Closing) -> list[Entry]:
    """The first approvals of two different people, in their order."""
    counted: dict[str, Entry] = {}
    for one in closing.approvals:
        counted.setdefault(person_of(one["user"]), one)
    return list(counted.values())[:NEEDED]


def _effects(home: Home, closing: Closing) -> list[dict[str, object]]:
    """What the decisions since the freeze changed in ranking and awards, in their order: each cell before and after, and
    the decisions that changed it. Several stand together where nobody looked at the result between them: to compute it
    would cost a build.
    """
    if closing.computed is None or closing.freeze is None:
        return []
    basis, counted = closing.computed.basis, dict(closing.freeze["decisions"])
    before = compute_basis(home, Basis(closing.freeze, counted))
    later = [one["decision_id"] for one in closing.computed.decisions if one["decision_id"] not in counted]
    effects, together = [], []
    for decision_id in later:
        counted = {**counted, decision_id: basis.decisions[decision_id]}
        together.append(decision_id)
        is_last = decision_id == later[-1]
        after = closing.computed if is_last else computed_before(home, Basis(closing.freeze, counted))
        if after is not None:
            changes = changes_between(before.all_rows, after.all_rows)
            effects += [{**change.record(), "decisions": together} for change in changes]
            before, together = after, []
    return effects
