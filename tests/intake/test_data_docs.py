"""The operator's pages: what GX judged, the faults in words, nothing personal, nothing from outside."""

from __future__ import annotations

import re

import pytest
from thidua.intake import data_docs
from thidua.intake.data_docs import data_docs_dir

TEXT = "Đơn vị;Ngày số liệu;Số lũy kế\nBảo Lạc<b>;30/06/2023;5\nĐà Lạt;30/06/2023;7\n"
PERSONS = "Mã số BHXH;Đơn vị;Ngày phê duyệt;Trạng thái\n98AB77;Đà Lạt;01/06/2023;Đã duyệt\n0123456789;Đà Lạt;01/06/2023;Đã duyệt\n"


def test_a_page_shows_rules_and_faults(take) -> None:
    lake = take({"a.csv": TEXT})
    (page,) = data_docs_dir(lake.home).glob("*/progress.html")
    text = page.read_text(encoding="utf-8")
    assert page.parent.name == lake.result.batches[0]
    assert "unit_unknown" in text and "Bảo Lạc&lt;b&gt;" in text and "<b>;" not in text
    assert not re.search(r"(src|href)=\"(https?:)?//", text) and "<script" not in text
    assert f"{page.parent.name}/progress.html" in (data_docs_dir(lake.home) / "index.html").read_text(encoding="utf-8")


def test_personal_values_are_masked(take) -> None:
    lake = take({"a_2023-06-30.csv": PERSONS}, export_type="registrations")
    (page,) = data_docs_dir(lake.home).glob("*/registrations.html")
    text = page.read_text(encoding="utf-8")
    assert "person_invalid" in text
    assert "98AB77" not in text and "123456789" not in text


def test_old_pages_go(take, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_docs, "KEPT_BATCHES", 1)
    first = take({"a.csv": TEXT})
    take({"b.csv": TEXT.replace(";5", ";6")})
    pages = list(data_docs_dir(first.home).glob("*/progress.html"))
    assert len(pages) == 1


def test_a_page_that_cannot_be_made_stops_no_file(take, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> str:
        raise RuntimeError("no disk")

    monkeypatch.setattr(data_docs, "_render", broken)
    assert take({"a.csv": TEXT}).result.with_rejections == 1
