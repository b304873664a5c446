"""Where the table is in a sheet that was made by hand: header rows, columns, the date in the title.

Above the header stand a motto and a title, below it a numbering row, bloc rows, a total and signatures. Which rows
are data is decided with all files at once (parse); here only the header is found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from thidua.intake.contracts import Contract
from thidua.intake.readers import Sheet
from thidua.plan.registry import fold

HEADER_SEARCH_ROWS = 60


@dataclass(frozen=True)
class Layout:
    """A header found: its rows (0-based, the last one included), the column of each role, the metric columns."""

    sheet: Sheet
    header_rows: tuple[int, ...]
    columns: Mapping[str, int]
    metric_columns: Mapping[str, int] = field(default_factory=dict)  # metric_id -> column, where headers name metrics
    headers: Mapping[str, str] = field(default_factory=dict)  # role or metric -> header as sent
    title_dates: tuple[date, ...] = ()

    @property
    def first_row(self) -> int:
        return self.header_rows[-1] + 1

    @property
    def score(self) -> tuple[int, int]:
        return len(self.columns) + len(self.metric_columns), -len(self.header_rows)


def _header_keys(text: str) -> list[str]:
    """A header with and without what stands in brackets: `Lũy kế (người)`."""
    without = re.sub(r"\([^)]*\)", " ", text)
    return [key for key in (fold(text), fold(without)) if key]


class HeaderIndex:
    """Header texts that name a role or a metric, folded."""

    def __init__(self, contract: Contract, metrics: Mapping[str, str]) -> None:
        self._roles = {fold(text): column.role for column in contract.columns for text in column.headers}
        self._metrics: dict[str, str] = {}
        for metric_id, name in metrics.items():
            self._metrics |= {fold(metric_id): metric_id, fold(name): metric_id}

    def match(self, text: str) -> tuple[str, str] | None:
        """('role', name) or ('metric', metric_id) that a header text names."""
        for key in _header_keys(text):
            if key in self._roles:
                return "role", self._roles[key]
            if key in self._metrics:
                return "metric", self._metrics[key]
        return None


def find_layout(sheet: Sheet, index: HeaderIndex, required: Sequence[str]) -> Layout | None:
    """The best header of one or two rows that names every required role, or None."""
    best: Layout | None = None
    for row in range(min(len(sheet.rows), HEADER_SEARCH_ROWS)):
        for rows in ((row,), (row, row + 1)):
            if rows[-1] >= len(sheet.rows):
                continue
            layout = _match_rows(sheet, rows, index)
            has_value = "value" in layout.columns or layout.metric_columns
            if not has_value or any(role not in layout.columns for role in required if role != "value"):
                continue
            if best is None or layout.score > best.score:
                best = layout
    if best is None:
        return None
    dates = tuple(dict.fromkeys(_dates_above(sheet, best.header_rows[0])))
    return Layout(sheet, best.header_rows, best.columns, best.metric_columns, best.headers, dates)


def _match_rows(sheet: Sheet, rows: tuple[int, ...], index: HeaderIndex) -> Layout:
    columns: dict[str, int] = {}
    metrics: dict[str, int] = {}
    headers: dict[str, str] = {}
    for column, texts in enumerate(_header_texts(sheet, rows)):
        for text in texts:
            found = index.match(text)
            if found is None:
                continue
            kind, name = found
            place = columns if kind == "role" else metrics
            if name not in place:
                place[name] = column
                headers[name] = text
            break
    if "value" in columns:
        metrics = {}
    return Layout(sheet, rows, columns, metrics, headers)


def _header_texts(sheet: Sheet, rows: tuple[int, ...]) -> list[list[str]]:
    """The texts a column may be called by: of two rows the lower one first, then both, then the upper one alone where
    nothing stands below it. A merged upper cell is blank but in its first column, so it is carried to the right."""
    if len(rows) == 1:
        return [[cell] for cell in sheet.rows[rows[0]]]
    upper, lower = list(sheet.rows[rows[0]]), list(sheet.rows[rows[1]])
    width = max(len(upper), len(lower))
    upper += [""] * (width - len(upper))
    lower += [""] * (width - len(lower))
    texts, carried = [], ""
    for above, below in zip(upper, lower, strict=True):
        carried = above.strip() or (carried if below.strip() else "")
        texts.append([below, f"{carried} {below}"] if below.strip() else [above])
    return texts


_DATES = [
    re.compile(r"ng[aà]y\s+(\d{1,2})\s+th[aá]ng\s+(\d{1,2})\s+n[aă]m\s+(\d{4})"),
    re.compile(r"(?<!\d)(\d{1,2})\s*[/.-]\s*(\d{1,2})\s*[/.-]\s*(\d{4})(?!\d)"),
]
_AS_OF = re.compile(r"(h[eế]t ng[aà]y|t[ií]nh [dđ][eế]n|[dđ][eế]n ng[aà]y|[dđ][eế]n h[eế]t|as of|th[oờ]i [dđ]i[eể]m)")


def _dates_above(sheet: Sheet, header_row: int) -> list[date]:
    """Days in the title that the figures speak of; a letter's own date ("Lâm Đồng, ngày … tháng …") does not count."""
    dates = []
    for row in sheet.rows[:header_row]:
        for cell in row:
            text = cell.casefold()
            mark = _AS_OF.search(text)
            if not mark:
                continue
            for pattern in _DATES:
                for match in pattern.finditer(text, mark.start()):
                    found = _day(match)
                    if found:
                        dates.append(found)
    return dates


def _day(match: re.Match[str]) -> date | None:
    try:
        return date(int(match[3]), int(match[2]), int(match[1]))
    except ValueError:
        return None


_NAME_HINT = re.compile(r"^(?P<unit>.+?)[_ ]+(?P<day>\d{4}-\d{2}-\d{2})")


def name_hint(file_name: str) -> tuple[str | None, date | None]:
    """`<unit>_<YYYY-MM-DD>…` of a file name: what the sender says the file is. Both are hints."""
    match = _NAME_HINT.match(file_name)
    if not match:
        return None, None
    try:
        return match["unit"], date.fromisoformat(match["day"])
    except ValueError:
        return match["unit"], None
