"""The scheduler of `make up` imports for its tasks, and only it does."""

from __future__ import annotations

import runpy
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from thidua.orchestration.preload import TASKS
from thidua.settings import repo_root

SETTINGS = repo_root() / "plugins" / "airflow_local_settings.py"


@pytest.mark.parametrize(
    ("command", "executor", "imports"),
    [
        (["airflow", "scheduler", "--skip-serve-logs"], "LocalExecutor", True),
        (["airflow", "scheduler"], "CeleryExecutor", False),
        (["airflow", "celery", "worker", "--skip-serve-logs"], "CeleryExecutor", True),
        (["airflow", "api-server"], "LocalExecutor", False),
        (["pytest"], None, False),
    ],
    ids=["a scheduler whose tasks are its forks", "tasks elsewhere", "a worker", "another part", "no part"],
)
def test_who_imports(monkeypatch: pytest.MonkeyPatch, command: list[str], executor: str | None, imports: bool) -> None:
    called: list[bool] = []
    monkeypatch.setattr("thidua.orchestration.preload.preload", lambda: called.append(True))
    monkeypatch.setattr(sys, "argv", command)
    if executor:
        monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", executor)
    else:
        monkeypatch.delenv("AIRFLOW__CORE__EXECUTOR", raising=False)
    runpy.run_path(str(SETTINGS))
    assert bool(called) is imports


def test_airflow_finds_it_and_every_name_is_a_module() -> None:
    spec = find_spec("airflow_local_settings")
    assert spec is not None and spec.origin is not None
    assert Path(spec.origin) == SETTINGS
    assert all(find_spec(name) for name in TASKS)
