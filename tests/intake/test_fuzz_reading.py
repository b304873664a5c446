"""Damaged files of every kind: each ends in grids or in one FileFault with a readable message, never in anything else."""

from __future__ import annotations

import resource
import signal
from collections import Counter
from collections.abc import Iterator
from random import Random
from types import FrameType

import pytest
from thidua.intake import sandbox
from thidua.intake.faults import FILE_MESSAGES, FileFault
from thidua.intake.readers import read_file

from tests.intake.corpus import files
from tests.intake.mutate import mutated

SEEDS = sorted(files().items())
# Far more than any of these small files takes, far less than a run that hangs.
SECONDS = 60


@pytest.fixture(autouse=True)
def alarm(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def hangs(number: int, frame: FrameType | None) -> None:
        raise TimeoutError("a file hangs")

    before = signal.signal(signal.SIGALRM, hangs)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def outcome_of(name: str, content: bytes) -> str:
    """The rule of the fault, or `read`."""
    signal.alarm(SECONDS)
    try:
        grids = read_file(name, content)
    except FileFault as fault:
        assert fault.rule_id in FILE_MESSAGES
        message = fault.message()
        assert " / " in message and "{" not in message and message.isprintable(), message
        return fault.rule_id
    assert grids
    for grid in grids:
        assert grid.height == len(grid.lines) and all(len(column) == grid.height for column in grid.columns)
        assert all(column.null_count == 0 for column in grid.columns)
        lines = grid.lines.to_pylist()
        assert lines == sorted(set(lines)) and lines[0] >= 1
    return "read"


def run(inputs: int, seed: int) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    for number in range(inputs):
        random = Random(f"{seed}-{number}")
        name, content = mutated(random, *random.choice(SEEDS))
        try:
            outcomes[outcome_of(name, content)] += 1
        except BaseException as error:
            error.add_note(f"seed {seed}-{number}, {name}")
            raise
    return outcomes


def peak_bytes() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_a_few_damaged_files() -> None:
    outcomes = run(400, seed=1)
    assert outcomes["read"] > 40 and sum(outcomes.values()) - outcomes["read"] > 40
    assert len(outcomes) > 4


@pytest.mark.fuzz
def test_thousands_of_damaged_files() -> None:
    before = peak_bytes()
    outcomes = run(10_000, seed=2)
    print(outcomes)
    assert outcomes["read"] > 1_000 and sum(outcomes.values()) - outcomes["read"] > 1_000
    # The process that opens workbooks has its own limit.
    assert peak_bytes() - before < 500_000_000
    assert len(sandbox._idle) <= 1
