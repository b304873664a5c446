"""`make bench-intake`: a nation's lists of persons against the bare engine and against GX on pandas, in one run.

Rows by ROWS (default 1,000,000); each measurement in a process of its own, start-up and imports shown apart. Nothing here
passes or fails.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from tests.bench.bench import timed, warm_up, write_campaign

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROWS_A_FILE = 500_000
UNITS = 700


def write_lists(folder: Path, rows: int) -> int:
    """`registrations` of invented persons, about 86 bytes a row; the bytes written."""
    folder.mkdir(parents=True)
    with duckdb.connect() as connection:
        for number, start in enumerate(range(0, rows, ROWS_A_FILE)):
            path = folder / f"list{number:03d}_2023-12-31.csv"
            connection.execute(
                f"""
                copy (
                    select
                        lpad(cast(1000000 + i as varchar), 10, '0') as "Mã số BHXH",
                        'Người Mẫu ' || (i % 9973) as "Họ và tên",
                        'Đơn vị ' || lpad(cast(i % {UNITS} as varchar), 4, '0') as "Đơn vị",
                        '12A' || (i % 20) as "Lớp",
                        strftime(timestamp '2023-01-01' + to_seconds(i % 31000000), '%d/%m/%Y %H:%M:%S')
                            as "Ngày phê duyệt",
                        'Đã duyệt' as "Trạng thái"
                    from range({start}, {min(start + ROWS_A_FILE, rows)}) as numbers (i)
                ) to '{path}' (header, delimiter ';', quote '')
                """
            )
    return sum(path.stat().st_size for path in folder.iterdir())


def bare(work: Path) -> float:
    folder = work / "home" / "landing" / "bench" / "registrations"

    def run() -> None:
        with duckdb.connect() as connection:
            connection.execute(
                f"copy (select *, row_number() over () as line from "
                f"read_csv('{folder}/*.csv', filename = true, delim = ';', all_varchar = true)) "
                f"to '{work}/bare.parquet' (format parquet)"
            )

    return timed(run)


def ours(work: Path) -> float:
    from thidua.intake.ingest import ingest
    from thidua.settings import Home

    result: list[Any] = []
    home = Home(work / "home")
    seconds = timed(lambda: result.append(ingest(home, work / "campaigns", NOW, explicit_now=True)))
    assert result[0].accepted == len(list((home.landing / "bench" / "registrations").glob("*.csv"))), result
    return seconds


def pandas_gx(work: Path) -> float:
    """One file through pandas and seven expectations with complete row results."""
    import great_expectations as gx
    import great_expectations.expectations as gxe
    import pandas as pd

    path = min((work / "home" / "landing" / "bench" / "registrations").glob("*.csv"))

    def run() -> None:
        frame = pd.read_csv(path, sep=";", dtype=str)
        context = gx.get_context(mode="ephemeral")
        batch = context.data_sources.add_pandas("p").add_dataframe_asset("a").add_batch_definition_whole_dataframe("b")
        suite = gx.ExpectationSuite(
            name="s",
            expectations=[
                gxe.ExpectColumnValuesToNotBeNull(column="Mã số BHXH"),
                gxe.ExpectColumnValuesToMatchRegex(column="Mã số BHXH", regex="^[0-9]{10}$"),
                gxe.ExpectColumnValuesToBeUnique(column="Mã số BHXH"),
                gxe.ExpectColumnValuesToNotBeNull(column="Đơn vị"),
                gxe.ExpectColumnValuesToMatchRegex(column="Đơn vị", regex="^Đơn vị"),
                gxe.ExpectColumnValuesToMatchRegex(column="Ngày phê duyệt", regex=r"^\d\d/\d\d/\d{4} "),
                gxe.ExpectColumnValuesToBeInSet(column="Trạng thái", value_set=["Đã duyệt"]),
            ],
        )
        batch.get_batch({"dataframe": frame}).validate(
            suite, result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["Mã số BHXH"]}
        )

    return timed(run)


def in_child(what: str, work: Path) -> dict[str, float]:
    """{seconds, imports, peak}: of `what` in a process of its own; peak memory in GiB."""
    environment = {**os.environ, "GX_ANALYTICS_ENABLED": "false"}
    command = [sys.executable, "-m", "tests.bench.bench_intake", what, str(work)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def child(what: str, work: Path) -> None:
    imports = timed(lambda: warm_up(work)) if what == "ours" else 0.0
    seconds = {"ours": ours, "bare": bare, "pandas_gx": pandas_gx}[what](work)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024
    print(json.dumps({"seconds": seconds, "imports": imports, "peak": peak}))


def main() -> None:
    if len(sys.argv) == 3:
        child(sys.argv[1], Path(sys.argv[2]))
        return
    rows = int(os.environ.get("ROWS", "1_000_000"))
    console = Console(width=130)
    table = Table(
        "measured", "result", title=f"intake of {rows:,} persons, {os.cpu_count()} cores, {datetime.now(UTC):%Y-%m-%d}"
    )
    work = Path(tempfile.mkdtemp(prefix="thidua-bench-"))
    try:
        with console.status("writing …"):
            write_campaign(work / "campaigns" / "bench", UNITS)
            size = write_lists(work / "home" / "landing" / "bench" / "registrations", rows)
        with console.status("DuckDB alone …"):
            floor = min((in_child("bare", work) for _ in range(3)), key=lambda one: one["seconds"])
        with console.status("thidua …"):
            whole = in_child("ours", work)
        with console.status("GX on pandas, one file …"):
            before = time.perf_counter()
            slow = in_child("pandas_gx", work)
            pandas_process = time.perf_counter() - before
        scaled = slow["seconds"] * rows / min(rows, ROWS_A_FILE)
        table.add_row("files", f"{-(-rows // ROWS_A_FILE)} CSVs, {size / 1e6:,.0f} MB")
        table.add_row("DuckDB alone into Parquet, with file name and line", f"{floor['seconds']:.2f} s")
        table.add_row("thidua: imports and a first small file", f"{whole['imports']:.2f} s")
        table.add_row("thidua: receipts, typing, pseudonyms, Great Expectations, commit", f"{whole['seconds']:.2f} s")
        table.add_row("thidua: ratio to DuckDB alone (aim 2.5)", f"{whole['seconds'] / floor['seconds']:.2f} ×")
        table.add_row("thidua: peak memory (aim 4 GiB)", f"{whole['peak']:.2f} GiB")
        table.add_row(
            "GX on pandas with complete row results, one file (the whole process)",
            f"{slow['seconds']:.2f} s ({pandas_process:.2f} s)",
        )
        table.add_row("GX on pandas over thidua, row for row (aim 10)", f"{scaled / whole['seconds']:.1f} ×")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    console.print(table)


if __name__ == "__main__":
    main()
