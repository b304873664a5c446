"""A house with something of everything: figures, receipts with originals, decisions with papers, an official version,
files that wait, a key, Airflow's metadata."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from thidua.clock import parse_instant
from thidua.closing import approve as approving
from thidua.closing import close as closing_module
from thidua.closing.approve import approve, issue
from thidua.closing.close import examine
from thidua.intake.personal import load_key
from thidua.lake.decisions import record_decision
from thidua.lake.evidence import keep_evidence
from thidua.lake.receipts import Receipt, list_landing
from thidua.settings import Home

from tests.closing import lam_dong, made_up
from tests.closing.test_answers import answer
from tests.event_lake import _TYPES

NOW = parse_instant("2024-02-01T08:00:00")
RECEIVED = "lam-dong-2023/progress/Bảo Lộc_2023-06-30.csv"
WAITING = "lam-dong-2023/progress/waiting.csv"


@dataclass(frozen=True)
class House:
    home: Home
    campaigns: Path
    disk: Path


@pytest.fixture(autouse=True)
def no_other_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests of DAGs in the same process may have left their settings behind."""
    for name in [name for name in os.environ if name.startswith("AIRFLOW__")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """Tests that change it copy it first."""
    return make_house(tmp_path_factory.mktemp("house"))


def make_house(tmp_path: Path) -> House:
    home, campaigns = lam_dong.make_home(tmp_path / "first")
    land(home, RECEIVED, "Đơn vị;Lũy kế\nBảo Lộc;38000\n")
    list_landing(home, parse_instant("2023-07-01"), settle_seconds=0)
    load_key(home)
    paper = tmp_path / "bien-ban.pdf"
    paper.write_bytes(b"%PDF-1.7 ...")
    record_decision(
        home, campaign_id="lam-dong-2023", kind="gate", subject={"evidence_sha256": keep_evidence(home, paper)},
        decided_by="Hội đồng", recorded_at=NOW, reason="…",
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patched:
        make_official(home, patched)
    land(home, WAITING, "Đơn vị;Lũy kế\nDi Linh;1\n", sidecar='{"received_at": "2023-07-04T08:00:00+07:00"}')
    (home.outbox / "2023-07-04").mkdir(parents=True)
    (home.outbox / "2023-07-04" / "bao-loc.sent.json").write_text("{}")
    (home.path / "contacts.csv").write_text("unit_id,name,email,phone\n", encoding="utf-8")
    for folder in (home.warehouse, home.serve, home.airflow):
        folder.mkdir()
    (home.warehouse / "build.duckdb").write_bytes(b"can be made again")
    (home.airflow / "airflow.cfg").write_text("fernet_key = secret")
    with sqlite3.connect(home.airflow / "airflow.db") as connection:
        connection.execute("create table dag_run (dag_id text)")
        connection.execute("insert into dag_run values ('ingest_exports')")
    return House(home, campaigns, tmp_path / "disk")


def land(home: Home, path: str, text: str, sidecar: str | None = None) -> Path:
    file = home.landing / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    if sidecar:
        file.with_name(file.name + ".receipt.json").write_text(sidecar)
    return file


def make_official(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A closing of the made-up campaign, approved by two people; nothing is computed for it."""
    monkeypatch.setattr(closing_module, "compute_basis", made_up.compute)
    monkeypatch.setattr(approving, "compute_basis", made_up.compute)
    made_up.freeze(home)
    answer(home, "tie", {"a": "second", "b": "first"})
    answer(home, "exclusions", [])
    answer(home, "pool", ["b"])
    answer(home, "nomination", [{"unit_id": "d", "name": "An"}])
    at = parse_instant("2023-07-08")
    for user in ("an", "binh"):
        seen = examine(home, made_up.CAMPAIGN, made_up.PERIOD, at).content_hash or ""
        approve(home, made_up.CAMPAIGN, made_up.PERIOD, user=user, role="op", seen=seen, at=at)
    issue(home, made_up.CAMPAIGN, made_up.PERIOD, at)


def tree(folder: Path) -> dict[str, bytes]:
    """Path -> bytes of every file that is meant to be seen."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }


def judge(home: Home, receipt: Receipt, fault: str | None = None) -> None:
    """Commits a batch in which this file was returned for one fault, or accepted without rows."""
    from thidua.lake.batches import commit, finish_work_dir, new_work_dir
    from thidua.lake.tables import BATCH_COLUMNS

    said = {name: getattr(receipt, name) for name in ("submission_id", "campaign_id", "export_type", "file_name")}
    at = {"received_at": receipt.received, "judged_at": receipt.received}
    counts = dict.fromkeys(
        ("received_row_count", "accepted_row_count", "rejected_row_count", "ignored_row_count"), 1 if fault else 0
    )
    rows = {
        "submissions": [
            {
                **said, **at, **counts, "landing_path": receipt.landing_path, "content_sha256": receipt.content_sha256,
                "verdict": "returned" if fault else "accepted",
            }
        ],
        "rejected_rows": [
            {**said, "rule_id": "person_unreadable", "severity": "critical", "line_number": 2, "value": "•••", "message": fault}
        ]
        if fault
        else [],
    }  # fmt: skip
    folder = new_work_dir(home, [receipt.submission_id])
    for table, columns in BATCH_COLUMNS.items():
        schema = pa.schema([(name, _TYPES[kind]) for name, kind in columns.items()])
        full = [{name: row.get(name) for name in columns} for row in rows.get(table, [])]
        pq.write_table(pa.Table.from_pylist(full, schema), folder / f"{table}.parquet")
    outcome = {
        "verdict": rows["submissions"][0]["verdict"],
        "landing_path": receipt.landing_path,
        "first_message": fault,
    }
    manifest = {
        "submission_ids": [receipt.submission_id], "judged_at": receipt.received_at, "effective_at": None,
        "outcomes": {receipt.submission_id: {**outcome, "rejected_rows": 0}},
    }  # fmt: skip
    finish_work_dir(folder, manifest)
    assert commit(home, folder)


def receive(home: Home, path: str, text: str, at: str = "2023-07-01") -> Receipt:
    file = land(home, path, text)
    os.utime(file, (NOW.timestamp() - 600, NOW.timestamp() - 600))
    listing = list_landing(home, parse_instant(at), explicit_now=True, settle_seconds=0)
    return next(receipt for receipt in listing.receipts if receipt.landing_path == path)
