"""Puts a file that was uploaded into landing/ with its receipt, as if the office had put it there itself.

A name is never used twice, its sidecar comes first and fixes the instant, and the file appears whole. What the preview said
is kept beside, until the warehouse has seen the file, and may be lost.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import unicodedata
from collections.abc import Collection
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import uuid4

from thidua.desk.preview import Preview
from thidua.desk.safety import desk_dir
from thidua.errors import ThiduaError
from thidua.files import fsync_dir, write_atomic, write_once
from thidua.intake.days import file_name_hint
from thidua.lake.receipts import SIDECAR, Receipt, is_export_name, submission_id_of
from thidua.lake.writing import is_shared
from thidua.settings import Home

SUFFIXES = (".xlsx", ".xls", ".xlsb", ".ods", ".csv", ".txt")
_LONGEST_STEM = 150  # bytes, so that the sidecar's name fits any file system
_NOT_IN_NAMES = re.compile(r'[<>:"|?*%]+')
_KEPT = 500


def safe_name(given: str) -> str:
    """The name of an uploaded file without path, control characters or what turns text. Raises ThiduaError."""
    last = unicodedata.normalize("NFC", given).replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(
        letter for letter in last if unicodedata.category(letter)[0] != "C" and letter not in "\u2028\u2029"
    )
    path = PurePosixPath(_NOT_IN_NAMES.sub("_", plain).strip())
    suffix = path.suffix.lower()
    stem = path.name.removesuffix(path.suffix).strip(" .~$").encode()[:_LONGEST_STEM].decode(errors="ignore")
    if suffix not in SUFFIXES or not stem or not is_export_name(f"{stem}{suffix}"):
        raise ThiduaError(
            "Chỉ nhận tệp xlsx, xls, xlsb, ods, csv hoặc txt / only files that end in xlsx, xls, xlsb, ods, csv or txt"
        )
    return f"{stem}{suffix}"


def landing_name(given: str, unit_id: str | None, day: date | None) -> str:
    """The name in landing/. One that hints at no unit and day gets those of the form, where they were given."""
    name = safe_name(given)
    if file_name_hint(name) or not (unit_id and day):
        return name
    return f"{unit_id}_{day.isoformat()}{PurePosixPath(name).suffix}"


def free_name(home: Home, campaign_id: str, export_type: str, name: str) -> str:
    """The first of `name`, `name_2`, … that nobody has used, here or in the store of several hosts."""
    path, number, below = PurePosixPath(name), 1, f"{campaign_id}/{export_type}"
    used: Collection[str] = ()
    if is_shared(home):
        from thidua.lake.store.landing import landing_paths

        used = landing_paths(home, below)

    def is_used(one: str) -> bool:
        return f"{below}/{one}" in used or (home.landing / below / one).exists()

    found = name
    while is_used(found) or is_used(f"{found}{SIDECAR}"):
        number += 1
        found = f"{path.stem}_{number}{path.suffix}"
    return found


def receipt_of(campaign_id: str, export_type: str, name: str, content: bytes, now: datetime) -> Receipt:
    """The receipt that the lake will give to this file."""
    landing_path = f"{campaign_id}/{export_type}/{name}"
    digest = hashlib.sha256(content).hexdigest()
    received_at = now.astimezone(UTC).isoformat()
    return Receipt(
        submission_id=submission_id_of(landing_path, digest, received_at),
        landing_path=landing_path,
        campaign_id=campaign_id,
        export_type=export_type,
        file_name=name,
        content_sha256=digest,
        size=len(content),
        mtime_ns=0,
        received_at=received_at,
    )


def hand_in(home: Home, receipt: Receipt, content: bytes, handed_in_by: str, sent_as: str) -> bool:
    """Writes sidecar and file. False: the name was taken meanwhile, and nothing was written."""
    sidecar = {"received_at": receipt.received_at, "handed_in_by": handed_in_by, "sent_as": sent_as[:_KEPT]}
    document = json.dumps(sidecar, ensure_ascii=False, indent=1).encode()
    if is_shared(home):
        from thidua.lake.store import landing

        return landing.hand_in(home, receipt.landing_path, document, content)
    folder = home.landing / receipt.campaign_id / receipt.export_type
    folder.mkdir(parents=True, exist_ok=True)
    if not write_once(folder / f"{receipt.file_name}{SIDECAR}", document):
        return False
    temporary = folder / f".{uuid4().hex}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, folder / receipt.file_name)
    except FileExistsError:
        (folder / f"{receipt.file_name}{SIDECAR}").unlink()
        return False
    finally:
        temporary.unlink()
    fsync_dir(folder)
    return True


def sidecar_of(home: Home, landing_path: str) -> dict[str, Any]:
    """What the sidecar of a file says; nothing where there is none, or it is not readable."""
    try:
        content: bytes | None = (home.landing / f"{landing_path}{SIDECAR}").read_bytes()
    except OSError:
        content = None
        if is_shared(home):
            from thidua.lake.store.landing import sidecar_in_store

            content = sidecar_in_store(home, landing_path)
    try:
        found = json.loads(content or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _kept_dir(home: Home) -> Path:
    return desk_dir(home) / "handed-in"


def keep(home: Home, receipt: Receipt, preview: Preview | None, handed_in_by: str) -> None:
    """Keeps what the preview said, for the page of the submission; the oldest are forgotten."""
    folder = _kept_dir(home)
    document = {"receipt": asdict(receipt), "preview": preview, "handed_in_by": handed_in_by}
    write_atomic(folder / f"{receipt.submission_id}.json", json.dumps(document, ensure_ascii=False).encode(), 0o600)
    found = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    for path in found[:-_KEPT]:
        path.unlink(missing_ok=True)


def kept(home: Home, submission_id: str) -> dict[str, Any] | None:
    path = _kept_dir(home) / f"{submission_id}.json"
    return json.loads(path.read_bytes()) if path.exists() else None


def lately_kept(home: Home, most: int = 50) -> list[dict[str, Any]]:
    """What was handed in here last, newest first."""
    paths = sorted(_kept_dir(home).glob("*.json"), key=lambda path: path.name)
    by_time = sorted(paths, key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return [json.loads(path.read_bytes()) for path in by_time[:most]]
