"""Gives Airflow's api-server what our forms need: an answer is kept until it is recorded, a form shows what is asked now."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin
from thidua.orchestration.fresh_forms import FreshForms
from thidua.orchestration.kept_responses import KeepAnswers


class ThiduaFormsPlugin(AirflowPlugin):
    name = "thidua_forms"
    fastapi_root_middlewares: ClassVar[list[Any]] = [
        {"name": "thidua kept answers", "middleware": KeepAnswers},
        {"name": "thidua fresh forms", "middleware": FreshForms},
    ]
