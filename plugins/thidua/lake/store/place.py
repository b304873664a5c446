"""The object store that THIDUA_LAKE_STORE names, through Airflow's ObjectStoragePath: whatever fsspec knows.

Airflow brings the connection: `s3://my_conn@bucket/prefix` reads it from AIRFLOW_CONN_MY_CONN, a secrets backend or its
database. Importing Airflow costs two seconds, so only who has a store imports it.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from thidua.errors import NotWell, ThiduaError
from thidua.files import fsync_dir, write_atomic, write_once
from thidua.settings import Home

STORE = "THIDUA_LAKE_STORE"
AT_ONCE = 16  # requests
_LOCAL = ("file", "local")
_MODIFIED = ("LastModified", "last_modified", "updated", "mtime")  # of S3, Azure, Google and files


@dataclass(frozen=True)
class Found:
    """An object of a listing: its key below the place, bytes, and when it was written."""

    key: str
    size: int
    modified_ns: int


class Place:
    """A prefix of a bucket. Keys are below it. Methods raise NotWell when the store does not answer."""

    def __init__(self, url: str, home: Home) -> None:
        # Airflow writes its settings where this says when it is imported; never into somebody's home directory.
        os.environ.setdefault("AIRFLOW_HOME", str(home.airflow))
        logging.getLogger("airflow.providers.amazon").setLevel(logging.WARNING)  # it tells of each connection
        from airflow.sdk import ObjectStoragePath

        self._shown = _without_login(url)
        try:
            path = ObjectStoragePath(url)
            self._fs: Any = path.fs
        except Exception as error:
            raise ThiduaError(
                f"{STORE} không dùng được / cannot use {self._shown}: {error}; write s3://connection@bucket/prefix, with "
                "the provider of that store installed and its connection in AIRFLOW_CONN_<CONNECTION>"
            ) from error
        self._root = str(path.path).rstrip("/")
        self._files = Path(self._root) if path.protocol in _LOCAL or not path.protocol else None

    def __str__(self) -> str:
        return self._shown

    @contextmanager
    def _asked(self) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, FileExistsError):
            raise
        except Exception as error:
            said = " ".join(str(error).split()) or type(error).__name__
            raise NotWell(
                f"không tới được kho chung / cannot reach the lake's store {self}: {said}; nothing is half-done, run the "
                "same again when it answers"
            ) from error

    def _key(self, key: str) -> str:
        return f"{self._root}/{key}"

    def create(self, key: str, content: bytes) -> bool:
        """Writes an object that is not there yet, whole or not at all; of two at once one does. Whether it was this."""
        with self._asked():
            if self._files:
                return write_once(self._files / key, content)
            try:
                self._fs.pipe_file(self._key(key), content, mode="create")
            except FileExistsError:
                return False
        return True

    def write(self, key: str, content: bytes) -> None:
        """Writes an object over whatever is there."""
        with self._asked():
            if self._files:
                write_atomic(self._files / key, content)
            else:
                self._fs.pipe_file(self._key(key), content)

    def read(self, key: str) -> bytes | None:
        """The bytes of an object, in one request; None: there is none such."""
        try:
            with self._asked():
                # From the first byte on: without that, s3fs asks for the size before.
                content: bytes = self._fs.cat_file(self._key(key), start=0)
        except FileNotFoundError:
            return None
        return content

    def send(self, key: str, file: Path) -> None:
        """Copies a file there, under a key that nobody else writes."""
        with self._asked():
            if self._files:
                target = self._files / key
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target)
                with target.open("rb") as copied:
                    os.fsync(copied.fileno())
                fsync_dir(target.parent)
            else:
                self._fs.put_file(str(file), self._key(key))

    def fetch(self, key: str, target: Path) -> bool:
        """Copies an object to a file that is not there yet. False: there is no such object."""
        try:
            with self._asked():
                self._fs.get_file(self._key(key), str(target))
        except FileNotFoundError:
            target.unlink(missing_ok=True)
            return False
        return True

    def delete(self, key: str) -> None:
        """Takes an object away; one that is not there is no error."""
        try:
            with self._asked():
                self._fs.rm_file(self._key(key))
        except FileNotFoundError:
            pass

    def listed(self, under: str) -> list[Found]:
        """What lies below a key, by name; a thousand in a request."""
        with self._asked():
            self._fs.invalidate_cache()
            found: dict[str, dict[str, Any]] = self._fs.find(self._key(under), detail=True)
        return [
            Found(name.removeprefix(f"{self._root}/"), int(info["size"] or 0), _modified(info))
            for name, info in sorted(found.items())
            if info.get("type") == "file" and not Path(name).name.startswith(".tmp-")
        ]


def in_parallel(function: Any, items: Any) -> list[Any]:
    """The results in order. Nearly all the time goes into waiting for the store."""
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        return list(pool.map(function, items))


def _modified(info: dict[str, Any]) -> int:
    """Nanoseconds since 1970, the same for every host that lists this object."""
    value = next((info[name] for name in _MODIFIED if info.get(name) is not None), 0)
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return int(value.timestamp() * 1_000_000) * 1000
    return int(value * 1_000_000) * 1000


def _without_login(url: str) -> str:
    """The URL without what stands before its @: a connection's name, but somebody may write a password there."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))
