"""Handing in: what comes of a file, what is refused, and that nothing of it is read or kept when it is."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import openpyxl
import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from httpx import Response
from thidua.desk.access import Role
from thidua.desk.handing_in import landing_name, safe_name
from thidua.desk.preview import PreviewFailed
from thidua.desk.safety import LimitedBody
from thidua.errors import ThiduaError
from thidua.intake.ingest import ingest
from thidua.lake.receipts import list_landing
from thidua.settings import campaigns_dir

from tests.desk.conftest import CAMPAIGN, NOW, OWN, Clients, workbook

GOOD = workbook([("BHXH thành phố Bảo Lộc", 38_500)])


def send(clients: Clients, client: TestClient, content: bytes, name: str = "bao cao.xlsx", **fields: Any) -> Response:
    form = {"token": clients.token(), "campaign": CAMPAIGN, "export_type": "progress", "unit": OWN, **fields}
    return client.post("/hand-in", data=form, files={"file": (name, content)})


def test_an_office_sees_at_once_what_was_read(clients: Clients) -> None:
    office = clients.as_role(Role.OFFICE)
    answer = send(clients, office, GOOD)
    assert answer.status_code == 303, answer.text
    page = office.get(answer.headers["location"]).text
    assert "Số người cài đặt VssID Lũy kế" in page
    assert "38.500" in page
    assert "xem trước" in page
    assert "09:00 05/07/2023 · <bdi>lan</bdi>" in page


def test_an_office_sees_at_once_what_is_wrong(clients: Clients) -> None:
    office = clients.as_role(Role.OFFICE)
    answer = send(clients, office, workbook([("BHXH thành phố Bảo Lộc", "khoảng 38 nghìn")]))
    page = office.get(answer.headers["location"]).text
    assert "Bị trả lại" in page
    assert "dòng 3" in page
    assert "khoảng 38 nghìn" in page


def test_the_file_lies_in_landing_with_its_receipt_like_any_other(clients: Clients) -> None:
    answer = send(clients, clients.as_role(Role.OFFICE), GOOD)
    assert clients.landing() == ["bao cao.xlsx", "bao cao.xlsx.receipt.json"]
    folder = clients.home.landing / CAMPAIGN / "progress"
    sidecar = json.loads((folder / "bao cao.xlsx.receipt.json").read_bytes())
    assert sidecar == {"received_at": "2023-07-05T02:00:00+00:00", "handed_in_by": "lan", "sent_as": "bao cao.xlsx"}
    (receipt,) = list_landing(clients.home, NOW, explicit_now=True, settle_seconds=0).new
    assert answer.headers["location"] == f"/submissions/{receipt.submission_id}"
    assert receipt.received == NOW
    assert not list((clients.home.path / "desk" / "scratch").iterdir())


def test_what_was_judged_comes_back_as_a_marked_copy(clients: Clients) -> None:
    office = clients.as_role(Role.OFFICE)
    faulty = workbook([("BHXH thành phố Bảo Lộc", "khoảng 38 nghìn")])
    path = send(clients, office, faulty, "bao-loc_2023-06-30.xlsx").headers["location"]
    assert office.get(f"{path}/workbook").status_code == 404  # nobody has judged it yet
    ingest(clients.home, campaigns_dir(), NOW, explicit_now=True, settle_seconds=0)
    page = office.get(path).text
    assert "đã xét, đang chờ cập nhật số liệu" in page
    assert f"{path}/workbook" in page
    copy = office.get(f"{path}/workbook")
    assert "attachment" in copy.headers["content-disposition"]
    cell = openpyxl.load_workbook(io.BytesIO(copy.content))["Sheet"]["B3"]
    assert cell.value == "khoảng 38 nghìn"
    assert "không phải là số" in cell.comment.text
    # Data Docs show the batch's other files too, so they are not for offices.
    assert "Data Docs" not in page
    assert clients.as_role(Role.VIEWER).get(f"{path}/data-docs").status_code == 200
    assert "sandbox" in clients.as_role(Role.VIEWER).get(f"{path}/data-docs").headers["content-security-policy"]


def test_a_name_is_never_used_twice(clients: Clients) -> None:
    office = clients.as_role(Role.OFFICE)
    first, second = (send(clients, office, GOOD).headers["location"] for _ in range(2))
    assert first != second
    assert [name for name in clients.landing() if name.endswith(".xlsx")] == ["bao cao.xlsx", "bao cao_2.xlsx"]


def test_an_office_without_any_published_table_can_hand_in(empty: Clients) -> None:
    office = empty.as_role(Role.OFFICE)
    answer = send(empty, office, GOOD)
    assert office.get(answer.headers["location"]).status_code == 200
    assert "bao cao.xlsx" in office.get("/").text


def test_the_day_and_unit_of_the_form_become_the_name_where_the_file_hints_at_none(clients: Clients) -> None:
    content = workbook([("BHXH thành phố Bảo Lộc", 38_500)], title="Báo cáo")
    answer = send(clients, clients.as_role(Role.OFFICE), content, day="2023-06-30")
    assert answer.status_code == 303
    assert f"{OWN}_2023-06-30.xlsx" in clients.landing()


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (workbook([("BHXH huyện Di Linh", 40_000)]), {"unit": ""}),
        (workbook([("BHXH thành phố Bảo Lộc", 1), ("BHXH huyện Di Linh", 40_000)]), {"unit": ""}),
        (GOOD, {"unit": "di-linh"}),
        (GOOD, {"campaign": "can-tho-2023"}),
        (GOOD, {"campaign": "../../etc"}),
        (GOOD, {"export_type": "enrolments"}),
        (GOOD, {"day": "30/06/2023x"}),
    ],
    ids=["speaks of another", "speaks of another too", "unit", "campaign", "no campaign", "export type", "day"],
)
def test_an_office_hands_in_for_itself_and_what_its_campaign_takes(
    clients: Clients, content: bytes, fields: dict[str, str]
) -> None:
    answer = send(clients, clients.as_role(Role.OFFICE), content, **fields)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert clients.landing() == []


def test_an_operator_hands_in_for_anybody(clients: Clients) -> None:
    content = workbook([("BHXH huyện Di Linh", 40_000)])
    assert send(clients, clients.as_role(Role.OPERATOR), content, unit="").status_code == 303


def test_what_cannot_be_checked_is_taken_from_operators_only(clients: Clients) -> None:
    def fail(*_: object) -> dict[str, object]:
        raise PreviewFailed

    clients.app.state.desk = replace(clients.app.state.desk, preview=fail)
    assert send(clients, clients.as_role(Role.OFFICE), GOOD).status_code == 422
    assert clients.landing() == []
    operator = clients.as_role(Role.OPERATOR)
    answer = send(clients, operator, GOOD)
    assert "đang chờ xét" in operator.get(answer.headers["location"]).text


@pytest.mark.parametrize(
    ("token", "headers"),
    [
        ("", {}),
        ("other", {}),
        ("own", {"origin": "https://elsewhere.example"}),
        ("own", {"sec-fetch-site": "cross-site"}),
        ("own", {"origin": "null"}),
    ],
    ids=["no token", "another's token", "another site", "a browser's word", "a sandbox"],
)
def test_a_form_from_elsewhere_is_refused(clients: Clients, token: str, headers: dict[str, str]) -> None:
    office = clients.as_role(Role.OFFICE)
    office.headers.update(headers)
    tokens = {"own": clients.token(), "other": clients.token("hoa")}
    assert send(clients, office, GOOD, token=tokens.get(token, token)).status_code == 403
    assert clients.landing() == []


def test_a_body_that_says_it_is_too_large_is_refused_unread(clients: Clients) -> None:
    def body() -> Iterator[bytes]:
        raise AssertionError("it was read")
        yield b""

    answer = clients.as_role(Role.OFFICE).post("/hand-in", content=body(), headers={"content-length": "100000000"})
    assert answer.status_code == 413


def test_a_body_that_does_not_say_is_refused_while_it_streams() -> None:
    app, taken = FastAPI(), []

    @app.post("/")
    async def read(request: Request) -> None:
        async for chunk in request.stream():
            taken.append(len(chunk))

    app.add_middleware(LimitedBody, most=5_000)
    answer = TestClient(app).post("/", content=(b"x" * 1_000 for _ in range(100)))
    assert answer.status_code == 413
    assert sum(taken) <= 5_000


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("../../etc/passwd.csv", "passwd.csv"),
        ("C:\\Users\\lan\\báo cáo.xlsx", "báo cáo.xlsx"),
        ("..\\..\\x.csv", "x.csv"),
        (".hidden.csv", "hidden.csv"),
        ("~$khóa.xlsx", "khóa.xlsx"),
        ("a\u202excod.csv", "axcod.csv"),
        ("a\x00\n.csv", "a.csv"),
        ("Bảo Lộc.CSV", "Bảo Lộc.csv"),
        ("Ba\u0309o.csv", "Bảo.csv"),
    ],
)
def test_the_name_of_a_file_is_a_name_and_nothing_else(given: str, safe: str) -> None:
    assert safe_name(given) == safe


def test_a_long_name_is_cut() -> None:
    assert len(safe_name("ệ" * 300 + ".xlsx").encode()) < 200


@pytest.mark.parametrize("given", ["", "..", "a.exe", "a.csv.receipt.json", ".csv", "a", "a.xlsx/", "a.csv.tmp"])
def test_a_name_that_is_no_export_is_refused(given: str) -> None:
    with pytest.raises(ThiduaError):
        safe_name(given)


def test_a_name_that_hints_at_unit_and_day_stays() -> None:
    assert landing_name("di-linh_2023-06-30.csv", "bao-loc", NOW.date()) == "di-linh_2023-06-30.csv"


def test_the_form_to_fill_in(clients: Clients) -> None:
    office = clients.as_role(Role.OFFICE)
    answer = office.get(f"/forms/{CAMPAIGN}/progress")
    assert answer.content.startswith(b"PK")
    assert answer.headers["content-disposition"] == f'attachment; filename="{CAMPAIGN}-progress.xlsx"'
    assert office.get("/forms/can-tho-2023/progress").status_code == 404
    assert office.get(f"/forms/{CAMPAIGN}/enrolments").status_code == 404
