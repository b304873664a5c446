"""Where the table stands in a sheet, and what its columns mean.

Above it: a motto, a title, the day of the figures. Its header: one row or two. Below the header: a row that numbers the
columns. Under the table: a signature. What belongs to none of these is the body; figures.py and events.py tell its rows apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from thidua.intake.contracts import Column, Contract, Role
from thidua.intake.days import days_in_titles
from thidua.intake.faults import FileFault
from thidua.intake.grid import Grid
from thidua.intake.words import fold, has_phrase

HEAD_ROWS = 60
TAIL_ROWS = 40
_NUMBERING = re.compile(r"\(?\s*([a-zA-Z]|\d{1,2})\s*\)?(?:\s*=.*)?")
_SIGNATURE = re.compile(
    r"nguoi lap|lap bieu|ke toan|giam doc|thu truong|thu ky|noi nhan|ghi chu|xac nhan|ky ten|ngay \d+ thang|nguoi tong hop"
    r"|prepared by|director|signature"
)


@dataclass(frozen=True)
class Mapped:
    """A column of the sheet (from 0) that the contract knows. `metric_id` when its header names the metric."""

    index: int
    column: Column
    header: str
    is_exact: bool
    metric_id: str | None = None


@dataclass(frozen=True)
class Layout:
    """Row indexes are from 0 in the grid; the body is [body_start, body_stop)."""

    header_rows: range
    body_start: int
    body_stop: int
    columns: list[Mapped]
    title_days: set[date] = field(default_factory=set)

    def first(self, role: Role) -> Mapped | None:
        return next((mapped for mapped in self.columns if mapped.column.role == role), None)

    def of_role(self, role: Role) -> list[Mapped]:
        return [mapped for mapped in self.columns if mapped.column.role == role]


Metrics = Mapping[str, Sequence[str]]  # metric_id -> what it is called, its id among them


def _named_metric(folded: str, metrics: Metrics) -> tuple[str, bool] | None:
    """The metric whose name a folded header is (True) or carries (False); None when none or several."""
    exact = {metric for metric, names in metrics.items() if folded in map(fold, names)}
    if len(exact) == 1:
        return exact.pop(), True
    found = {
        metric
        for metric, names in metrics.items()
        if any((" " in fold(name) or name == metric) and has_phrase(folded, fold(name)) for name in names)
    }
    return (found.pop(), False) if len(found) == 1 else None


def _map_one(index: int, texts: Sequence[str], contract: Contract, metrics: Metrics) -> Mapped | None:
    """What one column means; `texts` are its header from the most specific reading to the least."""
    whole = texts[-1]
    metric = _named_metric(fold(whole), metrics) if fold(whole) else None
    best: tuple[Column, bool] | None = None
    for text in texts:
        found = contract.column_of(text)
        if found and (best is None or (found[1] and not best[1])):
            best = found
    value = contract.of_role("value")
    if best is None and metric and len(value) == 1 and (metric[1] or not value[0].is_excluded(whole)):
        best = value[0], metric[1]
    is_value = best is not None and best[0].role == "value"
    if best is None or (best[0].is_excluded(whole) and not (is_value and metric and metric[1])):
        return None
    return Mapped(index, best[0], " ".join(whole.split()), best[1], metric[0] if is_value and metric else None)


def _header_texts(rows: Sequence[Sequence[str]], width: int) -> list[list[str]]:
    """Per column the readings of its header: of two rows the lower, the upper, both joined; merged cells filled."""
    if len(rows) == 1:
        return [[rows[0][index]] for index in range(width)]
    upper, lower = rows
    texts = []
    above = ""
    for index in range(width):
        high, low = upper[index].strip(), lower[index].strip()
        above = high or (above if low else "")
        texts.append([low, above, f"{above} {low}"] if low and above else [high or low])
    return texts


def _map_columns(rows: Sequence[Sequence[str]], width: int, contract: Contract, metrics: Metrics) -> list[Mapped]:
    mapped = []
    for index, texts in enumerate(_header_texts(rows, width)):
        # An upper cell merged over several columns names none of them alone.
        candidates = [texts[0], texts[2]] if len(texts) == 3 else texts
        found = _map_one(index, candidates, contract, metrics)
        if found:
            mapped.append(found)
    return mapped


def _without_rivals(mapped: list[Mapped]) -> list[Mapped]:
    """One column per meaning: a header that is the whole name wins over one that only contains it."""
    exact = {(one.column.name, one.metric_id) for one in mapped if one.is_exact}
    return [one for one in mapped if one.is_exact or (one.column.name, one.metric_id) not in exact]


def _score(mapped: list[Mapped]) -> tuple[int, int, int]:
    roles = {one.column.name for one in mapped if one.column.required}
    exact = {one.column.name for one in mapped if one.is_exact and one.column.required}
    return len(roles), len(exact), len({one.column.name for one in mapped})


def find_layout(grid: Grid, contract: Contract, metrics: Metrics, *, has_unit_hint: bool) -> Layout | None:
    """The layout of a sheet, None when it holds no table of this contract.

    Raises FileFault `column_twice` when two columns have the same meaning.
    """
    head = grid.rows(0, HEAD_ROWS)
    required = [column for column in contract.columns if column.required]
    # A unit or a day may come from the file's name or title; the rest must have its column.
    essential = {column.name for column in required if column.role not in ("unit", "as_of_date")}
    best: tuple[tuple[int, int, int], int, int, list[Mapped]] | None = None
    for start in range(min(len(head), HEAD_ROWS - 2)):
        if not any(cell.strip() for cell in head[start]):
            continue
        for span in (1, 2):
            rows = head[start : start + span]
            if len(rows) < span or (span == 2 and not any(cell.strip() for cell in rows[1])):
                continue
            if span == 2 and sum(1 for cell in rows[0] if cell.strip()) == 1:
                continue  # a title right above the header is no part of it: its words would name every column
            mapped = _without_rivals(_map_columns(rows, grid.width, contract, metrics))
            names = {one.column.name for one in mapped}
            if not essential <= names or len(mapped) < 2:
                continue
            if not has_unit_hint and "unit" not in {one.column.role for one in mapped}:
                continue
            score = _score(mapped)
            if best is None or score > best[0]:
                best = score, start, span, mapped
        if best and best[0][:2] == (len(required), len(required)):
            break  # all that is needed, by its whole name: nothing further down can be a better header
    if best is None:
        return None
    _, start, span, mapped = best
    if span == 1 and start + 1 < len(head) and _continues_header(head[start + 1], mapped):
        span = 2
        joined = _without_rivals(_map_columns(head[start : start + 2], grid.width, contract, metrics))
        if _score(joined)[0] >= best[0][0]:
            mapped = joined
    _refuse_rivals(mapped)
    titles = [cell for row in head[: start + span] for cell in row if cell.strip()]
    body_start = start + span
    while body_start < len(head) and (
        not any(cell.strip() for cell in head[body_start]) or _is_numbering(head[body_start])
    ):
        body_start += 1
    return Layout(
        header_rows=range(start, start + span),
        body_start=min(body_start, grid.height),
        body_stop=_body_stop(grid, body_start, mapped),
        columns=mapped,
        title_days=days_in_titles(titles),
    )


def missing_columns(contract: Contract) -> tuple[str, str]:
    """What a header needs, in Vietnamese and in English, for the message."""
    needed = [column for column in contract.columns if column.required and column.role != "as_of_date"]
    return ", ".join(f"'{column.title.vi}'" for column in needed), ", ".join(
        f"'{column.title.en}'" for column in needed
    )


def _continues_header(row: Sequence[str], mapped: list[Mapped]) -> bool:
    """Whether the row under a header is its second row: words below merged cells, nothing in the unit's column."""
    named = [row[one.index].strip() for one in mapped if one.column.role in ("unit", "ordinal", "as_of_date")]
    cells = [cell for cell in row if cell.strip()]
    return bool(cells) and not any(named) and not any(re.search(r"\d", cell) or cell.strip() == "-" for cell in cells)


def _refuse_rivals(mapped: list[Mapped]) -> None:
    seen: dict[tuple[str, str | None], Mapped] = {}
    for one in mapped:
        key = (one.column.name, one.metric_id)
        if key in seen and one.column.role != "ordinal":
            raise FileFault("column_twice", value=one.column.title.vi)
        seen[key] = one


def _is_numbering(row: Sequence[str]) -> bool:
    """`(A) | (B) | (1) | (2) | (3)=(2)/(1)`: the columns' own numbers, counting up."""
    cells = [cell.strip() for cell in row if cell.strip()]
    matches = [_NUMBERING.fullmatch(cell) for cell in cells]
    if len(cells) < 2 or not all(matches):
        return False
    marks = [match[1] for match in matches if match]
    numbers = [int(mark) for mark in marks if mark.isdigit()]
    letters = [mark.lower() for mark in marks if not mark.isdigit()]
    counted = numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else bool(letters)
    lettered = letters == sorted(set(letters))
    # A row of data such as `1 | 2` has no brackets and no letters: only `1 | 2 | 3 ...` from 1 counts as numbers.
    return (
        counted
        and lettered
        and (bool(letters) or any("(" in cell for cell in cells) or (numbers[:1] == [1] and len(numbers) > 2))
    )


def _body_stop(grid: Grid, body_start: int, mapped: list[Mapped]) -> int:
    """Where the signature begins: after the last figure, behind a gap, a total, or words of a signature."""
    start = max(body_start, grid.height - TAIL_ROWS)
    tail = grid.rows(start, grid.height)
    values = [one.index for one in mapped if one.column.role in ("value", "person", "key", "instant")]
    last = -1
    for position, row in enumerate(tail):
        if any(re.search(r"\d", row[index]) or row[index].strip() in {"-", "–", "—"} for index in values):
            last = position
    if last < 0 and start > body_start:
        return grid.height
    after_total = last >= 0 and any(is_total(cell) for cell in tail[last])
    for position in range(last + 1, len(tail)):
        folded = fold(" ".join(tail[position]))
        if not folded or after_total or _SIGNATURE.search(folded):
            return start + position
    return grid.height


_TOTAL = re.compile(r"(tong( cong| so| toan tinh)?|cong|toan tinh|total|grand total|sum)( .*)?")
_BLOC = re.compile(r"(khoi|cac|nhom|cum|khu vuc|bloc|group) .*|khoi")
_ROMAN = re.compile(r"(?=[ivx])x{0,3}(ix|iv|v?i{0,3})")


def is_total(text: str) -> bool:
    """Whether a label that is no unit opens a row of totals. A formula such as `@SUM(A1)` is no label."""
    return not text.lstrip().startswith(("=", "@")) and bool(_TOTAL.fullmatch(fold(text)))


def is_bloc(text: str) -> bool:
    """Whether a label that is no unit opens a bloc: `I. Khối các huyện`, `Các phòng nghiệp vụ`."""
    folded = fold(text)
    first, _, rest = folded.partition(" ")
    return bool(_BLOC.fullmatch(folded) or (rest and _ROMAN.fullmatch(first) and _BLOC.fullmatch(rest)))


def is_roman(text: str) -> bool:
    return bool(_ROMAN.fullmatch(fold(text)))
