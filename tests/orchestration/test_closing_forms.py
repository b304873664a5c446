"""Forms of a closing record what whoever answered was shown, and nothing that came since."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from thidua.clock import parse_instant
from thidua.closing import close as closing_module
from thidua.errors import ThiduaError
from thidua.lake.decisions import load_decisions
from thidua.lake.objections import raise_objection
from thidua.lake.officials import load_approvals
from thidua.orchestration import closing_steps
from thidua.orchestration.closing_forms import ApprovalForm, QuestionForm
from thidua.orchestration.kept_form import KeptForm, marked
from thidua.orchestration.kept_responses import Place, event_of, keep
from thidua.settings import Home

from tests.closing import made_up
from tests.closing.made_up import CAMPAIGN, PERIOD
from tests.closing.test_answers import answer
from tests.closing.test_approve import decide_everything

AT = parse_instant("2023-07-08")
PARAMS = {"campaign": CAMPAIGN, "period": PERIOD, "now": "2023-07-08"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setattr(closing_module, "compute_basis", made_up.compute)
    monkeypatch.setenv("THIDUA_HOME", str(tmp_path))
    monkeypatch.setattr(HITLOperator, "execute", park)
    home = Home(tmp_path)
    made_up.freeze(home)
    return home


PARKED: list[list[str]] = []


def park(form: HITLOperator, context: Any) -> str | None:
    """Where Airflow would park the task, with these options; what the form shows."""
    PARKED.append(list(form.options))
    return form.body


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
        approve=shown["approve"],
        seen=shown["content_hash"],
        objections=" ".join(shown["objections"]),
    )


def said(option: str, **fields: str) -> dict[str, Any]:
    """What a form resumes with."""
    person = {"id": "3", "name": "an"}  # as accounts are: the id is a number
    return event_of({"responded_by": person, "responded_at": AT, "chosen_options": [option], "params_input": fields})


def offered(form: KeptForm) -> list[str]:
    """The options as the form's page shows them."""
    return [marked(option, form._shown()) for option in form.options]


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


def test_a_yes_to_the_result_as_it_was_is_no_approval_of_the_result_as_it_is(home: Home) -> None:
    """`show_result` alone is cleared while the first approver's form waits."""
    decide_everything(home)
    context, before = context_of("approve_first"), approval()
    assert before.execute(context) == before.body
    answer(home, "pool", ["a"], "2023-07-07")
    after = approval()
    with pytest.raises(ThiduaError, match="changed since"):
        after.execute_complete(context, said(offered(before)[0]))
    assert load_approvals(home, CAMPAIGN, PERIOD) == []
    # Started anew it asks; a page that still shows the old result can press only what is not offered any more.
    assert after.execute(context) == after.body != before.body
    assert not set(offered(before)) & set(offered(after)), "nor reject it"
    keep(Place.of(context), {**said(offered(before)[0]), "responded_at": AT.isoformat()})
    assert "changed since" in after.execute(context), "even at the moment at which it parks"
    after.execute_complete(context, said(offered(after)[0]))
    (entry,) = load_approvals(home, CAMPAIGN, PERIOD)
    assert entry["content_hash"] == after.seen


def test_an_answer_to_one_question_is_none_to_that_which_took_its_place(home: Home) -> None:
    """`list_questions` is run anew while the forms wait: an index may be another question."""
    context = context_of("decide", 0)
    forms = {record["question_id"]: record for record in closing_steps.open_forms(PARAMS)}
    asked, other = (next(one for key, one in forms.items() if key.startswith(kind)) for kind in ("exclusions", "pool"))
    before, after = (QuestionForm(task_id="decide", **form) for form in (asked, other))
    assert before.options == after.options, "the same words"
    before.execute(context)
    with pytest.raises(ThiduaError, match="changed since"):
        after.execute_complete(context, said(offered(after)[0], units="", reason=""))
    # It asks now; somebody's page still shows the question before.
    after.execute(context)
    assert PARKED[-2:] == [offered(before), offered(after)] and not set(PARKED[-2]) & set(PARKED[-1])
    with pytest.raises(ThiduaError, match="changed since"):
        after.execute_complete(context, said(offered(before)[0], units="", reason=""))
    assert closing_steps.is_open(PARAMS, other["question_id"])


def listed(kind: str) -> dict[str, Any]:
    """The arguments of a form, as `list_questions` gives them."""
    return next(form for form in closing_steps.open_forms(PARAMS) if form["question_id"].startswith(kind))


def test_an_answer_to_older_choices_does_not_settle_the_newer_ones(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    context, pool = context_of("decide", 0), listed("pool")
    form = QuestionForm(task_id="decide", **pool)
    form.execute(context)
    candidates = [{**row, "result": "pass"} for row in made_up.MARTS["fct_unit_candidate"]]
    monkeypatch.setitem(made_up.MARTS, "fct_unit_candidate", candidates)
    form.execute_complete(context, said(offered(form)[0], units="b", reason=""))
    (award,) = [one for one in load_decisions(home) if one["kind"] == "award"]
    assert award["subject"]["unit_id"] == "b" and award["decided_by"] == "an"
    again = listed("pool")
    assert again["basis"] != pool["basis"] and " a, b, d" in again["body"], "decide_more asks it again"


def test_what_was_answered_elsewhere_meanwhile_is_not_answered_over(home: Home) -> None:
    context, pool = context_of("decide", 0), listed("pool")
    form = QuestionForm(task_id="decide", **pool)
    form.execute(context)
    answer(home, "pool", ["a"])
    before = load_decisions(home)
    with pytest.raises(AirflowSkipException, match="answered elsewhere"):
        form.execute_complete(context, said(offered(form)[0], units="b", reason=""))
    assert load_decisions(home) == before and not Place.of(context).path.exists()
