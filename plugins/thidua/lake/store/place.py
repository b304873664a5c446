"""Where a store lies, by THIDUA_LAKE_STORE: a prefix of a bucket, or a folder that all hosts see."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import unquote, urlsplit

from thidua.errors import NotWell
from thidua.settings import Home

STORE = "THIDUA_LAKE_STORE"
AT_ONCE = 16  # requests
T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class Found:
    """An object of a listing: its key below the place, bytes, and when it was written, the same for every host. `etag`:
    what the store says of its content, '' where it says nothing."""

    key: str
    size: int
    modified_ns: int
    etag: str = ""


class Place(Protocol):
    """Objects by keys with `/`. Whatever keeps it from answering is raised as NotWell. As text: without any login."""

    def create(self, key: str, content: bytes) -> bool:
        """Writes an object that is not there yet, whole or not at all; of two at once one does. Whether it was this."""

    def write(self, key: str, content: bytes) -> None:
        """Writes an object over whatever is there."""

    def read(self, key: str) -> bytes | None:
        """The bytes of an object, in one request; None: there is none such."""

    def send(self, key: str, content: Path | bytes) -> None:
        """Copies a file or bytes there, under a key that nobody else writes."""

    def fetch(self, key: str, target: Path) -> bool:
        """Copies an object to a file, which keeps its rights where it is there. False: there is no such object."""

    def delete(self, key: str) -> None:
        """Takes an object away; one that is not there is no error."""

    def listed(self, under: str) -> list[Found]:
        """What lies below a key, by name."""


def place_of(url: str, home: Home) -> Place:
    """Raises ThiduaError where the URL names nothing that can be used."""
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc:
        from thidua.lake.store.folder import Folder

        return Folder(Path(unquote(parts.path)))
    from thidua.lake.store.bucket import Bucket

    return Bucket(url, home)


def created(place: Place, key: str, content: bytes) -> bool:
    """Creates an object; whether it is this one that is there now. Who created it may be told that it is taken: its answer
    was lost, and the library asked again.

    Raises NotWell when the store does not answer and it is not known to have been written.
    """
    try:
        if place.create(key, content):
            return True
    except NotWell:
        # The answer may be lost where the object is not: then it is there.
        if place.read(key) == content:
            return True
        raise
    return place.read(key) == content


def in_parallel(function: Callable[[T], U], items: Iterable[T]) -> list[U]:
    """The results in order. Nearly all the time goes into waiting for the store."""
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        return list(pool.map(function, items))
