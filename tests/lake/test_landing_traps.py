"""What may lie in landing/ and is no file to read: each is told in one line, and never stops the others."""

from __future__ import annotations

import inspect
import json
import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from thidua.lake import receipts
from thidua.lake.receipts import Listing, list_landing
from thidua.settings import Home

NOW = datetime(2023, 7, 4, 1, 0, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "home" / "landing" / "c" / "progress"
    folder.mkdir(parents=True)
    (folder / "good.csv").write_bytes(b"good")
    os.utime(folder / "good.csv", (1, 1))
    return folder


def look(folder: Path) -> Listing:
    return list_landing(Home(folder.parents[2]), NOW, explicit_now=True, settle_seconds=0.01)


def told(folder: Path) -> str:
    """The one trouble that a look tells (its place and its English half), the good file being received beside it."""
    listing = look(folder)
    assert [receipt.file_name for receipt in listing.receipts] == ["good.csv"]
    assert len(listing.troubles) == 1, listing.troubles
    line = str(listing.troubles[0])
    assert line.isprintable()
    place, _, message = line.partition(": ")
    vietnamese, _, english = message.partition(" / ")
    assert vietnamese and english, line
    return f"{place}: {english}"


def test_a_link_out_of_landing_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_bytes(b"secret")
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    assert told(folder) == (
        "landing/c/progress/link.csv: it is a link, and links are not followed; put the file itself here"
    )
    raw = folder.parents[2] / "lake" / "restricted" / "raw"
    assert [path.read_bytes() for path in raw.iterdir()] == [b"good"]


def test_a_link_to_a_folder_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.csv").write_bytes(b"a")
    (folder / "more").symlink_to(tmp_path / "other")
    assert "it is a link" in told(folder)


def test_links_that_lead_nowhere_or_in_a_ring(folder: Path) -> None:
    (folder / "nowhere.csv").symlink_to(folder / "absent.csv")
    assert "it is a link" in told(folder)
    (folder / "nowhere.csv").unlink()
    (folder / "ring").symlink_to(folder)
    assert "it is a link" in told(folder)


def test_a_file_that_becomes_a_link_between_listing_and_reading(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret.csv").write_bytes(b"four")
    (folder / "a.csv").write_bytes(b"four")
    os.utime(folder / "a.csv", (1, 1))
    settled = receipts._settled

    def swap(found: list[receipts.FoundFile], seconds: float) -> list[receipts.FoundFile]:
        kept = settled(found, seconds)
        (folder / "a.csv").unlink()
        (folder / "a.csv").symlink_to(tmp_path / "secret.csv")
        return kept

    monkeypatch.setattr(receipts, "_settled", swap)
    assert "landing/c/progress/a.csv: cannot read this file" in told(folder)


def test_a_file_that_vanishes_between_listing_and_reading(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.csv").write_bytes(b"a")
    settled = receipts._settled

    def lose(found: list[receipts.FoundFile], seconds: float) -> list[receipts.FoundFile]:
        (folder / "a.csv").unlink()
        return settled(found, seconds)

    monkeypatch.setattr(receipts, "_settled", lose)
    assert told(folder) == (
        "landing/c/progress/a.csv: it vanished while it was being received; put it there again if it is meant"
    )


def test_a_file_that_changes_while_it_is_read_waits_for_the_next_look(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.csv").write_bytes(b"half")
    os.utime(folder / "a.csv", (1, 1))
    content_of = receipts._content_of

    def grow(path: Path, most: int) -> tuple[bytes, os.stat_result]:
        read = content_of(path, most)
        if path.name == "a.csv":
            path.write_bytes(b"half and half")
        return read

    monkeypatch.setattr(receipts, "_content_of", grow)
    assert [receipt.file_name for receipt in look(folder).receipts] == ["good.csv"]
    monkeypatch.undo()
    os.utime(folder / "a.csv", (1, 1))
    assert sorted(receipt.size for receipt in look(folder).receipts) == [4, 13]


def test_a_folder_with_the_name_of_a_file(folder: Path) -> None:
    (folder / "x.csv").mkdir()
    (folder / "x.csv" / "inside.csv").write_bytes(b"x")
    assert "it is a folder with the name of a file" in told(folder)


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe.csv")
    assert "it is a pipe, a socket or a device" in told(folder)


def test_a_pipe_as_a_sidecar_is_not_waited_for(folder: Path) -> None:
    (folder / "a.csv").write_bytes(b"a")
    os.mkfifo(folder / "a.csv.receipt.json")
    assert "landing/c/progress/a.csv: its sidecar cannot be read" in told(folder)


def test_a_link_as_a_sidecar_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.json").write_text(json.dumps({"received_at": "2023-07-01T00:00:00Z"}))
    (folder / "a.csv").write_bytes(b"a")
    (folder / "a.csv.receipt.json").symlink_to(tmp_path / "elsewhere.json")
    assert "its sidecar cannot be read" in told(folder)


def test_a_socket(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)  # the names of sockets are short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.csv")
        assert "it is a pipe, a socket or a device" in told(folder)


@pytest.mark.parametrize("name", ["a\nb.csv", "a\x1b[31m.csv", "a\u202evsc.exe.csv", "a\u2028.csv", "\udcff\udcfe.csv"])
def test_names_that_mislead(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"x")
    assert "its name holds control characters or is not UTF-8; rename it" in told(folder)


@pytest.mark.parametrize(
    "name", ["..csv", "...xlsx", "a;rm -rf.csv", "-n.csv", "báo cáo\u00a0quý 2.csv", "a\\..\\b.csv", "ă" * 80 + ".csv"]
)
def test_names_that_only_look_odd_are_received(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"x")
    listing = look(folder)
    assert listing.troubles == []
    hidden = name.startswith(".")
    assert len(listing.receipts) == (1 if hidden else 2)


def test_a_file_too_large_to_hold_is_not_read(folder: Path) -> None:
    with (folder / "a.csv").open("wb") as file:
        file.truncate(receipts.MAX_FILE_BYTES + 1)  # takes no room on the disk
    assert "it is larger than 200 MB; split it into several files" in told(folder)


def test_folders_in_folders_do_not_use_up_the_stack(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = folder / "/".join("d" * 300)
    deep.mkdir(parents=True)
    (deep / "a.csv").write_bytes(b"x")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 200)
    try:
        listing = look(folder)
    finally:
        sys.setrecursionlimit(limit)
    assert sorted(receipt.file_name for receipt in listing.receipts) == ["a.csv", "good.csv"]


def test_a_file_without_read_rights_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may read everything, so the refusal is made here; every other user meets the real one."""
    (folder / "locked.csv").write_bytes(b"x")
    (folder / "locked.csv").chmod(0)
    real = os.open

    def refuse(path: os.PathLike[str], *arguments: int) -> int:
        if os.fspath(path).endswith("locked.csv"):
            raise PermissionError(13, "Permission denied")
        return real(path, *arguments)

    monkeypatch.setattr(os, "open", refuse)
    assert told(folder) == (
        "landing/c/progress/locked.csv: cannot read this file (Permission denied); "
        "give read rights on it or take it away"
    )
