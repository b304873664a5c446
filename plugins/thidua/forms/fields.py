"""What each column of a form asks: its header, the values that it takes, and how people are told. By roles only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from thidua.intake.campaigns import CampaignFacts
from thidua.intake.contracts import Column, Contract, Role
from thidua.intake.words import fold

Kind = Literal["text", "number", "day", "moment", "person", "list"]

_KINDS: dict[Role, Kind] = {
    "value": "number",
    "shown": "number",
    "score": "number",
    "as_of_date": "day",
    "instant": "day",
    "valid_through": "day",
    "person": "person",
}
# role -> what to write, in Vietnamese and in English
_GUIDES: dict[Role, tuple[str, str]] = {
    "ordinal": ("Số thứ tự, có thể để trống.", "A running number; may stay blank."),
    "unit": ("Chọn trong danh sách; cũng nhận mã hoặc tên khác của đơn vị.", "Choose from the list; a code or another name will do."),
    "dimension": ("Chọn hoặc ghi nhóm của dòng này.", "Choose or write the group of this row."),
    "as_of_date": ("Ngày mà số liệu phản ánh, dạng ngày/tháng/năm; không sau ngày nộp.", "The day that the figure speaks of; not after the day of sending."),
    "metric": ("Chọn chỉ tiêu của số liệu ở dòng này.", "Choose the metric of this row's figure."),
    "value": ("Số nguyên từ 0, lũy kế hoặc hiện có tại ngày số liệu; bằng không thì ghi 0, không để trống.", "A whole number from 0 on; write 0 for none, never leave it blank."),
    "shown": ("Số nguyên từ 0, chỉ để đối chiếu.", "A whole number, only compared."),
    "rate": ("Tỷ lệ, ví dụ 74,04%; chỉ để đối chiếu, có thể để trống.", "A rate such as 74,04%; only compared, may stay blank."),
    "person": ("10 hoặc 12 chữ số, giữ cả số 0 ở đầu (ô đã định dạng Văn bản).", "10 or 12 digits with their leading zeros (the cells are Text)."),
    "key": ("Số hoặc mã của hồ sơ, ghi đúng như trên hồ sơ.", "The number of the document, as it stands there."),
    "instant": ("Ngày xảy ra, dạng ngày/tháng/năm; không sau ngày nộp.", "The day on which it happened; not after the day of sending."),
    "choice": ("Chọn trong danh sách.", "Choose from the list."),
    "product": ("Chọn trong danh sách.", "Choose from the list."),
    "valid_through": ("Ngày cuối cùng còn giá trị, dạng ngày/tháng/năm.", "The last day on which it is valid."),
    "score": ("Số nguyên từ 0.", "A whole number from 0 on."),
    "text": ("Để người đọc đối chiếu; không được lưu.", "For people who read the file; not stored."),
}  # fmt: skip
_GUIDE_WITH_TIME = (
    "Ngày và giờ đến giây, dạng ngày/tháng/năm giờ:phút:giây; không sau lúc nộp.",
    "Day and time to the second; not after the instant of sending.",
)
_SINCE = date(2000, 1, 1)


@dataclass(frozen=True)
class Field:
    """A column of a form. `header` carries (*) where the column is required; `not_before` is of days."""

    column: Column
    header: str
    kind: Kind
    is_required: bool
    guide: tuple[str, str]
    choices: tuple[str, ...] = ()
    not_before: date = _SINCE
    example: str = ""


def fields_of(contract: Contract, facts: CampaignFacts | None) -> list[Field]:
    """The contract's columns in their order. A column of metrics only where there are several to tell apart."""
    metrics = metrics_of(contract, facts)
    return [
        _field(contract, column, facts, metrics)
        for column in contract.columns
        if column.role != "metric" or len(metrics) > 1
    ]


def metrics_of(contract: Contract, facts: CampaignFacts | None) -> dict[str, tuple[str, ...]]:
    """metric_id -> its names: of the campaign, else of the contract."""
    if facts:
        return contract.names_of(facts.metrics_of(contract.export_type))
    return {metric: (metric, *names) for metric, names in contract.metric_names.items()}


def _field(
    contract: Contract, column: Column, facts: CampaignFacts | None, metrics: Mapping[str, tuple[str, ...]]
) -> Field:
    kind = _KINDS.get(column.role, "text")
    choices = _choices(column, facts, metrics)
    if choices:
        kind = "list"
    elif column.precision == "second":
        kind = "moment"
    is_required = column.required or column.role == "metric"
    not_before = _SINCE
    if column.role == "as_of_date" and facts and facts.earliest_date:
        not_before = facts.earliest_date
    return Field(
        column=column,
        header=_header(contract, column) + (" (*)" if is_required else ""),
        kind=kind,
        is_required=is_required,
        guide=_GUIDE_WITH_TIME if kind == "moment" else _GUIDES[column.role],
        choices=choices,
        not_before=not_before,
        example=_example(column, kind, choices, facts),
    )


def _header(contract: Contract, column: Column) -> str:
    """The column's title where it is one of its headers, else the first of them that means this column alone."""
    names = [column.title.vi, *column.headers]
    return next((name for name in names if contract.column_of(name) == (column, True)), column.headers[0])


def _choices(column: Column, facts: CampaignFacts | None, metrics: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    if column.role == "unit" and facts:
        return tuple(_unit_label(facts, unit.unit_id) for unit in facts.plan.units)
    if column.role == "metric":
        return tuple(_metric_label(metric, metrics) for metric in metrics)
    return tuple(texts[0] if texts else key for key, texts in column.values.items())


def _unit_label(facts: CampaignFacts, unit_id: str) -> str:
    """The unit's name, unless another unit has it too: then a name or the id that is its own."""
    unit = facts.units[unit_id]
    names = [unit.name, *unit.all_aliases, unit_id]
    return next((name for name in names if facts.registry.resolve(name).unit_id == unit_id), unit_id)


def _metric_label(metric: str, metrics: Mapping[str, tuple[str, ...]]) -> str:
    """The first name of the metric besides its id that no other metric has."""
    for name in metrics[metric][1:]:
        if sum(fold(name) in map(fold, names) for names in metrics.values()) == 1:
            return name
    return metric


def _example(column: Column, kind: Kind, choices: tuple[str, ...], facts: CampaignFacts | None) -> str:
    """An invented value."""
    day = (facts.earliest_date if facts and facts.earliest_date else date(2023, 6, 1)) + timedelta(days=30)
    if choices:
        return choices[0]
    if column.role == "rate":
        return "60,00%"
    return {
        "text": "Nguyễn Văn Ví Dụ" if column.personal else "1" if column.role == "ordinal" else f"{column.title.vi} A",
        "number": "120",
        "day": f"{day:%d/%m/%Y}",
        "moment": f"{day:%d/%m/%Y} 08:05:30",
        "person": "0123456789",
    }[kind]
