"""Airflow in this process: runs the DAG close_period, and people who are logged in answer its forms over REST.

`dag.test` waits for answers from outside, as the scheduler does; a thread gives them through Airflow's own API.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from thidua.closing.close import Closing
from thidua.closing.questions import Question
from thidua.orchestration import closing_steps, run_dags
from thidua.orchestration.fresh_forms import FreshForms
from thidua.orchestration.up import configure_server
from thidua.settings import home

DAG_ID = "close_period"
# Whoever may be sent; of several for one form each is tried until one is taken.
APPROVERS = {"approve_first": ["an"], "approve_second": ["binh"]}


@dataclass
class Script:
    """How the forms of one run are answered: what is not named is answered with nobody and nothing.

    `at_once`: tasks whose first answer comes before they have parked. `wrong`: answers given before the right one.
    `before`: what happens while the first form of a task waits.
    """

    answers: Mapping[str, Any] = field(default_factory=dict)
    names: bool = True
    wrong: Mapping[str, list[dict[str, str]]] = field(default_factory=dict)
    approvers: Mapping[str, list[str]] = field(default_factory=lambda: APPROVERS)
    at_once: set[str] = field(default_factory=set)
    before: Mapping[str, Callable[[], None]] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """task -> state; and each answer that was given: (task, user, status, the first line of the form)."""

    states: Mapping[str, str]
    asked: list[tuple[str, str, int, str]]


class Office:
    """`users`: a role each; they are known to Airflow as `make up` makes them known, by THIDUA_USERS."""

    def __init__(self, users: list[str]) -> None:
        passwords = json.loads(configure_server(home().airflow).read_bytes())
        with run_dags.output_to(home().airflow / "office.log"):
            run_dags.prepare()
            from airflow.api_fastapi.app import create_app
            from airflow.sdk.execution_time.supervisor import in_process_api_server
            from starlette.testclient import TestClient

            app = create_app(apps="core")
            # Tasks that `dag.test` runs leave their forms at an api-server of their own, which has no plugins.
            in_process_api_server().app.add_middleware(FreshForms)
        self._clients = {}
        for user in users:
            client = TestClient(app)
            said = client.post("/auth/token", json={"username": user, "password": passwords[user]})
            client.headers["Authorization"] = f"Bearer {said.json()['access_token']}"
            self._clients[user] = client

    def run(self, campaign_id: str, period_id: str, now: str, script: Script | None = None) -> Run:
        """One run of the DAG to its end."""
        params = {"campaign": campaign_id, "period": period_id, "now": now}
        forms = _Forms(self._clients, params, script or Script())
        thread = threading.Thread(target=forms.answer, daemon=True)
        with run_dags.output_to(home().airflow / "office.log"):
            thread.start()
            states = dict(run_dags._run_one(DAG_ID, params))
            forms.ended.set()
            thread.join()
        if forms.error:
            raise forms.error
        return Run(states, forms.asked)


class _Forms:
    """Answers the forms of one run, each when nothing else is going on."""

    def __init__(self, clients: Mapping[str, Any], params: Mapping[str, Any], script: Script) -> None:
        self._clients, self._params, self._script = clients, dict(params), script
        self._approvers = {task_id: list(users) for task_id, users in script.approvers.items()}
        self._wrong = {question_id: list(fields) for question_id, fields in script.wrong.items()}
        self._before = dict(script.before)
        self.asked: list[tuple[str, str, int, str]] = []
        self.ended = threading.Event()
        self.error: BaseException | None = None

    def answer(self) -> None:
        try:
            while not self.ended.wait(0.2):
                for form in [] if _is_busy() else self._waiting():
                    self._answer(form)
        except BaseException as error:  # told by the thread that waits for the run
            self.error = error
            _give_up()

    def _waiting(self) -> list[dict[str, Any]]:
        listed = self._clients["an"].get(
            f"/api/v2/dags/{DAG_ID}/dagRuns/~/hitlDetails", params={"response_received": False, "limit": 100}
        )
        assert listed.status_code == 200, listed.text
        waiting = [form for form in listed.json()["hitl_details"] if form["task_instance"]["state"] == "awaiting_input"]
        for task_id in {form["task_instance"]["task_id"] for form in waiting} & self._before.keys():
            self._before.pop(task_id)()
        if any(form["task_instance"]["task_id"] not in self._approvers for form in waiting):
            self._closing: Closing = closing_steps.look(self._params)
        return waiting

    def _answer(self, form: dict[str, Any]) -> None:
        place = form["task_instance"]
        task_id = place["task_id"]
        if task_id in self._approvers:
            user, option, fields = self._approvers[task_id].pop(0), form["options"][0], {}
        else:
            (question,) = [one for one in self._closing.questions if one.text == form["subject"]]
            user = "an"
            if self._wrong.get(question.question_id):
                option, fields = form["options"][0], self._wrong[question.question_id].pop(0)
            else:
                option, fields = filled(question, self._said(question), form["options"])
        content = {"chosen_options": [option], "params_input": {**dict.fromkeys(form["params"], ""), **fields}}
        path = f"/api/v2/dags/{DAG_ID}/dagRuns/{place['dag_run_id']}/taskInstances/{task_id}/{place['map_index']}/hitlDetails"
        if task_id in self._script.at_once:
            self._script.at_once.discard(task_id)
            status = _answered_at_once(place["id"], lambda: self._clients[user].patch(path, json=content).status_code)
        else:
            status = self._clients[user].patch(path, json=content).status_code
        self.asked.append((task_id, user, status, (form["body"] or "").split("\n")[0]))

    def _said(self, question: Question) -> Any:
        if question.question_id in self._script.answers:
            return self._script.answers[question.question_id]
        if question.kind == "open_line":
            return question.choices["results"][0]
        if self._script.names and question.question_id.startswith("nomination:"):
            names = ["Nguyễn Thị An", "Trần Văn Bình"][: question.choices["places"]]
            return [{"unit_id": question.subject["unit_id"], "name": name} for name in names]
        return []


def filled(question: Question, said: Any, options: list[str]) -> tuple[str, dict[str, str]]:
    """An answer as somebody fills it in: (option, fields)."""
    if question.kind == "tie":
        return _offered(closing_steps.way_text(said), options), {}
    if question.kind in {"gate", "open_line", "plan_change"}:
        return _offered(said, options), {}
    if question.kind in {"units", "exclusions"}:
        return options[0], {"units": ", ".join(said)}
    return options[0], {"persons": "; ".join(f"{one['unit_id']}: {one['name']}" for one in said)}


def _offered(text: str, options: list[str]) -> str:
    """The option that says so; each ends in the mark of its form."""
    (option,) = [one for one in options if one.rpartition(" · ")[0] == text]
    return option


def _is_busy() -> bool:
    """Whether a task is on its way; then what is asked may still change."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import func, select

    on_their_way = ("scheduled", "queued", "running", "up_for_retry")
    with create_session() as session:
        return bool(session.scalar(select(func.count()).where(TaskInstance.state.in_(on_their_way))))


def _answered_at_once(ti_id: str, give: Callable[[], int]) -> int:
    """The answer comes while the task is still running, and the scheduler fails the task, as it then does."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    def found(session: Any) -> Any:
        return session.scalars(select(TaskInstance).where(TaskInstance.id == UUID(ti_id))).one()

    with create_session() as session:
        found(session).state = "running"
    status = give()
    with create_session() as session:
        found(session).handle_failure("Executor reported that the task instance finished", session=session)
    return status


def _give_up() -> None:
    """The run must not wait for answers that nobody will give."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import update

    with create_session() as session:
        session.execute(update(TaskInstance).where(TaskInstance.state == "awaiting_input").values(state="failed"))
