"""Answers to forms whose task Airflow failed all the same, kept until the retry takes them up.

Whoever answers at the very moment at which a form parks makes the scheduler see a task that ended and waits again: it
fails it, and the retry would ask anew. So does a worker that dies between the answer and its record. The scheduler's
listener puts the answer aside, before it is wiped; the retry finds it. A task itself cannot ask Airflow for it.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

from thidua.files import write_atomic
from thidua.settings import home

DAG_ID = "close_period"


def _path(run_id: str, task_id: str, map_index: int) -> Path:
    name = hashlib.sha256(f"{run_id}\n{task_id}\n{map_index}".encode()).hexdigest()[:32]
    return home().airflow / "responses" / f"{name}.json"


def keep(run_id: str, task_id: str, map_index: int, event: dict[str, Any]) -> None:
    """Puts an answer aside; the latest stays."""
    write_atomic(_path(run_id, task_id, map_index), json.dumps(event, ensure_ascii=False, default=str).encode(), 0o600)


def kept(run_id: str, task_id: str, map_index: int) -> dict[str, Any] | None:
    """The answer that was put aside for this task, as the event that its form resumes with."""
    path = _path(run_id, task_id, map_index)
    if not path.exists():
        return None
    event: dict[str, Any] = json.loads(path.read_bytes())
    return {**event, "responded_at": datetime.fromisoformat(event["responded_at"])}


def forget(run_id: str, task_id: str, map_index: int) -> None:
    _path(run_id, task_id, map_index).unlink(missing_ok=True)


class _Listener:
    @hookimpl  # type: ignore[untyped-decorator]
    def on_task_instance_failed(self, previous_state: Any, task_instance: Any, error: Any) -> None:
        """In the scheduler, where the task instance is a row of Airflow's database; a task's own process has none."""
        from airflow.models.taskinstance import TaskInstance
        from sqlalchemy.orm import object_session

        if task_instance.dag_id != DAG_ID or not isinstance(task_instance, TaskInstance):
            return
        session = object_session(task_instance)
        found = _answered(session, task_instance) if session is not None else None
        if found is not None:
            event = {
                "chosen_options": list(found.chosen_options or []),
                "params_input": found.params_input or {},
                "responded_at": found.responded_at.isoformat(),
                "responded_by_user": found.responded_by_user,
            }
            keep(task_instance.run_id, task_instance.task_id, task_instance.map_index, event)


def _answered(session: Any, ti: Any) -> Any:
    """The answered form of a task instance: of this try, or of the one that has just become history."""
    from airflow.models.hitl import HITLDetail
    from airflow.models.hitl_history import HITLDetailHistory
    from airflow.models.taskinstancehistory import TaskInstanceHistory
    from sqlalchemy import select

    now = select(HITLDetail).where(HITLDetail.ti_id == ti.id, HITLDetail.responded_at.is_not(None))
    before = (
        select(HITLDetailHistory)
        .join(TaskInstanceHistory, TaskInstanceHistory.task_instance_id == HITLDetailHistory.ti_history_id)
        .where(
            TaskInstanceHistory.dag_id == ti.dag_id,
            TaskInstanceHistory.run_id == ti.run_id,
            TaskInstanceHistory.task_id == ti.task_id,
            TaskInstanceHistory.map_index == ti.map_index,
            HITLDetailHistory.responded_at.is_not(None),
        )
        .order_by(HITLDetailHistory.responded_at.desc())
    )
    return session.scalars(now).first() or session.scalars(before).first()


class KeptResponsesPlugin(AirflowPlugin):
    """Gives Airflow the listener."""

    name = "thidua_kept_responses"
    listeners: ClassVar[list[Any]] = [_Listener()]
