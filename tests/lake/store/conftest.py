"""Two hosts, each with a home of its own, that share a store and a Postgres and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from thidua.lake.store import house as house_module
from thidua.lake.store.begin import begin
from thidua.lake.store.tree import of_lake
from thidua.lake.writing import refresh
from thidua.settings import Home

from tests.postgres import Database
from tests.property.campaigns import Campaign, write_plan, write_submission
from tests.property.test_oracle import draw_campaigns


@dataclass(frozen=True)
class Hosts:
    """`a` began the store, `b` joined it. `store`: its folder, where it is one."""

    a: Home
    b: Home
    store: Path
    plans: Path
    campaigns: tuple[Campaign, ...]
    monkeypatch: pytest.MonkeyPatch

    @contextmanager
    def on(self, home: Home) -> Iterator[Home]:
        """As a process of this host."""
        with self.monkeypatch.context() as patched:
            patched.setenv("THIDUA_HOME", str(home.path))
            house_module._copies.clear()
            yield home

    def join(self, home: Home) -> Home:
        """A host that has the key and nothing else."""
        folder = home.restricted_folder()
        shutil.copyfile(self.a.restricted / "person.key", folder / "person.key")
        (folder / "person.key").chmod(0o600)
        with self.on(home):
            refresh(home)
        return home


def content_of(home: Home) -> dict[str, bytes]:
    """Path -> bytes of everything of the lake that belongs to all hosts."""
    found = {}
    for path, where in of_lake(home):
        files = sorted(where.iterdir()) if where.is_dir() else [where]
        found |= {path if file == where else f"{path}/{file.name}": file.read_bytes() for file in files}
    return found


@pytest.fixture
def hosts(tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> Hosts:
    monkeypatch.setenv("THIDUA_LAKE_STORE", f"file://{tmp_path / 'store'}")
    monkeypatch.setenv("THIDUA_WAREHOUSE_DSN", database.dsn("postgres"))
    monkeypatch.setenv("THIDUA_CAMPAIGNS", str(tmp_path / "campaigns"))
    (tmp_path / "store").mkdir()
    campaigns = tuple(draw_campaigns(2, number=11))
    a, b = Home(tmp_path / "a"), Home(tmp_path / "b")
    for campaign in campaigns:
        write_plan(campaign, tmp_path / "campaigns" / campaign.campaign_id)
        for submission in campaign.submissions:
            write_submission(campaign, submission, a.landing)
    made = Hosts(a, b, tmp_path / "store", tmp_path / "campaigns", campaigns, monkeypatch)
    with made.on(a):
        begin(a)
    made.join(b)
    return made
