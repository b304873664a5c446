"""Answers to forms are kept before they are acknowledged, for the form that was answered and no other."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from thidua.orchestration import kept_responses
from thidua.orchestration.kept_responses import KeepAnswers, Place, ask, forget, keep, kept

RUN = "manual__2023-07-04T10:00:00+00:00"
PLACE = Place("close_period", RUN, "decide", 3)
ANSWER = {
    "responded_by": {"id": "an", "name": "An"},
    "responded_at": "2023-07-04T03:00:00Z",
    "chosen_options": ["Xác nhận / Confirm"],
    "params_input": {"reason": "Biên bản số 5"},
}
EVENT = {
    "chosen_options": ["Xác nhận / Confirm"],
    "params_input": {"reason": "Biên bản số 5"},
    "responded_at": datetime(2023, 7, 4, 3, tzinfo=UTC),
    "responded_by_user": {"id": "an", "name": "An"},
}


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THIDUA_HOME", str(tmp_path))


def path_of(place: Place, prefix: str = "") -> str:
    return (
        f"{prefix}/api/v2/dags/{place.dag_id}/dagRuns/{place.run_id}/taskInstances/{place.task_id}/"
        f"{place.map_index}/hitlDetails"
    )


def send(path: str, status: int = 200, method: str = "PATCH", at_the_end: Any = None) -> tuple[int, bytes]:
    """What a client gets of an app that answers so; `at_the_end` is looked at when the answer goes out."""
    body = json.dumps(ANSWER).encode()
    got: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body[:9], "more_body": True})
        await send({"type": "http.response.body", "body": body[9:]})

    async def to_client(message: dict[str, Any]) -> None:
        if not got and at_the_end is not None:
            at_the_end()
        got.append(message)

    asyncio.run(KeepAnswers(app)({"type": "http", "method": method, "path": path}, None, to_client))
    return got[0]["status"], b"".join(one.get("body", b"") for one in got[1:])


@pytest.mark.parametrize("prefix", ["", "/airflow"])
def test_an_answer_is_kept_before_it_is_acknowledged(prefix: str) -> None:
    ask(PLACE, "shown")
    seen = []
    assert send(path_of(PLACE, prefix), at_the_end=lambda: seen.append(kept(PLACE, "shown")))[0] == 200
    assert seen == [EVENT] == [kept(PLACE, "shown")]
    forget(PLACE)
    assert kept(PLACE, "shown") is None


def test_what_the_client_gets_is_untouched() -> None:
    assert send(path_of(PLACE)) == (200, json.dumps(ANSWER).encode())
    assert send(path_of(PLACE), 409) == (409, json.dumps(ANSWER).encode())


@pytest.mark.parametrize(
    ("path", "status", "method"),
    [
        (path_of(PLACE), 403, "PATCH"),
        (path_of(PLACE), 409, "PATCH"),
        (path_of(PLACE), 200, "GET"),
        (path_of(PLACE) + "/tries/1", 200, "PATCH"),
        (path_of(Place("another_dag", RUN, "decide", 3)), 200, "PATCH"),
    ],
    ids=["forbidden", "answered already", "asked for", "an earlier try", "another DAG"],
)
def test_nothing_else_is_kept(path: str, status: int, method: str) -> None:
    ask(PLACE, "shown")
    send(path, status, method)
    assert kept(PLACE, "shown") is None
    assert list(PLACE.path.parent.iterdir()) == [PLACE.path], "nor for anybody else"


def test_an_answer_is_kept_for_its_own_form() -> None:
    ask(PLACE, "shown")
    other = replace(PLACE, map_index=2)
    ask(other, "shown")
    send(path_of(other))
    assert kept(PLACE, "shown") is None and kept(other, "shown") == EVENT


def test_an_answer_to_what_is_shown_no_more_counts_for_nothing() -> None:
    ask(PLACE, "the result as it was")
    send(path_of(PLACE))
    assert kept(PLACE, "the result as it is") is None
    ask(PLACE, "the result as it is")
    assert kept(PLACE, "the result as it is") is None, "asked anew, unanswered"


def test_of_two_answers_the_later_is_kept_and_a_full_disk_hinders_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    ask(PLACE, "shown")
    keep(PLACE, {"responded_at": "2023-07-04T02:00:00+00:00"})
    send(path_of(PLACE))
    assert kept(PLACE, "shown") == EVENT

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept_responses, "write_note", full)
    assert send(path_of(PLACE))[0] == 200, "Airflow has it"
