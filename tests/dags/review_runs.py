"""Runs the DAGs of the desk with Airflow itself, in a process of its own; prints what came of it as JSON.

`dag.test` waits for answers that come over REST, as from anybody else; a thread gives them through Airflow's own API.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import warnings
from typing import Any

os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] = "true"
os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"] = "minh:admin"
warnings.filterwarnings("ignore")

from thidua.orchestration import run_dags  # noqa: E402
from thidua.settings import home  # noqa: E402

run_dags.configure(home().airflow)


def answer(choose: str, found: dict[str, Any]) -> None:
    """Answers the first question that parks, over REST, as soon as it is there."""
    from airflow.api_fastapi.app import create_app
    from starlette.testclient import TestClient

    client = TestClient(create_app(apps="core"))
    token = client.get("/auth/token").json()["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"
    waiting: list[dict[str, Any]] = []
    while not waiting:
        time.sleep(0.2)
        listed = client.get("/api/v2/dags/~/dagRuns/~/hitlDetails", params={"response_received": False})
        waiting = listed.json()["hitl_details"]
    (detail,) = waiting
    place = detail["task_instance"]
    found["asked"] = {name: detail[name] for name in ("subject", "body", "options")}
    option = next(one for one in detail["options"] if choose in one)
    answered = client.patch(
        f"/api/v2/dags/{place['dag_id']}/dagRuns/{place['dag_run_id']}/taskInstances/{place['task_id']}/"
        f"{place['map_index']}/hitlDetails",
        json={"chosen_options": [option], "params_input": {"reason": "Biên bản số 5"}},
    )
    found["answered"] = [answered.status_code, answered.json()]


def main() -> None:
    found: dict[str, Any] = {}
    with run_dags.output_to(home().airflow / "test.log"):
        run_dags.prepare()
        thread = threading.Thread(target=answer, args=(sys.argv[1], found), daemon=True)
        thread.start()
        found["review"] = run_dags._run_one("review_submissions", {})
        thread.join(60)
        form = {"campaign": "lam-dong-2023", "office": "di-linh", "reason": "mẫu mới"}
        found["dry"] = run_dags._run_one("rejudge_submissions", form)
        found["decisions_after_dry_run"] = len(list((home().lake / "decisions").glob("*.json")))
        found["real"] = run_dags._run_one("rejudge_submissions", {**form, "dry_run": False})
    print("FOUND" + json.dumps(found, default=str))


main()
