"""A day with accounts on Airflow's real api-server, in a process of its own; prints what came of it as JSON.

The database is SQLite, the server is asked without a socket, all else is as it is served: the login page with its forms,
tokens, Airflow's routes and the desk.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import warnings
from pathlib import Path
from typing import Any
from unittest import mock

warnings.filterwarnings("ignore")
os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "ERROR"

from thidua.orchestration import up  # noqa: E402
from thidua.orchestration.run_dags import output_to  # noqa: E402
from thidua.settings import home  # noqa: E402

# Airflow's own settings, and no other server's.
up.configure_server(home().airflow)

OWN = "mot-mat-khau-rieng"
OF_THE_DIRECTORY = "mot-mat-khau-khac"
TRIES = 10
WAYS = ("/auth/token", "/auth/token/cli", "/auth/api/v1/security/login")
# What an installation sets that asks a directory.
OPENID = """
AUTH_TYPE = 4
OAUTH_PROVIDERS = [{"name": "keycloak", "token_key": "access_token", "remote_app": {"client_id": "thidua"}}]
"""
Routes = list[tuple[str, str]]


def routes_of(routes: Any, prefix: str = "") -> Routes:
    """Every route of Airflow and of its plugins; not those by which tasks report, which have keys of their own."""
    from fastapi.routing import APIRoute

    found: Routes = []
    for route in routes:
        if isinstance(route, APIRoute):
            found += [(method, prefix + route.path) for method in sorted(route.methods)]
        elif getattr(route, "routes", None) and not route.path.startswith(("/execution", "/auth")):
            found += routes_of(route.routes, prefix + route.path)
    return found


class Browser:
    """One person's: cookies, and forms with their tokens against forgery."""

    def __init__(self, app: Any, address: str = "192.0.2.1") -> None:
        from starlette.testclient import TestClient

        self.client = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False, client=(address, 50000))

    def get(self, path: str) -> list[Any]:
        answer = self.client.get(path)
        return [answer.status_code, answer.headers.get("location")]

    def send(self, path: str, **fields: str) -> list[Any]:
        page = self.client.get(path).text
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        token = {"csrf_token": found.group(1)} if found else {}
        answer = self.client.post(path, data={**fields, **token})
        return [answer.status_code, answer.headers.get("location")]

    def log_in(self, name: str, password: str, path: str = "/auth/login/?next=/desk/board") -> list[Any]:
        return self.send(path, username=name, password=password)

    def choose(self, password: str) -> list[Any]:
        return self.send("/auth/resetmypassword/form", password=password, conf_password=password)

    def token(self, name: str, password: str, path: str = "/auth/token") -> str | None:
        body = {"username": name, "password": password, "provider": "db"}
        answer = self.client.post(path, json=body)
        return answer.json().get("access_token") if answer.is_success else None

    def open_to(self, routes: Routes, token: str | None) -> Routes:
        """The routes that do not say 401 or 403."""
        self.client.cookies.clear()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        found: Routes = []
        for method, path in routes:
            body = {} if method == "GET" else {"json": {}}
            answer = self.client.request(method, re.sub(r"\{[^}]+\}", "1", path), headers=headers, **body)  # type: ignore[arg-type]
            if answer.status_code not in (401, 403):
                found.append((method, path))
        return found


def pages_open_to(app: Any, browser: Browser) -> list[str]:
    """The pages of accounts, Flask's, that show something else than the way to the login page."""
    rules = app.state.auth_manager.flask_app.url_map.iter_rules()
    paths = sorted({rule.rule for rule in rules if "GET" in rule.methods and not rule.arguments} - {"/logout/"})
    return [path for path in paths if browser.get(f"/auth{path}")[0] not in (302, 401, 403, 404)]


def first_login(app: Any, given: dict[str, str]) -> dict[str, Any]:
    lan, found = Browser(app), {}
    found["stranger"] = {path: lan.get(path)[0] for path in ("/desk/", "/api/v2/dags", "/auth/fab/v1/users")}
    found["wrong"] = lan.log_in("lan", "wrong")
    found["logged in"] = lan.log_in("lan", given["lan"])
    found["desk before"] = lan.get("/desk/")[0]
    found["too short"] = lan.choose("ngan")[0]
    found["the same again"] = lan.choose(given["lan"])
    found["desk still"] = lan.get("/desk/")[0]
    found["chosen"] = lan.choose(OWN)
    found["desk after"] = lan.get("/desk/")[0]
    found["says where to change it"] = "/auth/resetmypassword/form" in lan.client.get("/desk/").text
    found["onward"] = lan.get("/auth/login/?next=/desk/board")
    found["to another site"] = lan.get("/auth/login/?next=https://example.com/")
    found["users page"] = lan.get("/auth/users/list/")
    found["old password"] = lan.token("lan", given["lan"])
    return found


def settle(app: Any, given: dict[str, str]) -> dict[str, Browser]:
    """Everybody chooses their password."""
    browsers = {name: Browser(app) for name in given}
    for name, browser in browsers.items():
        browser.log_in(name, given[name])
        browser.choose(OWN)
    return browsers


def main() -> None:
    from thidua.logins import accounts

    log = home().airflow / "test.log"
    with output_to(log):
        up.prepare()
        up.make_accounts()
        up.make_accounts()
        made = [vars(one) for one in accounts.accounts()]
        given = {name: str(accounts.hand_out(name)[1]) for name in ("lan", "binh", "hoa", "admin")}
        stored = b"".join(path.read_bytes() for path in home().airflow.glob("airflow.db*"))  # -wal too
        from airflow.api_fastapi.app import create_app
        from airflow.providers.fab.auth_manager.fab_auth_manager import FabAuthManager

        app = create_app()
        routes = routes_of(app.routes)
        found: dict[str, Any] = {"made": made, "first login": first_login(app, given)}
        browsers = settle(app, {name: given[name] for name in ("binh", "hoa", "admin")})
        found["admin's users page"] = browsers["admin"].get("/auth/users/list/")[0]
        anybody = Browser(app)
        found["pages"] = {"hoa": pages_open_to(app, browsers["hoa"]), "nobody": pages_open_to(app, Browser(app))}
        found["routes"] = routes
        found["open"] = {"nobody": anybody.open_to(routes, None)} | {
            name: anybody.open_to(routes, anybody.token(name, OWN)) for name in ("lan", "binh", "hoa")
        }
        # Somebody else sets it anew: what is open in browsers ends, and the new one is to be changed.
        again = accounts.hand_out("binh")[1]
        FabAuthManager.cache.clear()  # of another process, which asks anew after 30 s
        found["handed out again"] = [
            browsers["binh"].get("/desk/")[0],
            browsers["binh"].get("/auth/login/?next=/desk/"),
        ]
        found["api before it is changed"] = anybody.open_to(
            [("GET", "/api/v2/dags")], anybody.token("binh", str(again))
        )
        found["killed"] = killed_while_handing_out("binh", "admin")
        token = anybody.token("hoa", OWN)
        user = app.state.auth_manager.deserialize_user({"sub": _subject(token)})
        found["as a form knows hoa"] = {"id": user.get_id(), "name": user.get_name()}
        accounts.open_or_close("hoa", is_open=False)
        FabAuthManager.cache.clear()
        found["no text"] = ask_with_no_text(app)
        found["closed"] = [anybody.open_to([("GET", "/api/v2/dags")], token), anybody.token("hoa", OWN)]
        found["under a directory"] = under_a_directory(app, str(again))
        found["guessed"] = guess(app)
        found["hashed"] = b"pbkdf2:sha256:1000$" in stored
        found["passwords in clear"] = [name for name, one in given.items() if one.encode() in stored]
        found["passwords in the log"] = [name for name, one in given.items() if one in log.read_text(errors="replace")]
    json.dump(found, sys.stdout)


def guess(app: Any) -> dict[str, Any]:
    """On one account by all ways in; then with the right password, and on another account."""
    anybody = Browser(app)
    wrong = [anybody.token("LAN" if number % 2 else "lan", "wrong", WAYS[number % 3]) for number in range(TRIES)]
    right = {way: anybody.token("lan", OWN, way) for way in WAYS}
    page = Browser(app)
    return {
        "wrong": wrong,
        "right": right,
        "by the page": page.log_in("lan", OWN),
        "told": "15 phút" in page.client.get("/auth/login/").text,
        "another": bool(anybody.token("admin", OWN)),
        "elsewhere": [bool(Browser(app, "192.0.2.2").token("lan", OWN, way)) for way in WAYS],
        "from everywhere": guess_from_everywhere(app),
    }


def guess_from_everywhere(app: Any) -> dict[str, Any]:
    """On one account by more addresses than may try together, here as many as two."""
    from limits import parse
    from thidua.logins import security

    with mock.patch.object(security, "TRIES_FROM_EVERYWHERE", parse(f"{2 * TRIES} per 15 minutes")):
        # What an address tries beyond its own is none of the others'.
        wrong = [Browser(app, "192.0.2.3").token("admin", "wrong") for _ in range(3 * TRIES)]
        still = Browser(app, "192.0.2.2").token("admin", OWN)
        for address in ("192.0.2.3", "192.0.2.4"):
            wrong += [Browser(app, address).token("hoa", "wrong") for _ in range(TRIES)]
        return {"wrong": wrong, "still": bool(still), "third": Browser(app, "192.0.2.5").token("hoa", OWN)}


def ask_with_no_text(app: Any) -> list[int]:
    given = (
        {"username": 1, "password": "x"},
        {"username": "lan", "password": 1},
        {"username": ["lan"], "password": "x"},
    )
    client = Browser(app).client
    return [client.post(way, json=body).status_code for way in WAYS[:2] for body in given]


def killed_while_handing_out(name: str, role: Any) -> list[str]:
    """The roles that are recorded when it ends before the new password is set."""
    from thidua.logins import accounts
    from thidua.logins.security import SecurityManager

    found: list[str] = []

    def die(security: Any, userid: int, password: str) -> bool:
        security.session.rollback()
        found.extend(one.name for one in security.get_user_by_id(userid).roles)
        raise InterruptedError

    with mock.patch.object(SecurityManager, "reset_password", die), contextlib.suppress(InterruptedError):
        accounts.hand_out(name, role)
    return found


def under_a_directory(app: Any, given: str) -> dict[str, Any]:
    """Passwords of ours, once a directory keeps them: admin's, and the one handed out to binh. The directory is made up."""
    from airflow.providers.fab.auth_manager.security_manager.override import FabAirflowSecurityManagerOverride
    from thidua.logins import accounts

    def ask(security: Any, username: str, password: str, rotate_session_id: bool = True) -> Any:
        return security.find_user(username=username) if password == OF_THE_DIRECTORY else None

    anybody, found = Browser(app, "192.0.2.6"), {}
    config = app.state.auth_manager.flask_app.config
    kept = config["AUTH_TYPE"]
    with mock.patch.object(FabAirflowSecurityManagerOverride, "auth_user_ldap", ask):
        for kind in (2, 4):
            config["AUTH_TYPE"] = kind
            found[str(kind)] = [anybody.token("admin", OWN, way) for way in WAYS]
        config["AUTH_TYPE"] = 2
        wrong = [Browser(app, "192.0.2.7").token("admin", "wrong") for _ in range(TRIES - 1)]
        found["last try"] = [any(wrong), bool(Browser(app, "192.0.2.7").token("admin", OF_THE_DIRECTORY))]
    config["AUTH_TYPE"] = kept
    own = Path(os.environ["THIDUA_LOGIN_FILE"])
    before = own.read_text()
    found["handed out before"] = bool(anybody.token("binh", given))
    own.write_text(before + OPENID)
    accounts.make({})
    found["binh"] = next(vars(one) for one in accounts.accounts() if one.name == "binh")
    own.write_text(before)
    found["handed out, back"] = anybody.token("binh", given)
    return found


def _subject(token: str | None) -> str:
    import jwt

    return str(jwt.decode(str(token), options={"verify_signature": False})["sub"])


if __name__ == "__main__":
    main()
