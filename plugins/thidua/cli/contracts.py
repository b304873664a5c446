"""Commands about export contracts: check-contracts."""

from __future__ import annotations

from typing import Annotated

import typer

from thidua.cli.options import Json, print_json
from thidua.errors import NotWell


def register(app: typer.Typer) -> None:
    app.command("check-contracts")(check_contracts)


def check_contracts(
    write: Annotated[bool, typer.Option("--write", help="Ghi lại các suite.json / write the suites anew")] = False,
    as_json: Json = False,
) -> None:
    """Kiểm tra hợp đồng dữ liệu và bộ quy tắc / check export contracts and that their GX suites agree with them."""
    from thidua.files import write_atomic
    from thidua.intake.suites import check_contracts as check

    names, stale = check()
    if write:
        for path, text in stale.items():
            write_atomic(path, text.encode())
    if as_json:
        print_json({"export_types": names, "stale": [path.parent.name for path in stale]})
    else:
        for name in names:
            typer.echo(f"{name}: hợp lệ / valid")
    if stale and not write:
        stale_names = ", ".join(path.parent.name for path in stale)
        raise NotWell(
            f"suite.json khác với contract.yml và rules.yml / suites differ from their contracts: {stale_names}; "
            "run `thidua check-contracts --write`"
        )
