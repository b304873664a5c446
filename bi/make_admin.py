"""The first administrator of Superset; one who is there already stays as he is, with his password.

`superset fab create-admin` takes the password as an argument, where every user of the machine can read it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    from superset.app import create_app

    file = os.environ.get("SUPERSET_ADMIN_PASSWORD_FILE")
    password = (Path(file).read_text(encoding="utf-8").strip() if file else "") or os.environ.get(
        "SUPERSET_ADMIN_PASSWORD", ""
    )
    name = os.environ.get("SUPERSET_ADMIN_USER", "admin")
    app = create_app()
    with app.app_context():
        from superset import security_manager

        if security_manager.find_user(username=name):
            return
        if len(password) < 12:
            print("make_admin: set SUPERSET_ADMIN_PASSWORD, or SUPERSET_ADMIN_PASSWORD_FILE, to 12 characters or more",
                  file=sys.stderr)  # fmt: skip
            raise SystemExit(2)
        role = security_manager.find_role(security_manager.auth_role_admin)
        if not security_manager.add_user(name, "Quản trị", "Thi đua", f"{name}@localhost", role, password=password):
            raise SystemExit(f"make_admin: Superset refused the user {name}")


if __name__ == "__main__":
    main()
