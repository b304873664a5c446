"""Databases and logins of the server's Postgres, made where they are not there yet. The caller is a superuser."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from psycopg import Connection, sql

from thidua.errors import ThiduaError

Session = Connection[tuple[Any, ...]]


def make_login(session: Session, name: str, password: str) -> None:
    """A login with this password, also where it had another: who changes .env changes it here.

    Raises ThiduaError for a password that would mean something else within a URL.
    """
    if not password or quote(password, safe="") != password:
        raise ThiduaError(f"mật khẩu của / the password of {name}: letters, digits, - . _ ~ only; see `make secrets`")
    found = session.execute("select 1 from pg_roles where rolname = %s", [name]).fetchone()
    # Only its verifier travels, so that no log of the server holds the password.
    verifier = session.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    statement = sql.SQL("{} role {} login password {}")
    verb = sql.SQL("alter" if found else "create")
    session.execute(statement.format(verb, sql.Identifier(name), sql.Literal(verifier)))


def make_database(session: Session, name: str, owner: str) -> None:
    """A database that nobody but its owner may enter until somebody lets them. Not within a transaction."""
    names = {"name": sql.Identifier(name), "owner": sql.Identifier(owner)}
    if session.execute("select 1 from pg_database where datname = %s", [name]).fetchone() is None:
        session.execute(sql.SQL("create database {name} owner {owner}").format(**names))
    session.execute(sql.SQL("revoke all on database {name} from public").format(**names))
