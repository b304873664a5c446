"""Accounts of a server: made for whom people.csv names, passwords handed out, accounts closed and opened.

What is done here is there for the running server within half a minute, without a new start.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from thidua.errors import NotWell, ThiduaError
from thidua.logins import settings
from thidua.logins.roles import ACCOUNT_ROLES, Role, is_first_login, role_of, when_chosen, when_handed_out
from thidua.orchestration.run_dags import configure
from thidua.settings import home


@dataclass(frozen=True)
class Account:
    """`role` None: none of ours. `waits`: for its owner to choose a password, or for one to be handed out."""

    name: str
    role: Role | None
    is_open: bool
    waits: bool
    logins: int


@contextmanager
def _security() -> Iterator[Any]:
    """Airflow's keeper of accounts and roles; our roles are there."""
    if not settings.are_accounts():
        raise ThiduaError(
            f"ở đây không giữ tài khoản / no accounts are kept here ({settings.CHOICE}): on a server, docker compose exec "
            "api-server thidua …; passwords of `make up` are in $THIDUA_HOME/airflow/passwords.json"
        )
    settings.configure()
    # A command says what it did, and what went wrong.
    os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "ERROR")
    configure(home().airflow)
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder
    from airflow.providers_manager import ProvidersManager

    ProvidersManager().initialize_providers_configuration()
    with get_application_builder() as builder:
        yield builder.sm


def make(wanted: Mapping[str, Role]) -> list[str]:
    """An account for each user (name -> role) who has none; nobody's role or password changes. The names of the new.

    Nobody knows the password of a new one: `hand_out` gives it one. Where a directory has taken over from passwords of
    ours, one that was handed out and waits to be changed opens nothing any more, and its account waits no longer.
    """
    with _security() as security:
        for user in [] if _has_passwords() else security.get_all_users():
            names = [role.name for role in user.roles]
            if is_first_login(names):
                user.roles = [security.find_role(when_chosen(name)) for name in names]
                user.password = None  # else it would be good for all, should passwords be ours again
                security.update_user(user)
        made = [name for name in wanted if security.find_user(username=name) is None]
        for name in made:
            _add(security, name, wanted[name], secrets.token_urlsafe(32))
    return made


def hand_out(name: str, role: Role | None = None) -> tuple[Account, str | None]:
    """A password that the account's owner must change at once, told this once; makes the account where a role is given.

    None instead of it where a directory keeps the passwords. Raises NotWell for an unknown account without a role.
    """
    with _security() as security:
        from thidua.logins.passwords import handed_out

        password = handed_out()
        user = security.find_user(username=name)
        if user is None:
            if role is None:
                raise NotWell(f"không có tài khoản / no account '{name}': give --role to make it")
            user = _add(security, name, role, password)
        elif role is not None:
            # At once the lesser one: the password of before must not have the new role, should this end here.
            user.roles = [_role_for_new_password(security, role)]
            security.update_user(user)
        if _has_passwords():
            security.reset_password(user.id, password)
        return _account(user), password if _has_passwords() else None


def open_or_close(name: str, *, is_open: bool) -> Account:
    """Raises NotWell for an unknown account."""
    with _security() as security:
        user = security.find_user(username=name)
        if user is None:
            raise NotWell(f"không có tài khoản / no account '{name}'")
        user.active = is_open
        security.reset_user_sessions(user)
        security.update_user(user)
        return _account(user)


def accounts() -> list[Account]:
    """All of them, by name."""
    with _security() as security:
        return sorted((_account(user) for user in security.get_all_users()), key=lambda one: one.name)


def _add(security: Any, name: str, role: Role, password: str) -> Any:
    # Airflow wants an address and a second name of everybody; `.invalid` is nobody's (RFC 2606).
    address = name if "@" in name else f"{name}@thidua.invalid"
    user = security.add_user(name, name, "-", address, _role_for_new_password(security, role), password)
    if not user:
        raise ThiduaError(
            f"không tạo được tài khoản / cannot make an account '{name}': letters a-z, digits, . _ @ - only"
        )
    return user


def _role_for_new_password(security: Any, role: Role) -> Any:
    name = ACCOUNT_ROLES[role]
    return security.find_role(when_handed_out(name) if _has_passwords() else name)


def _has_passwords() -> bool:
    """Whether passwords are ours; a directory keeps its own."""
    from flask import current_app
    from flask_appbuilder.const import AUTH_DB

    return bool(current_app.config["AUTH_TYPE"] == AUTH_DB)


def _account(user: Any) -> Account:
    names = [role.name for role in user.roles]
    return Account(
        name=user.username,
        role=role_of(when_chosen(name) for name in names),
        is_open=bool(user.active),
        waits=is_first_login(names),
        logins=user.login_count or 0,
    )
