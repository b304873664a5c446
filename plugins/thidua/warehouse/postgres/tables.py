"""The tables in Postgres: brought to the shape of the marts inside the caller's transaction, nothing ever cascaded.

Tables are altered, never made anew, so that grants, comments and views of users stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection, sql

from thidua.errors import NotWell
from thidua.warehouse.postgres.export import Mart
from thidua.warehouse.postgres.roles import PII_ROLE, READER_ROLE, SCHEMA

Session = Connection[tuple[Any, ...]]

# What BI filters and joins on; by one file where the grain is below a file.
BY_UNIT = ("campaign_id", "period_id", "unit_id")
BY_SUBMISSION = "submission_id"

RECORDS = """
    create table if not exists {schema}._version (
        build_id text not null, published_at timestamptz not null, loaded_at timestamptz not null default now()
    );
    comment on table {schema}._version is 'The version that the marts hold. One row.';
    create table if not exists {schema}._table (
        table_name text primary key, content_sha256 text not null, is_personal boolean not null
    );
    comment on table {schema}._table is 'What the publish loaded. One row per table.';
    grant select on {schema}._version to {reader}, {pii};
"""


@dataclass
class Standing:
    """One table as it stands in Postgres: column -> type, comments by column ('' is the table's), key, indexes."""

    columns: dict[str, str] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    key_name: str = ""
    indexes: dict[str, tuple[str, ...]] = field(default_factory=dict)


def named(table: str) -> sql.Composed:
    return sql.SQL("{}.{}").format(sql.Identifier(SCHEMA), sql.Identifier(table))


def listed(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def make_records(session: Session) -> None:
    """The publish's own tables, once."""
    if session.execute("select to_regclass(%s)", [f"{SCHEMA}._table"]).fetchone() == (None,):
        names = {"schema": SCHEMA, "reader": READER_ROLE, "pii": PII_ROLE}
        session.execute(sql.SQL(RECORDS).format(**{key: sql.Identifier(name) for key, name in names.items()}))


def standing_tables(session: Session) -> dict[str, Standing]:
    """What is in the schema now, by name."""
    found: dict[str, Standing] = {}
    for table, column, kind, comment in session.execute(
        """
        select class.relname, attribute.attname, format_type(attribute.atttypid, attribute.atttypmod),
            col_description(class.oid, attribute.attnum)
        from pg_class as class
        inner join pg_attribute as attribute on class.oid = attribute.attrelid
        where class.relnamespace = to_regnamespace(%s) and class.relkind = 'r'
            and attribute.attnum > 0 and not attribute.attisdropped
        order by class.relname, attribute.attnum
        """,
        [SCHEMA],
    ):
        standing = found.setdefault(table, Standing())
        standing.columns[column] = kind
        if comment:
            standing.comments[column] = comment
    for table, comment in session.execute(
        "select relname, obj_description(oid, 'pg_class') from pg_class where relnamespace = to_regnamespace(%s) "
        "and relkind = 'r'",
        [SCHEMA],
    ):
        if comment and table in found:
            found[table].comments[""] = comment
    for table, index, is_key, columns in session.execute(
        """
        select class.relname, index_class.relname, index.indisprimary,
            array(
                select attribute.attname::text
                from unnest(index.indkey::int2[]) with ordinality as part (number, place)
                inner join pg_attribute as attribute
                    on attribute.attrelid = index.indrelid and attribute.attnum = part.number
                order by part.place
            )
        from pg_index as index
        inner join pg_class as class on index.indrelid = class.oid
        inner join pg_class as index_class on index.indexrelid = index_class.oid
        where class.relnamespace = to_regnamespace(%s) and class.relkind = 'r'
        """,
        [SCHEMA],
    ):
        if is_key:
            found[table].key, found[table].key_name = tuple(columns), index
        else:
            found[table].indexes[index] = tuple(columns)
    return found


def shape(session: Session, mart: Mart, standing: Standing | None, key: Sequence[str]) -> None:
    """Empties the table and gives it the columns of the mart; makes it when it is not there.

    DELETE, not TRUNCATE: readers go on with the rows of before until the commit. A type changes while no row is left.
    """
    if standing is None:
        columns = sql.SQL(", ").join(
            sql.SQL("{} " + kind).format(sql.Identifier(name)) for name, kind in mart.columns.items()
        )
        session.execute(sql.SQL("create table {} ({})").format(named(mart.name), columns))
        return
    session.execute(sql.SQL("delete from {}").format(named(mart.name)))
    if standing.key and standing.key != tuple(key):
        _alter(session, mart.name, sql.SQL("drop constraint {}").format(sql.Identifier(standing.key_name)))
        for name in standing.key:
            _alter(session, mart.name, sql.SQL("alter column {} drop not null").format(sql.Identifier(name)))
    for name in standing.columns.keys() - mart.columns.keys():
        _alter(session, mart.name, sql.SQL("drop column {}").format(sql.Identifier(name)))
    for name, kind in mart.columns.items():
        column, type_name = sql.Identifier(name), sql.SQL(kind)
        if name not in standing.columns:
            _alter(session, mart.name, sql.SQL("add column {} {}").format(column, type_name))
        elif standing.columns[name] != kind:
            change = sql.SQL("alter column {} type {} using null::{}").format(column, type_name, type_name)
            _alter(session, mart.name, change)


def _alter(session: Session, table: str, change: sql.Composed) -> None:
    session.execute(sql.SQL("alter table {} {}").format(named(table), change))


def index(session: Session, mart: Mart, standing: Standing | None, key: Sequence[str]) -> None:
    """The primary key, and indexes where it does not begin with the same columns. Others that somebody made stay."""
    stood = standing or Standing()
    if key and (stood.key != tuple(key)):
        _alter(session, mart.name, sql.SQL("add primary key ({})").format(listed(key)))
    wanted = {"by_unit": tuple(name for name in BY_UNIT if name in mart.columns)}
    if BY_SUBMISSION in mart.described.key:
        wanted["by_submission"] = (BY_SUBMISSION,)
    there = {*stood.indexes.values(), tuple(key)}
    for suffix, columns in wanted.items():
        if columns and not any(have[: len(columns)] == columns for have in there):
            statement = sql.SQL("create index if not exists {} on {} ({})")
            name = sql.Identifier(f"{mart.name}_{suffix}")
            session.execute(statement.format(name, named(mart.name), listed(columns)))


def comment(session: Session, mart: Mart, standing: Standing | None) -> None:
    """dbt's descriptions, where Postgres says something else."""
    stood = standing.comments if standing else {}
    wanted: Mapping[str, str | None] = {"": mart.described.description, **mart.described.columns}
    for column, text in wanted.items():
        if not text or stood.get(column) == text or (column and column not in mart.columns):
            continue
        what = sql.SQL("table {}").format(named(mart.name))
        if column:
            what = sql.SQL("column {}.{}").format(named(mart.name), sql.Identifier(column))
        session.execute(sql.SQL("comment on {} is {}").format(what, sql.Literal(text)))


def open_to_readers(session: Session, mart: Mart, was_personal: bool | None) -> None:
    """Grants of a table that is new or whose tag changed; otherwise what an administrator granted or took stays.

    Raises NotWell when a table with personal data can still be read by `thidua_reader`.
    """
    is_personal = mart.described.is_personal
    if was_personal is None:
        session.execute(sql.SQL("grant select on {} to {}").format(named(mart.name), sql.Identifier(PII_ROLE)))
    if was_personal is not is_personal:
        change = "revoke all on {} from public, {}" if is_personal else "grant select on {} to {}"
        session.execute(sql.SQL(change).format(named(mart.name), sql.Identifier(READER_ROLE)))
    if is_personal and session.execute(
        "select has_any_column_privilege(%s, to_regclass(%s), 'select')", [READER_ROLE, f'{SCHEMA}."{mart.name}"']
    ).fetchone() != (False,):
        raise NotWell(
            f"{SCHEMA}.{mart.name} chứa dữ liệu cá nhân / holds personal data, and {READER_ROLE} can read it; revoke "
            f"that grant (\\dp {SCHEMA}.{mart.name}) and publish again: nothing was changed"
        )


def drop(session: Session, table: str) -> None:
    """A mart that is no more. A view on it is in the way: the caller says so."""
    session.execute(sql.SQL("drop table if exists {}").format(named(table)))
