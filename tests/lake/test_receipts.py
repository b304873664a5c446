"""A settled file of landing/ is a receipt, once; the first writer fixes when it was received."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from thidua.errors import ThiduaError
from thidua.lake import receipts
from thidua.lake.receipts import list_landing, raw_path, take_receipts
from thidua.settings import Home

NOW = datetime(2023, 7, 4, 1, 0, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def put(home: Home, path: str, content: bytes = b"x", received_at: str | None = None, age: float = 60) -> Path:
    file = home.landing / path
    file.parent.mkdir(parents=True, exist_ok=True)
    if received_at:
        file.with_name(file.name + ".receipt.json").write_text(json.dumps({"received_at": received_at}))
    file.write_bytes(content)
    os.utime(file, (time.time() - age, time.time() - age))
    return file


def look(home: Home, now: datetime = NOW, **options):
    return list_landing(home, now, settle_seconds=0.01, **{"explicit_now": True, **options})


def test_a_file_is_received_once(home: Home) -> None:
    put(home, "c/progress/a.csv", b"abc")
    first, again = look(home), look(home, NOW + timedelta(hours=1))
    assert len(first.new) == 1 and again.new == [] and again.receipts == first.receipts
    receipt = first.new[0]
    assert (receipt.campaign_id, receipt.export_type, receipt.file_name) == ("c", "progress", "a.csv")
    assert receipt.received == NOW
    assert raw_path(home, receipt.content_sha256).read_bytes() == b"abc"
    assert raw_path(home, receipt.content_sha256).stat().st_mode & 0o777 == 0o600
    assert raw_path(home, receipt.content_sha256).parent.stat().st_mode & 0o777 == 0o700


def test_the_same_bytes_in_two_folders_are_two_receipts(home: Home) -> None:
    put(home, "c/progress/a.csv")
    put(home, "c/headcounts/a.csv")
    assert len({receipt.submission_id for receipt in look(home).new}) == 2


def test_a_sidecar_says_when_and_makes_the_id_independent_of_the_file_time(home: Home, tmp_path: Path) -> None:
    put(home, "c/progress/a.csv", received_at="2023-07-01T08:00:00+07:00", age=60)
    other = Home(tmp_path / "other")
    put(other, "c/progress/a.csv", received_at="2023-07-01T01:00:00Z", age=9999)
    first, second = look(home).new[0], look(other, NOW + timedelta(days=3)).new[0]
    assert first.received == datetime(2023, 7, 1, 1, 0, tzinfo=UTC)
    assert first.submission_id == second.submission_id
    os.utime(home.landing / "c/progress/a.csv")
    assert look(home).new == []


def test_without_a_sidecar_a_file_written_again_is_another_receipt(home: Home) -> None:
    put(home, "c/progress/a.csv", age=60)
    look(home)
    put(home, "c/progress/a.csv", age=30)
    assert len(look(home).receipts) == 2


def test_unfinished_and_hidden_names_are_not_exports(home: Home) -> None:
    for name in ("~$a.xlsx", ".a.csv", "a.csv.tmp", "a.csv.part", "Thumbs.db", "a.csv~"):
        put(home, f"c/progress/{name}")
    put(home, "c/progress/.hidden/a.csv")
    assert look(home).receipts == []


def test_a_file_that_is_still_written_waits(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    file = put(home, "c/progress/a.csv", age=0)
    waited: list[float] = []

    def written_meanwhile(seconds: float) -> None:
        waited.append(seconds)
        with file.open("ab") as stream:
            stream.write(b"x")

    with monkeypatch.context() as patch:
        patch.setattr(receipts.time, "sleep", written_meanwhile)
        assert list_landing(home, NOW, explicit_now=True, settle_seconds=0.2).new == [] and waited == [0.2]
    assert len(list_landing(home, NOW, explicit_now=True, settle_seconds=0.05).new) == 1


def test_a_known_file_is_not_read_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    put(home, "c/progress/a.csv")
    look(home)
    monkeypatch.setattr(receipts, "_look_at", lambda *_: pytest.fail("read again"))
    assert len(look(home).receipts) == 1


def test_a_clock_that_runs_backwards_is_refused_unless_meant(home: Home) -> None:
    put(home, "c/progress/a.csv")
    look(home)
    earlier = NOW - timedelta(seconds=1)
    with pytest.raises(ThiduaError, match="earlier than the latest receipt"):
        look(home, earlier, explicit_now=False)
    assert len(look(home, earlier).receipts) == 1


def test_a_sidecar_from_the_future_does_not_stop_the_clock(home: Home) -> None:
    put(home, "c/progress/a.csv", received_at="2032-01-01T00:00:00Z")
    put(home, "c/progress/b.csv")
    listing = look(home, explicit_now=False)
    assert [receipt.file_name for receipt in listing.new] == ["b.csv"]
    assert "future" in str(listing.troubles[0])


@pytest.mark.parametrize("content", ["", "{}", '{"received_at": 5}', '{"received_at": "morgen"}', "[1]"])
def test_an_unreadable_sidecar_is_told_and_the_others_go_on(home: Home, content: str) -> None:
    file = put(home, "c/progress/a.csv")
    file.with_name("a.csv.receipt.json").write_text(content)
    put(home, "c/progress/b.csv")
    listing = look(home)
    assert [receipt.file_name for receipt in listing.new] == ["b.csv"]
    assert len(listing.troubles) == 1 and "a.csv.receipt.json" in str(listing.troubles[0])


def test_a_folder_and_a_file_without_rights_are_told_in_one_line(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root nothing is unreadable, so the refusal is made here."""
    put(home, "closed/progress/a.csv")
    put(home, "c/progress/locked.csv")
    put(home, "c/progress/open.csv")
    real_scan, real_open = os.scandir, os.open

    def scan(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return real_scan(path)

    def open_(path, *arguments) -> int:
        if str(path).endswith("locked.csv"):
            raise PermissionError(13, "Permission denied")
        return real_open(path, *arguments)

    monkeypatch.setattr(os, "scandir", scan)
    monkeypatch.setattr(os, "open", open_)
    listing = look(home)
    assert [receipt.file_name for receipt in listing.new] == ["open.csv"]
    told = sorted(str(trouble) for trouble in listing.troubles)
    assert len(told) == 2 and told[0].startswith("landing/c/progress/locked.csv: ") and "rights" in told[1]
    assert not any("\n" in line for line in told)


def test_what_is_no_regular_file_is_told_and_never_read(home: Home, tmp_path: Path) -> None:
    """A link would bring in any file of this machine; a pipe would wait for ever."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "secret.csv").write_bytes(b"secret")
    put(home, "c/progress/a.csv")
    (home.landing / "c/progress/link.csv").symlink_to(elsewhere / "secret.csv")
    (home.landing / "c/linked").symlink_to(elsewhere)
    os.mkfifo(home.landing / "c/progress/pipe.csv")
    listing = look(home)
    assert [receipt.file_name for receipt in listing.new] == ["a.csv"]
    assert [trouble.path for trouble in listing.troubles] == [
        "landing/c/linked",
        "landing/c/progress/link.csv",
        "landing/c/progress/pipe.csv",
    ]
    assert ["link" in trouble.message for trouble in listing.troubles] == [True, True, False]
    assert receipts.waiting_files(home) == frozenset(), "and nothing waits for ever to be taken in"


def test_a_file_that_becomes_a_link_is_not_followed(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = put(home, "c/progress/a.csv")
    secret = tmp_path / "secret.csv"
    real_settled = receipts._settled

    def exchange(found, settle_seconds):
        settled = real_settled(found, settle_seconds)
        file.replace(secret)
        file.symlink_to(secret)
        return settled

    monkeypatch.setattr(receipts, "_settled", exchange)
    listing = look(home)
    assert listing.new == [] and [trouble.path for trouble in listing.troubles] == ["landing/c/progress/a.csv"]


def test_a_lake_that_cannot_be_written_is_no_fault_of_the_file(home: Home) -> None:
    put(home, "c/progress/a.csv")
    home.lake.write_text("a file where the lake should be")
    with pytest.raises(FileExistsError):
        look(home)


def test_what_waits_has_no_receipt_yet(home: Home) -> None:
    put(home, "c/progress/a.csv")
    put(home, "c/progress/.hidden.csv")
    ((path, size, _),) = receipts.waiting_files(home)
    assert (path, size) == ("c/progress/a.csv", 1)
    look(home)
    assert receipts.waiting_files(home) == frozenset()


def test_no_landing_folder_is_an_empty_listing(home: Home) -> None:
    assert take_receipts(home, NOW) == []
