"""Reading serve/current: one version per call, read-only, and text of figures as Vietnamese offices write them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
from rich.console import Console

from thidua.errors import NotWell, ThiduaError
from thidua.settings import Home

Row = dict[str, Any]


class Served:
    """One published version. `rows` gives dicts; values are int, Decimal, date, datetime or text."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        cursor = self._connection.execute(sql, list(parameters))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def known(self, what: str, value: str, allowed: Iterable[str]) -> None:
        """Raises ThiduaError with close matches unless `value` is one of the allowed names."""
        names = list(allowed)
        if value not in names:
            close = difflib.get_close_matches(value, names, 3) or names
            raise ThiduaError(f"không có {what} / there is no {what} '{value}' (allowed: {', '.join(close)})")


@contextmanager
def open_served(home: Home) -> Iterator[Served]:
    """The current version; a publish meanwhile does not touch it. Raises NotWell when nothing is published."""
    path = (home.serve / "current").resolve() / "marts.duckdb"
    if not path.exists():
        raise NotWell("chưa công bố gì / nothing is published yet; run `make run`, or `thidua build` and `publish`")
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("use marts.marts")
        connection.execute("set TimeZone = 'Asia/Ho_Chi_Minh'")
        yield Served(connection)


def dotted(value: int | None) -> str:
    """13087 as 13.087; a dash where there is none."""
    return "–" if value is None else f"{value:,}".replace(",", ".")


def half_up_percent(numerator: int, denominator: int) -> str:
    """9690 of 13087 as 74,04%: half-up from the integers, away from zero."""
    hundredths = (abs(numerator) * 20_000 + denominator) // (2 * denominator)
    sign = "-" if numerator < 0 and hundredths else ""
    return f"{sign}{dotted(hundredths // 100)},{hundredths % 100:02d}%"


def console() -> Console:
    """The terminal as it is; wide enough for a table where the output goes to a file."""
    found = Console()
    return found if found.is_terminal else Console(width=170)
