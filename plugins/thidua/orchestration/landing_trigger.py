"""Watches landing/ and decisions for Airflow: one event when something new has settled, however much it is."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from thidua.errors import ThiduaError
from thidua.settings import Home

log = logging.getLogger(__name__)


class LandingTrigger(BaseEventTrigger):
    """Fires when the same new files, or the same new decisions, are found by two looks in a row. Between them lie
    `seconds`; THIDUA_LOOK_SECONDS says otherwise than 10."""

    def __init__(self, home: str, seconds: float | None = None) -> None:
        super().__init__()
        self.home = home
        self.seconds = seconds if seconds is not None else float(os.environ.get("THIDUA_LOOK_SECONDS") or 10)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{type(self).__module__}.{type(self).__qualname__}", {"home": self.home, "seconds": self.seconds}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        before: frozenset[object] = frozenset()
        fired: frozenset[object] = frozenset()
        while True:
            waiting = await asyncio.to_thread(_waiting, Home(Path(self.home)))
            if waiting and waiting == before and waiting != fired:
                fired = waiting
                yield TriggerEvent({"new": len(waiting)})
            before = waiting
            await asyncio.sleep(self.seconds)


def _waiting(home: Home) -> frozenset[object]:
    """Files without a receipt, and decisions that no published build has seen."""
    from thidua.lake.receipts import waiting_files
    from thidua.lake.writing import refresh, waiting_for_any_host
    from thidua.review.questions import unbuilt_decisions
    from thidua.warehouse.publish import follow

    try:
        refresh(home)
        follow(home)  # decisions that a build on another host took are in what it published
        waiting = waiting_files(home) | waiting_for_any_host(home)
    except ThiduaError as error:  # the store of several hosts does not answer: the next look may
        log.warning("%s", error.message)
        return frozenset()
    return waiting | {decision["decision_id"] for decision in unbuilt_decisions(home)}
