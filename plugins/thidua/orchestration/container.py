"""What containers of docker-compose.yml do besides running a part of Airflow: `python -m thidua.orchestration.container …`.

`init` makes what is not there and brings the rest up to date; it may run at any time and as often as one likes.
`api-server` sets how people log in, then becomes Airflow's.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace

from thidua.errors import ThiduaError
from thidua.orchestration.databases import make_database, make_login
from thidua.orchestration.run_dags import prepare
from thidua.orchestration.up import configure_server, make_accounts
from thidua.settings import home
from thidua.warehouse.postgres import roles
from thidua.warehouse.postgres.target import ADMINISTRATOR, PUBLISHER, READER, connect, target_of

# A login, and a database of its own: whose password these variables tell.
APPLICATIONS = {"airflow": "AIRFLOW_DB_PASSWORD", "superset": "SUPERSET_DB_PASSWORD"}


def init() -> None:
    make_databases()
    prepare()
    make_accounts()
    for folder in (home().landing, home().lake, home().airflow / "logs" / "dag_processor"):
        folder.mkdir(parents=True, exist_ok=True)
    print("Đã sẵn sàng / ready: databases, logins, tables, pools, folders")


def make_databases() -> None:
    """The applications' and the warehouse's, whose name is in THIDUA_POSTGRES_ADMIN_DSN; then roles and schema of it."""
    administrator = target_of(ADMINISTRATOR)
    if administrator is None:
        raise ThiduaError(f"chưa đặt / set {ADMINISTRATOR} to the DSN of a superuser")
    logins = [login.parameters for variable in (PUBLISHER, READER) if (login := target_of(variable))]
    everywhere = replace(administrator, parameters={**administrator.parameters, "dbname": "postgres"})
    with connect(everywhere) as session:
        session.autocommit = True  # a database is not made within a transaction
        for name, variable in APPLICATIONS.items():
            make_login(session, name, os.environ[variable])
            make_database(session, name, owner=name)
        make_database(session, administrator.parameters["dbname"], owner=administrator.parameters["user"])
        for parameters in logins:
            make_login(session, parameters["user"], parameters["password"])
    roles.init()


def api_server() -> None:
    if passwords := configure_server(home().airflow):
        print(f"Mật khẩu trong / passwords in {passwords}", flush=True)
    os.execvp("airflow", ["airflow", "api-server"])  # noqa: S606, S607 - the container's own


COMMANDS = {"init": init, "api-server": api_server}


def main() -> None:
    if len(sys.argv) != 2 or sys.argv[1] not in COMMANDS:
        sys.exit(f"thidua: one of {', '.join(COMMANDS)}, please")
    try:
        COMMANDS[sys.argv[1]]()
    except ThiduaError as error:
        print(f"thidua: {error.message}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
