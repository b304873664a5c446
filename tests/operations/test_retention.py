"""What goes by the policy and what never does; a deleted original is told of everywhere and missed by nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from thidua.clock import parse_instant
from thidua.errors import NotWell, PlanError
from thidua.intake.data_docs import data_docs_dir
from thidua.lake.decisions import record_decision
from thidua.lake.deletions import deletion_note, is_deleted
from thidua.lake.entries import Changed, read_entry
from thidua.lake.judgements import wanted
from thidua.lake.objections import raise_objection
from thidua.lake.officials import commit_version, new_version_dir
from thidua.lake.receipts import Receipt, raw_path
from thidua.operations import tidy as tidying
from thidua.operations.originals import personal_originals
from thidua.operations.policy import DEFAULTS, load_policy
from thidua.operations.tidy import Tidied, tidy
from thidua.plan.snapshots import record_snapshots
from thidua.settings import Home
from thidua.slips.write import write_slips

from tests.closing import lam_dong
from tests.operations.conftest import NOW, judge, receive, tree

CAMPAIGN = "lam-dong-2023"
APPROVED = parse_instant("2023-12-10")
LATER = APPROVED + timedelta(days=731)
PERSONS = f"{CAMPAIGN}/enrolments/danh-sach.csv"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A campaign whose last closing is official, with a list of persons and a report of figures behind it."""
    home = Home(tmp_path / "home")
    campaigns = tmp_path / "campaigns"
    shutil.copytree(lam_dong.PLAN, campaigns / CAMPAIGN)
    record_snapshots(home, campaigns, parse_instant("2023-02-01"))
    judge(home, receive(home, PERSONS, "Họ tên;Mã số BHXH\nNguyễn Thị An;0123456789\n"), "Mã số / number / …")
    judge(home, receive(home, f"{CAMPAIGN}/progress/so-lieu.csv", "Đơn vị;Lũy kế\nBảo Lộc;1\n"))
    for period_id in lam_dong.CLOSINGS:
        make_official(home, period_id)
    return home


def make_official(home: Home, period_id: str) -> None:
    said = {"campaign_id": CAMPAIGN, "period_id": period_id, "version": 1, "approved_at": APPROVED.isoformat()}
    commit_version(home, new_version_dir(home, CAMPAIGN, period_id), {**said, "tables": {}, "content_hash": "…"})


def persons(home: Home) -> Receipt:
    from thidua.lake.receipts import load_receipts

    return next(receipt for receipt in load_receipts(home) if receipt.landing_path == PERSONS)


def run(home: Home, now: Any = LATER, **options: Any) -> Tidied:
    return tidy(home, now, "Lan", with_airflow=False, **options)


def kinds(done: Tidied) -> list[str]:
    return sorted(item.kind for item in done.items)


def test_an_original_about_persons_goes_after_its_time_and_leaves_a_record(home: Home) -> None:
    receipt = persons(home)
    campaigns = home.path.parent / "campaigns"
    (slip,) = write_slips(home, campaigns)
    before = tree(home.path)
    shown = run(home, dry_run=True)
    assert tree(home.path) == before, "a dry run only looks"
    done = run(home)
    assert done.items == shown.items and kinds(done) == ["originals", "originals"]
    gone = {f"lake/restricted/raw/{receipt.content_sha256}"} | {
        name for name in before if name.startswith(f"lake/restricted/slips/{receipt.submission_id}-")
    }
    after = tree(home.path)
    assert len(gone) == 3 and set(before) - set(after) == gone, "landing/, batches and figures stay"
    assert set(after) - set(before) == {f"lake/deletions/{receipt.content_sha256}.json", "data_docs/index.html"} & set(
        after
    )
    assert "still lie in landing/" in done.notes[0] and PERSONS in done.notes[0]
    assert deletion_note(home, receipt.content_sha256) == (
        "bản gốc đã xóa theo quy định lưu trữ ngày 10/12/2025 / original deleted by retention on 10/12/2025 (Lan)"
    )
    assert run(home).items == [], "once"
    (again,) = write_slips(home, campaigns)
    assert again.is_new and again.folder == slip.folder
    assert "original deleted by retention" in again.read_text() and "Nguyễn Thị An" not in again.read_text()


def open_objection(home: Home) -> None:
    raise_objection(
        home, campaign_id=CAMPAIGN, period_id="final", unit_id="bao-loc", raised_by="BHXH Bảo Lộc", raised_at=APPROVED, text="…"
    )  # fmt: skip


def ask_again(home: Home) -> None:
    record_decision(
        home, campaign_id=CAMPAIGN, kind="rejudge", subject={"submission_ids": [persons(home).submission_id]},
        decided_by="Lan", recorded_at=APPROVED, reason="…",
    )  # fmt: skip


STAYS: dict[str, tuple[Callable[[Home], Any], Any, str]] = {
    "the time is not over": (lambda home: None, LATER - timedelta(days=2), "kept until"),
    "the last closing is not official": (
        lambda home: shutil.rmtree(home.lake / "officials" / CAMPAIGN / "final"), LATER, "not official: final",
    ),
    "an objection is open": (open_objection, LATER, "objection is open"),
    "to be judged again": (ask_again, LATER, "asks to judge it again"),
    "never judged": (
        lambda home: [shutil.rmtree(batch) for batch in (home.lake / "batches").iterdir()], LATER, "not judged yet",
    ),
    "no plan": (lambda home: shutil.rmtree(home.lake / "plans"), LATER, "has no plan"),
    "the same bytes in a campaign that goes on": (
        lambda home: judge(home, receive(home, "an-giang-2022/enrolments/b.csv", (home.landing / PERSONS).read_text())),
        LATER, "has no plan of 'an-giang-2022'",
    ),
    "the house keeps them for ever": (
        lambda home: (home.path / "retention.yml").write_text("originals_days: null\n"), LATER, "for ever",
    ),
}  # fmt: skip


@pytest.mark.parametrize("reason", STAYS)
def test_an_original_stays_and_the_reason_is_told(home: Home, reason: str) -> None:
    prepare, now, said = STAYS[reason]
    prepare(home)
    done = run(home, now)
    assert "originals" not in kinds(done) and raw_path(home, persons(home).content_sha256).exists()
    assert len(done.stays) == 1 and said in next(iter(done.stays)), done.stays


def test_figures_and_papers_are_no_originals_about_persons(home: Home) -> None:
    assert [one.receipts[0].landing_path for one in personal_originals(home, 1, LATER)] == [PERSONS]


def test_what_is_gone_is_not_judged_again(home: Home) -> None:
    run(home)
    ask_again(home)
    assert is_deleted(home, persons(home).content_sha256) and wanted(home) == []


def test_a_kill_between_record_and_bytes_is_made_good(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    write_slips(home, home.path.parent / "campaigns")
    with monkeypatch.context() as patched:
        patched.setattr(tidying, "take_away", killed)
        with pytest.raises(KeyboardInterrupt):
            run(home)
    sha256 = persons(home).content_sha256
    assert raw_path(home, sha256).exists() and not is_deleted(home, sha256), "recorded, but there"
    record = (home.lake / "deletions" / f"{sha256}.json").read_bytes()
    run(home, LATER + timedelta(days=7))
    assert is_deleted(home, sha256) and (home.lake / "deletions" / f"{sha256}.json").read_bytes() == record


def test_the_same_bytes_sent_and_deleted_again_leave_a_record_of_their_own(home: Home) -> None:
    run(home)
    sha256, first = persons(home).content_sha256, persons(home).submission_id
    records = home.lake / "deletions"
    before = tree(records)
    again = receive(home, f"{CAMPAIGN}/enrolments/lan-hai.csv", (home.landing / PERSONS).read_text())
    judge(home, again, "Mã số / number / …")
    assert again.content_sha256 == sha256 and not is_deleted(home, sha256)
    done = tidy(home, LATER + timedelta(days=7), "Hoa", with_airflow=False)
    assert kinds(done) == ["originals"] and is_deleted(home, sha256)
    assert set(tree(records)) == {f"{sha256}.json", f"{sha256}-2.json"}
    assert before.items() <= tree(records).items(), "the first one stands"
    second = read_entry(records / f"{sha256}-2.json")
    assert second["submission_ids"] == sorted([first, again.submission_id]) and second["deleted_by"] == "Hoa"
    assert (deletion_note(home, sha256) or "").endswith("17/12/2025 (Hoa)")


def test_an_edited_record_is_found(home: Home) -> None:
    run(home)
    record = home.lake / "deletions" / f"{persons(home).content_sha256}.json"
    record.write_bytes(record.read_bytes().replace(b"Lan", b"Hoa"))
    with pytest.raises(Changed):
        deletion_note(home, persons(home).content_sha256)


def old(path: Path, days: int, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    at = NOW.timestamp() - days * 86_400
    os.utime(path, (at, at))
    os.utime(path.parent, (at, at))
    return path


def test_what_can_be_made_again_goes_by_age_or_number(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for number in range(8):
        old(home.serve / f"2024010{number}T000000Z" / "marts.duckdb", 100 - number)
    (home.serve / "current").symlink_to("20240100T000000Z")  # somebody put an old one back
    gone = [
        old(home.airflow / "logs" / "old.log", 91),
        old(data_docs_dir(home) / "b1" / "progress.html", 366),
        old(home.path / "known-at" / "20230704T000000Z" / "build.duckdb", 31),
        old(home.path / "closings" / "c" / "q2" / "abc" / "build.duckdb", 31),
        old(home.path / "desk" / "scratch" / "s" / "x", 31),
        home.serve / "20240101T000000Z",
        home.serve / "20240102T000000Z",
    ]
    kept = [
        old(home.airflow / "logs" / "new.log", 89),
        old(data_docs_dir(home) / "b2" / "progress.html", 364),
        old(home.path / "closings" / "c" / "q3" / "abc" / "build.duckdb", 29),
        home.serve / "20240100T000000Z",
        home.serve / "20240103T000000Z",
    ]
    (home.path / "replaced-20240101T000000Z").mkdir()
    done = run(home, NOW)
    assert kinds(done) == ["data_docs", "logs", "served", "served", "work", "work", "work"]
    assert not any(path.exists() for path in gone) and all(path.exists() for path in kept)
    assert ["replaced-20240101T000000Z" in note for note in done.notes] == [True]


def test_a_house_says_what_it_wants_otherwise(tmp_path: Path) -> None:
    home = Home(tmp_path)
    default = load_policy(home)
    (tmp_path / "retention.yml").write_text("originals_days: 30\n")
    assert load_policy(home) == default.model_copy(update={"originals_days": 30})
    for wrong, said in (
        ("logs_days: 0", "retention.yml:1: logs_days"),
        ("\nlog_days: 9", "retention.yml:2: log_days"),
        ("logs_days: many", "retention.yml:1: logs_days"),
        ("- a", "no list of settings"),
        ("a: [", "cannot be read"),
    ):
        (tmp_path / "retention.yml").write_text(wrong)
        with pytest.raises(PlanError, match=said):
            run(home)
    assert DEFAULTS.read_text().count("_days:") == 5


def test_who_tidies_is_told(home: Home) -> None:
    with pytest.raises(NotWell, match="who tidies"):
        tidy(home, LATER, " ")


def test_airflow_is_cleaned_by_its_own_command_also_from_within_a_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow blanks the address for its tasks; the file on this machine is known."""
    called: list[Any] = []

    def run_command(command: list[str], env: dict[str, str], **_: Any) -> subprocess.CompletedProcess[str]:
        called.append((command, env))
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(tidying.subprocess, "run", run_command)
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "airflow-db-not-allowed:///")
    home = Home(tmp_path)
    assert "not cleaned from here" in tidy(home, NOW, "Lan").notes[0] and called == []
    old(home.airflow / "airflow.db", 0)
    assert "would go" in tidy(home, NOW, "Lan", dry_run=True).notes[0]
    assert "gone" in tidy(home, NOW, "Lan").notes[0]
    (dry, _), (command, environment) = called
    assert "--dry-run" in dry and "--dry-run" not in command and "--yes" in command
    assert command[command.index("--clean-before-timestamp") + 1] == "2023-08-05T01:00:00+00:00"
    assert environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == f"sqlite:///{home.airflow / 'airflow.db'}"
