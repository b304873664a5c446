"""The workbook of a form: a sheet to fill in, a guide, and a hidden sheet of the lists that its cells choose from.

What is sent back filled in must pass the intake as it is. So the data area holds no example, the guide is one column
(a table needs two, see intake/layout.py), and the lists are hidden (hidden sheets are not read).
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

import xlsxwriter

from thidua.errors import ThiduaError
from thidua.forms.fields import Field, fields_of, metrics_of
from thidua.intake.campaigns import CampaignFacts
from thidua.intake.contracts import Contract
from thidua.intake.days import days_in_titles

FORM_SHEET, GUIDE_SHEET, LIST_SHEET = "Biểu mẫu", "Hướng dẫn", "Danh mục"
HEADER_ROW = 5  # from 0; above it the title block and a blank row
LAST_ROW = 5_005
NO_DAY = "(Danh sách đầy đủ tính đến hết ngày ....../....../..........)"
_THROUGH = "(Danh sách đầy đủ tính đến hết ngày {day:%d/%m/%Y})"
_SHOWN_CHOICES = 40
_DAY, _MOMENT = "dd/mm/yyyy", "dd/mm/yyyy hh:mm:ss"


def write_form(contract: Contract, facts: CampaignFacts | None) -> bytes:
    """The form of an export type; the same inputs give the same bytes.

    Raises ThiduaError for figures of which the campaign has no metric: no file could ever be accepted.
    """
    if contract.grain == "figures" and facts and not metrics_of(contract, facts):
        raise ThiduaError(
            f"phong trào '{facts.plan.campaign_id}' không có chỉ tiêu nào từ báo cáo '{contract.export_type}' / "
            "this campaign has no metric that is reported by this export type; see its plan.yml"
        )
    fields = fields_of(contract, facts)
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001 - a fixed stamp, so that bytes repeat
    form, guide, lists = (book.add_worksheet(name) for name in (FORM_SHEET, GUIDE_SHEET, LIST_SHEET))
    lists.hide()
    _write_titles(book, form, lists, contract, facts, len(fields))
    for index, field in enumerate(fields):
        _write_column(book, form, lists, index, field)
    form.freeze_panes(HEADER_ROW + 1, 0)
    _write_guide(book, guide, contract, facts, fields)
    book.close()
    return stream.getvalue()


def _write_titles(
    book: Any, form: Any, lists: Any, contract: Contract, facts: CampaignFacts | None, list_column: int
) -> None:
    bold = book.add_format({"bold": True, "font_size": 14})
    form.write_string(0, 0, contract.title.vi.upper(), bold)
    title = facts.plan.document.campaign.title if facts else ""
    if title and not days_in_titles([title]):  # a day in it would be taken for that of the figures
        form.write_string(1, 0, f"Phong trào: {title}")
    form.write_string(3, 0, f"Cột có dấu (*) là bắt buộc; xem trang '{GUIDE_SHEET}' / (*): required")
    if contract.grain == "events":
        form.write_string(2, 0, NO_DAY, book.add_format({"italic": True}))
        days = _closings(facts)
        validation = {
            "input_title": "Tính đến ngày nào?",
            "input_message": "Chọn ngày, hoặc ghi ngày/tháng/năm thay cho dấu chấm / choose or write the last day covered",
        }
        source = {"validate": "list", "source": _list(lists, list_column, days), "error_type": "information"}
        form.data_validation(2, 0, 2, 0, {**validation, **(source if days else {"validate": "any"})})


def _closings(facts: CampaignFacts | None) -> list[str]:
    """The line on completeness for each closing of the campaign."""
    days: set[date] = set()
    for period in facts.plan.document.periods if facts else []:
        if day := period.closing_date or (period.cutoff_at.date() if period.cutoff_at else None):
            days.add(day)
    return [_THROUGH.format(day=day) for day in sorted(days)]


def _list(lists: Any, column: int, choices: Sequence[str]) -> str:
    """Writes choices into a column of the hidden sheet; the formula that means them."""
    for row, choice in enumerate(choices):
        lists.write_string(row, column, choice)
    letter = xlsxwriter.utility.xl_col_to_name(column)
    return f"='{LIST_SHEET}'!${letter}$1:${letter}${max(1, len(choices))}"


def _write_column(book: Any, form: Any, lists: Any, index: int, field: Field) -> None:
    colour = "#F8CBAD" if field.is_required else "#DDEBF7"
    header = book.add_format({"bold": True, "border": 1, "bg_color": colour, "text_wrap": True, "align": "center"})
    form.write_string(HEADER_ROW, index, field.header, header)
    number_format = {"number": "0", "day": _DAY, "moment": _MOMENT}.get(field.kind, "@")
    if field.column.role in ("ordinal", "rate"):
        number_format = "General"
    width = min(40, max(len(field.header) + 2, *(len(choice) for choice in [*field.choices, field.example])))
    form.set_column(index, index, width, book.add_format({"num_format": number_format}))
    vi, en = field.guide
    form.data_validation(
        HEADER_ROW + 1,
        index,
        LAST_ROW,
        index,
        {
            **_validation(field, lists, index),
            "input_title": field.header[:32],
            "input_message": f"{vi} / {en}"[:255],
            "error_title": "Giá trị không hợp lệ",
            "error_message": vi[:255],
        },
    )


def _validation(field: Field, lists: Any, index: int) -> dict[str, Any]:
    if field.kind == "list":
        return {"validate": "list", "source": _list(lists, index, field.choices)}
    if field.kind == "number":
        return {"validate": "integer", "criteria": ">=", "value": 0}
    if field.kind == "person":
        return {"validate": "length", "criteria": "between", "minimum": 10, "maximum": 12}
    if field.kind in ("day", "moment"):
        first = datetime.combine(field.not_before, time())
        if field.column.role == "valid_through":  # may lie ahead
            return {"validate": "date", "criteria": ">=", "value": first}
        return {"validate": "date", "criteria": "between", "minimum": first, "maximum": "=NOW()"}
    return {"validate": "any"}


def _write_guide(
    book: Any, guide: Any, contract: Contract, facts: CampaignFacts | None, fields: Sequence[Field]
) -> None:
    plain = book.add_format({"text_wrap": True, "valign": "top"})
    bold = book.add_format({"text_wrap": True, "valign": "top", "bold": True})
    guide.set_column(0, 0, 110)
    for row, (text, is_heading) in enumerate(_guide(contract, facts, fields)):
        guide.write_string(row, 0, text, bold if is_heading else plain)


def _guide(contract: Contract, facts: CampaignFacts | None, fields: Sequence[Field]) -> list[tuple[str, bool]]:
    """(text, whether it is a heading)"""
    campaign = facts.plan.document.campaign.title if facts else None
    folder = f"landing/{facts.plan.campaign_id if facts else '<phong trào>'}/{contract.export_type}/"
    lines = [
        (f"HƯỚNG DẪN: {contract.title.vi} / {contract.title.en}", True),
        *([(f"Phong trào: {campaign}", False)] if campaign else []),
        (
            f"Ghi số liệu vào trang '{FORM_SHEET}' từ dòng {HEADER_ROW + 2}, không đổi tên cột, không thêm cột trùng tên. "
            "Cột không bắt buộc có thể để trống.",
            False,
        ),
        (f"Fill in the sheet '{FORM_SHEET}' from row {HEADER_ROW + 2} on; keep the headers as they are.", False),
        (f"Đặt tên tệp <đơn vị>_<năm-tháng-ngày>.xlsx rồi nộp vào {folder}", False),
        (f"Name the file <unit>_<yyyy-mm-dd>.xlsx and hand it in at {folder}", False),
    ]
    if contract.grain == "events":
        lines += [
            (f"Ô A3: {NO_DAY[1:-1]}: ghi ngày mà danh sách đầy đủ đến hết ngày đó.", False),
            ("Cell A3: write the day through which the list is complete.", False),
        ]
    for field in fields:
        lines.append(("", False))
        lines.append((f"{field.header} / {field.column.title.en}", True))
        lines += [(text, False) for text in field.guide]
        if field.choices:
            shown = "; ".join(field.choices[:_SHOWN_CHOICES])
            more = f"; … ({len(field.choices)})" if len(field.choices) > _SHOWN_CHOICES else ""
            lines.append((f"Được nhận / accepted: {shown}{more}", False))
        if field.column.personal:
            lines.append(("Thông tin cá nhân, được bảo vệ. / Personal, and protected.", False))
    lines += [
        ("", False),
        ("VÍ DỤ MỘT DÒNG, số liệu bịa, không phải số thật / AN EXAMPLE ROW, invented", True),
        *((f"{field.header}: {field.example}", False) for field in fields),
    ]
    return lines
