"""Who may do what: a visitor's role and units, and the dependencies by which each route says whom it is for.

Airflow's login says who it is and what is the most they may do; the registry of people says which unit they belong to.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request

from thidua.errors import PlanError
from thidua.intake.campaigns import load_facts
from thidua.review.people import Person, person


class Role(StrEnum):
    """From the least to the most."""

    OFFICE = "office"
    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


EVERYBODY = frozenset(Role)
READERS = frozenset({Role.VIEWER, Role.OPERATOR, Role.ADMIN})
SENDERS = frozenset({Role.OFFICE, Role.OPERATOR, Role.ADMIN})
DECIDERS = frozenset({Role.OPERATOR, Role.ADMIN})
ADMINS = frozenset({Role.ADMIN})
_RANKS = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True)
class Visitor:
    """Who looks at a page. An office sees its own units and what is below them, everybody else sees all."""

    user: str
    role: Role
    person: Person
    campaigns_dir: Path

    @property
    def is_office(self) -> bool:
        return self.role is Role.OFFICE

    @property
    def decides(self) -> bool:
        return self.role in DECIDERS

    def units_in(self, campaign_id: str) -> set[str] | None:
        """The units whose reports the visitor may see in a campaign; None: all of them."""
        if not self.is_office:
            return None
        own = self.person.units_of(campaign_id)
        try:
            facts = load_facts(self.campaigns_dir, campaign_id) if own else None
        except PlanError:
            facts = None  # its units stay theirs while the plan is being mended
        if facts is None:
            return own
        return {below for unit_id in own & facts.units.keys() for below in facts.family_of(unit_id)}

    def sees(self, campaign_id: str, unit_id: str | None) -> bool:
        units = self.units_in(campaign_id)
        return units is None or unit_id in units


def visitor_of(user: str, granted: Role | None, campaigns_dir: Path) -> Visitor:
    """`granted`: what the login gives, None: nothing. Raises HTTPException 403 for who is nobody here."""
    found = person(campaigns_dir, user)
    role = granted
    if found.role and granted and _RANKS[Role(found.role)] < _RANKS[granted]:
        role = Role(found.role)
    if found.units and role in (None, Role.VIEWER) and found.role != "viewer":
        role = Role.OFFICE
    if role is None or (role is Role.OFFICE and not found.units):
        raise HTTPException(403, "Tài khoản chưa được gán đơn vị / this login belongs to no unit; see people.csv")
    return Visitor(user, role, found, campaigns_dir)


def current_visitor(request: Request) -> Visitor:
    """Replaced by the app with the login of Airflow; whoever forgets that lets nobody in."""
    raise HTTPException(401, "Hãy đăng nhập / please log in")


CurrentVisitor = Annotated[Visitor, Depends(current_visitor)]


def only(roles: frozenset[Role]) -> Any:
    """The dependency of a route that is for these roles alone."""

    def check(request: Request, visitor: CurrentVisitor) -> Visitor:
        request.state.desk_visitor = visitor  # for the page that says no
        if visitor.role not in roles:
            raise HTTPException(403, "Tài khoản này không được làm việc đó / this login may not do that")
        return visitor

    check.roles = roles  # type: ignore[attr-defined]  # read by the test that enumerates all routes
    return Depends(check)
