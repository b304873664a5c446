"""Every rule of every contract: a row that is right, and the same row broken in one place.

`progress` has cases of its own in test_rules.py; the other exports share their roles, so that breaking a cell of a role
says what each of its rules must find.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest
from thidua.intake.contracts import Contract, known_export_types, load_contract
from thidua.intake.personal import MASK
from thidua.intake.validate import load_rules

from tests.intake.conftest import MANY_EXPORTS, Lake

# One right row of each export, by column; two of them make a file.
GOOD: dict[str, dict[str, str]] = {
    "headcounts": {"unit": "Bảo Lộc", "as_of_date": "30/06/2023", "metric": "staff", "staff": "12"},
    "coverage": {
        "unit": "Bảo Lộc", "as_of_date": "30/06/2023", "group": "Hộ nghèo", "metric": "Dân số", "count": "120",
    },
    "attendance": {
        "unit": "Bảo Lộc", "as_of_date": "30/06/2023", "role": "Viên chức", "metric": "Lực lượng ra quân", "count": "15",
    },
    "participants": {"unit": "Bảo Lộc", "as_of_date": "30/06/2023", "metric": "Số tập thể", "count": "9"},
    "registrations": {
        "person": "0123456789", "full_name": "Người Mẫu Một", "birth_date": "01/02/2003", "unit": "Bảo Lộc",
        "group": "Doanh nghiệp", "class": "12A1", "team": "Tổ Một", "channel": "Trực tuyến",
        "registered_at": "02/05/2023", "approved_at": "03/05/2023 08:05:09", "status": "Đã duyệt",
    },
    "enrolments": {
        "document": "12.34/2023", "person": "0123456789", "product": "BHXH tự nguyện", "kind": "Mới",
        "signed_at": "06/05/2023", "valid_through": "31/12/2023", "commune": "Tổ Một", "collector": "Đà Lạt",
    },
    "quiz_results": {
        "answer": "L1", "person": "0123456789", "unit": "Bảo Lộc", "class": "12A1", "score": "18",
        "answered_at": "20/04/2023 19:59:59", "status": "Hợp lệ",
    },
    "feedback": {
        "code": "PA-01", "person": "0123456789", "unit": "Bảo Lộc", "topic": "Tài khoản", "team": "Tổ Một",
        "received_at": "02/05/2023", "resolved_at": "09/05/2023", "status": "Đã giải quyết",
    },
    "documents": {"number": "12/KH-BHXH", "unit": "Bảo Lộc", "issued_at": "01/06/2023", "subject": "Kế hoạch"},
}  # fmt: skip
# What makes the second row another person's, so that only what is broken is at fault.
SECOND = {"person": "0123456700", "document": "12.35/2023", "answer": "L2", "code": "PA-02", "number": "13/KH-BHXH"}
SECOND_UNIT = {"unit": "Đà Lạt", "commune": "Đà Lạt"}

# Role -> ending of the rule -> the cell that breaks it.
BREAKS: dict[str, dict[str, str]] = {
    "unit": {"missing": "", "unknown": "Bảo Lạc", "ambiguous": "Châu Thành", "not_valid": "Tân Thành"},
    "as_of_date": {"missing": "", "invalid": "31/06/2023", "before_campaign": "30/12/2022", "after_receipt": "05/07/2023"},
    "metric": {"unknown": "Số lượt thích"},
    "dimension": {"missing": "", "unknown": "Nhóm lạ"},
    "value": {
        "missing": "", "not_whole": "12,5", "not_number": "năm", "negative": "(12)", "formula_error": "#REF!",
    },
    "person": {"missing": "", "invalid": "12AB"},
    "key": {"missing": ""},
    "instant": {
        "missing": "", "invalid": "31/02/2023", "no_time": "20/04/2023", "future": "05/07/2023 08:00:00",
    },
    "valid_through": {"missing": "", "invalid": "31/11/2023"},
    "choice": {"missing": "", "unknown": "Không rõ"},
    "product": {"missing": "", "unknown": "BHTN"},
    "score": {"missing": "", "not_whole": "12,5", "negative": "-3"},
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """Rows of a file as changes to the good row; `line` is where the fault is told, None for the file as a whole."""

    rows: tuple[Mapping[str, str], ...]
    line: int | None = 2
    verdict: str = "accepted"
    file_name: str | None = None
    value: str | None = field(default=None)


OTHER = {"*": "second"}  # the second, right row
SPECIAL: dict[str, Case] = {
    "outside_sender": Case((OTHER, {}), None, "returned", file_name="da-lat_2023-06-30.csv"),
    "file_name_date_differs": Case(({}, OTHER), None, "returned", file_name="tinh_2023-03-31.csv"),
    "repeated_row": Case(({}, {}, OTHER), 3),
    "approved_before_registered": Case(({"approved_at": "01/05/2023"}, OTHER), value="01/05/2023"),
    "term_reversed": Case(({"valid_through": "05/05/2023"}, OTHER), value="05/05/2023"),
    "resolved_before_received": Case(({"resolved_at": "01/05/2023"}, OTHER), value="01/05/2023"),
}
# Two right rows that speak of the same, and say different things.
CONFLICT = {
    "headcounts": {"staff": "13"},
    "coverage": {"count": "121"},
    "attendance": {"count": "16"},
    "participants": {"count": "10"},
    "registrations": {"class": "12A2"},
    "enrolments": {"signed_at": "07/05/2023"},
    "quiz_results": {"score": "19"},
    "feedback": {"topic": "Dữ liệu"},
    "documents": {"issued_at": "02/06/2023"},
}
TOTAL = "total_differs"
AMBIGUOUS = "value_ambiguous"


def _contract(export_type: str) -> Contract:
    contract = load_contract(export_type)
    assert contract
    return contract


def _file(export_type: str, rows: tuple[Mapping[str, str], ...]) -> str:
    contract = _contract(export_type)
    good = GOOD[export_type]
    lines = [";".join(contract.column_named(name).headers[0] for name in good)]
    for change in rows:
        second = {**SECOND, **SECOND_UNIT} if "*" in change else {}
        row = {
            **good,
            **{k: v for k, v in second.items() if k in good},
            **{k: v for k, v in change.items() if k in good},
        }
        lines.append(";".join(row.values()))
    return "\n".join(lines) + "\n"


def _case(export_type: str, rule_id: str) -> Case:
    """How a rule of a contract is broken. Fails where nobody has said it: a new rule needs its case."""
    contract = _contract(export_type)
    if rule_id == "conflicting_rows":
        return Case(({}, CONFLICT[export_type], OTHER))
    if rule_id == "row_too_wide":
        name, last = list(GOOD[export_type].items())[-1]
        return Case(({name: f"{last};000"}, OTHER))
    if rule_id in SPECIAL:
        return SPECIAL[rule_id]
    for column in contract.cell_columns:
        key = contract.key_of(column)
        ending = rule_id.removeprefix(f"{key}_")
        if ending != rule_id and ending in BREAKS.get(column.role, {}):
            broken = BREAKS[column.role][ending]
            shown = (MASK if broken else "") if column.personal else broken
            return Case(({column.name: broken}, OTHER), value=shown)
    raise AssertionError(f"{export_type}.{rule_id} has no case")


def _cases() -> Iterator[tuple[str, str]]:
    for export_type in known_export_types():
        if export_type != "progress":
            for rule in load_rules(export_type)[1]:
                if rule.rule_id not in (TOTAL, AMBIGUOUS):  # of the whole column: see below
                    yield export_type, rule.rule_id


CASES = sorted(_cases())


@pytest.fixture(scope="module")
def judged(take_many) -> dict[tuple[str, str], Lake]:
    """(export type, rule) -> its broken file, and (export type, '') -> its right one, judged together."""
    found: dict[tuple[str, str], Lake] = {}
    for export_type in sorted({export_type for export_type, _ in CASES}):
        names = {"": "right.csv"}
        files = {"right.csv": _file(export_type, ({}, OTHER))}
        for _, rule_id in (case for case in CASES if case[0] == export_type):
            case = _case(export_type, rule_id)
            names[rule_id] = case.file_name or f"{rule_id}.csv"
            files[names[rule_id]] = _file(export_type, case.rows)
        if _contract(export_type).grain == "events":
            files = {name: f"Danh sách tính đến hết ngày 30/06/2023\n{text}" for name, text in files.items()}
        lake = take_many(
            files, export_type=export_type, campaign=MANY_EXPORTS if export_type != "headcounts" else "thu-nghiem-2023"
        )
        found |= {(export_type, rule_id): lake.of(name) for rule_id, name in names.items()}
    return found


def test_all_export_types_are_covered() -> None:
    assert {export_type for export_type, _ in CASES} == set(GOOD) == set(known_export_types()) - {"progress"}


@pytest.mark.parametrize("export_type", sorted(GOOD))
def test_a_right_file_breaks_no_rule(judged, export_type: str) -> None:
    lake = judged[export_type, ""]
    assert lake.rules() == set()
    assert lake.submission()["accepted_row_count"] == 2


@pytest.mark.parametrize(("export_type", "rule_id"), CASES)
def test_a_rule_finds_what_breaks_it(judged, export_type: str, rule_id: str) -> None:
    case = _case(export_type, rule_id)
    lake = judged[export_type, rule_id]
    fault = lake.fault(rule_id)
    rule = next(rule for rule in load_rules(export_type)[1] if rule.rule_id == rule_id)
    title = 1 if _contract(export_type).grain == "events" else 0
    assert fault["severity"] == rule.severity
    assert fault["line_number"] == (case.line + title if case.line else None)
    assert lake.submission()["verdict"] == case.verdict
    if case.value is not None:
        assert fault["value"] == case.value
    vietnamese, _, english = fault["message"].partition(" / ")
    assert vietnamese and english and "{" not in fault["message"] and "\n" not in fault["message"]
    assert "0123456789" not in fault["message"] and "12AB" not in fault["message"]


@pytest.mark.parametrize("export_type", sorted(name for name in GOOD if _contract(name).grain == "figures"))
def test_rules_over_a_whole_column(take_many, export_type: str) -> None:
    campaign = MANY_EXPORTS if export_type != "headcounts" else "thu-nghiem-2023"
    value = _contract(export_type).of_role("value")[0].name
    rows = _file(export_type, ({value: "28.310"}, OTHER | {value: "12.5"}))
    names = list(GOOD[export_type])
    total = ";".join(
        "Tổng cộng" if name == "unit" else "99" if name == value else GOOD[export_type][name] for name in names
    )
    right = total.replace("99", str(2 * int(GOOD[export_type][value])))
    plain = _file(export_type, ({}, OTHER))
    lake = take_many(
        {"ambiguous.csv": rows, "total.csv": f"{plain}{total}\n", "right.csv": f"{plain}{right}\n"},
        export_type=export_type,
        campaign=campaign,
    )
    assert AMBIGUOUS in lake.of("ambiguous.csv").rules()
    assert lake.of("total.csv").rules() == {TOTAL}
    assert lake.of("total.csv").submission()["verdict"] == "returned"
    assert lake.of("right.csv").rules() == set()
