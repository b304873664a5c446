"""Words for codes, as a signed paper has them. Those of reasons and awards are the ones that rpt_ranking shows."""

from __future__ import annotations

REASONS = {
    "ok": "Đủ điều kiện",
    "below_threshold": "Chưa đạt ngưỡng",
    "no_data": "Chưa có số liệu",
    "no_target": "Chưa được giao chỉ tiêu",
    "decision_failed": "Không xét theo quyết định",
    "awaiting_decision": "Chờ quyết định",
    "earlier_period": "Chưa đạt ở kỳ trước",
    "no_earlier_award": "Chưa có khen thưởng ở kỳ trước",
}
AWARD_STATUS = {
    "proposed": "Đề xuất",
    "undecided": "Chờ Hội đồng quyết định",
    "blocked": "Chưa có số biên chế",
    "awarded": "Đã khen thưởng",
}
# Of somebody who was named, as closing/named.py tells.
NOT_AWARDED = {
    "excluded": "cá nhân không được xét",
    "no_earlier_award": "không còn được khen ở kỳ trước",
    "not_for_the_unit": "đơn vị không được đề cử, xét chọn, hoặc không có suất",
}
DECISIONS = {
    "gate": "Xác nhận điều kiện",
    "award": "Trao giải",
    "award_person": "Khen cá nhân",
    "exclude_person": "Không xét cá nhân",
    "place_tied": "Phân định đồng hạng",
    "settle": "Đã xét xong",
    "accept_plan": "Chấp nhận kế hoạch thay đổi",
    "reissue": "Ban hành lại",
    "group_done": "Xác nhận hoàn thành",
    "choose_reading": "Chọn cách hiểu",
    "excuse_report": "Miễn báo cáo",
    "withdraw_submission": "Rút tệp đã nhận",
}
QUESTIONS = {
    "nomination": "đề cử",
    "exclusions": "không xét khen thưởng",
    "excluded_persons": "cá nhân không xét",
    "pool": "chọn khen thưởng",
    "tie": "đồng hạng",
    "line": "dòng chưa chi được",
    "gate": "điều kiện",
    "reading": "cách hiểu",
    "earlier": "giữ kết quả kỳ trước như đã chốt",
}
