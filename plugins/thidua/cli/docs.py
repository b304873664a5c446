"""The command docs: dbt's documentation of every table and column."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    app.command("docs")(docs)


def docs() -> None:
    """Tài liệu của mọi bảng và cột / dbt's documentation of every table and column, as one page."""
    from thidua.settings import home
    from thidua.warehouse.build import write_docs

    typer.echo(f"Tài liệu / documentation: {write_docs(home())}")
