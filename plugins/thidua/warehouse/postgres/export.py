"""What goes out: the marts of one published version as Postgres types them, and as CSV for COPY."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import duckdb

from thidua.errors import NotWell
from thidua.warehouse.postgres.described import Described

TYPES = {
    "VARCHAR": "text",
    "BIGINT": "bigint",
    "INTEGER": "integer",
    "SMALLINT": "smallint",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp without time zone",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
    "DOUBLE": "double precision",
    "JSON": "jsonb",
}
CHUNK = 1 << 20
# A btree refuses entries of more than a third of its page, 2,704 bytes; what is left is for its own fields.
LONGEST_KEY = 2_400


@dataclass(frozen=True)
class Mart:
    """A table to serve: column -> Postgres type, as format_type() writes it, and what dbt says of it."""

    name: str
    columns: dict[str, str]
    described: Described


def marts_of(served: duckdb.DuckDBPyConnection, described: dict[str, Described]) -> list[Mart]:
    """The tables of a published version, by name. Raises NotWell for a type that Postgres has no equal for."""
    columns: dict[str, dict[str, str]] = {}
    for table, column, kind in served.execute(
        "select table_name, column_name, data_type from duckdb_columns() "
        "where database_name = current_database() and schema_name = 'marts' order by table_name, column_index"
    ).fetchall():
        columns.setdefault(table, {})[column] = _postgres_type(table, column, kind)
    return [Mart(name, columns[name], described.get(name, Described())) for name in columns]


def _postgres_type(table: str, column: str, kind: str) -> str:
    if kind.endswith("[]") or kind.startswith(("STRUCT(", "MAP(")):
        return "jsonb"
    decimal = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", kind)
    if decimal:
        return f"numeric({decimal[1]},{decimal[2]})"
    if kind not in TYPES:
        raise NotWell(f"{table}.{column}: không có kiểu Postgres / no Postgres type for {kind}; cast it in the model")
    return TYPES[kind]


def write_csv(served: duckdb.DuckDBPyConnection, mart: Mart, file: IO[bytes]) -> str:
    """Writes the rows to an open file that nobody else sees; returns the hash of rows, columns and types.

    Every value is quoted and no null is, so that COPY tells '' from null. The order is that of the published version,
    the same for the same rows.
    """
    selected = ", ".join(
        f'to_json("{name}")' if kind == "jsonb" else f'"{name}"' for name, kind in mart.columns.items()
    )
    served.execute(
        f"copy (select {selected} from \"{mart.name}\") to '/dev/fd/{file.fileno()}' "
        "(format csv, header false, force_quote *, use_tmp_file false)"
    )
    digest = hashlib.sha256(repr(mart.columns).encode())
    for chunk in chunks(file):
        digest.update(chunk)
    return digest.hexdigest()


def chunks(file: IO[bytes]) -> Iterator[bytes]:
    """The file from its beginning. Postgres stores no NUL in a text: the sign for what cannot be shown stands for it."""
    file.seek(0)
    while chunk := file.read(CHUNK):
        yield chunk.replace(b"\0", "\N{REPLACEMENT CHARACTER}".encode())


def primary_key(served: duckdb.DuckDBPyConnection, mart: Mart) -> tuple[str, ...]:
    """The columns of the grain where they can be a primary key: no null among them, no text too long for an index."""
    key = mart.described.key
    if not key or not set(key) <= mart.columns.keys():
        return ()
    has_null = " or ".join(f'"{name}" is null' for name in key)
    length = " + ".join(f'strlen(cast("{name}" as varchar))' for name in key)
    row = served.execute(
        f'select count(*) filter (where {has_null}), coalesce(max({length}), 0) from "{mart.name}"'
    ).fetchone()
    return key if row and row[0] == 0 and row[1] <= LONGEST_KEY else ()
