"""Accounts on Airflow's real api-server: first login, roles on every route, closed accounts, guessing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from thidua.orchestration.kept_responses import login_of
from thidua.review.decide import NotAllowed, _check_person
from thidua.settings import repo_root

pytestmark = pytest.mark.slow(seconds=20)

CAMPAIGN = "lam-dong-2023"
PEOPLE = f"""user_name,role,campaign_id,unit_id,note
lan,office,{CAMPAIGN},bao-loc,
hoa,operator,{CAMPAIGN},di-linh,
binh,viewer,,,
"""
Lived = dict[str, Any]
# What everybody may ask without a login: whether it lives, its version, where to log in, its page without contents.
FOR_ALL = {
    ("GET", "/api/v1/{_:path}"),
    ("GET", "/api/{_:path}"),
    ("GET", "/api/v2/auth/login"),
    ("GET", "/api/v2/auth/logout"),
    ("GET", "/api/v2/monitor/health"),
    ("GET", "/api/v2/version"),
    ("GET", "/health"),
    ("GET", "/{rest_of_path:path}"),
}
# Asks for no right at all (who am I, what the page looks like), or looks first for the named thing, which is not there.
WITH_ANY_LOGIN = {
    ("GET", "/api/v2/backfills/{backfill_id}"),
    ("GET", "/api/v2/connections/enqueue-test"),
    ("GET", "/ui/auth/me"),
    ("GET", "/ui/auth/menus"),
    ("GET", "/ui/config"),
    ("PATCH", "/api/v2/connections"),
    ("PATCH", "/api/v2/dags/{dag_id}/dagRuns"),
    ("PATCH", "/api/v2/pools"),
    ("PATCH", "/api/v2/variables"),
    ("POST", "/api/v2/connections/enqueue-test"),
    ("POST", "/api/v2/dags/{dag_id}/clearDagRuns"),
    ("POST", "/ui/auth/token"),
    ("PUT", "/api/v2/backfills/{backfill_id}/cancel"),
    ("PUT", "/api/v2/backfills/{backfill_id}/pause"),
    ("PUT", "/api/v2/backfills/{backfill_id}/unpause"),
    ("PUT", "/api/v2/parseDagFile/{file_token}"),
}
_DAG = "/api/v2/dags/{dag_id}"
_RUN = f"{_DAG}/dagRuns/{{dag_run_id}}"
_TASK = f"{_RUN}/taskInstances/{{task_id}}"
# Starts, repeats and marks; pauses; answers forms.
OPERATES = {
    ("PATCH", "/api/v2/dags"),
    ("PATCH", _DAG),
    ("PATCH", _RUN),
    ("PATCH", f"{_RUN}/taskGroupInstances/{{group_id}}"),
    ("PATCH", f"{_RUN}/taskGroupInstances/{{group_id}}/dry_run"),
    ("PATCH", f"{_RUN}/taskInstances"),
    ("PATCH", _TASK),
    ("PATCH", f"{_TASK}/dry_run"),
    ("PATCH", f"{_TASK}/state-store/{{key:path}}"),
    ("PATCH", f"{_TASK}/{{map_index}}"),
    ("PATCH", f"{_TASK}/{{map_index}}/dry_run"),
    ("PATCH", f"{_TASK}/{{map_index}}/hitlDetails"),
    ("POST", "/api/v2/backfills"),
    ("POST", "/api/v2/backfills/dry_run"),
    ("POST", f"{_DAG}/clearPartitions"),
    ("POST", f"{_DAG}/clearTaskInstances"),
    ("POST", f"{_DAG}/dagRuns"),
    ("POST", f"{_RUN}/clear"),
    ("PUT", f"{_TASK}/state-store/{{key:path}}"),
}


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    root = tmp_path_factory.mktemp("accounts")
    (root / "campaigns").mkdir()
    (root / "campaigns" / CAMPAIGN).symlink_to(repo_root() / "campaigns" / CAMPAIGN)
    (root / "campaigns" / "people.csv").write_text(PEOPLE, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "THIDUA"))}
    environment |= {
        "THIDUA_HOME": str(root / "home"),
        "THIDUA_CAMPAIGNS": str(root / "campaigns"),
        "THIDUA_LOGIN": "accounts",
        "THIDUA_LOGIN_FILE": str(root / "login.py"),
    }
    # What an installation sets for itself: here hashes that cost little, since many are made.
    (root / "login.py").write_text("ROUNDS = 1000\nFAB_PASSWORD_HASH_METHOD = f'pbkdf2:sha256:{ROUNDS}'\n")
    command = [sys.executable, "-m", "tests.logins.lived"]
    done = subprocess.run(command, env=environment, cwd=repo_root(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:] + (root / "home/airflow/test.log").read_text()[-4000:]
    found: Lived = json.loads(done.stdout)
    return found


def test_there_is_an_account_for_whom_people_csv_names_and_its_password_waits(lived: Lived) -> None:
    roles = {one["name"]: one["role"] for one in lived["made"]}
    assert roles == {"admin": "admin", "lan": "office", "hoa": "operator", "binh": "viewer"}
    assert all(one["waits"] and one["is_open"] for one in lived["made"])


def test_no_password_lies_anywhere_as_it_is(lived: Lived) -> None:
    assert lived["hashed"], "as the installation's own file says"
    assert lived["passwords in clear"] == []
    assert lived["passwords in the log"] == []


def test_a_password_that_was_handed_out_is_good_for_choosing_ones_own(lived: Lived) -> None:
    first = lived["first login"]
    assert set(first["stranger"].values()) == {401}
    assert first["wrong"][1].startswith("/auth/login/")
    assert first["logged in"] == [302, "/auth/resetmypassword/form"]
    assert first["desk before"] == 403
    assert first["too short"] == 200, "the form again"
    assert first["the same again"] == [302, "/auth/resetmypassword/form"] and first["desk still"] == 403
    assert first["chosen"] == [302, "http://127.0.0.1/desk/"]
    assert first["desk after"] == 200, "at once"
    assert first["says where to change it"]
    assert first["old password"] is None


def test_a_visitor_who_is_logged_in_goes_where_they_wanted_but_never_elsewhere(lived: Lived) -> None:
    first = lived["first login"]
    assert first["onward"] == [302, "http://127.0.0.1/desk/board"]
    assert "example.com" not in first["to another site"][1]
    assert first["users page"][0] == 302 and lived["admin's users page"] == 200


def routes(lived: Lived, name: str) -> set[tuple[str, str]]:
    return {(method, path) for method, path in lived["open"][name]}


def test_a_stranger_gets_401_on_every_route(lived: Lived) -> None:
    assert len(lived["routes"]) > 150
    assert routes(lived, "nobody") == FOR_ALL


def test_the_pages_of_accounts_are_for_administrators(lived: Lived) -> None:
    pages = lived["pages"]
    assert pages["nobody"] == ["/login/"]
    assert set(pages["hoa"]) == {"/resetmypassword/form", "/users/userinfo/"}


def test_an_office_sees_nothing_of_airflow(lived: Lived) -> None:
    assert routes(lived, "lan") == FOR_ALL | WITH_ANY_LOGIN


def test_a_viewer_changes_nothing(lived: Lived) -> None:
    viewer = routes(lived, "binh")
    assert ("GET", "/api/v2/dags") in viewer and ("GET", "/api/v2/plugins") in viewer
    assert {method for method, _ in viewer - routes(lived, "lan")} <= {"GET", "POST"}
    posts = {path for method, path in viewer - routes(lived, "lan") if method == "POST"}
    assert all(path.endswith(("/list", "favorite")) for path in posts), "a list asked for with a body; one's own marks"
    for kept in ("connections", "variables", "providers", "eventLogs", "config"):
        assert ("GET", f"/api/v2/{kept}") not in viewer


def test_an_operator_starts_repeats_and_answers_and_deletes_nothing(lived: Lived) -> None:
    assert routes(lived, "hoa") - routes(lived, "binh") == OPERATES


def test_who_answers_a_form_is_who_people_csv_knows(lived: Lived, tmp_path: Path) -> None:
    """An account's id is a number: by that, nobody belonged to any unit, and an operator decided on their own."""
    (tmp_path / "people.csv").write_text(PEOPLE, encoding="utf-8")
    shown = lived["as a form knows hoa"]
    assert shown["id"].isdigit()
    with pytest.raises(NotAllowed, match="di-linh"):
        _check_person(tmp_path, CAMPAIGN, login_of(shown), {"di-linh"})


def test_a_password_set_by_somebody_else_ends_what_was_open(lived: Lived) -> None:
    desk, login_page = lived["handed out again"]
    assert desk == 403 and login_page[0] == 200, "the form, for the session is gone"
    assert lived["api before it is changed"] == []


def test_a_closed_account_is_out_with_the_token_it_has(lived: Lived) -> None:
    assert lived["closed"] == [[], None]


def test_who_guesses_is_stopped_on_that_account_by_all_ways_in(lived: Lived) -> None:
    guessed = lived["guessed"]
    assert guessed["wrong"] == [None] * 10
    assert set(guessed["right"].values()) == {None}
    assert guessed["by the page"][1].startswith("/auth/login/") and guessed["told"]
    assert guessed["another"], "and nobody else is"
    assert guessed["elsewhere"] == [True] * 3, "nor who has the account, at their own address"


def test_who_guesses_from_everywhere_is_stopped_too(lived: Lived) -> None:
    guessed = lived["guessed"]["from everywhere"]
    assert not any(guessed["wrong"])
    assert guessed["still"], "what one address tries beyond its own locks nobody else out"
    assert guessed["third"] is None


def test_who_asks_with_no_text_is_answered(lived: Lived) -> None:
    assert lived["no text"] == [401] * 6


def test_the_password_of_before_never_has_the_role_of_after(lived: Lived) -> None:
    assert lived["killed"] == ["Admin-first-login"]


def test_where_a_directory_keeps_the_passwords_ours_open_nothing(lived: Lived) -> None:
    found = lived["under a directory"]
    assert found["2"] == found["4"] == [None] * 3, "by LDAP and by OpenID Connect"
    assert found["last try"] == [False, True], "a failed try counts once"
    assert found["handed out before"], "it was good for choosing one's own"
    assert not found["binh"]["waits"]
    assert found["handed out, back"] is None, "nor later, when passwords are ours again: it has the full role now"
