"""The content of every mart, so that two warehouses can be compared as a whole."""

from __future__ import annotations

from pathlib import Path

import duckdb

Content = dict[str, list[str]]


def marts_of(database: Path, schema: str = "marts") -> Content:
    """table -> its rows as text, sorted."""
    with duckdb.connect(str(database), read_only=True) as connection:
        tables = [
            row[0]
            for row in connection.execute(
                "select table_name from duckdb_tables() where schema_name = ? order by 1", [schema]
            ).fetchall()
        ]
        assert len(tables) >= 25
        name = database.stem
        return {
            table: sorted(map(repr, connection.execute(f'select * from "{name}".{schema}."{table}"').fetchall()))
            for table in tables
        }


def differing(ours: Content, theirs: Content) -> dict[str, list[str]]:
    """table -> the first rows that only one side has."""
    assert ours.keys() == theirs.keys()
    return {
        table: sorted(set(ours[table]) ^ set(theirs[table]))[:3] or ["row counts differ"]
        for table in ours
        if ours[table] != theirs[table]
    }
