"""Whole numbers as offices write them: 28310, 28.310, 28 310, (12), -. Separators are decided per column of a file, from
all its values; what can be read in two ways is not read.

Plain digits are the most and cost nothing; the others become rows of `<key>_numbers`: part_no, line, form, value.
Forms: whole · fraction · ambiguous · text · error (of a formula). Blank cells are in neither.
"""

from __future__ import annotations

import duckdb

PLAIN = "'[0-9]{1,18}'"  # a pattern

# Signs that offices use for the same thing: spaces of all kinds, dashes and minus signs.
_SPACES = "chr(160) || chr(8239) || chr(8201) || chr(8199) || chr(9) || chr(10) || chr(13)"
_DASHES = "chr(8211) || chr(8212) || chr(8722) || chr(8208) || chr(8209)"
_GROUP = "[1-9][0-9]{0,2}"


def _shapes(key: str) -> str:
    """What a value looks like by itself; `body` is it without sign and brackets."""
    return f"""
create or replace temp table shapes as
with odd as (
    select part_no, line, trim(translate({key}_text, {_SPACES} || {_DASHES}, '       -----')) as text
    from cells
    where {key}_text <> '' and not regexp_full_match({key}_text, {PLAIN})
),
unsigned as (
    select
        part_no,
        line,
        text like '(%)' or (text like '-%' and text <> '-') as is_negative,
        case
            when text like '(%)' then trim(text[2:-2])
            when text like '-%' and text <> '-' then trim(text[2:])
            else text
        end as body
    from odd
    where text <> ''
)
select
    *,
    case
        when regexp_full_match(body, '{_GROUP}[.][0-9]{{3}}') then 'one_dot'
        when regexp_full_match(body, '{_GROUP},[0-9]{{3}}') then 'one_comma'
        when body = '-' then 'dash'
        when regexp_full_match(body, '[0-9]{{1,18}}') then 'plain'
        when regexp_full_match(body, '{_GROUP}( [0-9]{{3}})+') then 'spaces'
        when regexp_full_match(body, '{_GROUP}([.][0-9]{{3}}){{2,}}') then 'dots'
        when regexp_full_match(body, '{_GROUP}(,[0-9]{{3}}){{2,}}') then 'commas'
        when regexp_full_match(body, '[0-9]+[.][0-9]+|{_GROUP}(,[0-9]{{3}})+[.][0-9]+') then 'dot_fraction'
        when regexp_full_match(body, '[0-9]+,[0-9]+|{_GROUP}([. ][0-9]{{3}})+,[0-9]+') then 'comma_fraction'
        when body like '#%' then 'error'
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
from shapes
group by part_no
"""

# A lone group (28.310) is read as thousands only when nothing in its column says that the sign is a decimal one.
# Signs that separate are taken out; a number beyond bigint is no number of people.
_NUMBERS = """
create or replace temp table {key}_numbers as
with formed as (
    select
        shapes.part_no,
        shapes.line,
        case shapes.shape
            when 'plain' then 'whole'
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
            when 'error' then 'error'
            else 'text'
        end as form,
        case
            when shapes.shape = 'dash' then 0
            when shapes.shape in ('plain', 'spaces', 'one_dot', 'one_comma', 'dots', 'commas')
                then try_cast(translate(shapes.body, '., ', '') as bigint) * case when is_negative then -1 else 1 end
        end as value
    from shapes inner join separators on shapes.part_no = separators.part_no
)
select
    part_no,
    line,
    case when form = 'whole' and value is null then 'text' else form end as form,
    case when form = 'whole' then value end as value
from formed
"""


def read_numbers(connection: duckdb.DuckDBPyConnection, key: str, *, dash_is_zero: bool) -> bool:
    """Fills `<key>_numbers`, and `separators` for the record. Returns whether any value is not plain digits."""
    connection.execute(_shapes(key))
    connection.execute(_SEPARATORS)
    connection.execute(_NUMBERS.format(key=key), {"dash_is_zero": dash_is_zero})
    found = connection.execute("select 1 from shapes limit 1").fetchone()
    connection.execute("drop table shapes")
    return found is not None


def separators_of(connection: duckdb.DuckDBPyConnection) -> dict[int, list[str]]:
    """part_no -> the thousands separators that its values were read with, for the record."""
    rows = connection.execute(
        "select part_no, dot_groups or one_dot, comma_groups or one_comma, spaces from separators"
    ).fetchall()
    names = ("dot", "comma", "space")
    return {part: [name for name, used in zip(names, flags, strict=True) if used] for part, *flags in rows}
