"""Where things lie: THIDUA_HOME for state, THIDUA_CAMPAIGNS for plans, the checkout for contracts and models."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from thidua.errors import ThiduaError


@dataclass(frozen=True)
class Home:
    """The folders below THIDUA_HOME. The warehouse may be deleted at any time; the lake is the only truth."""

    path: Path

    @property
    def landing(self) -> Path:
        return self.path / "landing"

    @property
    def lake(self) -> Path:
        return self.path / "lake"

    @property
    def restricted(self) -> Path:
        """Where persons stay readable: the raw files, the slips, the key. For its owner only."""
        return self.lake / "restricted"

    def restricted_folder(self, *parts: str) -> Path:
        """A folder below `restricted`, made when it is not there; none of them is open to anybody else."""
        self.lake.mkdir(parents=True, exist_ok=True)
        folder = self.restricted
        for part in ("", *parts):
            folder = folder / part
            folder.mkdir(exist_ok=True, mode=0o700)
            if folder.stat().st_mode & 0o077:  # made by an older version, or unpacked from an archive
                folder.chmod(0o700)
        return folder

    @property
    def warehouse(self) -> Path:
        return self.path / "warehouse"

    @property
    def db(self) -> Path:
        return self.warehouse / "build.duckdb"

    @property
    def serve(self) -> Path:
        return self.path / "serve"

    @property
    def outbox(self) -> Path:
        return self.path / "outbox"

    @property
    def airflow(self) -> Path:
        return self.path / "airflow"


def repo_root() -> Path:
    """The checkout: the package is installed editable from its plugins/ folder."""
    return Path(__file__).resolve().parents[2]


def home() -> Home:
    """Where state lies. Raises ThiduaError when a file stands there."""
    path = Path(os.environ.get("THIDUA_HOME") or repo_root() / "var").resolve()
    if path.is_file():
        raise ThiduaError(f"THIDUA_HOME phải là thư mục / {path} is a file; set THIDUA_HOME to a folder")
    return Home(path)


def campaigns_dir() -> Path:
    return Path(os.environ.get("THIDUA_CAMPAIGNS") or repo_root() / "campaigns").resolve()


def expectations_dir() -> Path:
    return repo_root() / "expectations"


def dbt_dir() -> Path:
    return repo_root() / "dbt_project"
