"""Answers of people to the questions of a closing, recorded as decisions in the lake.

An answer is one JSON value; its form follows the question's kind:

| kind | answer | decisions |
|---|---|---|
| `tie` | `{"bao-loc": "first", "di-linh": "second"}`, `none` beyond the ladder | `place_tied` |
| `gate` | `"pass"` or `"fail"` | `gate` |
| `exclusions` | `["di-linh"]`, `[]` for none | `gate` (fail) for each, `settle` |
| `units` | the units that get the prize, `[]` for none | `award` for each, `settle` |
| `persons` | `[{"unit_id": "bao-loc", "name": "…"}]`, `[]` for none | `award_person` for each, `settle` |
| `excluded_persons` | `[{"unit_id": "bao-loc", "name": "…"}]` | `exclude_person` for each, `settle` |
| `open_line` | `"stays_open"` | `settle` |
| `reading` | an option | `choose_reading` |
| `plan_change` | `"accept"`, once by each of two people | `accept_plan` |

Answering again replaces the answer before. The same answer twice, or once more after a kill in between, changes nothing:
what stands already is not recorded again, what is missing is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from thidua.closing.clocks import closing_instant
from thidua.closing.named import AWARD_PERSON, EXCLUDE_PERSON, excluded_persons, plain_name, same_person
from thidua.closing.questions import ACCEPT_PLAN, SETTLE, STAYS_OPEN, Question, accepted_by
from thidua.errors import ThiduaError
from thidua.lake.decisions import Decision, in_force, load_decisions, record_decision
from thidua.settings import Home

Wanted = tuple[str, dict[str, Any]]


def record_answer(
    home: Home,
    campaign_id: str,
    period_id: str,
    question: Question,
    answer: Any,
    *,
    decided_by: str,
    at: datetime,
    reason: str,
    evidence_sha256: str | None = None,
    basis: str | None = None,
) -> list[Decision]:
    """Records an answer and returns its decisions. Raises ThiduaError, saying what is allowed, when it is none.

    `basis`: that of the question as whoever answered was shown it, if that was before; it is what is settled. Where
    the choices have changed since, the question stays open.
    """
    at = closing_instant(home, campaign_id, period_id, at)
    if question.kind == "plan_change":
        _one_of(question, answer, question.choices["results"])
        return [_accept_plan(home, campaign_id, question, decided_by, at, reason)]
    about = {"period_id": period_id}
    known = in_force(decision for decision in load_decisions(home, at) if decision["campaign_id"] == campaign_id)
    wanted = [(kind, {**about, **subject}) for kind, subject in _decisions(question, answer, known, period_id, basis)]
    if question.kind == "reading":
        wanted = [(kind, {key: subject[key] for key in ("reading_id", "option")}) for kind, subject in wanted]
    standing = [decision for decision in known if _is_of(decision, question, period_id)]
    recorded = []
    for kind, subject in wanted:
        same = next((one for one in standing if one["kind"] == kind and _bare(one["subject"]) == subject), None)
        evidence = {"evidence_sha256": evidence_sha256} if evidence_sha256 else {}
        recorded.append(
            same
            or record_decision(
                home,
                campaign_id=campaign_id,
                kind=kind,
                subject={**subject, **evidence},
                decided_by=decided_by,
                recorded_at=at,
                reason=reason,
            )
        )
    kept = {decision["decision_id"] for decision in recorded}
    for decision in standing:
        if decision["decision_id"] not in kept and decision["kind"] != "choose_reading":
            record_decision(
                home,
                campaign_id=campaign_id,
                kind="withdraw_decision",
                subject=about,
                decided_by=decided_by,
                recorded_at=at,
                reason=reason,
                withdraws=decision["decision_id"],
            )
    return recorded


def _accept_plan(
    home: Home, campaign_id: str, question: Question, decided_by: str, at: datetime, reason: str
) -> Decision:
    if decided_by.strip().casefold() in accepted_by(load_decisions(home, at), question.subject["plan_hash"]):
        raise _refused(question, f"{decided_by} has accepted it already", "another person")
    return record_decision(
        home,
        campaign_id=campaign_id,
        kind=ACCEPT_PLAN,
        subject=question.subject,
        decided_by=decided_by,
        recorded_at=at,
        reason=reason,
    )


def _bare(subject: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in subject.items() if key != "evidence_sha256"}


def _decisions(
    question: Question, answer: Any, known: Sequence[Decision], period_id: str, basis: str | None
) -> list[Wanted]:
    """What an answer comes to; raises ThiduaError when it is not allowed."""
    settle: Wanted = (SETTLE, {"question_id": question.question_id, "basis": basis or question.basis})
    subject = question.subject
    if question.kind == "tie":
        return [("place_tied", {"places": _filling(question, answer)})]
    if question.kind == "gate":
        return [("gate", {**subject, "result": _one_of(question, answer, question.choices["results"])})]
    if question.kind == "open_line":
        _one_of(question, answer, [STAYS_OPEN])
        return [settle]
    if question.kind == "reading":
        return [("choose_reading", {**subject, "option": _one_of(question, answer, question.choices["options"])})]
    if question.kind == "exclusions":
        units = _units(question, answer)
        return [*(("gate", {**subject, "unit_id": unit_id, "result": "fail"}) for unit_id in units), settle]
    if question.kind == "units":
        return [*(("award", {**subject, "unit_id": unit_id}) for unit_id in _units(question, answer)), settle]
    persons = _persons(question, answer)
    if question.kind == "excluded_persons":
        return [*((EXCLUDE_PERSON, person) for person in persons), settle]
    _refuse_excluded(question, persons, known, period_id)
    about = {key: value for key, value in subject.items() if key != "unit_id"}
    return [*((AWARD_PERSON, {**about, **person}) for person in persons), settle]


def _is_of(decision: Decision, question: Question, period_id: str) -> bool:
    """Whether a decision in force belongs to an earlier answer to this question."""
    subject, about = decision["subject"], question.subject
    if decision["kind"] == "choose_reading":
        return question.kind == "reading" and subject.get("reading_id") == about["reading_id"]
    if subject.get("period_id") != period_id:
        return False
    if decision["kind"] == SETTLE:
        return bool(subject["question_id"] == question.question_id)
    if question.kind == "tie":
        return decision["kind"] == "place_tied" and bool(sorted(subject["places"]) == about["units"])
    if question.kind in {"gate", "exclusions"}:
        same = all(subject.get(key) == value for key, value in about.items())
        return decision["kind"] == "gate" and same
    if question.kind == "units":
        chosen = (
            subject.get("unit_id") in {*question.choices["units"], *question.strangers}
            or subject.get("authority_unit_id") == about["authority_unit_id"]
        )
        return decision["kind"] == "award" and subject.get("prize_id") == about["prize_id"] and chosen
    if question.kind == "persons":
        same = all(subject.get(key) == value for key, value in about.items())
        return decision["kind"] == AWARD_PERSON and same
    return question.kind == "excluded_persons" and decision["kind"] == EXCLUDE_PERSON


def _refused(question: Question, what: str, allowed: str) -> ThiduaError:
    return ThiduaError(
        f"câu trả lời không hợp lệ / not an answer to {question.question_id}: {what} (allowed: {allowed})"
    )


def _one_of(question: Question, answer: Any, allowed: Sequence[str]) -> str:
    if answer not in allowed:
        raise _refused(question, f"'{answer}'", ", ".join(allowed))
    return str(answer)


def _filling(question: Question, answer: Any) -> dict[str, str | None]:
    units, places = question.choices["units"], question.choices["places"]
    allowed = f"each of {', '.join(units)} one prize, of " + ", ".join(f"{key} × {n}" for key, n in places.items())
    if not isinstance(answer, dict) or sorted(answer) != units:
        raise _refused(question, "it does not name each tied unit once", allowed)
    if Counter(answer.values()) != Counter(places):
        raise _refused(question, "it does not fill each place once", allowed)
    return {unit: None if prize == "none" else prize for unit, prize in answer.items()}


def _units(question: Question, answer: Any) -> list[str]:
    allowed = question.choices["units"]
    places = question.choices.get("places")
    if not isinstance(answer, list) or not all(isinstance(unit, str) for unit in answer):
        raise _refused(question, "not a list of units", f"[] or some of {', '.join(allowed)}")
    if strangers := sorted(set(answer) - set(allowed)):
        raise _refused(question, f"may not be chosen: {', '.join(strangers)}", ", ".join(allowed) or "nobody")
    if places is not None and len(set(answer)) > places:
        raise _refused(question, f"{len(set(answer))} chosen", f"{places} at most")
    return sorted(set(answer))


def _persons(question: Question, answer: Any) -> list[dict[str, str]]:
    units, places = question.choices["units"], question.choices["places"]
    form = '[{"unit_id": …, "name": …}]'
    if not isinstance(answer, list) or not all(isinstance(one, dict) for one in answer):
        raise _refused(question, "not a list of persons", form)
    people: dict[tuple[str, str], dict[str, str]] = {}
    for one in answer:
        name = plain_name(str(one.get("name") or ""))
        if set(one) != {"unit_id", "name"} or not name:
            raise _refused(question, "a person without a name or a unit", form)
        if one["unit_id"] not in units:
            raise _refused(question, f"'{one['unit_id']}' has nobody to name here", ", ".join(units))
        known = question.choices.get("people")
        if known is not None and same_person(one["unit_id"], name) not in {same_person(*person) for person in known}:
            raise _refused(
                question, f"{name} holds none of the prizes that are asked for", "who was awarded one before"
            )
        people[one["unit_id"], name.casefold()] = {"unit_id": one["unit_id"], "name": name}
    if places is not None and len(people) > places:
        raise _refused(question, f"{len(people)} persons", f"{places} at most")
    return [person for _, person in sorted(people.items())]


def _refuse_excluded(
    question: Question, persons: Sequence[Mapping[str, str]], known: Sequence[Decision], period_id: str
) -> None:
    excluded = excluded_persons(known, period_id)
    for person in persons:
        if same_person(person["unit_id"], person["name"]) in excluded:
            raise _refused(question, f"{person['name']} is excluded for quality", "anybody else")
