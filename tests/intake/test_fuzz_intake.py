"""Damaged files through the whole intake: each ends in one outcome, with messages that people can read, and nothing stops.

The seeds are what the corpus accepts, of every export type and format; the damage is that of mutate.py.
"""

from __future__ import annotations

import faulthandler
import resource
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from thidua.intake import sandbox
from thidua.intake.ingest import ingest
from thidua.settings import Home

from tests.intake.conftest import NOW, Lake
from tests.intake.mutate import mutated
from tests.intake.test_corpus_files import EXPECTED, FOLDER

SEEDS = [name for name in EXPECTED if not name.startswith("returned/")]
RUN = 500
# A run of these takes a minute on a busy machine; one that hangs shows where it does, and ends.
SECONDS = 1_800


@pytest.fixture(autouse=True)
def watched() -> Iterator[None]:
    faulthandler.dump_traceback_later(SECONDS, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


def land(home: Home, seed: str, numbers: range, names: list[str]) -> dict[str, str]:
    """Damaged files in landing/: landing path -> where it came from."""
    origins = {}
    for number in numbers:
        random = Random(f"{seed}-{number}")
        name = random.choice(names)
        expected = EXPECTED[name]
        file_name, content = mutated(random, expected.file_name or Path(name).name, (FOLDER / name).read_bytes())
        path = home.landing / expected.campaign / expected.export_type / f"{number} {file_name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        origins[path.relative_to(home.landing).as_posix()] = f"seed {seed}-{number}, {name}"
    return origins


def check_message(message: str, line: int | None, sheet: str | None) -> None:
    """Vietnamese and English, one printable line that names the place."""
    vietnamese, _, english = message.partition(" / ")
    assert vietnamese and english and message.isprintable(), message
    if line is not None:
        assert f"òng {line}, " in vietnamese and f"ow {line}, " in english, message
    if sheet is not None and sheet.isprintable():
        assert f"'{sheet}'" in vietnamese and f"'{sheet}'" in english, message


def check(lake: Lake, origins: dict[str, str]) -> Counter[str]:
    """What holds of every file, whatever it was; counts the outcomes."""
    assert lake.result.troubles == []
    submissions = {row["landing_path"]: row for row in lake.rows("submissions")}
    assert set(submissions) == set(origins) and len(lake.rows("submissions")) == len(origins)
    faults: dict[str, list[dict[str, Any]]] = {row["submission_id"]: [] for row in submissions.values()}
    for row in lake.rows("rejected_rows"):
        faults[row["submission_id"]].append(row)
    facts = Counter(row["submission_id"] for table in ("figures", "events") for row in lake.rows(table))
    outcomes: Counter[str] = Counter()
    for path, row in submissions.items():
        try:
            own = faults[row["submission_id"]]
            counts = [row[f"{kind}_row_count"] for kind in ("received", "accepted", "rejected", "ignored")]
            assert counts[0] == sum(counts[1:]) and min(counts) >= 0, counts
            severities = {fault["severity"] for fault in own}
            if row["verdict"] == "returned":
                assert own and severities & {"critical", "error"} and counts[1] == 0
                assert not facts[row["submission_id"]]
            else:
                assert "critical" not in severities and counts[1] > 0
                assert (counts[2] > 0) == ("error" in severities)
            for fault in own:
                check_message(fault["message"], fault["line_number"], fault["sheet"])
        except AssertionError as error:
            error.add_note(origins[path])
            raise
        outcomes[row["verdict"]] += 1
        outcomes.update({f"rule {fault['rule_id']}" for fault in own})
    told = {file.landing_path: file.message for file in lake.result.returned}
    assert set(told) == {path for path, row in submissions.items() if row["verdict"] == "returned"}
    assert all(told.values())
    return outcomes


def run(tmp_path: Path, campaigns: Path, files: int, seed: str, names: list[str]) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    for start in range(0, files, RUN):
        home = Home(tmp_path / f"home-{start}")
        origins = land(home, seed, range(start, min(start + RUN, files)), names)
        outcomes += check(Lake(home, ingest(home, campaigns, NOW, explicit_now=True, settle_seconds=0.01)), origins)
    return outcomes


def peak_bytes() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_a_few_damaged_files(tmp_path: Path, campaigns: Path) -> None:
    """Of two export types, figures and events: a suite costs more than its files."""
    names = [name for name in SEEDS if EXPECTED[name].export_type in ("progress", "registrations")]
    outcomes = run(tmp_path, campaigns, 150, "few", names)
    assert outcomes["accepted"] > 15 and outcomes["returned"] > 15 and len(outcomes) > 12, outcomes


@pytest.mark.fuzz
def test_thousands_of_damaged_files(tmp_path: Path, campaigns: Path) -> None:
    before = peak_bytes()
    outcomes = run(tmp_path, campaigns, 5_000, "many", SEEDS)
    print(outcomes)
    assert outcomes["accepted"] > 500 and outcomes["returned"] > 500 and len(outcomes) > 30, outcomes
    assert peak_bytes() - before < 1_500_000_000  # the process that opens workbooks has its own limit
    assert len(sandbox._idle) <= 2  # a chunk each
