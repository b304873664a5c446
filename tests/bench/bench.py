"""`make bench`: what the house costs against the bare engine, measured in one run. Nothing here passes or fails."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import yaml
from rich.console import Console
from rich.table import Table

NOW = datetime(2026, 1, 1, tzinfo=UTC)
START = date(2023, 1, 1)


def timed(do: Callable[[], object]) -> float:
    before = time.perf_counter()
    do()
    return time.perf_counter() - before


def write_campaign(folder: Path, units: int) -> None:
    """A campaign of one bloc and many units, with a target and a closing."""
    folder.mkdir(parents=True)
    plan = {
        "campaign": {"campaign_id": folder.name, "title": "Bench", "issued_by": "bench", "from": START, "clause": "I"},
        "unit_types": ["top", "office"],
        "blocs": [{"bloc_id": "offices", "unit_types": ["office"], "clause": "I"}],
        "metrics": [{"metric_id": "users", "kind": "reported", "export": "progress"}],
        "measures": [
            {
                "measure_id": "progress",
                "numerator": {"metric": "users"},
                "denominator": {"target": "goal"},
                "clause": "I",
            }
        ],
        "periods": [{"period_id": "end", "kind": "final", "closing_date": date(2025, 12, 31), "clause": "I"}],
        "gates": [
            {
                "gate_id": "all",
                "periods": ["end"],
                "kind": "measure",
                "measure": "progress",
                "at_least": "60%",
                "clause": "I",
            }
        ],
        "ranking": {
            "periods": ["end"],
            "order": [{"measure": "progress", "direction": "desc"}],
            "ties": "undecided",
            "clause": "I",
        },
    }
    (folder / "plan.yml").write_text(yaml.safe_dump(plan, sort_keys=False))
    rows = [f"u{number:04d},Đơn vị {number:04d},office,top" for number in range(units)]
    (folder / "units.csv").write_text("\n".join(["unit_id,name,unit_type,parent", "top,Top,top,", *rows]) + "\n")
    rows = [f"goal,u{number:04d},{1000 + number},count,2023-01-01" for number in range(units)]
    (folder / "targets.csv").write_text("\n".join(["target_id,unit_id,value,value_kind,effective_from", *rows]) + "\n")


def write_day_file(folder: Path, name: str, units: int, days: list[date]) -> None:
    """One CSV of all units on some days, dated a day after the last of them."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    received = datetime(days[-1].year, days[-1].month, days[-1].day, 12, tzinfo=UTC) + timedelta(days=1)
    path.with_name(name + ".receipt.json").write_text(json.dumps({"received_at": received.isoformat()}))
    lines = ["Đơn vị,Ngày số liệu,Lũy kế"]
    for day in days:
        grown = (day - START).days
        lines += [f"Đơn vị {number:04d},{day.isoformat()},{number + grown}" for number in range(units)]
    path.write_text("\n".join(lines) + "\n")


def bench_intake(work: Path) -> list[tuple[str, str]]:
    from thidua.intake.ingest import ingest
    from thidua.settings import Home

    files, units, days_a_file = 200, 1000, 5
    write_campaign(work / "campaigns" / "bench", units)
    home = Home(work / "intake")
    folder = home.landing / "bench" / "progress"
    for number in range(files):
        days = [START + timedelta(days=number * days_a_file + offset) for offset in range(days_a_file)]
        write_day_file(folder, f"f{number:03d}.csv", units, days)

    def bare() -> None:
        with duckdb.connect() as connection:
            connection.execute(
                f"copy (select *, row_number() over () as line from read_csv('{folder}/*.csv', filename = true)) "
                f"to '{work}/bare.parquet' (format parquet)"
            )

    # Imports are paid once by a process; a small intake pays them before the clock starts.
    imports = timed(lambda: warm_up(work))
    floor = min(timed(bare) for _ in range(3))
    ours = timed(lambda: ingest(home, work / "campaigns", NOW, explicit_now=True))
    return [
        ("intake: imports and a first small file", f"{imports:.2f} s"),
        ("intake: DuckDB alone, 1M rows of 200 CSVs into Parquet with file name and line", f"{floor:.2f} s"),
        ("intake: the same through receipts, layout, contract, Great Expectations, batches", f"{ours:.2f} s"),
        ("intake: ratio (aim 4)", f"{ours / floor:.1f} ×"),
    ]


def warm_up(work: Path) -> None:
    from thidua.intake.ingest import ingest
    from thidua.settings import Home

    home = Home(work / "warm")
    write_day_file(home.landing / "bench" / "progress", "one.csv", 10, [START])
    ingest(home, work / "campaigns", NOW, explicit_now=True)


def bench_build(work: Path) -> list[tuple[str, str]]:
    from thidua.intake.ingest import ingest
    from thidua.settings import Home
    from thidua.warehouse.build import build

    units, plans = 700, work / "build-campaigns"
    write_campaign(plans / "bench", units)
    home = Home(work / "build")
    folder = home.landing / "bench" / "progress"

    def day(number: int) -> float:
        write_day_file(folder, f"d{number:04d}.csv", units, [START + timedelta(days=number)])
        ingest(home, plans, NOW, explicit_now=True)
        return build(home, plans, NOW).seconds["all"]

    empty = build(home, plans, NOW).seconds["all"]
    day(0)
    first = min(day(1), day(2))
    for number in range(3, 365):
        write_day_file(folder, f"d{number:04d}.csv", units, [START + timedelta(days=number)])
    ingest(home, plans, NOW, explicit_now=True)
    year = build(home, plans, NOW).seconds["all"]
    last = min(day(365), day(366))
    nothing = timed(lambda: build(home, plans, NOW))
    return [
        ("build: first of all, every table made (700 units)", f"{empty:.2f} s"),
        ("build: one new day on two days of history", f"{first:.2f} s"),
        ("build: 362 days at once", f"{year:.2f} s"),
        ("build: one new day on a year of history", f"{last:.2f} s"),
        ("build: ratio (aim 1.3)", f"{last / first:.2f} ×"),
        ("build: nothing new", f"{nothing:.2f} s"),
    ]


def bench_airflow(work: Path) -> list[tuple[str, str]]:
    program = Path(sys.executable).with_name("thidua")

    def run(home: Path, *command: str) -> float:
        environment = {**os.environ, "THIDUA_HOME": str(home)}
        return timed(
            lambda: subprocess.run(
                command, env=environment, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        )

    bare, through = work / "bare", work / "airflow"
    run(bare, str(program), "sample")
    run(through, str(program), "sample")
    dags = (sys.executable, "-m", "thidua.orchestration.run_dags")
    run(through, *dags, "build_warehouse")  # migrates Airflow's database and makes the tables, once
    run(bare, str(program), "build")
    steps = [run(bare, str(program), step) for step in ("ingest", "build", "publish")]
    airflow = run(through, *dags, "ingest_exports", "build_warehouse")
    return [
        ("samples: thidua ingest, build, publish (a process each)", " + ".join(f"{step:.1f}" for step in steps) + " s"),
        ("samples: both DAGs by Airflow in one process", f"{airflow:.1f} s"),
        ("samples: ratio", f"{airflow / sum(steps):.2f} ×"),
    ]


def main() -> None:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    console = Console(width=130)
    table = Table("measured", "result", title=f"thidua bench, {os.cpu_count()} cores, {datetime.now(UTC):%Y-%m-%d}")
    work = Path(tempfile.mkdtemp(prefix="thidua-bench-"))
    try:
        for bench in (bench_intake, bench_build, bench_airflow):
            with console.status(f"{bench.__name__} …"):
                for row in bench(work):
                    table.add_row(*row)
            table.add_section()
    finally:
        shutil.rmtree(work, ignore_errors=True)
    console.print(table)


if __name__ == "__main__":
    main()
