"""A lock between hosts: an advisory lock of the Postgres that they build in, released by the system when its holder dies.

Whoever loses the connection does not know that the lock is gone. The log does: what was committed under a lock says so, and
a commit by who no longer holds it is refused (push.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from thidua.lake.store.house import copy_of
from thidua.lake.store.pull import pull
from thidua.lake.store.push import in_section
from thidua.settings import Home
from thidua.warehouse.postgres.target import connect, unreachable

LOCK = "select pg_advisory_lock(hashtextextended(%s, 0))"
# Who is gone is noticed within a minute, so that the lock of a host without power does not stop all others for hours.
ALIVE = ("tcp_keepalives_idle = 30", "tcp_keepalives_interval = 10", "tcp_keepalives_count = 3")


@contextmanager
def between_hosts(home: Home, lock: Path) -> Iterator[None]:
    """Holds the lock of this name on all hosts of the house, with everything in lake/ that they committed until now."""
    import psycopg

    copy = copy_of(home)
    name = lock.relative_to(home.path).as_posix()
    with connect(copy.target) as session:
        try:
            session.autocommit = True
            for setting in ALIVE:
                session.execute(f"set {setting}".encode())
            session.execute(LOCK, [f"thidua.{copy.house}.{name}"])
        except psycopg.Error as error:
            raise unreachable(copy.target, error) from None
        with in_section(name, pull(copy)):
            yield
