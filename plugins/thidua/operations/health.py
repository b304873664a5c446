"""Whether the house is well: what the page, `thidua health` and a monitor ask.

Each check says what it found, whether that is well, and what to do when it is not. Old figures alone are no illness: a
quiet week has nothing to publish. What waits for longer than it should is.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from thidua.errors import ThiduaError
from thidua.intake.personal import fingerprint_of_key, key_fingerprint, key_path
from thidua.lake.batches import list_batches
from thidua.lake.receipts import receipts_dir, waiting_files
from thidua.operations.backup import LAST_BACKUP, unfinished
from thidua.operations.metadata import reachable_url
from thidua.reports.served import current_version
from thidua.review.questions import open_questions
from thidua.settings import Home
from thidua.warehouse.build import LAST_BUILD

# Files settle in seconds, a run of the DAGs takes minutes: what waits for an hour is stuck.
MAX_WAIT = timedelta(hours=1)
MAX_BACKUP_AGE = timedelta(days=8)
MIN_FREE_BYTES, MIN_FREE_SHARE = 2_000_000_000, 20  # or a twentieth of the disk, whichever is less
RECENT_RUNS = timedelta(days=7)
# They fail to show files that were returned: the offices have to mend these, nothing here is broken.
REPORTING_TASKS = ("report_returned",)
_SECONDS = 3


@dataclass(frozen=True)
class Check:
    """One thing looked at. `value` is for machines; `found` and `remedy` say it to people, Vietnamese / English."""

    check_id: str
    title: str
    is_well: bool
    found: str
    value: Any = None
    remedy: str = ""


def is_well(checks: list[Check]) -> bool:
    return all(check.is_well for check in checks)


def examine(home: Home, now: datetime) -> list[Check]:
    """Every check, in a fixed order. One that cannot be made is not well, and says why; it stops no other."""
    found = []
    for check_id, title, look in _CHECKS:
        try:
            found.append(look(home, now))
        except Exception as error:
            reason = error.message if isinstance(error, ThiduaError) else f"{type(error).__name__}: {error}"
            found.append(
                Check(check_id, title, False, f"không xem được / cannot be looked at: {reason.splitlines()[0]}")
            )
    return found


def record(checks: list[Check], now: datetime) -> dict[str, Any]:
    """For machines; times in UTC, ages and seconds as numbers."""
    return {
        "is_well": is_well(checks),
        "at": now.astimezone(UTC).isoformat(),
        "checks": {
            check.check_id: {
                "is_well": check.is_well,
                "value": check.value,
                "found": check.found,
                "remedy": check.remedy,
            }
            for check in checks
        },
    }


def _age(seconds: float) -> str:
    """3 d 4 h, 12 min."""
    minutes = int(seconds // 60)
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} ngày / days {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def published_age(home: Home, now: datetime) -> float | None:
    """Seconds since the current version was published; None: nothing is."""
    try:
        said = json.loads((current_version(home).with_name("version.json")).read_text())
    except (ThiduaError, FileNotFoundError):
        return None
    at = datetime.strptime(said["published_at"], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)
    return (now - at).total_seconds()


def _published(home: Home, now: datetime) -> Check:
    age = published_age(home, now)
    value = None if age is None else round(age)
    if age is None:
        has_work = bool(list_batches(home))
        return Check(
            "published", "Bản công bố / published version", not has_work, "chưa có / none yet", value,
            "thidua build && thidua publish" if has_work else "",
        )  # fmt: skip
    return Check("published", "Bản công bố / published version", True, f"{_age(age)}", value)


def _ingest(home: Home, now: datetime) -> Check:
    """The last receipt; files that lie in landing/ for long without one."""
    title = "Tiếp nhận / intake"
    last = _newest(receipts_dir(home).glob("*.json"))
    waiting = waiting_files(home)
    oldest = min((mtime_ns for _, _, mtime_ns in waiting), default=None)
    waits = 0.0 if oldest is None else now.timestamp() - oldest / 1e9
    ago = "chưa có / none yet" if last is None else f"lần cuối / last {_age(now.timestamp() - last)}"
    value = {
        "last_seconds": None if last is None else round(now.timestamp() - last),
        "waiting_files": len(waiting),
        "oldest_waits_seconds": round(waits),
    }
    stuck = waits > MAX_WAIT.total_seconds()
    return Check(
        "ingest", title, not stuck, f"{ago}; {len(waiting)} tệp chờ / files wait" + (f" ({_age(waits)})" if waiting else ""),
        value, "xem DAG ingest_exports, hoặc chạy / look at the DAG ingest_exports, or run: thidua ingest" if stuck else "",
    )  # fmt: skip


def _newest(paths: Iterator[Path]) -> float | None:
    return max((path.stat().st_mtime for path in paths if not path.name.startswith(".")), default=None)


def _build(home: Home, now: datetime) -> Check:
    """The last build and how long it took; batches committed since that wait for one."""
    title = "Dựng kho / build"
    try:
        said = json.loads((home.warehouse / LAST_BUILD).read_bytes())
    except FileNotFoundError:
        said = None
    newest = _newest(iter(list_batches(home)))
    at = datetime.fromisoformat(said["at"]).timestamp() if said else 0.0
    waits = now.timestamp() - newest if newest is not None and newest > at else 0.0
    stuck = waits > MAX_WAIT.total_seconds()
    failed = bool(said) and said["error"] is not None
    if said is None:
        found = "chưa dựng / none yet"
    else:
        found = f"lần cuối / last {_age(now.timestamp() - at)}, {said['seconds']:.1f} s"
        found += f": {said['error']}" if failed else ""
    return Check(
        "build", title, not stuck and not failed, found + (f"; chờ dựng / batches wait {_age(waits)}" if waits else ""),
        {**(said or {}), "waits_seconds": round(waits)},
        "xem DAG build_warehouse, hoặc chạy / look at the DAG build_warehouse, or run: thidua build" if stuck or failed else "",
    )  # fmt: skip


def waiting_questions(home: Home, now: datetime) -> dict[str, int]:
    """Questions that wait, by who they wait for; none where nothing is published."""
    counts: dict[str, int] = {}
    if published_age(home, now) is not None:
        for question in open_questions(home, None, now):
            counts[question.waits_for] = counts.get(question.waits_for, 0) + 1
    return counts


def _waiting(home: Home, now: datetime) -> Check:
    counts = waiting_questions(home, now)
    people = sum(count for waits_for, count in counts.items() if waits_for != "office")
    found = f"{people} chờ quyết định / wait for a decision, {counts.get('office', 0)} chờ đơn vị / for offices"
    return Check("waiting", "Việc chờ / waiting work", True, found, counts)


def _runs(home: Home, now: datetime) -> Check:
    """Tasks that failed in the last run of each DAG within a week, but for those that only report."""
    title = "Lượt chạy lỗi / failed runs"
    url = reachable_url(home)
    if url is None:
        return Check("runs", title, True, "không dùng Airflow ở đây / no Airflow here", [])
    import sqlalchemy

    connect = {"timeout": _SECONDS} if url.startswith("sqlite") else {"connect_timeout": _SECONDS}
    engine = sqlalchemy.create_engine(url, connect_args=connect, poolclass=sqlalchemy.pool.NullPool)
    with engine.connect() as connection:
        rows = connection.execute(
            sqlalchemy.text(_FAILED_TASKS).bindparams(sqlalchemy.bindparam("reports", expanding=True)),
            {"reports": list(REPORTING_TASKS), "since": (now - RECENT_RUNS).astimezone(UTC).replace(tzinfo=None)},
        ).fetchall()
    failed = [f"{dag_id}.{task_id}" for dag_id, task_id in rows]
    return Check(
        "runs", title, not failed, ", ".join(failed) or "không có / none", failed,
        "xem nhật ký của tác vụ trong Airflow / read the task's log in Airflow, mend it, clear the task" if failed else "",
    )  # fmt: skip


_FAILED_TASKS = """
select distinct task_instance.dag_id, task_instance.task_id
from task_instance
inner join (
    select dag_id, max(id) as last_id from dag_run where run_after >= :since group by dag_id
) as latest on task_instance.dag_id = latest.dag_id
inner join dag_run on dag_run.id = latest.last_id and dag_run.run_id = task_instance.run_id
where task_instance.state = 'failed' and task_instance.task_id not in :reports
order by task_instance.dag_id, task_instance.task_id
"""


def _disk(home: Home, now: datetime) -> Check:
    usage = shutil.disk_usage(home.path if home.path.exists() else home.path.parent)
    wanted = min(MIN_FREE_BYTES, usage.total // MIN_FREE_SHARE)
    well = usage.free >= wanted
    found = f"còn / free {usage.free / 1e9:.1f} GB ({usage.free * 100 // usage.total} %)"
    return Check(
        "disk", "Đĩa / disk", well, found, {"free_bytes": usage.free, "total_bytes": usage.total},
        "" if well else "thidua tidy --dry-run; hoặc thêm đĩa / or a larger disk",
    )  # fmt: skip


def _postgres(home: Home, now: datetime) -> Check:
    """Whether the database that BI reads can be reached, where one is set; its address stays untold."""
    title = "Postgres"
    dsn, file = os.environ.get("THIDUA_POSTGRES_DSN"), os.environ.get("THIDUA_POSTGRES_DSN_FILE")
    if not dsn and not file:
        return Check("postgres", title, True, "không dùng / not set")
    import psycopg

    try:
        said = dsn or Path(file or "").read_text(encoding="utf-8").strip()
        psycopg.connect(said, connect_timeout=_SECONDS).close()
    except (psycopg.Error, OSError) as error:  # what it says quotes parts of the address
        return Check(
            "postgres", title, False, f"không tới được / cannot be reached ({type(error).__name__})", "unreachable",
            "xem Postgres có chạy không, và THIDUA_POSTGRES_DSN / see that it runs, and THIDUA_POSTGRES_DSN",
        )  # fmt: skip
    return Check("postgres", title, True, "tới được / reached", "reached")


def _key(home: Home, now: datetime) -> Check:
    title = "Khóa mã hóa số định danh / key of pseudonyms"
    expected, path = fingerprint_of_key(home), key_path(home)
    if expected is None:
        return Check("key", title, True, "chưa cần / none needed yet")
    if not path.exists():
        found, well = "thiếu / missing", False
    elif key_fingerprint(path.read_bytes()) != expected:
        found, well = "sai khóa / another key than the house began with", False
    elif path.stat().st_mode & 0o077:
        found, well = "người khác đọc được / others may read it", False
    else:
        found, well = "có / present", True
    return Check(
        "key", title, well, found, well,
        "" if well else f"đặt lại khóa đã cất, chmod 600 / put the kept key back, chmod 600: {path.name}",
    )  # fmt: skip


def _backups(home: Home, now: datetime) -> Check:
    """The last backup; a restore that was begun and not ended.

    Without any, a house may go on for as long as after one: from then on there is more to lose than a backup may lack.
    """
    title = "Sao lưu / backup"
    if begun := unfinished(home):
        return Check(
            "backup", title, False, f"khôi phục dở từ / a restore is unfinished since {begun}", "restoring",
            "chạy lại cùng lệnh / run the same `thidua restore` again",
        )  # fmt: skip
    again = "thidua backup <đĩa khác / another disk>"
    try:
        said = json.loads((home.path / LAST_BACKUP).read_bytes())
    except FileNotFoundError:
        oldest = min((path.stat().st_mtime for path in list_batches(home)), default=now.timestamp())
        well = now.timestamp() - oldest <= MAX_BACKUP_AGE.total_seconds()
        return Check("backup", title, well, "chưa lần nào / never", None, again)
    age = (now - datetime.fromisoformat(said["made_at"])).total_seconds()
    found, is_young = f"lần cuối / last {_age(age)}", age <= MAX_BACKUP_AGE.total_seconds()
    if not said.get("is_whole", True):  # a note of before that was written down says nothing of it
        return Check(
            "backup", title, False, f"{found}; có tệp gốc đã hỏng trên đĩa / files were damaged on the disk", round(age),
            f"thidua backup --verify {said['path']} nêu tên tệp, lấy lại từ bản cũ hơn / names them; take them from an "
            "older backup, then back up again",
        )  # fmt: skip
    return Check("backup", title, is_young, found, round(age), "" if is_young else again)


_CHECKS = (
    ("published", "Bản công bố / published version", _published),
    ("ingest", "Tiếp nhận / intake", _ingest),
    ("build", "Dựng kho / build", _build),
    ("waiting", "Việc chờ / waiting work", _waiting),
    ("runs", "Lượt chạy lỗi / failed runs", _runs),
    ("disk", "Đĩa / disk", _disk),
    ("postgres", "Postgres", _postgres),
    ("key", "Khóa mã hóa số định danh / key of pseudonyms", _key),
    ("backup", "Sao lưu / backup", _backups),
)
