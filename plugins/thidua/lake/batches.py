"""Batches: what one task judged, as Parquet in a directory that appears at once.

A batch is written under a temporary name and renamed once, under the lake's lock. The lock is also where receipts
that somebody else committed meanwhile are dropped, so that each judgement is in one batch only.

A submission is judged once from its receipt, and again for each decision that asks for it (judgements.py); such batches
are named `again-…`, so that a lake without any is read without looking into its manifests.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import socket
import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from thidua.files import fsync_tree, locked, write_atomic
from thidua.lake.tables import BATCH_COLUMNS
from thidua.lake.writing import held, put_folder
from thidua.settings import Home

MANIFEST = "manifest.json"
TEMPORARY = ".tmp-"
AGAIN = "again-"
TABLES = tuple(BATCH_COLUMNS)
ABANDONED_AFTER_SECONDS = 24 * 3600


def batches_dir(home: Home) -> Path:
    return home.lake / "batches"


def lake_lock(home: Home) -> Path:
    return home.lake / ".lock"


def batch_id_of(keys: Iterable[str], *, is_again: bool = False) -> str:
    """The name of a batch of these judgements, by their keys (`keys_of`): the submissions, where judged at first."""
    digest = hashlib.sha256("\n".join(sorted(keys)).encode()).hexdigest()[:32]
    return AGAIN + digest if is_again else digest


def keys_of(manifest: Mapping[str, Any]) -> dict[str, str]:
    """submission_id -> what tells the judgement of it in this batch from any other judgement."""
    ids = manifest["submission_ids"]
    if not manifest.get("is_again"):
        return {submission_id: submission_id for submission_id in ids}
    return {
        submission_id: "|".join([submission_id, manifest["effective_at"] or "", *manifest["decisions"][submission_id]])
        for submission_id in ids
    }


def list_batches(home: Home) -> list[Path]:
    """The directories of the committed batches, by name; whole ones only."""
    folder = batches_dir(home)
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def read_manifest(batch: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((batch / MANIFEST).read_bytes())
    return manifest


def committed_submission_ids(home: Home) -> set[str]:
    """Every submission that some batch holds."""
    return {submission_id for batch in list_batches(home) for submission_id in read_manifest(batch)["submission_ids"]}


def batches_of(home: Home, submission_ids: Collection[str]) -> list[str]:
    """The names of the batches that hold a judgement of any of these submissions."""
    wanted = set(submission_ids)
    return [batch.name for batch in list_batches(home) if wanted & set(read_manifest(batch)["submission_ids"])]


def committed_keys(home: Home) -> set[str]:
    """Every judgement that some batch holds, by its key."""
    return {key for batch in list_batches(home) for key in keys_of(read_manifest(batch)).values()}


def new_work_dir(home: Home, keys: Iterable[str]) -> Path:
    """A fresh temporary directory for a batch. Its name says whose it is, from the instant that it is there, so that an
    abandoned one is recognised."""
    name = f"{TEMPORARY}{batch_id_of(keys)}-{uuid4().hex[:8]}-{os.getpid()}@{_host()}"
    folder = batches_dir(home) / name
    folder.mkdir(parents=True)
    return folder


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "_", socket.gethostname())


def finish_work_dir(folder: Path, manifest: dict[str, Any]) -> None:
    """Writes the manifest last, and makes everything durable: a work directory with a manifest is complete."""
    fsync_tree(folder)
    write_atomic(folder / MANIFEST, _json({**manifest, "made_as": folder.name, "made_by": _dag_run()}))


def _dag_run() -> dict[str, str] | None:
    """The run of Airflow that this is a task of, as Airflow tells every task; None without Airflow."""
    told = {name: os.environ.get(f"AIRFLOW_CTX_{name.upper()}", "") for name in ("dag_id", "dag_run_id")}
    return told if all(told.values()) else None


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True).encode()


def _is_abandoned(folder: Path, committed: set[str]) -> bool:
    """Nobody will commit it: its writer died half-way, all of it is committed already, or it is a day old."""
    try:
        if time.time() - folder.stat().st_mtime > ABANDONED_AFTER_SECONDS:
            return True
        if (folder / MANIFEST).exists():
            return committed.issuperset(keys_of(read_manifest(folder)).values())
    except FileNotFoundError:
        return False  # just being removed
    made_by, _, host = folder.name.rpartition("@")
    pid = made_by.rpartition("-")[2]
    if host != _host() or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _remove_abandoned(home: Home, committed: set[str]) -> None:
    for folder in batches_dir(home).glob(f"{TEMPORARY}*"):  # of a folder that is not there yet: nothing
        if _is_abandoned(folder, committed):
            shutil.rmtree(folder, ignore_errors=True)


def clear_abandoned(home: Home) -> None:
    """Removes what killed judgements left behind, also when there is nothing to commit."""
    if batches_dir(home).is_dir():
        with locked(lake_lock(home)):
            _remove_abandoned(home, committed_keys(home))


def _without(home: Home, folder: Path, dropped: set[str]) -> Path:
    """The same judgements without some submissions, as a complete work directory of its own."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    manifest = read_manifest(folder)
    kept = sorted(set(manifest["submission_ids"]) - dropped)
    smaller = new_work_dir(home, kept)
    for table in TABLES:
        rows = pq.read_table(folder / f"{table}.parquet")
        gone = pc.is_in(rows["submission_id"], value_set=pa.array(sorted(dropped), pa.string()))
        pq.write_table(rows.filter(pc.invert(gone)), smaller / f"{table}.parquet", compression="zstd")
    by_submission = {
        name: {key: value for key, value in manifest.get(name, {}).items() if key in kept}
        for name in ("outcomes", "decisions")
    }
    smaller_manifest = {**manifest, "submission_ids": kept, **by_submission}
    finish_work_dir(smaller, {**smaller_manifest, "batch_id": _name_of(smaller_manifest)})
    # The name under which the caller knows it, so that a retry after a kill recognises its batch.
    write_atomic(smaller / MANIFEST, _json(read_manifest(smaller) | {"made_as": manifest["made_as"]}))
    return smaller


def _name_of(manifest: Mapping[str, Any]) -> str:
    return batch_id_of(keys_of(manifest).values(), is_again=bool(manifest.get("is_again")))


def _made_from(home: Home, name: str) -> str | None:
    for batch in list_batches(home):
        if read_manifest(batch).get("made_as") == name:
            return batch.name
    return None


def commit(home: Home, tmp_dir: Path) -> str | None:
    """Makes a complete work directory a batch. Safe to repeat: the second time finds its batch and says so.

    Returns the id of the batch made of it (now, or by an earlier call that was killed after its rename), None when
    others had committed all its judgements.
    """
    with held(home, lake_lock(home)):
        committed = committed_keys(home)
        batch_id: str | None = None
        if (tmp_dir / MANIFEST).exists():
            keys = keys_of(read_manifest(tmp_dir))
            done = {submission_id for submission_id, key in keys.items() if key in committed}
            folder = tmp_dir
            if 0 < len(done) < len(keys):
                folder = _without(home, tmp_dir, done)
            if len(done) < len(keys):
                batch_id = _name_of(read_manifest(folder))
                put_folder(home, folder, batches_dir(home) / batch_id)
                committed |= set(keys.values())
        if batch_id is None:
            batch_id = _made_from(home, tmp_dir.name)
        _remove_abandoned(home, committed)
        return batch_id
