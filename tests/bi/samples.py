"""What `make test-bi` looks at: the samples' marts as published files, and the same in an embedded Postgres."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import duckdb
from thidua.settings import Home
from thidua.warehouse.postgres.roles import init
from thidua.warehouse.postgres.serve import serve_postgres

from tests.postgres import ADMINISTRATOR, PASSWORD, new_database, running_server


def build(home: Home) -> None:
    """The samples of all campaigns, taken in, built and published, as `make run` does without Airflow."""
    environment = {**os.environ, "THIDUA_HOME": str(home.path)}
    for command in ("sample", "ingest", "build", "publish"):
        program = str(Path(sys.executable).with_name("thidua"))
        done = subprocess.run([program, command], env=environment, capture_output=True, text=True)
        # 1: files were returned to their offices, as the samples mean it.
        assert done.returncode in ({0, 1} if command == "ingest" else {0}), done.stderr


@contextmanager
def in_postgres(home: Home) -> Iterator[str]:
    """The address under which a login of thidua_reader reads what is published."""
    names = {
        "THIDUA_POSTGRES_DSN": "thidua_test_publisher",
        "THIDUA_POSTGRES_READER_DSN": "thidua_test_reader",
        "THIDUA_POSTGRES_ADMIN_DSN": ADMINISTRATOR,
    }
    with running_server() as folder, new_database(folder) as database:
        os.environ.update({name: database.dsn(user) for name, user in names.items()})
        try:
            init()
            loaded = serve_postgres(home)
            assert loaded and loaded.is_new
        finally:
            for name in names:
                del os.environ[name]
        user = f"{names['THIDUA_POSTGRES_READER_DSN']}:{quote(PASSWORD)}"
        yield f"postgresql+psycopg2://{user}@/{database.name}?host={quote(folder, safe='')}"


@contextmanager
def marts(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str((home.serve / "current").resolve() / "marts.duckdb"), read_only=True) as connection:
        connection.execute("use marts.marts")
        yield connection


@contextmanager
def another_published(home: Home, statement: str) -> Iterator[None]:
    """A version more, changed by one statement, its link swapped as `thidua publish` does; and back again."""
    current = (home.serve / "current").resolve()
    folder = home.serve / "29990101T000000.000000Z"
    shutil.copytree(current, folder)
    with duckdb.connect(str(folder / "marts.duckdb")) as connection:
        connection.execute("use marts.marts")
        connection.execute(statement)
    _swap(home, folder.name)
    try:
        yield
    finally:
        _swap(home, current.name)
        shutil.rmtree(folder)


def _swap(home: Home, version: str) -> None:
    link = home.serve / ".tmp-link"
    link.symlink_to(version)
    link.replace(home.serve / "current")
