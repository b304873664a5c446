"""`make bench-intake`: a nation's lists of persons against the bare engine and against GX on pandas, in one run.

Rows by ROWS (default 1,000,000), two in a hundred of them wrong in one of four ways; each measurement in a process of its
own, start-up and imports shown apart. GX on pandas reads the same files, one after the other, and asks what our suite asks
of these columns, with complete row results. Ours does more: it also looks units up, types, pseudonymises, and commits. Then a day of
700 workbooks, one an office, through Airflow. Nothing here passes or fails.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
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
PERSONS_A_WORKBOOK = 200
AIM_BARE, AIM_PANDAS, AIM_GIB, AIM_DAY_SECONDS = 2.5, 10.0, 4.0, 180.0
# What is timed of ours: module, name, what it does. Two chunks go at once, so the parts overlap in time.
PARTS = [
    ("thidua.intake.ingest", "look", "receipts"),
    ("thidua.intake.readers", "read_delimited", "reading text"),
    ("thidua.intake.files", "pseudonymise", "pseudonyms"),
    ("thidua.intake.judge", "lay_cells", "cells into DuckDB"),
    ("thidua.intake.judge", "type_events", "typing, keys, doubles"),
    ("thidua.intake.judge", "validate_chunk", "Great Expectations, all failing rows"),
    ("thidua.intake.judge", "store_judged", "counts, verdicts, hashes"),
    ("thidua.intake.judge", "_write", "Parquet"),
    ("thidua.intake.ingest", "commit", "commit"),
]


def write_lists(folder: Path, rows: int) -> int:
    """`registrations` of invented persons, about 86 bytes a row; the bytes written. One row in 200 has a number that is
    none, one an unknown unit, one an impossible day, one an unknown status.
    """
    folder.mkdir(parents=True)
    with duckdb.connect() as connection:
        for number, start in enumerate(range(0, rows, ROWS_A_FILE)):
            path = folder / f"list{number:03d}_2023-12-31.csv"
            connection.execute(
                f"""
                copy (
                    select
                        case i % 200 when 7 then '12AB' || i else lpad(cast(1000000 + i as varchar), 10, '0') end
                            as "Mã số BHXH",
                        'Người Mẫu ' || (i % 9973) as "Họ và tên",
                        case i % 200 when 57 then 'Nơi lạ' else 'Đơn vị ' || lpad(cast(i % {UNITS} as varchar), 4, '0') end
                            as "Đơn vị",
                        '12A' || (i % 20) as "Lớp",
                        case i % 200
                            when 107 then '31/02/2023 08:00:00'
                            else strftime(timestamp '2023-01-01' + to_seconds(i % 31000000), '%d/%m/%Y %H:%M:%S')
                        end as "Ngày phê duyệt",
                        case i % 200 when 157 then 'Không rõ' else 'Đã duyệt' end as "Trạng thái"
                    from range({start}, {min(start + ROWS_A_FILE, rows)}) as numbers (i)
                ) to '{path}' (header, delimiter ';', quote '')
                """
            )
    return sum(path.stat().st_size for path in folder.iterdir())


def write_workbooks(folder: Path) -> None:
    """A day of one workbook an office: title rows, a header, its persons, a signature below."""
    import xlsxwriter

    folder.mkdir(parents=True)
    for unit in range(UNITS):
        with xlsxwriter.Workbook(folder / f"u{unit:04d}_2023-12-31.xlsx") as book:
            sheet = book.add_worksheet("Danh sách")
            sheet.write(0, 0, "BẢO HIỂM XÃ HỘI (mẫu / sample)")
            sheet.write(2, 0, "DANH SÁCH TÀI KHOẢN VssID")
            sheet.write_row(4, 0, ["Mã số BHXH", "Họ và tên", "Đơn vị", "Lớp", "Ngày phê duyệt", "Trạng thái"])
            for row in range(PERSONS_A_WORKBOOK):
                person = unit * PERSONS_A_WORKBOOK + row
                day, at = 1 + person % 28, f"{person % 24:02d}:{person % 60:02d}:00"
                sheet.write_row(
                    5 + row,
                    0,
                    [
                        f"{2_000_000 + person:010d}",
                        f"Người Mẫu {person % 9973}",
                        f"Đơn vị {unit:04d}",
                        "12A1",
                        f"{day:02d}/12/2023 {at}",
                        "Đã duyệt",
                    ],
                )
            sheet.write(7 + PERSONS_A_WORKBOOK, 4, "Người lập biểu")


def through_airflow(work: Path) -> tuple[float, float]:
    """(seconds, seconds of CPU) of the DAG ingest_exports over a day's workbooks, Airflow's start included."""
    home = work / "day"
    write_workbooks(home / "landing" / "bench" / "registrations")
    environment = {**os.environ, "THIDUA_HOME": str(home), "THIDUA_CAMPAIGNS": str(work / "campaigns")}
    command = [sys.executable, "-m", "thidua.orchestration.run_dags", "ingest_exports"]
    cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = timed(lambda: subprocess.run(command, env=environment, check=True, capture_output=True))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = duckdb.sql(f"select count(*) from '{home}/lake/batches/*/events*.parquet'").fetchone()
    assert taken == (UNITS * PERSONS_A_WORKBOOK,), taken
    return seconds, after.ru_utime + after.ru_stime - cpu.ru_utime - cpu.ru_stime


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


def measure(parts: dict[str, float]) -> None:
    """Puts a clock around each of PARTS."""

    def clocked(real: Callable[..., Any], what: str) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            before = time.perf_counter()
            try:
                return real(*arguments, **options)
            finally:
                parts[what] = parts.get(what, 0.0) + time.perf_counter() - before

        return run

    for module_name, name, what in PARTS:
        module = importlib.import_module(module_name)
        setattr(module, name, clocked(getattr(module, name), what))


def ours(work: Path, parts: dict[str, float]) -> float:
    from thidua.intake.ingest import ingest
    from thidua.settings import Home

    measure(parts)
    result: list[Any] = []
    home = Home(work / "home")
    seconds = timed(lambda: result.append(ingest(home, work / "campaigns", NOW, explicit_now=True)))
    assert result[0].with_rejections == len(list((home.landing / "bench" / "registrations").glob("*.csv"))), result
    return seconds


def pandas_gx(work: Path) -> float:
    """Each file through pandas, and what the suite of `registrations` asks of its columns, with complete row results."""
    import great_expectations as gx
    import great_expectations.expectations as gxe
    import pandas as pd

    units = [f"Đơn vị {number:04}" for number in range(UNITS)]
    statuses = ["Đã duyệt", "Đã phê duyệt", "Đã cài đặt", "Chờ duyệt", "Từ chối", "Hủy"]

    def judge(path: Path) -> None:
        frame = pd.read_csv(path, sep=";", dtype=str)
        context = gx.get_context(mode="ephemeral")
        batch = context.data_sources.add_pandas("p").add_dataframe_asset("a").add_batch_definition_whole_dataframe("b")
        suite = gx.ExpectationSuite(
            name="s",
            expectations=[
                gxe.ExpectColumnValuesToNotBeNull(column="Mã số BHXH"),
                gxe.ExpectColumnValuesToMatchRegex(column="Mã số BHXH", regex="^[0-9]{10,12}$"),
                gxe.ExpectColumnValuesToBeUnique(column="Mã số BHXH"),
                gxe.ExpectColumnValuesToNotBeNull(column="Đơn vị"),
                gxe.ExpectColumnValuesToBeInSet(column="Đơn vị", value_set=units),
                gxe.ExpectColumnValuesToNotBeNull(column="Ngày phê duyệt"),
                gxe.ExpectColumnValuesToMatchStrftimeFormat(
                    column="Ngày phê duyệt", strftime_format="%d/%m/%Y %H:%M:%S"
                ),
                gxe.ExpectColumnValuesToNotBeNull(column="Trạng thái"),
                gxe.ExpectColumnValuesToBeInSet(column="Trạng thái", value_set=statuses),
            ],
        )
        frame["line"] = range(2, len(frame) + 2)  # complete results name the rows by it
        result = batch.get_batch({"dataframe": frame}).validate(
            suite, result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["line"]}
        )
        assert sum(not one.success for one in result.results) == 4

    return timed(
        lambda: [judge(path) for path in sorted((work / "home" / "landing" / "bench" / "registrations").glob("*.csv"))]
    )


def import_gx() -> None:
    import great_expectations
    import great_expectations.expectations
    import pandas

    assert great_expectations and pandas


def in_child(what: str, work: Path) -> dict[str, Any]:
    """{seconds, cpu, imports, peak, parts}: of `what` in a process of its own; peak memory in GiB."""
    environment = {**os.environ, "GX_ANALYTICS_ENABLED": "false"}
    command = [sys.executable, "-m", "tests.bench.bench_intake", what, str(work)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def child(what: str, work: Path) -> None:
    first: dict[str, Callable[[], None]] = {"ours": lambda: warm_up(work), "pandas_gx": import_gx}
    imports = timed(first.get(what, lambda: None))
    parts: dict[str, float] = {}
    before = time.process_time()
    seconds = ours(work, parts) if what == "ours" else {"bare": bare, "pandas_gx": pandas_gx}[what](work)
    cpu = time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "imports": imports, "peak": peak, "parts": parts}))


def against(ratio: float, aim: float, *, at_most: bool, why: str) -> str:
    """A ratio beside its aim; where it is missed, by how much and why."""
    if ratio <= aim if at_most else ratio >= aim:
        return f"{ratio:.2f} ×, holds"
    return f"{ratio:.2f} ×, missed by a factor of {max(ratio / aim, aim / ratio):.1f}: {why}"


def by_cpu(ratio: float) -> str:
    """Beside the ratio of times, which says little on a machine that others use too."""
    return f"{ratio:.1f} × by CPU; "


def spent(one: dict[str, Any]) -> str:
    return f"{one['seconds']:.2f} s, {one['cpu']:.2f} s of CPU"


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
            floor = min((in_child("bare", work) for _ in range(3)), key=lambda one: one["cpu"])
        with console.status("thidua …"):
            whole = in_child("ours", work)
        with console.status("GX on pandas …"):
            slow = in_child("pandas_gx", work)
        with console.status("a day of workbooks through Airflow …"):
            day, day_cpu = through_airflow(work)
        table.add_row("files", f"{-(-rows // ROWS_A_FILE)} CSVs, {size / 1e6:,.0f} MB")
        table.add_row("DuckDB alone into Parquet, with file name and line", spent(floor))
        table.add_row("thidua: imports and a first small file", f"{whole['imports']:.2f} s")
        table.add_row("thidua: from landing/ to committed batches", spent(whole))
        for what, seconds in whole["parts"].items():
            table.add_row(f"  {what}", f"{seconds:.2f} s")
        table.add_row(
            f"thidua over DuckDB alone (aim {AIM_BARE})",
            by_cpu(whole["cpu"] / floor["cpu"])
            + against(
                whole["seconds"] / floor["seconds"],
                AIM_BARE,
                at_most=True,
                why="a keyed hash per person in Python, rows laid down as text, as types, as Parquet, and hashed; the bare "
                "engine numbers its lines on one core",
            ),
        )
        table.add_row(f"thidua: peak memory (aim {AIM_GIB:.0f} GiB)", f"{whole['peak']:.2f} GiB")
        table.add_row("GX on pandas: imports", f"{slow['imports']:.2f} s")
        table.add_row("GX on pandas with complete row results", spent(slow))
        table.add_row(
            f"GX on pandas over thidua (aim {AIM_PANDAS:.0f})",
            by_cpu(slow["cpu"] / whole["cpu"])
            + against(
                slow["seconds"] / whole["seconds"],
                AIM_PANDAS,
                at_most=False,
                why="the reading and nine expectations of one against all that the other does until the commit",
            ),
        )
        table.add_row(
            f"{UNITS} workbooks of one day through Airflow, its start included (aim {AIM_DAY_SECONDS:.0f} s)",
            f"{day:.1f} s, {day_cpu:.1f} s of CPU",
        )
    finally:
        shutil.rmtree(work, ignore_errors=True)
    console.print(table)


if __name__ == "__main__":
    main()
