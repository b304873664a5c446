"""The pages' words: written in Vietnamese where they are used, with their English here."""

from __future__ import annotations

from thidua.desk.english import ENGLISH

LANGUAGES = ("vi", "en")

REPORT_STATUS = {
    "on_time": ("Đúng hạn", "On time"),
    "late": ("Muộn", "Late"),
    "missing": ("Chưa gửi", "Missing"),
    "returned": ("Bị trả lại", "Returned"),
    "excused": ("Được miễn", "Excused"),
    "not_due": ("Chưa đến hạn", "Not due"),
}
OUTCOME = {
    "accepted": ("Đã nhận", "Accepted"),
    "accepted_with_rejections": ("Nhận một phần", "Accepted in part"),
    "returned": ("Bị trả lại", "Returned"),
    "duplicate": ("Trùng bản đang dùng", "Duplicate"),
    "waiting": ("Đang chờ xét", "Waiting"),
}
SEVERITY = {
    "critical": ("Trả lại cả tệp", "Returns the file"),
    "error": ("Dòng không được nhận", "Rejects the row"),
    "warning": ("Cảnh báo, vẫn nhận", "Warning, accepted"),
}
REASON = {
    "ok": ("Đủ điều kiện", "Eligible"),
    "below_threshold": ("Chưa đạt ngưỡng", "Below the threshold"),
    "no_data": ("Chưa có số liệu", "No data"),
    "no_target": ("Chưa được giao chỉ tiêu", "No target"),
    "decision_failed": ("Không đạt theo quyết định", "Failed by decision"),
    "awaiting_decision": ("Chờ quyết định", "Awaiting a decision"),
    "earlier_period": ("Chưa đạt ở kỳ trước", "An earlier period failed"),
    "no_earlier_award": ("Chưa được khen ở kỳ trước", "No earlier award"),
}
SCOPE_STATUS = {
    "applied": ("Đã áp dụng", "Applied"),
    "duplicate": ("Trùng, không đổi gì", "Duplicate, changed nothing"),
    "stale": ("Gửi lại bản cũ, chưa áp dụng", "Stale resend, not applied"),
    "rejected": ("Dòng bị loại", "Row rejected"),
    "returned": ("Bị trả lại", "Returned"),
    "withdrawn": ("Đã rút theo quyết định", "Withdrawn by decision"),
}
GATE = {
    "pass": ("Đạt", "Passed"),
    "fail": ("Không đạt", "Failed"),
    "no_data": ("Chưa có số liệu", "No data"),
    "undecided": ("Chờ quyết định", "Undecided"),
}
SCHEDULE = {
    "ahead": ("Sớm hơn kế hoạch", "Ahead"),
    "on_time": ("Đúng kế hoạch", "On time"),
    "late": ("Chậm", "Late"),
    "not_started": ("Chưa bắt đầu", "Not started"),
    "done": ("Đã xong", "Done"),
}
SEPARATOR = {
    "dot": ("dấu chấm ngăn hàng nghìn (28.310)", "a dot groups thousands (28.310)"),
    "comma": ("dấu phẩy ngăn hàng nghìn (28,310)", "a comma groups thousands (28,310)"),
    "space": ("dấu cách ngăn hàng nghìn (28 310)", "a space groups thousands (28 310)"),
}
ROLES = {
    "office": ("Đơn vị", "Office"),
    "viewer": ("Người xem", "Viewer"),
    "operator": ("Người vận hành", "Operator"),
    "admin": ("Quản trị", "Administrator"),
}
CODES = {
    "report": REPORT_STATUS,
    "outcome": OUTCOME,
    "severity": SEVERITY,
    "reason": REASON,
    "scope": SCOPE_STATUS,
    "gate": GATE,
    "schedule": SCHEDULE,
    "separator": SEPARATOR,
    "role": ROLES,
}


def translate(text: str, language: str) -> str:
    """The text in a language; a test sees to it that the templates use none that is missing here."""
    return text if language == "vi" else ENGLISH.get(text, text)


def label(kind: str, code: str | None, language: str) -> str:
    """What a code of the tables is called; a code that nobody named is shown as it is."""
    if code is None:
        return "–"
    names = CODES[kind].get(code)
    return names[LANGUAGES.index(language)] if names else code
