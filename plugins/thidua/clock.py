"""Days and instants. Plans name local days; the lake keeps instants; every end is exclusive.

"hết ngày D" (to the end of day D) is the instant D+1 00:00 +07:00; "trước ngày D" (before day D) is D 00:00 +07:00.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from thidua.errors import ThiduaError

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")


def parse_instant(text: str) -> datetime:
    """An ISO instant in UTC. A day or an instant without an offset is local time (a day: its first instant)."""
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError as error:
        message = f"không phải thời điểm / '{text}' is not an instant; write 2023-07-04, 2023-07-04T08:00:00 or 2023-07-04T08:00:00+07:00"
        raise ThiduaError(message) from error
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=LOCAL)
    return instant.astimezone(UTC)


def day_start(day: date) -> datetime:
    """The first instant of a local day, which is also where everything "before day D" ends."""
    return datetime.combine(day, time(), LOCAL).astimezone(UTC)


def day_end(day: date) -> datetime:
    """The first instant after a local day: the exclusive end of "to the end of day D"."""
    return day_start(day + timedelta(days=1))


def now_utc() -> datetime:
    """The real clock. Everything else takes `now` as an argument, so that tests and replays inject it."""
    return datetime.now(UTC)
