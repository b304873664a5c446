"""Deciding from the pages: recorded once with who and why, and by whom it may be."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from httpx import Response
from thidua.desk.access import Role
from thidua.lake.decisions import load_decisions

from tests.desk.conftest import CAMPAIGN, Clients

EXCUSE = {
    "kind": "excuse_report",
    "subject": {"period_id": "q2", "export_type": "progress", "unit_id": "da-teh"},
    "asks": [],
}


def decide(clients: Clients, role: Role, user: str = "hoa", unit: str | None = None, **fields: str) -> Response:
    form = {
        "token": clients.token(user),
        "campaign": CAMPAIGN,
        "choice": json.dumps(EXCUSE),
        "reason": "Mất điện cả tuần",
        **fields,
    }
    return clients.as_role(role, user, unit).post("/work/decide", data=form)


def test_the_work_list_offers_what_settles_a_question_and_the_form_decides_it(clients: Clients) -> None:
    page = clients.as_role(Role.OPERATOR, "hoa").get("/work?waits_for=office").text
    assert "Miễn báo cáo này" in page
    choices = [json.loads(unescape(found)) for found in re.findall(r'name="choice" value="([^"]*)"', page)]
    assert EXCUSE in choices
    answer = decide(clients, Role.OPERATOR)
    assert answer.status_code == 303, answer.text
    (decision,) = load_decisions(clients.home)
    assert (decision["kind"], decision["decided_by"], decision["reason"]) == (
        "excuse_report",
        "hoa",
        "Mất điện cả tuần",
    )
    assert decision["recorded_at"] == "2023-07-05T02:00:00+00:00"
    assert answer.headers["location"] == f"/work?done={decision['decision_id']}"
    after = clients.as_role(Role.OPERATOR, "hoa").get(f"{answer.headers['location']}&waits_for=office").text
    assert decision["decision_id"] in after
    assert "Miễn báo cáo này" not in after


@pytest.mark.parametrize("role", [Role.OFFICE, Role.VIEWER])
def test_only_operators_decide(clients: Clients, role: Role) -> None:
    assert decide(clients, role).status_code == 403
    assert load_decisions(clients.home) == []


def test_a_viewer_reads_the_work_list_without_forms(clients: Clients) -> None:
    page = clients.as_role(Role.VIEWER).get("/work?waits_for=office").text
    assert "BHXH huyện Đạ Tẻh" in page
    assert "<textarea" not in page


def test_nobody_is_offered_a_decision_on_their_own_unit(clients: Clients) -> None:
    page = clients.as_role(Role.OPERATOR, "hoa", "da-teh").get("/work?waits_for=office").text
    assert "Việc của đơn vị bạn" in page
    assert "Miễn báo cáo này" not in page


def test_of_two_operators_one_wins_and_the_other_is_told(clients: Clients) -> None:
    assert decide(clients, Role.OPERATOR, "hoa").status_code == 303
    second = decide(clients, Role.OPERATOR, "minh")
    assert second.status_code == 409
    assert "hoa đã quyết định" in second.text
    assert len(load_decisions(clients.home)) == 1


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"token": ""}, 403),
        ({"reason": "  "}, 422),
        ({"choice": ""}, 422),
        ({"choice": "[]"}, 422),
        ({"choice": json.dumps({**EXCUSE, "kind": "nothing"})}, 422),
        ({"choice": json.dumps({**EXCUSE, "subject": {"unit_id": "nobody"}})}, 422),
        ({"choice": json.dumps({"kind": "choose_reading", "subject": {}})}, 403),
        ({"campaign": "../x"}, 422),
        ({"ask_unit_id": "bao-loc", "choice": json.dumps({**EXCUSE, "subject": {**EXCUSE["subject"], "x": 1}})}, 422),  # type: ignore[dict-item]
    ],
    ids=["token", "reason", "choice", "no object", "kind", "subject", "an administrator's", "campaign", "field"],
)
def test_what_a_form_may_not_say_is_refused(clients: Clients, fields: dict[str, str], status: int) -> None:
    assert decide(clients, Role.OPERATOR, **fields).status_code == status
    assert load_decisions(clients.home) == []
