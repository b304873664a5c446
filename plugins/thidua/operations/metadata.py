"""Airflow's metadata: where it lies, and a copy of it that is whole while Airflow goes on writing."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from thidua.errors import NotWell
from thidua.settings import Home

_SETTING = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
SQLITE_COPY, POSTGRES_COPY = "airflow.db", "airflow.dump"
_SECONDS = 3600


def metadata_url(home: Home) -> str:
    """As Airflow's own settings name it; the file below the home where they do not."""
    if given := os.environ.get(_SETTING):
        return given
    if os.environ.get(f"{_SETTING}_CMD") or os.environ.get(f"{_SETTING}_SECRET"):
        from airflow.configuration import conf

        return str(conf.get("database", "sql_alchemy_conn"))
    return f"sqlite:///{home.airflow / SQLITE_COPY}"


def reachable_url(home: Home) -> str | None:
    """The address for maintenance; None: it cannot be known, or nothing is there yet.

    Within a task Airflow blanks its own setting, so that DAGs leave the database alone. Maintenance is what has to reach
    it: on one machine by the file that is known, elsewhere by THIDUA_METADATA_URL where the operator gives it.
    """
    url = os.environ.get("THIDUA_METADATA_URL") or metadata_url(home)
    if url.startswith("airflow-db-not-allowed"):
        url = f"sqlite:///{home.airflow / SQLITE_COPY}"
    path = sqlite_path(url)
    return None if path is not None and not path.exists() else url


def sqlite_path(url: str) -> Path | None:
    """The file of a SQLite address; None: it is another database."""
    return Path(unquote(url.removeprefix("sqlite:///"))) if url.startswith("sqlite:///") else None


def copy_metadata(home: Home, folder: Path) -> tuple[Path | None, str | None]:
    """(a copy in `folder`, None), or (None, why there is none and what to do)."""
    url = metadata_url(home)
    path = sqlite_path(url)
    if path is not None:
        return (_copy_sqlite(path, folder / SQLITE_COPY), None) if path.exists() else (None, None)
    if not url.startswith("postgres"):
        return (
            None,
            "lịch sử của Airflow / Airflow's metadata: not on SQLite or Postgres; back it up with its own tools",
        )
    if shutil.which("pg_dump") is None:
        return (
            None,
            "lịch sử của Airflow / Airflow's metadata: pg_dump is not on this machine; back Postgres up where it is",
        )
    return _copy_postgres(url, folder / POSTGRES_COPY), None


def _copy_sqlite(path: Path, target: Path) -> Path:
    """SQLite's own online copy: one state, whoever writes meanwhile."""
    source, copy = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60), sqlite3.connect(target)
    try:
        source.backup(copy)
    finally:
        source.close()
        copy.close()
    target.chmod(0o600)
    return target


def _copy_postgres(url: str, target: Path) -> Path:
    """pg_dump reads one snapshot. The password goes through the environment: arguments are seen by everybody here."""
    parts = urlsplit(url)
    login, _, place = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    address = urlunsplit(("postgresql", f"{user}@{place}" if user else place, parts.path, parts.query, ""))
    environment = {**os.environ, **({"PGPASSWORD": unquote(password)} if password else {})}
    command = ["pg_dump", "--format=custom", "--no-password", "--file", str(target), "--dbname", address]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if found.returncode:
        reason = found.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise NotWell(
            f"pg_dump không chạy được / pg_dump of Airflow's metadata failed: {reason[0]}; mend that, or give "
            "--without-airflow"
        )
    target.chmod(0o600)
    return target
