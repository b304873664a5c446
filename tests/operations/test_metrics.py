"""Numbers for monitoring; that they arrive from a real run is in tests/dags/test_dags.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from thidua.clock import now_utc
from thidua.orchestration import metrics
from thidua.settings import Home

from tests.operations.conftest import judge, receive


class Sent:
    """Stands in for Airflow's stats."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, Any, Any]] = []

    def incr(self, name: str, count: int, tags: Any = None) -> None:
        self.lines.append((name, count, tags))

    gauge = timing = lambda self, name, value: self.lines.append((name, value, None))


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    found = Sent()
    monkeypatch.setattr(metrics, "_is_on", lambda: True)
    monkeypatch.setattr(metrics, "_stats", lambda: found)
    return found


def test_files_and_faults_are_counted_per_campaign(tmp_path: Path, sent: Sent) -> None:
    home = Home(tmp_path)
    judge(home, receive(home, "a/progress/good.csv", "1"))
    judge(home, receive(home, "a/progress/bad.csv", "2"), "fault")
    judge(home, receive(home, "b/progress/bad.csv", "3"), "fault")
    batches = [path.name for path in (home.lake / "batches").iterdir()]
    metrics.count_judged(home, batches)
    a, b = {"campaign": "a"}, {"campaign": "b"}
    assert sent.lines == [
        ("thidua.submissions.accepted", 1, a),
        ("thidua.submissions.returned", 1, a),
        ("thidua.submissions.returned", 1, b),
        ("thidua.rejections.critical", 1, a),
        ("thidua.rejections.critical", 1, b),
    ]
    metrics.count_judged(home, [])
    metrics.gauge_house(home, now_utc())
    assert len(sent.lines) == 5, "nothing judged, nothing published: nothing to say"


def test_a_number_that_cannot_be_sent_stops_nobody(
    tmp_path: Path, sent: Sent, caplog: pytest.LogCaptureFixture
) -> None:
    metrics.count_judged(Home(tmp_path), ["lost"])
    assert "count_judged" in caplog.text
