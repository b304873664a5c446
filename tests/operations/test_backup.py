"""A backup is whole, tells what it lacks, gives back each byte; a damaged or foreign one is refused before anything moves."""

from __future__ import annotations

import errno
import gzip
import io
import json
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from thidua.closing import reproduce as reproducing
from thidua.closing.reproduce import reproduce
from thidua.errors import NotWell, ThiduaError
from thidua.intake.personal import key_path, load_key
from thidua.lake.batches import list_batches, new_work_dir, read_manifest
from thidua.lake.entries import canonical, seal
from thidua.lake.receipts import list_landing, load_receipts, raw_path, waiting_files
from thidua.operations import contents
from thidua.operations import restore as restoring
from thidua.operations.backup import LAST_BACKUP, backup, contents_of, unfinished, verify
from thidua.operations.health import examine
from thidua.operations.restore import Restored, restore
from thidua.settings import Home
from typer.testing import CliRunner

from tests.closing import made_up
from tests.operations.conftest import NOW, RECEIVED, WAITING, House, land, tree


@pytest.fixture(scope="module")
def archive(house: House) -> Path:
    return backup(house.home, house.campaigns, house.disk / "plain.tar.gz", NOW).path


def put_back(archive: Path, root: Path, **options: Any) -> tuple[Home, Path, Restored]:
    home, campaigns = Home(root / "home"), root / "campaigns"
    return home, campaigns, restore(home, campaigns, archive, NOW, with_build=False, **options)


def copy_of(house: House, root: Path) -> House:
    shutil.copytree(house.home.path, root / "home")
    shutil.copytree(house.campaigns, root / "campaigns")
    return House(Home(root / "home"), root / "campaigns", root / "disk")


def test_everything_comes_back_but_secrets_and_what_can_be_made_again(
    house: House, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, campaigns, restored = put_back(archive, tmp_path)
    before, after = tree(house.home.path), tree(home.path)
    assert tree(campaigns) == tree(house.campaigns)
    gone = set(before) - set(after)
    assert gone == {
        LAST_BACKUP, "warehouse/build.duckdb", "lake/restricted/person.key", "airflow/airflow.cfg", "airflow/airflow.db",
        f"landing/{RECEIVED}",
    }  # fmt: skip
    assert set(after) - set(before) == {"airflow/airflow.db.from-backup"}
    assert all(after[name] == before[name] for name in set(after) & set(before))
    assert archive.stat().st_mode & 0o777 == 0o600
    assert [oct(path.stat().st_mode & 0o777) for path in (home.restricted, home.restricted / "raw")] == ["0o700"] * 2
    assert all(path.stat().st_mode & 0o077 == 0 for path in (home.restricted / "raw").iterdir())
    assert (home.landing / WAITING).stat().st_mtime_ns == (house.home.landing / WAITING).stat().st_mtime_ns
    assert waiting_files(home) == waiting_files(house.home) and len(waiting_files(home)) == 1
    assert not unfinished(home) and [line for line in restored.to_do if "person.key" in line]
    monkeypatch.setattr(reproducing, "compute_basis", made_up.compute)
    assert reproduce(home, made_up.CAMPAIGN, made_up.PERIOD).is_identical


def test_it_tells_what_it_holds(archive: Path) -> None:
    said = contents_of(verify(archive).manifest)
    assert (said["receipts"], said["batches"], said["originals"], said["waiting"]) == (1, 4, 1, 1)
    assert said["officials"] == ["c/q2/v1"] and said["airflow"] and said["secrets"] == []


def test_without_its_key_a_house_makes_no_other(house: House, archive: Path, tmp_path: Path) -> None:
    home, _, _ = put_back(archive, tmp_path)
    with pytest.raises(NotWell, match="key of pseudonyms is missing"):
        load_key(home)
    shutil.copy(key_path(house.home), key_path(home))
    assert load_key(home) == load_key(house.home)
    key_path(home).write_bytes(os.urandom(32))
    with pytest.raises(NotWell, match="not the key that this house began with"):
        load_key(home)


def test_a_key_kept_elsewhere_is_checked(house: House, archive: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.key"
    wrong.write_bytes(os.urandom(32))
    with pytest.raises(NotWell, match="not the key of this backup"):
        put_back(archive, tmp_path / "wrong", key=wrong)
    assert tree(tmp_path / "wrong" / "home") == {}
    home, _, restored = put_back(archive, tmp_path / "right", key=key_path(house.home))
    assert load_key(home) == load_key(house.home) and key_path(home).stat().st_mode & 0o777 == 0o600
    assert not [line for line in restored.to_do if "person.key" in line]


def test_a_key_given_when_all_is_in_place_already_is_put_there(
    house: House, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any) -> float:
        raise NotWell("the build failed")

    monkeypatch.setattr(restoring, "_rebuild", failing)
    home, campaigns = Home(tmp_path / "home"), tmp_path / "campaigns"
    wrong = tmp_path / "wrong.key"
    wrong.write_bytes(os.urandom(32))
    with pytest.raises(NotWell, match="build failed"):
        restore(home, campaigns, archive, NOW)
    with pytest.raises(NotWell, match="not the key of this backup"):
        restore(home, campaigns, archive, NOW, key=wrong)
    assert not key_path(home).exists() and unfinished(home)
    shutil.copyfile(wrong, key_path(home))
    restored = restore(home, campaigns, archive, NOW, key=key_path(house.home), with_build=False)
    assert load_key(home) == load_key(house.home) and key_path(home).stat().st_mode & 0o777 == 0o600
    assert not [line for line in restored.to_do if "person.key" in line] and not unfinished(home)
    assert restored.aside and tree(restored.aside) == {"person.key": wrong.read_bytes()}, "a key is never deleted"


def test_with_secrets_airflow_and_pseudonyms_go_on(house: House, tmp_path: Path) -> None:
    made = backup(house.home, house.campaigns, tmp_path / "full.tar.gz", NOW, with_secrets=True)
    home, _, restored = put_back(made.path, tmp_path)
    assert load_key(home) == load_key(house.home) and restored.to_do == []
    assert (home.airflow / "airflow.cfg").read_text() == "fernet_key = secret"
    with sqlite3.connect(home.airflow / "airflow.db") as connection:
        assert connection.execute("select dag_id from dag_run").fetchall() == [("ingest_exports",)]


def test_airflow_may_write_meanwhile(house: House, tmp_path: Path) -> None:
    own = copy_of(house, tmp_path)
    writer = sqlite3.connect(own.home.airflow / "airflow.db")
    writer.execute("pragma journal_mode = wal")
    writer.execute("insert into dag_run values ('committed')")
    writer.commit()
    writer.execute("insert into dag_run values ('not committed')")
    made = backup(own.home, own.campaigns, tmp_path / "b.tar.gz", NOW, with_secrets=True)
    writer.close()
    home, _, _ = put_back(made.path, tmp_path / "other")
    with sqlite3.connect(home.airflow / "airflow.db") as connection:
        assert connection.execute("select dag_id from dag_run").fetchall() == [("ingest_exports",), ("committed",)]


def test_postgres_is_dumped_without_its_password_in_sight(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in that notes how it was called: what pg_dump itself does is its own."""
    program = tmp_path / "bin" / "pg_dump"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\necho "$@ [$PGPASSWORD]" > "${0%/*}/called"\nwhile [ "$1" != --file ]; do shift; done\necho dump > "$2"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql+psycopg2://af:p%40ss@db:5432/airflow")
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    missing = backup(house.home, house.campaigns, tmp_path / "none.tar.gz", NOW)
    assert "pg_dump is not on this machine" in missing.manifest["left_out"][0]
    monkeypatch.setenv("PATH", str(program.parent))
    made = backup(house.home, house.campaigns, tmp_path / "pg.tar.gz", NOW)
    called = (program.parent / "called").read_text()
    assert "--dbname postgresql://af@db:5432/airflow" in called and called.endswith("[p@ss]\n")
    home, _, restored = put_back(made.path, tmp_path)
    assert (home.airflow / "airflow.dump").read_text() == "dump\n" and any(
        "pg_restore" in one for one in restored.to_do
    )


def test_a_flipped_byte_anywhere_is_refused(archive: Path, tmp_path: Path) -> None:
    content = bytearray(archive.read_bytes())
    said, refused = gzip.decompress(content), 0
    damaged = tmp_path / "damaged.tar.gz"
    for position in [*range(10, len(content), len(content) // 40), len(content) - 1]:
        content[position] ^= 0x10
        damaged.write_bytes(content)
        try:
            put_back(damaged, tmp_path)
        except NotWell as error:
            refused += "damaged" in error.message or "refused" in error.message
            assert tree(tmp_path / "home") == {} and not (tmp_path / "campaigns").exists()
        else:  # a few bits of gzip say nothing
            assert gzip.decompress(content) == said
            shutil.rmtree(tmp_path / "home")
            shutil.rmtree(tmp_path / "campaigns")
        content[position] ^= 0x10
    assert refused >= 38
    for cut in (0, 1, len(content) // 2, len(content) - 9):
        damaged.write_bytes(content[:cut])
        with pytest.raises(NotWell, match="damaged"):
            verify(damaged)


def member(name: str, content: bytes = b"x", kind: bytes = tarfile.REGTYPE, link: str = "") -> tuple[Any, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, len(content) if kind == tarfile.REGTYPE else 0
    return info, content


def entry(content: bytes) -> dict[str, Any]:
    import hashlib

    return {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "mtime_ns": 0}


GOOD = member("home/lake/decisions/a.json")
FOREIGN: dict[str, list[tuple[Any, bytes]]] = {
    "up": [member("home/../../x")],
    "absolute": [member("/etc/x")],
    "up from the root": [member("../x")],
    "another root": [member("etc/passwd")],
    "no folder": [member("home")],
    "a link": [member("home/lake/a", kind=tarfile.SYMTYPE, link="/etc/passwd")],
    "a hard link": [member("home/lake/a", kind=tarfile.LNKTYPE, link="home/lake/decisions/a.json")],
    "a folder that is a link, and a file through it": [
        member("home/lake", kind=tarfile.SYMTYPE, link="/etc"), member("home/lake/a"),
    ],
    "a device": [member("home/lake/a", kind=tarfile.CHRTYPE)],
    "a pipe": [member("home/lake/a", kind=tarfile.FIFOTYPE)],
    "a folder": [member("home/lake/a", kind=tarfile.DIRTYPE)],
    "hidden": [member("home/lake/.lock")],
    "not written plainly": [member("home//lake/a")],
    "twice": [GOOD],
    "behind the manifest": [],
    "nobody named it": [member("home/lake/extra")],
    "missing": [],
}  # fmt: skip


@pytest.mark.parametrize("reason", FOREIGN)
def test_what_no_backup_holds_is_refused(tmp_path: Path, reason: str) -> None:
    members = [GOOD, *FOREIGN[reason]]
    names = {info.name: entry(content) for info, content in members if reason != "nobody named it" or info is GOOD[0]}
    names |= {"home/lake/lost": entry(b"")} if reason == "missing" else {}
    document = canonical(seal({"format": 1, "files": names}))
    last = member("manifest.json", document)
    path = tmp_path / "foreign.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for info, content in [*members, last, *([member("home/lake/b")] if reason == "behind the manifest" else [])]:
            tar.addfile(info, io.BytesIO(content) if info.size else None)
    with pytest.raises(NotWell, match=r"damaged|refused"):
        put_back(path, tmp_path)
    assert [one.name for one in (tmp_path / "home").iterdir() if not one.name.startswith(".")] == []
    assert not (tmp_path / "x").exists() and not (tmp_path / "campaigns").exists()


def test_an_archive_of_another_make_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        info, document = member("manifest.json", canonical(seal({"format": 2, "files": {}})))
        tar.addfile(info, io.BytesIO(document))
    with pytest.raises(NotWell, match="format 2"):
        verify(path)
    path.write_bytes(gzip.compress(b"no tar at all"))
    with pytest.raises(NotWell, match="damaged"):
        verify(path)


def test_nothing_is_overwritten_unless_told(house: House, archive: Path, tmp_path: Path) -> None:
    own = copy_of(house, tmp_path)
    land(own.home, "lam-dong-2023/progress/newer.csv", "newer")
    (own.campaigns / "lam-dong-2023" / "units.csv").write_text("changed")
    before = tree(own.home.path), tree(own.campaigns)
    with pytest.raises(ThiduaError, match="not empty"):
        restore(own.home, own.campaigns, archive, NOW, with_build=False)
    assert (tree(own.home.path), tree(own.campaigns)) == before
    restored = restore(own.home, own.campaigns, archive, NOW, with_build=False, replace=True)
    assert restored.aside is not None
    aside = tree(restored.aside)
    assert aside["campaigns/lam-dong-2023/units.csv"] == b"changed"
    assert {name: content for name, content in before[0].items() if name.startswith("lake/")} == {
        name: content for name, content in aside.items() if name.startswith("lake/")
    }
    assert (own.home.landing / "lam-dong-2023/progress/newer.csv").exists(), "landing/ is added to, never emptied"
    with pytest.raises(ThiduaError, match="is there already"):
        backup(own.home, own.campaigns, archive, NOW)
    with pytest.raises(ThiduaError, match="lies within"):
        backup(own.home, own.campaigns, own.home.lake / "b.tar.gz", NOW)


@pytest.mark.parametrize("is_mounted", [False, True], ids=["folder", "mounted"])
def test_nothing_is_built_upon_what_was_computed_for_the_house_before(
    house: House, archive: Path, tmp_path: Path, is_mounted: bool
) -> None:
    own = copy_of(house, tmp_path)
    (own.home.serve / "v1").mkdir(parents=True)
    (own.home.serve / "v1" / "marts.duckdb").write_bytes(b"figures of before")
    (own.home.serve / "current").symlink_to("v1")
    if is_mounted:
        own.home.warehouse.rename(tmp_path / "volume")
        own.home.warehouse.symlink_to(tmp_path / "volume")
    restored = restore(own.home, own.campaigns, archive, NOW, with_build=False, replace=True)
    assert tree(own.home.warehouse) == {} and not own.home.serve.exists()
    assert restored.aside is not None
    aside = tree(restored.aside)
    assert aside["warehouse/build.duckdb"] == b"can be made again"
    assert aside["serve/v1/marts.duckdb"] == b"figures of before" and (restored.aside / "serve/current").is_symlink()


def test_two_restores_of_the_same_instant_keep_what_each_replaced(house: House, archive: Path, tmp_path: Path) -> None:
    own = copy_of(house, tmp_path)
    for day in ("first", "second"):
        (own.home.lake / "decisions" / f"{day}.json").write_text(day)
        restored = restore(own.home, own.campaigns, archive, NOW, with_build=False, replace=True)
        assert restored.aside is not None and tree(restored.aside)[f"lake/decisions/{day}.json"] == day.encode()
    assert [path.name for path in sorted(own.home.path.glob("replaced-*"))] == [
        "replaced-20240201T010000Z", "replaced-20240201T010000Z-2",
    ]  # fmt: skip


def test_what_is_there_already_may_be_read_only_or_of_somebody_else(
    house: House, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaigns, landing = tmp_path / "campaigns", tmp_path / "home" / "landing"
    shutil.copytree(house.campaigns, campaigns)
    (landing / WAITING).parent.mkdir(parents=True)
    shutil.copyfile(house.home.landing / WAITING, landing / WAITING)  # with another time
    before = {path: path.stat() for path in campaigns.rglob("*")}
    utime = os.utime

    def refused(path: Any, *arguments: Any, **options: Any) -> None:
        """As root, who runs the tests in a container, everything may be changed."""
        if Path(path).is_relative_to(campaigns):
            raise OSError(errno.EROFS, "Read-only file system", str(path))
        if Path(path) == landing / WAITING:
            raise PermissionError(errno.EPERM, "Operation not permitted", str(path))
        utime(path, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(os, "utime", refused)
        home, _, _ = put_back(archive, tmp_path, replace=True)
    assert not unfinished(home) and len(load_receipts(home)) == 1
    put_back(archive, tmp_path, replace=True)
    assert (landing / WAITING).stat().st_mtime_ns == (house.home.landing / WAITING).stat().st_mtime_ns
    assert {path: path.stat().st_mtime_ns for path in before} == {
        path: said.st_mtime_ns for path, said in before.items()
    }


def test_plans_that_cannot_be_put_there_are_told_before_anything_moves(
    house: House, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write anywhere but to what is mounted read-only: the system is asked, and answers so here."""
    own = copy_of(house, tmp_path)
    plan = own.campaigns / "lam-dong-2023" / "units.csv"
    plan.write_text("changed")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != own.campaigns)
    before = tree(own.home.path)
    for _ in ("changed", "lacking"):
        with pytest.raises(ThiduaError, match="is read-only"):
            restore(own.home, own.campaigns, archive, NOW, with_build=False, replace=True)
        assert tree(own.home.path) == before and not unfinished(own.home)
        plan.unlink(missing_ok=True)
    shutil.copyfile(house.campaigns / "lam-dong-2023" / "units.csv", plan)
    restore(own.home, own.campaigns, archive, NOW, with_build=False, replace=True)


def test_folders_that_are_links_or_mounts_are_filled_and_never_replaced(archive: Path, tmp_path: Path) -> None:
    for name in ("lake", "landing"):
        (tmp_path / "volumes" / name).mkdir(parents=True)
        (tmp_path / "home").mkdir(exist_ok=True)
        (tmp_path / "home" / name).symlink_to(tmp_path / "volumes" / name)
    home, _, _ = put_back(archive, tmp_path)
    assert home.lake.is_symlink() and len(load_receipts(home)) == 1
    assert (tmp_path / "volumes" / "landing" / WAITING).exists()
    with pytest.raises(ThiduaError, match="cannot be moved aside"):
        put_back(archive, tmp_path, replace=True)
    assert home.lake.is_symlink() and len(load_receipts(home)) == 1


@pytest.mark.parametrize("replace", [False, True], ids=["empty", "replace"])
def test_killed_anywhere_and_run_again(
    house: House, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replace: bool
) -> None:
    """Each step that changes what lies on the disk is where a run is killed once."""
    steps = [(Path, "rename"), (Path, "replace"), (restoring.shutil, "rmtree"), (restoring.shutil, "copystat")]
    originals = [getattr(owner, name) for owner, name in steps]
    wanted = None
    for deadly in range(1, 200):
        root = tmp_path / str(deadly)
        if replace:
            copy_of(house, root)
            land(Home(root / "home"), "lam-dong-2023/progress/older.csv", "older")
        left = deadly

        def counted(original: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any, **options: Any) -> Any:
                nonlocal left
                left -= 1
                if left == 0:
                    raise KeyboardInterrupt
                return original(*arguments, **options)

            return call

        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", lambda _: None)
            for (owner, name), original in zip(steps, originals, strict=True):
                patched.setattr(owner, name, counted(original))
            try:
                put_back(archive, root, replace=replace)
                was_killed = False
            except KeyboardInterrupt:
                was_killed = True
            if was_killed:
                if unfinished(Home(root / "home")):
                    with pytest.raises(NotWell, match="restore is unfinished"):
                        backup(Home(root / "home"), root / "campaigns", root / "b.tar.gz", NOW)
                for (owner, name), original in zip(steps, originals, strict=True):
                    patched.setattr(owner, name, original)
                put_back(archive, root, replace=replace)
        found = {name: content for name, content in tree(root).items() if not name.endswith(LAST_BACKUP)}
        if replace:
            assert sum(name.endswith("older.csv") for name in found) == 1
            assert sum("replaced-" in name and "/lake/receipts/" in name for name in found) == 1
        wanted = wanted or found
        assert found == wanted, deadly
        assert not (root / "home" / ".restoring").exists() and not unfinished(Home(root / "home"))
        shutil.rmtree(root)
        if not was_killed:
            break
    assert 8 < deadly < 199


@pytest.mark.parametrize("replace", [False, True], ids=["empty", "replace"])
def test_what_came_in_between_a_kill_and_the_same_command_again_stays(
    house: House, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replace: bool
) -> None:
    """Airflow was started too early: it received and judged into a lake that was in place, or made one that was not."""
    if replace:
        copy_of(house, tmp_path)

    def killed(path: Path) -> None:
        if path == tmp_path / "home":  # what is moved in is in place, the mark does not say so yet
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(restoring, "fsync_dir", killed)
        with pytest.raises(KeyboardInterrupt):
            put_back(archive, tmp_path, replace=replace)
    home = Home(tmp_path / "home")
    (home.lake / "decisions" / "between.json").write_text("decided meanwhile")
    (home.path / "contacts.csv").write_text("written meanwhile")
    (home.outbox / "2023-07-04" / "bao-loc.sent.json").unlink()
    _, _, restored = put_back(archive, tmp_path, replace=replace)
    assert (home.lake / "decisions" / "between.json").read_text() == "decided meanwhile"
    assert len(load_receipts(home)) == 1 and (home.outbox / "2023-07-04" / "bao-loc.sent.json").exists()
    assert restored.aside is not None, "what is not what was moved in goes aside"
    assert "written meanwhile" in [path.read_text() for path in restored.aside.glob("contacts.csv*")]
    assert (home.path / "contacts.csv").read_text() == "unit_id,name,email,phone\n"


def test_what_an_ingest_does_meanwhile_is_there_as_a_whole_or_not_at_all(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between any two folders that the backup lists, somebody receives a file and commits what was judged of it."""
    own = copy_of(house, tmp_path)
    listed = contents._below
    turn = 0

    def meanwhile(folder: Path, name: str, moves: bool = False) -> list[Any]:
        nonlocal turn
        found = list(listed(folder, name, moves))
        turn += 1
        file = land(own.home, f"lam-dong-2023/progress/meanwhile-{turn}.csv", f"{turn}")
        os.utime(file, (NOW.timestamp() - 60, NOW.timestamp() - 60))
        (receipt,) = list_landing(own.home, NOW, explicit_now=True, settle_seconds=0).new[-1:]
        commit_receipt(own.home, receipt.submission_id)
        return found

    monkeypatch.setattr(contents, "_below", meanwhile)
    made = backup(own.home, own.campaigns, tmp_path / "b.tar.gz", NOW)
    assert turn > 8 and made.is_whole
    home, _, _ = put_back(made.path, tmp_path / "other")
    receipts = {receipt.submission_id: receipt for receipt in load_receipts(home)}
    committed = [
        submission_id
        for batch in list_batches(home)
        for submission_id in read_manifest(batch)["submission_ids"]
        if read_manifest(batch).get("meanwhile")
    ]
    assert 3 <= len(committed) < turn, "some came in time, some too late"
    assert set(committed) <= receipts.keys(), "no batch without its receipts"
    assert all(raw_path(home, receipt.content_sha256).exists() for receipt in receipts.values()), (
        "no receipt without bytes"
    )
    assert (home.landing / WAITING).exists() and not waiting_files(home), "in both, and so received once"


def commit_receipt(home: Home, submission_id: str) -> None:
    from thidua.lake.batches import commit, finish_work_dir

    folder = new_work_dir(home, [submission_id])
    for table in ("submissions", "figures"):
        (folder / f"{table}.parquet").write_bytes(submission_id.encode())
    finish_work_dir(folder, {"submission_ids": [submission_id], "outcomes": {}, "meanwhile": True})
    assert commit(home, folder)


def test_what_a_killed_ingest_left_behind_is_taken_up_again(house: House, tmp_path: Path) -> None:
    own = copy_of(house, tmp_path)
    list_landing(own.home, NOW, explicit_now=True, settle_seconds=0)
    half = new_work_dir(own.home, ["x"])
    (half / "submissions.parquet").write_bytes(b"half")
    made = backup(own.home, own.campaigns, tmp_path / "b.tar.gz", NOW)
    home, _, _ = put_back(made.path, tmp_path / "other")
    assert len(load_receipts(home)) == 2 and not waiting_files(home), "received, though not judged yet"
    assert {path.name for path in (home.lake / "batches").iterdir()} == {path.name for path in list_batches(own.home)}


def test_a_byte_that_the_disk_lost_is_told(house: House, tmp_path: Path) -> None:
    own = copy_of(house, tmp_path)
    (original,) = (own.home.restricted / "raw").iterdir()
    original.write_bytes(b"y" + original.read_bytes()[1:])
    made = backup(own.home, own.campaigns, tmp_path / "b.tar.gz", NOW)
    assert not made.is_whole and made.manifest["damaged"] == [f"home/lake/restricted/raw/{original.name}"]
    assert verify(made.path).manifest == made.manifest, "what is there is kept all the same"
    (told,) = [check for check in examine(own.home, NOW) if check.check_id == "backup"]
    assert not told.is_well and str(made.path) in told.remedy


def test_the_commands_say_what_they_did(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from thidua.cli import app

    def call(home: Path, campaigns: Path, *arguments: str) -> Any:
        monkeypatch.setenv("THIDUA_HOME", str(home))
        monkeypatch.setenv("THIDUA_CAMPAIGNS", str(campaigns))
        return CliRunner().invoke(app, list(arguments))

    disk = tmp_path / "disk"
    disk.mkdir()
    own = house.home.path, house.campaigns
    said = call(*own, "backup", str(disk), "--now", "2024-02-01")
    path = disk / "thidua-20240131T170000Z.tar.gz"
    assert said.exit_code == 0 and str(path) in said.stdout and "person.key elsewhere" in said.stdout
    assert call(*own, "backup", str(disk), "--now", "2024-02-01").exception, "one of that instant is there"
    checked = call(*own, "backup", str(path), "--verify", "--json")
    assert checked.exit_code == 0 and json.loads(checked.stdout)["officials"] == ["c/q2/v1"]
    new = tmp_path / "new", tmp_path / "plans"
    restored = call(*new, "restore", str(path), "--without-build", "--key", str(key_path(house.home)))
    assert restored.exit_code == 0 and "thidua reproduce c q2 1" in restored.stdout
    again = call(*new, "restore", str(path), "--without-build", "--replace", "--json")
    assert json.loads(again.stdout)["aside"].startswith(str(new[0] / "replaced-"))
    assert isinstance(call(*new, "restore", str(disk / "none"), "--json").exception, ThiduaError)
