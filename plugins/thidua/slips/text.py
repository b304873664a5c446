"""The summary of a slip, in Vietnamese: lines for its first sheet, and the same as text for an e-mail or Zalo.

It names rules, places and remedies, never a person: values of personal columns are masked before they get here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from thidua.clock import LOCAL
from thidua.intake.campaigns import CampaignFacts
from thidua.intake.contracts import Contract
from thidua.slips.judged import Fault, Judged

TITLE = "PHIẾU TRẢ LẠI BÁO CÁO"
SHEET = "Phiếu trả lại"
SHOWN_PER_RULE = 20
_SEVERITIES = {"critical": "Lỗi làm trả lại cả tệp", "error": "Lỗi, dòng không được nhận", "warning": "Cảnh báo"}
_OUTCOMES = {
    "returned": "TRẢ LẠI, chưa có số liệu nào được nhận",
    "accepted": "ĐÃ NHẬN, có điểm cần xem lại",
    "accepted_with_rejections": "NHẬN MỘT PHẦN",
    "duplicate": "ĐÃ NHẬN, trùng với số liệu đã có",
}

Copy = Literal["whole", "excerpt", "none"]


@dataclass(frozen=True)
class Line:
    text: str
    kind: Literal["title", "heading", "text"] = "text"


def summary_of(judged: Judged, facts: CampaignFacts | None, contract: Contract | None, copy: Copy) -> list[Line]:
    """`copy`: what of the office's file comes with it."""
    return [
        Line(TITLE, "title"),
        *_head(judged, facts, contract),
        Line(""),
        *_faults(judged),
        Line("Cách nộp lại", "heading"),
        *(Line(text) for text in _remedy(judged, contract, copy)),
    ]


def plain_text(lines: list[Line]) -> str:
    return "\n".join(line.text for line in lines) + "\n"


def _head(judged: Judged, facts: CampaignFacts | None, contract: Contract | None) -> Iterator[Line]:
    unit = facts.units.get(judged.sender_unit_id) if facts and judged.sender_unit_id else None
    campaign = facts.plan.document.campaign.title if facts else judged.campaign_id
    kind = contract.title.vi if contract else judged.export_type
    yield Line(f"Tệp: {judged.file_name}")
    yield Line(f"Đơn vị: {unit.name if unit else judged.sender_unit_id or 'không rõ từ tệp'}")
    yield Line(f"Loại báo cáo: {kind or '-'}. Phong trào: {campaign or '-'}")
    yield Line(f"Số biên nhận: {judged.submission_id}")
    yield Line(f"Nhận lúc: {judged.received_at.astimezone(LOCAL):%H:%M ngày %d/%m/%Y} (giờ Việt Nam)")
    outcome = _OUTCOMES.get(judged.outcome, judged.outcome)
    if judged.outcome == "accepted_with_rejections":
        outcome += f": {judged.accepted_row_count} dòng được nhận, {judged.rejected_row_count} dòng không được nhận"
    yield Line(f"Kết quả: {outcome}")
    yield Line(f"Số điểm cần xem: {judged.total}")


def _faults(judged: Judged) -> Iterator[Line]:
    for number, ((severity, rule_id), count) in enumerate(judged.counts.items(), 1):
        yield Line(f"{number}. {_SEVERITIES[severity]}: {count} chỗ (quy tắc {rule_id})", "heading")
        faults = [fault for fault in judged.faults if (fault.severity, fault.rule_id) == (severity, rule_id)]
        shown = faults[:SHOWN_PER_RULE]
        yield from (Line(f"• {placed(fault)}") for fault in shown)
        if count > len(shown):
            yield Line(f"… và {count - len(shown)} chỗ khác")
        yield Line("")


def placed(fault: Fault) -> str:
    """The Vietnamese message with its place; those of the build do not name it."""
    text = " ".join(fault.texts[0].split())
    if fault.line is None or f"dòng {fault.line}" in text[:400].lower():
        return text
    sheet = f"Trang tính '{fault.sheet}', dòng" if fault.sheet else "Dòng"
    return f"{sheet} {fault.line}: {text}"


def _remedy(judged: Judged, contract: Contract | None, copy: Copy) -> list[str]:
    if copy == "none":
        return ["Không kèm được bản sao của tệp. Hãy sửa tệp gốc theo hướng dẫn ở trên rồi gửi lại."]
    if copy == "excerpt" and (judged.outcome == "returned" or contract is None or contract.kind == "snapshot"):
        return [
            "Tệp lớn nên bản sao kèm theo chỉ gồm phần đầu và các dòng có lỗi.",
            "Hãy sửa các dòng đó trong tệp gốc rồi gửi lại cả tệp.",
        ]
    head = "Bản sao kèm theo chỉ gồm phần đầu và các dòng có lỗi, vì tệp lớn." if copy == "excerpt" else None
    return [
        *([head] if head else []),
        "Mở bản sao kèm theo và sửa các lỗi nêu trên: ô có lỗi được tô màu (đỏ: lỗi, vàng: cảnh báo), rê chuột vào ô để "
        "đọc lỗi.",
        "Lưu rồi gửi lại chính tệp đó. Không cần xóa trang này, màu và ghi chú: máy không đọc chúng.",
    ]
