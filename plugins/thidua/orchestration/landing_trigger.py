"""Watches landing/ for Airflow: one event when new files have settled, however many they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from thidua.settings import Home


class LandingTrigger(BaseEventTrigger):
    """Fires when the same new files are found by two looks in a row."""

    def __init__(self, home: str, seconds: float = 10) -> None:
        super().__init__()
        self.home = home
        self.seconds = seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{type(self).__module__}.{type(self).__qualname__}", {"home": self.home, "seconds": self.seconds}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        # Receipts are the DAG's to record; imported here, since every parse of the DAG imports this module.
        from thidua.lake.receipts import waiting_files

        before: frozenset[tuple[str, int, int]] = frozenset()
        fired: frozenset[tuple[str, int, int]] = frozenset()
        while True:
            waiting = await asyncio.to_thread(waiting_files, Home(Path(self.home)))
            if waiting and waiting == before and waiting != fired:
                fired = waiting
                yield TriggerEvent({"files": len(waiting)})
            before = waiting
            await asyncio.sleep(self.seconds)
