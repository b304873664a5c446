"""Days as offices write them: 30/6/2023, 30.06.2023, 2023-06-30, 45107, "ngày 30 tháng 6 năm 2023".

Vietnam writes the day first: 06/07/2023 is the 6th of July. A year of two digits is not guessed.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import PurePosixPath

_TIME = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?(?:SA|CH|AM|PM))?"
_ISO = re.compile(rf"(\d{{4}})([-/])(\d{{1,2}})\2(\d{{1,2}})(?:[ T]{_TIME})?")
_LOCAL = re.compile(rf"(\d{{1,2}})\s*[/.\-]\s*(\d{{1,2}})\s*[/.\-]\s*(\d{{4}})(?: {_TIME})?")
# A day that lost its format in Excel: days since 1900, from 1927 to 2099.
_SERIAL = re.compile(r"(\d{5})(\.\d+)?")
_SERIAL_ZERO = date(1899, 12, 30)
DAYS_FROM_1900_TO_1904 = 1462
_LAST_SERIAL = 73_050
_WORDS = re.compile(r"(?:ngày\s*)?(\d{1,2})\s*tháng\s*(\d{1,2})\s*năm\s*(\d{4})", re.IGNORECASE)
_LEAD = re.compile(r"^(?:đến\s+)?(?:hết\s+)?(?:ngày\s+)", re.IGNORECASE)

_DAY = (
    r"(?:(?P<d>\d{1,2})\s*[/.\-]\s*(?P<m>\d{1,2})\s*[/.\-]\s*(?P<y>\d{4})"
    r"|(?P<d2>\d{1,2})\s*tháng\s*(?P<m2>\d{1,2})\s*năm\s*(?P<y2>\d{4})"
    r"|(?P<y3>\d{4})-(?P<m3>\d{1,2})-(?P<d3>\d{1,2}))"
)
_THROUGH_DAY = re.compile(
    r"(?:tính\s+đến|đến\s+hết|đến|as\s+of|to\s+the\s+end\s+of|through)\s+(?:hết\s+)?(?:ngày\s+)?" + _DAY,
    re.IGNORECASE,
)
_THROUGH_MONTH = re.compile(r"(?:tính\s+)?đến\s+hết\s+tháng\s*(\d{1,2})\s*(?:/|năm\s*)\s*(\d{4})", re.IGNORECASE)
_ON_DAY = re.compile(r"(?:ngày\s*|date:?\s*)" + _DAY, re.IGNORECASE)
# The day of a letter or of a signature is not the day of the figures.
_OTHER_DAYS = re.compile(
    r"kèm theo|công văn|quyết định|kế hoạch|ban hành|căn cứ|số\s*:|^[^\d:]*,\s*ngày", re.IGNORECASE
)
_HINT = re.compile(r"^(?P<unit>.+?)[_ ](?P<day>\d{4}-\d{2}-\d{2})(?:\D.*)?$")


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def parse_day(text: str) -> date | None:
    """The day that a cell names: d/m/yyyy, ISO, Excel's serial number, or in words.

    None when it names none, or one that does not exist.
    """
    text = _LEAD.sub("", text.strip())
    if match := _ISO.fullmatch(text):
        return _day(match[1], match[3], match[4])
    if (match := _SERIAL.fullmatch(text)) and not match[2] and int(match[1]) <= _LAST_SERIAL:
        return _SERIAL_ZERO + timedelta(days=int(match[1]))
    if match := _LOCAL.fullmatch(text) or _WORDS.fullmatch(text):
        return _day(match[3], match[2], match[1])
    return None


def parse_serial_moment(text: str) -> datetime | None:
    """The local instant of a serial number with a fraction, to the second: 45107.5 is noon of 2023-06-30."""
    match = _SERIAL.fullmatch(text.strip())
    if not match or int(match[1]) > _LAST_SERIAL:
        return None
    midnight = datetime.combine(_SERIAL_ZERO, datetime.min.time())
    seconds = round(Decimal(match[0]) * 86_400)
    return midnight + timedelta(seconds=seconds)


def _matched(match: re.Match[str]) -> date | None:
    parts = match.groupdict()
    year, month, day = (parts[key] or parts[key + "2"] or parts[key + "3"] for key in "ymd")
    return _day(year, month, day)


def days_in_titles(texts: Iterable[str]) -> set[date]:
    """The as-of days that titles name. What says "to the end of" decides; else a bare day, not that of a letter."""
    through: set[date | None] = set()
    bare: set[date | None] = set()
    for text in texts:
        through |= {_matched(match) for match in _THROUGH_DAY.finditer(text)}
        for match in _THROUGH_MONTH.finditer(text):
            month, year = int(match[1]), int(match[2])
            if 1 <= month <= 12:
                through.add(date(year, month, calendar.monthrange(year, month)[1]))
        if not _OTHER_DAYS.search(text):
            bare |= {_matched(match) for match in _ON_DAY.finditer(text)}
    return {day for day in (through or bare) if day}


def file_name_hint(file_name: str) -> tuple[str, date] | None:
    """(unit as written, day) of a name like `bao-loc_2023-06-30.xlsx`, else None."""
    match = _HINT.match(PurePosixPath(file_name).stem)
    if not match:
        return None
    day = parse_day(match["day"])
    return (match["unit"], day) if day else None
