"""The published version, opened once and not by every request: a version never changes, a new one is another file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from thidua.reports.served import Served, current_version
from thidua.settings import Home


class Published:
    """Each request reads one version through a cursor of its own, and only as long as it lasts."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._lock = threading.Lock()
        self._opened: tuple[Path, duckdb.DuckDBPyConnection] | None = None

    @contextmanager
    def open(self) -> Iterator[Served]:
        """Raises NotWell when nothing is published."""
        path = current_version(self._home)
        with self._lock:
            if self._opened is None or self._opened[0] != path:
                # Whoever still reads the version before has a cursor, which keeps it open.
                self._opened = path, duckdb.connect(str(path), read_only=True)
            cursor = self._opened[1].cursor()
        with cursor:
            cursor.execute("use marts.marts")
            cursor.execute("set TimeZone = 'Asia/Ho_Chi_Minh'")
            yield Served(cursor)
