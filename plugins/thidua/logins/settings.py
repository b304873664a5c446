"""Airflow's settings where logins are accounts in its database; the server of docker-compose.yml has them by default."""

from __future__ import annotations

import os
from pathlib import Path

from thidua.errors import ThiduaError

# `accounts`, or `simple`: Airflow's simple manager with its file of passwords, for one machine and for development.
CHOICE = "THIDUA_LOGIN"
# A file of Flask-AppBuilder's settings, such as AUTH_TYPE and AUTH_LDAP_SERVER, for who has a directory: deploy/login.py.
OWN_FILE = "THIDUA_LOGIN_FILE"
# `true`: everybody comes by TLS, through a proxy on this machine; it says of whom. Else what comes may say anything.
HTTPS = "THIDUA_HTTPS"
MANAGER = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"


def are_accounts() -> bool:
    """Raises ThiduaError where THIDUA_LOGIN says something else than is known."""
    chosen = os.environ.get(CHOICE) or "simple"
    if chosen not in {"accounts", "simple"}:
        raise ThiduaError(f"{CHOICE}={chosen}: chỉ có thể là / is one of: accounts, simple")
    return chosen == "accounts"


def is_proxied() -> bool:
    """Raises ThiduaError where THIDUA_HTTPS says something else than is known."""
    said = (os.environ.get(HTTPS) or "false").lower()
    if said not in {"true", "false"}:
        raise ThiduaError(f"{HTTPS}={said}: chỉ có thể là / is one of: true, false")
    return said == "true"


def configure() -> None:
    """Before Airflow is imported; what the environment says already stays."""
    proxied = str(is_proxied()).lower()
    settings = {
        "AIRFLOW__CORE__AUTH_MANAGER": MANAGER,
        "AIRFLOW__FAB__CONFIG_FILE": str(Path(__file__).with_name("fab_config.py")),
        # Of one address; behind it may be an office of many. Guessing at one account is slowed down in security.py.
        "AIRFLOW__FAB__AUTH_RATE_LIMIT": "30 per minute",
        # A working day: then a browser asks for the password again, whatever was open.
        "AIRFLOW__FAB__SESSION_LIFETIME_MINUTES": "720",
        "AIRFLOW__API_AUTH__JWT_EXPIRATION_TIME": "28800",
        "AIRFLOW__FAB__COOKIE_SECURE": proxied,
        # The proxy says from where and whether by TLS; of host, port and path it passes on what the browser says.
        "AIRFLOW__FAB__ENABLE_PROXY_FIX": proxied,
        "AIRFLOW__FAB__PROXY_FIX_X_HOST": "0",
        "AIRFLOW__FAB__PROXY_FIX_X_PORT": "0",
        "AIRFLOW__FAB__PROXY_FIX_X_PREFIX": "0",
    }
    for name, value in settings.items():
        os.environ.setdefault(name, value)
