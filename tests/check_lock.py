"""Fails when requirements.txt is not what requirements.in compiles to, given the pins it has: no network surprises."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def pins(text: str) -> set[str]:
    return {line.strip() for line in text.splitlines() if "==" in line and not line.strip().startswith("#")}


def main() -> int:
    lock = ROOT / "requirements.txt"
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder) / "requirements.txt"
        again.write_text(lock.read_text())  # an existing output keeps its pins where they still fit
        subprocess.run(
            [Path(sys.executable).with_name("uv"), "pip", "compile", "requirements.in", "-o", again,
             "--universal", "--python-version", "3.11", "--quiet"],
            cwd=ROOT,
            check=True,
        )  # fmt: skip
        difference = pins(lock.read_text()) ^ pins(again.read_text())
    if difference:
        print(f"requirements.txt and requirements.in disagree; run `make lock`: {', '.join(sorted(difference))}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
