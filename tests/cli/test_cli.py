"""The command line as a newcomer meets it: one clear line on stderr, the right exit code, nothing half-written."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from thidua.cli import app, main
from thidua.clock import LOCAL
from thidua.errors import PlanError
from thidua.lake.batches import list_batches
from thidua.lake.receipts import list_landing
from thidua.plan.loader import load_campaigns
from thidua.settings import Home, repo_root
from thidua.warehouse.build import BuildResult

from tests.processes import Command, Moment

PROGRAM = Path(sys.executable).with_name("thidua")


def run(
    home: Path, *arguments: str, campaigns: Path | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, forked from one that has imported what it needs."""
    return Command(arguments, environment(home, campaigns), cwd).finish()


def run_program(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The program as a shell starts it."""
    return subprocess.run([PROGRAM, *arguments], env=environment(home), capture_output=True, text=True, check=False)


def environment(home: Path, campaigns: Path | None = None) -> dict[str, str]:
    plans = campaigns or repo_root() / "campaigns"
    return {**os.environ, "THIDUA_HOME": str(home), "THIDUA_CAMPAIGNS": str(plans)}


def land(home: Path, name: str, content: bytes, folder: str = "lam-dong-2023/progress") -> Path:
    path = home / "landing" / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.fixture
def broken_campaigns(tmp_path: Path) -> Path:
    campaigns = tmp_path / "campaigns"
    shutil.copytree(repo_root() / "campaigns" / "lam-dong-2023", campaigns / "lam-dong-2023")
    plan = campaigns / "lam-dong-2023" / "plan.yml"
    plan.write_text(plan.read_text().replace("measure: progress, at_least: 60%", "measure: progres, at_least: 60%"))
    return campaigns


def test_help_is_quick_to_read(tmp_path: Path) -> None:
    done = run_program(tmp_path, "--help")
    assert done.returncode == 0
    for command in ("ingest", "build", "publish", "explain", "status", "sample", "check-plan", "rankings"):
        assert command in done.stdout


def test_help_imports_only_what_it_shows() -> None:
    """Each heavy library costs a second or more; commands import them when they run."""
    heavy = "{'airflow', 'dbt', 'duckdb', 'great_expectations', 'pandas', 'pyarrow', 'pydantic', 'yaml', 'boto3', 'botocore', 's3fs'}"
    code = f"import sys, thidua.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_all_plans_are_valid(tmp_path: Path) -> None:
    done = run_program(tmp_path, "check-plan")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("valid") == len(list((repo_root() / "campaigns").glob("*/plan.yml"))) == 5


@pytest.mark.parametrize("command", [("check-plan",), ("build",), ("ingest",)])
def test_a_broken_plan_is_exit_2_and_writes_nothing(
    tmp_path: Path, broken_campaigns: Path, command: tuple[str]
) -> None:
    home = tmp_path / "home"
    done = run(home, *command, campaigns=broken_campaigns)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "lam-dong-2023/plan.yml:" in line and "gates[0].measure" in line
    assert "did you mean 'progress'" in line and "allowed: progress" in line
    assert not (home / "lake" / "plans").exists() and not (home / "warehouse" / "build.duckdb").exists()


def test_campaigns_that_are_not_there_are_no_fault_of_the_files(tmp_path: Path) -> None:
    home = tmp_path / "home"
    landed = land(home, "a.csv", "Đơn vị;Ngày;Lũy kế\nBảo Lộc;30/06/2023;5\n".encode())
    done = run(home, "ingest", campaigns=tmp_path / "nowhere")
    assert done.returncode == 2 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "nowhere" in line and "THIDUA_CAMPAIGNS" in line
    assert landed.exists() and not (home / "lake").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("build", "--now", "yesterday"),
        ("build", "--known-at", "2023-13-01"),
        ("ingest", "--what"),
        ("publish", "--keep", "0"),
        ("explain", "lam-dong-2023"),
        ("check-plan", "no-such-campaign"),
    ],
    ids=" ".join,
)
def test_a_wrong_call_is_exit_2_and_one_line(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run_program(tmp_path, *arguments)
    assert done.returncode == 2 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("thidua: ") and "Traceback" not in line
    assert not any(tmp_path.iterdir()), "a wrong call writes nothing"


def test_no_command_shows_the_help(tmp_path: Path) -> None:
    done = run_program(tmp_path)
    assert done.returncode == 2 and "--debug" in done.stderr and "check-plan" in done.stderr


@pytest.mark.parametrize("arguments", [("--debug", "build", "--now", "yesterday"), ("ingest", "--what", "--debug")])
def test_debug_shows_the_traceback(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run_program(tmp_path, *arguments)
    assert done.returncode != 0 and "Traceback" in done.stderr


def test_an_interrupted_command_says_so_and_leaves_no_half_batch(tmp_path: Path) -> None:
    for number in range(50):
        land(tmp_path, f"bao-loc_2023-06-30_{number}.csv", f"Đơn vị;Lũy kế\nBảo Lộc;{number}\n".encode())
    until = Moment((r"^os\.link .*/receipts/",), times=20, signal=signal.SIGINT)
    done = Command(["ingest"], environment(tmp_path), until=until).finish()
    assert done.returncode == 130
    assert done.stderr.splitlines()[-1].startswith("thidua: interrupted")
    assert list_batches(Home(tmp_path)) == []


# reason -> (folder, file name, content, what its one line must say)
UNUSABLE = {
    "unknown export type": ("lam-dong-2023/nonsense", "a.csv", b"x;y\n1;2\n", "export type 'nonsense'"),
    "unknown campaign": ("no-such-campaign/progress", "a.csv", b"x;y\n1;2\n", "campaign 'no-such-campaign'"),
    "empty file": ("lam-dong-2023/progress", "empty.csv", b"", "file is empty"),
    "broken workbook": ("lam-dong-2023/progress", "broken.xlsx", b"PK\x03\x04 not a workbook", "damaged"),
    "unknown file type": ("lam-dong-2023/progress", "letter.pdf", b"%PDF-1.7", "format '.pdf'"),
}


def test_files_that_cannot_be_used_are_returned_with_one_line_each(tmp_path: Path) -> None:
    for folder, name, content, _ in UNUSABLE.values():
        land(tmp_path, name, content, folder)
    land(tmp_path, "bao-loc_2023-06-30.csv", "Đơn vị;Lũy kế\nBảo Lộc;38000\n".encode())
    done = run(tmp_path, "ingest", "--now", "2023-07-02")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert len(lines) == len(UNUSABLE)
    for reason, (folder, name, _, words) in UNUSABLE.items():
        (line,) = [line for line in lines if line.startswith(f"{folder}/{name}: ")]
        assert words in line and " / " in line, (reason, "Vietnamese, English beside it")
    assert "1 được nhận" in done.stdout, "bad files never stop the others"
    again = run(tmp_path, "ingest", "--now", "2023-07-02")
    assert again.returncode == 0 and "nothing new" in again.stdout


def as_nobody(do: Callable[[], str]) -> str:
    """What a function says when it runs as a user without rights: root may read everything."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        if os.geteuid() == 0:
            os.setegid(65534)
            os.seteuid(65534)
        try:
            os.write(write_end, do().encode())
        finally:
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


def test_a_folder_without_rights_is_told_and_the_others_go_on() -> None:
    home = Home(Path(tempfile.mkdtemp()))  # not below pytest's own folder, which others may not enter
    land(home.path, "bao-loc_2023-06-30.csv", "Đơn vị;Lũy kế\nBảo Lộc;38000\n".encode())
    closed = home.landing / "lam-dong-2023" / "headcounts"
    closed.mkdir()
    home.lake.mkdir()
    if os.geteuid() == 0:
        shutil.chown(home.lake, 65534)
        home.path.chmod(0o755)
    closed.chmod(0o000)

    def look() -> str:
        found = list_landing(home)
        return "\n".join([str(len(found.new)), *map(str, found.troubles)])

    received, *troubles = as_nobody(look).splitlines()
    closed.chmod(0o755)
    shutil.rmtree(home.path)
    assert received == "1", "the others go on"
    (line,) = troubles
    assert "landing/lam-dong-2023/headcounts" in line and "rights" in line


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PermissionError(13, "Permission denied", "/srv/thidua/lake"), 2),
        (NotADirectoryError(20, "Not a directory", "/srv/thidua/lake"), 2),
        (OSError(28, "No space left on device", "/srv/thidua/lake"), 1),
    ],
    ids=["no rights", "no folder", "no room"],
)
def test_a_place_that_cannot_be_used_is_one_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: OSError, code: int
) -> None:
    def build(*_: object, **__: object) -> BuildResult:
        raise error

    monkeypatch.setattr("thidua.warehouse.build.build", build)
    monkeypatch.setattr(sys, "argv", ["thidua", "build"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("thidua: không dùng được '/srv/thidua/lake' / cannot use it: ")
    assert str(error.strerror) in line and "THIDUA_HOME" in line


def test_a_campaign_without_rights_does_not_vanish() -> None:
    """Else its offices would be told that there is no such campaign."""
    campaigns = Path(tempfile.mkdtemp())
    campaigns.chmod(0o755)
    for name in ("lam-dong-2023", "an-giang-2022"):
        shutil.copytree(repo_root() / "campaigns" / name, campaigns / name)
    assert len(load_campaigns(campaigns)) == 2
    (campaigns / "lam-dong-2023").chmod(0o000)

    def load() -> str:
        try:
            return ", ".join(load_campaigns(campaigns))
        except PlanError as error:
            return error.message

    said = as_nobody(load)
    (campaigns / "lam-dong-2023").chmod(0o755)
    shutil.rmtree(campaigns)
    assert said == "lam-dong-2023/plan.yml: file: cannot be read: Permission denied"


def test_a_home_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    for command in ("ingest", "build", "status"):
        done = run(tmp_path / "home", command)
        assert done.returncode == 2 and "THIDUA_HOME" in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["status", "rankings", "where"])
def test_before_anything_is_published_that_is_said(tmp_path: Path, command: str) -> None:
    done = run(tmp_path, command)
    assert done.returncode == 1 and done.stdout == ""
    assert "nothing is published yet" in done.stderr and len(done.stderr.splitlines()) == 1


def test_publish_before_any_build_says_what_to_do(tmp_path: Path) -> None:
    done = run_program(tmp_path, "publish")
    assert done.returncode == 1
    assert "thidua build" in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "now", "known_at"),
    [
        (["--known-at", "2023-07-02"], datetime(2023, 7, 2, tzinfo=LOCAL), datetime(2023, 7, 2, tzinfo=LOCAL)),
        (["--now", "2023-07-09"], datetime(2023, 7, 9, tzinfo=LOCAL), None),
        (
            ["--known-at", "2023-07-02", "--now", "2023-07-09"],
            datetime(2023, 7, 9, tzinfo=LOCAL),
            datetime(2023, 7, 2, tzinfo=LOCAL),
        ),
    ],
    ids=["a replay's clock is what it knows", "now alone", "both"],
)
def test_build_passes_both_clocks_on(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], now: datetime, known_at: datetime | None
) -> None:
    """What a replay then does, beside serve/ and through dbt, is in tests/property."""
    called: dict[str, object] = {}

    def build(home: Home, campaigns: Path, at: datetime, **options: object) -> BuildResult:
        called.update(at=at, **options)
        return BuildResult(did_work=False, is_full=False, batches=0, dirty_campaigns=[], seconds={}, database=home.db)

    monkeypatch.setattr("thidua.warehouse.build.build", build)
    app(args=["build", *arguments], standalone_mode=False)
    assert called == {"at": now, "known_at": known_at, "full": False}
