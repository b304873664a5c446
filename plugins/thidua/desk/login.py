"""Airflow's login as the desk sees it: who it is, and what their role in Airflow lets them do here.

Two managers are known. Airflow's simple one has rights alone, and is asked for these: whoever may change DAGs is an operator,
and an office has a login without any. Accounts (thidua.logins) have roles of our names, and those alone count.
"""

from __future__ import annotations

from typing import Annotated, Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends, HTTPException, Request

from thidua.desk.access import Role, Visitor, visitor_of
from thidua.desk.desk import desk_of
from thidua.logins.roles import is_first_login, role_of

PASSWORD_PAGE = "/auth/resetmypassword/form"  # noqa: S105 - where it is chosen


def granted_to(user: Any) -> Role | None:
    """What the login gives; None: nothing, which is an office's. Raises HTTPException 403 for an account that is nobody's
    here, and for one whose password must be changed first."""
    return _granted_to_account(user) if hasattr(user, "roles") else _granted_by_rights(user)


def _granted_to_account(user: Any) -> Role:
    names = {role.name for role in user.roles}
    if is_first_login(names):
        raise HTTPException(
            403, f"Hãy đổi mật khẩu được cấp trước / choose a password of your own first: {PASSWORD_PAGE}"
        )
    role = role_of(names)
    if role is None:
        raise HTTPException(
            403, "Tài khoản chưa có vai trò / this account has none of the roles; ask the administrator"
        )
    return Role(role)


def _granted_by_rights(user: Any) -> Role | None:
    manager = get_auth_manager()
    if not manager.is_authorized_view(access_view=AccessView.PLUGINS, user=user):
        return None
    if not manager.is_authorized_dag(method="PUT", user=user):
        return Role.VIEWER
    if getattr(user, "role", "").lower() == "admin":
        return Role.ADMIN
    return Role.OPERATOR


def password_page() -> str | None:
    """Where people choose a password of their own; None: elsewhere, or nowhere."""
    app = getattr(get_auth_manager(), "flask_app", None)
    if app is None:
        return None
    from flask_appbuilder.const import AUTH_DB

    return PASSWORD_PAGE if app.config["AUTH_TYPE"] == AUTH_DB else None


def airflow_visitor(request: Request, user: Annotated[Any, Depends(get_user)]) -> Visitor:
    return visitor_of(user.get_name(), granted_to(user), desk_of(request).campaigns_dir)
