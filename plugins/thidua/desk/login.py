"""Airflow's login as the desk sees it: who it is, and what their role in Airflow lets them do here.

Asked by what a role may do, not by its name, so that any auth manager will do: whoever may change DAGs is an operator,
whoever may change variables and pools an administrator. An office has a login without any rights in Airflow.
"""

from __future__ import annotations

from typing import Annotated, Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends, Request

from thidua.desk.access import Role, Visitor, visitor_of
from thidua.desk.desk import desk_of


def granted_to(user: Any) -> Role | None:
    manager = get_auth_manager()
    if not manager.is_authorized_view(access_view=AccessView.PLUGINS, user=user):
        return None
    if not manager.is_authorized_dag(method="PUT", user=user):
        return Role.VIEWER
    if getattr(user, "role", "").lower() == "admin":
        return Role.ADMIN
    return Role.OPERATOR


def airflow_visitor(request: Request, user: Annotated[Any, Depends(get_user)]) -> Visitor:
    return visitor_of(user.get_name(), granted_to(user), desk_of(request).campaigns_dir)
