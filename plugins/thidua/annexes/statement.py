"""What one unit gets: its figures, the threshold, its rank, why, its prize, and how far it is from the next place."""

from __future__ import annotations

from collections.abc import Iterator

from thidua.annexes.blocks import Block, Cell, Column, Document, Paragraph, Table
from thidua.annexes.documents import measure_name, rate_text
from thidua.annexes.labels import REASONS
from thidua.annexes.order import figures_that_rank, lead_over
from thidua.annexes.result import Result
from thidua.reports.explain import GATE_LABELS, award_formula, comparison, formula
from thidua.reports.served import Row, dotted, exact_percent, half_up_percent


def statements(result: Result) -> Iterator[Document]:
    for row in result.ranking:
        yield statement(result, row)


def statement(result: Result, row: Row) -> Document:
    blocks: list[Block] = [
        _overview(result, row),
        Paragraph("1. Số liệu", "heading"),
        *(Paragraph(text) for text in _figures(result, row)),
        Paragraph("2. Điều kiện", "heading"),
        *(Paragraph(text) for text in _conditions(result, row)),
        Paragraph("3. Thứ hạng", "heading"),
        *(Paragraph(text) for text in _standing(result, row)),
        Paragraph("4. Khen thưởng", "heading"),
        *(Paragraph(text) for text in _prizes(result, row)),
    ]
    return Document(row["unit_id"], "THÔNG BÁO KẾT QUẢ THI ĐUA", blocks, folder="don-vi", is_annex=False)


def _overview(result: Result, row: Row) -> Table:
    threshold = None if row["threshold_rate"] is None else exact_percent(row["threshold_rate"])
    lines: list[list[Cell]] = [
        ["Đơn vị", row["unit_name"]],
        ["Khối thi đua", row["bloc_name"]],
        ["Tỷ lệ đạt được", rate_text(row)],
        ["Ngưỡng", threshold],
        ["Kết quả xét", REASONS.get(row["reason_code"], row["reason_code"])],
        ["Thứ hạng", _rank(row)],
    ]
    return Table("Tóm tắt", [Column("Nội dung", 55), Column("Kết quả", 110)], lines)


def _rank(row: Row) -> str | None:
    return None if row["rank"] is None else f"{row['rank']}{' (đồng hạng)' if row['is_tied'] else ''}"


def _figures(result: Result, row: Row) -> Iterator[str]:
    for measure in sorted(result.rows("fct_measure", unit_id=row["unit_id"]), key=lambda row: str(row["measure_id"])):
        target = measure["target_decision_number"]
        given = f" Chỉ tiêu {dotted(measure['denominator'])} theo {target}." if target else ""
        yield f"{measure_name(measure)} (mục {measure['clause']}): {formula(measure)}.{given}"


def _conditions(result: Result, row: Row) -> Iterator[str]:
    gates = sorted(
        result.rows("fct_gate_result", unit_id=row["unit_id"]),
        key=lambda gate: (gate["kind"] == "decision", gate["gate_id"]),
    )
    if not gates:
        yield "Kế hoạch không đặt điều kiện cho đơn vị ở kỳ này."
    for gate in gates:
        what = "Điều kiện" if gate["threshold"] is None else f"Ngưỡng {exact_percent(gate['threshold'])}"
        if gate["kind"] == "decision":
            what = "Điều kiện do Hội đồng xác nhận"
        compared = comparison(gate)
        shown = f", vì {compared}" if compared else ""
        yield f"{what} (mục {gate['clause']}): {GATE_LABELS[gate['result']]}{shown}."
    if row["missing_count"]:
        yield f"Còn thiếu {dotted(row['missing_count'])} để đạt ngưỡng."


def _standing(result: Result, row: Row) -> Iterator[str]:
    if row["rank"] is None:
        yield "Chưa xếp hạng: chỉ xếp hạng đơn vị đủ điều kiện, ở những kỳ mà kế hoạch có xếp hạng."
        return
    ranked = [other for other in result.rows("ranking", bloc_id=row["bloc_id"]) if other["rank"] is not None]
    yield f"Hạng {_rank(row)} trong {len(ranked)} đơn vị được xếp hạng (mục {row['clause']})."
    above = [other for other in ranked if other["rank"] < row["rank"]]
    if above:
        yield _behind(result, row, max(above, key=lambda other: (other["rank"], other["unit_id"])))
    for other in ranked:
        if other["rank"] == row["rank"] and other["unit_id"] != row["unit_id"]:
            yield f"Đồng hạng với {other['unit_name']}; kế hoạch không có tiêu chí phụ, Hội đồng quyết định."


def _behind(result: Result, row: Row, other: Row) -> str:
    """Who stands next above, and how many more would have passed it, where one rate alone decides that."""
    text = f"Đứng ngay trên là {other['unit_name']}, hạng {other['rank']}"
    figures = figures_that_rank(result, row["bloc_id"])
    if not figures:
        return f"{text}."
    mine, theirs = figures[row["unit_id"]], figures[other["unit_id"]]
    rate = half_up_percent(theirs["numerator"], theirs["denominator"])
    lead = lead_over(mine, theirs)
    if lead is None:
        return f"{text}, cùng tỷ lệ {rate}; tiêu chí tiếp theo của kế hoạch phân định."
    return f"{text}, tỷ lệ {rate}; cần thêm {dotted(lead)} để vượt."


def _prizes(result: Result, row: Row) -> Iterator[str]:
    found = sorted(result.rows("awards", unit_id=row["unit_id"]), key=lambda award: award["recipient_kind"] != "unit")
    for award in found:
        name = award["prize_name"] or award["prize_id"]
        kind = "cá nhân, " if award["recipient_kind"] == "person" else ""
        # Of a tie the line names the best prize that its places touch: which one it will be is not decided.
        label = "Giải của các hạng đồng nhau" if award["status_reason"] == "tie" and not kind else name
        yield f"{label} ({kind}mục {award['clause']}): {award_formula(award)}."
    if not found:
        yield "Chưa có khen thưởng nào được tính cho đơn vị ở kỳ này."
