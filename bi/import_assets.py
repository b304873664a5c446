"""Loads the dashboard into Superset: databases/, datasets/, charts/ and dashboards/ of this folder, as they stand here.

    python bi/import_assets.py                     # into the Superset of this environment (SUPERSET_CONFIG_PATH)
    python bi/import_assets.py --zip thi-dua.zip   # as a file for Superset's own page: Dashboards → Import

THIDUA_BI_DATABASE_URI (or THIDUA_BI_DATABASE_URI_FILE) says where the marts are, as a login that reads only:
    postgresql+psycopg2://<login>:<password>@<host>/<database>
    duckdb:////<folder>/serve/current/marts.duckdb
A second run brings everything to what stands here again and makes nothing twice. Exit 2: a wrong call.
"""

from __future__ import annotations

import argparse
import os
import sys
import zipfile
from pathlib import Path
from typing import NoReturn

import yaml
from sqlalchemy.engine.url import URL, make_url
from sqlalchemy.exc import ArgumentError

HERE = Path(__file__).resolve().parent
FOLDERS = ("databases", "datasets", "charts", "dashboards")
# Of the snapshot: read only, no other file of the machine, and its tables without the name of their schema, which is the
# file's name too. The capital keeps `Schema` a setting of the session; DuckDB has no such setting at its start.
DUCKDB = {"access_mode": "read_only", "enable_external_access": "false", "Schema": "marts"}


def database_uri() -> str:
    """What the environment names, made complete; says what is wrong and exits 2."""
    file = os.environ.get("THIDUA_BI_DATABASE_URI_FILE")
    text = Path(file).read_text(encoding="utf-8").strip() if file else os.environ.get("THIDUA_BI_DATABASE_URI", "")
    try:
        uri: URL = make_url(text)
    except ArgumentError:
        wrong_call("set THIDUA_BI_DATABASE_URI to postgresql+psycopg2://… or duckdb:////…/marts.duckdb")
    if uri.drivername.startswith("duckdb"):
        uri = uri.update_query_dict({key: value for key, value in DUCKDB.items() if key not in uri.query})
    elif not uri.drivername.startswith("postgresql"):
        wrong_call(f"the marts are in Postgres or in a DuckDB snapshot, not in {uri.drivername}")
    return uri.render_as_string(hide_password=False)


def wrong_call(message: str) -> NoReturn:
    print(f"import_assets: {message}", file=sys.stderr)
    raise SystemExit(2)


def bundle(uri: str, kind: str) -> dict[str, str]:
    """path -> YAML as Superset imports it. `kind`: `assets` (all is overwritten) or `Dashboard` (its page's import)."""
    contents = {}
    for folder in FOLDERS:
        for path in sorted((HERE / folder).rglob("*.yaml")):
            text = path.read_text(encoding="utf-8")
            if folder == "databases":
                text = yaml.safe_dump({**yaml.safe_load(text), "sqlalchemy_uri": uri}, allow_unicode=True)
            contents[str(path.relative_to(HERE))] = text
    metadata = yaml.safe_load((HERE / "metadata.yaml").read_text(encoding="utf-8"))
    contents["metadata.yaml"] = yaml.safe_dump({**metadata, "type": kind})
    return contents


def load(contents: dict[str, str]) -> None:
    """Into this environment's Superset, as its first administrator."""
    from superset.app import create_app

    app = create_app()
    with app.app_context():
        from flask import g
        from superset import security_manager
        from superset.commands.importers.v1.assets import ImportAssetsCommand

        admins = [user for user in security_manager.get_all_users() if user.is_active and is_admin(user)]
        if not admins:
            wrong_call("Superset has no administrator yet; run bi/import.sh, or `superset fab create-admin` first")
        g.user = min(admins, key=lambda user: user.id)
        ImportAssetsCommand(contents).run()


def is_admin(user: object) -> bool:
    return any(role.name == "Admin" for role in getattr(user, "roles", ()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--zip", type=Path, help="write a file for Superset's page instead; it holds the URI's password"
    )
    target: Path | None = parser.parse_args().zip
    uri = database_uri()
    if target is None:
        contents = bundle(uri, "assets")
        load(contents)
        print(f"{len(contents) - 1} assets → Superset")
        return
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(descriptor, 0o600)
    with os.fdopen(descriptor, "wb") as opened, zipfile.ZipFile(opened, "w", zipfile.ZIP_DEFLATED) as file:
        for path, text in bundle(uri, "Dashboard").items():
            file.writestr(f"thi-dua/{path}", text)
    print(target)


if __name__ == "__main__":
    main()
