"""What intake will say of a file, told at once: the real code judges it alone, in a lake of its own that is thrown away.

In a process beside the api-server that has imported Great Expectations already: that takes seconds, and a file that
exhausts it does not take the pages with it. Nothing here is a truth: the DAG judges the file again, into the lake.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import shutil
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from thidua.desk.safety import desk_dir
from thidua.files import write_once
from thidua.lake.receipts import Receipt, raw_path, receipts_dir
from thidua.settings import Home

log = logging.getLogger(__name__)

SECONDS = 90.0
WARM_UP_SECONDS = 300.0
SHOWN_FAULTS = 1_000
SHOWN_FIGURES = 50
MOST_SCOPES = 1_000
ABANDONED_AFTER_SECONDS = 3600

Preview = dict[str, Any]


class PreviewFailed(Exception):
    """The file could not be looked at now: too large for the time, or the process died of it."""


class Previewer:
    """Judges one file at a time. The process starts when a page that needs it is opened, not with the server."""

    def __init__(self, home: Home, campaigns_dir: Path) -> None:
        self._home = home
        self._campaigns_dir = campaigns_dir
        self._lock = threading.Lock()
        self._pool: ProcessPoolExecutor | None = None
        self._ready: Future[Any] | None = None

    def warm_up(self) -> None:
        """Returns at once."""
        self._started()

    def __call__(self, receipt: Receipt, content: bytes, now: datetime) -> Preview:
        """Raises PreviewFailed, or the PlanError that stops intake too."""
        pool, ready = self._started()
        try:
            # Imports take their time on a busy machine, which is no reason to give up the process.
            ready.result(WARM_UP_SECONDS)
            waiting = pool.submit(judge_alone, self._home, self._campaigns_dir, receipt, content, now)
            preview: Preview = waiting.result(SECONDS)
            return preview
        except (TimeoutError, BrokenProcessPool) as error:
            log.warning("no preview of %s: %s", receipt.file_name, type(error).__name__)
            self._end()
            raise PreviewFailed from error

    def _started(self) -> tuple[ProcessPoolExecutor, Future[Any]]:
        """The process, and what is done when it is ready."""
        with self._lock:
            if self._pool is None or self._ready is None:
                # Not forked: the api-server has threads, and locks that they hold.
                self._pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
                self._ready = self._pool.submit(preload)
            return self._pool, self._ready

    def _end(self) -> None:
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            for process in list((pool._processes or {}).values()):  # the pool has no word for this before 3.14
                process.kill()
            pool.shutdown(wait=False, cancel_futures=True)


def preload() -> None:
    """Everything that judging imports, Great Expectations above all."""
    import thidua.intake.judge  # noqa: F401
    from thidua.intake.validate import load_gx

    load_gx()
    import great_expectations.render.renderer  # noqa: F401


def judge_alone(home: Home, campaigns_dir: Path, receipt: Receipt, content: bytes, now: datetime) -> Preview:
    """Judges one file in a scratch lake below the desk's folder, and removes it."""
    import duckdb

    from thidua.intake.judge import judge_chunk

    root = desk_dir(home) / "scratch"
    _remove_abandoned(root)
    scratch = Home(root / uuid4().hex)
    scratch.path.mkdir(parents=True, mode=0o700)
    try:
        write_once(raw_path(scratch, receipt.content_sha256), content, mode=0o600)
        write_once(receipts_dir(scratch) / f"{receipt.submission_id}.json", _document(receipt), mode=0o600)
        folder = judge_chunk(scratch, campaigns_dir, [receipt.submission_id], now)
        with duckdb.connect() as connection:
            return read_judged(connection, folder, receipt.submission_id)
    finally:
        shutil.rmtree(scratch.path, ignore_errors=True)


def _document(receipt: Receipt) -> bytes:
    return json.dumps(asdict(receipt), ensure_ascii=False).encode()


def _remove_abandoned(root: Path) -> None:
    for folder in root.glob("*"):
        if time.time() - folder.stat().st_mtime > ABANDONED_AFTER_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _rows(connection: Any, sql: str, submission_id: str) -> list[dict[str, Any]]:
    cursor = connection.execute(sql, {"id": submission_id})
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _table(folder: Path, name: str) -> str:
    return "read_parquet('{}')".format(str(folder / f"{name}.parquet").replace("'", "''"))


def read_judged(connection: Any, folder: Path, submission_id: str) -> Preview:
    """What a batch, or a work directory of one, says of a submission; plain values, so that it can be kept as JSON."""
    submissions, scopes, faults, events = (
        _table(folder, name) for name in ("submissions", "scopes", "rejected_rows", "events")
    )
    submission = _rows(connection, f"select * from {submissions} where submission_id = $id", submission_id)[0]
    spoken_of = (
        f"select distinct unit_id from {scopes} where submission_id = $id union "
        f"select distinct unit_id from {events} where submission_id = $id"
    )
    days = (
        f"select distinct unit_id, cast(as_of_date as varchar) as as_of_date from {scopes} where submission_id = $id "
        f"order by unit_id, as_of_date limit {MOST_SCOPES}"
    )
    return {
        "outcome": _outcome(submission),
        "sender_unit_id": submission["sender_unit_id"],
        "layout": submission["layout"],
        **{name: submission[name] for name in COUNTS},
        "units": sorted({row["unit_id"] for row in _rows(connection, spoken_of, submission_id) if row["unit_id"]}),
        "scopes": _rows(connection, days, submission_id),
        "rules": _rows(connection, RULES.format(faults=faults), submission_id),
        "faults": _rows(connection, FAULTS.format(faults=faults), submission_id),
        **read_accepted(connection, folder, submission_id),
    }


def read_accepted(connection: Any, folder: Path, submission_id: str) -> Preview:
    """The first figures that were accepted, and the events by unit, of local days."""
    connection.execute("set TimeZone = 'Asia/Ho_Chi_Minh'")
    figures, events = (_table(folder, name) for name in ("figures", "events"))
    return {
        "figures": _rows(
            connection,
            "select unit_id, strftime(as_of_date, '%d/%m/%Y') as as_of_date, metric_id, dimension, member, value, sheet, "
            f"line_number from {figures} where submission_id = $id "
            f"order by sheet nulls first, line_number, metric_id limit {SHOWN_FIGURES}",
            submission_id,
        ),
        "events": _rows(
            connection,
            "select event, unit_id, count(*) as row_count, strftime(min(event_at), '%d/%m/%Y') as first_day, "
            f"strftime(max(event_at), '%d/%m/%Y') as last_day from {events} "
            f"where submission_id = $id group by event, unit_id order by event, unit_id limit {SHOWN_FIGURES}",
            submission_id,
        ),
    }


COUNTS = ("received_row_count", "accepted_row_count", "rejected_row_count", "ignored_row_count")
RULES = (
    "select severity, rule_id, count(*) as found from {faults} where submission_id = $id group by severity, rule_id "
    "order by severity <> 'critical', severity <> 'error', found desc, rule_id"
)
FAULTS = (
    "select severity, rule_id, sheet, line_number, column_name, value, message from {faults} where submission_id = $id "
    "order by severity <> 'critical', severity <> 'error', rule_id, sheet nulls first, line_number nulls first, "
    f"column_name nulls first limit {SHOWN_FAULTS}"
)


def _outcome(submission: dict[str, Any]) -> str:
    if submission["verdict"] == "accepted" and submission["rejected_row_count"]:
        return "accepted_with_rejections"
    return str(submission["verdict"])
