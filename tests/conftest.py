"""What all tests share: nothing of them reports to anybody, whoever starts pytest."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

os.environ.update(
    GX_ANALYTICS_ENABLED="false",
    DBT_SEND_ANONYMOUS_USAGE_STATS="false",
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED="false",
    DO_NOT_TRACK="1",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files in the order of what their slow tests cost: started last, one of them would keep one process busy while the
    others have ended."""
    seconds: dict[Path, int] = {}
    for item in items:
        slow = item.get_closest_marker("slow")
        seconds[item.path] = max(seconds.get(item.path, 0), slow.kwargs.get("seconds", 30) if slow else 0)
    items.sort(key=lambda item: -seconds[item.path])


def pytest_collection_finish() -> None:
    """What the tests import stays: the collector, which took a fourteenth of the time, looks at what they make."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
