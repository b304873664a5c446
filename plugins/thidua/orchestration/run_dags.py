"""Runs DAGs with Airflow itself, in this process and without a server: `python -m thidua.orchestration.run_dags ID …`.

What `make run` and `make pipeline` call. Each DAG run is a real one, with its record in Airflow's metadata database.
Exit code 0 when every task that is not a report succeeded: files returned are shown, not a failure of the pipeline.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from thidua.settings import home, repo_root

# Tasks that fail on purpose to make returned files visible; the pipeline went on past them.
REPORTING_TASKS = {"report_returned"}


def configure(airflow_home: Path) -> None:
    """Airflow's settings for this machine, before it is imported; what the environment says already stays."""
    airflow_home.mkdir(parents=True, exist_ok=True)
    settings = {
        "AIRFLOW_HOME": str(airflow_home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(repo_root() / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(airflow_home / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "false",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{airflow_home / 'airflow.db'}",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": "8080",
        "GX_ANALYTICS_ENABLED": "false",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }
    for name, value in settings.items():
        os.environ.setdefault(name, value)


def prepare() -> None:
    """Migrates the metadata database when it needs it, and makes the pools that the DAGs name."""
    import logging

    from airflow.utils import db

    logging.getLogger("alembic").setLevel(logging.ERROR)
    try:
        db.check_migrations(timeout=0)
    except TimeoutError:
        db.initdb()
    from airflow.models.pool import Pool

    Pool.create_or_update_pool("warehouse", slots=1, description="One writer of the warehouse", include_deferred=False)


def run(dag_ids: list[str], conf: dict[str, Any]) -> bool:
    """Runs the DAGs one after the other; prints each task's end. False when a task failed that is not a report."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=repo_root() / "dags")
    if bag.import_errors:
        raise SystemExit(f"DAGs cannot be imported: {bag.import_errors}")
    well = True
    for dag_id in dag_ids:
        dag = bag.get_dag(dag_id)
        sys.stdout.write(f"▶ {dag_id}\n")
        dag_run = dag.test(run_conf=conf)
        for instance in sorted(dag_run.get_task_instances(), key=lambda ti: (ti.start_date is None, ti.start_date)):
            index = f"[{instance.map_index}]" if instance.map_index >= 0 else ""
            sys.stdout.write(f"  {instance.task_id}{index}: {instance.state}\n")
            if instance.state in {"failed", "upstream_failed"} and instance.task_id not in REPORTING_TASKS:
                well = False
    return well


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dag_ids", nargs="+")
    parser.add_argument("--conf", default="{}", help="parameters of the runs, as JSON")
    arguments = parser.parse_args()
    configure(home().airflow)
    prepare()
    sys.exit(0 if run(arguments.dag_ids, json.loads(arguments.conf)) else 1)


if __name__ == "__main__":
    main()
