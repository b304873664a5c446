"""What the result of a closing is computed from, exactly.

A **freeze** is made once a closing is complete, at an instant `frozen_at`. It names

- the submissions of the campaign received up to then and judged by then, and the batches that hold them;
- every decision of the campaign recorded up to then;
- the plan's snapshot in force (a copy of the plan and its CSVs in the lake), by hash;
- the official versions of the campaign's other closings approved up to then;
- the fingerprint of the code,

each file of these with the hash of its bytes. The clock of the computation is `frozen_at`.

The **basis** of a result is the freeze and those later decisions that are about this closing: decisions that name its
period or no period at all (another reading). Ties, choices of the council, exclusions for quality are such. Three kinds
never change a frozen closing: decisions on a file (withdrawn, waived, judged again), decisions on another period, and
the order of a re-issue.

A **re-issue** begins with such an order (decision `reissue`). It freezes anew: the submissions of the freeze before and
those that the order admits, every decision of the campaign recorded up to then, the plan and versions in force then.
A correction that no order admits changes provisional figures only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from thidua.closing.rules import RULES
from thidua.errors import NotWell, ThiduaError
from thidua.lake.batches import batches_dir, list_batches
from thidua.lake.decisions import Decision, decisions_dir, load_decisions
from thidua.lake.deletions import deletion_note, is_deleted
from thidua.lake.entries import Changed, Entry, digest, file_digest, seal
from thidua.lake.evidence import evidence_path
from thidua.lake.judgements import OF_A_FILE, OF_A_NAME, overruled
from thidua.lake.officials import load_officials
from thidua.lake.receipts import raw_path, receipts_dir
from thidua.plan.snapshots import Snapshot, snapshots_at
from thidua.settings import Home
from thidua.warehouse.dbt_runs import fingerprint

REISSUE = "reissue"
OF_FILES = OF_A_FILE | {OF_A_NAME}


@dataclass(frozen=True)
class Basis:
    """A freeze with the decisions that count: `decisions` maps each decision to the hash of its file; `rules`: rules.py."""

    freeze: Entry
    decisions: Mapping[str, str]
    rules: int = RULES

    @property
    def inputs(self) -> dict[str, Any]:
        return {"freeze": self.freeze["entry_id"], "decisions": dict(sorted(self.decisions.items()))}

    @property
    def key(self) -> str:
        return digest(self.inputs)[:24]


def code_version() -> str:
    """Hash of everything that turns a basis into rows: the warehouse's code and this package's."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return digest([fingerprint(), *(file_digest(path) for path in files)])


def freeze_content(
    home: Home,
    campaign_id: str,
    period_id: str,
    at: datetime,
    before: Entry | None = None,
    order: Decision | None = None,
) -> dict[str, Any]:
    """What a freeze at this instant would say. `before` and `order`: the freeze that an order of a re-issue replaces.

    Raises ThiduaError when the order admits a submission that the lake does not hold.
    """
    snapshots = snapshots_at(home, at)
    if campaign_id not in snapshots:
        raise ThiduaError(
            f"chưa có kế hoạch trong kho / the lake has no plan of '{campaign_id}' yet; run `thidua build`"
        )
    snapshot = snapshots[campaign_id]
    batches = list_batches(home)
    received = _received(batches, campaign_id, at)
    if before and order:
        wanted = set(before["submissions"]) | set(order["subject"].get("admits", []))
        unknown = sorted(wanted - received.keys())
        if unknown:
            raise ThiduaError(
                f"lệnh ban hành lại nêu tệp không có / the order admits unknown submissions: {', '.join(unknown)}"
            )
        received = {submission_id: received[submission_id] for submission_id in sorted(wanted)}
    names = sorted({name for submission in received.values() for name in submission.pop("batches")})
    for submission_id, submission in received.items():
        receipt = receipts_dir(home) / f"{submission_id}.json"
        submission["receipt"] = file_digest(receipt) if receipt.exists() else None
    decisions = [decision for decision in load_decisions(home, at) if decision["campaign_id"] == campaign_id]
    officials = [
        official
        for official in load_officials(home, at)
        if official.campaign_id == campaign_id and official.period_id != period_id
    ]
    return {
        "campaign_id": campaign_id,
        "period_id": period_id,
        "number": int(before["number"]) + 1 if before else 1,
        "frozen_at": at.astimezone(UTC).isoformat(),
        "order": order["decision_id"] if order else None,
        "plan": _plan(home, snapshot),
        "code": code_version(),
        "submissions": received,
        "batches": {name: _files(batches_dir(home) / name) for name in names},
        # Of a file that was judged again, the judgements that do not count.
        "overruled": [list(pair) for pair in overruled(home, at) if pair[1] in names],
        "decisions": {decision["decision_id"]: _decision_digest(home, decision) for decision in decisions},
        "officials": [
            {
                "period_id": official.period_id,
                "version": official.version,
                "content_hash": official.content_hash,
                "manifest": official.manifest["entry_id"],
            }
            for official in officials
        ],
    }


def _plan(home: Home, snapshot: Snapshot) -> dict[str, Any]:
    """The copy of the plan, file by file; `changed`: the files that differ from the campaign's first plan."""
    first = snapshots_at(home, datetime.min.replace(tzinfo=UTC))[snapshot.campaign_id]
    then, now = _files(first.path), _files(snapshot.path)
    changed = {name for name in then.keys() | now.keys() if then.get(name) != now.get(name)} - {"snapshot.json"}
    return {
        "snapshot": snapshot.path.name,
        "plan_hash": snapshot.plan_hash,
        "recorded_at": snapshot.recorded_at.isoformat(),
        "files": now,
        "changed": sorted(changed),
    }


def _received(batches: Sequence[Path], campaign_id: str, at: datetime) -> dict[str, dict[str, Any]]:
    """submission -> when it was received, the hash of its bytes, the batches that hold a judgement of it."""
    import duckdb

    if not batches:
        return {}
    with duckdb.connect(":memory:") as connection:
        connection.execute("set TimeZone = 'UTC'")
        rows = connection.execute(
            "select submission_id, min(received_at), min(content_sha256), list(distinct parse_path(filename)[-2]) "
            "from read_parquet(?, filename = true) where campaign_id = ? and received_at <= ? group by submission_id",
            [[str(batch / "submissions.parquet") for batch in batches], campaign_id, at],
        ).fetchall()
    return {
        submission_id: {"received_at": received.isoformat(), "content_sha256": content, "batches": names}
        for submission_id, received, content, names in sorted(rows)
    }


def _files(folder: Path) -> dict[str, str]:
    return {path.name: file_digest(path) for path in sorted(folder.iterdir())}


def _decision_path(home: Home, decision_id: str) -> Path:
    return decisions_dir(home) / f"{decision_id}.json"


def _decision_digest(home: Home, decision: Mapping[str, Any]) -> str:
    return file_digest(_decision_path(home, decision["decision_id"]))


def basis_of(home: Home, freeze: Mapping[str, Any], at: datetime) -> Basis:
    """The freeze with the decisions recorded up to an instant that count for it."""
    known = {decision["decision_id"]: decision for decision in load_decisions(home, at)}
    entry = seal({key: value for key, value in freeze.items() if key != "entry_id"})
    later = {
        decision_id: _decision_digest(home, decision)
        for decision_id, decision in known.items()
        if decision_id not in entry["decisions"]
        and decision["campaign_id"] == entry["campaign_id"]
        and _counts(decision, entry["period_id"], known)
    }
    return Basis(entry, {**entry["decisions"], **later}, RULES)


def _counts(decision: Decision, period_id: str, known: Mapping[str, Decision]) -> bool:
    """Whether a decision recorded after the freeze is about this closing; one that takes another back is as that."""
    taken_back = known.get(decision["withdraws"] or "")
    if taken_back is not None:
        return _counts(taken_back, period_id, known)
    subject = decision["subject"]
    return (
        decision["kind"] != REISSUE and "submission_id" not in subject and subject.get("period_id") in (None, period_id)
    )


def decisions_of(home: Home, basis: Basis) -> list[Decision]:
    """The decisions of a basis as they were recorded, in their order. Raises NotWell when one is gone or unreadable."""
    found = []
    for decision_id in basis.decisions:
        path = _decision_path(home, decision_id)
        try:
            decision: Decision = json.loads(path.read_bytes())
        except (FileNotFoundError, ValueError) as error:
            raise NotWell(f"thiếu quyết định hoặc đã bị sửa / the decision {path} is missing or was changed") from error
        found.append({"withdraws": None, **decision})
    return sorted(found, key=lambda one: (datetime.fromisoformat(one["recorded_at"]), one["decision_id"]))


def snapshot_of(home: Home, freeze: Mapping[str, Any]) -> Snapshot:
    """The copy of the plan that a freeze names."""
    folder = home.lake / "plans" / freeze["campaign_id"] / freeze["plan"]["snapshot"]
    return Snapshot(
        freeze["campaign_id"], folder, freeze["plan"]["plan_hash"], datetime.fromisoformat(freeze["frozen_at"])
    )


def input_faults(home: Home, basis: Basis) -> list[str]:
    """Each input of a basis that is missing or has other bytes than when it was frozen, by name.

    An original that retention deleted is none: the rows are computed from the batches (see `deleted_originals`).
    """
    freeze = basis.freeze
    expected: dict[Path, str] = {}
    for batch, files in freeze["batches"].items():
        expected |= {batches_dir(home) / batch / name: said for name, said in files.items()}
    for decision_id, said in basis.decisions.items():
        expected[_decision_path(home, decision_id)] = said
    for submission_id, said in freeze["submissions"].items():
        if said["receipt"]:
            expected[receipts_dir(home) / f"{submission_id}.json"] = said["receipt"]
            if not is_deleted(home, said["content_sha256"]):
                expected[raw_path(home, said["content_sha256"])] = said["content_sha256"]
    plan = snapshot_of(home, freeze)
    expected |= {plan.path / name: said for name, said in freeze["plan"]["files"].items()}
    faults = []
    for path, digest_said in sorted(expected.items()):
        if not path.exists():
            faults.append(f"thiếu tệp / {path} is missing")
        elif file_digest(path) != digest_said:
            faults.append(f"nội dung đã bị sửa / {path} is not as it was frozen")
    for decision in [] if faults else decisions_of(home, basis):
        evidence = decision["subject"].get("evidence_sha256")
        if evidence:
            path = evidence_path(home, evidence)
            if not path.exists() or file_digest(path) != evidence:
                faults.append(f"minh chứng đã mất hoặc bị sửa / the evidence {path} is missing or was changed")
    for official in freeze["officials"]:
        faults += _official_faults(home, freeze["campaign_id"], official)
    return faults


def deleted_originals(home: Home, basis: Basis) -> list[str]:
    """A line for each submission of a basis whose original file is gone by retention."""
    notes = {
        submission_id: deletion_note(home, said["content_sha256"])
        for submission_id, said in basis.freeze["submissions"].items()
    }
    return [f"{submission_id[:12]}: {note}" for submission_id, note in sorted(notes.items()) if note]


def _official_faults(home: Home, campaign_id: str, said: Mapping[str, Any]) -> list[str]:
    from thidua.lake.officials import load_version

    try:
        official = load_version(home, campaign_id, said["period_id"], said["version"])
    except (NotWell, Changed) as error:
        return [error.message]
    if official.manifest["entry_id"] != said["manifest"]:
        return [f"bản chính thức đã bị thay / {official.folder} is not the version that was frozen"]
    return official.faults()
