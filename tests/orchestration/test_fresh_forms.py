"""A form that Airflow took from its task is shown as the task sent it; what Airflow refused changes nothing."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest
from thidua.orchestration import fresh_forms
from thidua.orchestration.fresh_forms import FreshForms

TI_ID = "01a21ef3-ede9-7053-8244-e8f26a11cd3b"
FORM = {"ti_id": TI_ID, "subject": "Phê duyệt", "body": "| Hạng | Đơn vị |", "options": ["Phê duyệt / Approve"]}


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[UUID, dict[str, Any]]]:
    found: list[tuple[UUID, dict[str, Any]]] = []
    monkeypatch.setattr(fresh_forms, "show", lambda ti_id, asked: found.append((ti_id, dict(asked))))
    return found


def send(path: str, status: int, method: str = "POST") -> list[dict[str, Any]]:
    """What the client gets; the app reads the whole request, in two parts, and answers."""
    body = json.dumps(FORM).encode()
    parts = [
        {"type": "http.request", "body": body[:7], "more_body": True},
        {"type": "http.request", "body": body[7:], "more_body": False},
    ]
    got: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    async def receive() -> dict[str, Any]:
        return parts.pop(0)

    async def to_client(message: dict[str, Any]) -> None:
        got.append(message)

    asyncio.run(FreshForms(app)({"type": "http", "method": method, "path": path}, receive, to_client))
    return got


@pytest.mark.parametrize("prefix", ["", "/execution", "/airflow/execution"])
def test_what_a_task_asks_is_shown(shown: list[Any], prefix: str) -> None:
    got = send(f"{prefix}/hitlDetails/{TI_ID}", 201)
    assert shown == [(UUID(TI_ID), FORM)]
    assert [message.get("status", message.get("body")) for message in got] == [201, b"{}"]


@pytest.mark.parametrize(
    ("path", "status", "method"),
    [
        (f"/execution/hitlDetails/{TI_ID}", 403, "POST"),
        (f"/execution/hitlDetails/{TI_ID}", 422, "POST"),
        (f"/execution/hitlDetails/{TI_ID}", 201, "PATCH"),
        ("/execution/hitlDetails/x", 201, "POST"),
        (f"/execution/task-instances/{TI_ID}/run", 201, "POST"),
    ],
    ids=["not its own form", "no form", "an answer", "no task", "something else"],
)
def test_nothing_else_is(shown: list[Any], path: str, status: int, method: str) -> None:
    send(path, status, method)
    assert shown == []
