"""What a publish into Postgres costs beside a bare COPY of the same rows: `ROWS=1000000 make bench-postgres`.

CPU seconds of this process and of the server, and the wall clock. A first load makes tables, keys and indexes; the second
replaces every row; the third finds one small table changed.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import psutil
from thidua.settings import Home
from thidua.warehouse.postgres.roles import init
from thidua.warehouse.postgres.serve import serve_postgres

from tests.postgres import ADMINISTRATOR, Database, new_database, running_server
from tests.warehouse.postgres.made import published

KEYS = {"fct_progress": ["campaign_id", "unit_id", "metric_id", "period_id", "as_of_date"]}


def wide(rows: int, seed: int) -> dict[str, str]:
    """A fact table of 20 columns with every type, and a small one beside it."""
    counts = ", ".join(f"cast(hash(i, {seed}, {n}) % 100000 as bigint) as count_{n}" for n in range(8))
    return {
        "fct_progress": f"""
            select
                'campaign-' || (i // 700 % 5) as campaign_id, 'unit-' || (i % 700) as unit_id, 'metric-' || (i // 3500 % 4) as metric_id,
                'q' || (i // 14000 % 4) as period_id, date '2023-01-01' + cast(i // 56000 as integer) as as_of_date,
                md5(cast(i as varchar)) as submission_id, {counts},
                cast((hash(i, {seed}) % 1000000) / 1000000 as decimal(12, 6)) as progress_rate,
                cast(null as decimal(12, 6)) as target_rate, i % 3 = 0 as is_eligible,
                timestamptz '2023-07-01 00:00:00+07' as cutoff_at, 'Chưa đạt ngưỡng, còn thiếu' as label, 'III.3.1.a' as clause
            from range({rows}) as numbers (i)
        """,
        "dim_unit": f"select 'c' as campaign_id, cast({seed} as bigint) as unit_id",
    }


def measured(server: psutil.Process, what: str, work: Callable[[], object]) -> None:
    def cpu() -> tuple[float, float]:
        children = server.cpu_times()
        return time.process_time(), children.children_user + children.children_system

    before, started = cpu(), time.perf_counter()
    work()
    wall = time.perf_counter() - started
    time.sleep(0.5)  # the server counts a session once it has ended
    ours, theirs = (after - at for after, at in zip(cpu(), before, strict=True))
    print(f"  {what:<42} {ours:6.2f} s CPU here, {theirs:6.2f} s server, {wall:6.2f} s wall")


def bare_copy(served: Path, database: Database) -> None:
    """CSV of every table through a file into tables without key, index or grant."""
    with (
        duckdb.connect(str(served), read_only=True) as files,
        database.connect() as session,
        tempfile.TemporaryDirectory() as folder,
    ):
        files.execute("use marts.marts")
        session.execute("drop schema if exists bare cascade")
        session.execute("create schema bare")
        for (table,) in files.execute("select table_name from duckdb_tables()").fetchall():
            session.execute(f'create table bare."{table}" (like marts."{table}")')
            path = Path(folder) / table
            files.execute(f"copy \"{table}\" to '{path}' (format csv, header false)")
            with session.cursor().copy(f'copy bare."{table}" from stdin (format csv)') as copy, path.open("rb") as file:
                while chunk := file.read(1 << 20):
                    copy.write(chunk)


def load_and_compare(home: Home, database: Database, server: psutil.Process) -> None:
    served = home.serve / "current" / "marts.duckdb"
    measured(server, "first load, with keys and indexes", lambda: serve_postgres(home))
    measured(server, "bare COPY", lambda: bare_copy(served, database))
    measured(server, "the same build again", lambda: serve_postgres(home))


def made_up(home: Home, rows: int, database: Database, server: psutil.Process) -> None:
    published(home, wide(rows, 1), keys=KEYS)
    load_and_compare(home, database, server)
    published(home, wide(rows, 2), keys=KEYS)
    measured(server, "every row replaced", lambda: serve_postgres(home))
    published(home, {**wide(rows, 2), "dim_unit": wide(1, 3)["dim_unit"]}, keys=KEYS)
    measured(server, "one small table changed", lambda: serve_postgres(home))


@contextmanager
def prepared(socket_folder: str) -> Iterator[Database]:
    with new_database(socket_folder) as database:
        os.environ["THIDUA_POSTGRES_DSN"] = database.dsn("thidua_bench")
        os.environ["THIDUA_POSTGRES_ADMIN_DSN"] = database.dsn(ADMINISTRATOR)
        init()
        yield database


def main() -> None:
    rows, given = int(os.environ.get("ROWS", "1000000")), os.environ.get("SERVED_HOME")
    with running_server() as socket_folder, tempfile.TemporaryDirectory() as folder:
        server = psutil.Process(int((Path(socket_folder) / "postmaster.pid").read_text().split()[0]))
        if given:
            with prepared(socket_folder) as database:
                print(f"the marts of {given}")
                load_and_compare(Home(Path(given)), database, server)
        with prepared(socket_folder) as database:
            print(f"{rows:,} rows of 20 columns")
            made_up(Home(Path(folder)), rows, database, server)


if __name__ == "__main__":
    main()
