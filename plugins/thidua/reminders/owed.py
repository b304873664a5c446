"""What offices owe, from the published marts: reports that did not come, or came and were returned."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from thidua.clock import LOCAL
from thidua.reminders.custom import Custom, stage_name
from thidua.reports.served import Row, Served
from thidua.reports.status import OPEN_RETURNED

# What came, in time or late, and what is excused is owed no more. `not_due` and `missing` differ by the build's clock;
# here the reminder's own decides.
_OWED = """
select
    reporting.campaign_id, reporting.period_id, reporting.export_type, reporting.from_unit_id, reporting.due_at,
    reporting.status, reporting.submission_id,
    dim_campaign.title, dim_campaign.issued_by, dim_period.name as period_name, dim_period.closing_date,
    dim_report_due.clause, receiver.name as receiver_name
from fct_reporting as reporting
inner join dim_campaign on reporting.campaign_id = dim_campaign.campaign_id
inner join dim_period
    on reporting.campaign_id = dim_period.campaign_id and reporting.period_id = dim_period.period_id
left join dim_report_due
    on
        reporting.campaign_id = dim_report_due.campaign_id
        and reporting.period_id = dim_report_due.period_id
        and reporting.export_type = dim_report_due.export_type
        and reporting.from_unit_id = dim_report_due.from_unit_id
left join dim_unit as receiver
    on reporting.campaign_id = receiver.campaign_id and reporting.to_unit_id = receiver.unit_id
where
    reporting.status in ('missing', 'not_due', 'returned')
    and reporting.campaign_id = $1
order by reporting.due_at, reporting.period_id, reporting.export_type, reporting.from_unit_id
"""


@dataclass(frozen=True)
class Report:
    """A report owed. `submission_id`: the file that was returned and not sent again, None: nothing came."""

    period_id: str
    period_name: str
    closing_date: date
    export_type: str
    unit_id: str
    unit_name: str
    receiver_name: str | None
    clause: str | None
    submission_id: str | None


@dataclass(frozen=True)
class Message:
    """What one office is told at one stage of one due date. Another state (one report less, a file returned) is
    another message."""

    campaign_id: str
    title: str
    issued_by: str
    unit_id: str
    unit_name: str
    due_at: datetime
    stage: int
    reports: tuple[Report, ...]

    @property
    def last_day(self) -> date:
        return last_day_of(self.due_at)

    @property
    def key(self) -> str:
        """A hash of who is told what: the same for whoever finds the same state."""
        state = [[r.period_id, r.export_type, r.unit_id, r.submission_id] for r in self.reports]
        due_at = self.due_at.astimezone(UTC).isoformat()
        whole = [self.campaign_id, self.unit_id, due_at, self.stage, state]
        return hashlib.sha256(json.dumps(whole).encode()).hexdigest()

    @property
    def file_stem(self) -> str:
        name = [self.campaign_id, self.unit_id, self.last_day.isoformat(), stage_name(self.stage), self.key[:10]]
        return "_".join(name)


def last_day_of(due_at: datetime) -> date:
    """The last local day on which a report is in time; `due_at` is the first instant that is too late."""
    return (due_at.astimezone(LOCAL) - timedelta(microseconds=1)).date()


def messages_of(served: Served, campaign_id: str, custom: Custom, today: date) -> list[Message]:
    """A message for each office and due date of a campaign whose stage is reached on this day."""
    units = {row["unit_id"]: row for row in served.rows("select * from dim_unit where campaign_id = $1", [campaign_id])}
    rows = []
    for row in served.rows(_OWED, [campaign_id]):
        row["stage"] = custom.stage_on(today, last_day_of(row["due_at"]))
        if row["stage"] is not None and _is_there(units, row["from_unit_id"], today):
            rows.append(row)
    _name_returned_files(served, campaign_id, rows)
    for row in rows:
        row["addressee"] = _addressee(row, units, today)

    def place(row: Row) -> tuple[str, datetime, int]:
        return row["addressee"], row["due_at"], row["stage"]

    messages = []
    for (unit_id, due_at, stage), group in groupby(sorted(rows, key=place), key=place):
        found = list(group)
        reports = tuple(_report(row, units) for row in found)
        title, issued_by = found[0]["title"], found[0]["issued_by"]
        name = units[unit_id]["name"]
        messages.append(Message(campaign_id, title, issued_by, unit_id, name, due_at, stage, reports))
    return messages


def _is_there(units: Mapping[str, Row], unit_id: str, today: date) -> bool:
    unit = units.get(unit_id)
    return unit is not None and (unit["valid_through"] is None or unit["valid_through"] >= today)


def _name_returned_files(served: Served, campaign_id: str, rows: list[Row]) -> None:
    """Sets `submission_id` and `sender_unit_id` of the file that came back.

    A file in which no unit and day could be read answers no report; it counts for what its sender still owes.
    """
    unreadable: dict[tuple[str, str], Row] = {}
    returned = served.rows(OPEN_RETURNED, [campaign_id])
    ids = [row["submission_id"] for row in returned]
    placed = served.rows(
        "select distinct submission_id from fct_submission_scope where list_contains($1::varchar[], submission_id)",
        [ids],
    )
    has_place = {row["submission_id"] for row in placed}
    for row in returned:  # in order of their receipt, so that the latest stays
        if row["submission_id"] not in has_place and row["sender_unit_id"]:
            unreadable[row["export_type"], row["sender_unit_id"]] = row
    answers = [row["submission_id"] for row in rows if row["status"] == "returned"]
    senders = served.rows(
        "select submission_id, sender_unit_id from fct_submission where list_contains($1::varchar[], submission_id)",
        [answers],
    )
    sender_of = {row["submission_id"]: row["sender_unit_id"] for row in senders}
    for row in rows:
        file = None if row["status"] == "returned" else unreadable.get((row["export_type"], row["from_unit_id"]))
        if file:
            row["submission_id"], row["sender_unit_id"] = file["submission_id"], file["sender_unit_id"]
        else:
            row["sender_unit_id"] = sender_of.get(row["submission_id"])


def _addressee(row: Row, units: Mapping[str, Row], today: date) -> str:
    """Who has to mend it: the unit that sent the file for those below it, else the unit that reports."""
    sender: str | None = row["sender_unit_id"]
    above: str | None = row["from_unit_id"]
    while above and above != sender:
        above = units[above]["parent_unit_id"] if above in units else None
    return sender if sender and above and _is_there(units, sender, today) else row["from_unit_id"]


def _report(row: Row, units: Mapping[str, Row]) -> Report:
    return Report(
        row["period_id"],
        row["period_name"],
        row["closing_date"],
        row["export_type"],
        row["from_unit_id"],
        units[row["from_unit_id"]]["name"],
        row["receiver_name"],
        row["clause"],
        row["submission_id"],
    )
