"""Who may see and do what in the served database, and how its address is told without its password."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from thidua.errors import NotWell, ThiduaError
from thidua.settings import Home
from thidua.warehouse.postgres.roles import init
from thidua.warehouse.postgres.serve import serve_postgres
from thidua.warehouse.postgres.target import target_of

from tests.postgres import PASSWORD, Database
from tests.warehouse.postgres.made import published, rankings

PERSONS = {"fct_awarded_person": "select 'c' as campaign_id, 'Nguyễn Thị An' as name"}


def test_roles_are_groups_and_made_once(database: Database) -> None:
    target, made = init()
    assert made == [] and PASSWORD not in str(target) and database.name in str(target)
    roles = database.rows(
        "select rolname, rolcanlogin, rolsuper from pg_roles where rolname like 'thidua\\_%' order by 1"
    )
    groups = [role for role in roles if "test" not in role[0]]
    assert groups == [("thidua_pii", False, False), ("thidua_reader", False, False), ("thidua_writer", False, False)]
    logins = [role for role in roles if "test" in role[0]]
    assert len(logins) >= 3 and all(can_login and not is_super for _, can_login, is_super in logins)
    verifier = database.rows("select rolpassword from pg_authid where rolname = 'thidua_test_publisher'")
    assert verifier[0][0].startswith("SCRAM-SHA-256$")


def test_a_schema_of_somebody_else_is_left_alone(database: Database) -> None:
    database.run("drop schema marts cascade", "create schema marts")
    with pytest.raises(NotWell, match=r"belongs to postgres.*alter schema marts owner to thidua_writer"):
        init()


def test_readers_see_the_marts_but_no_person_and_write_nothing(database: Database, tmp_path: Path) -> None:
    home = Home(tmp_path)
    published(home, {**rankings(1), **PERSONS}, personal=["fct_awarded_person"])
    serve_postgres(home)
    reader = database.add_login("thidua_test_bi", "thidua_reader")
    council = database.add_login("thidua_test_council", "thidua_pii")
    stranger = database.add_login("thidua_test_stranger")

    assert database.rows("select count(*) from marts.rpt_ranking", user=reader) == [(400,)]
    assert database.rows("select count(*) from marts._version", user=reader) == [(1,)]
    assert database.rows("select name from marts.fct_awarded_person", user=council) == [("Nguyễn Thị An",)]
    assert database.rows("select count(*) from marts.rpt_ranking", user=council) == [(400,)]
    refused = {
        reader: (
            "select name from marts.fct_awarded_person",
            "select count(*) from marts.fct_awarded_person",
            "table marts._table",
            "insert into marts.rpt_ranking values ('c', 'x', 1)",
            "delete from marts.rpt_ranking",
            "update marts.rpt_ranking set version = 2",
            "truncate marts.rpt_ranking",
            "create table marts.mine (a int)",
            "drop table marts.rpt_ranking",
            "set role thidua_writer",
        ),
        council: ("delete from marts.fct_awarded_person", "insert into marts._version values ('x', now())"),
        stranger: ("select count(*) from marts.rpt_ranking",),
    }
    for user, statements in refused.items():
        for statement in statements:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                database.run(statement, user=user)


def test_the_tag_decides_and_not_a_name(database: Database, tmp_path: Path) -> None:
    """A table that is tagged later closes, an untagged one opens, one that dbt does not know stays closed."""
    home, reader = Home(tmp_path), database.add_login("thidua_test_bi", "thidua_reader")

    def sees() -> bool:
        return database.rows("select has_table_privilege(%s, 'marts.dim_unit', 'select')", [reader]) == [(True,)]

    published(home, rankings(1))
    serve_postgres(home)
    assert sees()
    database.run("grant select on marts.dim_unit to public")
    published(home, rankings(1), personal=["dim_unit"])
    serve_postgres(home)
    assert not sees()
    published(home, rankings(1))
    serve_postgres(home)
    assert sees()
    # What an administrator took away is not given back by a publish.
    database.run("revoke select on marts.dim_unit from thidua_reader")
    published(home, rankings(2))
    serve_postgres(home)
    assert not sees()

    published(home, {**rankings(3), **PERSONS})
    (home.serve / "current" / "marts.json").write_text("{}")
    serve_postgres(home)
    assert database.rows("select has_table_privilege(%s, 'marts.fct_awarded_person', 'select')", [reader]) == [(False,)]


def test_a_grant_that_would_show_persons_stops_the_publish(database: Database, tmp_path: Path) -> None:
    home = Home(tmp_path)
    tables = {**rankings(1), **PERSONS}
    published(home, tables, personal=["fct_awarded_person"])
    serve_postgres(home)
    database.run("grant select (name) on marts.fct_awarded_person to thidua_reader")
    published(home, {**rankings(2), **PERSONS}, personal=["fct_awarded_person"])
    with pytest.raises(NotWell, match=r"fct_awarded_person.*thidua_reader can read it"):
        serve_postgres(home)
    assert database.rows("select distinct version from marts.rpt_ranking") == [(1,)]


def test_without_init_the_publish_says_who_has_to_do_what(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, stranger = Home(tmp_path), database.add_login("thidua_test_stranger")
    published(home, rankings(1))
    monkeypatch.setenv("THIDUA_POSTGRES_DSN", database.dsn(stranger))
    with pytest.raises(NotWell, match=r"thidua postgres-init.*thidua_writer to this login") as refused:
        serve_postgres(home)
    assert PASSWORD not in refused.value.message


# The address -----------------------------------------------------------------------------------------------------------


def test_the_address_from_a_file_and_without_its_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert target_of() is None
    file = tmp_path / "dsn"
    file.write_text(f"postgresql://app:{PASSWORD}@db.example.vn:5433/thidua?sslmode=verify-full\n")
    monkeypatch.setenv("THIDUA_POSTGRES_DSN_FILE", str(file))
    target = target_of()
    assert target is not None and target.parameters["sslmode"] == "verify-full"
    assert str(target) == "postgresql://app@db.example.vn:5433/thidua"
    assert PASSWORD not in repr(target) and PASSWORD not in target.masked(f"bad {PASSWORD}")


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"DSN": "postgresql://a:sesam@h:x y/b"}, "is no Postgres DSN"),
        ({"DSN": "sesam"}, "is no Postgres DSN"),
        ({"DSN": "dbname=a password=sesam", "DSN_FILE": "b"}, "only one of THIDUA_POSTGRES_DSN and"),
        ({"DSN_FILE": "no-such-file"}, "cannot read THIDUA_POSTGRES_DSN_FILE"),
    ],
    ids=["port", "word", "both", "no file"],
)
def test_a_wrong_address_is_a_wrong_call_and_not_quoted(
    variables: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"THIDUA_POSTGRES_{name}", value)
    with pytest.raises(ThiduaError, match=message) as wrong:
        target_of()
    assert wrong.value.exit_code == 2 and "sesam" not in wrong.value.message
