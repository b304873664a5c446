"""A small invented campaign, and one call that takes files from landing/ to the rows of a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest
from thidua.intake.ingest import IngestResult, ingest
from thidua.lake.tables import BATCH_COLUMNS
from thidua.settings import Home

NOW = datetime(2023, 7, 4, 1, 0, tzinfo=UTC)
CAMPAIGN = "thu-nghiem-2023"
MANY_EXPORTS = "nhieu-loai-2023"

PLAN = """
campaign: {{campaign_id: {campaign}, title: Thử nghiệm, issued_by: Thử nghiệm, from: 2023-01-01, through: 2023-12-31, clause: I}}
unit_types: [province, office, team]
blocs: [{{bloc_id: offices, unit_types: [office], clause: I}}]
metrics:
  - {{metric_id: users, name: Người dùng VssID, kind: reported, export: progress}}
  - {{metric_id: staff, kind: reported, export: headcounts}}
{more}
measures: [{{measure_id: progress, blocs: [offices], numerator: {{metric: users}}, denominator: {{target: goal}}, clause: I}}]
periods: [{{period_id: q2, kind: quarter, closing_date: 2023-06-30, clause: I}}]
gates: [{{gate_id: q2_60, periods: [q2], kind: measure, measure: progress, at_least: 60%, clause: I}}]
"""
UNITS = """unit_id,code,name,aliases,unit_type,parent,valid_from,valid_through,note
tinh,99,BHXH tỉnh Thử Nghiệm,,province,,,,
bao-loc,673,Bảo Lộc,TP. Bảo Lộc,office,tinh,,,
da-lat,672,Đà Lạt,,office,tinh,,,
di-linh,679,Di Linh,,office,tinh,,,
cong-hoa,700,Cộng Hòa,,office,tinh,,,
bao-loc-1,,Tổ Một,,team,bao-loc,,,
tan-cu,,Tân Thành,,office,tinh,,2023-03-31,
tan-moi,,Tân Lập,,office,tinh,2023-04-01,,
chau-thanh-bac,,Châu Thành Bắc,Châu Thành,office,tinh,,,
chau-thanh-nam,,Châu Thành Nam,Châu Thành,office,tinh,,,
"""
TARGETS = """target_id,unit_id,period_id,value,value_kind,decision_number,effective_from,note
goal,bao-loc,,1000,count,1/QĐ,2023-01-01,invented
"""


@pytest.fixture(scope="session")
def campaigns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three campaigns: in the second, progress has two metrics; in the third, other exports have theirs."""
    folder = tmp_path_factory.mktemp("campaigns")
    second = "  - {metric_id: cards, name: Thẻ mới cấp, kind: reported, export: progress}"
    others = "\n".join(
        f"  - {{metric_id: {metric}, kind: reported, export: {export}{more}}}"
        for export, more, metrics in (
            ("coverage", ", dimensions: [group]", ["population", "covered", "cards_due", "cards_in_time"]),
            ("attendance", ", dimensions: [role]", ["launch_staff", "advice_groups", "mobile_teams"]),
            ("participants", "", ["participating_units", "participating_persons"]),
        )
        for metric in metrics
    )
    for campaign, more in ((CAMPAIGN, ""), ("hai-chi-tieu-2023", second), (MANY_EXPORTS, others)):
        target = folder / campaign
        target.mkdir()
        (target / "plan.yml").write_text(PLAN.format(campaign=campaign, more=more), encoding="utf-8")
        (target / "units.csv").write_text(UNITS, encoding="utf-8")
        (target / "targets.csv").write_text(TARGETS, encoding="utf-8")
    return folder


@dataclass
class Lake:
    """What a run left in the lake, as lists of dicts per table."""

    home: Home
    result: IngestResult

    file_name: str | None = None

    def of(self, file_name: str) -> Lake:
        """The same, of one file only."""
        return Lake(self.home, self.result, file_name)

    def rows(self, table: str) -> list[dict[str, Any]]:
        batches = list((self.home.lake / "batches").glob(f"*/{table}.parquet"))
        if not batches:
            return []
        names = ", ".join(BATCH_COLUMNS[table])
        found = duckdb.execute(f"select {names} from read_parquet($1) order by all", [list(map(str, batches))])
        columns = [column[0] for column in found.description]
        rows = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
        if self.file_name is None:
            return rows
        if table == "submissions":
            return [row for row in rows if row["file_name"] == self.file_name]
        ids = {row["submission_id"] for row in self.rows("submissions")}
        return [row for row in rows if row["submission_id"] in ids]

    def figures(self) -> dict[tuple[str, str], int]:
        """(unit, day) -> value; for files of one metric."""
        return {(row["unit_id"], row["as_of_date"].isoformat()): row["value"] for row in self.rows("figures")}

    def rules(self) -> set[str]:
        return {row["rule_id"] for row in self.rows("rejected_rows")}

    def fault(self, rule_id: str) -> dict[str, Any]:
        found = [row for row in self.rows("rejected_rows") if row["rule_id"] == rule_id]
        assert found, f"{rule_id} not among {self.rules()}"
        return found[0]

    def submission(self) -> dict[str, Any]:
        rows = self.rows("submissions")
        assert len(rows) == 1
        return rows[0]


Take = Callable[..., Lake]


def take_files(
    home: Home,
    campaigns: Path,
    files: Mapping[str, str | bytes],
    *,
    export_type: str = "progress",
    campaign: str = CAMPAIGN,
    expectations: Path | None = None,
    now: datetime = NOW,
) -> Lake:
    """Puts files into landing/, ingests them at NOW, and checks what always holds of the counts."""
    folder = home.landing / campaign / export_type
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    result = ingest(home, campaigns, now, explicit_now=True, settle_seconds=0.01, expectations=expectations)
    lake = Lake(home, result)
    for row in lake.rows("submissions"):
        assert row["received_row_count"] == (
            row["accepted_row_count"] + row["rejected_row_count"] + row["ignored_row_count"]
        )
        assert min(row["accepted_row_count"], row["rejected_row_count"], row["ignored_row_count"]) >= 0
        assert row["verdict"] == "accepted" or row["accepted_row_count"] == 0
    return lake


@pytest.fixture
def take(tmp_path: Path, campaigns: Path) -> Take:
    """take({file name: text or bytes}, ...): see take_files."""
    return partial(take_files, Home(tmp_path / "home"), campaigns)


@pytest.fixture(scope="module")
def take_many(tmp_path_factory: pytest.TempPathFactory, campaigns: Path) -> Take:
    """The same for a module, a lake for each call: cases that differ by file only are judged together."""

    def run(files: Mapping[str, str | bytes], **options: Any) -> Lake:
        return take_files(Home(tmp_path_factory.mktemp("home")), campaigns, files, **options)

    return run
