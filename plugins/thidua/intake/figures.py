"""Reported figures: from cells of text to typed facts, as sets in DuckDB. Nothing is a float, nothing is guessed.

`typed` is the table that the suites of expectations/ judge. One row per cell of a value column:

    file_no, sheet_no, part_no   which file, sheet and value column (from 0)
    line                         row number that the sender sees
    row_kind                     data · total · bloc · note (only data is judged and stored)
    unit_id, unit_form           the unit it means · ok, blank, unknown, ambiguous, not_valid (on that day)
    is_within_sender             false when the file's sender does not speak for the unit
    as_of_date, as_of_date_form  the day: of the row, else of the title, else of the file name · ok, blank, invalid,
                                 early (before the campaign), future (after the receipt)
    hint_date                    the day that the file's name gives
    metric_id, metric_form       ok, unknown
    dimension, member, dimension_form   '' where the figure is of all · ok, unknown
    value, value_form            bigint, null unless whole · whole, blank, fraction, ambiguous, text, error
    rate_form, rate_expected     ok, blank, differs (from the row's own numbers, which give `expected`), unread
    same_key_values, repeat_no   different values that the file gives for the same; 1 for the first row that says it
    has_total                    whether a row of totals stands in this column
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from thidua.intake.campaigns import CampaignFacts
from thidua.intake.contracts import Column, Contract
from thidua.intake.lookups import (
    look_up_days,
    look_up_metrics,
    look_up_ordinals,
    look_up_senders,
    look_up_units,
    look_up_values,
)
from thidua.intake.numbers import PLAIN, read_numbers


def type_figures(connection: duckdb.DuckDBPyConnection, contract: Contract, campaigns: Sequence[CampaignFacts]) -> None:
    """Fills `typed` from `cells` and `parts`."""
    roles = {column.role: column for column in contract.cell_columns if column.role != "shown"}
    if "as_of_date" in roles:
        look_up_days(connection, "as_of_date")
    if "ordinal" in roles:
        look_up_ordinals(connection, "ordinal")
    look_up_units(connection, contract, roles["unit"], campaigns)
    look_up_senders(connection, campaigns)
    if "metric" in roles:
        look_up_metrics(connection, contract, campaigns)
    if "dimension" in roles:
        look_up_values(connection, contract, roles["dimension"])
    has_rates = "rate" in roles and _has_text(connection, "rate")
    if has_rates:
        for column in contract.of_role("shown"):
            read_numbers(connection, column.name, dash_is_zero=True)
    has_odd_numbers = read_numbers(connection, "value", dash_is_zero=contract.number.dash_is_zero)
    connection.execute(_PARTS_WITH_TOTAL.format(ordinals=_TOTALS_BY_ORDINAL if "ordinal" in roles else ""))
    connection.execute(_typed(contract, set(roles), has_odd_numbers=has_odd_numbers, has_rates=has_rates))
    _find_doubles(connection)
    connection.execute("create or replace view typed as select * from laid_rows")


def _has_text(connection: duckdb.DuckDBPyConnection, key: str) -> bool:
    return connection.execute(f"select 1 from cells where trim({key}_text) <> '' limit 1").fetchone() is not None


def _typed(contract: Contract, roles: set[str], *, has_odd_numbers: bool, has_rates: bool) -> str:
    """Joins only what the export has: each absent column is a constant."""
    joins = [
        "inner join parts on cells.part_no = parts.part_no",
        "left join unit_lookup as labels on parts.campaign_no = labels.campaign_no and cells.unit_text = labels.text",
        "left join parts_with_total on cells.part_no = parts_with_total.part_no",
    ]
    day = "parts.fixed_date"
    day_form = "case when parts.fixed_date is null then 'blank' else 'ok' end"
    if "as_of_date" in roles:
        joins.append("left join as_of_date_lookup as days on cells.as_of_date_text = days.text")
        day = "case when cells.as_of_date_text <> '' then days.day else parts.fixed_date end"
        day_form = f"""case
            when {day} is not null then 'ok' when trim(cells.as_of_date_text) = '' then 'blank' else 'invalid'
        end"""
    joins.append(
        "left join unit_of_day on parts.campaign_no = unit_of_day.campaign_no "
        f"and cells.unit_text = unit_of_day.text and unit_of_day.day = {day}"
    )
    is_roman, ordinal_kind = "false", "cast(null as varchar)"
    if "ordinal" in roles:
        joins.append("left join ordinal_lookup as ordinals on cells.ordinal_text = ordinals.text")
        is_roman = "coalesce(ordinals.is_roman, false)"
        # A total or a bloc may stand in merged cells that begin at the number.
        ordinal_kind = "case when ordinals.is_total then 'total' when ordinals.is_bloc then 'bloc' end"
    metric = "parts.fixed_metric_id"
    if "metric" in roles:
        joins.append(
            "left join metric_lookup as metrics "
            "on parts.campaign_no = metrics.campaign_no and cells.metric_text = metrics.text"
        )
        metric = "coalesce(parts.fixed_metric_id, metrics.metric_id)"
    dimension, member, member_form = "''", "''", "'ok'"
    if "dimension" in roles:
        joins.append("left join dimension_lookup as members on cells.dimension_text = members.text")
        member = "coalesce(members.value, '')"
        name = contract.of_role("dimension")[0].name
        dimension = f"case when coalesce(members.value, '') = '' then '' else '{name}' end"
        member_form = "case when members.form = 'unknown' then 'unknown' else 'ok' end"
    is_plain = f"regexp_full_match(cells.value_text, {PLAIN})"
    value = f"case when {is_plain} then cast(cells.value_text as bigint) end"
    value_form = f"case when {is_plain} then 'whole' else 'blank' end"
    if has_odd_numbers:
        joins.append("left join value_numbers as odd on cells.part_no = odd.part_no and cells.line = odd.line")
        value = (
            f"case when odd.form is not null then odd.value when {is_plain} then cast(cells.value_text as bigint) end"
        )
        value_form = f"coalesce(odd.form, {value_form})"
    rate_form, rate_expected = "'blank'", "cast(null as varchar)"
    if has_rates:
        rate = contract.of_role("rate")[0]
        for name in filter(None, (rate.over, rate.minus)):
            joins.append(
                f"left join {name}_numbers on cells.part_no = {name}_numbers.part_no and cells.line = {name}_numbers.line"
            )
        rate_form, rate_expected = _rate(value, rate)
    return f"""
create or replace table laid_rows as
with joined as (
    select
        cells.part_no,
        parts.file_no,
        parts.sheet_no,
        cells.line,
        case
            when labels.kind in ('total', 'bloc', 'note') then labels.kind
            when cells.unit_text = '' and {ordinal_kind} is not null then {ordinal_kind}
            when (labels.form = 'unknown' or cells.unit_text = '') and {is_roman} then 'bloc'
            when cells.unit_text = '' and parts.fixed_unit_id is null and cells.value_text = '' then 'note'
            else 'data'
        end as row_kind,
        parts.campaign_no,
        parts.hint_unit_id,
        coalesce(labels.unit_id, unit_of_day.unit_id, parts.fixed_unit_id) as unit_id,
        labels.form as label_form,
        labels.valid_from,
        labels.valid_through,
        {day} as as_of_date,
        {day_form} as day_form,
        parts.hint_date,
        parts.earliest_date,
        parts.received_on,
        {metric} as metric_id,
        {dimension} as dimension,
        {member} as member,
        {member_form} as dimension_form,
        {value} as value,
        {value_form} as value_form,
        {rate_form} as rate_form,
        {rate_expected} as rate_expected,
        parts_with_total.part_no is not null as has_total
    from cells
    {" ".join(joins)}
)
select
    joined.part_no,
    joined.file_no,
    joined.sheet_no,
    joined.line,
    joined.row_kind,
    joined.unit_id,
    case
        when joined.as_of_date < joined.valid_from or joined.as_of_date > joined.valid_through then 'not_valid'
        when joined.unit_id is not null then 'ok'
        else coalesce(joined.label_form, 'blank')
    end as unit_form,
    joined.hint_unit_id is null or joined.unit_id is null or families.unit_id is not null as is_within_sender,
    joined.as_of_date,
    case
        when joined.as_of_date < joined.earliest_date then 'early'
        when joined.as_of_date > joined.received_on then 'future'
        else joined.day_form
    end as as_of_date_form,
    joined.hint_date,
    joined.metric_id,
    case when joined.metric_id is null then 'unknown' else 'ok' end as metric_form,
    joined.dimension,
    joined.member,
    joined.dimension_form,
    joined.value,
    joined.value_form,
    joined.rate_form,
    joined.rate_expected,
    joined.has_total
from joined
left join families
    on
        joined.campaign_no = families.campaign_no and joined.hint_unit_id = families.hint_unit_id
        and joined.unit_id = families.unit_id
"""


def _shown(name: str) -> str:
    plain = f"regexp_full_match(cells.{name}_text, {PLAIN})"
    return f"coalesce({name}_numbers.value, case when {plain} then cast(cells.{name}_text as bigint) end)"


def _rate(value: str, rate: Column) -> tuple[str, str]:
    """SQL of (form, what the row's numbers give), all in integers: `74,04%`, `74.04`, `0,7404`, `0.740429428`.

    A rate fits when it is the fraction rounded to the decimals that it shows, four at the most (Excel writes sixteen).
    """
    text = "replace(replace(cells.rate_text, ' ', ''), ',', '.')"
    is_rate = f"regexp_full_match({text}, '[0-9]{{1,6}}([.][0-9]+)?%?')"
    decimals = f"least(4, strlen(regexp_extract({text}, '[.]([0-9]+)', 1)))"
    digits = (
        f"cast(regexp_extract({text}, '^[0-9]+') || substr(regexp_extract({text}, '[.]([0-9]+)', 1), 1, 4) as hugeint)"
    )
    over = _shown(rate.over or "")
    bases = ["0", *([f"coalesce({_shown(rate.minus)}, 0)"] if rate.minus else [])]
    fits = []
    for base in bases:
        for scale, allowed in (("100", "true"), ("1", f"not contains({text}, '%')")):
            off = f"abs({digits} * {over} - cast({value} - {base} as hugeint) * {scale} * [1, 10, 100, 1000, 10000][{decimals} + 1])"
            # Cut at the fourth decimal, not rounded: up to one and a half units off.
            slack = f"case when {decimals} = 4 then 3 else 1 end * {over}"
            fits.append(f"({allowed} and 2 * {off} <= {slack})")
    form = f"""case
            when trim(cells.rate_text) = '' then 'blank'
            when {is_rate} and {over} > 0 and {value} >= 0 then case when {" or ".join(fits)} then 'ok' else 'differs' end
            else 'unread'
        end"""
    hundredths = f"(2 * cast({value} - {bases[-1]} as hugeint) * 10000 + {over}) // (2 * {over})"
    expected = f"""case when {over} > 0 and {value} >= {bases[-1]}
            then ({hundredths}) // 100 || ',' || lpad(cast(({hundredths}) % 100 as varchar), 2, '0') || '%'
        end"""
    return form, expected


_PARTS_WITH_TOTAL = """
create or replace temp table parts_with_total as
select distinct cells.part_no
from cells
inner join parts on cells.part_no = parts.part_no
inner join unit_lookup as labels on parts.campaign_no = labels.campaign_no and cells.unit_text = labels.text
where labels.kind = 'total'
{ordinals}
"""

_TOTALS_BY_ORDINAL = """
union
select distinct cells.part_no
from cells inner join ordinal_lookup as ordinals on cells.ordinal_text = ordinals.text
where ordinals.is_total and cells.unit_text = ''
"""

# Files that say the same thing twice, or two things about the same: rare, so found once and joined only then.
_DOUBLES = """
create or replace temp table doubles as
with keyed as (
    select *, hash(file_no, unit_id, as_of_date, metric_id, member) as key
    from laid_rows
    where row_kind = 'data' and value is not null and unit_id is not null and as_of_date is not null
),
suspects as (
    select key from keyed group by key having count(*) > 1
)
select file_no, unit_id, as_of_date, metric_id, member, count(distinct value) as same_key_values
from keyed
where key in (select key from suspects)
group by file_no, unit_id, as_of_date, metric_id, member
having count(*) > 1
"""

_WITH_DOUBLES = """
create or replace table laid_rows as
select
    laid_rows.*,
    coalesce(doubles.same_key_values, 1) as same_key_values,
    case
        when doubles.file_no is null then 1
        else row_number() over (
            partition by laid_rows.file_no, laid_rows.unit_id, laid_rows.as_of_date, laid_rows.metric_id, laid_rows.member, doubles.file_no,
                case when doubles.file_no is null then laid_rows.part_no * cast(1000000000 as bigint) + laid_rows.line end
            order by laid_rows.sheet_no, laid_rows.line, laid_rows.part_no
        )
    end as repeat_no
from laid_rows
left join doubles
    on laid_rows.file_no = doubles.file_no and laid_rows.unit_id = doubles.unit_id
    and laid_rows.as_of_date = doubles.as_of_date and laid_rows.metric_id = doubles.metric_id
    and laid_rows.member = doubles.member
    and laid_rows.row_kind = 'data' and laid_rows.value is not null
"""


def _find_doubles(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(_DOUBLES)
    if connection.execute("select 1 from doubles limit 1").fetchone():
        connection.execute(_WITH_DOUBLES)
    else:
        connection.execute("alter table laid_rows add column same_key_values bigint default 1")
        connection.execute("alter table laid_rows add column repeat_no bigint default 1")
