"""Objections are entries of the lake: open until answered, known at an instant, answered once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from thidua.errors import NotWell, ThiduaError
from thidua.lake.evidence import evidence_path, keep_evidence
from thidua.lake.objections import answer_objection, load_objections, raise_objection
from thidua.settings import Home

RAISED = datetime(2023, 7, 10, tzinfo=UTC)
ANSWERED = datetime(2023, 7, 12, tzinfo=UTC)
ABOUT = {"campaign_id": "c", "period_id": "q2", "unit_id": "u", "raised_by": "BHXH U", "raised_at": RAISED}


def test_an_objection_is_open_until_it_is_answered(tmp_path: Path) -> None:
    home, paper = Home(tmp_path), tmp_path / "cong-van.pdf"
    paper.write_bytes(b"%PDF-1.7 ...")
    sha256 = keep_evidence(home, paper)
    assert evidence_path(home, sha256).read_bytes() == paper.read_bytes()
    raised = raise_objection(home, **ABOUT, text="Thiếu 12 người", evidence_sha256=sha256)
    (found,) = load_objections(home)
    assert found == raised and found.is_open and found.row()["status"] == "open"
    said = {"campaign_id": "c", "objection_id": raised.objection_id, "answered_by": "Thư ký", "answered_at": ANSWERED}
    answer_objection(home, **said, result="upheld", text="Đúng", effect_decision_ids=["d2", "d1"])
    (found,) = load_objections(home)
    assert not found.is_open and found.row()["effect_decision_ids"] == "d1,d2"
    assert found.row()["evidence_sha256"] == sha256
    (before,) = load_objections(home, RAISED)
    assert before.is_open, "known at an earlier instant it was open"
    assert load_objections(home, RAISED.replace(day=9)) == []
    with pytest.raises(NotWell):
        answer_objection(home, **said, result="rejected", text="Không đúng")


def test_an_objection_and_its_answer_say_who_and_what(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with pytest.raises(ThiduaError, match="who objects"):
        raise_objection(home, **{**ABOUT, "raised_by": " "}, text="Thiếu 12 người")
    said = {"campaign_id": "c", "answered_by": "Thư ký", "answered_at": ANSWERED, "text": "Đúng"}
    with pytest.raises(ThiduaError, match="no objection"):
        answer_objection(home, **said, objection_id="none", result="upheld")
    raised = raise_objection(home, **ABOUT, text="Thiếu 12 người")
    with pytest.raises(ThiduaError, match="allowed: upheld, rejected"):
        answer_objection(home, **said, objection_id=raised.objection_id, result="perhaps")
    with pytest.raises(ThiduaError, match="evidence"):
        keep_evidence(home, tmp_path / "nowhere.pdf")
