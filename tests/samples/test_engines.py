"""All campaigns' samples on DuckDB and on Postgres: the same marts, to the last row and type."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from thidua.plan.snapshots import record_snapshots
from thidua.settings import Home
from thidua.warehouse.build import gather_inputs

from tests.postgres import Database
from tests.samples.conftest import CAMPAIGNS
from tests.warehouse.postgres.engines import assert_same

NOW = datetime(2024, 2, 1, tzinfo=UTC)

pytestmark = pytest.mark.slow(seconds=30)


def test_samples_give_the_same_on_both(
    home: Home, judged: duckdb.DuckDBPyConnection, tmp_path: Path, database: Database
) -> None:
    assert judged
    record_snapshots(home, CAMPAIGNS, NOW)
    ours, _ = assert_same(tmp_path, database, [(NOW, lambda: gather_inputs(home, None))])
    with ours.opened() as connection:
        ranked = connection.execute(
            "select campaign_id, count(*) from marts.fct_ranking where rank is not null group by 1"
        ).fetchall()
        campaigns = connection.execute("select count(distinct campaign_id) from marts.fct_progress").fetchall()
    assert campaigns == [(5,)]
    assert len(ranked) >= 2, ranked
