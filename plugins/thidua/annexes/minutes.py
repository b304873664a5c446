"""The minutes of a closing: what was counted, decided, objected to and approved, and what is still to be decided."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from thidua.annexes.blocks import Block, Cell, Column, Document, Paragraph, Table
from thidua.annexes.documents import recipient
from thidua.annexes.labels import DECISIONS, NOT_AWARDED, QUESTIONS, REASONS
from thidua.annexes.result import Result, local_text
from thidua.annexes.words import amount_in_words
from thidua.intake.contracts import load_contract
from thidua.lake.decisions import Decision
from thidua.reports.explain import award_formula
from thidua.reports.served import REPORT_LABELS, Row, dotted

# What the title of the minutes says already, the clause stands for, or only machines read.
_UNSAID = {"period_id", "gate_id", "basis"}
_RESULTS = {"pass": "đạt", "fail": "không đạt"}
# The cells of a ranking that an effect is told by.
_CELLS = {
    "rank": "hạng",
    "reason_code": "kết quả xét",
    "prize_name": "giải",
    "amount": "số tiền",
    "quota": "suất đề cử",
}
_HASH = re.compile(r"[0-9a-f]{16,}")


def minutes(result: Result) -> Document:
    """What was counted, what was decided, what is still to be decided; who was there is left to write."""
    blocks: list[Block] = [
        Paragraph("I. THÀNH PHẦN", "heading"),
        Paragraph(
            "Chủ trì: ..........................................................................................."
        ),
        Paragraph(
            "Thư ký: ............................................................................................"
        ),
        Paragraph(
            "Thành viên: ........................................................................................"
        ),
        Paragraph("II. KẾT QUẢ TỔNG HỢP", "heading"),
        *(Paragraph(text) for text in _summary(result)),
        Paragraph("III. CÁC QUYẾT ĐỊNH ĐÃ GHI", "heading"),
        *_decisions(result),
        *_effects(result),
        Paragraph("IV. VIỆC CÒN PHẢI QUYẾT ĐỊNH", "heading"),
        *(Paragraph(text) for text in _numbered(_open_questions(result)) or ["Không còn việc nào."]),
        Paragraph("V. KHIẾU NẠI", "heading"),
        *(Paragraph(text) for text in _numbered(list(_objections(result))) or ["Không có khiếu nại."]),
        Paragraph("VI. KẾT LUẬN", "heading"),
        *(Paragraph(text) for text in _approvals(result)),
        Paragraph(
            "...................................................................................................."
        ),
        Paragraph("Biên bản được lập xong lúc ...... giờ ...... cùng ngày, đã đọc lại và thống nhất."),
    ]
    title = "BIÊN BẢN XÉT THI ĐUA, KHEN THƯỞNG"
    return Document("bien-ban", title, blocks, signers=("THƯ KÝ", "CHỦ TRÌ"), is_annex=False)


def _summary(result: Result) -> Iterator[str]:
    rows = result.ranking
    for name, group in groupby(rows, key=lambda row: row["bloc_name"] or "Các đơn vị"):
        found = list(group)
        eligible = sum(row["is_eligible"] is True for row in found)
        unknown = sum(row["is_eligible"] is None for row in found)
        text = f"{name}: {len(found)} đơn vị, {eligible} đủ điều kiện, {len(found) - eligible - unknown} không đủ"
        yield text + (f", {unknown} chưa kết luận được." if unknown else ".")
    reports = result.tables["fct_reporting"]
    if reports:
        counts = ((label, sum(row["status"] == status for row in reports)) for status, label in REPORT_LABELS.items())
        shown = ", ".join(f"{count} {label}" for label, count in counts if count)
        yield f"Báo cáo: {len(reports)} báo cáo phải gửi: {shown}."
    paid = [row["amount"] for row in result.awards if row["amount"] is not None]
    if paid:
        yield f"Tiền thưởng đã tính được: {dotted(sum(paid))} đồng. Bằng chữ: {amount_in_words(sum(paid))}."


def _decisions(result: Result) -> Sequence[Block]:
    if not result.decisions:
        return [Paragraph("Chưa có quyết định nào được ghi.")]
    numbers = {decision["decision_id"]: number for number, decision in enumerate(result.decisions, 1)}
    withdrawn = {decision["withdraws"] for decision in result.decisions if decision["withdraws"]}
    columns = [
        Column("TT", 12, "center"),
        Column("Ghi lúc", 28, "center"),
        Column("Nội dung", 54),
        Column("Người quyết định", 28),
        Column("Lý do", 34),
        Column("Hiệu lực", 20, "center"),
    ]
    cells = [
        [
            number,
            local_text(decision["recorded_at"]),
            _said(result, decision, numbers),
            decision["decided_by"],
            decision["reason"],
            "đã rút" if decision["decision_id"] in withdrawn else _force(result, decision),
        ]
        for number, decision in enumerate(result.decisions, 1)
    ]
    return [Table("Quyết định", columns, cells)]


def _force(result: Result, decision: Decision) -> str:
    why = result.in_vain.get(decision["decision_id"])
    return "có hiệu lực" if why is None else f"không có hiệu lực: {NOT_AWARDED[why]}"


def _effects(result: Result) -> Sequence[Block]:
    """What the decisions since the figures were frozen changed: before and after, by the numbers of the decisions."""
    numbers = {decision["decision_id"]: number for number, decision in enumerate(result.decisions, 1)}
    cells: list[list[Cell]] = []
    for effect in result.effects:
        found = _effect(result, effect)
        if found is not None:
            by = sorted(numbers[one] for one in effect.get("decisions", ()) if one in numbers)
            cells.append([_ranges(by) or None, *found])
    if not cells:
        return []
    columns = [
        Column("Quyết định số", 24, "center"),
        Column("Tác động", 88),
        Column("Trước", 32, "center"),
        Column("Sau", 32, "center"),
    ]
    return [Table("Tác động của quyết định", columns, cells)]


def _ranges(numbers: Sequence[int]) -> str:
    """`2–5, 7` of ascending numbers."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)


def _effect(result: Result, effect: Row) -> list[Cell] | None:
    """A changed cell in words; null where another one says the same."""
    key, column, before, after = (effect[name] for name in ("key", "column", "before", "after"))
    if effect["table"] == "ranking" and column in _CELLS:
        return [f"{result.unit_name(key[0])}: {_CELLS[column]}", _value(column, before), _value(column, after)]
    if effect["table"] == "awards" and not column:
        # A line that came or went: what is given by rank is told by the ranking above.
        prize_id, authority, kind, unit_id = key
        to_whom = result.unit_name(unit_id) or result.unit_name(authority) or "chung"
        person = ", cá nhân" if kind == "person" else ""
        there = ("–", "có") if before is None else ("có", "–")
        return [f"{result.prize_names.get(prize_id, prize_id)} ({to_whom}{person})", *there]
    return None


def _value(column: str, value: object) -> Cell:
    if value is None:
        return None
    if column == "reason_code":
        return REASONS.get(str(value), str(value))
    return dotted(value) if isinstance(value, int) else str(value)


def _said(result: Result, decision: Decision, numbers: Mapping[str, int]) -> str:
    kind, subject = decision["kind"], decision["subject"]
    label = DECISIONS.get(kind, kind)
    if decision["withdraws"]:
        taken = numbers.get(decision["withdraws"])
        return f"Rút quyết định số {taken}" if taken else "Rút quyết định trước đó"
    if "question_id" in subject:
        about, *parts = str(subject["question_id"]).split(":")
        names = parts if about == "earlier" else [name for part in parts if (name := _name(result, part)) is not None]
        return f"{label}: {', '.join([QUESTIONS.get(about, about), *names])}"
    return f"{label}: {_subject(result, subject)}"


def _subject(result: Result, value: object) -> str:
    """What a decision names, units and prizes by their names."""
    if isinstance(value, Mapping):
        parts = []
        for key, part in value.items():
            if key not in _UNSAID and part is not None:
                name = _name(result, str(key))
                parts.append(f"{name} – {_subject(result, part)}" if name else _subject(result, part))
        return "; ".join(parts)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_subject(result, part) for part in value)
    text = str(value)
    return _name(result, text) or (text[:8] if _HASH.fullmatch(text) else text)


def _name(result: Result, word: str) -> str | None:
    """Of a unit, a prize, an export or a result; null where it is none of them."""
    if word in result.units:
        return result.unit_name(word)
    contract = load_contract(word) if re.fullmatch(r"[a-z][a-z0-9_]*", word) else None
    return result.prize_names.get(word) or _RESULTS.get(word) or (contract.title.vi if contract else None)


def _objections(result: Result) -> Iterator[str]:
    for objection in result.objections:
        row = objection.row()
        answer = "chưa trả lời" if objection.is_open else f"trả lời: {row['answer']}"
        yield f"{result.unit_name(row['unit_id'])} ({local_text(row['raised_at'])}): {row['text']} – {answer}."


def _approvals(result: Result) -> Iterator[str]:
    for approval in result.approvals:
        note = f", {approval['note']}" if approval.get("note") else ""
        yield f"{approval['user']} phê duyệt lúc {local_text(approval['approved_at'])}{note}."


def _open_questions(result: Result) -> list[str]:
    """Each line that waits for people, with the range of money."""
    rows = [row for row in result.awards if row["status"] in ("undecided", "blocked")]
    texts = []
    for row in rows:
        places = "" if row["places"] is None else f", {dotted(row['places'])} suất"
        texts.append(
            f"{row['prize_name'] or row['prize_id']} – {recipient(result, row)}{places}: {award_formula(row)}."
        )
    for row in result.ranking:
        if row["is_eligible"] is None:
            texts.append(f"{row['unit_name']}: {REASONS.get(row['reason_code'], row['reason_code'])}.")
    return texts


def _numbered(texts: Sequence[str]) -> list[str]:
    return [f"{number}. {text}" for number, text in enumerate(texts, 1)]
