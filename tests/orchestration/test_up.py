"""What a server of this machine is told before Airflow reads its settings."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from thidua.errors import ThiduaError
from thidua.orchestration.up import configure_server, users


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "http://127.0.0.1:8080/execution/"),
        ({"AIRFLOW__API__PORT": "8097"}, "http://127.0.0.1:8097/execution/"),
        ({"AIRFLOW__API__HOST": "0.0.0.0"}, "http://127.0.0.1:8080/execution/"),  # noqa: S104
        ({"AIRFLOW__CORE__EXECUTION_API_SERVER_URL": "http://elsewhere/execution/"}, "http://elsewhere/execution/"),
    ],
    ids=["as it is", "another port", "a container", "told by hand"],
)
def test_tasks_find_the_server_where_it_listens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], url: str
) -> None:
    monkeypatch.setattr(os, "environ", dict(given))
    passwords = configure_server(tmp_path / "airflow")
    assert os.environ["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == url
    assert os.environ["AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"] == "false"
    assert stat.S_IMODE(passwords.stat().st_mode) == 0o600


def test_whoever_has_a_role_has_a_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    people = (
        "user_name,role,campaign_id,unit_id,note\nlan,office,lam-dong-2023,bao-loc,\nminh,,,bao-loc,\nbinh,viewer,,,\n"
    )
    (tmp_path / "people.csv").write_text(people, encoding="utf-8")
    given = {"THIDUA_CAMPAIGNS": str(tmp_path), "THIDUA_USERS": "hoa:operator, binh:operator"}
    monkeypatch.setattr(os, "environ", dict(given))
    passwords = configure_server(tmp_path / "airflow")
    logins = os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"].split(",")
    # An office has a login, and no rights in Airflow itself.
    assert sorted(logins) == ["admin:admin", "binh:user", "hoa:user", "lan:"]
    first = json.loads(passwords.read_bytes())
    assert sorted(first) == ["admin", "binh", "hoa", "lan"]
    assert len(set(first.values())) == 4
    monkeypatch.setattr(os, "environ", {**given, "THIDUA_USERS": "tu:viewer"})
    configure_server(tmp_path / "airflow")
    second = json.loads(passwords.read_bytes())
    assert {name: second[name] for name in first} == first
    assert set(second) - set(first) == {"tu"}
    assert stat.S_IMODE(passwords.stat().st_mode) == 0o600


def test_who_is_named_twice_is_one_person_however_spelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Accounts have no case; two entries would leave it to their order which role is made."""
    (tmp_path / "people.csv").write_text("user_name,role,campaign_id,unit_id\nlan,viewer,,\n", encoding="utf-8")
    given = {"THIDUA_CAMPAIGNS": str(tmp_path), "THIDUA_USERS": "Lan:operator,Hoa:viewer,hoa:admin"}
    monkeypatch.setattr(os, "environ", given)
    assert users() == {"admin": "admin", "lan": "operator", "Hoa": "admin"}


@pytest.mark.parametrize(("said", "is_proxied"), [("", "false"), ("false", "false"), ("true", "true")])
def test_a_proxy_is_believed_where_one_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, is_proxied: str
) -> None:
    given = {"THIDUA_LOGIN": "accounts", "THIDUA_CAMPAIGNS": str(tmp_path), "THIDUA_HTTPS": said}
    monkeypatch.setattr(os, "environ", given)
    configure_server(tmp_path / "airflow")
    assert os.environ["AIRFLOW__FAB__ENABLE_PROXY_FIX"] == os.environ["AIRFLOW__FAB__COOKIE_SECURE"] == is_proxied


def test_where_logins_are_accounts_no_password_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"THIDUA_LOGIN": "accounts", "THIDUA_CAMPAIGNS": str(tmp_path)})
    assert configure_server(tmp_path / "airflow") is None
    assert os.environ["AIRFLOW__CORE__AUTH_MANAGER"].endswith(".FabAuthManager")
    assert Path(os.environ["AIRFLOW__FAB__CONFIG_FILE"]).is_file(), "Airflow takes none for no settings, without a word"
    assert not list(tmp_path.rglob("*.json"))
    monkeypatch.setenv("THIDUA_LOGIN", "ldap")
    with pytest.raises(ThiduaError, match="accounts, simple"):
        configure_server(tmp_path / "airflow")
    monkeypatch.setattr(os, "environ", {"THIDUA_LOGIN": "accounts", "THIDUA_HTTPS": "yes"})
    with pytest.raises(ThiduaError, match="true, false"):
        configure_server(tmp_path / "airflow")


@pytest.mark.parametrize("given", ["hoa", "hoa:chief", "a b:viewer", ":viewer", "x:admin:y", "a,b:viewer"])
def test_a_user_without_a_role_that_exists_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setattr(os, "environ", {"THIDUA_CAMPAIGNS": str(tmp_path), "THIDUA_USERS": given})
    with pytest.raises(SystemExit, match="no user and role"):
        users()
