"""Commands about plans: check-plan, plan-schema."""

from __future__ import annotations

from typing import Annotated

import typer

from thidua.cli.options import Json, print_json


def register(app: typer.Typer) -> None:
    app.command("check-plan")(check_plan)
    app.command("plan-schema")(plan_schema)


def check_plan(
    campaigns: Annotated[list[str] | None, typer.Argument(help="Tên phong trào / campaign; none: all")] = None,
    as_json: Json = False,
) -> None:
    """Kiểm tra kế hoạch: mọi lỗi kèm tệp và dòng / check plans, with file and line of every fault."""
    from thidua.plan.compile import compile_plan
    from thidua.plan.loader import load_campaigns
    from thidua.settings import campaigns_dir

    plans = load_campaigns(campaigns_dir(), campaigns or None)
    summary = {
        name: {table: len(rows) for table, rows in compile_plan(plan).items() if rows} for name, plan in plans.items()
    }
    if as_json:
        print_json(summary)
        return
    for name, tables in summary.items():
        parts = ", ".join(f"{tables.get(table, 0)} {table}" for table in ("units", "periods", "gates", "readings"))
        typer.echo(f"{name}: hợp lệ / valid ({parts})")


def plan_schema(
    write: Annotated[bool, typer.Option("--write", help="Ghi vào campaigns/plan.schema.json / write the file")] = False,
) -> None:
    """JSON Schema của plan.yml cho trình soạn thảo / the JSON Schema of plan.yml for editors."""
    from thidua.files import write_atomic
    from thidua.plan.schema import plan_schema as schema
    from thidua.settings import repo_root

    if write:
        write_atomic(repo_root() / "campaigns" / "plan.schema.json", schema().encode())
    else:
        typer.echo(schema(), nl=False)
