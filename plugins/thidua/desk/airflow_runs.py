"""Starts the DAGs that do the work of a decision. The record stands already: a run that fails to start is made up for by
the next one, whoever starts it.
"""

from __future__ import annotations

import logging

from airflow.api.common.trigger_dag import trigger_dag
from airflow.utils.types import DagRunTriggeredByType

log = logging.getLogger(__name__)


def start(judges_again: bool, user: str) -> None:
    """`judges_again`: a file must be judged first, and the build follows by itself."""
    dag_id = "ingest_exports" if judges_again else "build_warehouse"
    try:
        trigger_dag(dag_id, triggered_by=DagRunTriggeredByType.UI, triggering_user_name=user)
    except Exception:
        log.exception("%s was not started; the decision is recorded and counts in the next run", dag_id)
