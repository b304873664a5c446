"""Superset as this house runs it. SUPERSET_CONFIG_PATH names this file; see docs/bi.md.

Secrets come from the environment, or from the file that <NAME>_FILE names, and have no default that works:
SUPERSET_SECRET_KEY (signs sessions, encrypts the marts' password) and THIDUA_BI_METADATA_URI (Superset's own database).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sqlalchemy.engine.url import URL
from superset import config as defaults


def secret(name: str) -> str:
    """The environment's value, or the content of the file that <name>_FILE names; says what is missing and stops."""
    file = os.environ.get(f"{name}_FILE")
    value = Path(file).read_text(encoding="utf-8").strip() if file else os.environ.get(name, "")
    if not value:
        raise SystemExit(f"superset_config: set {name}, or {name}_FILE to a file that holds it")
    return value


SECRET_KEY = secret("SUPERSET_SECRET_KEY")
if len(SECRET_KEY) < 32:
    raise SystemExit("superset_config: SUPERSET_SECRET_KEY is too short; make one with: openssl rand -base64 42")
SQLALCHEMY_DATABASE_URI = secret("THIDUA_BI_METADATA_URI")
# Superset's own defaults of these two are public words; neither feature is on, and neither word is left standing.
GUEST_TOKEN_JWT_SECRET = GLOBAL_ASYNC_QUERIES_JWT_SECRET = SECRET_KEY

# ── What the pages may load: this server alone. Superset 6.1 ships no switch for the pixel that its pages send to
#    scarf.sh; the policy names no host but this one, so browsers never ask for it, nor for maps or fonts.
TALISMAN_ENABLED = True
CONTENT_SECURITY_POLICY_WARNING = False
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'"],
        "script-src": ["'self'", "'strict-dynamic'"],
        "frame-ancestors": ["'self'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    # TLS is the business of the proxy in front; behind one set SUPERSET_BEHIND_TLS=1.
    "force_https": False,
    "session_cookie_secure": os.environ.get("SUPERSET_BEHIND_TLS") == "1",
}
SESSION_COOKIE_SECURE = os.environ.get("SUPERSET_BEHIND_TLS") == "1"
ENABLE_PROXY_FIX = os.environ.get("SUPERSET_BEHIND_TLS") == "1"
WTF_CSRF_ENABLED = True
PUBLIC_ROLE_LIKE = None
AUTH_USER_REGISTRATION = False
FAB_API_SWAGGER_UI = False
SHOW_STACKTRACE = False

# ── Vietnamese figures and dates. Superset has no Vietnamese translation of its own words: the titles are the assets'.
D3_FORMAT = {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["", " ₫"]}
D3_TIME_FORMAT = {
    "dateTime": "%d/%m/%Y %H:%M:%S",
    "date": "%d/%m/%Y",
    "time": "%H:%M:%S",
    "periods": ["SA", "CH"],
    "days": ["Chủ nhật", "Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy"],
    "shortDays": ["CN", "T2", "T3", "T4", "T5", "T6", "T7"],
    "months": [f"Tháng {number}" for number in range(1, 13)],
    "shortMonths": [f"Th{number}" for number in range(1, 13)],
}
CURRENCIES = ["VND"]
BABEL_DEFAULT_LOCALE = os.environ.get("SUPERSET_LOCALE", "en")
APP_NAME = "Thi đua"

# ── Figures are as fresh as the last publish: nothing of the marts is kept between two looks.
CACHE_CONFIG = DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
ROW_LIMIT = 50_000
SQL_MAX_ROW = 100_000

# Names of rewarded people are for no chart. The login of Postgres cannot see them; a file has no logins, so here SQL Lab
# refuses them too, the snapshot's other files are out of reach (bi/import_assets.py), and the assets leave SQL Lab off.
PERSONAL_TABLES = {"fct_awarded_person"}
DISALLOWED_SQL_TABLES = {
    **defaults.DISALLOWED_SQL_TABLES,
    "duckdb": PERSONAL_TABLES,
    "postgresql": defaults.DISALLOWED_SQL_TABLES["postgresql"] | PERSONAL_TABLES,
}
# They read a table whose name is a text, which the check above does not see.
DISALLOWED_SQL_FUNCTIONS = {**defaults.DISALLOWED_SQL_FUNCTIONS, "duckdb": {"query", "query_table"}}


def DB_CONNECTION_MUTATOR(
    uri: URL, params: dict[str, Any], username: str | None, security_manager: Any, source: Any
) -> tuple[URL, dict[str, Any]]:
    """The snapshot that `current` names at this moment. DuckDB keeps open files by their path within a process, so under
    the link's own name a reader could be given the version of before a publish."""
    if uri.drivername.startswith("duckdb") and uri.database and uri.database != ":memory:":
        uri = uri.set(database=str(Path(uri.database).resolve()))
    return uri, params
