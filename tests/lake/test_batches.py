"""A batch appears whole and once, whoever commits it, however often, and however it was killed."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.synchronize import Event
from pathlib import Path

import duckdb
import pytest
from thidua.intake import ingest as intake
from thidua.intake.judge import judge_chunk
from thidua.intake.validate import load_gx
from thidua.lake import batches, writing
from thidua.lake.batches import batch_id_of, commit, committed_submission_ids, list_batches, new_work_dir
from thidua.lake.tables import BATCH_COLUMNS
from thidua.settings import Home

from tests.processes import CHILDREN

NOW = datetime(2023, 7, 4, 1, 0, tzinfo=UTC)
PLAN = """
campaign: {campaign_id: c-2023, title: T, issued_by: T, from: 2023-01-01, through: 2023-12-31, clause: I}
unit_types: [office]
blocs: [{bloc_id: offices, unit_types: [office], clause: I}]
metrics: [{metric_id: users, kind: reported, export: progress}]
measures: [{measure_id: progress, blocs: [offices], numerator: {metric: users}, denominator: {target: goal}, clause: I}]
periods: [{period_id: q2, kind: quarter, closing_date: 2023-06-30, clause: I}]
gates: [{gate_id: q2_60, periods: [q2], kind: measure, measure: progress, at_least: 60%, clause: I}]
"""


@pytest.fixture(scope="module")
def campaigns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("campaigns")
    (folder / "c-2023").mkdir()
    (folder / "c-2023" / "plan.yml").write_text(PLAN)
    (folder / "c-2023" / "units.csv").write_text(
        "unit_id,code,name,aliases,unit_type,parent,note\n"
        + "".join(f"u-{number},,Đơn vị {number},,office,,\n" for number in range(30))
    )
    (folder / "c-2023" / "targets.csv").write_text(
        "target_id,unit_id,period_id,value,value_kind,decision_number,effective_from,note\n"
        "goal,u-1,,9,count,1,2023-01-01,invented\n"
    )
    load_gx()
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Twelve files, one of them with a faulty row and one returned."""
    home = Home(tmp_path / "home")
    folder = home.landing / "c-2023" / "progress"
    folder.mkdir(parents=True)
    for number in range(12):
        rows = [
            f"Đơn vị {number},30/06/2023,{number * 10}\n",
            f"u-{number + 12},30/06/2023,{'x' if number == 5 else 1}\n",
        ]
        if number == 7:
            rows.append("Tổng cộng,,1\n")
        (folder / f"{number:02}.csv").write_text("Đơn vị,Ngày,Lũy kế\n" + "".join(rows), encoding="utf-8")
        instant = f"2023-07-01T0{number % 7}:00:00Z"
        (folder / f"{number:02}.csv.receipt.json").write_text(json.dumps({"received_at": instant}))
    return home


def ingest(home: Home, campaigns: Path) -> intake.IngestResult:
    return intake.ingest(home, campaigns, NOW, explicit_now=True, settle_seconds=0.01)


def content(home: Home) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all batches, without judged_at: what must not depend on luck. Fails on a batch that is not whole."""
    found = {}
    for table, columns in BATCH_COLUMNS.items():
        names = ", ".join(name for name in columns if name != "judged_at")
        paths = [str(batch / f"{table}.parquet") for batch in list_batches(home)]
        found[table] = duckdb.execute(f"select {names} from read_parquet($1) order by all", [paths]).fetchall()
    return found


@pytest.fixture
def expected(home: Home, campaigns: Path, tmp_path: Path) -> dict[str, list[tuple[object, ...]]]:
    """The content that an undisturbed run leaves."""
    calm = Home(tmp_path / "calm")
    calm.path.mkdir()
    (calm.path / "landing").symlink_to(home.landing)
    ingest(calm, campaigns)
    rows = content(calm)
    assert len(rows["submissions"]) == 12 and rows["figures"] and rows["rejected_rows"]
    return rows


def test_parquet_has_the_exact_types(home: Home, campaigns: Path) -> None:
    ingest(home, campaigns)
    batch = list_batches(home)[0]
    for table, columns in BATCH_COLUMNS.items():
        described = duckdb.execute(
            "describe select * from read_parquet($1)", [str(batch / f"{table}.parquet")]
        ).fetchall()
        types = {name: kind.lower().replace("timestamp with time zone", "timestamptz") for name, kind, *_ in described}
        assert types == columns, table


def test_ingest_twice_counts_once(home: Home, campaigns: Path, expected) -> None:
    first = ingest(home, campaigns)
    again = ingest(home, campaigns)
    assert first.files == 12 and len(first.returned) == 1 and first.with_rejections == 1
    assert again.files == 0 and again.batches == []
    assert content(home) == expected


def test_any_split_has_the_same_content(home: Home, campaigns: Path, expected, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "CHUNK_FILES", 5)
    assert len(ingest(home, campaigns).batches) == 3
    assert content(home) == expected


def test_commit_is_safe_to_repeat(home: Home, campaigns: Path, expected) -> None:
    (chunk,) = intake.pending(home, NOW, explicit_now=True, settle_seconds=0.01)
    work = judge_chunk(home, campaigns, chunk, NOW)
    assert committed_submission_ids(home) == set() and list_batches(home) == []
    assert commit(home, work) == commit(home, work) == batch_id_of(chunk)
    assert content(home) == expected


def test_what_another_run_committed_is_dropped(home: Home, campaigns: Path, expected) -> None:
    (chunk,) = intake.pending(home, NOW, explicit_now=True, settle_seconds=0.01)
    whole, part = judge_chunk(home, campaigns, chunk, NOW), judge_chunk(home, campaigns, chunk[:4], NOW)
    copy = judge_chunk(home, campaigns, chunk[:4], NOW)
    assert commit(home, part) == batch_id_of(chunk[:4])
    assert commit(home, copy) is None
    rest = commit(home, whole)
    assert rest == batch_id_of(chunk[4:]) and commit(home, whole) == rest
    assert len(list_batches(home)) == 2
    assert content(home) == expected
    assert [path.name for path in batches.batches_dir(home).iterdir() if path.name.startswith(".")] == []


def made_by(work: Path, pid: int, host: str = "") -> Path:
    """The work directory, as if another process, perhaps of another host, had made it."""
    name, _, ours = work.name.rpartition("@")
    return work.rename(work.with_name(f"{name.rpartition('-')[0]}-{pid}@{host or ours}"))


def test_abandoned_work_is_removed_and_living_work_is_not(home: Home, campaigns: Path) -> None:
    alive = new_work_dir(home, ["alive"])
    dead = new_work_dir(home, ["dead"])
    foreign = new_work_dir(home, ["foreign"])
    old = new_work_dir(home, ["old"])
    child = CHILDREN.Process(target=os.getpid)
    child.start()
    child.join()
    assert child.pid
    dead = made_by(dead, child.pid)
    foreign = made_by(foreign, child.pid, "elsewhere")
    long_ago = time.time() - 2 * batches.ABANDONED_AFTER_SECONDS
    os.utime(old, (long_ago, long_ago))
    ingest(home, campaigns)
    assert alive.exists() and foreign.exists()
    assert not dead.exists() and not old.exists()


def test_judged_work_waits_for_its_commit_though_its_process_is_gone(home: Home, campaigns: Path) -> None:
    (chunk,) = intake.pending(home, NOW, explicit_now=True, settle_seconds=0.01)
    work = judge_chunk(home, campaigns, chunk[:3], NOW)
    work = made_by(work, 2**22 + 1)
    commit(home, judge_chunk(home, campaigns, chunk[3:], NOW))
    assert commit(home, work) == batch_id_of(chunk[:3])


def ingest_when_told(home: Home, campaigns: Path, start: Event) -> None:
    intake.CHUNK_FILES = 4
    start.wait(60)
    ingest(home, campaigns)


def test_two_ingests_at_once_have_the_same_content(home: Home, campaigns: Path, expected) -> None:
    start = CHILDREN.Event()
    children = [CHILDREN.Process(target=ingest_when_told, args=(home, campaigns, start)) for _ in range(2)]
    for child in children:
        child.start()
    start.set()
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    assert content(home) == expected


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying_after(calls: int, function: Callable[..., object]) -> Callable[..., object]:
    """The function, killing its process at the call after so many."""
    left = [calls]

    def wrapped(*arguments: object, **options: object) -> object:
        if left[0] == 0:
            die()
        left[0] -= 1
        return function(*arguments, **options)

    return wrapped


# Where a kill hurts: between receipts, before a manifest, before and after the rename of a batch.
POINTS = {
    "between_receipts": (os, "link", 5),
    "at_the_first_receipt": (os, "link", 1),
    "while_judging": (batches, "fsync_tree", 0),
    "before_the_rename": (Path, "rename", 0),
    "before_the_manifest": (batches, "write_atomic", 0),
    "after_the_rename": (writing, "fsync_dir", 0),
    "while_removing": (batches, "_remove_abandoned", 0),
}


def ingest_until_killed(home: Home, campaigns: Path, point: str) -> None:
    module, name, calls = POINTS[point]
    setattr(module, name, dying_after(calls, getattr(module, name)))
    ingest(home, campaigns)


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_leaves_nothing_that_a_second_run_does_not_mend(
    home: Home, campaigns: Path, expected, point: str
) -> None:
    child = CHILDREN.Process(target=ingest_until_killed, args=(home, campaigns, point))
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    for batch in list_batches(home):  # readers see whole batches at any time
        assert {path.stem for path in batch.glob("*.parquet")} == set(BATCH_COLUMNS)
    ingest(home, campaigns)
    assert content(home) == expected
    assert not [path for path in batches.batches_dir(home).iterdir() if path.name.startswith(".tmp-")]
