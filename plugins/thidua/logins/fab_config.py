"""The settings that Airflow's FAB provider reads ([fab] config_file), then those of the installation's own file."""

from __future__ import annotations

import os
import runpy

from flask_appbuilder.const import AUTH_DB

from thidua.logins.passwords import check
from thidua.logins.security import SecurityManager
from thidua.logins.settings import OWN_FILE

AUTH_TYPE = AUTH_DB
# Nobody makes an account for themselves.
AUTH_USER_REGISTRATION = False
FAB_PASSWORD_COMPLEXITY_ENABLED = True
FAB_PASSWORD_COMPLEXITY_VALIDATOR = check
# One process serves the logins.
RATELIMIT_STORAGE_URI = "memory://"
APP_NAME = "Thi đua"

if own := os.environ.get(OWN_FILE):
    try:
        found = runpy.run_path(own)
    except OSError as error:
        # As it is, it would count as `no settings at all` to who reads this file: logins without the rules of this one.
        raise RuntimeError(f"{OWN_FILE}={own}: không đọc được / cannot be read: {error}") from error
    globals().update({name: value for name, value in found.items() if name.isupper()})

SECURITY_MANAGER_CLASS = SecurityManager
