"""Several hosts, one store: what one does all see, whole and once, whoever is killed wherever."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from thidua.clock import parse_instant
from thidua.errors import NotWell, ThiduaError
from thidua.lake.batches import commit, lake_lock, list_batches, read_manifest
from thidua.lake.decisions import load_decisions, record_decision
from thidua.lake.deletions import deletion_note, record_deletion
from thidua.lake.entries import Changed
from thidua.lake.evidence import evidence_path, keep_evidence
from thidua.lake.receipts import list_landing, load_receipts, raw_path
from thidua.lake.store import begin as begin_module
from thidua.lake.store import house as house_module
from thidua.lake.store import push
from thidua.lake.store.begin import begin, compare
from thidua.lake.store.folder import Folder
from thidua.lake.store.house import Copy, copy_of
from thidua.lake.store.lock import between_hosts
from thidua.lake.writing import drop_note, held, put_entry, put_folder, read_note, refresh, sweep, take_away, write_note
from thidua.operations import backup as backup_module
from thidua.operations.backup import backup
from thidua.operations.contents import Kept
from thidua.operations.tidy import _moved_aside
from thidua.settings import Home

from tests.event_lake import FigureFile, work_of
from tests.lake.store.conftest import Hosts, content_of, give_key
from tests.lake.store.dying import begin_store, commit_judged, die
from tests.operations.conftest import land
from tests.postgres import Database

CAMPAIGN = "lam-dong-2023"
FILE = f"{CAMPAIGN}/progress/Bảo Lộc_2023-06-30.csv"
TEXT = "Đơn vị;Lũy kế\nBảo Lộc;38000\n"
EARLY, LATER = parse_instant("2023-07-01"), parse_instant("2023-07-05")
SENT = parse_instant("2023-06-30").timestamp()


def judged(home: Home, *names: str) -> Path:
    """A work directory that is ready to be committed."""
    day = parse_instant("2023-06-30").date()
    return work_of(
        home, CAMPAIGN, [FigureFile(name, "progress", EARLY, (("bao-loc", day, "users", "", "", 1),)) for name in names]
    )


def receive(home: Home, at: Any = EARLY, text: str = TEXT) -> None:
    file = land(home, FILE, text)
    os.utime(file, (SENT, SENT))
    list_landing(home, at, explicit_now=True, settle_seconds=0)


def decide(home: Home, reason: str = "biên bản") -> dict[str, Any]:
    return record_decision(
        home, campaign_id=CAMPAIGN, kind="gate", subject={"result": "fail"}, decided_by="council",
        recorded_at=EARLY, reason=reason,
    )  # fmt: skip


def test_what_one_host_writes_all_have(hosts: Hosts, tmp_path: Path) -> None:
    """Receipts with their originals, batches, decisions, papers; with the rights that persons ask for."""
    (tmp_path / "paper.pdf").write_bytes(b"%PDF-1.7 \x00\xff")
    with hosts.on(hosts.a) as home:
        receive(home)
        commit(home, judged(home, "one"))
        decide(home)
        paper = keep_evidence(home, tmp_path / "paper.pdf")
    assert hosts.seen_by(hosts.b) == content_of(hosts.a)
    with hosts.on(hosts.b) as home:
        (receipt,) = load_receipts(home)
        assert raw_path(home, receipt.content_sha256).read_text() == TEXT
        commit(home, judged(home, "two"))
    assert hosts.seen_by(hosts.a) == content_of(hosts.b) == hosts.seen_by(hosts.joined("c"))
    assert len(list_batches(hosts.a)) == 2
    modes = {
        oct(path.stat().st_mode & 0o777)
        for path in (raw_path(hosts.b, receipt.content_sha256), evidence_path(hosts.b, paper))
    }
    assert modes == {"0o600"} and not (hosts.b.restricted / "raw").stat().st_mode & 0o077


def test_an_entry_and_a_folder_appear_once(hosts: Hosts) -> None:
    """Both hosts receive the same file and judge it: the first receipt stands, and one batch holds it."""
    for home in (hosts.a, hosts.b):
        land(home, FILE, TEXT)
        os.utime(home.landing / FILE, (SENT, SENT))
    with hosts.on(hosts.a) as home:
        list_landing(home, EARLY, explicit_now=True, settle_seconds=0)
        work = judged(home, "one")
    with hosts.on(hosts.b) as home:
        again = judged(home, "one")
        assert commit(home, again)
        list_landing(home, LATER, explicit_now=True, settle_seconds=0)
        assert [receipt.received_at[:10] for receipt in load_receipts(home)] == ["2023-06-30"], (
            "17:00 UTC of the day before"
        )
    with hosts.on(hosts.a) as home:
        assert commit(home, work) is None, "another host has committed all of it"
        assert len(list_batches(home)) == 1 and not list((home.lake / "batches").glob(".*"))
    assert content_of(hosts.a) == content_of(hosts.b)


def test_a_batch_of_which_another_host_has_a_part_holds_the_rest(hosts: Hosts) -> None:
    with hosts.on(hosts.a) as home:
        work = judged(home, "one", "two")
    with hosts.on(hosts.b) as home:
        commit(home, judged(home, "one"))
    with hosts.on(hosts.a) as home:
        assert commit(home, work)
        counts = [len(read_manifest(batch)["submission_ids"]) for batch in list_batches(home)]
    assert counts == [1, 1] and hosts.seen_by(hosts.b) == content_of(hosts.a)


def test_killed_between_any_two_requests(hosts: Hosts) -> None:
    """The other host has the whole batch or none; run again, it is there once."""
    whole = {f"{name}.parquet" for name in ("submissions", "scopes", "figures", "events", "rejected_rows")} | {
        "manifest.json"
    }
    kills = 0
    for number in range(30):
        with hosts.on(hosts.a) as home:
            work = judged(home, f"file-{number}")
        before = hosts.seen_by(hosts.b)
        killed = die(number, hosts.environment(hosts.a), commit_judged, hosts.a.path, work)
        kills += killed
        seen = hosts.seen_by(hosts.b)
        new = {path.rpartition("/")[2] for path in seen.keys() - before.keys()}
        assert new in (set(), whole) and (new or killed)
        with hosts.on(hosts.a) as home:
            refresh(home)
            if new:
                assert commit(home, work), "whoever runs it again is told which batch it is"
            else:
                assert work.exists() and commit(home, work)
        assert hosts.seen_by(hosts.b) == content_of(hosts.a)
        assert len(list_batches(hosts.b)) == number + 1
        if not killed:
            break
    assert kills == len(whole) + 2, "before the first, after each file, after the commit, and then it ends"


def test_who_is_overtaken_at_the_last_moment_looks_again(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another host takes the number between the look and the commit: it comes first, both are there, none twice."""
    creating: Callable[..., bool] = Folder.create
    overtaken = []

    def create(place: Folder, key: str, content: bytes) -> bool:
        if key.startswith("log/") and not overtaken:
            overtaken.append(key)
            with hosts.on(hosts.b) as home:
                decide(home, "theirs")
                receive(home, LATER)
        return creating(place, key, content)

    monkeypatch.setattr(Folder, "create", create)
    with hosts.on(hosts.a) as home:
        receive(home, EARLY)
        decide(home, "ours")
        assert {one["reason"] for one in load_decisions(home)} == {"ours", "theirs"} and overtaken
        (receipt,) = load_receipts(home)
        assert receipt.received == LATER, "who was first fixed it"
    assert hosts.seen_by(hosts.b) == content_of(hosts.a)
    assert len(list((hosts.store / "files").iterdir())) == 1, "what was sent in vain is gone"


def test_who_lost_the_lock_records_nothing(hosts: Hosts) -> None:
    """The connection broke, and another host went on under the same lock: what was decided rests on what is no more."""
    with (
        hosts.on(hosts.a) as home,
        pytest.raises(NotWell, match="lock between hosts was lost"),
        held(home, lake_lock(home)),
    ):
        with hosts.on(hosts.b) as other, push.in_section("lake/.lock", 0):
            decide(other, "theirs")
        decide(home, "ours")
    assert [one["reason"] for one in load_decisions(hosts.a)] == ["theirs"]
    with hosts.on(hosts.a) as home, held(home, lake_lock(home)):
        with hosts.on(hosts.b) as other:
            decide(other, "without the lock")
        decide(home, "ours")
        decide(home, "and ours again")
    assert len(load_decisions(hosts.a)) == 4 and hosts.seen_by(hosts.b) == content_of(hosts.a)


def test_who_lost_the_lock_to_the_same_batch_is_told_so(hosts: Hosts) -> None:
    """The other host has committed it meanwhile, under the lock that was lost."""
    with hosts.on(hosts.a) as home:
        work = judged(home, "one")
        with pytest.raises(NotWell, match="lock between hosts was lost"), held(home, lake_lock(home)):
            with hosts.on(hosts.b) as other, push.in_section("lake/.lock", 0):
                put_folder(other, judged(other, "one"), other.lake / "batches" / "same")
            put_folder(home, work, home.lake / "batches" / "same")
        refresh(home)
        with pytest.raises(FileExistsError):
            put_folder(home, work, home.lake / "batches" / "same")


def test_one_decides_at_a_time_whatever_its_host(hosts: Hosts, database: Database) -> None:
    turns: list[str] = []

    def wait() -> None:
        with between_hosts(hosts.b, lake_lock(hosts.b)):
            turns.append("second")

    waiting = threading.Thread(target=wait)
    with between_hosts(hosts.a, lake_lock(hosts.a)):
        waiting.start()
        asks = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        while database.rows(asks) == [(0,)]:
            assert waiting.is_alive(), "it waits for the lock, or it was let in, or it failed"
            time.sleep(0.01)
        turns.append("first")
        with between_hosts(hosts.a, hosts.a.lake / "closings" / "c" / "q2" / ".lock"):
            turns.append("another lock")
    waiting.join(60)
    assert turns == ["first", "another lock", "second"]


def test_a_commit_whose_answer_was_lost_is_one(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    creating: Callable[..., bool] = Folder.create

    def create(place: Folder, key: str, content: bytes) -> bool:
        creating(place, key, content)
        raise NotWell("no answer")

    with hosts.on(hosts.a) as home:
        with monkeypatch.context() as patched:
            patched.setattr(Folder, "create", create)
            decide(home)
        with monkeypatch.context() as patched:
            patched.setattr(Folder, "create", lambda *_: (_ for _ in ()).throw(NotWell("no answer")))
            with pytest.raises(NotWell, match="no answer"):
                decide(home, "never sent")
        # The library asked twice itself: the second time it is told that there is such an object.
        with monkeypatch.context() as patched:
            patched.setattr(Folder, "create", lambda *given: creating(*given) and creating(*given))
            decide(home, "sent twice")
    assert {one["reason"] for one in load_decisions(hosts.a)} == {"biên bản", "sent twice"}
    assert hosts.seen_by(hosts.b) == content_of(hosts.a)


def test_killed_after_the_commit_it_is_there_at_the_next_look(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    with hosts.on(hosts.a) as home, monkeypatch.context() as patched:
        patched.setattr(push, "_appear", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            receive(home)
        assert not load_receipts(home)
    assert hosts.seen_by(hosts.a) == hosts.seen_by(hosts.b) and load_receipts(hosts.a)


def test_who_slept_does_not_commit_what_was_swept(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    """A laptop's lid, a paused machine: by the time that it goes on, another host may have taken what it sent for
    abandoned. Within half a day it looks whether that is there, later it is refused; either way it runs again."""
    catching = push.catch_up

    def asleep(hours: float, swept: bool) -> Callable[[Any], int]:
        def catch_up(copy: Any) -> int:
            slept = push._clocks()[0] + hours * 3600, push._clocks()[1]
            patched.setattr(push, "_clocks", lambda: slept)
            if swept:
                for path in (hosts.store / "files").iterdir():
                    path.unlink()
            return catching(copy)

        return catch_up

    for hours, swept in ((2, True), (13, False), (2, False)):
        with hosts.on(hosts.a) as home, monkeypatch.context() as patched:
            work = judged(home, "one")
            patched.setattr(push, "catch_up", asleep(hours, swept))
            if hours == 2 and not swept:
                assert commit(home, work)
            else:
                with pytest.raises(NotWell, match="it took too long"):
                    commit(home, work)
    assert hosts.seen_by(hosts.joined("c")) == content_of(hosts.a) and len(list_batches(hosts.a)) == 1


def test_a_host_without_any_batch_has_nothing_to_commit(hosts: Hosts) -> None:
    """Nothing could be judged, on another host: there is no work directory, and no folder of batches."""
    with hosts.on(hosts.b) as home:
        assert commit(home, home.lake / "batches" / ".tmp-of-another-host") is None


def delete_original(home: Home) -> str:
    (receipt,) = load_receipts(home)
    ids, content = [receipt.submission_id], receipt.content_sha256
    record_deletion(home, content, submission_ids=ids, deleted_by="an", at=LATER, rule="90 ngày")
    take_away(home, content, ids, lambda: True)
    sweep(home)
    return content


def test_a_deleted_original_stays_deleted(hosts: Hosts) -> None:
    """On the host that has it and on one that comes later; its slips with it, and its bytes are not in the store."""
    with hosts.on(hosts.a) as home:
        receive(home)
    hosts.seen_by(hosts.b)
    (receipt,) = load_receipts(hosts.b)
    slip = hosts.b.restricted_folder("slips") / f"{receipt.submission_id}-x"
    slip.mkdir()
    with hosts.on(hosts.a) as home:
        content = delete_original(home)
    expected = content_of(hosts.a)
    assert hosts.seen_by(hosts.b) == expected == hosts.seen_by(hosts.joined("c"))
    assert f"restricted/raw/{content}" not in expected and not slip.exists()
    assert "deleted by retention" in (deletion_note(hosts.b, content) or "")
    assert not any(path.read_bytes() == TEXT.encode() for path in (hosts.store / "files").iterdir())
    with hosts.on(hosts.b) as home:
        refresh(home)
        assert compare(home).is_same

    # The same bytes handed in anew are an original again, on every host.
    with hosts.on(hosts.b) as home:
        land(home, FILE, TEXT)
        list_landing(home, LATER, explicit_now=True, settle_seconds=0)
        assert len(load_receipts(home)) == 2
    expected = content_of(hosts.b)
    assert expected[f"restricted/raw/{content}"] == TEXT.encode()
    assert hosts.seen_by(hosts.a) == expected == hosts.seen_by(hosts.joined("d"))


def test_a_backup_while_another_host_deletes_an_original(
    hosts: Hosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Listed, then gone by a look of the pages: the archive has the record of its deletion instead. One that is gone by
    nothing is no backup."""
    listing = backup_module.kept_files
    with hosts.on(hosts.a) as home:
        receive(home)
    hosts.seen_by(hosts.b)
    (receipt,) = load_receipts(hosts.b)

    def lost(*given: Any, **options: Any) -> list[Kept]:
        listed = listing(*given, **options)
        raw_path(hosts.b, receipt.content_sha256).rename(tmp_path / "lost")
        return listed

    def deleted(*given: Any, **options: Any) -> list[Kept]:
        listed = listing(*given, **options)
        with hosts.on(hosts.a) as home:
            delete_original(home)
        hosts.seen_by(hosts.b)
        return listed

    with hosts.on(hosts.b) as home:
        monkeypatch.setattr(backup_module, "kept_files", lost)
        with pytest.raises(FileNotFoundError):
            backup(home, hosts.plans, tmp_path / "lost.tar.gz", LATER, with_airflow=False)
        (tmp_path / "lost").rename(raw_path(home, receipt.content_sha256))
        monkeypatch.setattr(backup_module, "kept_files", deleted)
        files = backup(home, hosts.plans, tmp_path / "b.tar.gz", LATER, with_airflow=False).manifest["files"]
    assert f"home/lake/deletions/{receipt.content_sha256}.json" in files
    assert not any("/raw/" in name for name in files)


def test_an_original_that_is_handed_in_meanwhile_is_not_deleted(hosts: Hosts) -> None:
    with hosts.on(hosts.a) as home:
        receive(home)
        (receipt,) = load_receipts(home)
        take_away(home, receipt.content_sha256, [receipt.submission_id], lambda: False)
    assert raw_path(hosts.a, receipt.content_sha256).exists() and hosts.seen_by(hosts.b) == content_of(hosts.a)


@pytest.mark.parametrize(
    "adds",
    [
        [["../outside.json", {"text": "{}"}]],
        [["batches/x/../../../outside", {"files": {}}]],
        [["batches/x", {"files": {"../../outside": {}}}]],
        [["decisions/.hidden", {"text": "{}"}]],
        [["alone.json", {"text": "{}"}]],
        [["restricted/person.key", {"text": "a key that somebody knows"}]],
        [["restricted/slips/x/slip.xlsx", {"text": "{}"}]],
        [["elsewhere/x.json", {"text": "{}"}]],
        [["restricted/raw/x", {"key": "notes/x", "sha256": "0", "size": 1}]],
        [["batches/x", {"files": {"manifest.json": {"key": f"files/{'0' * 64}-{'1' * 12}/..", "sha256": "0" * 64}}}]],
        ["nothing"],
    ],
)
def test_a_log_that_somebody_else_wrote_is_refused(hosts: Hosts, adds: Any) -> None:
    """Nothing is written outside of lake/, or where readers of it do not look."""
    entry = {"house": "x", "adds": adds}
    (hosts.store / "log").mkdir(exist_ok=True)
    (hosts.store / "log" / "0000000001.json").write_text(json.dumps(entry))
    with hosts.on(hosts.b) as home, pytest.raises(NotWell, match="is not as it was written"):
        refresh(home)
    assert not content_of(hosts.b) and not list(hosts.b.path.rglob("outside*"))


def test_a_file_that_the_store_lost_is_told(hosts: Hosts) -> None:
    """Damaged or gone: nothing counts as read, and nothing half appears."""
    with hosts.on(hosts.a) as home:
        commit(home, judged(home, "one"))
    stored = max((hosts.store / "files").iterdir(), key=lambda path: path.stat().st_size)
    kept = stored.read_bytes()
    with hosts.on(hosts.b) as home:
        stored.write_bytes(b"other")
        with pytest.raises(NotWell, match="is not as it was written"):
            refresh(home)
        stored.unlink()
        with pytest.raises(NotWell, match="lacks 1 files that its log tells of"):
            refresh(home)
        assert list_batches(home) == []
        stored.write_bytes(kept)
        refresh(home)
    assert content_of(hosts.b) == content_of(hosts.a)


def test_notes_are_the_same_everywhere(hosts: Hosts) -> None:
    """Answers to forms: a form parks on one host, is answered on another, goes on on a third."""
    path = hosts.a.airflow / "responses" / "form.json"
    with hosts.on(hosts.a) as home:
        assert read_note(home, path) is None
        write_note(home, path, b"asked", 0o600)
        write_note(home, path, b"answered", 0o600)
    with hosts.on(hosts.b) as home:
        there = home.airflow / "responses" / "form.json"
        assert read_note(home, there) == b"answered"
        drop_note(home, there)
        drop_note(home, there)
        assert read_note(home, there) is None


# ---- the right house


def refused(home: Home) -> str:
    with pytest.raises(ThiduaError) as error:
        refresh(home)
    return error.value.message


def test_the_wrong_store_is_refused(hosts: Hosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hosts.on(hosts.a) as home:
        decide(home)
    before = content_of(hosts.a)
    for name in ("nothing", "other"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("THIDUA_LAKE_STORE", f"file://{tmp_path / 'not mounted'}")
    with hosts.on(hosts.a) as home:
        assert "names no folder" in refused(home)
    monkeypatch.setenv("THIDUA_LAKE_STORE", f"file://{tmp_path / 'nothing'}")
    with hosts.on(hosts.a) as home:
        assert "is empty or another one" in refused(home)
        with pytest.raises(ThiduaError, match="is a copy of another store"):
            begin(home)
    monkeypatch.setenv("THIDUA_LAKE_STORE", f"file://{tmp_path / 'other'}")
    other = Home(tmp_path / "other-house")
    with hosts.on(other):
        begin(other)
    with hosts.on(hosts.a) as home:
        assert "is the store of another house" in refused(home)
        with pytest.raises(NotWell, match="is the store of another house"):
            decide(home, "lost")
    assert content_of(hosts.a) == before


def test_a_lake_that_is_no_copy_is_refused(hosts: Hosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = Home(tmp_path / "stranger")
    with monkeypatch.context() as patched:
        patched.delenv("THIDUA_LAKE_STORE")
        decide(stranger)
    with hosts.on(stranger) as home:
        assert "is no copy of" in refused(home)
    with monkeypatch.context() as patched:
        patched.delenv("THIDUA_LAKE_STORE")
        with pytest.raises(ThiduaError, match="set THIDUA_LAKE_STORE to it"):
            decide(hosts.a)


def test_two_first_commands_at_once(hosts: Hosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a host that joins: while one sees an empty lake/, the other fills it."""
    with hosts.on(hosts.a) as home:
        decide(home)
    joining = Home(tmp_path / "c")
    looking = house_module.of_lake

    def of_lake(home: Home) -> Any:
        monkeypatch.setattr(house_module, "of_lake", looking)
        refresh(joining)  # the other command
        return looking(home)

    with hosts.on(joining) as home:
        monkeypatch.setattr(house_module, "of_lake", of_lake)
        house_module._join(home, *_place_and_house(hosts))
    assert content_of(joining) == content_of(hosts.a)


def _place_and_house(hosts: Hosts) -> tuple[Any, Any]:
    place = copy_of(hosts.a).place
    return place, house_module._read_house(place)


def test_another_key_is_refused(hosts: Hosts, tmp_path: Path) -> None:
    """A host without it waits for it; one that makes its own would know everybody as somebody else."""
    from thidua.intake.personal import load_key

    for name, content in (("none", None), ("other", b"x" * 32)):
        home = Home(tmp_path / name)
        if content:
            (home.restricted_folder() / "person.key").write_bytes(content)
        with hosts.on(home):
            if content:
                assert "is not the key that the house" in refused(home)
                assert not (home.lake / ".store").exists()
            else:
                refresh(home)
                with pytest.raises(NotWell, match="the key of pseudonyms is missing"):
                    load_key(home)
    give_key(hosts.a, Home(tmp_path / "none"))
    assert load_key(Home(tmp_path / "none")) == load_key(hosts.a)
    assert not any(load_key(hosts.a) in path.read_bytes() for path in hosts.store.rglob("*") if path.is_file())


def test_a_store_asks_for_the_database_where_hosts_wait(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THIDUA_WAREHOUSE_DSN")
    with hosts.on(hosts.a) as home:
        assert "needs THIDUA_WAREHOUSE_DSN too" in refused(home)


def test_a_home_to_look_at_something_is_no_host(hosts: Hosts, tmp_path: Path) -> None:
    with hosts.on(hosts.a):
        put_entry(aside := Home(tmp_path / "aside"), aside.lake / "decisions" / "d.json", b"{}")
    assert content_of(aside) and not content_of(hosts.a)


def test_a_bucket_that_was_put_back_is_refused(hosts: Hosts) -> None:
    """What came after would be written over it, and be lost to whoever comes new; by a process that goes on, too."""
    with hosts.on(hosts.a) as home:
        decide(home)
        decide(home, "later")
        (hosts.store / "log" / "0000000002.json").unlink()
        with pytest.raises(NotWell, match="was put back to an earlier state"):
            decide(home, "as if nothing were")
    with hosts.on(hosts.a) as home:
        assert "was put back to an earlier state" in refused(home)
    with hosts.on(hosts.b) as home:
        decide(home, "elsewhere")
        decide(home, "and again")
    with hosts.on(hosts.a) as home:
        assert "was put back to an earlier state" in refused(home)
        (hosts.a.lake / ".store" / "at").write_text("1 " + json.loads(log_entry(hosts, 1))["commit"])
        entry = json.loads(log_entry(hosts, 3))
        (hosts.store / "log" / "0000000003.json").write_text(json.dumps({**entry, "previous": "another"}))
        assert "was put back to an earlier state" in refused(home), "and what does not follow on what was before"
    assert len(load_decisions(hosts.b)) == 3


def log_entry(hosts: Hosts, number: int) -> bytes:
    return (hosts.store / "log" / f"{number:010d}.json").read_bytes()


# ---- beginning and checking


@pytest.fixture
def lived(tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> Hosts:
    """A house that lived on one host; its store is named but not begun."""
    home = Home(tmp_path / "a")
    receive(home)
    for name in ("one", "two"):
        commit(home, judged(home, name))
    decide(home)
    monkeypatch.setenv("THIDUA_LAKE_STORE", f"file://{tmp_path / 'store'}")
    monkeypatch.setenv("THIDUA_WAREHOUSE_DSN", database.dsn("postgres"))
    (tmp_path / "store").mkdir()
    return Hosts(home, Home(tmp_path / "b"), tmp_path / "store", tmp_path, monkeypatch)


def test_a_house_that_lived_goes_on_on_two_hosts(lived: Hosts) -> None:
    """Killed at any request, the beginning is run again; until it has ended no host takes it for a store."""
    before = content_of(lived.a)
    give_key(lived.a, lived.b) if (lived.a.restricted / "person.key").exists() else None
    for moment in (0, 3, 9, "log/0000000001.json", "house.json"):
        assert die(moment, lived.environment(lived.a), begin_store, lived.a.path)
        if moment != "house.json":
            for host in (lived.a, lived.b):
                with lived.on(host) as home:
                    assert "is empty or another one" in refused(home)
    with lived.on(lived.a) as home:
        assert begin(home).paths == len(before) - 2 * 5, "again: it says so; two batches of six files"
    assert lived.seen_by(lived.joined("b")) == before == content_of(lived.a)


def test_what_is_received_while_the_store_begins_is_in_it(lived: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a worker that was started before and knows of no store: no lock keeps it from receiving. Killed then, it is run
    again."""
    creating: Callable[..., bool] = Folder.create
    put_late = begin_module._put_all

    def create(place: Folder, key: str, content: bytes) -> bool:
        if key == "house.json":  # all of lake/ is committed
            with monkeypatch.context() as patched:
                patched.delenv("THIDUA_LAKE_STORE")
                land(lived.a, f"{CAMPAIGN}/progress/late.csv", "late;1\n")
                list_landing(lived.a, LATER, explicit_now=True, settle_seconds=0)
        return creating(place, key, content)

    def put_all(copy: Copy) -> int:
        if (copy.folder / "house.json").exists():
            raise KeyboardInterrupt
        return put_late(copy)

    monkeypatch.setattr(Folder, "create", create)
    with lived.on(lived.a) as home:
        with monkeypatch.context() as patched:
            patched.setattr(begin_module, "_put_all", put_all)
            with pytest.raises(KeyboardInterrupt):
                begin(home)
        assert begin(home).paths == begin(home).paths
        assert len(load_receipts(home)) == 2 and compare(home).is_same
    assert lived.seen_by(lived.joined("b")) == content_of(lived.a)


def test_a_store_that_lets_two_create_one_object_is_refused(lived: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Folder, "create", lambda place, key, content: place.write(key, content) or True)
    with lived.on(lived.a) as home, pytest.raises(ThiduaError, match="If-None-Match"):
        begin(home)
    assert not list((lived.store).rglob("*.json")), "nothing was begun"


def test_a_copy_that_differs_is_told_and_mended(hosts: Hosts) -> None:
    """What is known here alone goes aside and is not lost; what the log says comes back."""
    with hosts.on(hosts.a) as home:
        commit(home, judged(home, "one"))
        first, second = decide(home), decide(home, "second")
        expected = content_of(home)
        decisions = home.lake / "decisions"
        (decisions / f"{first['decision_id']}.json").write_text("{}")
        (decisions / f"{second['decision_id']}.json").unlink()
        (decisions / "alone.json").write_text("known here alone")
        (list_batches(home)[0] / "figures.parquet").write_bytes(b"damaged")
        found = compare(home)
        assert (len(found.lacking), len(found.changed), found.alone) == (1, 2, ["decisions/alone.json"])
        found = compare(home, mend=True)
        assert found.aside and (found.aside / "decisions" / "alone.json").read_text() == "known here alone"
        assert found.aside.name in _moved_aside(home)[0], "retention tells of it"
        assert compare(home).is_same and content_of(home) == expected


def test_an_entry_that_was_edited_here_is_told(hosts: Hosts) -> None:
    with hosts.on(hosts.a) as home:
        entry = decide(home)
        path = home.lake / "decisions" / f"{entry['decision_id']}.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "reason": "another"}))
        (home.lake / ".store" / "at").unlink()
        with pytest.raises(Changed, match="store-check --mend"):
            refresh(home)
        assert compare(home, mend=True).changed == [f"decisions/{entry['decision_id']}.json"]
        refresh(home)
    assert content_of(hosts.a) == hosts.seen_by(hosts.b)


def test_files_that_nobody_committed_are_swept(hosts: Hosts) -> None:
    with hosts.on(hosts.a) as home:
        receive(home)
        orphan, young = (hosts.store / "files" / name for name in ("orphan", "young"))
        for path in (orphan, young):
            shutil.copyfile(next((hosts.store / "files").iterdir()), path)
        old = orphan.stat().st_mtime - 2 * 86400
        for path in (hosts.store / "files").iterdir():
            if path != young:
                os.utime(path, (old, old))
        sweep(home)
    assert not orphan.exists() and young.exists()
    assert hosts.seen_by(hosts.joined("c")) == content_of(hosts.a)
