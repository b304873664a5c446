"""Commands on the accounts of a server: logins, login-add, login-off, login-on. docs/server.md."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from thidua.cli.options import Json, print_json
from thidua.errors import ThiduaError

if TYPE_CHECKING:
    from thidua.logins.accounts import Account

Names = Annotated[list[str], typer.Argument(help="Tên đăng nhập / user names, as in people.csv")]
Name = Annotated[str, typer.Argument(help="Tên đăng nhập / the user name, as in people.csv")]


def register(app: typer.Typer) -> None:
    app.command("logins")(logins)
    app.command("login-add")(login_add)
    app.command("login-off")(login_off)
    app.command("login-on")(login_on)


def logins(as_json: Json = False) -> None:
    """Các tài khoản / all accounts: role, open or closed, whose password still waits to be chosen."""
    from thidua.logins.accounts import accounts

    found = accounts()
    if as_json:
        print_json([asdict(one) for one in found])
        return
    for one in found:
        typer.echo(f"{one.name}: {_said(one)}")


def login_add(
    names: Names,
    role: Annotated[
        str | None, typer.Option("--role", help="Vai trò / role: office, viewer, operator, admin; makes the account")
    ] = None,
    as_json: Json = False,
) -> None:
    """Cấp mật khẩu dùng một lần / hand out a password each, shown this once: to be changed at the first login.

    With --role also makes the accounts, or gives them that role instead of what they had.
    """
    from thidua.logins.accounts import hand_out
    from thidua.logins.roles import ACCOUNT_ROLES

    wanted = next((known for known in ACCOUNT_ROLES if known == role), None)
    if role and not wanted:
        raise ThiduaError(f"không có vai trò / no role '{role}' (roles: {', '.join(ACCOUNT_ROLES)})")
    if as_json:
        done = [hand_out(name, wanted) for name in names]
        print_json([{**asdict(account), "password": password} for account, password in done])
        return
    for name in names:
        account, password = hand_out(name, wanted)
        typer.echo(f"{account.name}: {_said(account)}")
        typer.echo(f"  mật khẩu / password: {password or 'của thư mục người dùng / the one of the directory'}")


def login_off(name: Name) -> None:
    """Khoá tài khoản / close an account: within half a minute nothing is open to it."""
    _open_or_close(name, is_open=False)


def login_on(name: Name) -> None:
    """Mở lại tài khoản / open a closed account again."""
    _open_or_close(name, is_open=True)


def _open_or_close(name: str, *, is_open: bool) -> None:
    from thidua.logins.accounts import open_or_close

    account = open_or_close(name, is_open=is_open)
    typer.echo(f"{account.name}: {_said(account)}")


def _said(one: Account) -> str:
    state = "đang mở / open" if one.is_open else "đã khoá / closed"
    waits = ", chờ đổi mật khẩu / password not chosen yet" if one.waits else ""
    return f"{one.role or 'không có vai trò / no role'}, {state}{waits}"
