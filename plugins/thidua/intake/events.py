"""Exports of what persons did: from cells of text to typed rows, as sets in DuckDB.

`typed` is the table that the suites of expectations/ judge. One row per row of the file:

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

from collections.abc import Callable, Sequence

import duckdb
import pyarrow as pa

from thidua.intake.campaigns import CampaignFacts
from thidua.intake.cells import lay
from thidua.intake.contracts import Column, Contract
from thidua.intake.layout import is_bloc, is_total
from thidua.intake.lookups import look_up_ordinals, look_up_senders, look_up_units, look_up_values
from thidua.intake.moments import MOMENT_FORMATS, parse_moment
from thidua.intake.numbers import PLAIN, read_numbers
from thidua.intake.personal import SEALED


def type_events(connection: duckdb.DuckDBPyConnection, contract: Contract, campaigns: Sequence[CampaignFacts]) -> None:
    """Fills `typed` from `cells` and `parts`. Persons' numbers are pseudonyms already (personal.pseudonymise)."""
    odd_numbers: set[str] = set()
    for column in contract.cell_columns:
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
    connection.execute(_typed(contract, odd_numbers))
    _find_doubles(connection, contract)


def _moment(name: str) -> str:
    # Failing to read a blank is what costs most.
    return f"case when cells.{name}_text <> '' then try_strptime(cells.{name}_text, {MOMENT_FORMATS}) end"


def _look_up_moments(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """What DuckDB does not read as an instant, people may: `26/03/2022 8:05 CH`, days in words."""
    found = connection.execute(
        f"select distinct {name}_text from cells where {name}_text <> '' and {_moment(name)} is null"
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
                f"select distinct {column.name}_text from cells where regexp_matches({column.name}_text, '^\\s*\\pL')"
            ).fetchall()
            texts |= {text for (text,) in found}
    kinds = [(text, "total" if is_total(text) else "bloc") for text in sorted(texts) if is_total(text) or is_bloc(text)]
    lay(connection, "words", {"text": pa.string(), "kind": pa.string()}, kinds)


# What each role makes of a cell: select items and joins. `c` is the column's name.


def _unit(column: Column) -> tuple[list[str], list[str]]:
    c = column.name
    joins = [
        f"left join {c}_lookup on parts.campaign_no = {c}_lookup.campaign_no and cells.{c}_text = {c}_lookup.text",
        f"left join {c}_of_day on parts.campaign_no = {c}_of_day.campaign_no and cells.{c}_text = {c}_of_day.text "
        f"and parts.complete_on = {c}_of_day.day",
    ]
    items = [
        f"coalesce({c}_lookup.unit_id, {c}_of_day.unit_id) as {c}_id",
        f"coalesce({c}_lookup.form, 'blank') as {c}_found",
        f"{c}_lookup.kind as {c}_kind",
        f"{c}_lookup.valid_from as {c}_from",
        f"{c}_lookup.valid_through as {c}_through",
    ]
    return items, joins


def _person(column: Column) -> tuple[list[str], list[str]]:
    c = column.name
    is_sealed = f"starts_with(cells.{c}_text, '{SEALED}')"
    return [
        f"case when {is_sealed} then cells.{c}_text[{len(SEALED) + 1}:] end as {c}_key",
        f"case when {is_sealed} then 'ok' when trim(cells.{c}_text) = '' then 'blank' else 'invalid' end as {c}_form",
    ], []


def _instant(column: Column) -> tuple[list[str], list[str]]:
    c = column.name
    moment = f"coalesce(cells.{c}_read, {c}_lookup.moment)"
    # Local time is UTC+7 all year round.
    at = f"cast({moment} - interval 7 hours as timestamptz)"
    no_time = f"when not contains(cells.{c}_text, ':') then 'no_time'" if column.precision == "second" else ""
    form = f"""case
        when trim(cells.{c}_text) = '' then 'blank'
        when {moment} is null or {moment} < timestamp '1900-01-01' then 'invalid'
        {no_time}
        when {at} >= parts.received_at then 'future'
        else 'ok'
    end"""
    return [f"{at} as {c}", f"{form} as {c}_form"], [f"left join {c}_lookup on cells.{c}_text = {c}_lookup.text"]


def _valid_through(column: Column) -> tuple[list[str], list[str]]:
    c = column.name
    moment = f"coalesce(cells.{c}_read, {c}_lookup.moment)"
    form = f"""case
        when trim(cells.{c}_text) = '' then 'blank'
        when {moment} is null or {moment} < timestamp '1900-01-01' then 'invalid'
        else 'ok'
    end"""
    return [f"cast({moment} as date) as {c}", f"{form} as {c}_form"], [
        f"left join {c}_lookup on cells.{c}_text = {c}_lookup.text"
    ]


def _choice(column: Column) -> tuple[list[str], list[str]]:
    c = column.name
    return [f"{c}_lookup.value as {_value_of(column)}", f"coalesce({c}_lookup.form, 'blank') as {c}_form"], [
        f"left join {c}_lookup on cells.{c}_text = {c}_lookup.text"
    ]


def _key(column: Column) -> tuple[list[str], list[str]]:
    c = column.name
    return [
        f"nullif(trim(cells.{c}_text), '') as {c}",
        f"case when trim(cells.{c}_text) = '' then 'blank' else 'ok' end as {c}_form",
    ], []


def _score(column: Column, is_odd: bool) -> tuple[list[str], list[str]]:
    c = column.name
    is_plain = f"regexp_full_match(cells.{c}_text, {PLAIN})"
    value = f"case when {is_plain} then cast(cells.{c}_text as bigint) end"
    form = f"case when {is_plain} then 'whole' else 'blank' end"
    if not is_odd:
        return [f"{value} as {c}", f"{form} as {c}_form"], []
    join = f"left join {c}_numbers on cells.part_no = {c}_numbers.part_no and cells.line = {c}_numbers.line"
    return [f"coalesce({c}_numbers.value, {value}) as {c}", f"coalesce({c}_numbers.form, {form}) as {c}_form"], [join]


_BY_ROLE: dict[str, Callable[[Column], tuple[list[str], list[str]]]] = {
    "unit": _unit,
    "person": _person,
    "instant": _instant,
    "valid_through": _valid_through,
    "choice": _choice,
    "product": _choice,
    "dimension": _choice,
    "key": _key,
}


_VALUE_ENDINGS = {"unit": "_id", "person": "_key", "dimension": "_member"}


def _value_of(column: Column) -> str:
    """The column of `typed` that holds the value."""
    return column.name + _VALUE_ENDINGS.get(column.role, "")


def _natural_key(contract: Contract) -> tuple[str, str]:
    """SQL of (the parts of the key in their order, none of them blank, else those of else_key, else null; whether
    else_key had to do).
    """

    def joined(names: Sequence[str]) -> str:
        return " || '|' || ".join(_value_of(contract.column_named(name)) for name in names)

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


def _typed(contract: Contract, odd_numbers: set[str]) -> str:
    items: list[str] = []
    joins: list[str] = ["inner join parts on cells.part_no = parts.part_no"]
    for column in contract.cell_columns:
        if column.role == "ordinal":
            continue
        made = _score(column, column.name in odd_numbers) if column.role == "score" else _BY_ROLE[column.role](column)
        items += made[0]
        joins += made[1]
    units = [column.name for column in contract.of_role("unit")]
    ordinals = contract.of_role("ordinal")
    ordinal_kind, is_roman = "cast(null as varchar)", "false"
    if ordinals:
        name = ordinals[0].name
        joins.append(f"left join {name}_lookup on cells.{name}_text = {name}_lookup.text")
        ordinal_kind = f"case when {name}_lookup.is_total then 'total' when {name}_lookup.is_bloc then 'bloc' end"
        is_roman = f"coalesce({name}_lookup.is_roman, false)"
    words = [column.name for column in contract.cell_columns if column.role in ("person", "key")]
    word_kinds = []
    for name in words:
        joins.append(f"left join words as {name}_words on cells.{name}_text = {name}_words.text")
        word_kinds.append(f"{name}_words.kind")
    # Few cells make a total, a bloc or a note: counted over what an event needs, since that is what a row has to say.
    counted = [
        column.name
        for column in contract.cell_columns
        if column.required or column.role in ("unit", "person", "key", "instant")
    ]
    filled = " + ".join(f"cast(cells.{name}_text <> '' as integer)" for name in counted)
    event_day = " ,".join(
        f"cast({name} + interval 7 hours as date)" for name in dict.fromkeys(rule.at for rule in contract.events)
    )
    cancelled = " or ".join(
        f"{name} in ({', '.join(repr(key) for key in keys)})" for name, keys in contract.cancelled.items()
    )
    unit_forms = [
        f"""case
            when keyed.{c}_id is null then {c}_found
            when event_day < {c}_from or event_day > {c}_through then 'not_valid'
            else 'ok'
        end as {c}_form"""
        for c in units
    ]
    natural_key, is_of_else_key = _natural_key(contract)
    moments = [column.name for column in contract.cell_columns if column.role in ("instant", "valid_through")]
    read = "".join(f", {_moment(name)} as {name}_read" for name in moments)
    return f"""
create or replace table typed as
-- Reading instants costs most: once for each, before they are compared in several ways.
with read_cells as (
    select cells.*{read}
    from cells
),
joined as (
    select
        cells.part_no,
        parts.file_no,
        parts.sheet_no,
        cells.line,
        parts.campaign_no,
        parts.hint_unit_id,
        parts.complete_on as as_of_date,
        parts.fixed_unit_id,
        {filled} as filled,
        coalesce({", ".join([ordinal_kind, *word_kinds])}) as word_kind,
        {is_roman} as is_roman,
        {", ".join(items)}
    from read_cells as cells
    {" ".join(joins)}
),
keyed as (
    select
        * exclude ({units[0]}_id, filled, word_kind, is_roman, {units[0]}_kind),
        coalesce({units[0]}_id, case when {units[0]}_found = 'blank' then fixed_unit_id end) as {units[0]}_id,
        {natural_key} as natural_key,
        {is_of_else_key} as is_of_else_key,
        coalesce({cancelled or "false"}, false) as is_cancelled,
        coalesce({event_day}, as_of_date) as event_day,
        case
            when {units[0]}_kind in ('total', 'bloc', 'note') then {units[0]}_kind
            when word_kind is not null and filled <= 2 then word_kind
            when is_roman and filled <= 1 then 'bloc'
            when filled <= 1 then 'note'
            else 'data'
        end as row_kind
    from joined
)
select
    keyed.* exclude (
        campaign_no, hint_unit_id, fixed_unit_id, event_day,
        {", ".join(f"{c}_found, {c}_from, {c}_through" for c in units)}
        {"".join(f", {c}_kind" for c in units[1:])}
    ),
    {f"keyed.{units[0]}_id as unit_id," if units[0] != "unit" else ""}
    {", ".join(unit_forms)},
    case
        when natural_key is not null then 'ok' when {_is_key_told(contract)} then 'told' else 'blank'
    end as key_form,
    keyed.hint_unit_id is null or keyed.{units[0]}_id is null or families.unit_id is not null as is_within_sender
from keyed
left join families
    on
        keyed.campaign_no = families.campaign_no and keyed.hint_unit_id = families.hint_unit_id
        and keyed.{units[0]}_id = families.unit_id
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
    return ["natural_key", *(_value_of(column) for column in columns if column.name not in contract.natural_key)]


def _find_doubles(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Rows that a file gives twice, or that contradict each other: rare, so found once and joined only then."""
    identity = identity_of(contract)
    connection.execute(
        f"""
        create or replace temp table doubles as
        with suspects as (
            select hash(file_no, {identity}) as identity
            from typed
            where row_kind = 'data' and natural_key is not null
            group by all
            having count(*) > 1
        ),
        keyed as (
            select
                file_no, part_no, sheet_no, line, hash(file_no, {identity}) as identity,
                hash({", ".join(said_by(contract))}) as said
            from typed
            where
                row_kind = 'data' and natural_key is not null
                and hash(file_no, {identity}) in (select suspects.identity from suspects)
        )
        select
            part_no, line, count(distinct said) over (partition by file_no, identity) as same_key_values,
            row_number() over (partition by file_no, identity order by sheet_no, line) as repeat_no
        from keyed
        """
    )
    if connection.execute("select 1 from doubles limit 1").fetchone():
        connection.execute(
            """
            create or replace table typed as
            select
                typed.*, coalesce(same_key_values, 1) as same_key_values, coalesce(repeat_no, 1) as repeat_no
            from typed left join doubles on typed.part_no = doubles.part_no and typed.line = doubles.line
            """
        )
    else:
        connection.execute("alter table typed add column same_key_values bigint default 1")
        connection.execute("alter table typed add column repeat_no bigint default 1")
