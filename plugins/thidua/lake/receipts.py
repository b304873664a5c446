"""Receipts: a settled file of landing/ is recorded once, before anything else looks at it.

The first writer fixes `received_at`: from the sidecar `<file>.receipt.json`, else the clock. landing/ is only read.
A listing costs a stat per file: what has a receipt with the same path, size and time is not read again.

Anybody who may hand in a file may also hand in something that is none: only regular files of sensible names and sizes are
read, links are never followed, and each of the others is told in one line.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from threading import Lock

from thidua.clock import now_utc, parse_instant
from thidua.errors import ThiduaError
from thidua.lake.clocks import CLOCKS_APART
from thidua.lake.writing import is_shared, put_entries
from thidua.limits import MAX_FILE_BYTES
from thidua.settings import Home

SIDECAR = ".receipt.json"
SETTLED_AFTER_SECONDS = 2
_UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".swp", "~")
_NOT_EXPORTS = {"thumbs.db", "desktop.ini"}
_EXPORT_SUFFIXES = {".csv", ".txt", ".xlsx", ".xls", ".xlsb", ".ods"}
MAX_SIDECAR_BYTES = 10_000
# So many files, of so many bytes, are one commit to a store.
_TOGETHER, _TOGETHER_BYTES = 50, 25_000_000
# More than this is received one after the other: eight at once of the largest files would be 1.6 GB of memory.
_LARGE_BYTES = 25_000_000
# They end a line, stand for undecodable bytes, or turn the direction of what is shown.
_MISLEADING_KINDS = {"Cc", "Cs", "Zl", "Zp"}
_TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True)
class Receipt:
    """One file received once. `received_at` is an ISO instant in UTC; `landing_path` is posix, below landing/. `etag`: what
    a store of several hosts said of its content, '' of a file that lay on a host."""

    submission_id: str
    landing_path: str
    campaign_id: str
    export_type: str
    file_name: str
    content_sha256: str
    size: int
    mtime_ns: int
    received_at: str
    etag: str = ""

    @property
    def received(self) -> datetime:
        return datetime.fromisoformat(self.received_at)

    @property
    def order(self) -> tuple[datetime, str]:
        """The order in which submissions count, whenever they were judged."""
        return self.received, self.submission_id


@dataclass(frozen=True)
class Trouble:
    """A path that could not be received, in one line that says what to do."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


@dataclass(frozen=True)
class Listing:
    """All receipts known after a look at landing/, in their order; which of them are new; what went wrong."""

    receipts: list[Receipt]
    new: list[Receipt] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)


@dataclass(frozen=True)
class FoundFile:
    """A file in landing/ as one look saw it; `path` is where its bytes lie, and its sidecar beside them."""

    path: Path
    landing_path: str
    size: int
    mtime_ns: int
    etag: str = ""


def receipts_dir(home: Home) -> Path:
    return home.lake / "receipts"


def raw_path(home: Home, content_sha256: str) -> Path:
    """Where the bytes of a submission are kept; readable to the owner only."""
    return home.restricted / "raw" / content_sha256


def load_receipts(home: Home, submission_ids: Collection[str] | None = None) -> list[Receipt]:
    """Every receipt of the lake, or those of some submissions, in their order (received_at, submission_id)."""
    folder = receipts_dir(home)
    if submission_ids is not None:
        paths = [folder / f"{submission_id}.json" for submission_id in submission_ids]
        paths = [path for path in paths if path.exists()]
    elif folder.is_dir():
        paths = [path for path in folder.iterdir() if path.suffix == ".json" and not path.name.startswith(".")]
    else:
        paths = []
    receipts = [Receipt(**json.loads(path.read_bytes())) for path in paths]
    return sorted(receipts, key=lambda receipt: receipt.order)


def is_export_name(name: str) -> bool:
    """Whether a file of this name is meant to be received: not hidden, not temporary, not a sidecar."""
    lowered = name.lower()
    return not (lowered.startswith((".", "~$")) or lowered.endswith((SIDECAR, *_UNFINISHED)) or lowered in _NOT_EXPORTS)


def files_of(landing: Path, troubles: list[Trouble]) -> Iterator[FoundFile]:
    """The regular files below landing/ that are meant to be received; what else lies there is added to `troubles`."""
    folders = [landing]
    while folders:
        folder = folders.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            path = folder.relative_to(landing).as_posix()
            troubles.append(
                trouble_at(
                    path,
                    f"không mở được thư mục; hãy cấp quyền đọc / cannot list this folder ({error.strerror}); give read rights on it",
                )
            )
            continue
        for entry in entries:
            path = Path(entry.path).relative_to(landing).as_posix()
            if not is_export_name(entry.name):
                continue
            try:
                found = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                troubles.append(_vanished(path))
                continue
            except OSError as error:
                troubles.append(_unreadable(path, error))
                continue
            if problem := _problem_of(entry.name, found):
                troubles.append(trouble_at(path, problem))
            elif stat.S_ISDIR(found.st_mode):
                folders.append(Path(entry.path))
            else:
                yield FoundFile(Path(entry.path), path, found.st_size, found.st_mtime_ns)


def is_misleading(name: str) -> bool:
    """Whether a name holds what ends a line, stands for undecodable bytes or turns the direction of what is shown."""
    return any(unicodedata.category(letter) in _MISLEADING_KINDS or letter in _TURNING for letter in name)


def _problem_of(name: str, found: os.stat_result) -> str | None:
    """Why something in landing/ is not looked into, and what to do about it."""
    if is_misleading(name):
        return "tên có ký tự điều khiển; hãy đổi tên / its name holds control characters or is not UTF-8; rename it"
    if stat.S_ISLNK(found.st_mode):
        return "là liên kết; hãy đặt chính tệp đó vào đây / it is a link, and links are not followed; put the file itself here"
    if stat.S_ISDIR(found.st_mode):
        if PurePosixPath(name).suffix.lower() in _EXPORT_SUFFIXES:
            return "là thư mục mang tên tệp; hãy đặt chính tệp vào đây / it is a folder with the name of a file; put the file itself here"
    elif not stat.S_ISREG(found.st_mode):
        return "không phải là tệp; hãy lấy ra / it is a pipe, a socket or a device and no file; take it away"
    elif found.st_size > MAX_FILE_BYTES:
        return (
            f"lớn hơn {MAX_FILE_BYTES // 1_000_000} MB; hãy chia thành nhiều tệp / "
            f"it is larger than {MAX_FILE_BYTES // 1_000_000} MB; split it into several files"
        )
    return None


def trouble_at(landing_path: str, message: str) -> Trouble:
    """In one line, whatever the path holds."""
    shown = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in landing_path
    )
    return Trouble(f"landing/{shown}", message)


def _unreadable(landing_path: str, error: OSError) -> Trouble:
    return trouble_at(
        landing_path,
        "không đọc được tệp; hãy cấp quyền đọc hoặc lấy tệp ra / "
        f"cannot read this file ({error.strerror}); give read rights on it or take it away",
    )


def _vanished(landing_path: str) -> Trouble:
    return trouble_at(
        landing_path,
        "tệp biến mất khi đang nhận; nếu cần hãy đặt lại / "
        "it vanished while it was being received; put it there again if it is meant",
    )


def _content_of(path: Path, most: int) -> tuple[bytes, os.stat_result]:
    """The bytes of a regular file, and what the system said of it before; not of what took its place meanwhile.

    Raises OSError. Without waiting: a pipe would never end.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise OSError(None, "it is no regular file")
        return file.read(most + 1), before


def _settled(found: list[FoundFile], settle_seconds: float) -> list[FoundFile]:
    """Files that nobody is writing any more: old enough, or the same at two looks."""
    limit = time.time_ns() - SETTLED_AFTER_SECONDS * 1_000_000_000
    young = [file for file in found if file.mtime_ns > limit]
    if not young:
        return found
    time.sleep(settle_seconds)
    moving = set()
    for file in young:
        try:
            now = file.path.lstat()
        except OSError:
            continue  # told when it is read
        if (now.st_size, now.st_mtime_ns) != (file.size, file.mtime_ns):
            moving.add(file)
    return [file for file in found if file not in moving]


def _sidecar_instant(file: FoundFile) -> datetime | None:
    """When the sidecar says that the file arrived; raises ThiduaError when it does not say so legibly."""
    sidecar = file.path.with_name(file.path.name + SIDECAR)
    hint = f'write {{"received_at": "2023-07-04T08:00:00+07:00"}} into {PurePosixPath(file.landing_path).name}{SIDECAR} or take it away'
    try:
        content, _ = _content_of(sidecar, MAX_SIDECAR_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ThiduaError(
            f"không đọc được tệp ghi ngày nhận / its sidecar cannot be read ({error.strerror}); {hint}"
        ) from error
    try:
        text = json.loads(content)["received_at"]
        return parse_instant(text)
    except (ValueError, KeyError, TypeError, AttributeError, ThiduaError) as error:
        raise ThiduaError(
            f"tệp ghi ngày nhận bị hỏng; hãy sửa hoặc lấy ra / its sidecar is not readable; correct it or take it away: {hint}"
        ) from error


def submission_id_of(landing_path: str, content_sha256: str, stamp: str) -> str:
    return hashlib.sha256(f"{landing_path}\n{content_sha256}\n{stamp}".encode()).hexdigest()[:32]


def _read(file: FoundFile, now: datetime, explicit_now: bool) -> tuple[bytes, datetime | None] | None:
    """(bytes, when its sidecar says that it arrived) of a file as it was found. None: it changed while we read.

    Raises OSError or ThiduaError, whose fault is the file's.
    """
    told = _sidecar_instant(file)
    if told and told > now and not explicit_now:
        raise ThiduaError(
            "tệp ghi ngày nhận ghi một ngày chưa đến; hãy sửa lại / "
            f"its sidecar says {told.isoformat()}, which is in the future; correct the sidecar"
        )
    content, before = _content_of(file.path, file.size)
    after = file.path.lstat()
    for seen in (before, after):
        if (seen.st_size, seen.st_mtime_ns) != (file.size, file.mtime_ns):
            return None
    return (content, told) if len(content) == file.size else None


def _look_at(file: FoundFile, now: datetime, explicit_now: bool) -> tuple[Receipt, bytes] | Trouble | None:
    """The receipt of one file and its bytes; nothing is recorded. None: it changed while we read."""
    try:
        read = _read(file, now, explicit_now)
    except FileNotFoundError:
        return _vanished(file.landing_path)
    except OSError as error:
        return _unreadable(file.landing_path, error)
    except ThiduaError as error:
        return trouble_at(file.landing_path, error.message)
    if read is None:
        return None
    content, told = read
    digest = hashlib.sha256(content).hexdigest()
    received_at = (told or now).astimezone(UTC).isoformat()
    parts = file.landing_path.split("/")
    receipt = Receipt(
        submission_id=submission_id_of(file.landing_path, digest, received_at if told else str(file.mtime_ns)),
        landing_path=file.landing_path,
        campaign_id=parts[0] if len(parts) > 1 else "",
        export_type=parts[1] if len(parts) > 2 else "",
        file_name=parts[-1],
        content_sha256=digest,
        size=file.size,
        mtime_ns=file.mtime_ns,
        received_at=received_at,
        etag=file.etag,
    )
    return receipt, content


def _record(home: Home, looked_at: Sequence[tuple[Receipt, bytes]]) -> list[Receipt]:
    """Records some files, raw bytes first, so that a receipt never lacks them. As they stand: the first writer fixed them."""
    raw, entries = home.restricted_folder("raw"), []
    for receipt, content in looked_at:
        said = {name: value for name, value in asdict(receipt).items() if name != "etag" or value}
        document = json.dumps(said, ensure_ascii=False, indent=1).encode()
        entries += [(raw / receipt.content_sha256, content), (_path_of(home, receipt), document)]
    made = put_entries(home, entries)
    return [
        receipt if (path := _path_of(home, receipt)) in made else Receipt(**json.loads(path.read_bytes()))
        for receipt, _ in looked_at
    ]


def _path_of(home: Home, receipt: Receipt) -> Path:
    return receipts_dir(home) / f"{receipt.submission_id}.json"


def _together(files: Sequence[FoundFile], most: int) -> Iterator[list[FoundFile]]:
    group: list[FoundFile] = []
    for file in files:
        if group and (len(group) >= most or sum(one.size for one in group) + file.size > _TOGETHER_BYTES):
            yield group
            group = []
        group.append(file)
    if group:
        yield group


def list_landing(
    home: Home, now: datetime | None = None, *, explicit_now: bool = False, settle_seconds: float = 1.0
) -> Listing:
    """Looks at landing/ and records what is new and settled; what cannot be read is told, the others go on.

    `now` is the clock (default: the real one). Unless it was given on purpose (`explicit_now`), a clock earlier than
    the latest receipt is refused with a ThiduaError: such receipts would be ordered before what they replace.
    """
    now = (now or now_utc()).astimezone(UTC)
    known = load_receipts(home)
    if known and not explicit_now and is_shared(home) and now < known[-1].received <= now + CLOCKS_APART:
        now = known[-1].received  # another host's clock is a little ahead: what comes later is not received earlier
    if known and not explicit_now and now < known[-1].received:
        raise ThiduaError(
            f"đồng hồ chạy lùi / the clock says {now.isoformat()}, earlier than the latest receipt "
            f"({known[-1].received_at}); set the clock right, or give --now on purpose"
        )
    troubles: list[Trouble] = []
    by_id = {receipt.submission_id: receipt for receipt in known}
    new = []

    def receive(files: Sequence[FoundFile]) -> tuple[list[Receipt], list[Trouble]]:
        # A fault of a file is its trouble alone; a lake that cannot be written is everybody's, and raised.
        with one_large if sum(file.size for file in files) > _LARGE_BYTES else nullcontext():
            looked_at = [_look_at(file, now, explicit_now) for file in files]
            recorded = _record(home, [one for one in looked_at if isinstance(one, tuple)])
        return recorded, [one for one in looked_at if isinstance(one, Trouble)]

    # Nearly all the time goes into making each receipt durable, and disks do that for several at once.
    one_large = Lock()
    with ExitStack() as fetched, ThreadPoolExecutor(max_workers=8) as pool:
        found = _settled(list(_not_received(home, known, troubles)), settle_seconds)
        if is_shared(home):
            from thidua.lake.store.landing import taken_in

            found += fetched.enter_context(taken_in(home, known, troubles))
        groups = _together(found, _TOGETHER if is_shared(home) else 1)
        for recorded, told in pool.map(receive, groups):
            troubles += told
            for receipt in recorded:
                if receipt.submission_id not in by_id:
                    by_id[receipt.submission_id] = receipt
                    new.append(receipt)
    ordered = sorted(by_id.values(), key=lambda receipt: receipt.order)
    return Listing(ordered, new, troubles)


def _not_received(home: Home, known: list[Receipt], troubles: list[Trouble]) -> Iterator[FoundFile]:
    seen = {(receipt.landing_path, receipt.size, receipt.mtime_ns) for receipt in known}
    if home.landing.is_dir():
        for file in files_of(home.landing, troubles):
            if (file.landing_path, file.size, file.mtime_ns) not in seen:
                yield file


def waiting_files(home: Home) -> frozenset[tuple[str, int, int]]:
    """(landing path, size, mtime_ns) of files without a receipt. Only looks; what cannot be read is told by ingest."""
    found = _not_received(home, load_receipts(home), [])
    return frozenset((file.landing_path, file.size, file.mtime_ns) for file in found)


def take_receipts(
    home: Home, now: datetime | None = None, *, explicit_now: bool = False, settle_seconds: float = 1.0
) -> list[Receipt]:
    """All receipts known after a look at landing/; see list_landing."""
    return list_landing(home, now, explicit_now=explicit_now, settle_seconds=settle_seconds).receipts
