"""The samples of all campaigns, written once and judged once by the real intake, also for several test processes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from thidua.files import locked
from thidua.intake.ingest import ingest
from thidua.samples import generate
from thidua.settings import Home, repo_root

CAMPAIGNS = repo_root() / "campaigns"


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder of this run of pytest that all its processes see."""
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


@pytest.fixture(scope="session")
def home(shared: Path) -> Home:
    home = Home(shared / "samples")
    with locked(shared / "samples.lock"):  # the first process writes, the others find it
        if not home.path.exists():
            generate(home, CAMPAIGNS, seed=1)
    return home


@pytest.fixture(scope="session")
def judged(shared: Path, home: Home) -> duckdb.DuckDBPyConnection:
    """What the intake says of them, as tables of the lake's names; `live` are the events that the latest files tell."""
    with locked(shared / "samples.lock"):  # what is judged is not judged again
        ingest(home, CAMPAIGNS, datetime(2024, 2, 1, tzinfo=UTC), explicit_now=True)
    connection = duckdb.connect()
    for table in ("submissions", "scopes", "rejected_rows", "figures", "events"):
        connection.execute(f"create table {table} as from read_parquet('{home.lake}/batches/*/{table}.parquet')")
    connection.execute(
        """
        create table live as
        select * exclude (received_at, file_rank)
        from (
            select
                events.*, received_at,
                rank() over (
                    partition by events.campaign_id, events.export_type, event_key order by received_at desc, submission_id
                ) as file_rank
            from events inner join submissions using (submission_id)
        )
        where file_rank = 1 and not is_cancelled
        """
    )
    return connection
