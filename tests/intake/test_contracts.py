"""Export contracts say what is wrong with themselves; header matching is by words, not by spelling."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError
from thidua.errors import PlanError
from thidua.intake.contracts import RuleSetting, known_export_types, load_contract
from thidua.intake.pace import Pace, pace_rows
from thidua.intake.suites import BuiltRule, built_rules, compile_suite, load_house_rules
from thidua.intake.validate import load_rules
from thidua.settings import expectations_dir

from tests.intake.conftest import MANY_EXPORTS


def variant(tmp_path: Path, **changes: object) -> Path:
    contract = yaml.safe_load((expectations_dir() / "progress" / "contract.yml").read_text(encoding="utf-8"))
    folder = tmp_path / "progress"
    folder.mkdir()
    (folder / "contract.yml").write_text(yaml.safe_dump({**contract, **changes}, allow_unicode=True), encoding="utf-8")
    return tmp_path


def test_every_export_type_has_a_contract_and_rules() -> None:
    names = known_export_types()
    assert {"progress", "headcounts"} <= set(names)
    for name in names:
        assert load_contract(name)
        assert load_rules(name)[1]


@pytest.mark.parametrize(
    ("header", "column", "is_exact"),
    [
        ("Đơn vị", "unit", True),
        ("  TÊN\nĐƠN VỊ ", "unit", True),
        ("Lũy kế", "count", True),
        ("Luỹ  kế", "count", True),
        ("Số người cài đặt lũy kế đến 30/6/2023", "count", False),
        ("Tỷ lệ lũy kế", None, False),
        ("Lũy kế so với chỉ tiêu", None, False),
        ("% lũy kế", None, False),
        ("Ghi chú", None, False),
        ("", None, False),
    ],
)
def test_headers_are_known_by_their_words(header: str, column: str | None, is_exact: bool) -> None:
    contract = load_contract("progress")
    assert contract
    found = contract.column_of(header)
    assert (found[0].name if found else None, bool(found and found[1])) == (column, is_exact)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"grain": "tables"}, "grain"),
        ({"natural_key": ["nobody"]}, "nobody"),
        ({"surprise": 1}, "surprise"),
        ({"export_type": "other"}, "folder's name"),
        ({"columns": []}, "columns"),
    ],
)
def test_a_broken_contract_says_where(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    folder = variant(tmp_path, **changes)
    with pytest.raises(PlanError, match=message):
        load_contract("progress", folder)


def test_an_export_type_without_a_folder_is_none() -> None:
    assert load_contract("../progress") is None


def test_a_suite_that_is_missing_or_no_suite_says_so(tmp_path: Path) -> None:
    folder = variant(tmp_path)
    with pytest.raises(PlanError, match="missing"):
        load_rules("progress", folder)
    (folder / "progress" / "suite.json").write_text('{"expectations": [{"type": "x"}]}')
    with pytest.raises(PlanError, match=r"suite\.json"):
        load_rules("progress", folder)


def test_a_rule_of_the_house_that_an_export_does_not_ask() -> None:
    contract = load_contract("progress")
    assert contract

    def asked(**settings: RuleSetting) -> set[str]:
        suite = compile_suite(contract.model_copy(update={"settings": settings}), load_house_rules())
        return {one["meta"]["rule_id"] for one in suite["expectations"]}

    off = RuleSetting(asked=False)
    assert asked() - asked(as_of_date_after_receipt=off) == {"as_of_date_after_receipt"}
    with pytest.raises(PlanError, match="no such rule: as_of_date_tomorrow"):
        asked(as_of_date_tomorrow=off)


def test_a_contract_has_other_numbers_for_a_count_that_jumps(tmp_path: Path) -> None:
    numbers = count()

    def pace(**setting: object) -> dict[str, int] | None:
        """Of the rules of the build, as the contract sets it; None: it is not asked."""
        folder = tmp_path / str(next(numbers))  # contracts are kept by path and time
        folder.mkdir()
        variant(folder, settings={"count_jumps": setting})
        compile_suite(load_contract("progress", folder), load_house_rules())
        found = [rule.pace for rule in built_rules("progress", folder) if rule.rule == "count_jumps"]
        return found[0].model_dump() if found and found[0] else None

    house = pace()
    assert house and {"export_type": "progress", "rule_id": "count_jumps", **house} in pace_rows()
    assert pace(pace={"times": 8, "least_past": 6}) == {**house, "times": 8, "least_past": 6}
    assert pace(asked=False) is None
    for wrong in (0, 1_001, 2.5, "8", True, None):
        with pytest.raises(
            PlanError, match=r"settings\.count_jumps\.pace\.times.*số nguyên từ 1 đến 1000 / must be a whole"
        ):
            pace(pace={"times": wrong})
    with pytest.raises(PlanError, match="fastest"):
        pace(pace={"fastest": 1})
    with pytest.raises(PlanError, match=r"settings\.count_jumps\.severity: không có tác dụng .* / says nothing"):
        pace(severity="error")


@pytest.mark.parametrize("setting", [{"asked": False}, {"severity": "error"}, {"pace": {"times": 8}}])
@pytest.mark.parametrize("rule", ["count_falls", "value_negative"])
def test_what_a_rule_does_not_heed_cannot_be_set(rule: str, setting: dict[str, object]) -> None:
    contract = load_contract("progress")
    assert contract
    contract = contract.model_copy(update={"settings": {rule: RuleSetting.model_validate(setting)}})
    if rule == "value_negative" and "pace" not in setting:  # the intake heeds these
        assert compile_suite(contract, load_house_rules())
    else:
        with pytest.raises(PlanError, match=rf"settings\.{rule}\.{next(iter(setting))}"):
            compile_suite(contract, load_house_rules())


def test_a_rule_of_the_build_has_its_numbers() -> None:
    common = {"vi": "x", "en": "x"}
    with pytest.raises(ValidationError, match="count_jumps cần có / needs `pace`"):
        BuiltRule(rule="count_jumps", **common)
    with pytest.raises(ValidationError, match="count_falls không dùng / has no use for `pace`"):
        BuiltRule(rule="count_falls", pace=Pace(times=5, least_growth=50, least_past=3), **common)


def test_a_list_of_those_who_will_come_is_of_a_day_ahead(take) -> None:
    text = "Đơn vị;Ngày ra quân;Chỉ tiêu;Số lượng\nBảo Lộc;09/07/2023;Số nhóm tư vấn;5\n"
    lake = take({"bao-loc_2023-07-09.csv": text}, export_type="attendance", campaign=MANY_EXPORTS)
    assert lake.rules() == set() and lake.figures() == {("bao-loc", "2023-07-09"): 5}
