"""Watches landing/ for Airflow: one event when new files have settled, however many they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from thidua.settings import Home


def waiting_files(home: Home) -> frozenset[tuple[str, int, int]]:
    """(landing path, size, mtime_ns) of files without a receipt. Only looks: receipts are the DAG's to record."""
    from thidua.lake.receipts import files_of, load_receipts

    seen = {(receipt.landing_path, receipt.size, receipt.mtime_ns) for receipt in load_receipts(home)}
    found = {(file.landing_path, file.size, file.mtime_ns) for file in files_of(home.landing, [])}
    return frozenset(found - seen)


class LandingTrigger(BaseEventTrigger):
    """Fires when the same new files are found by two looks in a row."""

    def __init__(self, home: str, seconds: float = 10) -> None:
        super().__init__()
        self.home = home
        self.seconds = seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{type(self).__module__}.{type(self).__qualname__}", {"home": self.home, "seconds": self.seconds}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        before: frozenset[tuple[str, int, int]] = frozenset()
        fired: frozenset[tuple[str, int, int]] = frozenset()
        while True:
            waiting = await asyncio.to_thread(waiting_files, Home(Path(self.home)))
            if waiting and waiting == before and waiting != fired:
                fired = waiting
                yield TriggerEvent({"files": len(waiting)})
            before = waiting
            await asyncio.sleep(self.seconds)
