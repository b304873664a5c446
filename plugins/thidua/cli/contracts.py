"""Commands about export contracts: check-contracts, contract."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from thidua.cli.options import Json, print_json
from thidua.errors import NotWell, ThiduaError


def register(app: typer.Typer) -> None:
    app.command("check-contracts")(check_contracts)
    app.command("contract")(contract)


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


def contract(
    name: Annotated[str, typer.Argument(help="Loại báo cáo / export type, such as progress")],
    campaign: Annotated[
        str | None, typer.Option(help="Phong trào: danh sách đơn vị, chỉ tiêu / campaign, whose units can be chosen")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Tệp .xlsx để ghi / where to write; none: this folder")] = None,
    as_json: Json = False,
) -> None:
    """Biểu mẫu Excel để đơn vị điền / a template workbook that an office fills in and sends."""
    from thidua.files import write_atomic
    from thidua.forms.fields import fields_of
    from thidua.forms.workbook import write_form
    from thidua.intake.campaigns import campaign_ids, load_facts
    from thidua.intake.contracts import known_export_types, load_contract
    from thidua.settings import campaigns_dir

    asked = load_contract(name)
    if asked is None:
        known = ", ".join(known_export_types())
        raise ThiduaError(f"không có loại báo cáo / there is no export type '{name}' (allowed: {known})")
    facts = load_facts(campaigns_dir(), campaign) if campaign else None
    if campaign and facts is None:
        known = ", ".join(campaign_ids(campaigns_dir())) or "none yet"
        raise ThiduaError(f"không có phong trào / there is no campaign '{campaign}' (allowed: {known})")
    path = (out or Path("_".join(filter(None, ("mau", name, campaign))) + ".xlsx")).absolute()
    if path.suffix.lower() != ".xlsx" or path.is_dir() or not path.parent.is_dir():
        raise ThiduaError(f"không ghi được / cannot write '{path}'; name an .xlsx file in a folder that exists")
    write_atomic(path, write_form(asked, facts))
    if as_json:
        columns = [{"header": field.header, "required": field.is_required} for field in fields_of(asked, facts)]
        print_json({"export_type": name, "campaign_id": campaign, "path": str(path), "columns": columns})
    else:
        typer.echo(f"Biểu mẫu / template: {path}")
