"""Questions as records that a form can show, and what was answered as a decision."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from thidua.review.questions import Answer, Question

LATER = "Để sau / later"
Record = dict[str, Any]


def form_of(question: Question, unit_names: Mapping[str, str]) -> Record:
    """{question_id, campaign_id, title, body, options: label -> {kind, subject}}: small and plain, for XCom."""
    options: Record = {}
    for answer in question.answers:
        options.update(_options(answer, unit_names))
    unit = [f"{question.unit_name} ({question.unit_id})"] if question.unit_id else []
    lines = [*unit, f"từ / since {question.since:%d/%m/%Y %H:%M}", *question.details]
    return {
        "question_id": question.question_id,
        "campaign_id": question.campaign_id,
        "title": f"{question.campaign_id}: {question.title}",
        "body": "\n\n".join(html.escape(line, quote=False) for line in lines),
        "options": options,
    }


def _options(answer: Answer, unit_names: Mapping[str, str]) -> Record:
    """A button for each way to fill in what the answer asks; without any offer there is none, and the pages serve."""
    label = f"{answer.label_vi} / {answer.label_en}"
    if not answer.asks:
        return {label: {"kind": answer.kind, "subject": dict(answer.subject)}}
    ((name, offered),) = answer.asks.items()
    return {
        f"{label}: {unit_names.get(value, value)} ({value})": {
            "kind": answer.kind,
            "subject": {**answer.subject, name: value},
        }
        for value in offered
    }
