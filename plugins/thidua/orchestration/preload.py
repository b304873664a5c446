"""Imports what the tasks of the DAGs import, in the process that they are forked from."""

from __future__ import annotations

import gc

# What tasks import when they run. Imported only: once a pool of Arrow or DuckDB had run here, a fork would inherit its locks.
TASKS = (
    "thidua.intake.ingest",
    "thidua.intake.judge",
    "thidua.slips.write",
    "thidua.warehouse.build",
    "thidua.warehouse.publish",
    "dbt.cli.main",
    "dbt.adapters.duckdb",
)


def preload() -> None:
    """After it the collector leaves alone what is there: forks share it, and a look at an object copies its page."""
    from importlib import import_module

    from thidua.intake.validate import load_gx

    for name in TASKS:
        import_module(name)
    load_gx()
    gc.freeze()
