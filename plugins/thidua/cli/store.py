"""Commands on the store of several hosts: store-init begins it, store-check compares this host's copy with it."""

from __future__ import annotations

from typing import Annotated

import typer

from thidua.cli.options import Json, print_json


def register(app: typer.Typer) -> None:
    app.command("store-init")(store_init)
    app.command("store-check")(store_check)


def store_init(as_json: Json = False) -> None:
    """Đưa lake/ vào kho chung (THIDUA_LAKE_STORE) / put this house's lake/ into an empty store, once."""
    from dataclasses import asdict

    from thidua.lake.store.begin import begin
    from thidua.settings import home

    begun = begin(home())
    if as_json:
        print_json(asdict(begun))
        return
    typer.echo(f"Kho chung / the store of all hosts: {begun.store} ({begun.paths} mục / entries and folders)")
    typer.echo(
        f"Chép khóa mã hóa số định danh sang các máy khác / copy the key of pseudonyms to the other hosts, it is not in the "
        f"store: {home().restricted / 'person.key'} (mode 0600)"
    )


def store_check(
    mend: Annotated[
        bool,
        typer.Option(
            "--mend", help="Dời sang bên những gì khác, lấy lại từ kho / set aside what differs, take it anew"
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """So lake/ của máy này với kho chung / compare this host's lake/ with the store, byte by byte; exit 1 when they differ."""
    from thidua.errors import ThiduaError
    from thidua.lake.store.begin import compare, summary
    from thidua.lake.writing import STORE, is_shared
    from thidua.settings import home

    if not is_shared(home()):
        raise ThiduaError(f"chưa đặt / set {STORE} first (docs/postgres.md)")
    found = compare(home(), mend=mend)
    if as_json:
        print_json(summary(found))
    else:
        typer.echo(f"{found.paths} mục / entries and folders")
    for kind, paths in (
        ("thiếu ở đây / lacking here", found.lacking),
        ("đã bị sửa ở đây / changed here", found.changed),
        ("chỉ có ở đây / known here alone", found.alone),
    ):
        if paths:
            shown = ", ".join(paths[:5]) + (" …" if len(paths) > 5 else "")
            typer.echo(f"thidua: {len(paths)} {kind}: {shown}", err=True)
    if found.aside and found.aside.exists():
        typer.echo(f"Đã dời sang bên / set aside: {found.aside}", err=True)
    raise typer.Exit(0 if found.is_same or mend else 1)
