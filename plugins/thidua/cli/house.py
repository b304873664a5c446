"""Commands that keep the house: backup, restore, tidy, health."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thidua.cli.options import Json, Now, clock, print_json

if TYPE_CHECKING:
    from rich.progress import Progress

    from thidua.operations.backup import Backup


def register(app: typer.Typer) -> None:
    app.command("backup")(backup)
    app.command("restore")(restore)
    app.command("tidy")(tidy)
    app.command("health")(health)


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar on stderr where somebody looks at it, and nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        yield shown


def backup(
    target: Annotated[
        Path, typer.Argument(help="Tệp mới, hoặc thư mục / a new file, or a folder; with --verify: the backup to check")
    ],
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Chỉ kiểm tra một bản sao lưu / only check a backup, from first to last byte"),
    ] = False,
    with_secrets: Annotated[
        bool,
        typer.Option(
            "--with-secrets",
            help="Kèm khóa mã hóa số định danh và khóa, mật khẩu Airflow / with the key of pseudonyms, Airflow's keys and passwords",
        ),
    ] = False,
    without_airflow: Annotated[
        bool, typer.Option("--without-airflow", help="Bỏ lịch sử Airflow / without Airflow's metadata")
    ] = False,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Sao lưu cả hệ thống, hoặc kiểm tra một bản / back the house up, or check a backup; exit 1 when files are damaged."""
    from thidua.operations.backup import backup as run
    from thidua.operations.backup import verify as check
    from thidua.settings import campaigns_dir, home

    with _progress() as shown:
        if verify:
            found = check(target, lambda path: shown.open(path, "rb", description="kiểm tra / checking"))
        else:
            bar = shown.add_task("sao lưu / backing up", total=None)

            def begin(total: int) -> None:
                shown.update(bar, total=total)

            def advance(size: int) -> None:
                shown.advance(bar, size)

            found = run(
                home(), campaigns_dir(), target, clock(now), with_secrets=with_secrets,
                with_airflow=not without_airflow, begin=begin, advance=advance,
            )  # fmt: skip
    if as_json:
        print_json(_record(found))
    else:
        _render(found, "Đã kiểm tra / checked" if verify else "Đã sao lưu / backed up")
    raise typer.Exit(0 if found.is_whole else 1)


def _record(found: Backup) -> dict[str, Any]:
    from thidua.operations.backup import contents_of

    said = {key: found.manifest[key] for key in ("entry_id", "made_at", "left_out", "damaged", "has_key")}
    return {"path": str(found.path), **said, **contents_of(found.manifest)}


def _render(found: Backup, done: str) -> None:
    said = _record(found)
    typer.echo(f"{done}: {found.path} ({said['files']} tệp / files, {said['bytes']:,} bytes, {said['made_at'][:19]}Z)")
    _render_contents(said)
    if said["has_key"] and not any(name.endswith("person.key") for name in said["secrets"]):
        typer.echo(
            "Không kèm khóa mã hóa số định danh / the key of pseudonyms is not in it: keep "
            "lake/restricted/person.key elsewhere, once and well (or give --with-secrets); without it nobody can go on"
        )
    for name in said["damaged"]:
        typer.echo(
            f"thidua: tệp gốc đã hỏng trên đĩa / damaged on the disk: {name}; take it from an older backup", err=True
        )


def _render_contents(said: dict[str, Any]) -> None:
    typer.echo(
        f"  {said['receipts']} biên nhận / receipts, {said['batches']} batches, {said['decisions']} quyết định / decisions, "
        f"{said['originals']} tệp gốc / originals, {said['waiting']} tệp chờ / waiting files"
    )
    typer.echo(f"  bản chính thức / official versions: {', '.join(said['officials']) or '–'}")
    typer.echo(
        f"  Airflow: {'có / yes' if said['airflow'] else 'không / no'}; bí mật / secrets: {len(said['secrets'])}"
    )
    for note in said["left_out"]:
        typer.echo(f"  không kèm / not included: {note}")


def restore(
    archive: Annotated[Path, typer.Argument(help="Bản sao lưu / the backup")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Dời những gì đang có sang bên / move aside what is there")
    ] = False,
    key: Annotated[
        Path | None, typer.Option(help="Khóa mã hóa số định danh, giữ riêng / the key of pseudonyms, kept elsewhere")
    ] = None,
    without_build: Annotated[
        bool, typer.Option("--without-build", help="Chưa dựng kho / do not build the warehouse yet")
    ] = False,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Khôi phục từ bản sao lưu, rồi dựng lại kho / restore a backup into an empty home and build the warehouse from it."""
    from thidua.operations.restore import restore as run
    from thidua.operations.restore import summary
    from thidua.settings import campaigns_dir, home

    with _progress() as shown:

        def opened(path: Path) -> Any:
            return shown.open(path, "rb", description="khôi phục / restoring")

        restored = run(
            home(), campaigns_dir(), archive, clock(now), replace=replace, key=key, with_build=not without_build,
            open_file=opened,
        )  # fmt: skip
    said = dict(summary(restored))
    if as_json:
        print_json(said)
        return
    typer.echo(f"Đã khôi phục / restored: {home().path} ← {archive} ({said['made_at'][:19]}Z)")
    _render_contents(said)
    if said["aside"]:
        typer.echo(f"  những gì có trước / what was there before: {said['aside']}")
    if restored.seconds is not None:
        typer.echo(f"  đã dựng và công bố kho / built and published: {restored.seconds:.1f} s")
    for line in [*said["to_do"], *(f"kiểm tra / check: thidua reproduce {_asked(one)}" for one in said["officials"])]:
        typer.echo(f"  → {line}")


def _asked(version: str) -> str:
    campaign, period, number = version.split("/")
    return f"{campaign} {period} {number.removeprefix('v')}"


def tidy(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Chỉ xem những gì sẽ đi và vì sao / only show what would go, and why")
    ] = False,
    by: Annotated[
        str | None, typer.Option("--by", help="Ai dọn, ghi vào kho / who tidies, for the records; else this login")
    ] = None,
    without_airflow: Annotated[
        bool, typer.Option("--without-airflow", help="Bỏ qua lịch sử Airflow / leave Airflow's metadata")
    ] = False,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Dọn theo chính sách lưu trữ / carry out the retention policy ($THIDUA_HOME/retention.yml)."""
    import getpass
    from dataclasses import asdict

    from rich.console import Console

    from thidua.operations.tidy import tidy as run
    from thidua.settings import home

    console = Console(stderr=True)
    with console.status("dọn / tidying"):
        done = run(home(), clock(now), by or getpass.getuser(), dry_run=dry_run, with_airflow=not without_airflow)
    if as_json:
        print_json({**asdict(done), "bytes": done.bytes})
        return
    for item in done.items:
        typer.echo(f"  {item.kind}: {item.path} ({item.size:,} bytes) – {item.reason}")
    word = "sẽ dọn / would go" if dry_run else "đã dọn / gone"
    typer.echo(f"{len(done.items)} mục {word}, {done.bytes:,} bytes")
    for reason, count in done.stays.items():
        typer.echo(f"  giữ / stays: {count} bản gốc về cá nhân / originals about persons – {reason}")
    for note in done.notes:
        typer.echo(f"  → {note}")


def health(now: Now = None, as_json: Json = False) -> None:
    """Hệ thống có ổn không / whether the house is well; exit 1 when something has to be seen to."""
    from thidua.operations.health import examine, is_well, record
    from thidua.settings import home

    checks = examine(home(), clock(now))
    if as_json:
        print_json(record(checks, clock(now)))
    else:
        for check in checks:
            typer.echo(f"  {'✓' if check.is_well else '✗'} {check.title}: {check.found}")
            if check.remedy:
                typer.echo(f"      → {check.remedy}")
    raise typer.Exit(0 if is_well(checks) else 1)
