"""Eight readers ask for rankings in a loop while twenty builds are published: no error, no half, nothing stale."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from thidua.files import write_atomic
from thidua.settings import Home
from thidua.warehouse.postgres.serve import serve_postgres
from thidua.warehouse.publish import publish

from tests.postgres import Database
from tests.warehouse.postgres.made import UNITS, lay, rankings

pytestmark = pytest.mark.slow(seconds=30)

READERS, BUILDS, KEPT = 8, 20, 3

# A process each, as BI tools are. What is published by now is read before the query: the query must not say less.
READER = """
import json, sys, time
from pathlib import Path
import duckdb, psycopg

serve, counter, is_over, dsn, has_read = *map(Path, sys.argv[1:4]), sys.argv[4], Path(sys.argv[5])
QUERY = (
    "select min(least(report.version, fact.version)), max(greatest(report.version, fact.version)), count(*) "
    "from {0}rpt_ranking as report inner join {0}fct_ranking as fact using (campaign_id, unit_id)"
)

def ask_file():
    with duckdb.connect(str((serve / "current").resolve() / "marts.duckdb"), read_only=True) as connection:
        connection.execute("set threads = 1")
        return connection.execute(QUERY.format("marts.marts.")).fetchone()

postgres = psycopg.connect(dsn, autocommit=True)

def ask_postgres():
    return postgres.execute(QUERY.format("marts.")).fetchone()

seen = []
while not is_over.exists():
    for name, ask in (("file", ask_file), ("postgres", ask_postgres)):
        least = int(counter.read_text())
        try:
            seen.append((name, least, *ask()))
        except Exception as error:
            seen.append((name, least, repr(error), None, None))
    if seen[-2][1] == seen[-1][1]:
        has_read.write_text(str(least))
    time.sleep(0.05)
print(json.dumps(seen))
"""


def test_readers_while_builds_are_published(database: Database, tmp_path: Path) -> None:
    home, counter, is_over = Home(tmp_path / "home"), tmp_path / "published", tmp_path / "is-over"
    reader = database.add_login("thidua_test_bi", "thidua_reader")

    def publish_build(number: int) -> None:
        lay(home, rankings(number))
        assert publish(home, keep=KEPT) and serve_postgres(home)
        write_atomic(counter, str(number).encode())
        assert publish(home, keep=KEPT) is None, "the same build is published once"

    publish_build(1)
    arguments = [str(home.serve), str(counter), str(is_over), database.dsn(reader)]
    have_read = [tmp_path / f"has-read-{number}" for number in range(READERS)]
    processes = [
        subprocess.Popen([sys.executable, "-c", READER, *arguments, str(path)], stdout=subprocess.PIPE, text=True)
        for path in have_read
    ]

    def wait_for_readers(number: int) -> None:
        """However slow the machine is: every reader has asked both since this was published."""
        while not all(path.exists() and path.read_text() == str(number) for path in have_read):
            assert all(process.poll() is None for process in processes)
            time.sleep(0.02)

    try:
        wait_for_readers(1)
        for number in range(2, BUILDS + 2):
            publish_build(number)
            wait_for_readers(number)
    finally:
        is_over.touch()
        answers = [process.communicate(timeout=600)[0] for process in processes]
    found = [tuple(row) for answer in answers for row in json.loads(answer)]
    faults = [row for row in found if row[2] != row[3] or row[4] != UNITS or row[2] < row[1]]
    assert faults == []
    last = BUILDS + 1
    for name in ("file", "postgres"):
        asked = Counter(row[2] for row in found if row[0] == name)
        assert set(asked) == set(range(1, last + 1)) and min(asked.values()) >= READERS, "each was read by everybody"
    assert len([path for path in home.serve.iterdir() if not path.is_symlink()]) == KEPT
