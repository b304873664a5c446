"""PDF by LibreOffice, where it is: one call for all files, with a profile of its own that is thrown away."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from thidua.errors import NotWell

PROGRAM = "soffice"
_SECONDS = 600


def has_office() -> bool:
    return shutil.which(PROGRAM) is not None


def convert(files: Sequence[Path], folder: Path) -> list[Path]:
    """Writes each file as PDF into `folder`. Raises NotWell naming a file that did not convert."""
    with tempfile.TemporaryDirectory() as profile:
        arguments = [f"-env:UserInstallation={Path(profile).as_uri()}", "--headless", "--convert-to", "pdf"]
        done = subprocess.run(
            [PROGRAM, *arguments, "--outdir", str(folder), *map(str, files)],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    made = [folder / f"{file.stem}.pdf" for file in files]
    missing = [path.name for path in made if not path.exists()]
    if missing:
        reason = " ".join((done.stderr or done.stdout).split())[:200]
        raise NotWell(f"LibreOffice không tạo được / LibreOffice did not make: {', '.join(missing)} ({reason})")
    return made
