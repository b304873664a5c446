"""Which original files about persons may go, and why the others stay.

An original goes when everything holds: its export type has personal columns (or is none that we know); it was judged and
no decision asks for another judgement; all closings of its campaign are official, the last for longer than the policy
says; no objection of the campaign is open. What was computed from it stays in its batches, so official versions are computed
again without it; papers behind decisions are no originals and stay for ever.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from thidua.clock import LOCAL
from thidua.intake.contracts import load_contract
from thidua.lake.batches import committed_submission_ids
from thidua.lake.judgements import wanted
from thidua.lake.objections import load_objections
from thidua.lake.officials import list_versions, load_version
from thidua.lake.receipts import Receipt, load_receipts, raw_path
from thidua.plan.loader import load_plan
from thidua.plan.models import PlanDocument
from thidua.plan.snapshots import snapshots_at
from thidua.settings import Home


@dataclass(frozen=True)
class Original:
    """The bytes of one or more submissions. `rule`: why it may go; else `stays`: why it may not."""

    content_sha256: str
    receipts: tuple[Receipt, ...]
    rule: str | None = None
    stays: str | None = None


def personal_originals(home: Home, days: int | None, now: datetime) -> list[Original]:
    """Every original about persons that is still there, in order of its hash."""
    by_content: dict[str, list[Receipt]] = defaultdict(list)
    for receipt in load_receipts(home):
        by_content[receipt.content_sha256].append(receipt)
    found = []
    rules = _Rules(home, days, now)
    for content, receipts in sorted(by_content.items()):
        if not any(_is_personal(receipt) for receipt in receipts) or not raw_path(home, content).exists():
            continue
        judged = [rules.of(receipt) for receipt in receipts]
        stays = next((stays for _, stays in judged if stays), None)
        found.append(Original(content, tuple(receipts), None if stays else judged[0][0], stays))
    return found


def _is_personal(receipt: Receipt) -> bool:
    contract = load_contract(receipt.export_type)
    return contract is None or any(column.personal for column in contract.columns)


class _Rules:
    """What is the same for all files of a campaign is looked up once."""

    def __init__(self, home: Home, days: int | None, now: datetime) -> None:
        self._home = home
        self._days = days
        self._now = now
        self._snapshots = snapshots_at(home, None)
        self._judged = committed_submission_ids(home)
        self._asked = {one.receipt.submission_id for one in wanted(home)}
        self._objected = {one.campaign_id for one in load_objections(home) if one.is_open}
        self._of_campaign: dict[str, tuple[str | None, str | None]] = {}

    def of(self, receipt: Receipt) -> tuple[str | None, str | None]:
        """(why it may go, None), or (None, why it stays)."""
        if receipt.submission_id not in self._judged:
            return None, "chưa được xét / not judged yet"
        if receipt.submission_id in self._asked:
            return None, "chờ xét lại theo quyết định / a decision asks to judge it again"
        key = receipt.campaign_id
        if key not in self._of_campaign:
            self._of_campaign[key] = self._campaign(key)
        return self._of_campaign[key]

    def _campaign(self, campaign_id: str) -> tuple[str | None, str | None]:
        if self._days is None:
            return None, "giữ mãi theo chính sách / the policy keeps it for ever"
        snapshot = self._snapshots.get(campaign_id)
        if snapshot is None:
            return None, f"không rõ phong trào / the lake has no plan of '{campaign_id}'"
        closings = _closings(load_plan(snapshot.path).document)
        if not closings:
            return None, f"{campaign_id}: không có kỳ chốt / has no closing"
        open_ones = [period_id for period_id in closings if not list_versions(self._home, campaign_id, period_id)]
        if open_ones:
            return None, f"{campaign_id}: kỳ chưa chính thức / closings not official: {', '.join(open_ones)}"
        if campaign_id in self._objected:
            return None, f"{campaign_id}: còn khiếu nại / an objection is open"
        latest = [load_version(self._home, campaign_id, period_id) for period_id in closings]
        official = max(latest, key=lambda version: version.approved_at)
        due = official.approved_at + timedelta(days=self._days)
        since = (
            f"{campaign_id} {official.period_id} v{official.version} {official.approved_at.astimezone(LOCAL):%d/%m/%Y}"
        )
        if self._now < due:
            return None, f"{since}: giữ đến / kept until {due.astimezone(LOCAL):%d/%m/%Y}"
        return f"{since} + {self._days} ngày / days", None


def _closings(plan: PlanDocument) -> list[str]:
    """The periods that become official: those that rank or award; all of them in a plan that does neither."""
    named = {period_id for award in plan.awards for period_id in award.periods}
    named |= set(plan.ranking.periods if plan.ranking else [])
    every = [period.period_id for period in plan.periods]
    return [period_id for period_id in every if period_id in named] or every
