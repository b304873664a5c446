"""The bodies of the DAGs' tasks. They take and return small records; paths travel, frames never do."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from thidua.clock import now_utc, parse_instant
from thidua.errors import NotWell
from thidua.settings import campaigns_dir, home

Record = dict[str, Any]


def clock(params: Record) -> datetime:
    """The clock of a run: its parameter `now`, else the real one."""
    return parse_instant(params["now"]) if params.get("now") else now_utc()


def take_receipts(params: Record) -> Record:
    """Records receipts of settled new files: {chunks: submissions not judged yet, troubles: what cannot be read}."""
    from thidua.intake.ingest import look

    chunks, troubles = look(home(), clock(params), explicit_now=bool(params.get("now")))
    return {"chunks": chunks, "troubles": [str(trouble) for trouble in troubles]}


def judge(submission_ids: list[str], params: Record) -> Record:
    """Judges one chunk into a complete work directory of the lake: {folder, name, files}."""
    from thidua.intake.judge import judge_chunk
    from thidua.lake.batches import read_manifest

    folder = judge_chunk(home(), campaigns_dir(), submission_ids, clock(params))
    outcomes = read_manifest(folder)["outcomes"].values()
    kinds = ", ".join(sorted({"/".join(outcome["landing_path"].split("/")[:2]) for outcome in outcomes}))
    return {"folder": str(folder), "name": f"{kinds}: {len(outcomes)} tệp", "files": len(outcomes)}


def commit(judged: list[Record], params: Record) -> list[str]:
    """Renames what was judged to batches, then judges again what decisions ask for; the ids of all these batches.

    A batch that is there already counts: it was this one.
    """
    from thidua.intake.data_docs import write_index
    from thidua.intake.ingest import judge_again
    from thidua.lake.batches import commit as commit_batch

    committed = [commit_batch(home(), Path(record["folder"])) for record in judged]
    again = judge_again(home(), campaigns_dir(), clock(params))
    write_index(home())
    return [batch_id for batch_id in committed if batch_id] + again


def write_slips(batches: list[str]) -> Record:
    """Writes the return slips of the files in these batches: {slips: how many are new, folder}."""
    from thidua.lake.batches import batches_dir, read_manifest
    from thidua.slips.write import slips_dir
    from thidua.slips.write import write_slips as write

    ids = {name for batch in batches for name in read_manifest(batches_dir(home()) / batch)["submission_ids"]}
    slips = write(home(), campaigns_dir(), ids)
    return {"slips": sum(slip.is_new for slip in slips), "folder": str(slips_dir(home()))}


def report(taken: Record, judged: list[Record], batches: list[str]) -> str:
    """A line on what was judged. Raises NotWell when this run returned files, or left some unread or unjudged."""
    from thidua.intake.ingest import result_of

    result = result_of(home(), batches)
    lost = sum(map(len, taken["chunks"])) - sum(record["files"] for record in judged)
    lines = [f"{file.landing_path}: {file.message}" for file in result.returned] + list(taken["troubles"])
    if lost:
        lines.append(f"{lost} tệp chưa được xét; sửa lỗi trên rồi chạy lại DAG / files not judged; run the DAG again")
    if lines:
        raise NotWell(f"{len(result.returned)} tệp bị trả lại / files returned:\n" + "\n".join(lines))
    return f"{result.files} tệp được nhận / files accepted"


def build(params: Record) -> Record:
    """Builds with dbt and its tests: what it took, and whether there was anything to do."""
    from thidua.warehouse.build import build as build_warehouse

    known_at = parse_instant(params["known_at"]) if params.get("known_at") else None
    now = clock(params) if params.get("now") or known_at is None else known_at
    result = build_warehouse(home(), campaigns_dir(), now, known_at=known_at, full=bool(params.get("full")))
    return {
        "did_work": result.did_work,
        "is_full": result.is_full,
        "batches": result.batches,
        "is_replay": known_at is not None,
        "database": str(result.database),
    }


def publish(built: Record) -> str | None:
    """Publishes the build; a replay of an earlier day is never published."""
    from thidua.warehouse.publish import publish as publish_marts

    if built["is_replay"]:
        return None
    folder = publish_marts(home())
    return str(folder) if folder else None
