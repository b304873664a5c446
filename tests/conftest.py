"""What all tests share: nothing of them reports to anybody, whoever starts pytest."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.postgres import Database

os.environ.update(
    GX_ANALYTICS_ENABLED="false",
    DBT_SEND_ANONYMOUS_USAGE_STATS="false",
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED="false",
    DO_NOT_TRACK="1",
)


# Nor do they build in, publish to, or write to what whoever starts them works with.
for _name in ("POSTGRES_DSN", "POSTGRES_ADMIN_DSN", "POSTGRES_READER_DSN", "WAREHOUSE_DSN"):
    os.environ.pop(f"THIDUA_{_name}", None)
    os.environ.pop(f"THIDUA_{_name}_FILE", None)
os.environ.pop("THIDUA_LAKE_STORE", None)


# What `make up` does is what is tested, but where a test says otherwise.
for _name in ("THIDUA_LOGIN", "THIDUA_LOGIN_FILE", "THIDUA_HTTPS"):
    os.environ.pop(_name, None)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    from tests.postgres import running_server

    with running_server() as socket_folder:
        yield socket_folder


@pytest.fixture
def database(postgres_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A database with roles and schema, to which this process publishes as a login that is no superuser."""
    from thidua.warehouse.postgres.roles import init

    from tests.postgres import ADMINISTRATOR, new_database

    with new_database(postgres_server) as database:
        monkeypatch.setenv("THIDUA_POSTGRES_DSN", database.dsn("thidua_test_publisher"))
        monkeypatch.setenv("THIDUA_POSTGRES_READER_DSN", database.dsn("thidua_test_reader"))
        monkeypatch.setenv("THIDUA_POSTGRES_ADMIN_DSN", database.dsn(ADMINISTRATOR))
        init()
        yield database


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
