"""What a decision is held against: the plan, the lake's own judgements, and what was published. Read when asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from thidua.errors import ThiduaError
from thidua.intake.campaigns import CampaignFacts, campaign_ids, load_facts
from thidua.intake.contracts import known_export_types
from thidua.intake.suites import built_rules
from thidua.intake.validate import load_rules
from thidua.lake.judgements import Judgement, judgements
from thidua.lake.receipts import Receipt, load_receipts
from thidua.reports.served import check_known
from thidua.settings import Home


@dataclass(frozen=True)
class Facts:
    home: Home
    campaigns_dir: Path
    campaign_id: str

    @cached_property
    def campaign(self) -> CampaignFacts:
        """Raises ThiduaError for a campaign that does not exist, PlanError for a broken plan."""
        found = load_facts(self.campaigns_dir, self.campaign_id)
        if found is None:
            ids = campaign_ids(self.campaigns_dir)
            check_known("phong trào", "campaign", self.campaign_id, dict.fromkeys(ids))
            raise AssertionError("check_known raises")
        return found

    def check_unit(self, unit_id: str) -> None:
        check_known("đơn vị", "unit", unit_id, {unit.unit_id: unit.name for unit in self.campaign.plan.units})

    def check_period(self, period_id: str, allowed: Iterable[str] | None = None) -> None:
        periods = {one.period_id: one.name for one in self.campaign.plan.document.periods}
        check_known("kỳ", "period", period_id, {key: periods[key] for key in (periods if allowed is None else allowed)})

    def receipt(self, submission_id: str) -> Receipt:
        found = load_receipts(self.home, [submission_id])
        if not found or found[0].campaign_id != self.campaign_id:
            raise ThiduaError(
                f"không có bài nộp / there is no submission '{submission_id}' in {self.campaign_id}; "
                "`thidua status` and the work list name them"
            )
        return found[0]

    def judgement(self, submission_id: str) -> Judgement:
        """The judgement of a submission that counts now."""
        self.receipt(submission_id)
        made = judgements(self.home, {submission_id}).get(submission_id)
        if not made:
            raise ThiduaError(f"{submission_id} chưa được xét / is not judged yet; run `thidua ingest`")
        return made[-1]

    def _query(self, path: Path, sql: str, submission_id: str) -> list[tuple[Any, ...]]:
        import duckdb

        return duckdb.execute(sql, {"file": str(path), "id": submission_id}).fetchall() if path.exists() else []

    def rows_of(self, submission_id: str) -> set[tuple[str | None, int]]:
        """(sheet, line) of every row that a submission's judgement speaks of."""
        batch = self.judgement(submission_id).batch
        sql = (
            "select distinct sheet, line_number from read_parquet($file) "
            "where submission_id = $id and line_number is not null"
        )
        return {
            (sheet, line)
            for table in ("figures", "events", "rejected_rows")
            for sheet, line in self._query(batch / f"{table}.parquet", sql, submission_id)
        }

    def broken_rules(self, submission_id: str) -> dict[str, str]:
        """rule -> severity of what is wrong with a submission: by its judgement, and by the published build."""
        sql = "select distinct rule_id, severity from read_parquet($file) where submission_id = $id"
        batch = self.judgement(submission_id).batch
        built = (self.home.serve / "current").resolve() / "fct_rejected_row.parquet"
        of_build = {rule.rule for rule in built_rules()}
        return {
            **{rule: severity for rule, severity in self._query(built, sql, submission_id) if rule in of_build},
            **dict(self._query(batch / "rejected_rows.parquet", sql, submission_id)),
        }

    def units_of(self, submission_id: str) -> set[str]:
        """Whose business a submission is: who sent it, and everybody it speaks of."""
        batch = self.judgement(submission_id).batch
        sender = (
            "select sender_unit_id from read_parquet($file) where submission_id = $id and sender_unit_id is not null"
        )
        spoken = "select distinct unit_id from read_parquet($file) where submission_id = $id and unit_id is not null"
        return {
            unit
            for table, sql in (("submissions", sender), ("scopes", spoken), ("rejected_rows", spoken))
            for (unit,) in self._query(batch / f"{table}.parquet", sql, submission_id)
        }


def waivable_rules(export_type: str) -> set[str]:
    """The rules of an export type that an operator may accept with a reason: its contract says so."""
    intake = (
        {rule.rule_id for rule in load_rules(export_type)[1] if rule.waivable}
        if export_type in known_export_types()
        else set()
    )
    return intake | {rule.rule for rule in built_rules(export_type) if rule.waivable}
