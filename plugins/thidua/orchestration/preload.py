"""What a worker of Celery imports once, before it forks: each task would take seconds of its own to import it again.

Named in docker-compose.yml as one of Celery's `imports`. Nothing but imports: no connection, no thread may stay open.
"""

from __future__ import annotations

import logging
from importlib import import_module

MODULES = ("great_expectations", "duckdb_engine", "pandas", "dbt.cli.main", "dbt.adapters.duckdb")

logging.getLogger("great_expectations").setLevel(logging.WARNING)  # it tells each function that it registers
for name in MODULES:
    import_module(name)
