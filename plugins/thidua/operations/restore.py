"""Puts a backup in place: first all of it is checked, then it is moved in, then the warehouse is built from it.

    $THIDUA_HOME/.restoring/        what was unpacked and is not checked yet; wiped at every start
    $THIDUA_HOME/.restoring.json    what is being restored since when; a kill anywhere is mended by the same call again
    $THIDUA_HOME/replaced-<stamp>/  what stood in the way, where that was wanted, and what was computed for another house;
                                    nothing is deleted but replays (_STALE)

The lake, the outbox and the house's lists are moved in as wholes. landing/ and campaigns/ may be mounts, or folders of
somebody else: their files are laid into them one by one.
"""

from __future__ import annotations

import errno
import filecmp
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import Any

from thidua.errors import NotWell, ThiduaError
from thidua.files import fsync_dir, locked, write_atomic
from thidua.intake.personal import FINGERPRINT, key_fingerprint, key_path
from thidua.lake.entries import canonical
from thidua.lake.writing import is_shared
from thidua.operations.archive import Manifest, read_archive
from thidua.operations.backup import MARK, operations_lock
from thidua.operations.contents import AIRFLOW_SECRETS, CAMPAIGNS, HOME
from thidua.operations.metadata import POSTGRES_COPY, SQLITE_COPY, metadata_url, sqlite_path
from thidua.settings import Home
from thidua.warehouse.build import build
from thidua.warehouse.publish import publish

STAGING = ".restoring"
# What may be a mount, or hold what is not ours.
_LAID = ("landing", "airflow")
# What was computed for the house before: rows of a warehouse would be built upon, and pages shown. They go aside with it.
_COMPUTED = ("warehouse", "serve")
# They may be deleted at any time, and what is in them belongs to the house before.
_STALE = ("known-at", "what-if")


@dataclass(frozen=True)
class Restored:
    """What a restore did. `to_do`: what is left for people. `seconds`: of the build; None: it was not asked for."""

    manifest: Manifest
    placed: list[str]
    aside: Path | None
    to_do: list[str] = field(default_factory=list)
    seconds: float | None = None


@dataclass(frozen=True)
class _Mark:
    """A restore that has begun: of which archive, what stood there before, where that goes, and whether all is in place."""

    archive: str
    before: Sequence[str]
    stamp: str
    is_placed: bool = False

    def write(self, home: Home) -> None:
        write_atomic(home.path / MARK, canonical(vars(self)))


def restore(
    home: Home,
    campaigns_dir: Path,
    archive: Path,
    now: datetime,
    *,
    replace: bool = False,
    key: Path | None = None,
    with_build: bool = True,
    open_file: Callable[[Path], Any] = lambda path: path.open("rb"),
) -> Restored:
    """Restores an archive into a home, an empty one unless `replace`; `key`: the key of pseudonyms, kept elsewhere.

    Raises NotWell when the archive is damaged or the key is another one, ThiduaError when something stands in the way:
    then everything is as it was.
    """
    if not archive.is_file():
        raise ThiduaError(f"không có tệp / there is no backup {archive}")
    if is_shared(home):
        raise ThiduaError(
            "lake/ là bản sao của kho chung / lake/ is a copy of a store: restore without THIDUA_LAKE_STORE into an empty "
            "THIDUA_HOME, then begin a new, empty prefix with `thidua store-init`"
        )
    home.path.mkdir(parents=True, exist_ok=True)
    with locked(operations_lock(home)):
        staging = home.path / STAGING
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(mode=0o700)
        try:
            with open_file(archive) as opened:
                manifest = read_archive(opened, staging)
            (staging / HOME).mkdir(exist_ok=True)
            key_content = _read_key(Home(staging / HOME), key)
            to_do = _prepare(home, staging, manifest)
            mark = _begin(home, campaigns_dir, staging, manifest, now, replace=replace)
            if not mark.is_placed:
                os.sync()  # everything unpacked is durable before it is moved: once, not for each of 10,000 files
                _place(home, campaigns_dir, staging, mark)
            aside = home.path / f"replaced-{mark.stamp}"
            to_do = _place_key(home, key_content, aside) + to_do
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    seconds = _rebuild(home, campaigns_dir, now) if with_build else None
    (home.path / MARK).unlink()
    return Restored(manifest, sorted(_tops(manifest)), aside if aside.exists() else None, to_do, seconds)


def _tops(manifest: Manifest) -> set[str]:
    """The folders and files directly below the home that an archive holds; campaigns/ as such."""
    return {parts[1] if (parts := name.split("/"))[0] == HOME else CAMPAIGNS for name in manifest["files"]}


def _prepare(home: Home, staging: Path, manifest: Manifest) -> list[str]:
    """Makes of what was unpacked what is to stand there: rights, times, metadata. What is left to do by hand."""
    _set_times(staging, manifest)
    staged = Home(staging / HOME)
    if staged.restricted.is_dir():
        for folder, _, files in os.walk(staged.restricted):
            Path(folder).chmod(0o700)
            for name in files:
                (Path(folder) / name).chmod(0o600)
    return _prepare_airflow(home, staged, manifest)


def _set_times(staging: Path, manifest: Manifest) -> None:
    """A file in landing/ is known by its time, to the nanosecond: another time would be another receipt."""
    for name, said in manifest["files"].items():
        os.utime(staging / name, ns=(said["mtime_ns"], said["mtime_ns"]))


def _read_key(staged: Home, key: Path | None) -> bytes | None:
    """The key that was given, which is this backup's; None: none was given, or the backup needs none."""
    told = staged.restricted / FINGERPRINT
    if key is None or not told.exists():
        return None
    try:
        content = key.read_bytes()
    except FileNotFoundError as error:
        raise ThiduaError(f"không có tệp khóa / there is no key {key}") from error
    if key_fingerprint(content) != told.read_text(encoding="ascii").strip():
        raise NotWell(f"sai khóa / {key} is not the key of this backup's pseudonyms; give the right one, or none yet")
    return content


def _place_key(home: Home, content: bytes | None, aside: Path) -> list[str]:
    """Puts the key into the house once the lake is in place, at whichever run it is given. What is left to do by hand."""
    path = key_path(home)
    if content is not None and not (path.exists() and path.read_bytes() == content):
        home.restricted_folder()
        if path.exists():  # of another house, put there by mistake: a key is never deleted
            aside.mkdir(exist_ok=True)
            path.rename(_free(aside / path.name))
        write_atomic(path, content, mode=0o600)
    if path.exists() or not (home.restricted / FINGERPRINT).exists():
        return []
    return [
        f"đặt lại khóa mã hóa số định danh / put the key of pseudonyms back as {path}, mode 0600: files about "
        "persons wait until then, everything else works"
    ]


def _prepare_airflow(home: Home, staged: Home, manifest: Manifest) -> list[str]:
    """Airflow's metadata can be read with its own keys alone: without them it is laid beside, and a new one begins."""
    copy, dump = staged.airflow / SQLITE_COPY, staged.airflow / POSTGRES_COPY
    to_do = []
    if dump.exists():
        to_do.append(
            f"nạp lại lịch sử Airflow / load Airflow's metadata while Airflow is stopped: pg_restore --clean --if-exists "
            f"--no-owner --dbname … {home.airflow / POSTGRES_COPY}"
        )
    if not copy.exists():
        return to_do
    has_keys = bool(os.environ.get("AIRFLOW__CORE__FERNET_KEY")) or (staged.airflow / AIRFLOW_SECRETS[0]).exists()
    if not has_keys or sqlite_path(metadata_url(home)) != home.airflow / SQLITE_COPY:
        beside = copy.with_name(f"{SQLITE_COPY}.from-backup")
        copy.rename(beside)
        to_do.append(
            f"lịch sử chạy cũ của Airflow để riêng / Airflow begins a new history; the old one is {home.airflow / beside.name} "
            "(its keys are not in this backup, or Airflow keeps its metadata elsewhere)"
        )
    return to_do


def _begin(
    home: Home, campaigns_dir: Path, staging: Path, manifest: Manifest, now: datetime, *, replace: bool
) -> _Mark:
    """Notes what is about to happen, or finds that it was happening already. Raises ThiduaError on what is in the way."""
    try:
        begun = _Mark(**json.loads((home.path / MARK).read_bytes()))
    except FileNotFoundError:
        begun = None
    if begun and begun.archive == manifest["entry_id"]:
        return begun
    if begun and not replace:
        raise ThiduaError(
            f"đang khôi phục dở bản khác / another backup was being restored since {begun.stamp}: restore that one again, "
            "or give --replace"
        )
    before = [path.name for path in sorted((staging / HOME).iterdir()) if _holds_files(home.path / path.name)]
    in_the_way = before + [f"{CAMPAIGNS}/{name}" for name in _differing(staging / CAMPAIGNS, campaigns_dir)]
    if in_the_way and not replace:
        raise ThiduaError(
            f"chỗ khôi phục không trống / {home.path} is not empty ({', '.join(in_the_way[:5])}): set THIDUA_HOME and "
            "THIDUA_CAMPAIGNS to empty folders, or give --replace, which moves aside what is there"
        )
    if fixed := [name for name in before if name not in _LAID and _is_fixed(home.path / name)]:
        raise ThiduaError(
            f"hãy dọn trống trước / {', '.join(fixed)} in {home.path} is a mount or a link and cannot be moved aside: "
            "empty it first, or set THIDUA_HOME elsewhere"
        )
    lacking = [name for name in _files_of(staging / CAMPAIGNS) if not (campaigns_dir / name).exists()]
    if (lacking or len(in_the_way) > len(before)) and not _is_writable(campaigns_dir):
        raise ThiduaError(
            f"chỉ đọc / {campaigns_dir} is read-only and has not the plans of this backup: take its campaigns/ from the "
            "archive and put it there first, or make it writable"
        )
    mark = _Mark(manifest["entry_id"], before, _new_stamp(home, now))
    mark.write(home)
    return mark


def _new_stamp(home: Home, now: datetime) -> str:
    """The instant, numbered where an earlier restore moved something aside under the same one: `--now` may come twice."""
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    return _free(home.path / f"replaced-{stamp}").name.removeprefix("replaced-")


def _free(path: Path) -> Path:
    """The path, or the first of path-2, path-3, … where nothing stands."""
    numbered = (path.with_name(f"{path.name}-{number}") for number in count(2))
    return next(one for one in chain([path], numbered) if not os.path.lexists(one))


def _is_writable(folder: Path) -> bool:
    """Whether files can be put there; a folder that is not there yet is as its parent is."""
    return os.access(next(one for one in [folder, *folder.parents] if one.exists()), os.W_OK)


def _is_fixed(path: Path) -> bool:
    """Whether a folder is put there by the system: files can be laid into it, it cannot be replaced."""
    return path.is_mount() or path.is_symlink()


def _holds_files(path: Path) -> bool:
    return path.is_file() or any(one.is_file() for one in path.rglob("*"))


def _differing(staged: Path, target: Path) -> list[str]:
    """Files that the target has with other bytes."""
    return [
        name
        for name in _files_of(staged)
        if (target / name).exists() and not filecmp.cmp(staged / name, target / name, shallow=False)
    ]


def _files_of(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _place(home: Home, campaigns_dir: Path, staging: Path, mark: _Mark) -> None:
    aside = home.path / f"replaced-{mark.stamp}"
    _lay(staging / CAMPAIGNS, campaigns_dir, aside / CAMPAIGNS)
    for path in sorted((staging / HOME).iterdir()):
        target = home.path / path.name
        if path.name in _LAID or _is_fixed(target):
            _lay(path, target, aside / path.name)
        else:
            _move_in(path, target, aside / path.name, is_old=path.name in mark.before)
    for name in _COMPUTED:
        _move_aside(home.path / name, aside / name)
    for name in _STALE:
        shutil.rmtree(home.path / name, ignore_errors=True)
    fsync_dir(home.path)
    _Mark(mark.archive, mark.before, mark.stamp, True).write(home)


def _move_in(source: Path, target: Path, aside: Path, *, is_old: bool) -> None:
    """Renames a whole. A kill may have left it in place already, and people may have gone on with it since: that stays.
    Whatever else stands there goes aside; nothing is deleted."""
    is_first = is_old and not aside.exists()
    if target.exists() and not is_first and _holds(target, source):
        return
    _move_aside(target, aside)
    source.rename(target)


def _move_aside(target: Path, aside: Path) -> None:
    """Takes away what stands there, beside whatever a run before took away. A mount stays and is emptied."""
    if not target.exists() or _drop_empty(target):
        return
    aside = _free(aside)
    aside.parent.mkdir(parents=True, exist_ok=True)
    if not _is_fixed(target):
        target.rename(aside)
        return
    aside.mkdir()
    for path in sorted(target.iterdir()):
        shutil.move(path, aside / path.name)


def _holds(target: Path, source: Path) -> bool:
    """Whether every file of the source is in the target, with the same bytes; the target may have more."""
    if source.is_file():
        return target.is_file() and filecmp.cmp(source, target, shallow=False)
    return all((target / name).is_file() for name in _files_of(source)) and not _differing(source, target)


def _drop_empty(target: Path) -> bool:
    """Takes folders away in which nothing lies. Whether it is gone: a file that comes in meanwhile stays."""
    if _is_fixed(target):
        return not _holds_files(target)
    if _holds_files(target):
        return False
    for folder, _, _ in os.walk(target, topdown=False):
        try:
            Path(folder).rmdir()
        except OSError:
            return False
    return True


def _lay(source: Path, target: Path, aside: Path) -> None:
    """Copies files into a folder, each whole under its name; another one of the same name is kept aside. A file that is
    there already is left: the folder may be read-only."""
    for name in _files_of(source) if source.is_dir() else []:
        new, old = source / name, target / name
        if old.exists() and filecmp.cmp(new, old, shallow=False):
            if target.name == "landing":
                _same_time(new, old)
            continue
        if old.exists():
            (aside / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(old, aside / name)
        old.parent.mkdir(parents=True, exist_ok=True)
        temporary = old.with_name(f".tmp-{old.name}"[:200])
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with new.open("rb") as content, os.fdopen(descriptor, "wb") as file:
            shutil.copyfileobj(content, file)
            file.flush()
            os.fsync(file.fileno())
        shutil.copystat(new, temporary)
        temporary.replace(old)
        fsync_dir(old.parent)


def _same_time(new: Path, old: Path) -> None:
    """Gives a file in landing/ the time that its receipt knows; where that is not allowed it is received once more."""
    if (wanted := new.stat().st_mtime_ns) != old.stat().st_mtime_ns:
        try:
            os.utime(old, ns=(wanted, wanted))
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EACCES, errno.EROFS):
                raise


def _rebuild(home: Home, campaigns_dir: Path, now: datetime) -> float:
    result = build(home, campaigns_dir, now, full=True)
    publish(home)
    return result.seconds["all"]


def summary(restored: Restored) -> Mapping[str, Any]:
    """For machines: what was restored."""
    from thidua.operations.backup import contents_of

    return {
        "made_at": restored.manifest["made_at"],
        **contents_of(restored.manifest),
        "placed": restored.placed,
        "aside": str(restored.aside) if restored.aside else None,
        "left_out": restored.manifest["left_out"],
        "damaged": restored.manifest["damaged"],
        "to_do": restored.to_do,
        "build_seconds": restored.seconds,
    }
