"""Gives Airflow's api-server what keeps each answer to a form of ours until it is recorded."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin
from thidua.orchestration.kept_responses import KeepAnswers


class KeptResponsesPlugin(AirflowPlugin):
    name = "thidua_kept_responses"
    fastapi_root_middlewares: ClassVar[list[Any]] = [{"name": "thidua kept answers", "middleware": KeepAnswers}]
