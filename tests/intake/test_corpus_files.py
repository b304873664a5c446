"""The files of tests/corpus/ through the whole intake, in one run: each becomes what is written beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, ConfigDict
from thidua.intake.contracts import known_export_types
from thidua.intake.faults import FILE_MESSAGES
from thidua.intake.ingest import ingest
from thidua.intake.validate import load_rules
from thidua.settings import Home

from tests.intake import make_corpus, test_contract_rules, test_rules
from tests.intake.conftest import NOW, Lake

FOLDER = make_corpus.FOLDER
ENDING = ".expected.yml"
OUTCOMES = {"valid": "accepted", "rejected": "accepted_with_rejections", "returned": "returned"}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fault(_Part):
    rule: str
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None

    @property
    def order(self) -> tuple[Any, ...]:
        return (self.row or 0, self.rule, self.value or "")


class Rows(_Part):
    received: int
    accepted: int
    rejected: int
    ignored: int


class Events(_Part):
    live: int
    cancelled: int


class Expected(_Part):
    """`file_name`: where it matters; `landing_path`: where the folder is the reason. `told`: what a message must name.

    `figures`: unit, day, metric and member -> value.
    """

    why: str
    export_type: str
    campaign: str
    outcome: str
    file_name: str | None = None
    landing_path: str | None = None
    told: list[str] = []
    rows: Rows
    faults: list[Fault]
    figures: dict[str, int] = {}
    events: Events = Events(live=0, cancelled=0)


EXPECTED = {
    path.relative_to(FOLDER).as_posix().removesuffix(ENDING): Expected.model_validate(yaml.safe_load(path.read_bytes()))
    for path in sorted(FOLDER.rglob(f"*{ENDING}"))
}


def landing_path(name: str) -> str:
    expected = EXPECTED[name]
    return expected.landing_path or "/".join(
        (expected.campaign, expected.export_type, expected.file_name or Path(name).name)
    )


def test_every_file_has_its_outcome_beside_it() -> None:
    files = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()}
    assert {name for name in files if not name.endswith(ENDING)} == set(EXPECTED) == set(make_corpus.files())
    assert len(EXPECTED) >= 60
    assert {name.partition("/")[0] for name in EXPECTED} == set(OUTCOMES)
    assert len({landing_path(name) for name in EXPECTED}) == len(EXPECTED)


def test_all_formats_and_export_types_are_there() -> None:
    accepted = {Path(name).suffix for name in EXPECTED if name.startswith("valid/")}
    assert accepted == {".xlsx", ".xls", ".xlsb", ".ods", ".csv", ".txt"}
    assert {one.export_type for name, one in EXPECTED.items() if name.startswith("valid/")} == set(known_export_types())


def _elsewhere() -> Iterator[str]:
    """Rules that tests of their own break; each of these is checked to have a case there."""
    yield from test_rules.CASES
    yield from (rule_id for _, rule_id in test_contract_rules.CASES)
    yield from (test_contract_rules.TOTAL, test_contract_rules.AMBIGUOUS)


def test_every_rule_is_broken_by_a_file() -> None:
    """Every fault of a whole file in the corpus; every rule of a contract there or in the fixtures of the rules."""
    broken = {fault.rule for expected in EXPECTED.values() for fault in expected.faults}
    assert set(FILE_MESSAGES) - broken == set()
    rules = {rule.rule_id for export_type in known_export_types() for rule in load_rules(export_type)[1]}
    assert len(rules) > 40 and rules - broken - set(_elsewhere()) == set()
    assert broken <= rules | set(FILE_MESSAGES)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, campaigns: Path) -> Lake:
    home = Home(tmp_path_factory.mktemp("home"))
    for name in EXPECTED:
        path = home.landing / landing_path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((FOLDER / name).read_bytes())
    return Lake(home, ingest(home, campaigns, NOW, explicit_now=True, settle_seconds=0.01))


@pytest.fixture(scope="module")
def tables(lake: Lake) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """table -> landing path -> its rows."""
    paths = {row["submission_id"]: row["landing_path"] for row in lake.rows("submissions")}
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for table in ("submissions", "rejected_rows", "figures", "events"):
        of_file = found.setdefault(table, {path: [] for path in paths.values()})
        for row in lake.rows(table):
            of_file[paths[row["submission_id"]]].append(row)
    return found


def test_the_run_says_what_became_of_them(lake: Lake) -> None:
    result = lake.result
    assert result.troubles == []
    assert result.files == len(EXPECTED) == result.accepted + result.with_rejections + len(result.returned)
    assert {file.landing_path for file in result.returned} == {
        landing_path(name) for name, expected in EXPECTED.items() if expected.outcome == "returned"
    }


@pytest.mark.parametrize("name", EXPECTED)
def test_becomes_what_is_written_beside_it(tables: dict[str, dict[str, list[dict[str, Any]]]], name: str) -> None:
    expected, path = EXPECTED[name], landing_path(name)
    assert expected.outcome == OUTCOMES[name.partition("/")[0]]
    (submission,) = tables["submissions"][path]
    rows = Rows(**{kind: submission[f"{kind}_row_count"] for kind in Rows.model_fields})
    is_partly = submission["verdict"] == "accepted" and rows.rejected > 0
    assert ("accepted_with_rejections" if is_partly else submission["verdict"]) == expected.outcome
    found = [
        Fault(
            rule=row["rule_id"],
            sheet=row["sheet"],
            row=row["line_number"],
            column=row["column_name"],
            value=row["value"],
        )
        for row in tables["rejected_rows"][path]
    ]
    assert sorted(found, key=lambda fault: fault.order) == sorted(expected.faults, key=lambda fault: fault.order)
    assert rows == expected.rows and rows.received == rows.accepted + rows.rejected + rows.ignored
    figures = {
        " ".join(filter(None, (row["unit_id"], str(row["as_of_date"]), row["metric_id"], row["member"]))): row["value"]
        for row in tables["figures"][path]
    }
    assert figures == expected.figures
    events = [row["is_cancelled"] for row in tables["events"][path]]
    assert Events(live=events.count(False), cancelled=events.count(True)) == expected.events
    for row in tables["rejected_rows"][path]:
        vietnamese, _, english = row["message"].partition(" / ")
        assert vietnamese and english and row["message"].isprintable() and "{" not in row["message"]
        assert not any(word in row["message"] for word in ("12AB", "012345678"))
    told = " ".join(row["message"] for row in tables["rejected_rows"][path])
    assert all(word in told for word in expected.told)


def test_the_same_person_is_known_without_its_zeros(tables: dict[str, dict[str, list[dict[str, Any]]]]) -> None:
    lists = ("registrations.csv", "registrations-without-leading-zeros.xlsx")
    first, second = ({row["person_key"] for row in tables["events"][landing_path(f"valid/{name}")]} for name in lists)
    assert len(first & second) == 1
