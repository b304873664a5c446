"""Commands that bring data in and out: sample, ingest, build, publish."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from thidua.cli.options import Json, KnownAt, Now, clock, print_json


def register(app: typer.Typer) -> None:
    app.command("sample")(sample)
    app.command("ingest")(ingest)
    app.command("build")(build)
    app.command("publish")(publish)


def sample(
    campaign: Annotated[
        list[str] | None, typer.Option(help="Phong trào, mặc định tất cả / of these campaigns, else of all")
    ] = None,
    seed: Annotated[int, typer.Option(help="Hạt giống / the same seed gives the same files")] = 1,
    as_json: Json = False,
) -> None:
    """Đặt tệp báo cáo minh họa vào landing/ / put sample exports into landing/."""
    from thidua.samples import generate
    from thidua.settings import campaigns_dir, home

    files = generate(home(), campaigns_dir(), seed, campaign)
    if as_json:
        print_json([str(path) for path in files])
        return
    typer.echo(f"{len(files)} tệp mẫu trong / sample files in {home().landing}")


def ingest(now: Now = None, as_json: Json = False) -> None:
    """Tiếp nhận tệp mới trong landing/ / take in what is new in landing/; exit 1 when files were returned."""
    from dataclasses import asdict

    from thidua.intake.ingest import ingest as run
    from thidua.plan.loader import load_campaigns
    from thidua.settings import campaigns_dir, home

    result = run(home(), campaigns_dir(), clock(now), explicit_now=now is not None)
    if not result.files and not result.troubles:
        load_campaigns(campaigns_dir())  # no file asked for the plans: broken ones must not look like a quiet day
    if as_json:
        print_json(asdict(result))
    elif not result.files and not result.troubles:
        typer.echo(f"Không có gì mới / nothing new in {home().landing}")
    else:
        typer.echo(
            f"{result.files} tệp / files: {result.accepted} được nhận / accepted, "
            f"{result.with_rejections} nhận một phần / with rejected rows, {len(result.returned)} trả lại / returned"
        )
    for file in result.returned:
        typer.echo(f"{file.landing_path}: {file.message}", err=True)
    for trouble in result.troubles:
        typer.echo(str(trouble), err=True)
    raise typer.Exit(1 if result.returned or result.troubles else 0)


def build(
    now: Now = None,
    known_at: KnownAt = None,
    full: Annotated[bool, typer.Option("--full", help="Dựng lại từ đầu / rebuild from nothing")] = False,
    as_json: Json = False,
) -> None:
    """Tính tiến độ, điều kiện, xếp hạng / compute progress, eligibility, rankings (dbt build with its tests)."""
    from dataclasses import asdict

    from thidua.settings import campaigns_dir, home
    from thidua.warehouse.build import build as run

    known = clock(known_at) if known_at else None
    at = clock(now) if now or known is None else known
    result = run(home(), campaigns_dir(), at, known_at=known, full=full)
    if as_json:
        fields: dict[str, Any] = asdict(result)
        print_json(fields)
        return
    if not result.did_work:
        typer.echo("Không có gì mới / nothing new to build")
        return
    kind = "đầy đủ / full" if result.is_full else "gia tăng / incremental"
    typer.echo(f"Đã dựng / built ({kind}): {result.batches} batches, {result.seconds['all']:.1f} s → {result.database}")


def publish(
    keep: Annotated[
        int | None,
        typer.Option(min=1, help="Số bản giữ lại, mặc định theo retention.yml / versions to keep, else its number"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Công bố các bảng ra serve/current, và vào Postgres nếu đặt THIDUA_POSTGRES_DSN / publish the marts."""
    from dataclasses import asdict

    from thidua.settings import home
    from thidua.warehouse.postgres.serve import serve_postgres
    from thidua.warehouse.publish import publish as run

    folder = run(home(), keep)
    if not as_json:
        new = "Đã công bố rồi, không có gì mới / already published, nothing new"
        typer.echo(f"Đã công bố / published: {folder}" if folder else new)
    loaded = serve_postgres(home())  # what it raises comes after the files are out
    if as_json:
        print_json({"published": str(folder) if folder else None, "postgres": asdict(loaded) if loaded else None})
    elif loaded:
        what = (
            f"{len(loaded.replaced)}/{loaded.all} bảng có thay đổi / tables changed"
            if loaded.is_new
            else "đã mới nhất / up to date"
        )
        typer.echo(f"{loaded.target}: {what}")
