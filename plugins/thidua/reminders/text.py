"""The words of a reminder, in Vietnamese: the same for Zalo and for an e-mail.

Of persons they hold no more than a slip's text, whose messages are masked before they get here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from thidua.clock import LOCAL
from thidua.intake.contracts import load_contract
from thidua.reminders.owed import Message, Report, last_day_of
from thidua.slips.judged import Judged
from thidua.slips.text import placed

FIRST_FAULTS = 3
_RECEIPT = 12  # digits of a receipt number, enough for `thidua slip`


@dataclass(frozen=True)
class ReturnedFile:
    """What came back to the office, and under which name its marked copy went to it."""

    judged: Judged
    slip_name: str


def one_line(text: str) -> str:
    """Text of offices and plans as one line: without line breaks, control characters and marks that turn its direction."""
    return " ".join(
        "".join(" " if unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp") else letter for letter in text).split()
    )


def subject_of(message: Message) -> str:
    what = "Nhắc nộp báo cáo" if message.stage <= 0 else "Báo cáo quá hạn"
    if all(report.submission_id for report in message.reports):
        what = "Báo cáo bị trả lại, chờ nộp lại"
    return one_line(f"{what}: {message.title} (hạn {_due(message.due_at)})")


def text_of(message: Message, files: Mapping[str, ReturnedFile], how_to_hand_in: str) -> str:
    """`files`: the returned files that the message speaks of, by submission; one that is unknown is named by its receipt."""
    return "\n".join(_lines(message, files, how_to_hand_in)) + "\n"


def _lines(message: Message, files: Mapping[str, ReturnedFile], how_to_hand_in: str) -> Iterator[str]:
    yield "NHẮC NỘP BÁO CÁO" if message.stage <= 0 else "BÁO CÁO ĐÃ QUÁ HẠN"
    yield f"Kính gửi: {one_line(message.unit_name)}"
    yield f"Phong trào: {one_line(message.title)}"
    yield f"Hạn nộp: {_due(message.due_at)}" + ("" if message.stage <= 0 else " (đã quá hạn)")
    yield ""
    yield "Báo cáo còn chờ:"
    shown: set[str] = set()
    for number, report in enumerate(message.reports, 1):
        yield f"{number}. {_report(message, report)}"
        if report.submission_id and report.submission_id not in shown:
            # A table of many units is told of once.
            shown.add(report.submission_id)
            yield from _returned(report.submission_id, files.get(report.submission_id))
    yield ""
    receivers = sorted({one_line(report.receiver_name or message.issued_by) for report in message.reports})
    yield f"Nơi nhận: {'; '.join(receivers)}"
    yield f"Cách nộp: {one_line(how_to_hand_in)}"
    yield "Nếu đơn vị vừa gửi, xin bỏ qua tin này."
    yield ""
    yield one_line(message.issued_by)


def _report(message: Message, report: Report) -> str:
    contract = load_contract(report.export_type)
    kind = contract.title.vi if contract else report.export_type
    of = f" của {one_line(report.unit_name)}" if report.unit_id != message.unit_id else ""
    clause = f", theo mục {one_line(report.clause)} của kế hoạch" if report.clause else ""
    state = "tệp đã gửi bị trả lại, chưa gửi lại" if report.submission_id else "chưa nhận được"
    name = f"{report.unit_id}_{report.closing_date.isoformat()}"
    when = f"{one_line(report.period_name)}, ngày chốt {report.closing_date:%d/%m/%Y}"
    return f"{kind}{of}, kỳ {when}{clause}: {state}. Tên tệp nên đặt: {name}"


def _returned(submission_id: str, file: ReturnedFile | None) -> Iterator[str]:
    receipt = f"số biên nhận {submission_id[:_RECEIPT]}"
    if file is None:
        yield f"   Tệp bị trả lại: {receipt}"
        return
    judged = file.judged
    received = f"{judged.received_at.astimezone(LOCAL):%H:%M ngày %d/%m/%Y}"
    yield f"   Tệp: {one_line(judged.file_name)}, nhận lúc {received} ({receipt})"
    faults = [fault for fault in judged.faults if fault.severity != "warning"][:FIRST_FAULTS]
    if faults:
        yield "   Cần sửa:"
    yield from (f"   • {one_line(placed(fault))}" for fault in faults)
    rest = sum(count for (severity, _), count in judged.counts.items() if severity != "warning") - len(faults)
    if rest:
        yield f"   … và {rest} điểm khác"
    yield f"   Phiếu trả lại, có bản sao đánh dấu ô sai: {one_line(file.slip_name)}"


def _due(due_at: datetime) -> str:
    """The exclusive instant as people say it: the end of the day before, or the hour."""
    local = due_at.astimezone(LOCAL)
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        return f"hết ngày {last_day_of(due_at):%d/%m/%Y}"
    return f"trước {local:%H:%M} ngày {local:%d/%m/%Y}"
