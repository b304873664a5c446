"""Airflow with its pages on 127.0.0.1, watching landing/: `python -m thidua.orchestration.up`, what `make up` calls.

One machine, SQLite, one login. The password is made on first use and kept in $THIDUA_HOME/airflow, readable for this
user alone. Ctrl-C stops everything that was started.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from thidua.files import write_once
from thidua.orchestration.run_dags import configure, prepare
from thidua.settings import home

PASSWORDS = "passwords.json"
PARTS = (["api-server"], ["scheduler", "--skip-serve-logs"], ["dag-processor"], ["triggerer", "--skip-serve-logs"])


def is_free(host: str, port: int) -> bool:
    """Airflow goes on without its api-server when the port is taken, so this is asked before."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def configure_server(airflow_home: Path) -> Path:
    """Settings of a server on this machine alone; returns the file that holds its passwords."""
    passwords = airflow_home / PASSWORDS
    airflow_home.mkdir(parents=True, exist_ok=True)
    write_once(passwords, json.dumps({"admin": secrets.token_urlsafe(12)}).encode(), mode=0o600)
    settings = {
        "AIRFLOW__CORE__AUTH_MANAGER": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
    }
    for name, value in settings.items():
        os.environ.setdefault(name, value)
    configure(airflow_home)
    # Tasks report to the api-server; on another port than 8080 they would not find it, and every one of them fails.
    host, port = os.environ["AIRFLOW__API__HOST"], os.environ["AIRFLOW__API__PORT"]
    reached = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 only compared: a container's setting
    os.environ.setdefault("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", f"http://{reached}:{port}/execution/")
    return passwords


def main() -> None:
    passwords = configure_server(home().airflow)
    host, port = os.environ["AIRFLOW__API__HOST"], int(os.environ["AIRFLOW__API__PORT"])
    if not is_free(host, port):
        sys.exit(f"thidua: {host}:{port} is taken; stop what listens there, or set AIRFLOW__API__PORT")
    home().landing.mkdir(parents=True, exist_ok=True)
    prepare()
    print(f"Airflow: http://{host}:{port} (admin, mật khẩu trong / password in {passwords})", flush=True)
    airflow = str(Path(sys.executable).with_name("airflow"))
    # Not `airflow standalone`: its log servers listen on every address of the machine.
    processes = [subprocess.Popen([airflow, *part], start_new_session=True) for part in PARTS]

    def stop(*_: object) -> None:
        # The api-server last: a task that is ending still reports to it.
        for process in reversed(processes):
            end(process)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    # When one part ends the others end too: half an Airflow looks alive and does nothing.
    while all(process.poll() is None for process in processes):
        time.sleep(0.5)
    stop()
    sys.exit(max(abs(process.wait()) for process in processes))


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
