"""Runs DAGs with Airflow itself, in this process and without a server: `python -m thidua.orchestration.run_dags ID …`.

What `make run` and `make pipeline` call. Each DAG run is a real one, with its record in Airflow's metadata database.
Exit code 0 when every task that is not a report succeeded: files returned are shown, not a failure of the pipeline.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from thidua.lake.batches import list_batches
from thidua.settings import home, repo_root

# Tasks that fail on purpose to make returned files visible; the pipeline went on past them.
REPORTING_TASKS = {"report_returned"}
MARKS = {"success": "✓", "failed": "✗", "skipped": "–"}


def configure(airflow_home: Path) -> None:
    """Airflow's settings for this machine, before it is imported; what the environment says already stays."""
    airflow_home.mkdir(parents=True, exist_ok=True)
    settings = {
        "AIRFLOW_HOME": str(airflow_home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(repo_root() / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(repo_root() / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        # Here too: who runs a DAG first makes its record, and a server started later must find it switched on.
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "false",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "false",
        # Lineage and metrics leave the machine only where the operator says so: docs/operations.md.
        "AIRFLOW__OPENLINEAGE__DISABLED": "true",
        "AIRFLOW__OPENLINEAGE__DISABLE_SOURCE_CODE": "true",
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
    import warnings

    # Airflow's own, of its test client; nothing that who runs this can do about it.
    warnings.filterwarnings("ignore", message="Using `httpx` with")
    from airflow.utils import db

    logging.getLogger("alembic").setLevel(logging.ERROR)
    try:
        db.check_migrations(timeout=0)
    except TimeoutError:
        db.initdb()
    from airflow.models.pool import Pool
    from airflow.sdk.configuration import conf
    from airflow.sdk.observability import stats
    from airflow.sdk.observability.metrics.stats_utils import get_stats_factory

    # Airflow's own processes do so themselves; here tasks run in ours.
    stats.initialize(factory=get_stats_factory(), export_legacy_names=conf.getboolean("metrics", "legacy_names_on"))
    Pool.create_or_update_pool("warehouse", slots=1, description="One writer of the warehouse", include_deferred=False)


@contextmanager
def output_to(log: Path) -> Iterator[None]:
    """Sends what this process prints, Airflow's logs too, to a file: a run's terminal shows its outcome."""
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    kept = [os.dup(1), os.dup(2)]
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for descriptor, saved in enumerate(kept, 1):
                os.dup2(saved, descriptor)
                os.close(saved)


def run(dag_ids: list[str], conf: dict[str, Any]) -> bool:
    """Runs the DAGs one after the other; prints each task's end. False when a task failed that is not a report."""
    log = home().airflow / "logs" / "run_dags.log"
    well, is_new, served = True, False, (home().serve / "current").resolve()
    batches_before = set(list_batches(home()))
    for dag_id in dag_ids:
        print(f"▶ {dag_id} …", flush=True)
        batches = set(list_batches(home()))
        logged = log.stat().st_size if log.exists() else 0
        with output_to(log):
            instances = _run_one(dag_id, conf)
        failed = [name for name, state in instances if state in {"failed", "upstream_failed"}]
        for name, state in instances:
            print(f"  {MARKS.get(state, '·')} {name}: {state}")
        if set(failed) - REPORTING_TASKS:
            well = False
            for reason in _reasons(log, logged):
                print(f"  → {reason}")
        is_new |= ("publish_postgres", "success") in instances
        _show_returned(sorted(batch.name for batch in set(list_batches(home())) - batches))
    is_new |= set(list_batches(home())) != batches_before or (home().serve / "current").resolve() != served
    if well and not is_new:
        print("  Không có gì mới / nothing new: nothing was taken in, built or published")
    print(f"  nhật ký / log: {log}")
    return well


def _run_one(dag_id: str, conf: dict[str, Any]) -> list[tuple[str, str]]:
    """(task, state) of one DAG run, in order of their start."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=repo_root() / "dags" / f"{dag_id}.py")
    dag = bag.get_dag(dag_id)
    if bag.import_errors or dag is None:
        raise SystemExit(f"{dag_id} cannot be imported: {bag.import_errors or 'no such DAG'}")
    instances = dag.test(run_conf=conf).get_task_instances()
    instances.sort(key=lambda instance: (instance.start_date is None, instance.start_date))
    return [
        (f"{instance.task_id}[{instance.map_index}]" if instance.map_index >= 0 else instance.task_id, instance.state)
        for instance in instances
    ]


def _reasons(log: Path, logged: int) -> list[str]:
    """What the errors meant for people said, once each, in the log from byte `logged` on."""
    with log.open("rb") as file:
        file.seek(logged)
        text = file.read().decode(errors="replace")
    return list(dict.fromkeys(re.findall(r"^thidua\.errors\.\w+: (.+)$", text, flags=re.MULTILINE)))


def _show_returned(batches: list[str]) -> None:
    """The files that this run returned: the pipeline went on, the offices have to mend them."""
    from thidua.intake.ingest import result_of

    result = result_of(home(), batches)
    if result.files:
        print(f"  {result.files} tệp / files, {len(result.returned)} bị trả lại / returned")
    for file in result.returned:
        print(f"  ↩ {file.landing_path}: {file.message}")


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
