"""What waits for a decision, as the pages show it, and the forms that settle it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from thidua.desk.access import Visitor
from thidua.desk.desk import Desk
from thidua.errors import NotWell
from thidua.lake.decisions import decisions_dir
from thidua.reports.served import Row, current_version
from thidua.review.questions import Question, open_questions


@dataclass(frozen=True)
class Choice:
    """A decision that a form offers. `subject` travels with the form; `decide` checks it as if a stranger had sent it."""

    kind: str
    subject: Mapping[str, Any]
    labels: tuple[str, str]
    asks: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def value(self) -> str:
        chosen = {"kind": self.kind, "subject": dict(self.subject), "asks": list(self.asks)}
        return json.dumps(chosen)  # ASCII: what a file says cannot turn the page


def waiting(desk: Desk, campaign_id: str | None = None) -> list[Question]:
    """The open questions, oldest first; none where nothing is published.

    They are asked again when there is another version, another decision or another minute, and not for every page.
    """
    try:
        version = current_version(desk.home)
    except NotWell:
        return []
    folder = decisions_dir(desk.home)
    decided = frozenset(path.name for path in folder.iterdir()) if folder.is_dir() else frozenset()
    key = (version, decided, desk.now().replace(second=0, microsecond=0))
    if desk.asked.get("key") != key:
        desk.asked.update(key=key, questions=open_questions(desk.home, None, desk.now()))
    questions: list[Question] = desk.asked["questions"]
    return [one for one in questions if campaign_id in (None, one.campaign_id)]


def count_open(desk: Desk) -> dict[str, int]:
    """Per campaign, how many questions wait for somebody here, and not for an office to send something."""
    return Counter(one.campaign_id for one in waiting(desk) if one.waits_for != "office")


def choices_of(question: Question) -> list[Choice]:
    return [Choice(one.kind, one.subject, (one.label_vi, one.label_en), one.asks) for one in question.answers]


def choices_on(desk: Desk, visitor: Visitor, found: Row) -> list[Choice]:
    """The decisions that may be taken on a submission: those that its open questions ask for, and to send it back."""
    if (
        not visitor.decides
        or found["stage"] != "built"
        or visitor.person.belongs_to(found["campaign_id"], found["sender_unit_id"])
    ):
        return []
    choices = [
        choice
        for question in waiting(desk, found["campaign_id"])
        if question.subject.get("submission_id") == found["submission_id"]
        for choice in choices_of(question)
    ]
    subject = {"submission_id": found["submission_id"]}
    if found["outcome"] != "returned" and all(one.kind != "return_submission" for one in choices):
        choices.append(Choice("return_submission", subject, ("Trả lại cho đơn vị", "Return to the office")))
    return choices
