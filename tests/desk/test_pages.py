"""What pages show: hostile text as text, both languages, rates and bars from whole numbers."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
import thidua.desk
from thidua.desk.access import Role
from thidua.desk.board import fitting
from thidua.desk.english import ENGLISH
from thidua.desk.ranking import bar
from thidua.desk.render import both, shown, until
from thidua.desk.words import CODES

from tests.desk.conftest import CAMPAIGN, OTHER_FILE, OWN, SCRIPT, Clients
from tests.reports.conftest import local

TEMPLATES = Path(thidua.desk.__file__).parent / "templates"
PAGES = (
    "/", "/hand-in", "/board", "/files", "/work", "/work?waits_for=office", "/ranking", f"/submissions/{OTHER_FILE}",
    f"/ranking/{CAMPAIGN}/q2/{OWN}",
)  # fmt: skip


@pytest.mark.parametrize("path", [*PAGES, "/submissions/nothing", "/work?campaign=nothing"])
def test_no_page_runs_or_loads_anything(clients: Clients, path: str) -> None:
    answer = clients.as_role(Role.OPERATOR).get(path)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "<script" not in answer.text.lower()
    assert not re.search(r"<[^>]*\s(on\w+|style)\s*=", answer.text)
    assert "\u202e" not in answer.text


def test_what_an_office_wrote_is_shown_as_text(clients: Clients) -> None:
    page = clients.as_role(Role.OPERATOR).get(f"/submissions/{OTHER_FILE}").text
    assert "&lt;script&gt;alert" in page
    assert SCRIPT not in page
    assert "=cmd|" in page
    assert "1.000.000 ký tự" in page
    assert len(page) < 30_000


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("Bảo Lộc", "<bdi>Bảo Lộc</bdi>"),
        ("<b>", "<bdi>&lt;b&gt;</bdi>"),
        ("a\u202eb\u2066c\x00\u200b", "<bdi>a\ufffdb\ufffdc\ufffd\ufffd</bdi>"),
        (None, "–"),
        (0, "<bdi>0</bdi>"),
    ],
)
def test_text_of_strangers(given: object, text: str) -> None:
    assert shown(given) == text


def test_every_word_of_the_pages_has_its_english() -> None:
    used = {
        word for path in TEMPLATES.glob("*.html") for word in re.findall(r'\bt\("([^"]+)"\)', path.read_text("utf-8"))
    }
    assert len(used) > 100
    assert used - set(ENGLISH) == set()
    assert set(ENGLISH) - used == set()
    assert all(len(names) == 2 for codes in CODES.values() for names in codes.values())


def test_the_language_is_chosen_and_remembered(clients: Clients) -> None:
    client = clients.as_role(Role.VIEWER)
    assert "Đúng hạn" in client.get("/board").text
    assert "On time" in client.get("/board?lang=en").text
    assert "On time" in client.get("/board").text
    assert "Đúng hạn" in client.get("/board?lang=vi").text
    assert "Đúng hạn" in client.get("/board?lang=<script>").text


def test_messages_are_halved_even_when_the_value_holds_the_mark() -> None:
    assert both("sai 1 / 2 / wrong 1 / 2", "vi") == "sai 1 / 2"
    assert both("sai 1 / 2 / wrong 1 / 2", "en") == "wrong 1 / 2"
    assert both("chỉ một", "en") == "chỉ một"


@pytest.mark.parametrize(
    ("at", "text"), [("2023-07-04", "hết ngày 03/07/2023"), ("2022-04-20T20:00", "trước 20:00 20/04/2022")]
)
def test_ends_are_exclusive_and_said_as_people_say_them(at: str, text: str) -> None:
    assert until(local(at), "vi") == text


@pytest.mark.parametrize(
    ("numerator", "denominator", "threshold", "expected"),
    [
        (60, 100, Decimal("0.6"), {"done": 500, "mark": 500, "is_over": False}),
        (7_852, 13_087, Decimal("0.6"), {"done": 499, "mark": 500, "is_over": False}),
        (300, 100, None, {"done": 1000, "mark": None, "is_over": True}),
        (-5, 100, Decimal("1"), {"done": 0, "mark": 833, "is_over": False}),
        (None, 100, Decimal("1"), None),
        (5, 0, Decimal("1"), None),
    ],
)
def test_bars_never_show_as_reached_what_is_not(
    numerator: int | None, denominator: int, threshold: Decimal | None, expected: object
) -> None:
    assert bar({"numerator": numerator, "denominator": denominator, "threshold_rate": threshold}) == expected


def test_a_year_of_many_offices_shows_the_last_periods_that_fit() -> None:
    due = [{"period_id": f"m{month}", "reports": 700} for month in range(12)]
    assert [row["period_id"] for row in fitting(due)] == ["m8", "m9", "m10", "m11"]
    assert fitting(due[:3]) == due[:3]
    assert fitting([{"period_id": "m0", "reports": 9_000}]) == [{"period_id": "m0", "reports": 9_000}]
    assert fitting([]) == []


def test_nothing_published_says_so(empty: Clients) -> None:
    client = empty.as_role(Role.OPERATOR)
    assert "Chưa có số liệu công bố" in client.get("/").text
    answer = client.get("/board")
    assert answer.status_code == 404
    assert "chưa công bố gì" in answer.text
