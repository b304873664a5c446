"""Tells Airflow's api-server from where a login is tried, which the lock on guessing counts."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin
from thidua.logins.address import Addresses


class ThiduaLoginsPlugin(AirflowPlugin):
    name = "thidua_logins"
    fastapi_root_middlewares: ClassVar[list[Any]] = [{"name": "thidua addresses", "middleware": Addresses}]
