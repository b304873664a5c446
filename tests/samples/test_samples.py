"""The samples of every campaign: the same bytes from the same seed, judged as meant, refused when they cannot be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from thidua.clock import day_end
from thidua.errors import ThiduaError
from thidua.plan.loader import load_campaigns
from thidua.samples import generate
from thidua.samples.chance import Outgoing
from thidua.samples.generate import outgoing
from thidua.samples.people import PeopleOffices
from thidua.samples.spec import ListKind, People, load_samples
from thidua.settings import Home

from tests.samples.conftest import CAMPAIGNS

PLANS = load_campaigns(CAMPAIGNS)
SAMPLES = {campaign: load_samples(plan.folder, plan.units) for campaign, plan in PLANS.items()}
EXPECTED = {
    # campaign: (files, returned, with rejected rows, rows that are accepted)
    "an-giang-2022": (27, 1, 2, 6630),
    "ba-ria-vung-tau-2017": (109, 3, 0, 262),
    "can-tho-2023": (66, 2, 3, 2819),
    "chiem-hoa-2021": (70, 1, 3, 2089),
    "lam-dong-2023": (298, 4, 2, 1141),
}


@cache
def files_of(campaign: str) -> list[tuple[str, Outgoing]]:
    """What the seed of the shared home makes, made a second time."""
    return list(outgoing(PLANS[campaign], SAMPLES[campaign], 1))


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ---- bytes


def test_every_campaign_has_samples() -> None:
    assert set(EXPECTED) == set(PLANS) and all(SAMPLES.values())


def test_the_same_seed_gives_the_same_bytes(home: Home) -> None:
    """Made a second time: nothing in them depends on the hour or on what was made before."""
    landed = {
        f"{campaign}/{export_type}/{file.name}": file.content
        for campaign in PLANS
        for export_type, file in files_of(campaign)
    }
    assert len(landed) == sum(len(files_of(campaign)) for campaign in PLANS)
    found = tree(home.landing)
    assert {path: content for path, content in found.items() if not path.endswith(".receipt.json")} == landed
    assert len(found) == 2 * len(landed)


@pytest.mark.parametrize("campaign", ["chiem-hoa-2021", "lam-dong-2023"])
def test_another_seed_gives_other_bytes_under_the_same_names(campaign: str) -> None:
    other = list(outgoing(PLANS[campaign], SAMPLES[campaign], 2))
    first = files_of(campaign)
    assert [(export_type, file.name) for export_type, file in other] == [(export, file.name) for export, file in first]
    assert sum(one[1].content != two[1].content for one, two in zip(first, other, strict=True)) > 50


def test_a_second_call_writes_nothing_and_a_lost_file_comes_back(tmp_path: Path) -> None:
    home, campaigns = Home(tmp_path), ["ba-ria-vung-tau-2017"]
    paths = generate(home, CAMPAIGNS, campaigns=campaigns)
    paths[3].unlink()
    before = {path: path.stat().st_mtime_ns for path in home.landing.rglob("*") if path.is_file()}
    generate(home, CAMPAIGNS, campaigns=campaigns)
    after = {path: path.stat().st_mtime_ns for path in home.landing.rglob("*") if path.is_file()}
    assert after.keys() - before.keys() == {paths[3]}
    assert {path: after[path] for path in before} == before


def test_one_campaign_only(tmp_path: Path) -> None:
    generate(Home(tmp_path), CAMPAIGNS, campaigns=["chiem-hoa-2021"])
    assert [path.name for path in (tmp_path / "landing").iterdir()] == ["chiem-hoa-2021"]


# ---- what the intake says


@pytest.mark.parametrize("campaign", EXPECTED)
def test_every_file_is_judged_as_it_is_meant(judged: duckdb.DuckDBPyConnection, campaign: str) -> None:
    """A good file breaks no rule, not even one that warns; a faulty one breaks those that it is meant to break."""
    rows = judged.execute(
        """
        select landing_path, coalesce(list(distinct rule_id) filter (rule_id is not null), [])
        from submissions left join rejected_rows using (submission_id)
        where submissions.campaign_id = ? group by landing_path
        """,
        [campaign],
    ).fetchall()
    found = {path: frozenset(rules) for path, rules in rows}
    meant = {f"{campaign}/{export_type}/{file.name}": file.meant for export_type, file in files_of(campaign)}
    assert found == meant


@pytest.mark.parametrize("campaign", EXPECTED)
def test_how_many_are_taken(judged: duckdb.DuckDBPyConnection, campaign: str) -> None:
    row = judged.execute(
        """
        select
            count(*), count(*) filter (verdict = 'returned'),
            count(*) filter (verdict = 'accepted' and rejected_row_count > 0), sum(accepted_row_count)
        from submissions where campaign_id = ?
        """,
        [campaign],
    ).fetchone()
    assert row == EXPECTED[campaign]


def test_nothing_of_a_person_is_in_the_batches(home: Home, judged: duckdb.DuckDBPyConnection) -> None:
    batches = [path.read_bytes() for path in (home.lake / "batches").rglob("*") if path.is_file()]
    assert judged.execute("select count(distinct person_key) from events").fetchone()[0] > 5000  # type: ignore[index]
    first = {sample.first_number for samples in SAMPLES.values() for sample in samples if isinstance(sample, People)}
    assert len(first) == 4
    for secret in ("Người Mẫu", *(number.lstrip("0") for number in first)):
        assert not any(secret.encode() in batch for batch in batches)


# ---- when files come


def received() -> Iterator[tuple[str, str, Outgoing]]:
    for campaign in PLANS:
        for export_type, file in files_of(campaign):
            yield campaign, export_type, file


def test_files_come_in_office_hours_of_the_campaigns_time() -> None:
    years = {"an-giang-2022": {2022}, "ba-ria-vung-tau-2017": set(range(2017, 2022)), "can-tho-2023": {2023, 2024},
             "chiem-hoa-2021": {2021, 2022}, "lam-dong-2023": {2023, 2024}}  # fmt: skip
    for campaign, _, file in received():
        assert file.received_at.utcoffset() == timedelta(hours=7)
        assert file.received_at.year in years[campaign], file.name
        assert 7 <= file.received_at.hour < 17, file.name


def test_a_list_comes_after_the_day_it_is_complete_through() -> None:
    checked = 0
    for _, export_type, file in received():
        named = re.search(r"_(\d{4}-\d\d-\d\d)", file.name)
        if export_type in ("registrations", "enrolments", "quiz_results", "feedback") and named:
            assert file.received_at >= day_end(date.fromisoformat(named[1]))
            checked += 1
    assert checked > 100


# ---- people


def people(campaign: str, index: int = 0) -> tuple[People, PeopleOffices]:
    sample = [sample for sample in SAMPLES[campaign] if isinstance(sample, People)][index]
    return sample, PeopleOffices(PLANS[campaign], sample, 1)


@pytest.mark.parametrize("campaign", ["an-giang-2022", "can-tho-2023", "chiem-hoa-2021"])
def test_moments_lie_in_their_windows_by_day(campaign: str) -> None:
    sample, offices = people(campaign)
    windows = [moment for batch in sample.batches.values() for moment in batch.at.values() if isinstance(moment, list)]
    first = min(moment[0] if isinstance(moment[0], datetime) else _midnight(moment[0]) for moment in windows)
    assert len(offices.people) > 700
    for person in offices.people:
        assert person.at, person
        for moment in person.at.values():
            assert moment >= first
            assert 7 <= moment.hour < 22


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


def test_all_kinds_of_faults_of_lists_are_there() -> None:
    kinds = {
        fault.kind
        for samples in SAMPLES.values()
        for sample in samples
        if isinstance(sample, People)
        for one in sample.lists
        for fault in one.faults
    }
    assert kinds == set(ListKind.__args__)  # type: ignore[attr-defined]


def test_what_a_silent_office_did_not_tell_its_next_list_tells(judged: duckdb.DuckDBPyConnection) -> None:
    sent = {
        file.name.partition(".")[0] for export_type, file in files_of("chiem-hoa-2021") if export_type == "feedback"
    }
    assert "to-che-do_2021-10-31" in sent and "to-che-do_2021-11-30" not in sent
    days = judged.execute(
        """
        select min(cast(event_at + interval 7 hours as date)), max(cast(event_at + interval 7 hours as date))
        from events inner join submissions using (submission_id, export_type)
        where file_name like 'to-che-do_2021-12-31%' and export_type = 'feedback' and event = 'feedback_received'
        """
    ).fetchone()
    assert days is not None and days[0] <= date(2021, 11, 15) and days[1] > date(2021, 12, 1)


# ---- a broken sample.yml


def _broken(tmp_path: Path, campaign: str, change: dict[str, Any], index: int = 0) -> None:
    """Generates with a changed sample; whatever comes of it, nothing may be written."""
    source, target = CAMPAIGNS / campaign, tmp_path / "campaigns" / campaign
    target.mkdir(parents=True)
    for path in source.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    content = yaml.safe_load((source / "sample.yml").read_text(encoding="utf-8"))
    content["samples"][index].update(change)
    (target / "sample.yml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    home = Home(tmp_path / "home")
    try:
        generate(home, tmp_path / "campaigns")
    finally:
        assert not home.path.exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"figures": {"nowhere": [1] * 6}}, "no such unit in units.csv"),
        ({"figures": {"bao-loc": [1, 2]}}, "2 figures for 6 anchors"),
        ({"figures": {"bao-loc": [6, 5, 4, 3, 2, 1]}}, "must not fall"),
        ({"styles": {}}, "every unit with figures writes in some style"),
        ({"colour": "red"}, "Extra inputs are not permitted"),
        ({"kind": "guesses"}, "does not match any of the expected tags"),
        ({"closing": {"days": [], "days_later": [1, 2], "late": {"bao-loc": 4}}}, "write <unit>@<closing day>"),
        ({"faults": [{"kind": "figure", "unit": "bao-loc", "day": date(2023, 6, 30)}]}, "the instant of its receipt"),
    ],
)
def test_broken_growth_is_refused_before_anything_is_written(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ThiduaError, match=message):
        _broken(tmp_path, "lam-dong-2023", change)


FILE = {"sender": "can-tho", "day": date(2023, 12, 31)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"files": [{**FILE, "rows": [["can-tho", 1]]}]}, "2 cells for 5 columns"),
        ({"files": [{**FILE, "rows": [["nowhere", 1, 1, 1, 1]]}]}, "no such unit in units.csv: nowhere"),
        ({"files": [{**FILE, "sender": "nowhere", "rows": [["can-tho", 1, 1, 1, 1]]}]}, "units.csv: nowhere"),
        ({"files": []}, "at least 1 item"),
        ({"styles": ["csv_english"]}, "Input should be"),
    ],
)
def test_broken_tables_are_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ThiduaError, match=message):
        _broken(tmp_path, "can-tho-2023", change, 1)


def crowd(**changes: Any) -> dict[str, Any]:
    return {"crowds": [{"units": {"team": "to-thu"}, "counts": {"open": 1}, **changes}]}


def listed(**changes: Any) -> dict[str, Any]:
    one = {
        "export_type": "feedback", "title": "Sổ", "by": ["received_at"], "sender": {"role": "team"},
        "days": [date(2021, 6, 30)], "days_later": [1, 2], "styles": ["excel_block"],
        "columns": [{"header": "Số tiếp nhận", "serial": "PA-"}],
    }  # fmt: skip
    return {"lists": [{**one, **changes}]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (crowd(counts={"never": 1}), "no such batch: never"),
        (crowd(counts={"open": 0}), "greater than or equal to 1"),
        (crowd(units={"team": "nowhere"}), "no such unit in units.csv: nowhere"),
        (crowd(again="whom"), "no label 'whom' of 1 persons above"),
        (crowd(at={"received_at": [date(2021, 5, 2), date(2021, 5, 1)]}), "ends before it begins"),
        (crowd(at={"received_at": [date(2021, 5, 2), datetime(2021, 5, 3, 8)]}), "two days or two instants"),
        (crowd(at={"resolved_at": {"after": "never", "days": [1, 2]}}), "no moment 'never' stands before it"),
        (listed(by=["never"]), "no such moment: never"),
        (listed(sender={"role": "nobody"}), "no such role: nobody"),
        (listed(sender={"role": "team", "types": ["moon"]}), "no unit is of type moon"),
        (listed(sender="nowhere"), "no such unit in units.csv: nowhere"),
        (listed(days=[date(2021, 6, 30), date(2021, 5, 31)]), "the days must rise"),
        (listed(columns=[{"header": "Ai", "person": "name", "unit": "team"}]), "one thing only"),
        (listed(columns=[{"header": "Rồi", "known": "resolved_at"}]), "goes with `yes` and `no`"),
        (listed(faults=[{"kind": "silent", "sender": "to-thu", "day": date(2021, 7, 31)}]), "no list is of that day"),
        (listed(faults=[{"kind": "late", "sender": "to-thu", "day": date(2021, 6, 30)}]), "the instant of its receipt"),
        ({"first_number": "12"}, "String should match"),
    ],
)
def test_broken_people_are_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ThiduaError, match=message):
        _broken(tmp_path, "chiem-hoa-2021", change, 1)


def test_a_campaign_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ThiduaError, match="there is no campaign 'lam-dong'"):
        generate(Home(tmp_path), CAMPAIGNS, campaigns=["lam-dong"])
    assert not list(tmp_path.iterdir())
