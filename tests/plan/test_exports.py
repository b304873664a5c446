"""Every export that a plan of this checkout names has a contract: else its reports could only be returned."""

from __future__ import annotations

import pytest
from thidua.intake.contracts import load_contract
from thidua.plan.loader import load_campaigns
from thidua.plan.models import EventsMetric, ReportedMetric
from thidua.settings import repo_root

PLANS = load_campaigns(repo_root() / "campaigns")


@pytest.mark.parametrize("campaign_id", PLANS)
def test_every_report_has_a_contract(campaign_id: str) -> None:
    exports = {report.export for report in PLANS[campaign_id].document.reports}
    assert exports and {export for export in exports if load_contract(export) is None} == set()


@pytest.mark.parametrize("campaign_id", PLANS)
def test_every_reported_metric_can_be_found_in_its_export(campaign_id: str) -> None:
    for metric in PLANS[campaign_id].document.metrics:
        if isinstance(metric, ReportedMetric):
            contract = load_contract(metric.export)
            assert contract is not None and contract.grain == "figures", metric
            # A dimension of the plan is a column of the export.
            known = {column.name for column in contract.of_role("dimension")}
            assert set(metric.dimensions or []) <= known, metric


@pytest.mark.parametrize("campaign_id", PLANS)
def test_every_event_is_told_by_a_report_that_is_due(campaign_id: str) -> None:
    plan = PLANS[campaign_id].document
    contracts = [contract for report in plan.reports if (contract := load_contract(report.export))]
    told = {rule.event: contract for contract in contracts for rule in contract.events}
    for metric in plan.metrics:
        if isinstance(metric, EventsMetric):
            assert set(metric.events) <= set(told), metric
            for event in metric.events:
                known = {column.name for column in told[event].of_role("dimension")}
                assert set(metric.dimensions or []) <= known, metric
