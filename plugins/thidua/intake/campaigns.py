"""What intake needs of a plan: its units, its reported metrics, its first day. Read once per chunk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path

from thidua.plan.csvs import UnitRow
from thidua.plan.loader import PLAN_FILE, Plan, load_plan
from thidua.plan.registry import UnitRegistry


@dataclass(frozen=True)
class CampaignFacts:
    """One campaign as the folder of its plan says at judging time."""

    plan: Plan

    @cached_property
    def registry(self) -> UnitRegistry:
        return UnitRegistry(self.plan)

    @cached_property
    def units(self) -> dict[str, UnitRow]:
        return {unit.unit_id: unit for unit in self.plan.units}

    @cached_property
    def earliest_date(self) -> date | None:
        """The first as-of date that makes sense: the eve of the campaign, whose figures the campaign starts from.

        None where the plan names no start.
        """
        start = self.plan.document.campaign.from_
        if start is None:
            return None
        return (start.date() if isinstance(start, datetime) else start) - timedelta(days=1)

    def metrics_of(self, export_type: str) -> dict[str, str]:
        """metric_id -> name of the reported metrics of an export type."""
        return {
            metric.metric_id: metric.name or metric.metric_id
            for metric in self.plan.document.metrics
            if metric.kind == "reported" and metric.export == export_type
        }


def campaign_ids(campaigns_dir: Path) -> list[str]:
    return sorted(path.parent.name for path in campaigns_dir.glob(f"*/{PLAN_FILE}"))


def load_facts(campaigns_dir: Path, campaign_id: str) -> CampaignFacts | None:
    """None when there is no such campaign; raises PlanError when its plan is broken."""
    if campaign_id not in campaign_ids(campaigns_dir):
        return None
    return CampaignFacts(load_plan(campaigns_dir / campaign_id))
