"""`make bench-desk`: how long the pages take, with a year of 12 units and of 700 offices. Nothing here passes or fails."""

from __future__ import annotations

import tempfile
import time
from datetime import timedelta
from pathlib import Path
from statistics import median

from fastapi.testclient import TestClient
from rich.console import Console
from rich.table import Table
from thidua.clock import day_end, day_start
from thidua.desk.access import Role, Visitor
from thidua.desk.app import create_app
from thidua.review.people import Person
from thidua.settings import Home, campaigns_dir

from tests.reports.conftest import CAMPAIGN, CLOSING, Marts, add_unit

TIMES = 15
MONTHS = 12


class Bulk(Marts):
    """All in one transaction: a commit for each of thousands of rows would take minutes."""

    def __init__(self, home: Home) -> None:
        super().__init__(home)
        self._connection.begin()

    def close(self) -> None:
        self._connection.commit()
        super().close()


def publish(folder: Path, units: int) -> Home:
    """A year of monthly reports of so many units, each with its file; a few missing, late and returned."""
    marts = Bulk(Home(folder))
    marts.insert("dim_campaign", title="Bench")
    for unit in range(units):
        add_unit(marts, f"u{unit:03}", f"BHXH huyện số {unit}", 9_000 + unit, 100, 12_000, rank=unit + 1)
    for month in range(MONTHS):
        closing = CLOSING + timedelta(days=30 * (month - MONTHS))
        period = {"period_id": f"m{month:02}" if month < MONTHS - 1 else "q2"}
        marts.insert(
            "dim_period",
            name=f"Tháng {month + 1}",
            closing_date=closing,
            cutoff_at=day_end(closing),
            multiplier=1,
            **period,
        )
        for unit in range(units):
            file = f"{month:02}{unit:030x}"
            status = ("late", "missing", "returned")[unit % 3] if unit % 20 == month else "on_time"
            received = day_start(closing + timedelta(days=2))
            report = {"export_type": "progress", "submission_id": None if status == "missing" else file}
            marts.insert(
                "fct_reporting",
                from_unit_id=f"u{unit:03}",
                to_unit_id="top",
                due_at=day_end(closing + timedelta(days=3)),
                status=status,
                **period,
                **report,
            )
            if status != "missing":
                marts.insert(
                    "fct_submission",
                    file_name=f"u{unit:03}_{closing}.csv",
                    landing_path=f"{CAMPAIGN}/progress/u{unit:03}_{closing}.csv",
                    received_at=received,
                    outcome="returned" if status == "returned" else "accepted",
                    sender_unit_id=f"u{unit:03}",
                    accepted_row_count=1,
                    rejected_row_count=0,
                    **report,
                )
                marts.insert(
                    "fct_submission_scope",
                    unit_id=f"u{unit:03}",
                    as_of_date=closing,
                    status="applied",
                    is_current=True,
                    **report,
                )
    marts.close()
    return marts.home


def measure(units: int) -> list[tuple[str, float]]:
    """Page -> the median of its answers in milliseconds, an operator's."""
    with tempfile.TemporaryDirectory() as folder:
        home = publish(Path(folder), units)
        visitor = Visitor("hoa", Role.OPERATOR, Person("hoa"), campaigns_dir())
        client = TestClient(create_app(home, campaigns_dir(), lambda: visitor))
        pages = (
            "/", "/hand-in", "/board", "/files", "/work", "/work?waits_for=office", "/ranking?period=q2",
            f"/ranking/{CAMPAIGN}/q2/u001", f"/submissions/00{1:030x}",
        )  # fmt: skip
        found = []
        for page in pages:
            taken = []
            for _ in range(TIMES):
                before = time.perf_counter()
                answer = client.get(page)
                taken.append(time.perf_counter() - before)
                answer.raise_for_status()
            found.append((page.replace(f"00{1:030x}", "…"), median(taken) * 1000))
        return found


def main() -> None:
    table = Table("page", title="the desk, median of an answer, ms", title_justify="left")
    sizes = (12, 700)
    for units in sizes:
        table.add_column(f"{units} units, a year", justify="right")
    for rows in zip(*(measure(units) for units in sizes), strict=True):
        table.add_row(rows[0][0], *(f"{milliseconds:.0f}" for _, milliseconds in rows))
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
