"""The roles of the served database, made by an administrator once and again without harm: `thidua postgres-init`.

Three groups without a login of their own: `thidua_reader` sees the marts without personal data, `thidua_pii` these too,
`thidua_writer` owns the schema and publishes. People and programs are made members; nothing is granted to everybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import Connection, sql

from thidua.errors import NotWell, ThiduaError
from thidua.warehouse.postgres.target import ADMINISTRATOR, PUBLISHER, READER, Target, connect, target_of, unreachable

SCHEMA = "marts"
READER_ROLE = "thidua_reader"
PII_ROLE = "thidua_pii"
WRITER_ROLE = "thidua_writer"
# `nulls not distinct` and what the loader sets per session; 14 has reached its end.
OLDEST_VERSION = 15

# Every new table is closed until the publish opens it: the default grant goes to those who may see everything.
STATEMENTS = """
    grant {reader} to {pii};
    revoke all on schema {schema} from public;
    grant usage on schema {schema} to {reader}, {pii};
    alter default privileges for role {writer} revoke execute on functions from public;
    alter default privileges for role {writer} revoke usage on types from public;
    alter default privileges for role {writer} in schema {schema} grant select on tables to {pii};
    grant connect on database {database} to {reader}, {pii}, {writer};
"""


def init() -> tuple[Target, list[str]]:
    """Makes roles, schema and, when they are not there, the logins that the publisher's and the reader's DSN name.

    Run with THIDUA_POSTGRES_ADMIN_DSN, else THIDUA_POSTGRES_DSN: a superuser, or who may create roles and owns the
    database. Returns the database and what was made. Raises ThiduaError without a DSN, NotWell when it is refused.
    """
    administrator = target_of(ADMINISTRATOR) or target_of(PUBLISHER)
    if administrator is None:
        raise ThiduaError(
            f"chưa đặt / set {ADMINISTRATOR} (or {ADMINISTRATOR}_FILE) to the DSN of who may create roles, "
            "such as postgresql://postgres:…@localhost:5432/thidua"
        )
    members = {WRITER_ROLE: target_of(PUBLISHER), READER_ROLE: target_of(READER)}
    try:
        with connect(administrator) as connection:
            return administrator, _init(connection, members)
    except psycopg.OperationalError as error:
        raise unreachable(administrator, error) from None
    except psycopg.Error as error:
        raise NotWell(
            f"Postgres từ chối / Postgres refused: {administrator.masked(error)}; {ADMINISTRATOR} must be a superuser, "
            "or a login with CREATEROLE that owns the database"
        ) from None


def _init(connection: Connection[tuple[Any, ...]], members: Mapping[str, Target | None]) -> list[str]:
    version = connection.info.server_version // 10_000
    if version < OLDEST_VERSION:
        raise NotWell(f"Postgres {version} quá cũ / is too old; use {OLDEST_VERSION} or newer")
    made = []
    connection.execute("select pg_advisory_xact_lock(hashtextextended('thidua.roles', 0))")
    for role in (READER_ROLE, PII_ROLE, WRITER_ROLE):
        if not _has_role(connection, role):
            connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role)))
            made.append(f"role {role}")
    # Who is no superuser acts for the writer only as its member.
    if connection.execute("select rolsuper from pg_roles where rolname = current_user").fetchone() != (True,):
        connection.execute(sql.SQL("grant {} to current_user").format(sql.Identifier(WRITER_ROLE)))
    made += _own_schema(connection)
    names = {
        "reader": READER_ROLE,
        "pii": PII_ROLE,
        "writer": WRITER_ROLE,
        "schema": SCHEMA,
        "database": connection.info.dbname,
    }
    connection.execute(sql.SQL(STATEMENTS).format(**{key: sql.Identifier(name) for key, name in names.items()}))
    for role, login in members.items():
        if login is not None:
            made += _add_member(connection, role, login)
    return made


def _has_role(connection: Connection[tuple[Any, ...]], role: str) -> bool:
    return connection.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone() is not None


def _own_schema(connection: Connection[tuple[Any, ...]]) -> list[str]:
    names = {"schema": sql.Identifier(SCHEMA), "writer": sql.Identifier(WRITER_ROLE)}
    owner = connection.execute(
        "select pg_get_userbyid(nspowner) from pg_namespace where nspname = %s", [SCHEMA]
    ).fetchone()
    if owner is None:
        connection.execute(sql.SQL("create schema {schema} authorization {writer}").format(**names))
        return [f"schema {SCHEMA}"]
    if owner != (WRITER_ROLE,):
        raise NotWell(
            f"schema {SCHEMA} đã có và thuộc về / exists already and belongs to {owner[0]}; use a database of its own, "
            f"or, when it is thidua's: alter schema {SCHEMA} owner to {WRITER_ROLE}"
        )
    return []


def _add_member(connection: Connection[tuple[Any, ...]], role: str, login: Target) -> list[str]:
    """The login that a DSN names, made when it is not there, with the DSN's password; a password is never changed."""
    user, made = login.parameters.get("user"), []
    if not user or user == connection.info.user:
        return []
    name = sql.Identifier(user)
    if not _has_role(connection, user):
        connection.execute(sql.SQL("create role {} login").format(name))
        password = login.parameters.get("password")
        if password:
            # Only its verifier travels, so that no server log holds the password.
            verifier = connection.pgconn.encrypt_password(password.encode(), user.encode(), b"scram-sha-256")
            statement = sql.SQL("alter role {} password {}").format(name, sql.Literal(verifier.decode()))
            connection.execute(statement)
        made.append(f"login {user}")
    connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(role), name))
    return made
