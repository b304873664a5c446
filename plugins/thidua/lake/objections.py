"""Objections to a line of a closing, and their answers: entries of the lake, written once.

    lake/objections/<campaign>/<id>.json           what an office objects to, and its evidence
    lake/objections/<campaign>/<id>.answer.json    the answer, and the decisions that carry its effect out

An objection is open until it is answered. It changes no figure: only the decisions that an answer names do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from thidua.errors import ThiduaError
from thidua.lake.entries import Entry, read_entry, seal, write_entry
from thidua.settings import Home


@dataclass(frozen=True)
class Objection:
    """An objection and, once there is one, its answer."""

    entry: Entry
    answer: Entry | None

    @property
    def objection_id(self) -> str:
        return str(self.entry["entry_id"])[:32]

    @property
    def campaign_id(self) -> str:
        return str(self.entry["campaign_id"])

    @property
    def period_id(self) -> str:
        return str(self.entry["period_id"])

    @property
    def is_open(self) -> bool:
        return self.answer is None

    @property
    def entry_ids(self) -> list[str]:
        return [str(entry["entry_id"]) for entry in (self.entry, self.answer) if entry]

    def row(self) -> dict[str, Any]:
        """As the mart shows it; who objects is an office, evidence travels as its hash."""
        answer = self.answer or {}
        return {
            "objection_id": self.objection_id,
            **{name: self.entry[name] for name in ("campaign_id", "period_id", "unit_id", "raised_by", "raised_at")},
            "text": self.entry["text"],
            "evidence_sha256": self.entry["evidence_sha256"],
            "status": "open" if self.is_open else str(answer["result"]),
            "answered_by": answer.get("answered_by"),
            "answered_at": answer.get("answered_at"),
            "answer": answer.get("text"),
            "effect_decision_ids": ",".join(answer["effect_decision_ids"]) if answer else None,
        }


def _folder(home: Home, campaign_id: str) -> Path:
    return home.lake / "objections" / campaign_id


def raise_objection(
    home: Home,
    *,
    campaign_id: str,
    period_id: str,
    unit_id: str,
    raised_by: str,
    raised_at: datetime,
    text: str,
    evidence_sha256: str | None = None,
) -> Objection:
    """Records an objection. Raises ThiduaError when it does not say who objects to what."""
    if not raised_by.strip() or not text.strip():
        raise ThiduaError("khiếu nại phải nêu người gửi và nội dung / an objection says who objects, and to what")
    content = {
        "campaign_id": campaign_id,
        "period_id": period_id,
        "unit_id": unit_id,
        "raised_by": raised_by,
        "raised_at": raised_at.astimezone(UTC).isoformat(),
        "text": text,
        "evidence_sha256": evidence_sha256,
    }
    objection_id = seal(content)["entry_id"][:32]
    return Objection(write_entry(home, _folder(home, campaign_id) / f"{objection_id}.json", content), None)


def answer_objection(
    home: Home,
    *,
    campaign_id: str,
    objection_id: str,
    result: str,
    answered_by: str,
    answered_at: datetime,
    text: str,
    effect_decision_ids: Sequence[str] = (),
) -> Objection:
    """Records the one answer to an objection: `upheld` or `rejected`, why, and the decisions that carry it out."""
    path = _folder(home, campaign_id) / f"{objection_id}.json"
    if not path.exists():
        raise ThiduaError(f"không có khiếu nại / {campaign_id} has no objection '{objection_id}'")
    if result not in {"upheld", "rejected"}:
        raise ThiduaError(f"kết quả không hợp lệ / '{result}' is no result (allowed: upheld, rejected)")
    if not answered_by.strip() or not text.strip():
        raise ThiduaError("trả lời phải nêu người trả lời và lý do / an answer says who answers, and why")
    entry = read_entry(path)
    content = {
        "objection": entry["entry_id"],
        "result": result,
        "answered_by": answered_by,
        "answered_at": answered_at.astimezone(UTC).isoformat(),
        "text": text,
        "effect_decision_ids": sorted(effect_decision_ids),
    }
    return Objection(entry, write_entry(home, path.with_suffix(".answer.json"), content))


def load_objections(home: Home, known_at: datetime | None = None, campaign_id: str | None = None) -> list[Objection]:
    """Objections raised up to `known_at` (None: all) with the answers given up to then, in order of raising."""

    def known(entry: Entry, instant: str) -> bool:
        return known_at is None or datetime.fromisoformat(entry[instant]) <= known_at

    found = []
    for path in sorted((home.lake / "objections").glob(f"{campaign_id or '*'}/*.json")):
        if path.name.startswith(".") or path.name.endswith(".answer.json"):
            continue
        entry = read_entry(path)
        if not known(entry, "raised_at"):
            continue
        answered = path.with_suffix(".answer.json")
        answer = read_entry(answered) if answered.exists() else None
        found.append(Objection(entry, answer if answer and known(answer, "answered_at") else None))
    return sorted(found, key=lambda objection: (objection.entry["raised_at"], objection.objection_id))
