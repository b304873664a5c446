"""Which questions wait in Airflow's forms, so that no run asks what another one is asking.

A question is claimed by a file that one run creates; a claim of a run that was deleted or never ended runs out. This is
a convenience of the forms, no part of the truth: the folder may be deleted at any time.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from thidua.files import write_once
from thidua.settings import Home


def _path(home: Home, question_id: str) -> Path:
    return home.path / "review" / "asked" / f"{question_id}.json"


def claim(home: Home, question_id: str, run_id: str, now: datetime, until: datetime) -> bool:
    """Whether this run may ask the question; true again for a retry of the same run."""
    path = _path(home, question_id)
    content = json.dumps({"run_id": run_id, "until": until.isoformat()}).encode()
    if write_once(path, content):
        return True
    try:
        held = json.loads(path.read_bytes())
    except FileNotFoundError:  # released this very moment
        return write_once(path, content)
    if held["run_id"] == run_id:
        return True
    if datetime.fromisoformat(held["until"]) > now:
        return False
    path.unlink(missing_ok=True)
    return write_once(path, content)


def release(home: Home, question_id: str) -> None:
    _path(home, question_id).unlink(missing_ok=True)
