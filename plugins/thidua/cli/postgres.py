"""The command postgres-init: roles and schema of the database that BI tools read."""

from __future__ import annotations

import typer

from thidua.cli.options import Json, print_json


def register(app: typer.Typer) -> None:
    app.command("postgres-init")(postgres_init)


def postgres_init(as_json: Json = False) -> None:
    """Tạo vai trò và schema trong Postgres / make roles and schema in Postgres, by THIDUA_POSTGRES_ADMIN_DSN."""
    from thidua.warehouse.postgres.roles import init

    target, made = init()
    if as_json:
        print_json({"database": str(target), "made": made})
    elif made:
        typer.echo(f"Đã tạo trong / made in {target}: {', '.join(made)}")
    else:
        typer.echo(f"Đã đủ vai trò và schema / roles and schema are all there: {target}")
