"""Forms of a closing record what whoever answered was shown, and nothing that came since."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from thidua.clock import parse_instant
from thidua.closing import close as closing_module
from thidua.lake.objections import raise_objection
from thidua.lake.officials import load_approvals
from thidua.orchestration import closing_steps
from thidua.orchestration.closing_forms import ApprovalForm
from thidua.settings import Home

from tests.closing import made_up
from tests.closing.made_up import CAMPAIGN, PERIOD
from tests.closing.test_approve import decide_everything

AT = parse_instant("2023-07-08")
PARAMS = {"campaign": CAMPAIGN, "period": PERIOD, "now": "2023-07-08"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setattr(closing_module, "compute_basis", made_up.compute)
    monkeypatch.setenv("THIDUA_HOME", str(tmp_path))
    home = Home(tmp_path)
    made_up.freeze(home)
    return home


def context_of(task_id: str, map_index: int = -1) -> dict[str, Any]:
    ti = SimpleNamespace(dag_id="close_period", run_id="run", task_id=task_id, map_index=map_index)
    return {"params": PARAMS, "ti": ti}


def approval() -> ApprovalForm:
    """The form as Airflow renders it from what `show_result` says now."""
    shown = closing_steps.ready(PARAMS)
    return ApprovalForm(
        task_id="approve_first",
        number=1,
        subject="Phê duyệt",
        body=shown["body"],
        seen=shown["content_hash"],
        objections=" ".join(shown["objections"]),
    )


def say_yes(form: ApprovalForm) -> Any:
    return form.record(context_of("approve_first"), "an", form.options[0], {})


def test_an_objection_is_acknowledged_only_by_whoever_was_shown_it(home: Home) -> None:
    decide_everything(home)
    before = approval()
    objection = raise_objection(
        home, campaign_id=CAMPAIGN, period_id=PERIOD, unit_id="a", raised_by="A", raised_at=AT, text="Chưa đủ"
    )
    with pytest.raises(AirflowFailException, match=objection.objection_id):
        say_yes(before)
    assert load_approvals(home, CAMPAIGN, PERIOD) == []
    after = approval()
    assert "Chưa đủ" in (after.body or "")
    say_yes(after)
    (entry,) = load_approvals(home, CAMPAIGN, PERIOD)
    assert entry["acknowledges"] == [objection.objection_id]
