"""A backup's file: a gzipped tar that any machine can open, with the hash of every file in its last one, manifest.json.

What is read back is trusted in nothing: only regular files with plain names below our own folders are taken, no link, no
path that leads outside, no file that the manifest does not name, no byte that it does not vouch for.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO
from uuid import uuid4

from thidua.errors import NotWell, ThiduaError
from thidua.files import fsync_dir
from thidua.lake.entries import canonical, digest, seal
from thidua.operations.contents import CAMPAIGNS, HOME, Kept

FORMAT = 1
MANIFEST = "manifest.json"
# Batches are compressed already: a harder look at them takes long and saves nothing.
_LEVEL = 1
_CHUNK = 1 << 20
_TEMPORARY = ".tmp-thidua-"
_ABANDONED_AFTER_SECONDS = 24 * 3600
_MAX_MANIFEST_BYTES = 500_000_000

Manifest = dict[str, Any]


class _Hashed:
    """A file that is hashed and counted while tarfile reads it."""

    def __init__(self, file: IO[bytes], advance: Callable[[int], None]) -> None:
        self._file = file
        self._advance = advance
        self.hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size)
        self.hash.update(content)
        self._advance(len(content))
        return content


@contextmanager
def new_archive(target: Path) -> Iterator[tarfile.TarFile]:
    """An archive that is there as a whole or not at all, readable to its owner only; never in place of another one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for abandoned in target.parent.glob(f"{_TEMPORARY}*"):
        if time.time() - abandoned.stat().st_mtime > _ABANDONED_AFTER_SECONDS:
            abandoned.unlink(missing_ok=True)
    temporary = target.with_name(f"{_TEMPORARY}{uuid4().hex}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as raw:
            with (
                gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=_LEVEL) as packed,
                tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
            ):
                yield tar
            raw.flush()
            os.fsync(raw.fileno())
        if target.exists():
            raise ThiduaError(f"đã có tệp này / {target} is there already; name another file, or a folder")
        temporary.rename(target)
        fsync_dir(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def add_files(
    tar: tarfile.TarFile,
    files: Iterable[Kept],
    advance: Callable[[int], None],
    instead: Callable[[Kept], list[Kept]] = lambda kept: [],
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """name -> {sha256, size, mtime_ns}; and what vanished or changed while it was being read, which is left out.

    `instead`: what explains that a file of the lake is gone. Raises FileNotFoundError where nothing does.
    """
    written: dict[str, dict[str, Any]] = {}
    left_out: list[str] = []
    to_do = deque(files)
    while to_do:
        kept = to_do.popleft()
        if kept.name in written:
            continue
        try:
            said = _add_moving(tar, kept, advance) if kept.moves else _add(tar, kept, advance)
        except FileNotFoundError:
            if not (explained := instead(kept)):
                raise
            to_do.extendleft(explained)
            continue
        if said is None:
            left_out.append(kept.name)
        else:
            written[kept.name] = said
    return written, left_out


def _add(tar: tarfile.TarFile, kept: Kept, advance: Callable[[int], None]) -> dict[str, Any]:
    with kept.path.open("rb") as file:
        return _add_opened(tar, kept.name, file, os.fstat(file.fileno()), advance)


def _add_moving(tar: tarfile.TarFile, kept: Kept, advance: Callable[[int], None]) -> dict[str, Any] | None:
    """Read as a whole first: it counts only when it was the same before and after."""
    try:
        with kept.path.open("rb") as file:
            before = os.fstat(file.fileno())
            content = file.read()
        after = kept.path.lstat()
    except FileNotFoundError:
        return None
    if any((seen.st_size, seen.st_mtime_ns) != (len(content), before.st_mtime_ns) for seen in (before, after)):
        return None
    return _add_opened(tar, kept.name, io.BytesIO(content), before, advance)


def _add_opened(
    tar: tarfile.TarFile, name: str, file: IO[bytes], found: os.stat_result, advance: Callable[[int], None]
) -> dict[str, Any]:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = found.st_size, int(found.st_mtime), found.st_mode & 0o777
    hashed = _Hashed(file, advance)
    tar.addfile(info, hashed)
    return {"sha256": hashed.hash.hexdigest(), "size": found.st_size, "mtime_ns": found.st_mtime_ns}


def add_manifest(tar: tarfile.TarFile, content: Mapping[str, Any]) -> Manifest:
    """Seals the archive: the manifest carries its own hash as `entry_id`."""
    manifest = seal({"format": FORMAT, **content})
    document = canonical(manifest)
    info = tarfile.TarInfo(MANIFEST)
    info.size, info.mode = len(document), 0o600
    tar.addfile(info, io.BytesIO(document))
    return manifest


def read_archive(opened: BinaryIO, folder: Path | None = None) -> Manifest:
    """Checks an archive from its first to its last byte; its manifest. `folder`: unpacks it there meanwhile.

    Raises NotWell when a byte is not as it was written, or when it holds anything that no backup holds: then nothing
    in `folder` may be used.
    """
    found: dict[str, tuple[str, int]] = {}
    document: bytes | None = None
    try:
        with gzip.GzipFile(fileobj=opened, mode="rb") as packed:
            with tarfile.open(fileobj=packed, mode="r|") as tar:
                for member in tar:
                    content = _opened(tar, member)
                    if document is not None:
                        raise NotWell(_refused(member.name, "it stands behind the manifest"))
                    if member.name == MANIFEST:
                        document = content.read(_MAX_MANIFEST_BYTES)
                        continue
                    if member.name in found:
                        raise NotWell(_refused(member.name, "it is there twice"))
                    checked = tarfile.data_filter(member, str(folder or Path("/nowhere")))
                    path = folder / member.name if folder else None
                    found[member.name] = _unpack(content, path, checked.mode or 0o600)
            while packed.read(_CHUNK):  # the checksum of the whole stands at its very end
                pass
    except tarfile.FilterError as error:
        raise NotWell(_refused(error.tarinfo.name, str(error))) from error
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error, ValueError, LookupError) as error:
        raise NotWell(_damaged(str(error))) from error
    return _agreed(document, found)


def _opened(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    """The content of a member that is a regular file of a plain name below one of our folders."""
    name = member.name
    parts = PurePosixPath(name).parts
    if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
        raise NotWell(_refused(name, "it is a link or no regular file"))
    is_ours = name == MANIFEST or (len(parts) > 1 and parts[0] in (HOME, CAMPAIGNS))
    if not is_ours or ".." in parts or name != "/".join(parts) or any(part.startswith(".") for part in parts):
        raise NotWell(_refused(name, "no backup has such a name"))
    content = tar.extractfile(member)
    if content is None:
        raise NotWell(_refused(name, "it has no content"))
    return content


def _unpack(content: IO[bytes], path: Path | None, mode: int) -> tuple[str, int]:
    """(sha256, size) of a member, written to `path` where there is one."""
    hashed, size = hashlib.sha256(), 0
    descriptor = None
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        while chunk := content.read(_CHUNK):
            hashed.update(chunk)
            size += len(chunk)
            if descriptor is not None:
                _write(descriptor, chunk)
    finally:
        if descriptor is not None:
            os.close(descriptor)
    return hashed.hexdigest(), size


def _write(descriptor: int, chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[os.write(descriptor, view) :]


def _agreed(document: bytes | None, found: Mapping[str, tuple[str, int]]) -> Manifest:
    """The manifest, once every file is as it says and none is missing or too much."""
    if document is None:
        raise NotWell(_damaged("it has no manifest; it ends too early, or is no backup of thidua"))
    try:
        manifest: Manifest = json.loads(document)
        claimed = manifest.pop("entry_id")
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise NotWell(_damaged("its manifest is not readable")) from error
    if digest(manifest) != claimed:
        raise NotWell(_damaged("its manifest was changed"))
    if manifest["format"] != FORMAT:
        raise NotWell(
            f"bản sao lưu của phiên bản khác / the backup has format {manifest['format']}, this program reads "
            f"{FORMAT}: restore it with the version of thidua that made it"
        )
    said = {name: (one["sha256"], one["size"]) for name, one in manifest["files"].items()}
    wrong = sorted(name for name in said.keys() | found.keys() if said.get(name) != found.get(name))
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise NotWell(_damaged(f"{wrong[0]} is missing or not as it was written{more}"))
    return {**manifest, "entry_id": claimed}


def _damaged(reason: str) -> str:
    return f"bản sao lưu bị hỏng, không dùng được / this backup is damaged: {reason}; nothing was restored, take another backup"


def _refused(name: str, reason: str) -> str:
    shown = name.encode("unicode_escape").decode()[:200]
    return (
        f"bản sao lưu có tệp lạ, không dùng / this backup is refused for '{shown}': {reason}; nothing was restored, "
        "it was not made by thidua or was changed"
    )
