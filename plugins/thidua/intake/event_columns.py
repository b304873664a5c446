"""What each column of an export of events becomes, by its role: SQL of its value, of its form, and the joins that they need.

A column of few texts (a unit, a closed list of values) and every form is an enum: a number a row, not a text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import duckdb

from thidua.intake.contracts import Column
from thidua.intake.moments import instant_sql
from thidua.intake.numbers import PLAIN
from thidua.intake.personal import SEALED

# In the order of the texts, so that they compare like these.
_TYPES = """
create type if not exists row_form as enum (
    'ambiguous', 'blank', 'error', 'fraction', 'future', 'invalid', 'no_time', 'not_valid', 'ok', 'text', 'unknown', 'whole'
);
create type if not exists kind_of_row as enum ('bloc', 'data', 'note', 'total')
"""


def name_types(connection: duckdb.DuckDBPyConnection, columns: Sequence[Column]) -> None:
    """The types `row_form`, `kind_of_row` and `unit_of_row`: the units that the rows may be of, once these are looked up."""
    connection.execute(_TYPES)
    names = [column.name for column in columns if column.role == "unit"]
    found = " union ".join(f"select unit_id from {c}_lookup union select unit_id from {c}_of_day" for c in names)
    connection.execute(
        f"""
        create or replace type unit_of_row as enum (
            select unit_id from ({found} union select fixed_unit_id from parts) where unit_id is not null order by unit_id
        )
        """
    )


def _kind_of_value(column: Column) -> str:
    """The type of the column of `typed` that holds the value."""
    if column.role == "unit":
        return "unit_of_row"
    if column.values:
        return f"enum ({', '.join(repr(value) for value in sorted(column.values))})"
    return {"instant": "timestamptz", "valid_through": "date", "score": "bigint"}.get(column.role, "varchar")


@dataclass(frozen=True)
class Reading:
    """SQL in two steps: select items over `cells`, `parts` and the joins; then items over these.

    In the functions below `c` is the column's name.
    """

    found: list[str]
    said: list[str] = field(default_factory=list)
    joins: list[str] = field(default_factory=list)


def _lookup(column: Column, value: str) -> str:
    """The few texts of a column with what they mean, as their types before there are as many as rows."""
    c = column.name
    typed = f"cast(form as row_form) as form, cast({value} as {_kind_of_value(column)}) as {value}"
    return f"(select * replace ({typed}) from {c}_lookup) as {c}_lookup"


def _unit(column: Column) -> Reading:
    c = column.name
    of_day = f"(select * replace (cast(unit_id as unit_of_row) as unit_id) from {c}_of_day) as {c}_of_day"
    return Reading(
        found=[
            f"coalesce({c}_lookup.unit_id, {c}_of_day.unit_id) as {c}_id",
            f"coalesce({c}_lookup.form, row_form 'blank') as {c}_found",
            f"{c}_lookup.kind as {c}_kind",
            f"{c}_lookup.valid_from as {c}_from",
            f"{c}_lookup.valid_through as {c}_through",
        ],
        joins=[
            f"left join {_lookup(column, 'unit_id')} "
            f"on parts.campaign_no = {c}_lookup.campaign_no and cells.{c}_text = {c}_lookup.text",
            f"left join {of_day} on parts.campaign_no = {c}_of_day.campaign_no and cells.{c}_text = {c}_of_day.text "
            f"and parts.complete_on = {c}_of_day.day",
        ],
    )


def _person(column: Column) -> Reading:
    c = column.name
    is_sealed = f"starts_with(cells.{c}_text, '{SEALED}')"
    form = f"""case
        when {is_sealed} then row_form 'ok' when trim(cells.{c}_text) = '' then row_form 'blank' else row_form 'invalid'
    end"""
    return Reading(
        [f"case when {is_sealed} then substr(cells.{c}_text, {len(SEALED) + 1}) end as {c}_key", f"{form} as {c}_form"]
    )


def _moment(c: str, value: str, more: str = "") -> Reading:
    """What reads as a moment is not blank: only a text that does not is looked at again."""
    form = f"""case
        when {c}_moment is null then case when trim({c}_text) = '' then row_form 'blank' else row_form 'invalid' end
        when {c}_moment < timestamp '1900-01-01' then row_form 'invalid'
        {more}
        else row_form 'ok'
    end"""
    return Reading(
        found=[f"cells.{c}_text", f"coalesce(cells.{c}_read, {c}_lookup.moment) as {c}_moment"],
        said=[f"{value} as {c}", f"{form} as {c}_form"],
        joins=[f"left join {c}_lookup on cells.{c}_text = {c}_lookup.text"],
    )


def _instant(column: Column) -> Reading:
    c = column.name
    no_time = f"when not contains({c}_text, ':') then row_form 'no_time'" if column.precision == "second" else ""
    return _moment(
        c, instant_sql(f"{c}_moment"), f"{no_time} when {c}_moment >= received_moment then row_form 'future'"
    )


def _valid_through(column: Column) -> Reading:
    return _moment(column.name, f"cast({column.name}_moment as date)")


def _choice(column: Column) -> Reading:
    c = column.name
    return Reading(
        found=[f"{c}_lookup.value as {value_of(column)}", f"coalesce({c}_lookup.form, row_form 'blank') as {c}_form"],
        joins=[f"left join {_lookup(column, 'value')} on cells.{c}_text = {c}_lookup.text"],
    )


def _key(column: Column) -> Reading:
    c = column.name
    return Reading(
        [
            f"nullif(trim(cells.{c}_text), '') as {c}",
            f"case when trim(cells.{c}_text) = '' then row_form 'blank' else row_form 'ok' end as {c}_form",
        ]
    )


def _score(column: Column, is_odd: bool) -> Reading:
    c = column.name
    is_plain = f"regexp_full_match(cells.{c}_text, {PLAIN})"
    value = f"case when {is_plain} then cast(cells.{c}_text as bigint) end"
    form = f"case when {is_plain} then row_form 'whole' else row_form 'blank' end"
    if not is_odd:
        return Reading([f"{value} as {c}", f"{form} as {c}_form"])
    return Reading(
        found=[
            f"coalesce({c}_numbers.value, {value}) as {c}",
            f"coalesce(cast({c}_numbers.form as row_form), {form}) as {c}_form",
        ],
        joins=[f"left join {c}_numbers on cells.part_no = {c}_numbers.part_no and cells.line = {c}_numbers.line"],
    )


_BY_ROLE: dict[str, Callable[[Column], Reading]] = {
    "unit": _unit,
    "person": _person,
    "instant": _instant,
    "valid_through": _valid_through,
    "choice": _choice,
    "product": _choice,
    "dimension": _choice,
    "key": _key,
}


def read_column(column: Column, odd_numbers: AbstractSet[str]) -> Reading:
    """`odd_numbers`: the scores that are not all plain digits (numbers.read_numbers)."""
    return _score(column, column.name in odd_numbers) if column.role == "score" else _BY_ROLE[column.role](column)


_VALUE_ENDINGS = {"unit": "_id", "person": "_key", "dimension": "_member"}


def value_of(column: Column) -> str:
    """The column of `typed` that holds the value."""
    return column.name + _VALUE_ENDINGS.get(column.role, "")


def blanks(column: Column) -> dict[str, str]:
    """What `typed` says of a column that no file has, as SQL."""
    if column.role == "ordinal":
        return {}
    return {value_of(column): f"cast(null as {_kind_of_value(column)})", f"{column.name}_form": "row_form 'blank'"}
