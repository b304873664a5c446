"""landing/ in the store: any host receives what lies there, one odd object stops nothing, and no host keeps what it fetched."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from thidua.clock import parse_instant
from thidua.desk.handing_in import free_name, hand_in, receipt_of, sidecar_of
from thidua.errors import NotWell
from thidua.lake import receipts as receipts_module
from thidua.lake.receipts import SIDECAR, Listing, Receipt, list_landing, load_receipts, raw_path
from thidua.lake.store import landing
from thidua.lake.store.folder import Folder
from thidua.lake.store.house import copy_of
from thidua.lake.store.place import Found
from thidua.lake.writing import refresh
from thidua.settings import Home

from tests.lake.store.conftest import Hosts
from tests.operations.conftest import land

CAMPAIGN = "lam-dong-2023"
TYPE = f"{CAMPAIGN}/progress"
FILE = f"{TYPE}/Bảo Lộc_2023-06-30.csv"
AT = parse_instant("2023-07-01")


def look(home: Home) -> Listing:
    return list_landing(home, AT, explicit_now=True, settle_seconds=0)


def below(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_file_of_the_host_and_one_of_the_store_under_one_name(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are received; what was fetched was its owner's alone, and is gone once the receipt stands."""
    fetching, modes = Folder.fetch, []

    def fetch(place: Folder, key: str, target: Path) -> bool:
        done = fetching(place, key, target)
        modes.extend(oct(path.stat().st_mode & 0o777) for path in (target, target.parent, target.parent.parent))
        return done

    with hosts.on(hosts.a) as home:
        land(home, FILE, "của máy này;1\n")
        copy_of(home).place.write(f"landing/{FILE}", b"in the store;2\n")
        with monkeypatch.context() as patched:
            patched.setattr(Folder, "fetch", fetch)
            assert len(look(home).new) == 2
        received = {raw_path(home, one.content_sha256).read_text() for one in load_receipts(home)}
        assert received == {"của máy này;1\n", "in the store;2\n"}
        assert below(home.landing) == {Path(FILE).name: "của máy này;1\n".encode()}, "never changed"
        assert modes == ["0o600", "0o700", "0o700"] and below(home.lake / ".store" / "landing") == {".lock": b""}
        assert not look(home).new


def test_what_a_killed_process_fetched_goes_and_what_another_fetches_stays(hosts: Hosts) -> None:
    with hosts.on(hosts.a) as home, landing._own_folder(copy_of(home)) as alive:
        (alive / "0").write_text("being received")
        for name in ("killed", "killed-before-it-took-its-lock"):
            (alive.parent / name).mkdir()
            (alive.parent / name / "0").write_text("a person's list")
        (alive.parent / "killed" / ".lock").touch()
        look(home)
        assert [path for path in alive.parent.iterdir() if path.is_dir()] == [alive] and (alive / "0").exists()


def test_a_process_killed_while_it_sends_leaves_nothing_here(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where retention does not look no original lies at any moment, but what is being received (above)."""
    sending, seen = Folder.send, []

    def send(place: Folder, key: str, content: Path | bytes) -> None:
        seen.append(b"a person's list\n" in below(copy_of(hosts.a).folder).values())
        sending(place, key, content)

    with hosts.on(hosts.a) as home:
        land(home, FILE, "a person's list\n")
        monkeypatch.setattr(Folder, "send", send)
        assert len(look(home).new) == 1 and seen == [False]


def refuse(place: Folder, key: str, target: Path) -> bool:
    try:
        raise PermissionError("The operation is not valid for the object's storage class")
    except PermissionError as error:
        raise NotWell("cannot reach the store") from error


def say_nothing(place: Folder, key: str, target: Path) -> bool:
    raise NotWell("cannot reach the store") from TimeoutError()


@pytest.mark.parametrize(
    ("key", "size", "fetch", "told"),
    [
        (f"{TYPE}/{'ă' * 200}.csv", 3, None, "longer than 255 bytes"),
        (TYPE, 3, None, "has the name of a folder"),
        (f"{TYPE}/a\u202eb.csv", 3, None, "control characters"),
        (f"{TYPE}/large.csv", 200_000_001, None, "split it"),
        (f"{TYPE}/archived.csv", 3, refuse, "storage class"),
        (f"{TYPE}/growing.csv", 3, lambda _, __, target: bool(target.write_bytes(b"abcd")), "4 bytes arrived of 3"),
        (f"{TYPE}/odd{SIDECAR}.csv", 3, lambda *_: False, None),  # taken away meanwhile
    ],
)
def test_one_odd_object_stops_nothing(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch, key: str, size: int, fetch: Any, told: str | None
) -> None:
    odd = Found(f"landing/{key}", size, 10**18)
    listing, fetching = Folder.listed, Folder.fetch
    monkeypatch.setattr(Folder, "listed", lambda place, under: [*listing(place, under), odd])
    monkeypatch.setattr(
        Folder, "fetch", lambda place, key, to: (fetch if fetch and key == odd.key else fetching)(place, key, to)
    )
    with hosts.on(hosts.a) as home:
        land(home, FILE, "of this host\n")
        copy_of(home).place.write(f"landing/{TYPE}/good.csv", b"of the store\n")
        found = look(home)
    assert {one.file_name for one in found.new} == {Path(FILE).name, "good.csv"}
    if told:
        (trouble,) = found.troubles
        assert told in trouble.message and str(trouble).isprintable()
    else:
        assert found.troubles == []


def test_a_store_that_stops_answering_is_everybodys_trouble(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    with hosts.on(hosts.a) as home:
        copy_of(home).place.write(f"landing/{FILE}", b"waits\n")
        monkeypatch.setattr(Folder, "fetch", say_nothing)
        with pytest.raises(NotWell, match="cannot reach"):
            look(home)


@pytest.mark.parametrize("lost", [SIDECAR, ".csv"])
@pytest.mark.parametrize("asks_again", [True, False])
def test_a_hand_in_whose_answer_was_lost_is_one(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch, lost: str, asks_again: bool
) -> None:
    """The library asks again, and is told that there is such an object; or it gives up."""
    creating: Callable[..., bool] = Folder.create

    def create(place: Folder, key: str, content: bytes) -> bool:
        done = creating(place, key, content)
        if not key.endswith(lost):
            return done
        if asks_again:
            return creating(place, key, content)
        raise NotWell("no answer")

    with hosts.on(hosts.a) as home:
        receipt = receipt_of(CAMPAIGN, "progress", "x.csv", b"a;b\n", AT)
        with monkeypatch.context() as patched:
            patched.setattr(Folder, "create", create)
            assert hand_in(home, receipt, b"a;b\n", "an", "x.csv")
        assert set(below(hosts.store / "landing")) == {"x.csv", f"x.csv{SIDECAR}"}
        assert not hand_in(home, receipt, b"another", "binh", "x.csv"), "taken, and what is there stays"
        assert set(below(hosts.store / "landing")) == {"x.csv", f"x.csv{SIDECAR}"}
        assert [one.submission_id for one in look(home).new] == [receipt.submission_id]


def test_pages_ask_for_a_sidecar_once_and_not_a_store_that_is_silent(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, asked = Folder.read, []

    def read(place: Folder, key: str) -> bytes | None:
        asked.append(key)
        return reading(place, key)

    with hosts.on(hosts.a) as home:
        hand_in(home, receipt_of(CAMPAIGN, "progress", "x.csv", b"a;b\n", AT), b"a;b\n", "an", "x.csv")
    with hosts.on(hosts.b) as home:
        refresh(home)
        assert free_name(home, CAMPAIGN, "progress", "x.csv") == "x_2.csv" and not home.landing.exists()
        monkeypatch.setattr(landing, "_asks_again_at", 0.0)
        monkeypatch.setattr(Folder, "read", read)
        for _ in range(3):
            assert sidecar_of(home, f"{TYPE}/x.csv")["handed_in_by"] == "an"
        assert len(asked) == 1
        monkeypatch.setattr(Folder, "read", lambda place, key: asked.append(key) or say_nothing(place, key, home.path))
        for _ in range(3):
            assert sidecar_of(home, f"{TYPE}/another.csv") == {}
        assert len(asked) == 2 and sidecar_of(home, f"{TYPE}/x.csv")["handed_in_by"] == "an"


def receipt(content: str, mtime: int, etag: str, path: str = FILE) -> Receipt:
    return Receipt(
        content, path, CAMPAIGN, "progress", Path(path).name, content, 3, mtime, "2023-07-01T00:00:00+00:00", etag
    )


@pytest.mark.parametrize(
    ("known", "found", "is_received"),
    [
        ([receipt("a", 1, "A")], (3, 1, "A"), True),
        ([receipt("a", 1, "A")], (3, 1, "B"), False),  # within one second, of one size
        ([receipt("a", 1, "A"), receipt("b", 1, "B")], (3, 1, "A"), True),
        ([receipt("a", 1, "A")], (3, 9, "A"), True),  # the bucket was copied
        ([receipt("a", 1, "A")], (4, 9, "A"), False),
        ([receipt("a", 1, "A"), receipt("b", 2, "B")], (3, 3, "A"), False),  # A → B → A may be a correction
        ([receipt("a", 1, "")], (3, 1, "A"), True),  # received before ETags were kept
        ([receipt("a", 1, "")], (3, 2, "A"), False),
        ([receipt("a", 1, "")], (3, 1, ""), True),  # a store that has none
        ([receipt("a", 1, "")], (3, 2, ""), False),
        ([receipt("a", 1, "A", f"{TYPE}/other.csv")], (3, 1, "A"), False),
    ],
)
def test_which_objects_have_a_receipt(known: list[Receipt], found: tuple[int, int, str], is_received: bool) -> None:
    assert landing._received(known)(Found(f"landing/{FILE}", *found)) is is_received


def test_large_files_are_received_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looking, at_once, most = receipts_module._look_at, [0], [0]
    counting = threading.Lock()

    def look_at(*given: Any) -> Any:
        with counting:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        time.sleep(0.01)  # for another one to come in
        with counting:
            at_once[0] -= 1
        return looking(*given)

    monkeypatch.setattr(receipts_module, "_look_at", look_at)
    monkeypatch.setattr(receipts_module, "_LARGE_BYTES", 5)
    home = Home(tmp_path)
    for number in range(4):
        land(home, f"{TYPE}/{number}.csv", f"large {number}\n")
    assert len(look(home).new) == 4 and most == [1]
