"""What containers of docker-compose.yml do besides running a part of Airflow: `python -m thidua.orchestration.container …`.

`init` makes what is not there and brings the rest up to date; it may run at any time and as often as one likes.
`api-server` makes the logins, then becomes Airflow's.
"""

from __future__ import annotations

import os
import sys

from thidua.orchestration.run_dags import prepare
from thidua.orchestration.up import configure_server
from thidua.settings import home


def init() -> None:
    from thidua.orchestration.databases import own_database

    own_database(os.environ["THIDUA_POSTGRES_ADMIN_DSN"], "airflow", os.environ["AIRFLOW_DB_PASSWORD"])
    prepare()
    for folder in (home().landing, home().lake, home().airflow / "logs" / "dag_processor"):
        folder.mkdir(parents=True, exist_ok=True)
    print("Đã sẵn sàng / ready: the database, its tables, the pools and the folders")


def api_server() -> None:
    passwords = configure_server(home().airflow)
    print(f"Mật khẩu trong / passwords in {passwords}", flush=True)
    os.execvp("airflow", ["airflow", "api-server"])  # noqa: S606, S607 - the container's own


COMMANDS = {"init": init, "api-server": api_server}


def main() -> None:
    if len(sys.argv) != 2 or sys.argv[1] not in COMMANDS:
        sys.exit(f"thidua: one of {', '.join(COMMANDS)}, please")
    COMMANDS[sys.argv[1]]()


if __name__ == "__main__":
    main()
