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
    from thidua.lake.receipts import is_export_name, load_receipts

    seen = {(receipt.landing_path, receipt.size, receipt.mtime_ns) for receipt in load_receipts(home)}
    found = set()
    for path in home.landing.rglob("*"):
        if is_export_name(path.name) and path.is_file():
            stat = path.stat()
            found.add((path.relative_to(home.landing).as_posix(), stat.st_size, stat.st_mtime_ns))
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
