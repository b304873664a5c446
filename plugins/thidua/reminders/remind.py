"""Writes the reminders that are due into the outbox, and sends those with an address. Both may be run again at any time."""

from __future__ import annotations

import smtplib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from thidua.clock import LOCAL
from thidua.errors import PlanError
from thidua.lake.batches import list_batches, read_manifest
from thidua.reminders.contacts import Contacts, load_contacts
from thidua.reminders.custom import load_custom, stage_name
from thidua.reminders.mail import MailServer, connected, email_of
from thidua.reminders.outbox import EMAIL, TEXT, Outbox, held, mark_sent, sent_mark
from thidua.reminders.owed import Message, messages_of
from thidua.reminders.text import ReturnedFile, text_of
from thidua.reports.served import Served, open_served
from thidua.settings import Home
from thidua.slips.judged import Judgements
from thidua.slips.write import slip_of, write_slips


@dataclass(frozen=True)
class Reminder:
    """A message that is due now, whenever it was written. `draft` None: its office has no address."""

    message: Message
    text: str
    text_file: Path
    draft: Path | None
    is_new: bool

    @property
    def is_sent(self) -> bool:
        return self.draft is not None and sent_mark(self.draft).exists()

    def as_record(self) -> dict[str, Any]:
        return {
            "campaign_id": self.message.campaign_id,
            "unit_id": self.message.unit_id,
            "due_at": self.message.due_at.isoformat(),
            "stage": stage_name(self.message.stage),
            "reports": len(self.message.reports),
            "text_file": str(self.text_file),
            "email_file": str(self.draft) if self.draft else None,
            "is_new": self.is_new,
        }


@dataclass
class Due:
    """`troubles`: what keeps somebody from being reminded, or from getting an e-mail."""

    reminders: list[Reminder] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    @property
    def drafts(self) -> list[Path]:
        return [one.draft for one in self.reminders if one.draft and not one.is_sent]


@dataclass
class _Campaign:
    messages: list[Message]
    contacts: Contacts
    how_to_hand_in: str


def remind(
    home: Home, campaigns_dir: Path, now: datetime, campaign: str | None = None, *, dry_run: bool = False
) -> Due:
    """The reminders due at an instant, of one campaign or all; those that are new are written, unless it is a dry run.

    Raises NotWell when nothing is published, ThiduaError on an unknown campaign.
    """
    due = Due()
    with open_served(home) as served:
        if campaign:
            served.check_campaign(campaign)
        found = _campaigns(home, served, campaigns_dir, now, campaign, due.troubles)
    if dry_run:
        due.reminders = _reminders(home, campaigns_dir, now, found, is_dry=True)
    else:
        with held(home):
            due.reminders = _reminders(home, campaigns_dir, now, found, is_dry=False)
    return due


def _campaigns(
    home: Home, served: Served, campaigns_dir: Path, now: datetime, campaign: str | None, troubles: list[str]
) -> list[_Campaign]:
    """One campaign's trouble keeps no other from being reminded."""
    found = []
    behind = _not_built(home, served)
    for row in served.rows("select campaign_id from dim_campaign order by campaign_id"):
        campaign_id = row["campaign_id"]
        if campaign and campaign_id != campaign:
            continue
        try:
            custom = load_custom(campaigns_dir, campaign_id)
        except PlanError as error:
            troubles.append(error.message)
            continue
        messages = messages_of(served, campaign_id, custom, now.astimezone(LOCAL).date())
        if not messages:
            continue
        if campaign_id in behind:
            troubles.append(
                f"{campaign_id}: có tệp đã nhận mà chưa vào bảng công bố, nên chưa nhắc ai; chạy build_warehouse rồi chạy "
                "lại / files were taken in that are not published yet, so nobody is reminded; build, then run this again"
            )
            continue
        units = served.rows("select unit_id from dim_unit where campaign_id = $1", [campaign_id])
        contacts, problems = load_contacts(home, campaigns_dir, campaign_id, {unit["unit_id"] for unit in units})
        troubles += [text for text in map(str, problems) if text not in troubles]
        found.append(_Campaign(messages, contacts, custom.how_to_hand_in))
    return found


def _not_built(home: Home, served: Served) -> set[str]:
    """Campaigns with files that ingest has committed and the published tables do not know: their office has sent."""
    known = {row["submission_id"] for row in served.rows("select submission_id from fct_submission")}
    return {
        outcome["landing_path"].split("/")[0]
        for batch in list_batches(home)
        for submission_id, outcome in read_manifest(batch)["outcomes"].items()
        if submission_id not in known
    }


def _reminders(
    home: Home, campaigns_dir: Path, now: datetime, found: list[_Campaign], *, is_dry: bool
) -> list[Reminder]:
    outbox = Outbox(home, now.astimezone(LOCAL).date())
    new = [message for one in found for message in one.messages if not outbox.has(message.file_stem)]
    files = _returned_files(home, campaigns_dir, new, is_dry=is_dry)
    reminders = []
    for campaign in found:
        for message in campaign.messages:
            stem, is_new = message.file_stem, not outbox.has(message.file_stem)
            text_file = outbox.path(stem, TEXT)
            text = text_of(message, files, campaign.how_to_hand_in) if is_new else text_file.read_text(encoding="utf-8")
            # Also where the text was there: a kill came between the two, or the address is another one.
            draft = email_of(message, text, campaign.contacts.get(message.unit_id, []))
            if is_dry:
                draft_file = outbox.path(stem, EMAIL) if draft else None
            else:
                outbox.put(stem, text)
                draft_file = outbox.put_email(stem, draft)
            reminders.append(Reminder(message, text, text_file, draft_file, is_new))
    return reminders


def _returned_files(
    home: Home, campaigns_dir: Path, messages: Collection[Message], *, is_dry: bool
) -> dict[str, ReturnedFile]:
    """What was wrong with the files that these messages speak of; their slips are written if they are not there yet."""
    ids = {report.submission_id for message in messages for report in message.reports if report.submission_id}
    if not ids:
        return {}
    judgements = Judgements(home, ids)
    if not is_dry:
        write_slips(home, campaigns_dir, ids)
    return {
        judged.submission_id: ReturnedFile(judged, slip_of(home, judged).workbook.name)
        for judged in judgements.with_faults(judgements.submissions)
    }


@dataclass(frozen=True)
class Sent:
    sent: int
    troubles: list[str]


def send(home: Home, drafts: Sequence[Path], server: MailServer, now: datetime) -> Sent:
    """Sends the drafts that were not sent yet. What one server or address refuses keeps no other message back."""
    taken, troubles = 0, []
    with held(home):
        waiting = [draft for draft in drafts if not sent_mark(draft).exists()]
        if not waiting:
            return Sent(0, [])
        try:
            with connected(server) as mailer:
                for draft in waiting:
                    try:
                        answer = mailer.send(draft.read_bytes(), now)
                    except smtplib.SMTPServerDisconnected:
                        raise
                    except smtplib.SMTPException as error:
                        troubles.append(f"{draft.name}: máy chủ thư không nhận / not taken: {error}")
                        continue
                    mark_sent(draft, answer, now)
                    taken += 1
                    troubles += [f"{draft.name}: địa chỉ bị từ chối / address refused: {to}" for to in answer.refused]
        except (smtplib.SMTPException, OSError) as error:
            left = sum(not sent_mark(draft).exists() for draft in waiting)
            troubles.append(
                f"còn {left} thư chưa gửi được; {server.host}:{server.port}: {error}; chạy lại sẽ gửi tiếp / messages are "
                "not sent yet, run it again"
            )
    return Sent(taken, troubles)
