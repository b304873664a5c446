"""What all tests share: nothing of them reports to anybody, whoever starts pytest."""

from __future__ import annotations

import os

import pytest

os.environ.update(
    GX_ANALYTICS_ENABLED="false",
    DBT_SEND_ANONYMOUS_USAGE_STATS="false",
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED="false",
    DO_NOT_TRACK="1",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: started last, one of them would keep one process busy while the other has ended."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
