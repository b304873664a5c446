"""Gives Airflow its desk: pages below /desk, and an entry in the navigation that shows them in a frame.

Every process of Airflow loads plugins, but only the api-server needs the pages, so they are made at the first request.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin


class Desk:
    """The pages as one ASGI application. They are made beside the event loop, on which every task of Airflow waits."""

    def __init__(self) -> None:
        self._app: Any = None
        self._lock = threading.Lock()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        app = self._app or await asyncio.to_thread(self._made)
        await app(scope, receive, send)

    def _made(self) -> Any:
        with self._lock:
            if self._app is None:
                from thidua.desk.app import create_app
                from thidua.desk.login import airflow_visitor, password_page
                from thidua.settings import campaigns_dir, home

                self._app = create_app(
                    home(), campaigns_dir(), airflow_visitor, login_page="/auth/login/", password_page=password_page()
                )
            return self._app


class ThiduaPlugin(AirflowPlugin):
    name = "thidua"
    fastapi_apps: ClassVar = [{"app": Desk(), "url_prefix": "/desk", "name": "thidua desk"}]
    external_views: ClassVar = [
        {"name": "Thi đua", "href": "/desk/", "destination": "nav", "url_route": "thidua", "nav_top_level": True}
    ]
