"""Where a warehouse lies: a DuckDB file, or, for teams whose workers run on several hosts, a Postgres database.

Either way a build lays its inputs in DuckDB, which reads the lake's Parquet, and remembers there what it acknowledged
(schemas `raw`, `plan`, `state`); on Postgres these small schemas are carried over, and dbt builds the same models there.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import duckdb

from thidua.errors import NotWell
from thidua.files import locked
from thidua.settings import Home
from thidua.warehouse import raw

# A query's rows. Raises NotWell with what the database says.
Ask = Callable[[str], list[tuple[Any, ...]]]


class Warehouse(Protocol):
    """A place that one process builds at a time. As text: what a message may show of it."""

    @property
    def target(self) -> str:
        """dbt's name for this kind of place, in dbt_project/profiles.yml."""

    @property
    def catalog(self) -> str:
        """The name of the database in dbt's relations."""

    @property
    def environment(self) -> Mapping[str, str]:
        """What dbt_project/profiles.yml reads, while dbt runs."""

    @property
    def environment_to_parse(self) -> Mapping[str, str]:
        """The same while it reads the project: without what differs between places of one name."""

    @property
    def work(self) -> Path:
        """The folder of dbt's artifacts."""

    def exists(self) -> bool: ...

    def locked(self, *, wait: bool = True) -> AbstractContextManager[None]:
        """Held for a build or a publish: one process at a time, released by the system when it dies. Without `wait`,
        raises BlockingIOError where somebody holds it."""

    def opened(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A connection with what the warehouse remembers, schema `state`."""

    def keep(self, connection: duckdb.DuckDBPyConnection, *schemas: str) -> None:
        """Makes what `opened` lent durable, all of these schemas or none."""

    def clear(self) -> None:
        """Back to nothing: the lake has everything."""

    def with_marts(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A connection with schema `marts` too, as of one instant."""

    def asked(self) -> AbstractContextManager[Ask]:
        """Asks the database itself, in its own SQL."""


@dataclass(frozen=True)
class FileWarehouse:
    """A DuckDB file: one writer, nobody reads beside it."""

    database: Path

    def __str__(self) -> str:
        return str(self.database)

    @property
    def target(self) -> str:
        return "duckdb"

    @property
    def catalog(self) -> str:
        return self.database.stem

    @property
    def environment(self) -> dict[str, str]:
        return {"THIDUA_TARGET": self.target, "THIDUA_WAREHOUSE": str(self.database)}

    @property
    def environment_to_parse(self) -> dict[str, str]:
        return {"THIDUA_TARGET": self.target, "THIDUA_WAREHOUSE": self.database.name}

    @property
    def work(self) -> Path:
        return self.database.parent / "dbt"

    def exists(self) -> bool:
        return self.database.exists()

    def locked(self, *, wait: bool = True) -> AbstractContextManager[None]:
        return locked(self.database.parent / ".lock", wait=wait)

    @contextmanager
    def opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        connection = raw.open_warehouse(self.database)
        try:
            yield connection
        finally:
            connection.close()

    def keep(self, connection: duckdb.DuckDBPyConnection, *schemas: str) -> None:
        pass  # it was lent the file itself

    def clear(self) -> None:
        for path in (self.database, self.database.with_name(self.database.name + ".wal")):
            path.unlink(missing_ok=True)
        shutil.rmtree(self.work / "run", ignore_errors=True)

    def with_marts(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        return self.opened()

    @contextmanager
    def asked(self) -> Iterator[Ask]:
        with self.opened() as connection:

            def ask(query: str) -> list[tuple[Any, ...]]:
                try:
                    return connection.execute(query).fetchall()
                except duckdb.Error as error:
                    raise NotWell(str(error)) from None

            yield ask


def warehouse_of(home: Home) -> Warehouse:
    """The Postgres that THIDUA_WAREHOUSE_DSN names, else the file of this home."""
    from thidua.warehouse.postgres.target import WAREHOUSE, target_of

    target = target_of(WAREHOUSE)
    if target is None:
        return FileWarehouse(home.db)
    from thidua.warehouse.postgres.warehouse import PostgresWarehouse

    return PostgresWarehouse(target, home)
