"""Airflow with its pages on 127.0.0.1, watching landing/: `python -m thidua.orchestration.up`, what `make up` calls.

One machine, SQLite. There is a login for `admin`, for everybody whom people.csv gives a role, and for whom THIDUA_USERS
names (`hoa:operator,lan:office,binh:viewer`). Passwords are made on first use and kept in $THIDUA_HOME/airflow, readable
for this user alone; or they are accounts in Airflow's database (THIDUA_LOGIN=accounts, docs/server.md). Ctrl-C stops
everything that was started.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from thidua.files import write_atomic
from thidua.logins import settings as accounts
from thidua.logins.roles import Role
from thidua.orchestration.run_dags import configure, prepare
from thidua.review.people import people, person_of
from thidua.settings import campaigns_dir, home

PASSWORDS = "passwords.json"
# What a role of the desk may do in Airflow itself. An office has a login and no rights there: DAG runs name all offices.
AIRFLOW_ROLES: dict[Role, str] = {"office": "", "viewer": "viewer", "operator": "user", "admin": "admin"}
_USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
# The scheduler starts when the api-server listens: what a kill left undone would fail before it could report.
PARTS = (["api-server"], ["dag-processor"], ["triggerer", "--skip-serve-logs"], ["scheduler", "--skip-serve-logs"])


def is_free(host: str, port: int) -> bool:
    """Airflow goes on without its api-server when the port is taken, so this is asked before."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def users() -> dict[str, Role]:
    """User name -> role of the desk. Who is named twice, however spelled, has the role that THIDUA_USERS says and the
    name that was theirs before it.
    """
    found: dict[str, str] = {"admin": "admin"}
    named = {person_of("admin"): "admin"}
    for name, one in people(campaigns_dir()).items():
        if one.role:
            found[named.setdefault(person_of(name), name)] = one.role
    for entry in filter(None, (part.strip() for part in os.environ.get("THIDUA_USERS", "").split(","))):
        name, _, role = entry.partition(":")
        found[named.setdefault(person_of(name), name)] = role
    for name, role in found.items():
        if not _USER.fullmatch(name) or role not in AIRFLOW_ROLES:
            sys.exit(f"thidua: '{name}:{role}' is no user and role (roles: {', '.join(AIRFLOW_ROLES)})")
    known = {str(role): role for role in AIRFLOW_ROLES}
    return {name: known[role] for name, role in found.items()}


def write_passwords(path: Path, names: Iterable[str]) -> None:
    """A password for whoever has none yet; nobody loses theirs."""
    known: dict[str, str] = json.loads(path.read_bytes()) if path.exists() else {}
    missing = [name for name in names if name not in known]
    if missing:
        known |= {name: secrets.token_urlsafe(12) for name in missing}
        write_atomic(path, json.dumps(known, indent=1).encode(), mode=0o600)


def configure_server(airflow_home: Path) -> Path | None:
    """Settings of a server on this machine alone; returns the file of its passwords, None where logins are accounts."""
    airflow_home.mkdir(parents=True, exist_ok=True)
    passwords = None
    if accounts.are_accounts():
        accounts.configure()
    else:
        passwords = _configure_simple_logins(airflow_home)
    settings = {
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
        # What was running when everything was killed is looked for so often (seconds), not only every five minutes.
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "30",
    }
    for name, value in settings.items():
        os.environ.setdefault(name, value)
    configure(airflow_home)
    # Tasks report to the api-server; on another port than 8080 they would not find it, and every one of them fails.
    host, port = os.environ["AIRFLOW__API__HOST"], os.environ["AIRFLOW__API__PORT"]
    reached = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 only compared: a container's setting
    os.environ.setdefault("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", f"http://{reached}:{port}/execution/")
    return passwords


def _configure_simple_logins(airflow_home: Path) -> Path:
    passwords = airflow_home / PASSWORDS
    known = users()
    write_passwords(passwords, known)
    settings = {
        "AIRFLOW__CORE__AUTH_MANAGER": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(
            f"{name}:{AIRFLOW_ROLES[role]}" for name, role in known.items()
        ),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
    }
    for name, value in settings.items():
        os.environ.setdefault(name, value)
    return passwords


def make_accounts() -> None:
    """Where logins are accounts: one for everybody who is to log in and has none. Airflow's tables are there."""
    if not accounts.are_accounts():
        return
    from thidua.logins.accounts import make

    if made := make(users()):
        print(f"Tài khoản mới / new accounts: {', '.join(made)}; mật khẩu / passwords: thidua login-add", flush=True)


def write_keys() -> None:
    """Airflow makes its keys and its settings file when a command of it first runs. Our parts start at once, and one that
    read the file of another half-written would know none of its keys: no trigger would be readable.
    """
    from airflow.configuration import write_default_airflow_configuration_if_needed

    write_default_airflow_configuration_if_needed()


def main() -> None:
    passwords = configure_server(home().airflow)
    host, port = os.environ["AIRFLOW__API__HOST"], int(os.environ["AIRFLOW__API__PORT"])
    if not is_free(host, port):
        sys.exit(f"thidua: {host}:{port} is taken; stop what listens there, or set AIRFLOW__API__PORT")
    home().landing.mkdir(parents=True, exist_ok=True)
    prepare()
    write_keys()
    make_accounts()
    where = f"mật khẩu trong / password in {passwords}" if passwords else "thidua login-add admin"
    print(
        f"Airflow: http://{host}:{port} (admin, {where})\nBàn làm việc / the desk: http://{host}:{port}/desk/",
        flush=True,
    )
    airflow = str(Path(sys.executable).with_name("airflow"))
    processes: list[subprocess.Popen[bytes]] = []
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True
        # The api-server last: a task that is ending still reports to it.
        for process in reversed(processes):
            end(process)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)

    def all_run() -> bool:
        return not stopped and all(process.poll() is None for process in processes)

    # Not `airflow standalone`: its log servers listen on every address of the machine.
    for part in PARTS:
        while part[0] == "scheduler" and all_run() and is_free(host, port):
            time.sleep(0.2)
        if all_run():
            processes.append(subprocess.Popen([airflow, *part], start_new_session=True))
    # When one part ends the others end too: half an Airflow looks alive and does nothing.
    while all_run():
        time.sleep(0.5)
    stop()
    sys.exit(max((abs(process.wait()) for process in processes), default=0))


def end(process: subprocess.Popen[bytes], patience: float = 15) -> None:
    """Asks a part and all it started to end; what has not by then is killed: any step can be run again."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            return


if __name__ == "__main__":
    main()
