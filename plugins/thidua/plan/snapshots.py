"""Snapshots of plans in the lake: what was the law when. The first of a campaign counts from the beginning."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from thidua.clock import parse_instant
from thidua.errors import NotWell
from thidua.files import fsync_tree
from thidua.lake.writing import held, is_shared, put_folder
from thidua.plan.csvs import CSV_ROWS
from thidua.plan.loader import PLAN_FILE, load_campaigns, load_plan
from thidua.settings import Home


@dataclass(frozen=True)
class Snapshot:
    """One state of a campaign's folder, from `recorded_at` on."""

    campaign_id: str
    path: Path
    plan_hash: str
    recorded_at: datetime


def plan_files(folder: Path) -> list[Path]:
    names = [PLAN_FILE, *(f"{name}.csv" for name in CSV_ROWS)]
    return [folder / name for name in names if (folder / name).exists()]


def hash_plan(folder: Path) -> str:
    """sha256 over the names and contents of what makes up the plan, 64 hex digits."""
    digest = hashlib.sha256()
    for path in sorted(plan_files(folder)):
        digest.update(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def record_snapshots(home: Home, campaigns_dir: Path, now: datetime) -> list[Snapshot]:
    """Records every campaign whose folder differs from its latest snapshot. Raises PlanError before writing anything
    when a plan is broken."""
    plans = load_campaigns(campaigns_dir)
    recorded = []
    with held(home, home.lake / ".lock"):
        _drop_unfinished(home)
        check_not_behind(home, campaigns_dir, plans)
        history = _history(home)
        for campaign_id, plan in plans.items():
            before = history.get(campaign_id, [])
            if before and before[-1].plan_hash == hash_plan(plan.folder):
                continue
            at = now.astimezone(UTC)
            if before:
                # What is recorded last is the law now, also within one instant and when the clock was set back.
                at = max(at, before[-1].recorded_at + timedelta(microseconds=1))
            recorded.append(_record(home, campaign_id, plan.folder, at))
    return recorded


def check_not_behind(home: Home, campaigns_dir: Path, campaign_ids: Iterable[str]) -> None:
    """Where several hosts share a store, each has plans of its own. Raises NotWell where a plan here is one that another
    host has replaced since: recorded again, the old law would be in force."""
    if not is_shared(home):
        return
    history = _history(home)
    for campaign_id in campaign_ids:
        known = [entry.plan_hash for entry in history.get(campaign_id, [])]
        if known and (here := hash_plan(campaigns_dir / campaign_id)) in known[:-1] and here != known[-1]:
            raise NotWell(
                f"kế hoạch ở máy này đã cũ / {campaigns_dir / campaign_id} is a plan that another host has replaced: bring "
                "the plans of all hosts to the same state (to go back to an old plan on purpose, add a comment to it)"
            )


def _record(home: Home, campaign_id: str, folder: Path, at: datetime) -> Snapshot:
    parent = home.lake / "plans" / campaign_id
    parent.mkdir(parents=True, exist_ok=True)
    temporary = parent / f".tmp-{uuid4().hex}"
    temporary.mkdir()
    for path in plan_files(folder):
        shutil.copyfile(path, temporary / path.name)
    # Hashed and checked as copied: the folder may be edited at this very moment.
    digest = hash_plan(temporary)
    load_plan(temporary, campaign_id)
    entry = {"campaign_id": campaign_id, "plan_hash": digest, "recorded_at": at.isoformat()}
    (temporary / "snapshot.json").write_text(json.dumps(entry, indent=2), encoding="utf-8")
    fsync_tree(temporary)
    final = parent / f"{at:%Y%m%dT%H%M%S.%fZ}-{digest[:12]}"
    put_folder(home, temporary, final)
    return Snapshot(campaign_id, final, digest, at)


def snapshots_at(home: Home, known_at: datetime | None) -> dict[str, Snapshot]:
    """The snapshot in force by campaign: the latest up to `known_at`, the first one where none is that old."""
    return {
        campaign_id: ([entry for entry in entries if known_at is None or entry.recorded_at <= known_at] or entries[:1])[
            -1
        ]
        for campaign_id, entries in _history(home).items()
    }


def _history(home: Home) -> dict[str, list[Snapshot]]:
    history: dict[str, list[Snapshot]] = {}
    for path in sorted((home.lake / "plans").glob("*/*/snapshot.json")):
        if path.parent.name.startswith("."):
            continue
        entry = json.loads(path.read_text(encoding="utf-8"))
        snapshot = Snapshot(entry["campaign_id"], path.parent, entry["plan_hash"], parse_instant(entry["recorded_at"]))
        history.setdefault(snapshot.campaign_id, []).append(snapshot)
    for entries in history.values():
        entries.sort(key=lambda snapshot: (snapshot.recorded_at, snapshot.path.name))
    return history


def _drop_unfinished(home: Home) -> None:
    """What a killed recorder left behind; the caller holds the lake's lock."""
    for path in (home.lake / "plans").glob("*/.tmp-*"):
        shutil.rmtree(path)
