"""Judges a chunk of received files into a complete work directory of the lake: what the files alone show.

Accepted rows, faults, verdicts, scopes. What depends on other files (duplicates, stale resends, falling counts) is the
build's. The plan is the campaign's folder at judging time; the bytes are those kept in lake/restricted/raw. What
people decided of a file by then is part of its judgement (decided.py).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from thidua.errors import PlanError, ThiduaError
from thidua.intake.campaigns import CampaignFacts, campaign_ids, load_facts
from thidua.intake.cells import ReadFile, absent_keys, lay_cells, lay_parts
from thidua.intake.contracts import Contract, known_export_types, load_contract
from thidua.intake.data_docs import SHOWN_FAULTS, write_data_docs
from thidua.intake.decided import Decided, accept_faults, exclude_rows
from thidua.intake.events import type_events
from thidua.intake.faults import FileFault, failure
from thidua.intake.figures import type_figures
from thidua.intake.files import FileReader, Hint, hint_of
from thidua.intake.numbers import separators_of
from thidua.intake.personal import load_key
from thidua.intake.store import large_tables, store_judged
from thidua.intake.validate import WorkDatabase, validate_chunk
from thidua.lake.batches import batch_id_of, finish_work_dir, keys_of, new_work_dir
from thidua.lake.decisions import Decision, load_decisions
from thidua.lake.judgements import Entries
from thidua.lake.receipts import Receipt, load_receipts, raw_path
from thidua.lake.tables import BATCH_COLUMNS
from thidua.plan.snapshots import check_not_behind
from thidua.settings import Home

log = logging.getLogger(__name__)

# Files are numbered in the order of their submission ids, so file_no orders like submission_id, and faster.
_ORDER = {
    "submissions": "submission_id",
    "scopes": "submission_id, unit_id, as_of_date",
    "figures": "submission_id, sheet nulls first, line_number, metric_id, dimension, member",
    "events": "submission_id, sheet nulls first, line_number, unit_role, unit_id",
    "rejected_rows": "submission_id, sheet nulls first, line_number nulls first, rule_id, column_name nulls first, value",
}


@dataclass(frozen=True)
class _Returned:
    """A file that could not be judged row by row."""

    receipt: Receipt
    fault: FileFault
    hint: Hint


def judge_chunk(
    home: Home,
    campaigns_dir: Path,
    submission_ids: Sequence[str],
    now: datetime,
    expectations: Path | None = None,
    *,
    is_again: bool = False,
    effective_at: datetime | None = None,
    extra: Sequence[Decision] = (),
    is_shown: bool = True,
) -> Path:
    """Judges these submissions and returns the complete, durable work directory for `batches.commit`.

    Submissions of a campaign whose plan is broken are left for the next run, as are unknown ids; when nothing else is
    left, the PlanError (or a ThiduaError) is raised. `expectations`: the folder of contracts (default: the checkout's).

    `is_again`: they were judged before, and decisions until `effective_at` (None: until their receipt) ask for more.
    `extra`: decisions that nobody recorded, to see what they would do; `is_shown`: pages for operators are written.
    What is judged to be looked at is never committed.
    """
    receipts = load_receipts(home, set(submission_ids))
    known = {receipt.campaign_id for receipt in receipts}.intersection(campaign_ids(campaigns_dir))
    check_not_behind(home, campaigns_dir, known)
    decided = _decided_of(home, receipts, effective_at, extra)
    plans, broken = _plans_of(campaigns_dir, receipts, decided)
    receipts = [receipt for receipt in receipts if receipt.campaign_id not in broken]
    if not receipts:
        if broken:
            raise next(iter(broken.values()))
        raise ThiduaError("no such submissions; list them with `thidua status`")
    ids = [receipt.submission_id for receipt in receipts]
    manifest: dict[str, Any] = {
        "submission_ids": sorted(ids),
        "judged_at": now.astimezone(UTC).isoformat(),
        "replaces": [],
        "decisions": {one: decided[one].ids for one in ids if is_again or decided[one].ids},
    }
    if is_again:
        at = effective_at.astimezone(UTC).isoformat() if effective_at else None
        campaigns = sorted({receipt.campaign_id for receipt in receipts})
        manifest |= {"is_again": True, "effective_at": at, "campaigns": campaigns}
    batch_id = batch_id_of(keys_of(manifest).values(), is_again=is_again)
    folder = new_work_dir(home, keys_of(manifest).values())
    with WorkDatabase() as work:
        for table, columns in BATCH_COLUMNS.items():
            definition = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            work.connection.execute(f"create table out_{table} ({definition})")
        groups: dict[str, list[Receipt]] = {
            export_type: [] for export_type in sorted({receipt.export_type for receipt in receipts})
        }
        for receipt in sorted(receipts, key=lambda receipt: receipt.submission_id):
            groups[receipt.export_type].append(receipt)
        for export_type, group in groups.items():
            judged, result = _judge_group(
                work, home, campaigns_dir, export_type, group, plans, decided, now, expectations
            )
            if judged and result and is_shown:
                _show(work, home, batch_id, judged, result, len(group), now)
            for table, query in (large_tables(judged) if judged else {}).items():
                if len(groups) == 1:  # the rule: straight to its file, in the order of the rows
                    _write(work, folder, table, query)
                else:
                    work.connection.execute(f"insert into out_{table} {query}")
        for table in BATCH_COLUMNS:
            if not (folder / f"{table}.parquet").exists():
                _write(work, folder, table, f"select * from out_{table} order by {_ORDER[table]}")
        outcomes = _outcomes(work)
    finish_work_dir(folder, {"batch_id": batch_id, **manifest, "outcomes": outcomes})
    return folder


def _write(work: WorkDatabase, folder: Path, table: str, query: str) -> None:
    target = str(folder / f"{table}.parquet").replace("'", "''")
    # Hashes, the most of a scope, do not compress; trying costs as much as writing.
    compression = "uncompressed" if table == "scopes" else "snappy"
    # Version 2 knows encodings for numbers and long texts: smaller, and less to compress. Texts that are many are soon
    # known to be: no dictionary of them is tried.
    options = f"format parquet, parquet_version v2, dictionary_size_limit 5000, compression {compression}"
    work.connection.execute(f"copy ({query}) to '{target}' ({options})")


def _decided_of(
    home: Home, receipts: Sequence[Receipt], effective_at: datetime | None, extra: Sequence[Decision]
) -> dict[str, Decided]:
    """submission_id -> what was decided of it until this judgement."""
    entries = Entries([*load_decisions(home), *extra])
    return {
        receipt.submission_id: Decided(tuple(entries.of(receipt, effective_at or receipt.received)))
        for receipt in receipts
    }


def _plans_of(
    campaigns_dir: Path, receipts: Sequence[Receipt], decided: Mapping[str, Decided]
) -> tuple[dict[str, CampaignFacts], dict[str, PlanError]]:
    """submission_id -> its campaign with the names decided until then; and what is wrong with broken plans."""
    plans: dict[str, CampaignFacts] = {}
    broken: dict[str, PlanError] = {}
    for receipt in receipts:
        if receipt.campaign_id in broken:
            continue
        try:
            facts = load_facts(campaigns_dir, receipt.campaign_id, decided[receipt.submission_id].aliases)
        except PlanError as error:
            broken[receipt.campaign_id] = error
        else:
            if facts:
                plans[receipt.submission_id] = facts
    return plans, broken


def _place_fault(
    receipt: Receipt,
    plans: Mapping[str, CampaignFacts],
    contract: Contract | None,
    campaigns_dir: Path,
    expectations: Path | None,
) -> FileFault | None:
    """What is wrong with where the file lies, if anything."""
    if receipt.landing_path.count("/") != 2:
        return FileFault("wrong_folder")
    if receipt.submission_id not in plans:
        allowed = ", ".join(campaign_ids(campaigns_dir)) or "-"
        return FileFault("unknown_campaign", value=receipt.campaign_id, allowed=allowed)
    if contract is None:
        allowed = ", ".join(known_export_types(expectations)) or "-"
        return FileFault("unknown_export_type", value=receipt.export_type, allowed=allowed)
    return None


def _judge_group(
    work: WorkDatabase,
    home: Home,
    campaigns_dir: Path,
    export_type: str,
    receipts: Sequence[Receipt],
    plans: Mapping[str, CampaignFacts],
    decided: Mapping[str, Decided],
    now: datetime,
    expectations: Path | None,
) -> tuple[Contract | None, Any]:
    """Judges the files of one export type: typed together, validated by one run of its suite.

    Returns its contract when files were judged row by row (their rows wait in temporary tables), and GX's result.
    """
    contract = load_contract(export_type, expectations)
    returned: list[_Returned] = []
    files: dict[ReadFile, list[pa.Table]] = {}
    reader: FileReader | None = None
    if contract:
        reader = FileReader(contract, load_key(home) if contract.of_role("person") else b"")
    for file_no, receipt in enumerate(receipts):
        facts = plans.get(receipt.submission_id)
        fault = _place_fault(receipt, plans, contract, campaigns_dir, expectations)
        if fault is None and reader and facts:
            try:
                content = raw_path(home, receipt.content_sha256).read_bytes()
                file, tables = reader.read(file_no, receipt, facts, content)
            except FileFault as found:
                fault = found
            else:
                files[file] = tables
        if fault:
            hint = hint_of(receipt.file_name, facts) if facts else Hint(None, None)
            returned.append(_Returned(receipt, fault, hint))
    result: Any = None
    connection = work.connection
    receipt_rows = pa.table(
        {
            "file_no": pa.array(range(len(receipts)), pa.int32()),
            **{
                name: [getattr(receipt, name) for receipt in receipts]
                for name in (
                    "submission_id",
                    "campaign_id",
                    "export_type",
                    "file_name",
                    "landing_path",
                    "content_sha256",
                )
            },
            "received_at": pa.array([receipt.received for receipt in receipts], pa.timestamp("us", "UTC")),
        }
    )
    connection.register("receipt_rows", receipt_rows)
    # As numbers: these texts stand in every row that is written.
    connection.execute(
        """
        create or replace type text_of_receipt as enum (
            select distinct unnest([submission_id, campaign_id, export_type]) as text from receipt_rows order by text
        );
        create or replace temp table receipts as
        select * replace (
            cast(submission_id as text_of_receipt) as submission_id,
            cast(campaign_id as text_of_receipt) as campaign_id,
            cast(export_type as text_of_receipt) as export_type
        )
        from receipt_rows
        """
    )
    connection.unregister("receipt_rows")
    if contract and files:
        by_file = {file.file_no: decided[file.submission_id] for file in files}
        failed, result = _type_and_validate(work, contract, files, by_file, expectations)
        for file, error in failed.items():
            receipt = receipts[file.file_no]
            del files[file]
            returned.append(_Returned(receipt, failure(error), Hint(file.hint_unit_id, file.hint_date)))
    _store_returned(work, returned, now)
    if contract and files:
        separators = separators_of(connection) if contract.grain == "figures" else {}
        layouts = {file.file_no: _layout_json(file, separators) for file in files}
        store_judged(connection, contract, list(files), layouts, now)
        return contract, result
    return None, None


def _show(
    work: WorkDatabase, home: Home, batch_id: str, contract: Contract, result: Any, files: int, now: datetime
) -> None:
    """The operator's page of these files."""
    names = ("file_name", "severity", "rule_id", "value", "message")
    found = work.connection.execute(
        """
        select file_name, severity, rule_id, coalesce(value, ''), message, count(*) over () as total
        from out_rejected_rows inner join out_submissions using (submission_id)
        where out_submissions.export_type = $1
        order by severity <> 'critical', severity <> 'error', file_name, line_number nulls first, rule_id
        limit $2
        """,
        [contract.export_type, SHOWN_FAULTS],
    ).fetchall()
    faults = [dict(zip(names, row, strict=False)) for row in found]
    write_data_docs(home, batch_id, contract, result, faults, found[0][-1] if found else 0, files, now)


def _type_and_validate(
    work: WorkDatabase,
    contract: Contract,
    files: Mapping[ReadFile, list[pa.Table]],
    decided: Mapping[int, Decided],
    expectations: Path | None,
) -> tuple[dict[ReadFile, Exception], Any]:
    """Fills `typed` and `faults`. A file at which that fails by itself is left out and returned, with its error.

    Returns these files, and GX's result over all others.
    """

    def judge(some: Mapping[ReadFile, list[pa.Table]]) -> Any:
        campaigns = lay_parts(work.connection, contract, list(some))
        tables = [table for tables in some.values() for table in tables]
        absent = absent_keys(contract, list(some))
        lay_cells(work.connection, contract, tables, absent)
        own = {file.file_no: decided[file.file_no] for file in some}
        exclude_rows(work.connection, own)
        if contract.grain == "figures":
            type_figures(work.connection, contract, campaigns)
        else:
            type_events(work.connection, contract, campaigns, absent)
        result = validate_chunk(work, contract, expectations)
        accept_faults(work.connection, own)
        return result

    try:
        return {}, judge(files)
    except duckdb.Error as error:
        log.exception("a chunk of %d files failed; they are tried one by one", len(files))
        if len(files) == 1:
            return {next(iter(files)): error}, None
        failed: dict[ReadFile, Exception] = {}
        for file, tables in files.items():
            try:
                judge({file: tables})
            except duckdb.Error as own:
                failed[file] = own
        if not failed:
            raise
        sound = {file: tables for file, tables in files.items() if file not in failed}
        return failed, judge(sound) if sound else None


def _layout_json(file: ReadFile, separators: Mapping[int, list[str]]) -> str:
    used = {part.column_name: separators[part.part_no] for part in file.parts if separators.get(part.part_no)}
    return json.dumps({**file.layout, "thousands": used}, ensure_ascii=False, sort_keys=True)


def _store_returned(work: WorkDatabase, returned: Sequence[_Returned], now: datetime) -> None:
    """Files that were returned before a row of them could be judged."""
    for one in returned:
        receipt = one.receipt
        head = [receipt.submission_id, receipt.campaign_id, receipt.export_type]
        work.connection.execute(
            "insert into out_submissions values "
            "($1, $2, $3, $4, $5, $6, $7, 'returned', 0, 0, 0, 0, $8, null, null, $9)",
            [
                *head, receipt.file_name, receipt.landing_path, receipt.received, receipt.content_sha256,
                one.hint.unit_id, now,
            ],
        )  # fmt: skip
        work.connection.execute(
            "insert into out_rejected_rows values ($1, $2, $3, null, null, null, null, null, $4, $5, $6, $7)",
            [*head, one.fault.rule_id, "critical", one.fault.value, one.fault.message()],
        )
        if one.hint.unit_id and one.hint.day:
            work.connection.execute(
                "insert into out_scopes values ($1, $2, $3, $4, $5, 0, false, null)",
                [*head, one.hint.unit_id, one.hint.day],
            )


def _outcomes(work: WorkDatabase) -> dict[str, Any]:
    """What the manifest says of each submission: verdict, file, first message; for reports without reading Parquet."""
    rows = work.connection.execute(
        """
        select
            submission_id, landing_path, verdict, accepted_row_count, rejected_row_count,
            (
                select message from out_rejected_rows as faults
                where faults.submission_id = submissions.submission_id
                order by severity <> 'critical', severity <> 'error', line_number nulls first, rule_id
                limit 1
            )
        from out_submissions as submissions
        order by submission_id
        """
    ).fetchall()
    names = ("landing_path", "verdict", "accepted_rows", "rejected_rows", "first_message")
    return {submission_id: dict(zip(names, values, strict=True)) for submission_id, *values in rows}
