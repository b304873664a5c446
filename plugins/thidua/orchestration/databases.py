"""A database of Postgres for one role alone, made where it is not there yet."""

from __future__ import annotations

from urllib.parse import quote

from thidua.errors import ThiduaError


def own_database(admin_dsn: str, name: str, password: str) -> None:
    """A role and a database of this name, which no other role may enter; an existing role gets the password.

    `admin_dsn`: of a superuser. Raises ThiduaError for a password that would not survive within a URL.
    """
    import psycopg2
    from psycopg2 import sql

    if not password or quote(password, safe="") != password:
        raise ThiduaError(f"mật khẩu của / the password of {name}: letters, digits, - . _ ~ only; see `make secrets`")
    role = sql.Identifier(name)
    connection = psycopg2.connect(admin_dsn)
    connection.autocommit = True  # a database is not made within a transaction
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1 from pg_roles where rolname = %s", [name])
            verb = sql.SQL("alter" if cursor.fetchone() else "create")
            cursor.execute(sql.SQL("{} role {} login password {}").format(verb, role, sql.Literal(password)))
            cursor.execute("select 1 from pg_database where datname = %s", [name])
            if not cursor.fetchone():
                cursor.execute(sql.SQL("create database {} owner {}").format(role, role))
            cursor.execute(sql.SQL("revoke all on database {} from public").format(role))
    finally:
        connection.close()
