"""Questions in Airflow's forms: asked once, answered once, whoever answers and however often a task runs again."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from thidua.errors import ThiduaError
from thidua.intake.ingest import ingest
from thidua.lake.batches import list_batches
from thidua.lake.decisions import load_decisions
from thidua.orchestration import steps
from thidua.orchestration.forms import LATER
from thidua.review.asked import claim
from thidua.review.decide import NotAllowed, decide
from thidua.settings import Home, repo_root

from tests.dags.test_dags import airflow_environment
from tests.reports.conftest import CAMPAIGN, Marts, local

PARAMS: dict[str, Any] = {"campaign": None, "most": 20, "hours": 72, "now": "2023-07-10T08:00:00"}
GATE = {"period_id": "q2", "gate_id": "quality", "unit_id": "di-linh"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A published version with one gate to decide, one report that its office owes, and a unit with a hostile name."""
    home = Home(tmp_path / "home")
    marts = Marts(home)
    marts.insert("dim_campaign", title="Cài đặt VssID")
    marts.insert("dim_period", period_id="q2", name="Quý II", cutoff_at=local("2023-07-01"))
    marts.insert("dim_unit", unit_id="di-linh", name="<script>{{ 1/0 }}</script>")
    marts.insert("fct_gate_result", kind="decision", result="undecided", clause="III.2", **GATE)
    marts.insert(
        "fct_reporting",
        period_id="q2",
        export_type="progress",
        from_unit_id="di-linh",
        status="missing",
        due_at=local("2023-07-04"),
    )
    marts.close()
    monkeypatch.setenv("THIDUA_HOME", str(home.path))
    monkeypatch.setenv("THIDUA_CAMPAIGNS", str(repo_root() / "campaigns"))
    return home


def answered(question: dict[str, Any], word: str, user: str | None = "minh") -> dict[str, Any]:
    """What the task of a question hands on."""
    (option,) = [one for one in [*question["options"], LATER] if word in one]
    person = {"id": "3", "name": user} if user else None  # as accounts are: the id is a number
    return {"chosen_options": [option], "params_input": {"reason": "Biên bản 5"}, "responded_by_user": person}


def test_a_question_waits_in_one_run_at_a_time(home: Home) -> None:
    (asked,) = steps.ask_questions(PARAMS, "run-1")
    assert asked["title"].startswith("lam-dong-2023: Xét điều kiện 'quality' kỳ q2")
    assert "&lt;script&gt;" in asked["body"] and "<script>" not in asked["body"]
    assert list(asked["options"]) == ["Đạt / Pass", "Không đạt / Fail"], "what an office owes is not asked of operators"
    assert steps.ask_questions(PARAMS, "run-2") == []
    assert steps.ask_questions(PARAMS, "run-1") == [asked], "a retry of the same run asks the same"
    assert steps.record_answer(asked, answered(asked, LATER), PARAMS) is None
    assert steps.ask_questions(PARAMS, "run-3") == [asked], "asked again later"
    json.dumps(asked)


def test_the_claim_of_a_run_that_never_ended_runs_out(home: Home) -> None:
    now = datetime(2023, 7, 10, tzinfo=UTC)
    assert claim(home, "q", "lost", now, now + timedelta(hours=1))
    assert not claim(home, "q", "next", now + timedelta(minutes=59), now + timedelta(hours=2))
    assert claim(home, "q", "next", now + timedelta(hours=1), now + timedelta(hours=2))


def test_an_answer_is_recorded_once_under_the_login_of_who_gave_it(home: Home) -> None:
    (asked,) = steps.ask_questions(PARAMS, "run")
    said = steps.record_answer(asked, answered(asked, "Pass"), PARAMS)
    (decision,) = load_decisions(home)
    assert said == f"{decision['decision_id']}: gate – minh: Biên bản 5"
    assert decision["subject"] == {**GATE, "result": "pass"}
    assert steps.record_answer(asked, answered(asked, "Pass"), PARAMS) == said, "cleared and run again"
    assert load_decisions(home) == [decision]
    assert steps.ask_questions(PARAMS, "next") == [] and steps.has_unbuilt_decisions()


def test_whoever_decided_on_the_pages_first_is_named(home: Home) -> None:
    (asked,) = steps.ask_questions(PARAMS, "run")
    first = decide(
        home,
        repo_root() / "campaigns",
        campaign_id=CAMPAIGN,
        kind="gate",
        subject={**GATE, "result": "fail"},
        decided_by="thu",
        reason="Nợ báo cáo",
        now=datetime(2023, 7, 9, tzinfo=UTC),
    )
    said = steps.record_answer(asked, answered(asked, "Pass"), PARAMS)
    assert said and "thu đã quyết định" in said and "Nợ báo cáo" in said
    assert load_decisions(home) == [first]


def test_what_may_not_stand_fails_and_is_asked_again(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = tmp_path / "plans"
    plans.mkdir()
    (plans / CAMPAIGN).symlink_to(repo_root() / "campaigns" / CAMPAIGN)
    (plans / "people.csv").write_text("user_name,role,campaign_id,unit_id\nminh,operator,,di-linh\n")
    monkeypatch.setenv("THIDUA_CAMPAIGNS", str(plans))
    (asked,) = steps.ask_questions(PARAMS, "run")
    with pytest.raises(NotAllowed, match="di-linh"):
        steps.record_answer(asked, answered(asked, "Pass"), PARAMS)
    assert load_decisions(home) == [] and steps.ask_questions(PARAMS, "next") == [asked]
    assert steps.record_answer(asked, answered(asked, "Pass", user=None), PARAMS) is None, "nobody answered in time"


def test_a_wrong_form_of_rejudge_is_said_in_one_line(home: Home) -> None:
    form = {"campaign": "lam-dong", "reason": "x", "now": None}
    with pytest.raises(ThiduaError, match=r"no campaign 'lam-dong'.*lam-dong-2023"):
        steps.rejudge(form, "minh", dry_run=True)
    with pytest.raises(ThiduaError, match="no day"):
        steps.rejudge({**form, "campaign": CAMPAIGN, "from": "7/2023"}, "minh", dry_run=True)
    with pytest.raises(ThiduaError, match="no judged file"):
        steps.rejudge({**form, "campaign": CAMPAIGN}, "minh", dry_run=False)


@pytest.mark.slow(seconds=30)
def test_asked_answered_and_judged_again_by_airflow(home: Home) -> None:
    folder = home.landing / CAMPAIGN / "progress"
    folder.mkdir(parents=True)
    (folder / "di-linh_2023-06-30.csv").write_text("Đơn vị;Lũy kế\nDi Linh;38.000\n")
    (folder / "bao-loc_2023-06-30.csv").write_text("Đơn vị;Lũy kế\nTP. Bảo Lộc;38.000\n")
    ingest(home, repo_root() / "campaigns", datetime(2023, 7, 2, tzinfo=UTC), explicit_now=True)
    command = [sys.executable, "-m", "tests.dags.review_runs", "Pass"]
    done = subprocess.run(
        command, env=airflow_environment(home.path), capture_output=True, text=True, check=False, cwd=repo_root()
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("FOUND")]
    assert lines, done.stdout + done.stderr
    found = json.loads(lines[0].removeprefix("FOUND"))

    options = [option.rpartition(" · ")[0] for option in found["asked"]["options"]]
    assert options == ["Đạt / Pass", "Không đạt / Fail", LATER], "each with the mark of its form behind it"
    assert "{{ 1/0 }}" in found["asked"]["body"], "what an office wrote is no template"
    assert found["answered"][0] == 200, found["answered"]
    assert dict(found["review"]) == {
        "ask_questions": "success",
        "review.answer[0]": "success",
        "review.record[0]": "success",
    }
    gate, again = load_decisions(home)
    assert gate["subject"] == {**GATE, "result": "pass"} and gate["reason"] == "Biên bản số 5"
    assert gate["decided_by"] == found["answered"][1]["responded_by"]["name"]

    assert dict(found["dry"]) == {"preview": "success", "judge_again": "skipped"}
    assert found["decisions_after_dry_run"] == 1
    assert dict(found["real"]) == {"preview": "success", "judge_again": "success"}
    assert again["kind"] == "rejudge" and len(again["subject"]["submission_ids"]) == 1, "of one office only"
    assert len(list_batches(home)) == 2
    with sqlite3.connect(home.airflow / "airflow.db") as metadata:
        events = metadata.execute("select source_dag_id from asset_event order by 1").fetchall()
    assert events == [("rejudge_submissions",), ("review_submissions",)]
