"""The form of a question: what its task hands on are the labels of its answers, whatever marks them on the page."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.operators.hitl import HITLOperator
from thidua.orchestration.ask import AskOperator
from thidua.orchestration.forms import LATER


def test_whoever_answers_nothing_in_time_answers_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THIDUA_HOME", str(tmp_path))
    parked: list[Any] = []
    monkeypatch.setattr(HITLOperator, "execute", lambda form, context: parked.extend([form.options, form.defaults]))
    question = {"title": "Xét điều kiện", "body": "", "options": {"Đạt / Pass": {}}, "hours": 72}
    form = AskOperator(task_id="answer", question=question)
    ti = SimpleNamespace(dag_id="review_submissions", run_id="run", task_id="answer", map_index=0)
    form.execute({"ti": ti})
    options, defaults = parked
    assert [option.rpartition(" · ")[0] for option in options] == ["Đạt / Pass", LATER]
    assert defaults == options[-1:], "Airflow takes no default that it does not offer"
    event = {
        "chosen_options": defaults, "params_input": {"reason": "Đã kiểm tra"}, "responded_by_user": None,
        "responded_at": datetime(2023, 7, 4, tzinfo=UTC),
    }  # fmt: skip
    assert form.execute_complete({"ti": ti}, event)["chosen_options"] == [LATER]
