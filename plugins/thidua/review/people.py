"""Who is who: `people.csv` in THIDUA_CAMPAIGNS says which units the users of this installation belong to.

    user_name,role,campaign_id,unit_id,note
    lan,office,my-campaign,di-linh,
    minh,operator,,bao-loc,belongs to that unit in every campaign

One line per user and unit; a blank campaign means every campaign. The file is optional: who is not in it belongs to no
unit, and has the role that Airflow gives.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator

from thidua.errors import PlanError, Problem
from thidua.plan.csvs import OptionalSlug, Row, read_csv
from thidua.plan.models import Text

PEOPLE_FILE = "people.csv"
Role = Literal["office", "viewer", "operator", "admin"]


def _blank_to_none(value: object) -> object:
    return None if value == "" else value


class PersonRow(Row):
    user_name: Text
    role: Annotated[Role | None, BeforeValidator(_blank_to_none)] = None
    campaign_id: OptionalSlug = None
    unit_id: OptionalSlug = None


@dataclass(frozen=True)
class Person:
    """A user. `role` None: the registry does not say. `units`: (campaign or None for every campaign, unit)."""

    user: str
    role: Role | None = None
    units: frozenset[tuple[str | None, str]] = field(default_factory=frozenset)

    def units_of(self, campaign_id: str) -> set[str]:
        """The units that the person belongs to in a campaign."""
        return {unit for campaign, unit in self.units if campaign in (None, campaign_id)}

    def belongs_to(self, campaign_id: str, unit_id: str | None) -> bool:
        return unit_id is not None and unit_id in self.units_of(campaign_id)


def person_of(user_name: str) -> str:
    """Who a login is: `An` and ` an ` are one person."""
    return user_name.strip().casefold()


def person(campaigns_dir: Path, user_name: str) -> Person:
    """What the registry says of a user, however a login spells them. Raises PlanError on a broken people.csv."""
    name = person_of(user_name)
    return next((one for one in people(campaigns_dir).values() if person_of(one.user) == name), Person(user_name))


def people(campaigns_dir: Path) -> dict[str, Person]:
    """Everybody in the registry, by user name. Raises PlanError on a broken people.csv."""
    path = campaigns_dir / PEOPLE_FILE
    if not path.exists():
        return {}
    stat = path.stat()
    return _load(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=8)
def _load(path: Path, mtime_ns: int, size: int) -> dict[str, Person]:
    problems: list[Problem] = []
    rows: list[PersonRow] = read_csv(path, PersonRow, PEOPLE_FILE, problems)
    roles: dict[str, Role | None] = {}
    units: dict[str, set[tuple[str | None, str]]] = defaultdict(set)
    spelled: dict[str, str] = {}
    for row in rows:
        if (other := spelled.setdefault(person_of(row.user_name), row.user_name)) != row.user_name:
            problems.append(
                Problem(PEOPLE_FILE, row.line, "user_name", f"'{row.user_name}' is '{other}' in an earlier line", other)
            )
        known = roles.setdefault(row.user_name, row.role)
        if known != row.role:
            problems.append(
                Problem(PEOPLE_FILE, row.line, "role", f"'{row.user_name}' has another role in an earlier line", known)
            )
        if row.unit_id:
            units[row.user_name].add((row.campaign_id, row.unit_id))
        elif row.role == "office":
            problems.append(Problem(PEOPLE_FILE, row.line, "unit_id", "an office belongs to a unit; write which"))
    if problems:
        raise PlanError(problems)
    return {user: Person(user, role, frozenset(units[user])) for user, role in roles.items()}
