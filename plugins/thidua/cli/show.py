"""Commands that show what was published: rankings, progress, explain, status."""

from __future__ import annotations

from typing import Annotated

import typer

from thidua.cli.options import Json, print_json


def register(app: typer.Typer) -> None:
    app.command("rankings")(rankings)
    app.command("progress")(progress)
    app.command("explain")(explain)
    app.command("status")(status)
    app.command("where")(where)


def rankings(
    campaign: Annotated[str | None, typer.Option(help="Phong trào / campaign")] = None,
    period: Annotated[str | None, typer.Option(help="Kỳ / period")] = None,
    as_json: Json = False,
) -> None:
    """Bảng xếp hạng theo khối và kỳ / the rankings by bloc and period."""
    from thidua.reports import rankings as report
    from thidua.settings import home

    rows = report.rankings(home(), campaign, period)
    if as_json:
        print_json(rows)
    else:
        report.render(rows)


def progress(
    campaign: Annotated[str, typer.Option(help="Phong trào / campaign")],
    as_json: Json = False,
) -> None:
    """Tiến độ, phân tổ và việc còn mở, kể cả khi không xếp hạng / schedule, breakdown and open documents."""
    from thidua.reports import progress as report
    from thidua.settings import home

    found = report.progress(home(), campaign)
    if as_json:
        print_json(found)
    else:
        report.render(found)


def explain(
    campaign: Annotated[str, typer.Argument(help="Phong trào / campaign")],
    unit: Annotated[str, typer.Argument(help="Đơn vị / unit")],
    period: Annotated[str, typer.Argument(help="Kỳ / period")],
    as_json: Json = False,
) -> None:
    """Giải thích một dòng kết quả đến tệp, sheet, dòng / explain a result down to file, sheet and row."""
    from thidua.reports import explain as report
    from thidua.settings import home

    explanation = report.explain(home(), campaign, unit, period)
    if as_json:
        print_json(explanation)
    else:
        typer.echo(report.render(explanation))


def status(
    campaign: Annotated[str | None, typer.Option(help="Phong trào / campaign")] = None, as_json: Json = False
) -> None:
    """Ai đã gửi, đúng hạn hay không, tệp nào bị trả lại / who sent what; exit 1 while a returned file is open."""
    from thidua.reports import status as report
    from thidua.settings import home

    found = report.status(home(), campaign)
    postgres = _postgres()
    if as_json:
        print_json({**found, "postgres": postgres})
    else:
        report.render(found)
        _show_postgres(postgres)
    raise typer.Exit(1 if found["open_returned"] else 0)


def where() -> None:
    """Các bảng đã công bố nằm ở đâu / where the published tables are; exit 1 when nothing is published."""
    from thidua.reports.served import current_version
    from thidua.settings import home

    current_version(home())
    current = home().serve / "current"
    typer.echo(f"Các bảng / tables: {current / 'marts.duckdb'} (schema marts), {current}/<table>.parquet")
    _show_postgres(_postgres())


def _postgres() -> str | None:
    """The Postgres that is published to, without its password; None without one."""
    from thidua.warehouse.postgres.target import target_of

    target = target_of()
    return str(target) if target else None


def _show_postgres(target: str | None) -> None:
    if target:
        typer.echo(f"Postgres: {target} (schema marts)")
