"""What intake needs of a plan: its units, its reported metrics, its first day. Read once per chunk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from pathlib import Path

from thidua.plan.csvs import UnitRow
from thidua.plan.loader import PLAN_FILE, Plan, load_plan, no_campaigns
from thidua.plan.registry import UnitRegistry


@dataclass(frozen=True, eq=False)
class CampaignFacts:
    """One campaign as the folder of its plan says at judging time. `aliases`: (name, unit) that people decided."""

    plan: Plan
    aliases: tuple[tuple[str, str], ...] = ()

    @cached_property
    def registry(self) -> UnitRegistry:
        return UnitRegistry(self.plan, dict(self.aliases))

    @cached_property
    def units(self) -> dict[str, UnitRow]:
        return {unit.unit_id: unit for unit in self.plan.units}

    @cached_property
    def unit_names(self) -> list[str]:
        return [unit.name for unit in self.plan.units]

    @cached_property
    def earliest_date(self) -> date | None:
        """The first as-of date that makes sense: the eve of the campaign, whose figures the campaign starts from.

        None where the plan names no start.
        """
        start = self.plan.document.campaign.from_
        if start is None:
            return None
        return (start.date() if isinstance(start, datetime) else start) - timedelta(days=1)

    @cached_property
    def _families(self) -> dict[str, set[str]]:
        return {}

    def family_of(self, unit_id: str) -> set[str]:
        """The unit and everything below it: what it may speak for."""
        if unit_id not in self._families:
            self._families[unit_id] = self.registry.family_of(unit_id)
        return self._families[unit_id]

    def metrics_of(self, export_type: str) -> dict[str, str]:
        """metric_id -> name of the reported metrics of an export type."""
        return {
            metric.metric_id: metric.name or metric.metric_id
            for metric in self.plan.document.metrics
            if metric.kind == "reported" and metric.export == export_type
        }


def campaign_ids(campaigns_dir: Path) -> list[str]:
    """Raises ThiduaError where there is no such folder: every file of every office would be of an unknown campaign."""
    if not campaigns_dir.is_dir():
        raise no_campaigns(campaigns_dir)
    return sorted(path.parent.name for path in campaigns_dir.glob(f"*/{PLAN_FILE}"))


def load_facts(
    campaigns_dir: Path, campaign_id: str, aliases: tuple[tuple[str, str], ...] = ()
) -> CampaignFacts | None:
    """None when there is no such campaign; raises PlanError when its plan is broken."""
    if campaign_id not in campaign_ids(campaigns_dir):
        return None
    folder = campaigns_dir / campaign_id
    files = sorted(path for path in folder.iterdir() if path.is_file())
    state = tuple((path.name, (stat := path.stat()).st_size, stat.st_mtime_ns) for path in files)
    return _facts_of(folder, state, aliases)


@lru_cache(maxsize=32)
def _facts_of(
    folder: Path, state: tuple[tuple[str, int, int], ...], aliases: tuple[tuple[str, str], ...]
) -> CampaignFacts:
    """The same for every chunk of a run, as long as no file of the folder changes."""
    return CampaignFacts(load_plan(folder) if not aliases else _facts_of(folder, state, ()).plan, aliases)
