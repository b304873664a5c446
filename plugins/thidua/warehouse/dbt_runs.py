"""dbt in this process: what it parsed is kept, what it says goes to a log, what it fails at is one readable line."""

from __future__ import annotations

import gc
import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from thidua.errors import NotWell
from thidua.files import locked
from thidua.settings import dbt_dir

log = logging.getLogger(__name__)


def fingerprint() -> str:
    """Hash of everything that turns inputs into tables: another model or another compiler is another warehouse."""
    root = dbt_dir()
    package = Path(__file__).resolve().parents[1]
    files = [
        *sorted(path for path in root.rglob("*") if path.suffix in {".sql", ".yml"} and "target" not in path.parts),
        *sorted((package / "plan").glob("*.py")),
        package / "warehouse" / "raw.py",
        package / "warehouse" / "closings.py",
    ]
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def work_dir(database: Path) -> Path:
    """Where dbt writes what it makes of this database: its log, compiled SQL, its documentation."""
    return database.parent / "dbt"


def project_dir_of(database: Path) -> Path:
    """What dbt read and compiled of the project alone, for databases of this name wherever they lie; where the project
    cannot be written, for this one."""
    target = dbt_dir() / "target"
    is_ours = os.access(target if target.exists() else dbt_dir(), os.W_OK)
    return target / database.stem if is_ours else work_dir(database)


# What dbt parsed in this process, by the hash of its sources and the database's name: a process that builds again
# (another known-at, another home) does not read 200 files again.
_parsed: dict[tuple[str, str], Any] = {}


@contextmanager
def _no_collector() -> Iterator[None]:
    """A build makes millions of objects that live until its end; looking through them for garbage costs an eighth of
    its time and finds none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_no_collector()
def run_dbt(database: Path, *arguments: str) -> list[Any]:
    """One dbt invocation in this process; returns its results (of `list` the lines). Raises NotWell naming the first
    node that failed."""
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    os.environ["DO_NOT_TRACK"] = "1"
    work = work_dir(database)
    # Nobody reads a build's artifacts (manifest, graph, results), and they cost as much as ten models.
    artifacts = [] if arguments[0] == "docs" else ["--no-write-json"]
    try:
        manifest = _manifest(database)
        with _log(work) as note:
            os.environ["THIDUA_WAREHOUSE"] = str(database)
            result = _invoke([*arguments, *artifacts], work, note, manifest)
    finally:
        _release(database)
    if not result.success:
        raise _failure(result, work)
    found = getattr(result.result, "results", result.result)
    return list(found) if isinstance(found, list | tuple) else []  # of `docs` a catalogue


def _manifest(database: Path) -> Any:
    """The parsed project. dbt keeps it in a file between processes, and reads only what has changed since."""
    sources = (fingerprint(), database.stem)
    if sources not in _parsed:
        target = project_dir_of(database)
        # dbt reads everything again when a variable of the profile changes; to parse, where the file lies is nothing.
        os.environ["THIDUA_WAREHOUSE"] = database.name
        with locked(target / ".lock"), _log(work_dir(database)) as note:
            result = _invoke(["parse", "--no-write-json"], target, note)
        if not result.success:
            raise _failure(result, work_dir(database))
        _parsed[sources] = result.result
        gc.freeze()  # it stays until the process ends: the collector need not look through it again and again
    return _parsed[sources]


def _invoke(arguments: list[str], target: Path, note: Any, manifest: Any = None) -> Any:
    from dbt.cli.main import dbtRunner

    common = [
        "--project-dir", str(dbt_dir()),
        "--profiles-dir", str(dbt_dir()),
        "--target-path", str(target),
        "--log-path", str(target),
        # Its own loggers look through the whole environment for secrets at every line, also at those they leave out.
        "--log-level", "none",
        "--log-level-file", "none",
        "--no-use-colors",
    ]  # fmt: skip
    return dbtRunner(manifest=manifest, callbacks=[note]).invoke([*arguments, *common])


@contextmanager
def _log(work: Path) -> Iterator[Any]:
    """Gives what writes an event of dbt to `dbt.log`, of level info and above, as it happens."""
    work.mkdir(parents=True, exist_ok=True)
    with (work / "dbt.log").open("a", encoding="utf-8", buffering=1) as file:

        def note(event: Any) -> None:
            if event.info.level in {"info", "warn", "error"}:
                file.write(f"{event.info.ts.ToJsonString()} {event.info.msg}\n")

        yield note


def _failure(result: Any, work: Path) -> NotWell:
    failed = [
        f"{node.node.name}: {node.message}"
        for node in getattr(result.result, "results", None) or []
        if node.status in {"error", "fail"}
    ]
    return not_built(failed or [str(result.exception or "dbt failed")], work)


def not_built(failed: list[str], work: Path) -> NotWell:
    """What is said of a build that failed: the first reason, how many more, where to look."""
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    return NotWell(
        f"dựng kho không xong / the build failed and nothing was published: {' '.join(failed[0].split())}{more}; "
        f"see {work / 'dbt.log'}"
    )


def _release(database: Path) -> None:
    """dbt keeps its connection, and with it the file's lock, for as long as the process lives."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()
    log.debug("%s is released", database)
