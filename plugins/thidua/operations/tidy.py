"""What goes by the retention policy, and why: first a plan that is only looked at, then the same plan carried out.

Nothing here touches landing/, decisions, their papers, batches or official versions. What goes can be made again, but for
originals about persons: each of these leaves a record in the lake before its bytes go.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from thidua.errors import NotWell
from thidua.intake.data_docs import data_docs_dir, write_index
from thidua.lake.batches import clear_abandoned
from thidua.lake.deletions import record_deletion
from thidua.lake.receipts import load_receipts, raw_path
from thidua.lake.writing import held, landed, sweep, take_away
from thidua.logins import settings as accounts
from thidua.operations.backup import check_whole, operations_lock
from thidua.operations.metadata import reachable_url
from thidua.operations.originals import Original, personal_originals
from thidua.operations.policy import Policy, load_policy
from thidua.settings import Home
from thidua.slips.write import slips_dir

_WORK = ("known-at", "what-if")
_SECONDS = 3600


@dataclass(frozen=True)
class Item:
    """A file or folder that goes. `path` is below the home; `size` in bytes, of all it holds."""

    kind: str
    path: str
    size: int
    reason: str


@dataclass(frozen=True)
class Tidied:
    """What goes (or went), what stays though one might ask (reason -> how many), and what is for people to do."""

    items: list[Item] = field(default_factory=list)
    stays: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    is_dry_run: bool = True

    @property
    def bytes(self) -> int:
        return sum(item.size for item in self.items)


def tidy(
    home: Home,
    now: datetime,
    by: str,
    *,
    dry_run: bool = False,
    with_airflow: bool = True,
    step: Callable[[str], None] = lambda kind: None,
) -> Tidied:
    """Carries the policy out, or only says what would go. `by`: who is told in the records of deleted originals.

    Raises PlanError on a broken policy: then nothing goes. Safe to repeat and to kill.
    """
    if not by.strip():
        raise NotWell("phải nêu ai dọn / say who tidies: the records of deleted originals name them")
    policy = load_policy(home)
    items: list[Item] = []
    notes: list[str] = []
    with held(home, operations_lock(home)):
        check_whole(home)
        for kind, found in (
            ("served", _old_versions(home, policy)),
            ("logs", _old_logs(home, policy, now)),
            ("data_docs", _old_pages(home, policy, now)),
            ("work", _old_work(home, policy, now)),
        ):
            step(kind)
            for item in list(found):
                items.append(item)
                if not dry_run:
                    _remove(home.path / item.path)
        step("originals")
        originals = personal_originals(home, policy.originals_days, now)
        for original in originals:
            if original.rule:
                items += _of_original(home, original)
                if not dry_run:
                    _delete_original(home, original, by, now)
        stays = Counter(original.stays for original in originals if original.stays)
        notes += _in_landing(home, originals) + _moved_aside(home)
        if not dry_run:
            sweep(home)
            clear_abandoned(home)
            write_index(home)
    if with_airflow:
        step("airflow")
        notes += _clean_airflow(home, policy, now, dry_run=dry_run)
    return Tidied(items, dict(sorted(stays.items())), notes, dry_run)


def _item(home: Home, kind: str, path: Path, reason: str) -> Item:
    return Item(kind, path.relative_to(home.path).as_posix(), _size(path), reason)


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())


def _newest(path: Path) -> datetime:
    """When anything in it was last written."""
    times = [path.stat().st_mtime, *(one.stat().st_mtime for one in path.rglob("*"))]
    return datetime.fromtimestamp(max(times), UTC)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _old_versions(home: Home, policy: Policy) -> Iterator[Item]:
    if not home.serve.is_dir():
        return
    current = (home.serve / "current").resolve()
    versions = sorted(
        path for path in home.serve.iterdir() if path.is_dir() and not path.is_symlink() and path.name[0] != "."
    )
    for path in versions[: -policy.served_versions]:
        if path.resolve() != current:
            yield _item(home, "served", path, f"chỉ giữ / only {policy.served_versions} bản / versions are kept")


def _old(home: Home, kind: str, paths: Iterable[Path], days: int, now: datetime) -> Iterator[Item]:
    for path in paths:
        newest = _newest(path)
        if now - newest > timedelta(days=days):
            yield _item(home, kind, path, f"không đổi từ / unchanged since {newest:%Y-%m-%d}, {days} ngày / days")


def _old_logs(home: Home, policy: Policy, now: datetime) -> Iterator[Item]:
    logs = home.airflow / "logs"
    files = sorted(path for path in logs.rglob("*") if path.is_file() and not path.is_symlink())
    return _old(home, "logs", files, policy.logs_days, now)


def _old_pages(home: Home, policy: Policy, now: datetime) -> Iterator[Item]:
    folder = data_docs_dir(home)
    pages = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    return _old(home, "data_docs", pages, policy.data_docs_days, now)


def _old_work(home: Home, policy: Policy, now: datetime) -> Iterator[Item]:
    folders = [path for name in _WORK for path in (home.path / name).glob("*") if path.is_dir()]
    folders += [path for path in (home.path / "closings").glob("*/*/*") if path.is_dir()]
    folders += (home.path / "desk" / "scratch").glob("*")
    folders += home.path.glob(".tmp-backup-*")
    return _old(home, "work", sorted(folders), policy.work_days, now)


def _of_original(home: Home, original: Original) -> Iterator[Item]:
    assert original.rule is not None  # noqa: S101 the caller asked
    yield _item(home, "originals", raw_path(home, original.content_sha256), original.rule)
    for slip in _slips_of(home, original):
        yield _item(home, "originals", slip, f"{original.rule}; chép từ bản gốc / a copy of that file")


def _slips_of(home: Home, original: Original) -> list[Path]:
    """Slips carry a copy of the file; without it they are written again as a list of faults, personal values masked."""
    return sorted(path for one in original.receipts for path in slips_dir(home).glob(f"{one.submission_id}-*"))


def _delete_original(home: Home, original: Original, by: str, now: datetime) -> None:
    submission_ids = [receipt.submission_id for receipt in original.receipts]
    record_deletion(
        home,
        original.content_sha256,
        submission_ids=submission_ids,
        deleted_by=by,
        at=now,
        rule=original.rule or "",
    )
    take_away(home, original.content_sha256, submission_ids, lambda: _is_all(home, original))


def _is_all(home: Home, original: Original) -> bool:
    """Whether these bytes were not handed in anew meanwhile."""
    return {one.submission_id for one in original.receipts} == {
        one.submission_id for one in load_receipts(home) if one.content_sha256 == original.content_sha256
    }


def _in_landing(home: Home, originals: list[Original]) -> list[str]:
    """landing/ is never changed by the system: what lies there is for whoever put it there."""
    gone = [receipt.landing_path for original in originals if original.rule for receipt in original.receipts]
    paths = landed(home, gone) if gone else []
    if not paths:
        return []
    return [
        f"{len(paths)} bản gốc vẫn nằm trong landing/, hãy tự xóa / originals still lie in landing/, which the system "
        f"never changes; delete them there: {', '.join(paths[:5])}{' …' if len(paths) > 5 else ''}"
    ]


def _moved_aside(home: Home) -> list[str]:
    restored = "một lần khôi phục đã dời sang bên / a restore moved this aside, it holds a whole house"
    mended = "`thidua store-check --mend` đã dời sang bên / moved this aside, it may hold originals"
    return [
        f"{said}: {path.name}; delete it when sure"
        for said, pattern in ((restored, "replaced-*"), (mended, "set-aside-*"))
        for path in sorted(home.path.glob(pattern))
    ]


def _clean_airflow(home: Home, policy: Policy, now: datetime, *, dry_run: bool) -> list[str]:
    """`airflow db clean`, in a process of its own: a task may not touch the metadata database itself."""
    url = reachable_url(home)
    if url is None:
        return [
            "lịch sử Airflow chưa dọn / Airflow's runs are not cleaned from here: run `thidua tidy` where its database "
            "can be reached"
        ]
    before = (now - timedelta(days=policy.airflow_days)).astimezone(UTC).isoformat()
    command = [
        sys.executable,
        "-m",
        "airflow",
        "db",
        "clean",
        "--clean-before-timestamp",
        before,
        "--skip-archive",
        "--yes",
    ]
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("_AIRFLOW")},
        "AIRFLOW_HOME": os.environ.get("AIRFLOW_HOME", str(home.airflow)),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url,
        "AIRFLOW__CORE__SQL_ALCHEMY_CONN": url,
        # Else sessions of browsers that ended would stay.
        **({"AIRFLOW__CORE__AUTH_MANAGER": accounts.MANAGER} if accounts.are_accounts() else {}),
    }
    done = subprocess.run(
        [*command, *(["--dry-run"] if dry_run else [])],
        env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False,
    )  # fmt: skip
    if done.returncode:
        reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise NotWell(
            f"airflow db clean không xong / failed: {''.join(reason)}; run it by hand, or give --without-airflow"
        )
    word = "sẽ dọn / would go" if dry_run else "đã dọn / gone"
    return [f"lịch sử Airflow trước / Airflow's runs before {before[:10]}: {word} (airflow db clean)"]
