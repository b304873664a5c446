"""dbt in this process: what it parsed is kept, what it says goes to a log, what it fails at is one readable line."""

from __future__ import annotations

import gc
import hashlib
import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thidua.errors import NotWell
from thidua.files import locked
from thidua.settings import dbt_dir

if TYPE_CHECKING:
    from thidua.warehouse.place import Warehouse

log = logging.getLogger(__name__)


def fingerprint() -> str:
    """Hash of everything that turns inputs into tables: another model or another compiler is another warehouse."""
    from thidua.intake.pace import pace_rows

    root = dbt_dir()
    package = Path(__file__).resolve().parents[1]
    files = [
        *sorted(
            path
            for path in root.rglob("*")
            if path.suffix in {".sql", ".yml"} and "target" not in path.relative_to(root).parts
        ),
        *sorted((package / "plan").glob("*.py")),
        package / "warehouse" / "raw.py",
        package / "warehouse" / "closings.py",
    ]
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    # Of the contracts only this: with another header an export is read otherwise, and its rows lie in the lake.
    digest.update(json.dumps(pace_rows()).encode())
    return digest.hexdigest()


def project_dir_of(warehouse: Warehouse) -> Path:
    """What dbt read and compiled of the project alone, for databases of this name wherever they lie; where the project
    cannot be written, for this one."""
    target = dbt_dir() / "target"
    is_ours = os.access(target if target.exists() else dbt_dir(), os.W_OK)
    return target / warehouse.target / warehouse.catalog if is_ours else warehouse.work


# What dbt parsed in this process, by the hash of its sources and the database's name: a process that builds again
# (another known-at, another home) does not read 200 files again.
_parsed: dict[tuple[str, str, str], Any] = {}


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


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Only while dbt runs: libpq's variables would speak to other connections of this process too."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@_no_collector()
def run_dbt(warehouse: Warehouse, *arguments: str) -> list[Any]:
    """One dbt invocation in this process; returns its results (of `list` the lines). Raises NotWell naming the first
    node that failed."""
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    os.environ["DO_NOT_TRACK"] = "1"
    work = warehouse.work
    # Nobody reads a build's artifacts (manifest, graph, results), and they cost as much as ten models.
    artifacts = [] if arguments[0] == "docs" else ["--no-write-json"]
    try:
        manifest = manifest_of(warehouse)
        with _log(work) as note, _environment(warehouse.environment):
            result = _invoke([*arguments, *artifacts], work, note, manifest)
    finally:
        _release(warehouse)
    if not result.success:
        raise _failure(result, work)
    found = getattr(result.result, "results", result.result)
    return list(found) if isinstance(found, list | tuple) else []  # of `docs` a catalogue


def manifest_of(warehouse: Warehouse) -> Any:
    """The parsed project. dbt keeps it in a file between processes, and reads only what has changed since."""
    sources = (fingerprint(), warehouse.target, warehouse.catalog)
    if sources not in _parsed:
        target = project_dir_of(warehouse)
        # dbt reads everything again when a variable of the profile changes; to parse, where the file lies is nothing.
        with locked(target / ".lock"), _log(warehouse.work) as note, _environment(warehouse.environment_to_parse):
            result = _invoke(["parse", "--no-write-json"], target, note)
        if not result.success:
            raise _failure(result, warehouse.work)
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


def _release(warehouse: Warehouse) -> None:
    """dbt keeps its connections, and with one a file's lock, for as long as the process lives."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import cleanup_connections

    cleanup_connections()
    DuckDBConnectionManager.close_all_connections()
    log.debug("%s is released", warehouse)
