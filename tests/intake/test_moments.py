"""Instants reckoned without asking a calendar of time zones are those that DuckDB reckons with one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from thidua.intake.moments import instant_sql, instant_text_sql

MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999))


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


@settings(deadline=None, max_examples=30)
@given(moments=st.lists(MOMENTS, min_size=1, max_size=50))
@example(moments=[datetime(2023, 6, 30), datetime(2023, 6, 30, 0, 0, 0, 500_000), datetime(1900, 1, 1, 6, 59, 59)])
def test_an_instant_and_its_text_are_duckdbs_own(
    connection: duckdb.DuckDBPyConnection, moments: list[datetime]
) -> None:
    rows = connection.execute(
        f"""
        select
            {instant_sql("moment")} as instant, cast(moment - interval 7 hours as timestamptz),
            {instant_text_sql("instant")}, cast(instant as varchar)
        from (select unnest($moments::timestamp[]) as moment)
        """,
        {"moments": moments},
    ).fetchall()
    assert len(rows) == len(moments)
    for instant, its_own, text, own_text in rows:
        assert (instant, text) == (its_own, own_text)


def test_nothing_is_no_instant(connection: duckdb.DuckDBPyConnection) -> None:
    nothing = "cast(null as timestamp)"
    found = connection.execute(f"select {instant_sql(nothing)}, {instant_text_sql(instant_sql(nothing))}").fetchone()
    assert found == (None, None)
