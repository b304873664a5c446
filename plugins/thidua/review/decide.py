"""The door through which people decide: checked, recorded once under the lake's lock, and followed by its work.

The record is the truth; what follows from it (judging a file again, building) is found and done by whoever comes next
when this process dies in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from thidua.clock import LOCAL
from thidua.errors import NotWell, ThiduaError
from thidua.lake.batches import lake_lock
from thidua.lake.clocks import not_before
from thidua.lake.decisions import Decision, in_force, load_decisions, record_decision
from thidua.lake.writing import held
from thidua.review.facts import Facts
from thidua.review.kinds import Subject, group_of, parse_subject
from thidua.review.people import person
from thidua.settings import Home

WITHDRAW = "withdraw_decision"


class AlreadyDecided(NotWell):
    """Somebody was first: `decision` is theirs, and stays in force."""

    def __init__(self, decision: Decision) -> None:
        at = datetime.fromisoformat(decision["recorded_at"]).astimezone(LOCAL)
        super().__init__(
            f"{decision['decided_by']} đã quyết định lúc {at:%d/%m/%Y %H:%M}: {decision['reason']} / decided already by "
            f"{decision['decided_by']} at {at:%Y-%m-%d %H:%M} ({decision['kind']}, {decision['decision_id'][:12]}); "
            "withdraw that decision first to decide otherwise"
        )
        self.decision = decision


class NotAllowed(NotWell):
    """The decider may not decide this."""


def check_decision(
    home: Home, campaigns_dir: Path, *, campaign_id: str, kind: str, subject: Mapping[str, Any], decided_by: str
) -> Subject:
    """What `decide` would refuse, without writing. Raises ThiduaError, NotAllowed or AlreadyDecided."""
    facts = Facts(home, campaigns_dir, campaign_id)
    asked = parse_subject(kind, subject)
    _ = facts.campaign  # a campaign that does not exist, before anything else
    if not asked.is_repeatable and (other := standing(home, campaign_id, kind, asked)):
        raise AlreadyDecided(other)
    asked.check(facts)
    _check_person(campaigns_dir, campaign_id, decided_by, asked.units(facts))
    return asked


def standing(home: Home, campaign_id: str, kind: str, subject: Subject) -> Decision | None:
    """The decision in force on this subject, if there is one."""
    for decision in in_force(load_decisions(home)):
        if decision["campaign_id"] != campaign_id or group_of(decision["kind"]) != group_of(kind):
            continue
        try:
            other = parse_subject(decision["kind"], decision["subject"])
        except ThiduaError:
            continue  # written before its kind was closed, or by hand; it stands for nothing here
        if other.key == subject.key:
            return decision
    return None


def _check_person(campaigns_dir: Path, campaign_id: str, user: str, units: set[str]) -> None:
    known = person(campaigns_dir, user)
    if known.role in {"office", "viewer"}:
        raise NotAllowed(
            f"'{user}' không có quyền quyết định / has the role {known.role} in people.csv and decides nothing"
        )
    own = sorted(units & known.units_of(campaign_id))
    if own:
        raise NotAllowed(
            f"'{user}' thuộc đơn vị {', '.join(own)} nên không được quyết định về đơn vị mình / belongs to this unit and "
            "may not decide on it; ask another operator"
        )


def decide(
    home: Home,
    campaigns_dir: Path,
    *,
    campaign_id: str,
    kind: str,
    subject: Mapping[str, Any],
    decided_by: str,
    reason: str,
    now: datetime,
    evidence: str | None = None,
) -> Decision:
    """Records a decision and returns it; `follow` then does its work, or the next ingest and build do.

    Of two operators at once one wins, the other gets AlreadyDecided. The same person deciding the same again gets the
    record that is there. Raises ThiduaError where the subject does not exist or may not be decided, NotAllowed where
    the decider may not.
    """
    if not reason.strip():
        raise ThiduaError("hãy ghi lý do / a decision needs its reason")
    with held(home, lake_lock(home)):
        try:
            asked = check_decision(
                home, campaigns_dir, campaign_id=campaign_id, kind=kind, subject=subject, decided_by=decided_by
            )
        except AlreadyDecided as error:
            if _says_the_same(error.decision, kind, parse_subject(kind, subject), decided_by, reason):
                return error.decision
            raise
        return record_decision(
            home,
            campaign_id=campaign_id,
            kind=kind,
            subject=asked.model_dump(mode="json"),
            decided_by=decided_by,
            recorded_at=not_before(home, now, _instants(home)),
            reason=reason.strip(),
            evidence=evidence,
        )


def _says_the_same(decision: Decision, kind: str, subject: Subject, decided_by: str, reason: str) -> bool:
    """A retry after a kill is no second decision."""
    return (decision["kind"], decision["subject"], decision["decided_by"], decision["reason"]) == (
        kind,
        subject.model_dump(mode="json"),
        decided_by,
        reason.strip(),
    )


def withdraw_decision(
    home: Home, campaigns_dir: Path, *, decision_id: str, decided_by: str, reason: str, now: datetime
) -> Decision:
    """Takes a decision back, by a record of its own. `decision_id` may be its unique beginning."""
    if not reason.strip():
        raise ThiduaError("hãy ghi lý do / a decision needs its reason")
    with held(home, lake_lock(home)):
        every = load_decisions(home)
        found = [one for one in every if decision_id and one["decision_id"].startswith(decision_id)]
        if len(found) != 1:
            raise ThiduaError(
                f"không có một quyết định nào mang số / there is not one decision '{decision_id}'; see `thidua decisions`"
            )
        decision = found[0]
        for other in every:
            if other["withdraws"] == decision["decision_id"]:
                raise AlreadyDecided(other)
        if decision["withdraws"]:
            raise ThiduaError("không rút lại việc rút / a withdrawal is final; decide anew")
        campaign_id = decision["campaign_id"]
        if decision["kind"] not in {"rejudge"}:
            try:
                units = parse_subject(decision["kind"], decision["subject"]).units(
                    Facts(home, campaigns_dir, campaign_id)
                )
            except ThiduaError:
                units = set()
            _check_person(campaigns_dir, campaign_id, decided_by, units)
        return record_decision(
            home,
            campaign_id=campaign_id,
            kind=WITHDRAW,
            subject={"decision_id": decision["decision_id"]},
            decided_by=decided_by,
            recorded_at=not_before(home, now, _instants(home)),
            reason=reason.strip(),
            withdraws=decision["decision_id"],
        )


def _instants(home: Home) -> Iterator[datetime]:
    for decision in load_decisions(home):
        yield datetime.fromisoformat(decision["recorded_at"])


def follow(home: Home, campaigns_dir: Path, now: datetime) -> list[str]:
    """Judges again whatever decisions ask for; the batches made. Safe to call at any time, by anybody."""
    from thidua.intake.ingest import judge_again

    return judge_again(home, campaigns_dir, now)
