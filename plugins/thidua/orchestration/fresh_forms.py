"""A form that is asked again shows what its task asks now.

Airflow keeps subject, text and options of the first time for as long as a task instance lives, through retries and
clearing: the reason for which an answer was not taken would go unseen, and an approval would be given to a result that
is shown no more. So the api-server, once it has taken a task's form, shows it as the task sent it.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

_ASKED = re.compile(r".*/hitlDetails/(?P<ti_id>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})/?")


class FreshForms:
    """Middleware of the api-server, over the address at which tasks leave their forms. Whether a task may, Airflow
    has said by then."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        found = _ASKED.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        asked = bytearray()

        async def listen() -> Any:
            message = await receive()
            asked.extend(message.get("body", b""))
            return message

        async def show_and_send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start" and message["status"] == 201:
                await asyncio.to_thread(show, UUID(found["ti_id"]), json.loads(asked))
            await send(message)

        await self._app(scope, listen, show_and_send)


def show(ti_id: UUID, asked: Mapping[str, Any]) -> None:
    """Makes a form show what was asked; whether it was answered stays."""
    from airflow.models.hitl import HITLDetail
    from airflow.utils.session import create_session
    from sqlalchemy import update

    shown = {name: asked.get(name) for name in ("subject", "body", "options", "defaults")}
    with create_session() as session:
        statement = update(HITLDetail).where(HITLDetail.ti_id == ti_id)
        session.execute(statement.values(**shown, params=asked.get("params") or {}))
