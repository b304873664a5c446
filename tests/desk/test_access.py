"""Every route asks who comes, and lets in whom it is for; an office sees itself and nobody else."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import HTTPException
from fastapi.routing import APIRoute
from thidua.desk import login
from thidua.desk.access import DECIDERS, EVERYBODY, READERS, SENDERS, Role, visitor_of
from thidua.orchestration.up import AIRFLOW_ROLES

from tests.desk.conftest import CAMPAIGN, OTHER, OTHER_FILE, OWN, OWN_FILE, Clients

FILLED = {
    "{submission_id}": OTHER_FILE,
    "{campaign_id}": CAMPAIGN,
    "{period_id}": "q2",
    "{unit_id}": OWN,
    "{export_type}": "progress",
}
# Whom each route is for, as people would say it; the routes' own words are compared with these.
FOR = {
    ("GET", "/"): EVERYBODY,
    ("GET", "/style.css"): EVERYBODY,
    ("GET", "/hand-in"): SENDERS,
    ("POST", "/hand-in"): SENDERS,
    ("GET", "/forms/{campaign_id}/{export_type}"): SENDERS,
    ("GET", "/board"): EVERYBODY,
    ("GET", "/files"): EVERYBODY,
    ("GET", "/submissions/{submission_id}"): EVERYBODY,
    ("GET", "/submissions/{submission_id}/workbook"): SENDERS,
    ("GET", "/submissions/{submission_id}/data-docs"): READERS,
    ("GET", "/work"): READERS,
    ("POST", "/work/decide"): DECIDERS,
    ("GET", "/ranking"): EVERYBODY,
    ("GET", "/ranking/{campaign_id}/{period_id}/{unit_id}"): EVERYBODY,
    ("GET", "/health"): DECIDERS,
    ("GET", "/health.json"): DECIDERS,
}


def routes_of(clients: Clients) -> set[tuple[str, str]]:
    assert all(isinstance(route, APIRoute) for route in clients.app.routes)
    return {
        (method, route.path) for route in clients.app.routes if isinstance(route, APIRoute) for method in route.methods
    }


def filled(path: str) -> str:
    for name, value in FILLED.items():
        path = path.replace(name, value)
    return path


def test_the_routes_are_those_that_somebody_thought_about(clients: Clients) -> None:
    assert routes_of(clients) == set(FOR)


@pytest.mark.parametrize(("method", "path"), FOR)
def test_a_stranger_gets_401_everywhere(clients: Clients, method: str, path: str) -> None:
    answer = clients.as_role(None).request(method, filled(path))
    assert answer.status_code == 401
    assert "BHXH" not in answer.text


@pytest.mark.parametrize("role", Role)
def test_each_role_gets_in_where_it_may_and_403_elsewhere(clients: Clients, role: Role) -> None:
    client = clients.as_role(role)
    for (method, path), roles in FOR.items():
        answer = client.request(method, filled(path))
        is_refused = answer.status_code == 403 and "Tài khoản này" in answer.text
        assert is_refused == (role not in roles), (method, path, answer.status_code)
        assert answer.status_code in (200, 403, 404), (method, path)


def test_what_is_sent_is_not_read_before_the_sender_is_known(clients: Clients) -> None:
    def body():
        raise AssertionError("the body of a stranger was read")
        yield b""

    assert clients.as_role(None).post("/hand-in", content=body()).status_code == 401


def test_an_office_sees_itself_and_nobody_else(clients: Clients) -> None:
    office = clients.as_role(Role.OFFICE)
    assert office.get(f"/submissions/{OWN_FILE}").status_code == 200
    assert office.get(f"/submissions/{OTHER_FILE}").status_code == 404
    assert office.get(f"/submissions/{OTHER_FILE}/workbook").status_code == 404
    assert office.get(f"/ranking/{CAMPAIGN}/q2/{OTHER}").status_code == 404
    assert office.get("/board?campaign=can-tho-2023").status_code == 404
    for path in (
        "/",
        "/board",
        "/files",
        f"/files?unit={OTHER}",
        "/ranking",
        f"/ranking/{CAMPAIGN}/q2/{OWN}",
        "/hand-in",
    ):
        page = office.get(path)
        assert page.status_code == 200, path
        assert "Di Linh" not in page.text, path
        assert OTHER_FILE not in page.text, path
    assert "BHXH thành phố Bảo Lộc" in office.get("/board").text


def test_others_see_all_units(clients: Clients) -> None:
    viewer = clients.as_role(Role.VIEWER)
    board = viewer.get("/board").text
    assert all(name in board for name in ("Bảo Lộc", "Di Linh", "Đạ Tẻh"))
    assert "66,67%" in board  # two of three came, one was returned
    assert "33,33%" in board
    assert viewer.get(f"/submissions/{OTHER_FILE}").status_code == 200


def simple_user(role: str | None) -> Any:
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    return SimpleAuthManagerUser(username="lan", role=role)


@pytest.mark.parametrize(("role", "granted"), AIRFLOW_ROLES.items())
def test_what_airflows_simple_manager_grants(monkeypatch: pytest.MonkeyPatch, role: str, granted: str) -> None:
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

    monkeypatch.setattr(login, "get_auth_manager", SimpleAuthManager)
    found = login.granted_to(simple_user(granted or None))
    assert found is (None if role == "office" else Role(role)), "of an office people.csv knows the units"


@pytest.mark.parametrize(
    ("held", "role"),
    [
        (["office"], Role.OFFICE),
        (["viewer"], Role.VIEWER),
        (["operator"], Role.OPERATOR),
        (["Admin"], Role.ADMIN),
        (["office", "operator"], Role.OPERATOR),
        (["auditor", "viewer"], Role.VIEWER),
        ([], "none of the roles"),
        (["admin"], "none of the roles"),
        (["auditor"], "none of the roles"),
        (["office-first-login"], "of your own first"),
        (["Admin", "viewer-first-login"], "of your own first"),
    ],
)
def test_what_an_account_grants(held: list[str], role: Role | str) -> None:
    """Roles as Airflow's FAB manager hands a user over, by name."""
    user = SimpleNamespace(roles=[SimpleNamespace(name=name) for name in held])
    if isinstance(role, Role):
        assert login.granted_to(user) is role
        return
    with pytest.raises(HTTPException, match=role) as refused:
        login.granted_to(user)
    assert refused.value.status_code == 403


@pytest.mark.parametrize(
    ("granted", "line", "role"),
    [
        (Role.ADMIN, None, Role.ADMIN),
        (Role.OPERATOR, None, Role.OPERATOR),
        (Role.VIEWER, None, Role.VIEWER),
        (None, None, None),
        (None, "lan,office,lam-dong-2023,bao-loc,", Role.OFFICE),
        (Role.VIEWER, "lan,,lam-dong-2023,bao-loc,", Role.OFFICE),
        (Role.VIEWER, "lan,viewer,lam-dong-2023,bao-loc,", Role.VIEWER),
        (Role.OPERATOR, "lan,,lam-dong-2023,bao-loc,", Role.OPERATOR),
        (Role.OPERATOR, "lan,viewer,,,", Role.VIEWER),
        (Role.VIEWER, "lan,operator,,,", Role.VIEWER),
        (None, "lan,operator,,,", None),
    ],
    ids=[
        "admin", "operator", "viewer", "no rights and unknown", "office without rights", "a viewer of a unit is its office",
        "a viewer of a unit on purpose", "an operator of a unit", "less than the login gives", "never more than it gives",
        "no rights, whatever is written",
    ],
)  # fmt: skip
def test_login_and_registry_together_say_the_role(
    tmp_path: Path, granted: Role | None, line: str | None, role: Role | None
) -> None:
    if line:
        (tmp_path / "people.csv").write_text(f"user_name,role,campaign_id,unit_id,note\n{line}\n", encoding="utf-8")
    if role is None:
        with pytest.raises(HTTPException) as refused:
            visitor_of("lan", granted, tmp_path)
        assert refused.value.status_code == 403
    else:
        assert visitor_of("lan", granted, tmp_path).role is role
