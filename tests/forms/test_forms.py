"""Forms: filled in by an office they pass the intake, whatever the contract and the campaign."""

from __future__ import annotations

import io
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from thidua.errors import ThiduaError
from thidua.forms.fields import Field, fields_of, metrics_of
from thidua.forms.workbook import FORM_SHEET, GUIDE_SHEET, HEADER_ROW, LIST_SHEET, NO_DAY, write_form
from thidua.intake.campaigns import CampaignFacts, campaign_ids, load_facts
from thidua.intake.contracts import Contract, known_export_types, load_contract
from thidua.intake.ingest import ingest
from thidua.intake.layout import find_layout
from thidua.intake.readers import read_file
from thidua.settings import Home, repo_root

from tests.intake.conftest import MANY_EXPORTS, Lake, campaigns

__all__ = ["campaigns"]

CAMPAIGNS = repo_root() / "campaigns"
NOW = datetime(2030, 1, 1, tzinfo=UTC)
HEADER = HEADER_ROW + 1  # as Excel counts


def facts_of(campaign: str, folder: Path = CAMPAIGNS) -> CampaignFacts:
    facts = load_facts(folder, campaign)
    assert facts
    return facts


def contract_of(name: str) -> Contract:
    contract = load_contract(name)
    assert contract
    return contract


PAIRS = [
    (name, campaign)
    for name in known_export_types()
    for campaign in campaign_ids(CAMPAIGNS)
    if contract_of(name).grain == "events" or metrics_of(contract_of(name), facts_of(campaign))
]
PAIRS.append(("participants", MANY_EXPORTS))  # which no plan counts by a report yet


def opened(content: bytes) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(content))


def chosen(book: Workbook, sheet: Worksheet, column: int) -> list[str]:
    """What the first data cell of a column can be chosen from."""
    cell = sheet.cell(HEADER + 1, column).coordinate
    for one in sheet.data_validations.dataValidation:
        if cell in one.sqref and one.type == "list":
            name, _, cells = one.formula1.replace("$", "").partition("!")
            assert name == f"'{LIST_SHEET}'"
            return [row[0].value for row in book[LIST_SHEET][cells]]
    return []


def right_value(field: Field, choices: list[str], number: int, day: date) -> object:
    """What an office writes into a cell of the form's row `number`, as Excel would hold it."""
    if field.kind == "list":
        # The same unit in both rows: offices speak for themselves.
        return choices[0] if field.column.role in ("unit", "choice", "metric") else choices[number % len(choices)]
    return {
        "number": number + 1,
        "day": day - timedelta(days=number) if field.column.role == "as_of_date" else day,
        "moment": datetime(day.year, day.month, day.day, 19, 59, 59),
        "person": f"00123456{number:02d}",
        "text": "" if field.column.role == "rate" else f"00{number}",
    }[field.kind]


def filled(content: bytes, contract: Contract, facts: CampaignFacts) -> bytes:
    book = opened(content)
    sheet = book[FORM_SHEET]
    day = (facts.earliest_date or date(2021, 1, 1)) + timedelta(days=60)
    for index, field in enumerate(fields_of(contract, facts), 1):
        assert sheet.cell(HEADER, index).value == field.header
        choices = chosen(book, sheet, index)
        for number in (0, 1):
            sheet.cell(HEADER + 1 + number, index).value = right_value(field, choices, number, day)
    if contract.grain == "events":
        assert sheet["A3"].value == NO_DAY
        sheet["A3"].value = f"Danh sách đầy đủ tính đến hết ngày {day:%d/%m/%Y}"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory, campaigns: Path) -> Lake:
    """Every form, filled in with two right rows and handed in under a name that says nothing."""
    home = Home(tmp_path_factory.mktemp("home"))
    plans = home.path / "campaigns"
    shutil.copytree(CAMPAIGNS, plans)
    shutil.copytree(campaigns / MANY_EXPORTS, plans / MANY_EXPORTS)
    for name, campaign in PAIRS:
        contract, facts = contract_of(name), facts_of(campaign, plans)
        folder = home.landing / campaign / name
        folder.mkdir(parents=True)
        (folder / f"{name}-{campaign}.xlsx").write_bytes(filled(write_form(contract, facts), contract, facts))
    return Lake(home, ingest(home, plans, NOW, explicit_now=True, settle_seconds=0.01))


def test_there_are_forms_of_every_contract_and_campaign() -> None:
    assert {name for name, _ in PAIRS} == set(known_export_types())
    assert {campaign for _, campaign in PAIRS} == {*campaign_ids(CAMPAIGNS), MANY_EXPORTS}


@pytest.mark.parametrize(("name", "campaign"), PAIRS, ids="/".join)
def test_a_filled_form_is_accepted_without_a_fault(taken: Lake, name: str, campaign: str) -> None:
    lake = taken.of(f"{name}-{campaign}.xlsx")
    assert lake.rows("rejected_rows") == []
    submission = lake.submission()
    assert (submission["verdict"], submission["accepted_row_count"]) == ("accepted", 2)
    assert lake.rows("figures") or lake.rows("events") or name == "documents"


@pytest.mark.parametrize("name", known_export_types())
def test_a_blank_form_has_no_rows_and_no_table_but_its_own(name: str) -> None:
    contract = contract_of(name)
    grids = read_file("a.xlsx", write_form(contract, None))
    assert [grid.sheet for grid in grids] == [FORM_SHEET, GUIDE_SHEET], "the lists are hidden"
    form, guide = grids
    assert guide.width == 1
    metrics = contract.names_of({metric: metric for metric in contract.metric_names or {"users": "", "staff": ""}})
    layout = find_layout(form, contract, metrics, has_unit_hint=False)
    assert layout and list(layout.header_rows) == [HEADER_ROW] and layout.body_start == form.height
    assert {one.column.name for one in layout.columns if one.column.required} == {
        column.name for column in contract.columns if column.required
    }
    assert all(one.is_exact for one in layout.columns)
    for other in known_export_types():
        assert find_layout(guide, contract_of(other), metrics, has_unit_hint=True) is None


def test_cells_say_what_they_take() -> None:
    contract, facts = contract_of("registrations"), facts_of("lam-dong-2023")
    book = opened(write_form(contract, facts))
    assert book[LIST_SHEET].sheet_state == "hidden"
    sheet = book[FORM_SHEET]
    column = {field.column.name: index for index, field in enumerate(fields_of(contract, facts), 1)}
    units = chosen(book, sheet, column["unit"])
    assert {facts.registry.resolve(unit).unit_id for unit in units} == set(facts.units)
    assert chosen(book, sheet, column["status"]) == ["Đã duyệt", "Chờ duyệt", "Từ chối", "Hủy"]
    assert "Cơ quan Đảng, chính quyền, đoàn thể huyện" in chosen(book, sheet, column["group"])

    def validation(name: str):
        cell = sheet.cell(HEADER + 1, column[name]).coordinate
        return next(one for one in sheet.data_validations.dataValidation if cell in one.sqref)

    person = validation("person")
    assert (person.type, person.formula1, person.formula2) == ("textLength", "10", "12")
    letter = openpyxl.utils.get_column_letter
    assert sheet.column_dimensions[letter(column["person"])].number_format == "@"
    approved = validation("approved_at")
    assert (approved.type, approved.formula2) == ("date", "NOW()")
    assert sheet.column_dimensions[letter(column["approved_at"])].number_format == "dd/mm/yyyy"
    assert sheet.cell(HEADER, column["person"]).value.endswith("(*)")
    assert not sheet.cell(HEADER, column["full_name"]).value.endswith("(*)")
    (days,) = [one for one in sheet.data_validations.dataValidation if "A3" in one.sqref]
    assert days.errorStyle == "information" and days.type == "list", "another day may be written"


def test_counts_and_days_of_a_campaign_are_bounded() -> None:
    contract, facts = contract_of("progress"), facts_of("lam-dong-2023")
    sheet = opened(write_form(contract, facts))[FORM_SHEET]
    validations = {one.type: one for one in sheet.data_validations.dataValidation}
    assert (validations["whole"].operator, validations["whole"].formula1) == ("greaterThanOrEqual", "0")
    # The eve of the campaign is the first day that makes sense; Excel counts days from 1899-12-30.
    assert date(1899, 12, 30) + timedelta(days=int(validations["date"].formula1)) == date(2022, 12, 31)
    assert "Chỉ tiêu thống kê" not in [cell.value for cell in sheet[HEADER]], "one metric needs no column"


def test_the_guide_explains_every_column_and_marks_its_example_as_invented() -> None:
    contract, facts = contract_of("enrolments"), facts_of("can-tho-2023")
    guide = [row[0].value or "" for row in opened(write_form(contract, facts))[GUIDE_SHEET].iter_rows()]
    for field in fields_of(contract, facts):
        place = guide.index(f"{field.header} / {field.column.title.en}")
        assert guide[place + 1 : place + 3] == list(field.guide)
    example = next(place for place, text in enumerate(guide) if "số liệu bịa" in text)
    assert len(guide) - example - 1 == len(fields_of(contract, facts))
    assert any("landing/can-tho-2023/enrolments/" in text for text in guide)


def test_the_same_inputs_give_the_same_bytes() -> None:
    contract, facts = contract_of("coverage"), facts_of("ba-ria-vung-tau-2017")
    assert write_form(contract, facts) == write_form(contract, facts)


def test_figures_that_a_campaign_does_not_count_have_no_form() -> None:
    with pytest.raises(ThiduaError, match="chiem-hoa-2021"):
        write_form(contract_of("progress"), facts_of("chiem-hoa-2021"))


def test_no_form_is_left_out(tmp_path: Path) -> None:
    """Without a campaign there are lists of the contract's own words only."""
    for name in known_export_types():
        book = opened(write_form(contract_of(name), None))
        assert book.sheetnames == [FORM_SHEET, GUIDE_SHEET, LIST_SHEET]
