"""Two hosts, each with a home of its own, that share a store and a Postgres and nothing else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from thidua.lake import writing
from thidua.lake.store import house as house_module
from thidua.lake.store.begin import begin
from thidua.lake.store.tree import of_lake
from thidua.lake.writing import refresh
from thidua.settings import Home

from tests.postgres import Database
from tests.s3 import Bucket, Requests, running_server


@dataclass(frozen=True)
class Hosts:
    """`a` began the store, `b` joined it; `store`: its folder, where it is one."""

    a: Home
    b: Home
    store: Path
    plans: Path
    monkeypatch: pytest.MonkeyPatch

    @contextmanager
    def on(self, home: Home) -> Iterator[Home]:
        """As a new process of this host."""
        with self.monkeypatch.context() as patched:
            patched.setenv("THIDUA_HOME", str(home.path))
            for remembered in (house_module._copies, writing._refreshed):
                remembered.clear()
            yield home

    def seen_by(self, home: Home) -> dict[str, bytes]:
        """What a host knows once it has looked: path -> bytes of everything of the lake that belongs to all hosts."""
        with self.on(home):
            refresh(home)
        return content_of(home)

    def environment(self, home: Home) -> dict[str, str]:
        return {**os.environ, "THIDUA_HOME": str(home.path)}

    def joined(self, name: str) -> Home:
        """One more host, which has the key and nothing else."""
        home = Home(self.a.path.with_name(name))
        give_key(self.a, home)
        self.seen_by(home)
        return home


def give_key(giver: Home, home: Home) -> None:
    folder = home.restricted_folder()
    shutil.copyfile(giver.restricted / "person.key", folder / "person.key")
    (folder / "person.key").chmod(0o600)


def content_of(home: Home) -> dict[str, bytes]:
    found = {}
    for path, where in of_lake(home):
        files = sorted(where.iterdir()) if where.is_dir() else [where]
        found |= {path if file == where else f"{path}/{file.name}": file.read_bytes() for file in files}
    return found


def make_hosts(folder: Path, database: Database, monkeypatch: pytest.MonkeyPatch, url: str) -> Hosts:
    monkeypatch.setenv("THIDUA_LAKE_STORE", url)
    monkeypatch.setenv("THIDUA_WAREHOUSE_DSN", database.dsn("postgres"))
    monkeypatch.setenv("THIDUA_CAMPAIGNS", str(folder / "campaigns"))
    monkeypatch.setenv("AIRFLOW_HOME", str(folder / "airflow"))
    (folder / "campaigns").mkdir()
    hosts = Hosts(Home(folder / "a"), Home(folder / "b"), folder / "store", folder / "campaigns", monkeypatch)
    with hosts.on(hosts.a):
        begin(hosts.a)
    return Hosts(hosts.a, hosts.joined("b"), hosts.store, hosts.plans, monkeypatch)


@pytest.fixture
def hosts(tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> Hosts:
    """Over a folder: quick, and as exclusive as a bucket."""
    (tmp_path / "store").mkdir()
    return make_hosts(tmp_path, database, monkeypatch, f"file://{tmp_path / 'store'}")


@pytest.fixture(scope="module")
def s3_server() -> Iterator[tuple[str, Requests]]:
    with running_server() as server:
        yield server


@pytest.fixture
def bucket(s3_server: tuple[str, Requests], monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """An empty one, and the environment of who may ask it."""
    import urllib.request

    made = Bucket(*s3_server)
    urllib.request.urlopen(urllib.request.Request(f"{s3_server[0]}/{made.name}", method="PUT"))  # noqa: S310 loopback
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made
