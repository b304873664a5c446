"""What Airflow reads at its start, from its plugins folder.

With LocalExecutor every task is a fork of the scheduler, with Celery one of the worker. What tasks import (Great
Expectations, dbt, pandas) costs seconds each time; imported before the fork, it costs a task nothing. Other parts of Airflow
run no tasks and import nothing.
"""

import os
import sys

FORKS_TASKS = {"LocalExecutor": ["scheduler"], "CeleryExecutor": ["celery", "worker"]}
command = FORKS_TASKS.get(os.environ.get("AIRFLOW__CORE__EXECUTOR", ""))

if command and sys.argv[1 : 1 + len(command)] == command:
    from thidua.orchestration.preload import preload

    preload()
