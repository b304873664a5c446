"""From cells of text to typed facts, as sets in DuckDB: nothing is a float, nothing is guessed.

`typed` is the table that the suites of expectations/ judge. One row per cell of a value column:

    file_no, sheet_no, part_no   which file, sheet and value column (from 0)
    line                         row number that the sender sees
    row_kind                     data · total · bloc · note (only data is judged and stored)
    label                        the unit as written; '' when the row names none
    unit_id, unit_candidates     the unit it means; else how many it could mean
    unit_from, unit_through      when that unit exists
    is_within_sender             false when the file's sender does not speak for the unit
    date_text, as_of_date        the day as written, and the day: of the row, else of the title, else of the file name
    hint_date, earliest_date, received_on
    metric_text, metric_id
    value_text                   as written
    value_form                   whole · blank · fraction · ambiguous · text
    value                        bigint, null unless whole
    same_key_values, repeat_no   different values that the file gives for this unit, metric and day; 1 for the first row
    has_total                    whether a row of totals stands in this column
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from thidua.intake.campaigns import CampaignFacts
from thidua.intake.contracts import Contract
from thidua.intake.days import parse_day
from thidua.intake.layout import is_bloc, is_roman, is_total
from thidua.intake.words import fold

CELLS = pa.schema(
    [
        ("part_no", pa.int32()),
        ("line", pa.int64()),
        ("ordinal", pa.string()),
        ("label", pa.string()),
        ("date_text", pa.string()),
        ("metric_text", pa.string()),
        ("value_text", pa.string()),
    ]
)


@dataclass(frozen=True)
class Part:
    """A value column of a sheet of a file. `fixed_*` hold where no column says it."""

    part_no: int
    file_no: int
    sheet_no: int
    sheet: str | None
    headers: Mapping[Any, str]  # role -> header as written
    column_name: str
    fixed_date: date | None
    fixed_metric_id: str | None


@dataclass(frozen=True, eq=False)
class ReadFile:
    """A file whose table was found."""

    file_no: int
    submission_id: str
    facts: CampaignFacts
    received_on: date
    hint_unit_id: str | None
    hint_date: date | None
    nonblank_rows: int  # without header rows
    layout: dict[str, Any]
    parts: list[Part] = field(default_factory=list)


# Signs that offices use for the same thing: no-break and thin spaces, dashes and minus signs.
_SPACES = "chr(160) || chr(8239) || chr(8201) || chr(8199)"
_DASHES = "chr(8211) || chr(8212) || chr(8722) || chr(8208) || chr(8209)"
_GROUP = "[1-9][0-9]{0,2}"

# What a value looks like by itself. `body` is it without sign and brackets; null for plain digits, which are the most.
_CELLS = f"""
create or replace temp table cells as
with plain as (
    select
        *,
        regexp_full_match(value_text, '[0-9]{{1,18}}') as is_plain,
        case
            when strlen(value_text) = length(value_text) then value_text
            else trim(translate(value_text, {_SPACES} || {_DASHES}, '    -----'))
        end as text
    from all_cells
),
unsigned as (
    select
        * exclude (text),
        not is_plain and (text like '(%)' or (text like '-%' and text <> '-')) as is_negative,
        case
            when is_plain then null
            when text like '(%)' then trim(text[2:-2])
            when text like '-%' and text <> '-' then trim(text[2:])
            else text
        end as body
    from plain
)
select
    * exclude (is_plain),
    case
        when is_plain then 'plain'
        when value_text = '' then 'blank'
        when regexp_full_match(body, '{_GROUP}[.][0-9]{{3}}') then 'one_dot'
        when regexp_full_match(body, '{_GROUP},[0-9]{{3}}') then 'one_comma'
        when body = '-' then 'dash'
        when regexp_full_match(body, '[0-9]{{1,18}}') then 'plain'
        when regexp_full_match(body, '{_GROUP}( [0-9]{{3}})+') then 'spaces'
        when regexp_full_match(body, '{_GROUP}([.][0-9]{{3}}){{2,}}') then 'dots'
        when regexp_full_match(body, '{_GROUP}(,[0-9]{{3}}){{2,}}') then 'commas'
        when regexp_full_match(body, '[0-9]+[.][0-9]+|{_GROUP}(,[0-9]{{3}})+[.][0-9]+') then 'dot_fraction'
        when regexp_full_match(body, '[0-9]+,[0-9]+|{_GROUP}([. ][0-9]{{3}})+,[0-9]+') then 'comma_fraction'
        else 'text'
    end as shape
from unsigned
"""

# What the column itself shows about its separators, over all its values.
_SEPARATORS = """
create or replace temp table separators as
select
    part_no,
    bool_or(shape = 'dots' or (shape = 'comma_fraction' and contains(body, '.'))) as dot_groups,
    bool_or(shape = 'commas' or (shape = 'dot_fraction' and contains(body, ','))) as comma_groups,
    bool_or(shape = 'dot_fraction') as dot_is_decimal,
    bool_or(shape = 'comma_fraction') as comma_is_decimal,
    bool_or(shape = 'one_dot') as one_dot,
    bool_or(shape = 'one_comma') as one_comma,
    bool_or(shape = 'spaces') as spaces
from cells
where shape not in ('plain', 'blank', 'dash', 'text')
group by part_no
"""

# A lone group (28.310) is read as thousands only when nothing in its column says that the sign is a decimal one.
_FORM = """
case cells.shape
    when 'plain' then 'whole'
    when 'blank' then 'blank'
    when 'spaces' then 'whole'
    when 'one_dot' then case
        when dot_is_decimal or comma_groups or (one_comma and not dot_groups) then 'ambiguous' else 'whole'
    end
    when 'one_comma' then case
        when comma_is_decimal or dot_groups or (one_dot and not comma_groups) then 'ambiguous' else 'whole'
    end
    when 'dots' then case when dot_is_decimal then 'ambiguous' else 'whole' end
    when 'commas' then case when comma_is_decimal then 'ambiguous' else 'whole' end
    when 'dash' then case when $dash_is_zero then 'whole' else 'text' end
    when 'dot_fraction' then 'fraction'
    when 'comma_fraction' then 'fraction'
    else 'text'
end
"""

# Signs that separate are taken out; a number beyond bigint is no number of people.
_VALUE = """
case
    when cells.body is null then try_cast(cells.value_text as bigint)
    when cells.shape = 'dash' then 0
    when cells.shape in ('plain', 'spaces', 'one_dot', 'one_comma', 'dots', 'commas')
        then try_cast(translate(cells.body, '., ', '') as bigint) * case when cells.is_negative then -1 else 1 end
end
"""

_TYPED = """
create or replace table typed as
with formed as (
    select
        cells.* exclude (shape, body, is_negative),
        {form} as form,
        {value} as value
    from cells
    left join separators on cells.part_no = separators.part_no
)
select
    cells.part_no,
    files.file_no,
    parts.sheet_no,
    cells.line,
    case
        when labels.kind in ('total', 'bloc', 'note') then labels.kind
        when labels.unit_id is null and labels.candidates = 0 and ordinals.is_roman then 'bloc'
        when cells.label = '' and cells.value_text = '' then 'note'
        else 'data'
    end as row_kind,
    cells.label,
    coalesce(labels.unit_id, label_days.unit_id) as unit_id,
    labels.candidates as unit_candidates,
    labels.unit_from,
    labels.unit_through,
    files.hint_unit_id is null or coalesce(labels.unit_id, label_days.unit_id) is null or families.unit_id is not null
        as is_within_sender,
    cells.date_text,
    case when cells.date_text <> '' then days.day else parts.fixed_date end as as_of_date,
    files.hint_date,
    files.earliest_date,
    files.received_on,
    cells.metric_text,
    coalesce(parts.fixed_metric_id, metrics.metric_id) as metric_id,
    cells.value_text,
    case when cells.form = 'whole' and cells.value is null then 'text' else cells.form end as value_form,
    case when cells.form = 'whole' then cells.value end as value,
    parts_with_total.part_no is not null as has_total
from formed as cells
inner join parts on cells.part_no = parts.part_no
inner join files on parts.file_no = files.file_no
left join labels on files.campaign_no = labels.campaign_no and cells.label = labels.label
left join ordinals on cells.ordinal = ordinals.ordinal
left join days on cells.date_text = days.date_text
left join label_days
    on files.campaign_no = label_days.campaign_no and cells.label = label_days.label
    and label_days.day = case when cells.date_text <> '' then days.day else parts.fixed_date end
left join families
    on files.campaign_no = families.campaign_no and files.hint_unit_id = families.hint_unit_id
    and coalesce(labels.unit_id, label_days.unit_id) = families.unit_id
left join metrics on files.campaign_no = metrics.campaign_no and cells.metric_text = metrics.metric_text
left join parts_with_total on cells.part_no = parts_with_total.part_no
"""

# Files that say the same thing twice, or two things about the same: rare, so found once and joined only then.
_DOUBLES = """
create or replace temp table doubles as
with keyed as (
    select *, hash(file_no, unit_id, as_of_date, metric_id) as key
    from typed
    where row_kind = 'data' and value is not null and unit_id is not null and as_of_date is not null
),
suspects as (
    select key from keyed group by key having count(*) > 1
)
select file_no, unit_id, as_of_date, metric_id, count(distinct value) as same_key_values
from keyed
where key in (select key from suspects)
group by file_no, unit_id, as_of_date, metric_id
having count(*) > 1
"""

_WITH_DOUBLES = """
create or replace table typed as
select
    typed.*,
    coalesce(doubles.same_key_values, 1) as same_key_values,
    case
        when doubles.file_no is null then 1
        else row_number() over (
            partition by typed.file_no, typed.unit_id, typed.as_of_date, typed.metric_id, doubles.file_no,
                case when doubles.file_no is null then typed.part_no * cast(1000000000 as bigint) + typed.line end
            order by typed.sheet_no, typed.line, typed.part_no
        )
    end as repeat_no
from typed
left join doubles
    on typed.file_no = doubles.file_no and typed.unit_id = doubles.unit_id
    and typed.as_of_date = doubles.as_of_date and typed.metric_id = doubles.metric_id
    and typed.row_kind = 'data' and typed.value is not null
"""


def _lay(
    connection: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, pa.DataType], rows: Sequence[Any]
) -> None:
    """A small lookup table from tuples."""
    arrays = [pa.array([row[index] for row in rows], kind) for index, kind in enumerate(columns.values())]
    lookup = pa.table(arrays, names=list(columns))
    connection.register("lookup", lookup)
    connection.execute(f"create or replace temp table {name} as select * from lookup")
    connection.unregister("lookup")


def parse_chunk(
    connection: duckdb.DuckDBPyConnection, contract: Contract, files: Sequence[ReadFile], cells: Sequence[pa.Table]
) -> None:
    """Fills `files`, `parts` and `typed` (see above) for files of one export type."""
    facts_of = {file.facts.plan.campaign_id: file.facts for file in files}
    campaigns = sorted(facts_of)
    number_of = {campaign_id: number for number, campaign_id in enumerate(campaigns)}
    text, integer, day = pa.string(), pa.int32(), pa.date32()
    _lay(
        connection,
        "files",
        {
            "file_no": integer, "submission_id": text, "campaign_no": integer, "campaign_id": text,
            "received_on": day, "earliest_date": day, "hint_unit_id": text, "hint_date": day,
        },
        [
            (
                file.file_no, file.submission_id, number_of[file.facts.plan.campaign_id], file.facts.plan.campaign_id,
                file.received_on, file.facts.earliest_date, file.hint_unit_id, file.hint_date,
            )
            for file in files
        ],
    )  # fmt: skip
    parts = [part for file in files for part in file.parts]
    _lay(
        connection,
        "parts",
        {
            "part_no": integer, "file_no": integer, "sheet_no": integer, "sheet": text, "column_name": text,
            "unit_header": text, "date_header": text, "metric_header": text, "value_header": text,
            "fixed_date": day, "fixed_metric_id": text,
        },
        [
            (
                part.part_no, part.file_no, part.sheet_no, part.sheet, part.column_name,
                part.headers.get("unit"), part.headers.get("as_of_date"), part.headers.get("metric"),
                part.headers.get("value"), part.fixed_date, part.fixed_metric_id,
            )
            for part in parts
        ],
    )  # fmt: skip
    # Arrow's memory read in place would cost more: `cells` is scanned several times.
    connection.register("all_cells", pa.concat_tables(cells) if cells else CELLS.empty_table())
    connection.execute(_CELLS)
    connection.unregister("all_cells")
    _look_up(connection, contract, facts_of, number_of)
    connection.execute(_SEPARATORS)
    connection.execute(_TYPED.format(form=_FORM, value=_VALUE), {"dash_is_zero": contract.number.dash_is_zero})
    connection.execute("drop table cells")
    connection.execute(_DOUBLES)
    doubles = connection.execute("select count(*) from doubles").fetchone()
    if doubles and doubles[0]:
        connection.execute(_WITH_DOUBLES)
    else:
        connection.execute("alter table typed add column same_key_values bigint default 1")
        connection.execute("alter table typed add column repeat_no bigint default 1")


def _look_up(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    facts_of: Mapping[str, CampaignFacts],
    number_of: Mapping[str, int],
) -> None:
    """Distinct texts -> what they mean. Texts are few even where rows are many, so Python may look at them."""
    text, integer, day = pa.string(), pa.int32(), pa.date32()
    facts_by_no = {number: facts_of[campaign_id] for campaign_id, number in number_of.items()}
    distinct = """
        select distinct files.campaign_no, cells.{column}
        from cells inner join parts using (part_no) inner join files using (file_no)
    """
    headers = {header for column in contract.of_role("unit") for header in column.folded_headers}
    labels: list[tuple[Any, ...]] = []
    for number, label in connection.execute(distinct.format(column="label")).fetchall():
        facts = facts_by_no[number]
        match = facts.registry.resolve(label) if label else None
        unit = facts.units[match.unit_id] if match and match.unit_id else None
        kind = "unit"
        if label and unit is None and not (match and match.candidates):
            kind = "total" if is_total(label) else "bloc" if is_bloc(label) else "text"
            if fold(label) in headers:
                kind = "note"  # the header again, at the top of a printed page
        labels.append(
            (
                number, label, kind, unit.unit_id if unit else None,
                1 if unit else len(match.candidates) if match else 0,
                unit.valid_from if unit else None, unit.valid_through if unit else None,
            )
        )  # fmt: skip
    _lay(
        connection,
        "labels",
        {
            "campaign_no": integer, "label": text, "kind": text, "unit_id": text, "candidates": integer,
            "unit_from": day, "unit_through": day,
        },
        labels,
    )  # fmt: skip
    ordinals = connection.execute("select distinct ordinal from cells where ordinal <> ''").fetchall()
    _lay(
        connection,
        "ordinals",
        {"ordinal": text, "is_roman": pa.bool_()},
        [(ordinal, is_roman(ordinal)) for (ordinal,) in ordinals],
    )
    dates = connection.execute("select distinct date_text from cells where date_text <> ''").fetchall()
    _lay(connection, "days", {"date_text": text, "day": day}, [(written, parse_day(written)) for (written,) in dates])
    _lay_label_days(connection, facts_by_no, labels)
    metrics = []
    for number, written in connection.execute(distinct.format(column="metric_text")).fetchall():
        names = facts_by_no[number].metrics_of(contract.export_type)
        found = [metric for metric, name in names.items() if fold(written) in (fold(metric), fold(name))]
        metrics.append((number, written, found[0] if written and len(found) == 1 else None))
    _lay(connection, "metrics", {"campaign_no": integer, "metric_text": text, "metric_id": text}, metrics)
    hints = connection.execute(
        "select distinct campaign_no, hint_unit_id from files where hint_unit_id is not null"
    ).fetchall()
    _lay(
        connection,
        "families",
        {"campaign_no": integer, "hint_unit_id": text, "unit_id": text},
        [(number, hint, unit_id) for number, hint in hints for unit_id in sorted(facts_by_no[number].family_of(hint))],
    )
    connection.execute(
        """
        create or replace temp table parts_with_total as
        select distinct cells.part_no
        from cells inner join parts using (part_no) inner join files using (file_no)
        inner join labels on files.campaign_no = labels.campaign_no and cells.label = labels.label
        where labels.kind = 'total'
        """
    )


def _lay_label_days(
    connection: duckdb.DuckDBPyConnection, facts_by_no: Mapping[int, CampaignFacts], labels: Sequence[tuple[Any, ...]]
) -> None:
    """A name that fits several units may fit only one of them on its day (a renamed unit, a merged one)."""
    found: list[tuple[Any, ...]] = []
    if any(label[4] > 1 for label in labels):
        pairs = connection.execute(
            """
            select distinct
                files.campaign_no, cells.label,
                case when cells.date_text <> '' then days.day else parts.fixed_date end as day
            from cells inner join parts using (part_no) inner join files using (file_no)
            inner join labels on files.campaign_no = labels.campaign_no and cells.label = labels.label
            left join days on cells.date_text = days.date_text
            where labels.candidates > 1
            """
        ).fetchall()
        for number, label, day in pairs:
            match = facts_by_no[number].registry.resolve(label, day) if day else None
            if match and match.unit_id:
                found.append((number, label, day, match.unit_id))
    _lay(
        connection,
        "label_days",
        {"campaign_no": pa.int32(), "label": pa.string(), "day": pa.date32(), "unit_id": pa.string()},
        found,
    )


def separators_of(connection: duckdb.DuckDBPyConnection) -> dict[int, list[str]]:
    """part_no -> the thousands separators that its values were read with, for the record."""
    rows = connection.execute(
        "select part_no, dot_groups or one_dot, comma_groups or one_comma, spaces from separators"
    ).fetchall()
    names = ("dot", "comma", "space")
    return {part: [name for name, used in zip(names, flags, strict=True) if used] for part, *flags in rows}
