"""Instants as offices write them, in local time: 26/03/2022 08:05, 2022-03-26T08:05:00, 26/03/2022 8:05:00 CH."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

from thidua.intake.days import parse_day, parse_serial_moment

# What DuckDB reads by itself, the most usual first; a day without a time begins at 00:00.
MOMENT_FORMATS = str(
    [
        "%d/%m/%Y %H:%M:%S",
        "%Y-%m-%d %H:%M:%S",
        "%d/%m/%Y %H:%M",
        "%d/%m/%Y",
        "%Y-%m-%d",
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%d %H:%M:%S.%f",
        "%H:%M:%S %d/%m/%Y",
        "%H:%M %d/%m/%Y",
        "%d-%m-%Y %H:%M:%S",
        "%d-%m-%Y",
        "%d.%m.%Y",
    ]
)


def moment_sql(text: str) -> str:
    """SQL of the local moment that a text names; null where DuckDB reads none. Failing to read a blank costs most."""
    return f"case when {text} <> '' then try_strptime({text}, {MOMENT_FORMATS}) end"


def instant_sql(moment: str) -> str:
    """SQL of the instant of a local moment, which is UTC+7 all year round.

    Counted in microseconds: for casts of instants DuckDB asks a calendar of time zones, ten times as slow.
    """
    return f"make_timestamptz(epoch_us({moment}) - 7 * 3600000000)"


def instant_text_sql(instant: str) -> str:
    """SQL of an instant as DuckDB writes it in UTC, as fast: 2023-06-30 17:00:00+00."""
    return f"cast(make_timestamp(epoch_us({instant})) as varchar) || '+00'"


_CLOCK = r"(?P<hour>\d{1,2})\s*(?:[:h]|giờ)\s*(?P<minute>\d{2})?(?:[:'](?P<second>\d{2})(?:\.\d+)?)?\s*(?P<half>SA|CH|AM|PM)?"
_DAY_FIRST = re.compile(rf"(?P<day>.+?)[\s,T]+(?:lúc\s+)?{_CLOCK}", re.IGNORECASE)
_CLOCK_FIRST = re.compile(rf"{_CLOCK}[\s,]+(?P<day>.+)", re.IGNORECASE)


def parse_moment(text: str) -> datetime | None:
    """The local instant that a cell names, None when it names none. Never guessed: a day that does not exist is none."""
    text = text.strip()
    if serial := parse_serial_moment(text):
        return serial
    match = _DAY_FIRST.fullmatch(text) or _CLOCK_FIRST.fullmatch(text)
    if not match:
        # A day that is told with a time must not become its midnight because the time cannot be read.
        day = parse_day(text) if ":" not in text else None
        return datetime.combine(day, time()) if day else None
    day = parse_day(match["day"])
    if not day:
        return None
    hour, half = int(match["hour"]), (match["half"] or "").upper()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half in ("CH", "PM") else 0)
    if hour > 23 or int(match["minute"] or 0) > 59 or int(match["second"] or 0) > 59:
        return None
    return datetime.combine(day, time()) + timedelta(
        hours=hour, minutes=int(match["minute"] or 0), seconds=int(match["second"] or 0)
    )
