"""Judges a chunk of received files into a complete work directory of the lake: what the files alone show.

Accepted rows, faults, verdicts, scopes. What depends on other files (duplicates, stale resends, falling counts) is the
build's. The plan is the campaign's folder at judging time; the bytes are those kept in lake/restricted/raw.
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
from thidua.intake.contracts import Contract, known_export_types, load_contract
from thidua.intake.faults import FileFault, failure
from thidua.intake.files import FileReader, Hint, hint_of
from thidua.intake.parse import ReadFile, parse_chunk, separators_of
from thidua.intake.personal import load_key, pseudonyms
from thidua.intake.validate import WorkDatabase, message_sql, validate_chunk
from thidua.lake.batches import batch_id_of, finish_work_dir, new_work_dir
from thidua.lake.receipts import Receipt, load_receipts, raw_path
from thidua.lake.tables import BATCH_COLUMNS
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
) -> Path:
    """Judges these submissions and returns the complete, durable work directory for `batches.commit`.

    Submissions of a campaign whose plan is broken are left for the next run, as are unknown ids; when nothing else is
    left, the PlanError (or a ThiduaError) is raised. `expectations`: the folder of contracts (default: the checkout's).
    """
    receipts = load_receipts(home, set(submission_ids))
    plans, broken = _plans_of(campaigns_dir, receipts)
    receipts = [receipt for receipt in receipts if receipt.campaign_id not in broken]
    if not receipts:
        if broken:
            raise next(iter(broken.values()))
        raise ThiduaError("no such submissions; list them with `thidua status`")
    ids = [receipt.submission_id for receipt in receipts]
    folder = new_work_dir(home, ids)
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
            has_rows = _judge_group(work, home, campaigns_dir, export_type, group, plans, now, expectations)
            for table, query in (_large_tables(work) if has_rows else {}).items():
                if len(groups) == 1:  # the rule: straight to its file, in the order of the rows
                    _write(work, folder, table, query)
                else:
                    work.connection.execute(f"insert into out_{table} {query}")
        for table in BATCH_COLUMNS:
            if not (folder / f"{table}.parquet").exists():
                _write(work, folder, table, f"select * from out_{table} order by {_ORDER[table]}")
        outcomes = _outcomes(work)
    finish_work_dir(
        folder,
        {
            "batch_id": batch_id_of(ids),
            "submission_ids": sorted(ids),
            "judged_at": now.astimezone(UTC).isoformat(),
            "replaces": [],
            "outcomes": outcomes,
        },
    )
    return folder


def _write(work: WorkDatabase, folder: Path, table: str, query: str) -> None:
    target = str(folder / f"{table}.parquet").replace("'", "''")
    # Hashes, the most of a scope, do not compress; trying costs as much as writing.
    compression = "uncompressed" if table == "scopes" else "snappy"
    work.connection.execute(f"copy ({query}) to '{target}' (format parquet, compression {compression})")


def _plans_of(
    campaigns_dir: Path, receipts: Sequence[Receipt]
) -> tuple[dict[str, CampaignFacts], dict[str, PlanError]]:
    plans: dict[str, CampaignFacts] = {}
    broken: dict[str, PlanError] = {}
    for campaign_id in sorted({receipt.campaign_id for receipt in receipts}):
        try:
            facts = load_facts(campaigns_dir, campaign_id)
        except PlanError as error:
            broken[campaign_id] = error
        else:
            if facts:
                plans[campaign_id] = facts
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
    if receipt.campaign_id not in plans:
        allowed = ", ".join(campaign_ids(campaigns_dir)) or "-"
        return FileFault("unknown_campaign", value=receipt.campaign_id, allowed=allowed)
    if contract is None or contract.grain == "events":
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
    now: datetime,
    expectations: Path | None,
) -> bool:
    """Judges the files of one export type: parsed together, validated by one run of its suite.

    Returns whether files were judged row by row: then figures and scopes wait in temporary tables.
    """
    contract = load_contract(export_type, expectations)
    returned: list[_Returned] = []
    files: dict[ReadFile, list[pa.Table]] = {}
    reader: FileReader | None = None
    if contract:
        has_persons = any(column.personal for column in contract.columns)
        key = load_key(home) if has_persons else b""
        reader = FileReader(contract, lambda values: pseudonyms(values, key))
    for file_no, receipt in enumerate(receipts):
        facts = plans.get(receipt.campaign_id)
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
    connection.execute("create or replace temp table receipts as select * from receipt_rows")
    connection.unregister("receipt_rows")
    if contract and files:
        for file, error in _parse_and_validate(work, contract, files, expectations).items():
            receipt = receipts[file.file_no]
            del files[file]
            returned.append(_Returned(receipt, failure(error), Hint(file.hint_unit_id, file.hint_date)))
    _store_returned(work, returned, now)
    if contract and files:
        separators = separators_of(connection)
        layouts = {file.file_no: _layout_json(file, separators) for file in files}
        _store_judged(work, list(files), layouts, now)
    return bool(files)


def _parse_and_validate(
    work: WorkDatabase,
    contract: Contract,
    files: Mapping[ReadFile, list[pa.Table]],
    expectations: Path | None,
) -> dict[ReadFile, Exception]:
    """Fills `typed` and `faults`. A file at which that fails by itself is left out and returned, with its error."""

    def judge(some: Mapping[ReadFile, list[pa.Table]]) -> None:
        parse_chunk(work.connection, contract, list(some), [table for tables in some.values() for table in tables])
        validate_chunk(work, contract.export_type, expectations)

    try:
        judge(files)
        return {}
    except duckdb.Error as error:
        log.exception("a chunk of %d files failed; they are tried one by one", len(files))
        if len(files) == 1:
            return {next(iter(files)): error}
        failed: dict[ReadFile, Exception] = {}
        for file, tables in files.items():
            try:
                judge({file: tables})
            except duckdb.Error as own:
                failed[file] = own
        if not failed:
            raise
        sound = {file: tables for file, tables in files.items() if file not in failed}
        if sound:
            judge(sound)
        return failed


def _layout_json(file: ReadFile, separators: Mapping[int, list[str]]) -> str:
    used = {part.column_name: separators[part.part_no] for part in file.parts if separators.get(part.part_no)}
    return json.dumps({**file.layout, "thousands": used}, ensure_ascii=False, sort_keys=True)


_LINES = """
create or replace temp table bad_lines as
select distinct faults.file_no, parts.sheet_no, faults.line
from faults inner join parts on faults.part_no = parts.part_no
where faults.severity = 'error' and faults.line is not null
"""

_CRITICAL = """
create or replace temp table critical_files as
select distinct file_no from faults where severity = 'critical'
"""

# Data cells with their line's fate. A line is rejected as a whole; a line that repeats counts once.
_FATES = """
create or replace temp view fates as
select typed.*, bad_lines.line is not null as is_bad
from typed
left join bad_lines
    on typed.file_no = bad_lines.file_no and typed.sheet_no = bad_lines.sheet_no and typed.line = bad_lines.line
where typed.row_kind = 'data'
"""

_COUNTS = """
create or replace temp table counts as
with lines as (
    select file_no, sheet_no, line, bool_or(is_bad) as is_bad, min(repeat_no) = 1 as is_new
    from fates
    group by file_no, sheet_no, line
)
select
    file_no,
    count(*) as data_rows,
    count(*) filter (where not is_bad and is_new) as accepted,
    count(*) filter (where is_bad) as rejected
from lines
group by file_no
"""

_COUNTS_NARROW = """
create or replace temp table counts as
select
    file_no,
    count(*) as data_rows,
    count(*) filter (where not is_bad and repeat_no = 1) as accepted,
    count(*) filter (where is_bad) as rejected
from fates
group by file_no
"""


def _store_judged(work: WorkDatabase, files: Sequence[ReadFile], layouts: Mapping[int, str], now: datetime) -> None:
    connection = work.connection
    connection.execute(_LINES)
    connection.execute(_CRITICAL)
    connection.execute(_FATES)
    is_wide = any(len({part.sheet_no for part in file.parts}) < len(file.parts) for file in files)
    connection.execute(_COUNTS if is_wide else _COUNTS_NARROW)
    facts = pa.table(
        {
            "file_no": pa.array([file.file_no for file in files], pa.int32()),
            "rows": pa.array([file.nonblank_rows for file in files], pa.int64()),
            "layout": [layouts[file.file_no] for file in files],
            "hint_unit_id": pa.array([file.hint_unit_id for file in files], pa.string()),
            "hint_date": pa.array([file.hint_date for file in files], pa.date32()),
        }
    )
    connection.register("file_rows", facts)
    # A file of which no row is left is returned: nothing of it can be used.
    connection.execute(
        """
        create or replace temp table verdicts as
        select
            file_rows.*,
            case
                when critical_files.file_no is not null or coalesce(counts.accepted, 0) = 0 then 'returned'
                else 'accepted'
            end as verdict,
            coalesce(counts.data_rows, 0) as data_rows,
            coalesce(counts.accepted, 0) as accepted,
            coalesce(counts.rejected, 0) as rejected,
            senders.unit_id as only_unit_id
        from file_rows
        left join critical_files using (file_no)
        left join counts using (file_no)
        left join (
            select file_no, any_value(unit_id) as unit_id
            from fates
            group by file_no
            having min(unit_id) = max(unit_id)
        ) as senders using (file_no)
        """
    )
    connection.unregister("file_rows")
    connection.execute(
        """
        insert into faults (file_no, rule_id, severity, message_vi, message_en)
        select file_no, 'no_rows', 'critical', $vi, $en from verdicts where data_rows = 0
        """,
        dict(zip(("vi", "en"), _texts(FileFault("no_rows")), strict=True)),
    )
    connection.execute(
        """
        insert into out_submissions
        select
            submission_id, campaign_id, export_type, file_name, landing_path, received_at, content_sha256, verdict,
            rows,
            case when verdict = 'returned' then 0 else accepted end,
            case when verdict = 'returned' then data_rows else rejected end,
            rows - case when verdict = 'returned' then data_rows else accepted + rejected end,
            coalesce(hint_unit_id, only_unit_id), layout, null, $now
        from verdicts inner join receipts using (file_no)
        """,
        {"now": now},
    )
    _prepare_scopes(work, is_wide)
    connection.execute(
        f"""
        insert into out_rejected_rows
        select
            receipts.submission_id, receipts.campaign_id, receipts.export_type,
            case when line is not null then typed.unit_id end,
            case when line is not null then typed.as_of_date end,
            sheet, line, faults.column_name, rule_id, severity, faults.value, {message_sql()}
        from (select faults.*, parts.sheet from faults left join parts using (part_no)) as faults
        inner join receipts using (file_no)
        left join typed using (part_no, line)
        """
    )


_ACCEPTED = """
create or replace temp view accepted as
select fates.file_no, fates.sheet_no, fates.part_no, fates.line, unit_id, as_of_date, metric_id, value
from fates inner join verdicts using (file_no)
where verdicts.verdict = 'accepted' and not is_bad and repeat_no = 1
"""


_HASH_LINE = "metric_id || '|||' || value"  # metric|dimension|member|value; figures have no dimension yet


def _hashed_scopes(work: WorkDatabase, rows: str) -> str:
    """SQL of the accepted scopes with the hash of their canonical rows, sorted."""
    metrics = work.connection.execute("select count(distinct metric_id) from accepted").fetchone()
    if metrics and metrics[0] <= 1:
        # With one metric a scope is one figure, since what a file says twice is out: nothing to gather.
        return (
            f"select file_no, unit_id, as_of_date, 1 as row_count, sha256({_HASH_LINE}) as content_hash from accepted"
        )
    return f"""
        select
            file_no, unit_id, as_of_date, {rows} as row_count,
            sha256(array_to_string(list_sort(list({_HASH_LINE})), chr(10))) as content_hash
        from accepted
        group by file_no, unit_id, as_of_date
        order by file_no, unit_id, as_of_date
    """


def _prepare_scopes(work: WorkDatabase, is_wide: bool) -> None:
    """The view `accepted`, and the scopes that are not simply accepted: few, so they are laid out as tables."""
    connection = work.connection
    connection.execute(_ACCEPTED)
    rows = _row_count(is_wide)
    connection.execute(
        """
        create or replace temp table rejected_scopes as
        select distinct file_no, unit_id, as_of_date
        from fates inner join verdicts using (file_no)
        where verdict = 'accepted' and is_bad and unit_id is not null and as_of_date is not null
        """
    )
    connection.execute(
        f"""
        create or replace temp table returned_scopes as
        select fates.file_no, unit_id, as_of_date, {rows} as row_count, bool_or(is_bad) as has_rejected_row
        from fates inner join verdicts using (file_no)
        where verdict = 'returned' and unit_id is not null and as_of_date is not null and is_within_sender
        group by fates.file_no, unit_id, as_of_date
        """
    )
    connection.execute(f"create or replace temp view hashed as {_hashed_scopes(work, rows)}")


def _row_count(is_wide: bool) -> str:
    """Rows, not cells: a row of a wide table has several value columns."""
    return "count(distinct sheet_no * cast(1000000000 as bigint) + line)" if is_wide else "count(*)"


def _large_tables(work: WorkDatabase) -> dict[str, str]:
    """Queries of the tables that grow with the rows: figures; scopes, with what returned files claim to speak of."""
    figures = """
        select
            submission_id, campaign_id, export_type, unit_id, as_of_date, metric_id,
            '' as dimension, '' as member, value, parts.sheet, line as line_number
        from accepted
        inner join receipts using (file_no)
        inner join parts using (part_no)
    """
    scopes = """
        with scopes as (
            select
                hashed.file_no, hashed.unit_id, hashed.as_of_date, row_count,
                rejected_scopes.file_no is not null as has_rejected_row,
                case when rejected_scopes.file_no is null then content_hash end as content_hash
            from hashed
            left join rejected_scopes using (file_no, unit_id, as_of_date)
            union all
            select file_no, unit_id, as_of_date, 0, true, null
            from rejected_scopes
            where not exists (
                select 1 from accepted
                where
                    accepted.file_no = rejected_scopes.file_no and accepted.unit_id = rejected_scopes.unit_id
                    and accepted.as_of_date = rejected_scopes.as_of_date
            )
            union all
            select file_no, unit_id, as_of_date, row_count, has_rejected_row, null from returned_scopes
            union all
            select file_no, hint_unit_id, hint_date, 0, false, null
            from verdicts
            where
                verdict = 'returned' and hint_unit_id is not null and hint_date is not null
                and file_no not in (select file_no from returned_scopes)
        )
        select
            submission_id, campaign_id, export_type, unit_id, as_of_date, cast(row_count as bigint) as row_count,
            has_rejected_row, content_hash
        from scopes inner join receipts using (file_no)
        union all
        select * from out_scopes
    """
    return {"figures": figures, "scopes": scopes}


def _texts(fault: FileFault) -> tuple[str, str]:
    vi, _, en = fault.message().partition(" / ")
    return vi, en


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
