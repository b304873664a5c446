"""The drill: a house with an official version is backed up, lost, and restored on an empty machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from thidua.clock import parse_instant
from thidua.closing.reproduce import reproduce
from thidua.operations.backup import backup, contents_of, verify
from thidua.operations.originals import Original
from thidua.operations.restore import restore
from thidua.operations.tidy import _delete_original
from thidua.reports.served import open_served
from thidua.settings import Home

from tests.closing import lam_dong
from tests.closing.lam_dong import CAMPAIGN
from tests.operations.conftest import judge, receive

pytestmark = pytest.mark.slow(seconds=30)


def test_a_restored_backup_on_an_empty_machine_reproduces_the_official_versions(tmp_path: Path) -> None:
    home, campaigns = lam_dong.make_home(tmp_path / "first")
    lam_dong.decide(
        home, "excuse_report", "2023-07-04T07:00:00", period_id="q2", export_type="progress", unit_id="da-teh"
    )
    receipt = receive(home, f"{CAMPAIGN}/enrolments/danh-sach.csv", "Họ tên\nNguyễn Thị An\n", "2023-07-02")
    judge(home, receipt)
    closing = lam_dong.freeze(home, campaigns, "q2", "2023-07-04T10:00:00")
    (tie,) = [question for question in closing.questions if question.kind == "tie"]
    lam_dong.answer(home, closing, tie.question_id, {"dam-rong": "second", "lac-duong": "first"}, "2023-07-06")
    lam_dong.answer_the_rest(home, closing, "2023-07-06")
    lam_dong.answer_the_rest(home, lam_dong.look(home, "q2", "2023-07-06T02:00:00"), "2023-07-06T02:00:00")
    official = lam_dong.approve_and_issue(home, "q2", "2023-07-07")

    _delete_original(home, Original(receipt.content_sha256, (receipt,), "…"), "Lan", parse_instant("2023-07-08"))
    made = backup(home, campaigns, tmp_path / "disk", parse_instant("2023-07-08"))
    assert contents_of(made.manifest)["officials"] == [f"{CAMPAIGN}/q2/v1"]
    assert verify(made.path).manifest == made.manifest
    shutil.rmtree(tmp_path / "first")

    other, plans = Home(tmp_path / "second" / "home"), tmp_path / "second" / "campaigns"
    restored = restore(other, plans, made.path, parse_instant("2023-07-09"))
    assert restored.seconds is not None
    found = reproduce(other, CAMPAIGN, "q2")
    assert found.is_identical, [*found.faults, *found.differences]
    assert found.is_same_code and len(found.notes) == 1
    assert (
        found.notes[0].startswith(receipt.submission_id[:12]) and "deleted by retention on 08/07/2023" in found.notes[0]
    )
    with open_served(other) as served:
        (row,) = served.rows("select distinct version, content_hash from fct_ranking_version")
    assert row == {"version": 1, "content_hash": official.content_hash}
