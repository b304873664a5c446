"""What each role of ours may do in Airflow where logins are accounts: the least that its work needs.

Airflow itself would let an operator delete DAGs, runs and tasks; ours may not. Names of actions and resources are those of
Airflow's FAB provider. A password that somebody else handed out is good for one thing: to choose one's own. Until then the
account has the role's twin, `operator-first-login`, which may do nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

Role = Literal["office", "viewer", "operator", "admin"]
Permission = tuple[str, str]

FIRST_LOGIN = "-first-login"
# From the least to the most. The administrator's is Airflow's own role, which may do everything.
ACCOUNT_ROLES: dict[Role, str] = {"office": "office", "viewer": "viewer", "operator": "operator", "admin": "Admin"}
ADMINISTRATOR = ACCOUNT_ROLES["admin"]

# Airflow gives `Website` to every role; no page of it shows anything with that alone.
_OWN_PASSWORD: set[Permission] = {
    ("can_read", "My Password"),
    ("can_edit", "My Password"),
    ("can_read", "My Profile"),
    ("can_read", "Website"),
}
_READS = (
    "Asset Aliases",
    "Assets",
    "Backfills",
    "Cluster Activity",
    "DAG Code",
    "DAG Dependencies",
    "DAG Runs",
    "DAG Versions",
    "DAG Warnings",
    "DAGs",
    "HITL Detail",
    "ImportError",
    "Jobs",
    "Plugins",  # the desk's entry in the navigation
    "Pools",
    "Task Instances",
    "Task Logs",
    "XComs",
)
_MENUS = ("Assets", "DAG Runs", "DAGs", "HITL Detail", "Jobs", "Task Instances")
# Starts and repeats runs, answers forms. `DAGs` is what Airflow asks for besides.
_OPERATES: set[Permission] = {
    ("can_edit", "DAGs"),
    ("can_create", "DAG Runs"),
    ("can_edit", "DAG Runs"),
    ("can_edit", "Task Instances"),
    ("can_edit", "HITL Detail"),
}
_VIEWS = _OWN_PASSWORD | {("can_read", name) for name in _READS} | {("menu_access", name) for name in _MENUS}

# An account's role -> all it may do. The administrator's is kept by Airflow.
PERMISSIONS: dict[str, frozenset[Permission]] = {
    "office": frozenset(_OWN_PASSWORD),
    "viewer": frozenset(_VIEWS),
    "operator": frozenset(_VIEWS | _OPERATES),
} | {f"{name}{FIRST_LOGIN}": frozenset(_OWN_PASSWORD) for name in ACCOUNT_ROLES.values()}


def role_of(names: Iterable[str]) -> Role | None:
    """The most that an account's roles amount to here; None: none of ours is among them."""
    held = set(names)
    return next((role for role, name in reversed(ACCOUNT_ROLES.items()) if name in held), None)


def is_first_login(names: Iterable[str]) -> bool:
    """Whether an account's password is still the one that was handed out."""
    return any(name.endswith(FIRST_LOGIN) for name in names)


def when_handed_out(name: str) -> str:
    """The role that an account has instead, once somebody else set its password."""
    return f"{name}{FIRST_LOGIN}" if name in ACCOUNT_ROLES.values() else name


def when_chosen(name: str) -> str:
    """The role that an account has instead, once its owner chose the password."""
    return name.removesuffix(FIRST_LOGIN)
