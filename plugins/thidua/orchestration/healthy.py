"""Whether a part of Airflow is well, as the api-server knows it: `python -m thidua.orchestration.healthy scheduler`.

What containers are asked every few seconds. Airflow's own `jobs check` would import all of Airflow each time; this costs a
tenth of a second. Parts: metadatabase (of the api-server), scheduler, dag_processor, triggerer. Exit code 0 when it is
well, 1 when not.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from urllib.parse import urljoin

SECONDS = 8
LOCAL = "http://127.0.0.1:8080/"


def status(part: str) -> str:
    """What the api-server says of a part: `healthy`, else why not, in a few words."""
    url = urljoin(os.environ.get("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", LOCAL), "/api/v2/monitor/health")
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - a setting of ours
            known = json.load(answer)
    except (OSError, ValueError) as error:
        return f"the api-server does not answer: {error}"
    return str((known.get(part) or {}).get("status") or "never seen")


def main() -> None:
    said = status(sys.argv[1])
    print(said)
    sys.exit(said != "healthy")


if __name__ == "__main__":
    main()
