"""What Airflow reads at its start, from its plugins folder.

With LocalExecutor every task is a fork of the scheduler. What tasks import (Great Expectations, dbt, pandas) costs seconds
each time; imported by the scheduler once, it costs a task nothing. Other parts of Airflow run no tasks and import nothing.
"""

import os
import sys

if "scheduler" in sys.argv and os.environ.get("AIRFLOW__CORE__EXECUTOR") == "LocalExecutor":
    from thidua.orchestration.preload import preload

    preload()
