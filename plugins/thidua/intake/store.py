"""From judged rows to the tables of a batch: which rows count, what became of each file, which scopes it speaks of.

Rests on `typed` (figures.py, events.py), `faults` (validate.py), `parts`, `cells` and `receipts`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import duckdb
import pyarrow as pa

from thidua.intake.cells import ReadFile
from thidua.intake.contracts import Contract, EventRule
from thidua.intake.events import said_by
from thidua.intake.faults import FileFault
from thidua.intake.moments import instant_text_sql
from thidua.intake.validate import messages_sql

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

# Rows with their line's fate. A line is rejected as a whole; a line that repeats counts once.
_ALL_FATES = """
create or replace temp view all_fates as
select typed.*, bad_lines.line is not null as is_bad
from typed
left join bad_lines
    on typed.file_no = bad_lines.file_no and typed.sheet_no = bad_lines.sheet_no and typed.line = bad_lines.line
"""

_FATES = "create or replace temp view fates as select * from all_fates where row_kind = 'data'"

# Each kind is counted by itself, none is what is left of the others: so a row that is lost shows as a sum that is off.
_COUNTS = """
create or replace temp table counts as
with lines as (
    select
        file_no, sheet_no, line,
        bool_or(row_kind = 'data') as is_data,
        bool_or(is_bad) as is_bad,
        min(case when row_kind = 'data' then repeat_no end) = 1 as is_new
    from all_fates
    group by file_no, sheet_no, line
)
select
    file_no,
    count(*) filter (where is_data) as data_rows,
    count(*) filter (where is_data and not is_bad and is_new) as accepted,
    count(*) filter (where is_data and is_bad) as rejected,
    count(*) filter (where is_data and not is_bad and not is_new) as repeated,
    count(*) filter (where not is_data) as other
from lines
group by file_no
"""

_COUNTS_NARROW = """
create or replace temp table counts as
select
    file_no,
    count(*) filter (where row_kind = 'data') as data_rows,
    count(*) filter (where row_kind = 'data' and not is_bad and repeat_no = 1) as accepted,
    count(*) filter (where row_kind = 'data' and is_bad) as rejected,
    count(*) filter (where row_kind = 'data' and not is_bad and repeat_no > 1) as repeated,
    count(*) filter (where row_kind <> 'data') as other
from all_fates
group by file_no
"""

# A file of which no row is left is returned: nothing of it can be used.
_VERDICTS = """
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
    file_rows.rows_outside + coalesce(counts.other, 0) + coalesce(taken_out.rows, 0) as other,
    coalesce(counts.repeated, 0) as repeated
from file_rows
left join critical_files using (file_no)
left join counts using (file_no)
-- By decision: such a row is neither accepted nor the office's fault.
left join (
    select file_no, count(distinct (coalesce(sheet, ''), line)) as rows from excluded group by file_no
) as taken_out using (file_no)
"""

_SUBMISSIONS = """
insert into out_submissions
select
    submission_id, campaign_id, export_type, file_name, landing_path, received_at, content_sha256, verdict,
    rows,
    case when verdict = 'returned' then 0 else accepted end,
    case when verdict = 'returned' then data_rows else rejected end,
    other + case when verdict = 'returned' then 0 else repeated end,
    sender_unit_id, layout, complete_until, $now
from verdicts inner join receipts using (file_no)
"""


def store_judged(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    files: Sequence[ReadFile],
    layouts: Mapping[int, str],
    now: datetime,
) -> None:
    """Small tables of the batch (submissions, faults), and what `large_tables` selects from."""
    connection.execute(_LINES)
    connection.execute(_CRITICAL)
    connection.execute(_ALL_FATES)
    connection.execute(_FATES)
    is_wide = any(len({part.sheet_no for part in file.parts}) < len(file.parts) for file in files)
    connection.execute(_COUNTS if is_wide else _COUNTS_NARROW)
    senders = _senders(connection, files)
    facts = pa.table(
        {
            "file_no": pa.array([file.file_no for file in files], pa.int32()),
            "rows": pa.array([file.nonblank_rows for file in files], pa.int64()),
            "rows_outside": pa.array([file.rows_outside for file in files], pa.int64()),
            "layout": [layouts[file.file_no] for file in files],
            "hint_unit_id": pa.array([file.hint_unit_id for file in files], pa.string()),
            "hint_date": pa.array([file.hint_date for file in files], pa.date32()),
            "sender_unit_id": pa.array([senders[file.file_no] for file in files], pa.string()),
            "complete_on": pa.array([file.complete_on for file in files], pa.date32()),
            "complete_until": pa.array([file.complete_until for file in files], pa.timestamp("us", "UTC")),
        }
    )
    connection.register("file_rows", facts)
    connection.execute(_VERDICTS)
    connection.unregister("file_rows")
    vi, _, en = FileFault("no_rows").message().partition(" / ")
    connection.execute(
        """
        insert into faults (file_no, rule_id, severity, message_vi, message_en)
        select file_no, 'no_rows', 'critical', $vi, $en from verdicts where data_rows = 0
        """,
        {"vi": vi, "en": en},
    )
    connection.execute(_SUBMISSIONS, {"now": now})
    if contract.grain == "figures":
        _prepare_figures(connection, is_wide=is_wide)
    else:
        _prepare_events(connection, contract)
    placed = "(select faults.*, parts.sheet from faults left join parts using (part_no))"
    connection.execute(
        f"""
        insert into out_rejected_rows
        select
            receipts.submission_id, receipts.campaign_id, receipts.export_type,
            case when line is not null then typed.unit_id end,
            case when line is not null then typed.as_of_date end,
            sheet, line, faults.column_name, rule_id, severity, faults.value, faults.message
        from ({messages_sql(placed)}) as faults
        inner join receipts using (file_no)
        left join typed using (part_no, line)
        """
    )


def _senders(connection: duckdb.DuckDBPyConnection, files: Sequence[ReadFile]) -> dict[int, str | None]:
    """Who a file speaks for: named by it, else its only unit; of events else the nearest unit above all of them."""
    rows = connection.execute(
        "select file_no, list(distinct unit_id) from fates where unit_id is not null group by file_no"
    ).fetchall()
    units = dict(rows)
    senders: dict[int, str | None] = {}
    for file in files:
        spoken = units.get(file.file_no, [])
        if file.hint_unit_id or not spoken:
            senders[file.file_no] = file.hint_unit_id
        elif len(spoken) == 1:
            senders[file.file_no] = spoken[0]
        else:
            senders[file.file_no] = file.facts.registry.nearest_above(spoken) if file.complete_on else None
    return senders


# Figures ---------------------------------------------------------------------------------------------------------------

_ACCEPTED = """
create or replace temp view accepted as
select fates.* exclude (row_kind)
from fates inner join verdicts using (file_no)
where verdicts.verdict = 'accepted' and not is_bad and repeat_no = 1
"""

_HASH_LINE = "metric_id || '|' || dimension || '|' || member || '|' || value"


def _hashed_scopes(connection: duckdb.DuckDBPyConnection, rows: str) -> str:
    """SQL of the accepted scopes with the hash of their canonical rows, sorted."""
    found = connection.execute("select min(metric_id) = max(metric_id) and max(member) = '' from accepted").fetchone()
    if not found or found[0] is not False:
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


def _prepare_figures(connection: duckdb.DuckDBPyConnection, *, is_wide: bool) -> None:
    """The view `accepted`, and the scopes that are not simply accepted: few, so they are laid out as tables."""
    connection.execute(_ACCEPTED)
    # Rows, not cells: a row of a wide table has several value columns.
    rows = "count(distinct sheet_no * cast(1000000000 as bigint) + line)" if is_wide else "count(*)"
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
    connection.execute(f"create or replace temp view hashed as {_hashed_scopes(connection, rows)}")


_FIGURES = """
select
    submission_id, campaign_id, export_type, unit_id, as_of_date, metric_id,
    dimension, member, value, parts.sheet, line as line_number
from accepted
inner join receipts using (file_no)
inner join parts using (part_no)
"""

# With what returned files claim to speak of.
_SCOPES_OF_FIGURES = """
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

# Events ----------------------------------------------------------------------------------------------------------------


def _prepare_events(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """The view `accepted`, and per file the hash of what its rows say, whatever their order."""
    connection.execute(_ACCEPTED)
    instants = {column.name for column in contract.of_role("instant")}
    # `concat` takes what is null for nothing.
    said = ", '|', ".join(instant_text_sql(name) if name in instants else name for name in said_by(contract))
    # An exclusive or of hashes needs no sorting of millions of rows; rows that repeat are out, so none cancel out.
    connection.execute(
        f"""
        create or replace temp table file_hashes as
        select
            file_no, count(*) as row_count, sha256(concat_ws('|', count(*), bit_xor(md5_number(concat({said}))))) as content_hash
        from accepted
        group by file_no
        """
    )


_SCOPES_OF_EVENTS = """
select
    submission_id, campaign_id, export_type, sender_unit_id as unit_id, complete_on as as_of_date,
    coalesce(file_hashes.row_count, 0) as row_count, false as has_rejected_row, content_hash
from verdicts
inner join receipts using (file_no)
left join file_hashes using (file_no)
where sender_unit_id is not null
union all
select * from out_scopes
"""


def _tells(rule: EventRule) -> str:
    """SQL: whether a row tells of the event."""
    conditions = ["not accepted.is_cancelled", f"accepted.{rule.at} is not null"]
    for name, keys in rule.when.items():
        listed = ", ".join(f"'{key}'" for key in keys)
        conditions.append(f"coalesce(accepted.{name} in ({listed}), false)")
    return f"({' and '.join(conditions)})"


def _named(text: str) -> str:
    """SQL of a text that is the same in all rows; its own type, so that Parquet need not look whether it is."""
    return f"cast('{text}' as enum ('{text}'))"


def _events(contract: Contract, rule: EventRule, unit: str) -> str:
    """The accepted rows that tell of one event, credited to one of their units.

    A row that tells of no event at all (withdrawn, not approved any more) takes away what earlier files said under its
    key: it is stored as cancelled.
    """
    role = "" if unit == contract.of_role("unit")[0].name else unit
    person = next((f"accepted.{column.name}_key" for column in contract.of_role("person")), "cast(null as varchar)")
    product = next((f"accepted.{column.name}" for column in contract.of_role("product")), None)
    through = next((f"accepted.{column.name}" for column in contract.of_role("valid_through")), "cast(null as date)")
    score = next((f"accepted.{column.name}" for column in contract.of_role("score")), "cast(null as bigint)")
    dimensions = sorted(column.name for column in contract.of_role("dimension"))
    members = ", ".join(f"'\"{name}\":' || to_json(accepted.{name}_member)" for name in dimensions)
    by_product = f" || coalesce('|' || {product}, '')" if product else ""
    event_key = "accepted.natural_key"
    if contract.else_key:
        event_key += f" || case when accepted.is_of_else_key then '|{rule.event}'{by_product} else '' end"
    told = _tells(rule)
    any_told = " or ".join(_tells(other) for other in contract.events)
    return f"""
        select
            receipts.submission_id, receipts.campaign_id, receipts.export_type,
            {event_key} as event_key,
            {person} as person_key, {_named(rule.event)} as event, accepted.{rule.at} as event_at, accepted.{unit}_id as unit_id,
            {_named(role)} as unit_role, {product or "cast(null as varchar)"} as product, {through} as valid_through,
            {score} as score, {f"'{{' || concat_ws(',', {members}) || '}}'" if members else "'{}'"} as dimensions,
            not {told} as is_cancelled, parts.sheet, accepted.line as line_number
        from accepted
        inner join receipts using (file_no)
        inner join parts using (part_no)
        where accepted.{unit}_id is not null and ({told} or not ({any_told}))
    """


def large_tables(contract: Contract) -> dict[str, str]:
    """Queries of the tables that grow with the rows."""
    if contract.grain == "figures":
        return {"figures": _FIGURES, "scopes": _SCOPES_OF_FIGURES}
    units = [column.name for column in contract.of_role("unit")]
    selects = [_events(contract, rule, unit) for rule in contract.events for unit in units]
    return {"events": " union all ".join(selects), "scopes": _SCOPES_OF_EVENTS}
