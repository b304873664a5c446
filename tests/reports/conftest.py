"""A small published version, built by DuckDB itself with the columns that the marts' contracts name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from thidua.clock import LOCAL
from thidua.settings import Home, dbt_dir

CAMPAIGN = "lam-dong-2023"
CLOSING = date(2023, 6, 30)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL)


class Marts:
    """Empty marts to insert into. What a row does not name is null; a column that no contract has is an error."""

    def __init__(self, home: Home) -> None:
        self.home = home
        folder = home.serve / "20230704T010000.000000Z"
        folder.mkdir(parents=True)
        (home.serve / "current").symlink_to(folder.name)
        self._path = folder / "marts.duckdb"
        self._connection = duckdb.connect(str(self._path))
        self._connection.execute("create schema marts.marts")
        contracts = sorted((dbt_dir() / "models" / "marts").glob("*.yml"))
        assert contracts
        for path in contracts:
            for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
                columns = ", ".join(f"{column['name']} {column['data_type']}" for column in model["columns"])
                self._connection.execute(f"create table marts.marts.{model['name']} ({columns})")

    def insert(self, table: str, **values: Any) -> None:
        values.setdefault("campaign_id", CAMPAIGN)
        places = ", ".join("?" for _ in values)
        self._connection.execute(
            f"insert into marts.marts.{table} ({', '.join(values)}) values ({places})", list(values.values())
        )

    def forget(self, table: str, *columns: str) -> None:
        """As a release published that did not have these columns yet."""
        for column in columns:
            self._connection.execute(f"alter table marts.marts.{table} drop column {column}")

    def close(self) -> None:
        self._connection.close()

    def reopen(self) -> None:
        """To insert more, after a report has read."""
        self._connection = duckdb.connect(str(self._path))


def campaign_marts(home: Home) -> Marts:
    """One campaign with one closing and no unit yet."""
    marts = Marts(home)
    marts.insert("dim_campaign", title="Cài đặt VssID", issued_by="BHXH tỉnh Lâm Đồng")
    marts.insert(
        "dim_period",
        period_id="q2",
        name="Quý II",
        closing_date=CLOSING,
        cutoff_at=local("2023-07-01"),
        multiplier=1,
    )
    return marts


@pytest.fixture
def marts(tmp_path: Path) -> Iterator[Marts]:
    """`marts.home` is what the reports read, after `close`."""
    marts = campaign_marts(Home(tmp_path))
    yield marts
    marts.close()


DISTRICTS = ("districts", "Khối huyện")


def add_unit(
    marts: Marts,
    unit_id: str,
    name: str,
    value: int | None,
    baseline: int | None,
    target: int | None,
    *,
    bloc: tuple[str, str] = DISTRICTS,
    rank: int | None = None,
    is_tied: bool = False,
    reason: str = "ok",
    missing: int | None = None,
    prize: tuple[str, str] | None = None,
) -> None:
    """A unit with its measure, gates, eligibility and rank as the build would publish them."""
    key = {"period_id": "q2", "unit_id": unit_id}
    numerator = None if value is None else value - (baseline or 0)
    figures = {"numerator": numerator, "denominator": target}
    labels = {"ok": "Đủ điều kiện", "below_threshold": "Chưa đạt ngưỡng", "no_data": "Chưa có số liệu"}
    eligible = {"ok": True, "below_threshold": False}.get(reason)
    marts.insert("dim_unit", unit_id=unit_id, name=name, bloc_id=bloc[0], bloc_name=bloc[1])
    marts.insert(
        "fct_measure",
        measure_id="progress",
        as_of_date=CLOSING,
        numerator_value=value,
        baseline_count=baseline,
        target_decision_number="527/KH-BHXH",
        clause="III.3.1.a",
        **key,
        **figures,
    )
    marts.insert(
        "fct_gate_result",
        gate_id="q2_60",
        kind="measure",
        threshold=Decimal("0.6"),
        result={"ok": "pass", "below_threshold": "fail"}.get(reason, "no_data"),
        clause="III.1",
        **key,
        **figures,
    )
    marts.insert("fct_gate_result", gate_id="quality", kind="decision", result="pass", clause="III.2", **key)
    marts.insert(
        "fct_eligibility",
        bloc_id=bloc[0],
        measure_id="progress",
        is_eligible=eligible,
        reason_code=reason,
        threshold_rate=Decimal("0.6"),
        missing_count=missing,
        **key,
        **figures,
    )
    marts.insert("fct_ranking", bloc_id=bloc[0], rank=rank, is_tied=is_tied, clause="III.3.1.a", **key)
    marts.insert(
        "rpt_ranking",
        campaign_title="Cài đặt VssID",
        period_name="Quý II",
        closing_date=CLOSING,
        bloc_id=bloc[0],
        bloc_name=bloc[1],
        unit_name=name,
        status="provisional",
        status_label="Tạm tính",
        progress_rate=None if numerator is None else Decimal(numerator) / Decimal(target or 1),
        rate_text=None,
        is_eligible=eligible,
        reason_code=reason,
        reason_label=labels[reason],
        missing_count=missing,
        rank=rank,
        is_tied=is_tied,
        prize_id=prize[0] if prize else None,
        prize_name=prize[1] if prize else None,
        clause="III.3.1.a",
        **key,
        **figures,
    )


def add_file(
    marts: Marts,
    submission_id: str,
    received: str,
    outcome: str = "accepted",
    scopes: dict[str, str] | None = None,
    sender: str | None = None,
    path: str | None = None,
) -> None:
    """A file received; `scopes` maps a unit (as of the closing) to the status of what the file says of it."""
    marts.insert(
        "fct_submission",
        submission_id=submission_id,
        export_type="progress",
        landing_path=path or f"{CAMPAIGN}/progress/{submission_id}.csv",
        received_at=local(received),
        outcome=outcome,
        sender_unit_id=sender,
    )
    for unit, status in (scopes or {}).items():
        marts.insert(
            "fct_submission_scope",
            submission_id=submission_id,
            export_type="progress",
            unit_id=unit,
            as_of_date=CLOSING,
            status="applied" if status == "current" else status,
            is_current=status == "current",
        )


def add_fault(marts: Marts, submission_id: str, message: str, severity: str = "error", **more: Any) -> None:
    given = {"rule_id": "value_not_number", "export_type": "progress", "line_number": 4}
    marts.insert(
        "fct_rejected_row", submission_id=submission_id, message=message, severity=severity, **{**given, **more}
    )
