"""What differs between two results of a closing: row by row, column by column, and in money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from thidua.errors import NotWell
from thidua.lake.officials import load_version
from thidua.settings import Home

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]

# What is compared, and what names a row in it.
KEYS: dict[str, tuple[str, ...]] = {
    "ranking": ("unit_id",),
    "awards": ("prize_id", "authority_unit_id", "recipient_kind", "unit_id"),
    "persons": ("prize_id", "unit_id", "name"),
}


@dataclass(frozen=True)
class Change:
    """A cell that differs; or a whole row that one side alone has (column '')."""

    table: str
    key: tuple[str, ...]
    column: str
    before: Any
    after: Any

    def record(self) -> dict[str, object]:
        return {
            "table": self.table,
            "key": list(self.key),
            "column": self.column,
            "before": self.before,
            "after": self.after,
        }

    def __str__(self) -> str:
        where = f"{self.table} {' '.join(part for part in self.key if part)}"
        if not self.column:
            return f"{where}: " + ("thêm dòng / row added" if self.before is None else "bớt dòng / row gone")
        return f"{where}, {self.column}: {_shown(self.before)} → {_shown(self.after)}"


def _shown(value: Any) -> str:
    return "–" if value is None else str(value)


def changes_between(before: Tables, after: Tables, tables: Iterable[str] = ("ranking", "awards")) -> list[Change]:
    """Each difference from `before` to `after`, of rows with their own keys; a person is told by the unit alone."""
    changes: list[Change] = []
    for table in tables:
        ours, theirs = _by_key(table, before[table]), _by_key(table, after[table])
        for key in sorted(ours.keys() | theirs.keys()):
            one, other = ours.get(key), theirs.get(key)
            if one is None or other is None:
                changes.append(Change(table, key, "", one and "row", other and "row"))
                continue
            changes += [
                Change(table, key, column, one.get(column), other.get(column))
                for column in sorted(one.keys() | other.keys())
                if one.get(column) != other.get(column)
            ]
    return changes


def _by_key(table: str, rows: Sequence[Row]) -> dict[tuple[str, ...], Row]:
    return {tuple(str(row.get(name) or "") for name in KEYS[table]): row for row in rows}


@dataclass(frozen=True)
class Difference:
    """Two results of one closing, named, with what differs and what each of them pays."""

    before: str
    after: str
    changes: Sequence[Change]
    amount_before: int
    amount_after: int


def paid(awards: Sequence[Row]) -> int:
    return sum(line["amount"] or 0 for line in awards if line["status"] == "awarded")


def compare_versions(home: Home, campaign_id: str, period_id: str, before: int, after: int) -> Difference:
    """What changed from one official version to another."""
    from thidua.closing.compute import plain_rows

    sides = [
        {
            table: plain_rows(load_version(home, campaign_id, period_id, version).rows(table))
            for table in ("ranking", "awards")
        }
        for version in (before, after)
    ]
    return Difference(
        f"v{before}",
        f"v{after}",
        changes_between(*sides),
        *(paid(side["awards"]) for side in sides),
    )


def compare_provisional(home: Home, campaign_id: str, period_id: str, version: int | None = None) -> Difference:
    """What the published provisional figures say otherwise than an official version (None: the latest)."""
    from thidua.closing.compute import OF_CAMPAIGN, OF_PERIOD, plain_rows
    from thidua.closing.earlier import asked_of_persons
    from thidua.closing.official_rows import awards_of, persons_of, ranking_of
    from thidua.lake.decisions import load_decisions
    from thidua.reports.served import open_served

    official = load_version(home, campaign_id, period_id, version)
    decisions = [one for one in load_decisions(home) if one["campaign_id"] == campaign_id]
    with open_served(home) as served:
        marts = {
            mart: plain_rows(served.rows(f"select * from {mart} where campaign_id = $1", [campaign_id]))
            for mart in OF_CAMPAIGN
        }
        marts |= {
            mart: plain_rows(
                served.rows(f"select * from {mart} where campaign_id = $1 and period_id = $2", [campaign_id, period_id])
            )
            for mart in OF_PERIOD
        }
    if not marts["dim_period"]:
        raise NotWell(
            f"kỳ chưa được công bố / {campaign_id} {period_id} is not published; run `thidua build`, `publish`"
        )
    marts |= asked_of_persons(home, campaign_id, period_id, decisions)
    persons = persons_of(marts, decisions, period_id)
    awards = awards_of(marts, decisions, persons, period_id)
    now = {"ranking": ranking_of(marts, awards), "awards": awards}
    then = {table: plain_rows(official.rows(table)) for table in now}
    return Difference(
        f"v{official.version}", "provisional", changes_between(then, now), paid(then["awards"]), paid(awards)
    )
