"""The lists of a closing: ranking, awards, nominees, who reported when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from thidua.annexes.blocks import Block, Cell, Column, Document, Paragraph, Table
from thidua.annexes.labels import AWARD_STATUS, REASONS
from thidua.annexes.order import figures_that_rank
from thidua.annexes.result import Result, local_text
from thidua.annexes.words import amount_in_words
from thidua.intake.contracts import load_contract
from thidua.reports.explain import award_formula
from thidua.reports.served import REPORT_LABELS, Row, dotted, exact_percent, half_up_percent

KINDS = (("unit", "Tập thể"), ("person", "Cá nhân"))
_NUMBER = Column("TT", 13, "center")
# A column, and what a row has in it.
Field = tuple[Column, Callable[[Row], Cell]]


def documents(result: Result) -> list[Document]:
    """Every document that the closing gives rise to; one that would say nothing is not made."""
    made = [ranking(result), awards(result), nominees(result), reporting(result)]
    return [document for document in made if document.tables]


def _numbered(name: str, fields: Sequence[Field], rows: Sequence[Row], total: list[Cell] | None = None) -> Table:
    """A table of one line a row, with its number in front."""
    cells = [[number, *(value(row) for _, value in fields)] for number, row in enumerate(rows, 1)]
    return Table(name, [_NUMBER, *(column for column, _ in fields)], cells, total)


# ---- ranking


def ranking(result: Result) -> Document:
    rows = result.ranking
    is_ranked = any(row["rank"] is not None for row in rows)
    blocks: list[Block] = []
    for name, group in groupby(rows, key=lambda row: row["bloc_name"] or "Các đơn vị"):
        found = list(group)
        blocks += [Paragraph(name, "heading"), _ranking_table(result, name, found, is_ranked)]
        if any(row["is_tied"] for row in found):
            blocks.append(
                Paragraph(
                    "(=) Đồng hạng: kế hoạch không có tiêu chí phụ để phân định, Hội đồng quyết định giải thưởng.",
                    "note",
                )
            )
    if blocks:
        blocks.append(
            Paragraph(
                "Dấu gạch ngang (–): chưa có số liệu hoặc không xét; không có số liệu không phải là số không. "
                "Tỷ lệ làm tròn đến hai chữ số thập phân để đọc; ngưỡng và thứ hạng so bằng số nguyên.",
                "note",
            )
        )
    title = "BẢNG XẾP HẠNG THI ĐUA" if is_ranked else "KẾT QUẢ XÉT THI ĐUA"
    return Document("bang-xep-hang", title, blocks, is_landscape=True, has_sheets=True)


def _ranking_table(result: Result, name: str, rows: list[Row], is_ranked: bool) -> Table:
    columns = [
        Column("Hạng" if is_ranked else "TT", 18, "center"),
        Column("Đơn vị", 60),
        Column("Thực hiện", 22, "right"),
        Column("Chỉ tiêu, tổng số", 22, "right"),
        Column("Tỷ lệ", 20, "right"),
        Column("Ngưỡng", 20, "right"),
        Column("Kết quả xét", 42),
        Column("Khen thưởng", 44),
    ]
    cells = [_ranking_row(number, row, is_ranked) for number, row in enumerate(rows, 1)]
    figures = figures_that_rank(result, rows[0]["bloc_id"])
    if any(_differs(row, figures.get(row["unit_id"])) for row in rows):
        # The plan ranks by another measure than the one with the threshold: both have to be seen.
        measure = next(iter(figures.values()))
        columns[5:] = [
            Column("Ngưỡng", 24, "right"),
            Column(f"{measure_name(measure)} (để xếp hạng)", 50, "right"),
            Column("Kết quả xét", 38),
            Column("Khen thưởng", 38),
        ]
        for line, row in zip(cells, rows, strict=True):
            line.insert(6, _fraction(figures.get(row["unit_id"])))
    return Table(name, columns, cells)


def rate_text(row: Row) -> str | None:
    """The rate as text; none where there is nothing to divide."""
    if row["numerator"] is None or not row["denominator"]:
        return None
    return half_up_percent(row["numerator"], row["denominator"])


def measure_name(row: Row) -> str:
    """Versions that were issued before measures had names know them by their ids."""
    return str(row.get("measure_name") or row["measure_id"])


def _differs(row: Row, figure: Row | None) -> bool:
    return figure is not None and (row["numerator"], row["denominator"]) != (figure["numerator"], figure["denominator"])


def _fraction(figure: Row | None) -> str | None:
    rate = None if figure is None else rate_text(figure)
    if figure is None or rate is None:
        return None
    return f"{dotted(figure['numerator'])} / {dotted(figure['denominator'])} = {rate}"


def _ranking_row(number: int, row: Row, is_ranked: bool) -> list[Cell]:
    rank: Cell = number
    if is_ranked:
        rank = None if row["rank"] is None else f"{row['rank']}{' (=)' if row['is_tied'] else ''}"
    verdict = REASONS.get(row["reason_code"], str(row["reason_code"]))
    if row["missing_count"]:
        verdict += f", còn thiếu {dotted(row['missing_count'])}"
    return [
        rank,
        row["unit_name"],
        row["numerator"],
        row["denominator"],
        rate_text(row),
        None if row["threshold_rate"] is None else exact_percent(row["threshold_rate"]),
        verdict,
        row["prize_name"] or (AWARD_STATUS["undecided"] if row["award_status"] == "undecided" else ""),
    ]


# ---- awards


def awards(result: Result) -> Document:
    rows = result.awards
    blocks: list[Block] = []
    sums: list[int] = []
    for kind, name in KINDS:
        paid = [row for row in rows if row["recipient_kind"] == kind and row["amount"] is not None]
        if paid:
            sums.append(sum(row["amount"] for row in paid))
            blocks += [Paragraph(name, "heading"), _paid_table(result, name, paid, sums[-1])]
    if sums:
        blocks.append(Paragraph(f"Tổng cộng: {dotted(sum(sums))} đồng. Bằng chữ: {amount_in_words(sum(sums))}."))
    unpaid = [row for row in rows if row["amount"] is None]
    given = [row for row in unpaid if row["status"] == "awarded"]
    if given:
        name = "Khen thưởng không kèm tiền"
        blocks += [Paragraph(name, "heading"), _given_table(result, name, given)]
    open_rows = [row for row in unpaid if row["status"] != "awarded"]
    if open_rows:
        name = "Chờ quyết định hoặc chưa chi được"
        blocks += [Paragraph(name, "heading"), _open_table(result, name, open_rows)]
        blocks.append(
            Paragraph(
                "Các dòng này chưa tính vào tổng. Khoảng tiền là mức thấp nhất và cao nhất mà quyết định có thể cho.",
                "note",
            )
        )
    return Document("danh-sach-khen-thuong", "DANH SÁCH KHEN THƯỞNG", blocks, is_landscape=True, has_sheets=True)


def _paid_table(result: Result, name: str, rows: list[Row], total: int) -> Table:
    columns: list[Field] = [
        (Column("Đơn vị", 56), lambda row: recipient(result, row)),
        (Column("Hình thức", 42), _prize),
        (Column("Điều khoản", 24, "center"), lambda row: row["clause"]),
        (Column("Cách tính (đồng)", 38, "right"), lambda row: award_formula(row).partition(" = ")[0]),
        (Column("Số tiền (đồng)", 26, "right"), lambda row: row["amount"]),
        (Column("Bằng chữ", 66), lambda row: amount_in_words(row["amount"])),
    ]
    return _numbered(name, columns, rows, ["Cộng", "", "", "", "", total, amount_in_words(total)])


def _given_table(result: Result, name: str, rows: list[Row]) -> Table:
    """Awards of which the plan names no money; who the persons are stands in the list of nominees."""

    def whom(row: Row) -> str:
        return result.unit_name(row["unit_id"]) + (" (cá nhân)" if row["recipient_kind"] == "person" else "")

    columns: list[Field] = [
        (Column("Đơn vị", 75), whom),
        (Column("Hình thức", 60), _prize),
        (Column("Cấp khen", 60), lambda row: result.unit_name(row["authority_unit_id"])),
        (Column("Điều khoản", 24, "center"), lambda row: row["clause"]),
        (Column("Số suất", 18, "right"), lambda row: row["places"]),
    ]
    return _numbered(name, columns, rows)


def _open_table(result: Result, name: str, rows: list[Row]) -> Table:
    columns: list[Field] = [
        (Column("Đơn vị", 60), lambda row: recipient(result, row)),
        (Column("Hình thức", 62), _prize),
        (Column("Điều khoản", 24, "center"), lambda row: row["clause"]),
        (Column("Số suất", 18, "right"), lambda row: row["places"]),
        (Column("Thấp nhất", 25, "right"), lambda row: row["amount_min"]),
        (Column("Cao nhất", 25, "right"), lambda row: row["amount_max"]),
        (Column("Lý do", 45), lambda row: award_formula(row).partition(":")[0]),
    ]
    return _numbered(name, columns, rows)


def _prize(row: Row) -> str:
    return str(row["prize_name"] or row["prize_id"])


def recipient(result: Result, row: Row) -> str:
    if row["unit_id"] is not None:
        return result.unit_name(row["unit_id"])
    by = f" ({result.unit_name(row['authority_unit_id'])} khen)" if row["authority_unit_id"] else ""
    return ("Các tập thể" if row["recipient_kind"] == "unit" else "Các cá nhân") + by


# ---- nominees


def nominees(result: Result) -> Document:
    blocks: list[Block] = []
    quotas = sorted(
        result.tables["fct_nomination_quota"], key=lambda row: (result.unit_name(row["unit_id"]), row["prize_id"])
    )
    if quotas:
        name = "Cá nhân được đề cử"
        blocks += [Paragraph(name, "heading"), _quota_table(result, name, quotas)]
        if any(row["quota"] is None for row in quotas):
            blocks.append(
                Paragraph("Số suất của đơn vị đồng hạng chỉ có khi Hội đồng đã quyết định giải của đơn vị.", "note")
            )
    by_quota = {(row["prize_id"], row["unit_id"]) for row in quotas}
    others = [row for row in result.tables["persons"] if (row["prize_id"], row["unit_id"]) not in by_quota]
    if others:
        name = "Cá nhân được Hội đồng chọn"
        blocks += [Paragraph(name, "heading"), _person_table(result, name, others)]
    fit = sorted(
        result.rows("fct_unit_candidate", result="pass"),
        key=lambda row: (row["prize_id"], row["authority_unit_id"] or "", result.unit_name(row["unit_id"])),
    )
    for prize, group in groupby(fit, key=lambda row: row["prize_id"]):
        name = result.prize_names.get(prize, prize)
        blocks += [Paragraph(f"Đủ điều kiện để xét: {name}", "heading"), _candidate_table(result, name, list(group))]
    return Document("danh-sach-de-cu", "DANH SÁCH ĐỀ CỬ, XÉT CHỌN", blocks, has_sheets=True)


def _quota_table(result: Result, name: str, quotas: list[Row]) -> Table:
    """A line for each person to be named, left open for the name."""
    columns = [
        _NUMBER,
        Column("Đơn vị", 55),
        Column("Hình thức", 36),
        Column("Mức (đồng)", 24, "right"),
        Column("Họ và tên, chức vụ", 40),
    ]
    cells: list[list[Cell]] = []
    for row in quotas:
        for person in _named(result, row):
            prize = result.prize_names.get(row["prize_id"], row["prize_id"])
            cells.append([len(cells) + 1, result.unit_name(row["unit_id"]), prize, row["amount_per_person"], person])
    return Table(name, columns, cells)


def _named(result: Result, row: Row) -> list[str]:
    """Who was named, then a blank for each place that is left."""
    if row["quota"] is None:
        return ["chờ Hội đồng quyết định"]
    found = result.rows("persons", unit_id=row["unit_id"], prize_id=row["prize_id"])
    names = sorted(str(person["name"]) for person in found)
    return [*names, *[""] * (row["quota"] - len(names))]


def _person_table(result: Result, name: str, rows: list[Row]) -> Table:
    columns: list[Field] = [
        (Column("Họ và tên", 55), lambda row: row["name"]),
        (Column("Đơn vị", 50), lambda row: result.unit_name(row["unit_id"])),
        (Column("Hình thức", 47), lambda row: result.prize_names.get(row["prize_id"], row["prize_id"])),
    ]
    return _numbered(name, columns, sorted(rows, key=lambda row: (row["prize_id"], str(row["name"]))))


def _candidate_table(result: Result, name: str, rows: list[Row]) -> Table:
    by: list[Field] = [(Column("Cấp khen", 50), lambda row: result.unit_name(row["authority_unit_id"]))]
    columns: list[Field] = [
        (Column("Đơn vị", 75), lambda row: result.unit_name(row["unit_id"])),
        *(by if any(row["authority_unit_id"] for row in rows) else []),
        (Column("Điều khoản", 30, "center"), lambda row: row["clause"]),
    ]
    return _numbered(name, columns, rows)


# ---- reports


def reporting(result: Result) -> Document:
    blocks: list[Block] = []
    rows = sorted(
        result.tables["fct_reporting"], key=lambda row: (row["export_type"], result.unit_name(row["from_unit_id"]))
    )
    for export_type, group in groupby(rows, key=lambda row: row["export_type"]):
        contract = load_contract(export_type)
        name = contract.title.vi if contract else export_type
        blocks += [Paragraph(name, "heading"), _reporting_table(result, name, list(group))]
    return Document("tinh-hinh-bao-cao", "TÌNH HÌNH GỬI BÁO CÁO", blocks, has_sheets=True)


def _reporting_table(result: Result, name: str, rows: list[Row]) -> Table:
    columns: list[Field] = [
        (Column("Đơn vị", 62), lambda row: result.unit_name(row["from_unit_id"])),
        (Column("Hạn gửi, trước", 32, "center"), lambda row: local_text(row["due_at"])),
        (Column("Nhận lúc", 38, "center"), lambda row: local_text(row["received_at"]) if row["received_at"] else None),
        (Column("Tình trạng", 30, "center"), lambda row: REPORT_LABELS[row["status"]]),
    ]
    return _numbered(name, columns, rows)
