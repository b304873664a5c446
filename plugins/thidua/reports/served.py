"""Reading serve/current: one version per call, read-only, and text of figures as Vietnamese offices write them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console

from thidua.errors import NotWell, ThiduaError
from thidua.settings import Home

Row = dict[str, Any]

REPORT_LABELS = {
    "on_time": "đúng hạn",
    "late": "muộn",
    "missing": "chưa gửi",
    "returned": "bị trả lại",
    "excused": "được miễn",
    "not_due": "chưa đến hạn",
}


class Served:
    """One published version. `rows` gives dicts; values are int, Decimal, date, datetime or text."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        cursor = self._connection.execute(sql, list(parameters))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def has(self, table: str, column: str) -> bool:
        """Whether this version has a column: one that an older release published has not those that came since."""
        found = self.rows(
            "select 1 from duckdb_columns() where database_name = current_database() and schema_name = current_schema() "
            "and table_name = $1 and column_name = $2",
            [table, column],
        )
        return bool(found)

    def check_campaign(self, campaign: str) -> None:
        """Raises ThiduaError with close matches for a campaign that is not published."""
        rows = self.rows("select campaign_id, title from dim_campaign order by campaign_id")
        check_known("phong trào", "campaign", campaign, {row["campaign_id"]: row["title"] for row in rows})

    def check_period(self, campaign: str | None, period: str) -> None:
        """Raises ThiduaError with close matches for a period that the campaign (any campaign: None) does not have."""
        rows = self.rows(
            "select period_id, any_value(name) as name from dim_period where $1 is null or campaign_id = $1 "
            "group by period_id order by min(cutoff_at), period_id",
            [campaign],
        )
        check_known("kỳ", "period", period, {row["period_id"]: row["name"] for row in rows})

    def check_unit(self, campaign: str, unit: str) -> None:
        """Raises ThiduaError with close matches for a unit that the campaign does not have."""
        rows = self.rows("select unit_id, name from dim_unit where campaign_id = $1 order by unit_id", [campaign])
        check_known("đơn vị", "unit", unit, {row["unit_id"]: row["name"] for row in rows})


def check_known(vietnamese: str, english: str, value: str, names: Mapping[str, str | None]) -> None:
    """Raises ThiduaError unless `value` is one of the ids; whoever types a name instead is shown the id beside it."""
    if value in names:
        return
    written = {key.casefold(): key for key in names}
    written |= {name.casefold(): key for key, name in names.items() if name}
    close = difflib.get_close_matches(value.casefold(), list(written), 6, 0.5)
    # What is part of a name is close, however long the name: `Bảo Lộc` in `BHXH thành phố Bảo Lộc`.
    close = [text for text in written if value.casefold() in text] + close
    found = list(dict.fromkeys(written[text] for text in close))[:3]
    shown = ", ".join(f"{key} ({names[key]})" if names[key] else key for key in found or names)
    label = "closest" if found else "allowed"
    raise ThiduaError(f"không có {vietnamese} / there is no {english} '{value}' ({label}: {shown or 'none yet'})")


def current_version(home: Home) -> Path:
    """The file that is published now. Raises NotWell when nothing is."""
    path = (home.serve / "current").resolve() / "marts.duckdb"
    if not path.exists():
        raise NotWell("chưa công bố gì / nothing is published yet; run `make run`, or `thidua build` and `publish`")
    return path


@contextmanager
def open_served(home: Home) -> Iterator[Served]:
    """The current version; a publish meanwhile does not touch it. Raises NotWell when nothing is published."""
    with duckdb.connect(str(current_version(home)), read_only=True) as connection:
        connection.execute("use marts.marts")
        connection.execute("set TimeZone = 'Asia/Ho_Chi_Minh'")
        yield Served(connection)


def dotted(value: int | None) -> str:
    """13087 as 13.087; a dash where there is none."""
    return "–" if value is None else f"{value:,}".replace(",", ".")


def half_up_percent(numerator: int, denominator: int) -> str:
    """9690 of 13087 as 74,04%: half-up from the integers, away from zero. The denominator is above zero."""
    hundredths = (abs(numerator) * 20_000 + denominator) // (2 * denominator)
    sign = "-" if numerator < 0 and hundredths else ""
    return f"{sign}{dotted(hundredths // 100)},{hundredths % 100:02d}%"


def exact_percent(rate: Decimal) -> str:
    """A threshold as the plan writes it: 0.600000 as 60%, 0.666700 as 66,67%."""
    text = f"{rate * 100:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{text.replace('.', ',')}%"


def console() -> Console:
    """The terminal as it is; wide enough for a table where the output goes to a file."""
    found = Console()
    return found if found.is_terminal else Console(width=170)
