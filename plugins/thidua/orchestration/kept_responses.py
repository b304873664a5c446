"""Answers to forms, kept from the moment at which they are acknowledged until they are recorded.

Airflow alone can lose an answer that it took: whoever answers at the very moment at which a form parks makes the
scheduler fail the task, and a task that was killed between the answer and its record is started anew; either way the
form would be asked again. So the api-server writes each answer to our forms down before it says yes, and a form that is
started anew (kept_form.py) takes what was answered to it. A task itself cannot ask Airflow for it.

    $THIDUA_HOME/airflow/responses/<place>.json    {shown: digest of what the form shows, event: the answer or null}

With a store of several hosts they lie there: a form may park on one host, be answered on another and go on on a third.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from thidua.lake.writing import drop_note, read_note, write_note
from thidua.settings import home

log = logging.getLogger(__name__)

# The DAGs whose forms take up what is kept.
DAG_IDS = frozenset({"close_period", "review_submissions"})
_ANSWERED = re.compile(
    r".*/api/v2/dags/(?P<dag_id>[^/]+)/dagRuns/(?P<run_id>[^/]+)"
    r"/taskInstances/(?P<task_id>[^/]+)/(?P<map_index>-?\d+)/hitlDetails/?"
)
Event = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """What names a form in its run."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int

    @classmethod
    def of(cls, context: Any) -> Place:
        ti = context["ti"]
        return cls(ti.dag_id, ti.run_id, ti.task_id, -1 if ti.map_index is None else ti.map_index)

    @property
    def path(self) -> Path:
        text = f"{self.dag_id}\n{self.run_id}\n{self.task_id}\n{self.map_index}"
        return home().airflow / "responses" / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"


def ask(place: Place, shown: str) -> None:
    """Before a form parks: what it shows, and that nobody has answered it yet."""
    _write(place, {"shown": shown, "event": None})


def keep(place: Place, event: Event) -> None:
    """Keeps an answer to what the form shows; the latest stays."""
    _write(place, {**_read(place), "event": event})


def kept(place: Place, shown: str) -> Event | None:
    """The answer that was given to what the form shows, as the event that it resumes with."""
    found = _read(place)
    if found["event"] is None or found["shown"] != shown:
        return None
    return {**found["event"], "responded_at": datetime.fromisoformat(found["event"]["responded_at"])}


def is_asked(place: Place, shown: str) -> bool:
    """Whether this is what the form showed when it parked."""
    return bool(_read(place)["shown"] == shown)


def forget(place: Place) -> None:
    drop_note(home(), place.path)


def _read(place: Place) -> dict[str, Any]:
    content = read_note(home(), place.path)
    found: dict[str, Any] = {"shown": None, "event": None} if content is None else json.loads(content)
    return found


def _write(place: Place, content: Mapping[str, Any]) -> None:
    write_note(home(), place.path, json.dumps(content, ensure_ascii=False).encode(), 0o600)


def event_of(answer: Mapping[str, Any]) -> Event:
    """What Airflow answers to whoever filled in a form, as the event that the form resumes with."""
    return {
        "chosen_options": answer["chosen_options"],
        "params_input": answer["params_input"],
        "responded_at": answer["responded_at"],
        "responded_by_user": answer["responded_by"],
    }


def login_of(person: Mapping[str, Any] | None) -> str:
    """The login of who answered, as people.csv knows it; "": nobody is known to have.

    Airflow calls it the name. The id is the same with its simple manager, and a number where logins are accounts.
    """
    return str((person or {}).get("name") or "").strip()


class KeepAnswers:
    """In the api-server: an answer is kept before whoever gave it is told that it was taken."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        place = _place_of(scope)
        if place is None:
            await self._app(scope, receive, send)
            return
        start: dict[str, Any] = {}
        body = bytearray()

        async def keep_and_send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            if start["status"] == 200:
                await asyncio.to_thread(_keep_body, place, bytes(body))
            await send(start)
            await send({**message, "body": bytes(body)})

        await self._app(scope, receive, keep_and_send)


def _place_of(scope: Mapping[str, Any]) -> Place | None:
    if scope["type"] != "http" or scope["method"] != "PATCH":
        return None
    found = _ANSWERED.fullmatch(scope["path"])
    if found is None or found["dag_id"] not in DAG_IDS:
        return None
    return Place(found["dag_id"], found["run_id"], found["task_id"], int(found["map_index"]))


def _keep_body(place: Place, body: bytes) -> None:
    try:
        keep(place, event_of(json.loads(body)))
    except Exception:
        # Airflow has the answer, and normally no more is needed.
        log.exception("the answer to %s was not kept", place)
