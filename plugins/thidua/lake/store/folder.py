"""A store in a folder that all hosts see: for shares that create files exclusively, and for tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from thidua.errors import NotWell, ThiduaError
from thidua.files import fsync_dir, write_atomic, write_once
from thidua.lake.store.place import STORE, Found


class Folder:
    """Keys are paths below it."""

    def __init__(self, path: Path) -> None:
        if not path.is_dir():  # never made: a share that is not mounted would look like an empty store
            raise ThiduaError(f"không có thư mục / {STORE} names no folder: {path}; mount or make it")
        self._path = path

    def __str__(self) -> str:
        return self._path.as_uri()

    @contextmanager
    def _asked(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise NotWell(
                f"không dùng được kho chung / cannot use the lake's store {self}: {error.strerror or error}; nothing is "
                "half-done, run the same again"
            ) from error

    def create(self, key: str, content: bytes) -> bool:
        with self._asked():
            return write_once(self._path / key, content, 0o600)

    def write(self, key: str, content: bytes) -> None:
        with self._asked():
            write_atomic(self._path / key, content, 0o600)

    def read(self, key: str) -> bytes | None:
        with self._asked():
            try:
                return (self._path / key).read_bytes()
            except FileNotFoundError:
                return None

    def send(self, key: str, content: Path | bytes) -> None:
        target = self._path / key
        with self._asked():
            target.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with (
                BytesIO(content) if isinstance(content, bytes) else content.open("rb") as source,
                os.fdopen(descriptor, "wb") as copy,
            ):
                shutil.copyfileobj(source, copy)
                copy.flush()
                os.fsync(copy.fileno())
            fsync_dir(target.parent)

    def fetch(self, key: str, target: Path) -> bool:
        with self._asked():
            try:
                shutil.copyfile(self._path / key, target)
            except FileNotFoundError:
                return False
        return True

    def delete(self, key: str) -> None:
        with self._asked():
            (self._path / key).unlink(missing_ok=True)

    def listed(self, under: str) -> list[Found]:
        with self._asked():
            return sorted(self._below(self._path / under), key=lambda found: found.key)

    def _below(self, folder: Path) -> Iterator[Found]:
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink() and not path.name.startswith(".tmp-"):
                said = path.stat()
                yield Found(path.relative_to(self._path).as_posix(), said.st_size, said.st_mtime_ns)
