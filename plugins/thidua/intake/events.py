"""Exports of what persons did: from cells of text to typed rows, as sets in DuckDB.

`typed` is what the suites of expectations/ judge. It is a view: table `laid_rows` holds what rows differ in, and what
follows from that, or is the same in all of them, is not written a million times. One row per row of the file:

    file_no, sheet_no, part_no   which file and sheet (from 0)
    line                         row number that the sender sees
    row_kind                     data · total · bloc · note (only data is judged and stored)
    unit_id, as_of_date          the first unit of the row, and the day that the file is complete through
    is_within_sender             false when the file's sender does not speak for that unit
    natural_key, key_form        what tells this row's events from all others · ok, blank, told (a cell that it needs
                                 has a fault of its own)
    is_of_else_key               whether the key had to do without the document: then event and product belong to it
    is_cancelled                 whether the row takes its events away
    same_key_values, repeat_no   different rows that the file gives for this key; 1 for the first row that says it

and per column `c` of the contract, by its role:

    unit             c_id, c_form       ok, blank, unknown, ambiguous, not_valid (on the day of the event)
    person           c_key, c_form      ok, blank, invalid; the number itself is replaced before it gets here
    instant          c, c_form          timestamptz · ok, blank, invalid, no_time, future (after the receipt)
    valid_through    c, c_form          date · ok, blank, invalid
    choice, product  c, c_form          ok, blank, unknown
    dimension        c_member, c_form   ok, blank, unknown
    key              c, c_form          ok, blank
    score            c, c_form          bigint · whole, blank, fraction, ambiguous, text, error
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import duckdb
import pyarrow as pa

from thidua.intake.campaigns import CampaignFacts
from thidua.intake.cells import lay
from thidua.intake.contracts import Column, Contract
from thidua.intake.event_columns import blanks, name_types, read_column, value_of
from thidua.intake.layout import is_bloc, is_total
from thidua.intake.lookups import look_up_ordinals, look_up_senders, look_up_units, look_up_values
from thidua.intake.moments import parse_moment
from thidua.intake.numbers import read_numbers
from thidua.intake.personal import SEALED


def type_events(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    campaigns: Sequence[CampaignFacts],
    absent: AbstractSet[str],
) -> None:
    """Fills `typed` from `cells` and `parts`; `absent`: columns that no file of them has (cells.absent_keys).

    Persons' numbers are pseudonyms already (personal.pseudonymise).
    """
    # The first unit of a row may be that of its file: it is never absent.
    columns = [
        column
        for column in contract.cell_columns
        if column.name not in absent or column.name == contract.of_role("unit")[0].name
    ]
    odd_numbers: set[str] = set()
    for column in columns:
        if column.role == "unit":
            look_up_units(connection, contract, column, campaigns)
        elif column.role == "ordinal":
            look_up_ordinals(connection, column.name)
        elif column.role in ("choice", "product", "dimension"):
            look_up_values(connection, contract, column)
        elif column.role in ("instant", "valid_through"):
            _look_up_moments(connection, column.name)
        elif column.role == "score" and read_numbers(connection, column.name, dash_is_zero=False):
            odd_numbers.add(column.name)
    look_up_senders(connection, campaigns)
    _look_up_words(connection, contract)
    name_types(connection, columns)
    connection.execute(_laid_rows(contract, columns, odd_numbers))
    connection.execute(_typed(contract, columns))
    _find_doubles(connection, contract)


def _look_up_moments(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """What DuckDB does not read as an instant, people may: `26/03/2022 8:05 CH`, days in words."""
    found = connection.execute(
        f"select distinct {name}_text from cells where {name}_read is null and {name}_text <> ''"
    ).fetchall()
    lay(
        connection,
        f"{name}_lookup",
        {"text": pa.string(), "moment": pa.timestamp("us")},
        [(text, parse_moment(text)) for (text,) in found],
    )


def _look_up_words(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Totals and blocs may stand where a number of a person or of a document should be."""
    texts: set[str] = set()
    for column in contract.cell_columns:
        if column.role in ("person", "key"):
            found = connection.execute(
                f"""
                select distinct {column.name}_text from cells
                where not starts_with({column.name}_text, '{SEALED}') and regexp_matches({column.name}_text, '^\\s*\\pL')
                """
            ).fetchall()
            texts |= {text for (text,) in found}
    kinds = [(text, "total" if is_total(text) else "bloc") for text in sorted(texts) if is_total(text) or is_bloc(text)]
    lay(connection, "words", {"text": pa.string(), "kind": pa.string()}, kinds)


def _natural_key(contract: Contract) -> tuple[str, str]:
    """SQL of (the parts of the key in their order, none of them blank, else those of else_key, else null; whether
    else_key had to do).
    """

    def joined(names: Sequence[str]) -> str:
        return " || '|' || ".join(value_of(contract.column_named(name)) for name in names)

    first = joined(contract.natural_key)
    if not contract.else_key:
        return first, "false"
    return f"coalesce({first}, {joined(contract.else_key)})", f"({first}) is null"


def _is_key_told(contract: Contract) -> str:
    """SQL: whether a cell that the key needs is at fault by itself; then the missing key is no second fault."""
    columns = [contract.column_named(name) for name in contract.else_key or contract.natural_key]
    told = [
        f"{column.name}_form <> 'ok'" if column.required else f"{column.name}_form not in ('ok', 'blank')"
        for column in columns
    ]
    return " or ".join(told)


def _is_composed(contract: Contract) -> bool:
    """Whether the natural key is more than one of the row's values, and so a value of its own."""
    return len(contract.natural_key) > 1 or bool(contract.else_key)


def _laid_rows(contract: Contract, columns: Sequence[Column], odd_numbers: AbstractSet[str]) -> str:
    found: list[str] = []
    said: list[str] = []
    joins: list[str] = ["inner join parts on cells.part_no = parts.part_no"]
    for column in columns:
        if column.role == "ordinal":
            continue
        made = read_column(column, odd_numbers)
        found += made.found
        said += made.said
        joins += made.joins
    absent = {column.name: column for column in contract.cell_columns if column not in columns}
    # As blanks, for whatever asks for them in the second step.
    said += [f"{value} as {name}" for column in absent.values() for name, value in blanks(column).items()]
    units = [column.name for column in columns if column.role == "unit"]
    ordinals = [column.name for column in columns if column.role == "ordinal"]
    ordinal_kind, is_roman = "cast(null as varchar)", "false"
    if ordinals:
        name = ordinals[0]
        joins.append(f"left join {name}_lookup on cells.{name}_text = {name}_lookup.text")
        ordinal_kind = f"case when {name}_lookup.is_total then 'total' when {name}_lookup.is_bloc then 'bloc' end"
        is_roman = f"coalesce({name}_lookup.is_roman, false)"
    word_kinds = []
    for name in (column.name for column in columns if column.role in ("person", "key")):
        joins.append(f"left join words as {name}_words on cells.{name}_text = {name}_words.text")
        word_kinds.append(f"{name}_words.kind")
    # Few cells make a total, a bloc or a note: counted over what an event needs, since that is what a row has to say.
    counted = [
        column.name for column in columns if column.required or column.role in ("unit", "person", "key", "instant")
    ]
    filled = " + ".join(f"cast(cells.{name}_text <> '' as integer)" for name in counted)
    moments = [column.name for column in columns if column.role in ("instant", "valid_through")]
    event_days = [f"cast({rule.at}_moment as date)" for rule in contract.events if rule.at in moments]
    unit_forms = [
        f"""case
            when keyed.{c}_id is null then {c}_found
            when event_day < {c}_from or event_day > {c}_through then row_form 'not_valid'
            else row_form 'ok'
        end as {c}_form"""
        for c in units
    ]
    natural_key, is_of_else_key = _natural_key(contract)
    own_key = [f"{natural_key} as natural_key"] if _is_composed(contract) else []
    own_key += [f"{is_of_else_key} as is_of_else_key"] if contract.else_key else []
    cancelled = " or ".join(
        f"{name} in ({', '.join(repr(key) for key in keys)})" for name, keys in contract.cancelled.items()
    )
    is_cancelled = [f"coalesce({cancelled}, false) as is_cancelled"] if cancelled else []
    left_out = ["received_moment", "campaign_no", "hint_unit_id", "fixed_unit_id", "event_day"]
    left_out += [name for column in absent.values() for name in blanks(column)]
    left_out += [f"{name}_{what}" for name in moments for what in ("text", "moment")]
    left_out += [f"{c}_{what}" for c in units for what in ("found", "from", "through")]
    left_out += [f"{c}_kind" for c in units[1:]]
    return f"""
create or replace table laid_rows as
with joined as (
    select
        cells.part_no,
        parts.file_no,
        parts.sheet_no,
        cells.line,
        parts.campaign_no,
        parts.hint_unit_id,
        parts.complete_on as as_of_date,
        cast(parts.fixed_unit_id as unit_of_row) as fixed_unit_id,
        parts.received_moment,
        {filled} as filled,
        coalesce({", ".join([ordinal_kind, *word_kinds])}) as word_kind,
        {is_roman} as is_roman,
        {", ".join(found)}
    from cells
    {" ".join(joins)}
),
said as (
    select
        *{"".join(f", {item}" for item in said)}
    from joined
),
keyed as (
    select
        * exclude ({units[0]}_id, filled, word_kind, is_roman, {units[0]}_kind),
        coalesce({units[0]}_id, case when {units[0]}_found = 'blank' then fixed_unit_id end) as {units[0]}_id,
        coalesce({", ".join([*event_days, "as_of_date"])}) as event_day,
        case
            when {units[0]}_kind in ('total', 'bloc', 'note') then cast({units[0]}_kind as kind_of_row)
            when word_kind is not null and filled <= 2 then cast(word_kind as kind_of_row)
            when is_roman and filled <= 1 then kind_of_row 'bloc'
            when filled <= 1 then kind_of_row 'note'
            else kind_of_row 'data'
        end as row_kind
        {"".join(f", {item}" for item in [*own_key, *is_cancelled])}
    from said
)
select
    keyed.* exclude ({", ".join(left_out)}),
    {", ".join(unit_forms)},
    keyed.hint_unit_id is null or keyed.{units[0]}_id is null or families.unit_id is not null as is_within_sender,
    cast(1 as bigint) as same_key_values,
    cast(1 as bigint) as repeat_no
from keyed
left join families
    on
        keyed.campaign_no = families.campaign_no and keyed.hint_unit_id = families.hint_unit_id
        and keyed.{units[0]}_id = families.unit_id
"""


def _typed(contract: Contract, columns: Sequence[Column]) -> str:
    first_unit = f"{contract.of_role('unit')[0].name}_id"
    natural_key, is_of_else_key = _natural_key(contract)
    more = {name: value for one in contract.cell_columns if one not in columns for name, value in blanks(one).items()}
    if not _is_composed(contract):
        more["natural_key"] = natural_key
    if not contract.else_key:
        more["is_of_else_key"] = is_of_else_key
    if not contract.cancelled:
        more["is_cancelled"] = "false"
    if first_unit != "unit_id":
        more["unit_id"] = first_unit
    return f"""
create or replace view typed as
with all_columns as (
    select *{"".join(f", {value} as {name}" for name, value in more.items())}
    from laid_rows
)
select
    *,
    case when natural_key is not null then 'ok' when {_is_key_told(contract)} then 'told' else 'blank' end as key_form
from all_columns
"""


def identity_of(contract: Contract) -> str:
    """SQL of what tells rows apart within a file: their key, and where it is else_key what decides event and product."""
    chosen = {name for rule in contract.events for name in rule.when if name not in contract.cancelled}
    products = {column.name for column in contract.of_role("product")}
    more = [f"case when is_of_else_key then {name} end" for name in sorted(chosen | products)]
    return ", ".join(["natural_key", *more])


def said_by(contract: Contract) -> list[str]:
    """All that a row says, as columns of `typed`: its key, which holds the key's own columns, and all others."""
    columns = [column for column in contract.cell_columns if column.role != "ordinal"]
    return ["natural_key", *(value_of(column) for column in columns if column.name not in contract.natural_key)]


def _find_doubles(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Rows that a file gives twice, or that contradict each other: rare, so found once and joined only then."""
    identity = f"hash(file_no, {identity_of(contract)})"
    keyed = "from typed where row_kind = 'data' and natural_key is not null"
    identities = connection.execute(f"select {identity} as identity {keyed}").fetchnumpy()["identity"]
    identities.sort()  # of numbers, faster than to count each
    suspects = pa.table({"identity": identities[1:][identities[1:] == identities[:-1]]})
    if not suspects.num_rows:
        return
    connection.register("suspects", suspects)
    connection.execute(
        f"""
        create or replace temp table doubles as
        with suspected as (
            select
                file_no, part_no, sheet_no, line, {identity} as identity, hash({", ".join(said_by(contract))}) as said
            {keyed} and {identity} in (select suspects.identity from suspects)
        )
        select
            part_no, line, count(distinct said) over (partition by file_no, identity) as same_key_values,
            row_number() over (partition by file_no, identity order by sheet_no, line) as repeat_no
        from suspected
        """
    )
    connection.unregister("suspects")
    connection.execute(
        """
        update laid_rows
        set same_key_values = doubles.same_key_values, repeat_no = doubles.repeat_no
        from doubles
        where laid_rows.part_no = doubles.part_no and laid_rows.line = doubles.line
        """
    )
