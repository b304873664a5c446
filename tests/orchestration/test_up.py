"""What a server of this machine is told before Airflow reads its settings."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from thidua.orchestration.up import configure_server


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "http://127.0.0.1:8080/execution/"),
        ({"AIRFLOW__API__PORT": "8097"}, "http://127.0.0.1:8097/execution/"),
        ({"AIRFLOW__API__HOST": "0.0.0.0"}, "http://127.0.0.1:8080/execution/"),  # noqa: S104
        ({"AIRFLOW__CORE__EXECUTION_API_SERVER_URL": "http://elsewhere/execution/"}, "http://elsewhere/execution/"),
    ],
    ids=["as it is", "another port", "a container", "told by hand"],
)
def test_tasks_find_the_server_where_it_listens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], url: str
) -> None:
    monkeypatch.setattr(os, "environ", dict(given))
    passwords = configure_server(tmp_path / "airflow")
    assert os.environ["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == url
    assert os.environ["AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"] == "false"
    assert stat.S_IMODE(passwords.stat().st_mode) == 0o600
