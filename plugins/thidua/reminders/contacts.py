"""Whom to write to: contacts.csv of a campaign, else of the house (THIDUA_HOME). An office without one gets text only.

They are personal data of staff: they are read where they lie, never copied into the lake, and git ignores them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

from thidua.errors import Problem
from thidua.plan.csvs import OptionalText, Row, read_csv
from thidua.plan.models import Slug
from thidua.settings import Home

FILE_NAME = "contacts.csv"
# What goes into a header must be one plain address: no list, no name, no line break, nothing beyond ASCII.
_ADDRESS = re.compile(r"[A-Za-z0-9_%+-]+(\.[A-Za-z0-9_%+-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


def is_address(text: str) -> bool:
    return _ADDRESS.fullmatch(text) is not None


class ContactRow(Row):
    unit_id: Slug
    name: OptionalText = None
    email: OptionalText = None
    phone: OptionalText = None


Contacts = dict[str, list[ContactRow]]


def load_contacts(
    home: Home, campaigns_dir: Path, campaign_id: str, unit_ids: Collection[str]
) -> tuple[Contacts, list[Problem]]:
    """The contacts by unit, and what is wrong with the others: one bad line keeps nobody else from being written to."""
    own = campaigns_dir / campaign_id / FILE_NAME
    path, label = (own, f"{campaign_id}/{FILE_NAME}") if own.exists() else (home.path / FILE_NAME, FILE_NAME)
    found: Contacts = defaultdict(list)
    problems: list[Problem] = []
    rows: list[ContactRow] = read_csv(path, ContactRow, label, problems) if path.exists() else []
    for row in rows:
        if row.email and not is_address(row.email):
            message = "không phải một địa chỉ thư / is not one e-mail address such as bhxh@example.vn; one row each"
            problems.append(Problem(label, row.line, "email", message))
        elif path == own and row.unit_id not in unit_ids:
            message = f"không có đơn vị / there is no unit '{row.unit_id}'"
            problems.append(Problem(label, row.line, "unit_id", message))
        else:
            found[row.unit_id].append(row)
    return dict(found), problems
