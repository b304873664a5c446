"""Papers behind decisions and objections: copied into the lake by the hash of their bytes, readable to the owner only."""

from __future__ import annotations

import hashlib
from pathlib import Path

from thidua.errors import ThiduaError
from thidua.lake.writing import put_entry
from thidua.limits import MAX_FILE_BYTES
from thidua.settings import Home


def evidence_path(home: Home, sha256: str) -> Path:
    return home.lake / "restricted" / "evidence" / sha256


def keep_evidence(home: Home, file: Path) -> str:
    """Copies a file into the lake and returns its hash. Raises ThiduaError when there is no such file of sensible size."""
    if not file.is_file():
        raise ThiduaError(f"không có tệp minh chứng / there is no evidence file {file}")
    if file.stat().st_size > MAX_FILE_BYTES:
        raise ThiduaError(f"tệp minh chứng quá lớn / {file} is larger than {MAX_FILE_BYTES} bytes")
    content = file.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    put_entry(home, evidence_path(home, sha256), content)
    return sha256
