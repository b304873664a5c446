"""A store in a bucket, through Airflow's ObjectStoragePath: whatever fsspec knows and a provider brings.

The connection is Airflow's: `s3://my_conn@bucket/prefix` reads it from AIRFLOW_CONN_MY_CONN, a secrets backend or, within
a task, Airflow's database. Importing Airflow costs two seconds, so only who has a bucket imports it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from thidua.errors import NotWell, ThiduaError
from thidua.lake.store.place import STORE, Found
from thidua.settings import Home

_LEVEL = "AIRFLOW__LOGGING__LOGGING_LEVEL"
_MODIFIED = ("LastModified", "last_modified", "updated", "mtime")  # of S3, Azure, Google


class Bucket:
    """A prefix of a bucket."""

    def __init__(self, url: str, home: Home) -> None:
        self._shown = _without_login(url)
        _import_quietly(home)
        from airflow.sdk import ObjectStoragePath

        try:
            path = ObjectStoragePath(url)
            self._fs: Any = path.fs
            self._root = str(path.path).rstrip("/")
            # s3fs would hold a large file in memory, in parts that it fetches at once.
            self._in_one_stream = {"max_concurrency": 1} if "s3" in self._fs.protocol else {}
        except Exception as error:
            raise ThiduaError(
                f"{STORE} không dùng được / cannot use {self._shown}: {_line(error)}; write s3://connection@bucket/prefix, "
                "with Airflow's provider of that store installed and its connection in AIRFLOW_CONN_<CONNECTION>"
            ) from error

    def __str__(self) -> str:
        return self._shown

    @contextmanager
    def _asked(self) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, FileExistsError):
            raise
        except Exception as error:
            raise NotWell(
                f"không tới được kho chung / cannot reach the lake's store {self}: {_line(error)}; nothing is half-done, run "
                "the same again when it answers"
            ) from error

    def _key(self, key: str) -> str:
        return f"{self._root}/{key}"

    def create(self, key: str, content: bytes) -> bool:
        # 409: somebody creates it at this moment. The first time it may come to nothing, so it is tried again.
        for taken in ((412,), (409, 412)):
            with self._asked():
                try:
                    self._fs.pipe_file(self._key(key), content, mode="create")
                except FileExistsError:
                    return False
                except Exception as error:
                    status = _status(error)
                    if status in taken:
                        return False
                    if status != 409:
                        raise
                else:
                    return True
        return False

    def write(self, key: str, content: bytes) -> None:
        with self._asked():
            self._fs.pipe_file(self._key(key), content)

    def read(self, key: str) -> bytes | None:
        try:
            with self._asked():
                # From the first byte on: without that, s3fs asks for the size before.
                content: bytes = self._fs.cat_file(self._key(key), start=0)
        except FileNotFoundError:
            return None
        return content

    def send(self, key: str, content: Path | bytes) -> None:
        with self._asked():
            if isinstance(content, bytes):
                self._fs.pipe_file(self._key(key), content)
            else:
                self._fs.put_file(str(content), self._key(key))

    def fetch(self, key: str, target: Path) -> bool:
        try:
            with self._asked():
                self._fs.get_file(self._key(key), str(target), **self._in_one_stream)
        except FileNotFoundError:
            target.unlink(missing_ok=True)
            return False
        return True

    def delete(self, key: str) -> None:
        try:
            with self._asked():
                self._fs.rm_file(self._key(key))
        except FileNotFoundError:
            pass

    def listed(self, under: str) -> list[Found]:
        with self._asked():
            self._fs.invalidate_cache()
            found: dict[str, dict[str, Any]] = self._fs.find(self._key(under), detail=True)
        return [
            Found(name.removeprefix(f"{self._root}/"), int(info["size"] or 0), _modified(info), _etag(info))
            for name, info in sorted(found.items())
            if info.get("type") == "file"
        ]


def _import_quietly(home: Home) -> None:
    """Imports Airflow for a command. It would tell of every connection on standard output, where machines read what a
    command prints, and write its settings into somebody's home directory. Within Airflow it is imported already."""
    if "airflow" in sys.modules:
        return
    os.environ.setdefault("AIRFLOW_HOME", str(home.airflow))
    level = os.environ.get(_LEVEL)
    os.environ[_LEVEL] = level or "WARNING"
    try:
        with redirect_stdout(sys.stderr):
            import airflow.sdk
            import airflow.sdk.log  # noqa: F401
    finally:
        if level is None:
            del os.environ[_LEVEL]


def _modified(info: dict[str, Any]) -> int:
    """Nanoseconds since 1970."""
    value = next((info[name] for name in _MODIFIED if info.get(name) is not None), 0)
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        value = value.timestamp()
    return int(value * 1_000_000) * 1000


def _etag(info: dict[str, Any]) -> str:
    return str(info.get("ETag") or info.get("etag") or "").strip('"')


def _status(error: BaseException | None) -> int | None:
    """What the store answered, in HTTP: s3fs knows a taken name by the text of Amazon's answer alone."""
    while error is not None:
        response = getattr(error, "response", None)
        if isinstance(response, dict):
            status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            return int(status) if status else None
        error = error.__cause__
    return None


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _without_login(url: str) -> str:
    """The URL without what stands before its @: a connection's name, but somebody may write a password there."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))
