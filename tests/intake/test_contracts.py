"""Export contracts say what is wrong with themselves; header matching is by words, not by spelling."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from thidua.errors import PlanError
from thidua.intake.contracts import RuleSetting, known_export_types, load_contract
from thidua.intake.suites import compile_suite, load_house_rules
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


def test_a_list_of_those_who_will_come_is_of_a_day_ahead(take) -> None:
    text = "Đơn vị;Ngày ra quân;Chỉ tiêu;Số lượng\nBảo Lộc;09/07/2023;Số nhóm tư vấn;5\n"
    lake = take({"bao-loc_2023-07-09.csv": text}, export_type="attendance", campaign=MANY_EXPORTS)
    assert lake.rules() == set() and lake.figures() == {("bao-loc", "2023-07-09"): 5}
