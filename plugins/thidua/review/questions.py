"""What waits for a decision, oldest first: read from the published marts, so that it never waits for a build."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from thidua.clock import now_utc
from thidua.errors import NotWell
from thidua.intake.contracts import known_export_types, load_contract
from thidua.lake.decisions import Decision, in_force, load_decisions
from thidua.lake.judgements import judgements, wanted
from thidua.plan.registry import fold, same_name_keys, similar
from thidua.reports.served import Row, Served, open_served
from thidua.reports.status import OPEN_RETURNED
from thidua.review.facts import waivable_rules
from thidua.settings import Home

_SHOWN_FAULTS = 5
_SUGGESTED = 8


@dataclass(frozen=True)
class Answer:
    """A decision that would settle the question. `asks`: fields of the subject still to be filled -> what is offered."""

    kind: str
    subject: Mapping[str, Any]
    label_vi: str
    label_en: str
    asks: Mapping[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """`question_id` is the same as long as the same thing is open. `waits_for`: operator, office or council."""

    question_id: str
    kind: str
    campaign_id: str
    subject: Mapping[str, Any]
    unit_id: str | None
    unit_name: str | None
    since: datetime
    title_vi: str
    title_en: str
    waits_for: str = "operator"
    details: tuple[str, ...] = ()
    answers: tuple[Answer, ...] = ()

    @property
    def title(self) -> str:
        return f"{self.title_vi} / {self.title_en}"


def question_id_of(kind: str, campaign_id: str, subject: Mapping[str, Any]) -> str:
    content = json.dumps([kind, campaign_id, dict(subject)], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def open_questions(home: Home, campaign_id: str | None = None, now: datetime | None = None) -> list[Question]:
    """All that waits, oldest first; of one campaign or of all. Raises NotWell when nothing is published yet.

    What was decided since the last build is left out: the next one shows whether it is settled.
    """
    with open_served(home) as served:
        if campaign_id:
            served.check_campaign(campaign_id)
        asked = _Asked(served, campaign_id, now or now_utc())
        decisions = load_decisions(home)
        unbuilt = _unbuilt(served, decisions)
        files = _files_touched(home, unbuilt)
        found = [
            question
            for question in asked.all(in_force(decisions))
            if question.subject.get("submission_id") not in files and not _is_touched(question, unbuilt)
        ]
    return sorted(found, key=lambda question: (question.since, question.campaign_id, question.question_id))


def find_question(home: Home, question_id: str, now: datetime | None = None) -> Question | None:
    """The open question with this id; None: it is settled, or never was."""
    return next((one for one in open_questions(home, None, now) if one.question_id == question_id), None)


def unbuilt_decisions(home: Home) -> list[Decision]:
    """What people decided since the published build; nothing while none is published."""
    try:
        with open_served(home) as served:
            return _unbuilt(served, load_decisions(home))
    except NotWell:
        return []


def _unbuilt(served: Served, decisions: list[Decision]) -> list[Decision]:
    built = {row["decision_id"] for row in served.rows("select decision_id from fct_decision")}
    return [one for one in decisions if one["decision_id"] not in built]


def _files_touched(home: Home, unbuilt: list[Decision]) -> set[str]:
    """The files that are to be judged again, or were since the last build."""
    if not unbuilt:
        return set()
    ids = {one["decision_id"] for one in unbuilt}
    again = {name for name, some in judgements(home).items() if some[-1].decisions & ids}
    return again | {one.receipt.submission_id for one in wanted(home)}


def _is_touched(question: Question, decisions: Iterable[Decision]) -> bool:
    """Whether somebody has decided on the question's subject meanwhile."""
    for decision in decisions:
        subject = decision["subject"]
        if decision["campaign_id"] != question.campaign_id:
            continue
        file = question.subject.get("submission_id")
        if file and file in (subject.get("submission_ids") or [subject.get("submission_id")]):
            return True
        name = question.subject.get("name")
        if name and decision["kind"] == "name_unit" and _same_name(name, subject["name"]):
            return True
        if not file and not name and question.subject.items() <= subject.items():
            return True
    return False


def _same_name(one: str, other: str) -> bool:
    return bool(set(same_name_keys(one)) & set(same_name_keys(other)))


class _Asked:
    """The questions of one published version, kind by kind."""

    def __init__(self, served: Served, campaign_id: str | None, now: datetime) -> None:
        self._served = served
        self._campaign_id = campaign_id
        self._now = now
        rows = self._rows("select campaign_id, unit_id, name from dim_unit where $1 is null or campaign_id = $1")
        self._names: dict[str, dict[str, str]] = {}
        for row in rows:
            self._names.setdefault(row["campaign_id"], {})[row["unit_id"]] = row["name"]

    def all(self, decisions: Iterable[Decision]) -> list[Question]:
        decided = list(decisions)
        returned = list(self._returned_files())
        files = {str(question.subject["submission_id"]) for question in returned}
        return [
            *returned,
            *self._faults(files, decided),
            *self._unknown_names(files, decided),
            *self._missing_reports(),
            *self._gates(),
            *self._ties(),
            *self._pools(),
        ]

    def _rows(self, sql: str, *more: Any) -> list[Row]:
        return self._served.rows(sql, [self._campaign_id, *more])

    def _ask(self, kind: str, row: Row, subject: dict[str, Any], since: datetime, **more: Any) -> Question:
        campaign, unit = row["campaign_id"], row.get("unit_id")
        name = self._names.get(campaign, {}).get(unit) if unit else None
        return Question(question_id_of(kind, campaign, subject), kind, campaign, subject, unit, name, since, **more)

    def _returned_files(self) -> Iterator[Question]:
        faults = self._rows(
            """
            select submission_id, rule_id, severity, sheet, line_number, message
            from fct_rejected_row
            where ($1 is null or campaign_id = $1) and severity <> 'warning'
            order by submission_id, severity <> 'critical', line_number nulls first, rule_id
            """
        )
        by_file: dict[str, list[Row]] = {}
        for fault in faults:
            by_file.setdefault(fault["submission_id"], []).append(fault)
        for row in self._rows(OPEN_RETURNED):
            own = by_file.get(row["submission_id"], [])
            subject = {"submission_id": row["submission_id"]}
            waivable = waivable_rules(row["export_type"])
            rules = list(dict.fromkeys(fault["rule_id"] for fault in own))
            answers = [
                Answer(
                    "waive",
                    {**subject, "rule_id": rule},
                    f"Chấp nhận '{rule}' có lý do",
                    f"Accept '{rule}' with a reason",
                )
                for rule in rules
                if rule in waivable
            ]
            answers += [
                Answer(
                    "exclude_row",
                    {**subject, "sheet": fault["sheet"], "line_number": fault["line_number"]},
                    f"Loại dòng {fault['line_number']}",
                    f"Exclude row {fault['line_number']}",
                )
                for fault in own[:_SHOWN_FAULTS]
                if fault["line_number"] is not None and fault["rule_id"] not in waivable
            ]
            answers.append(Answer("rejudge", {"submission_ids": [row["submission_id"]]}, "Xét lại", "Judge again"))
            by_people = {"returned_by_decision"} & set(rules)
            yield self._ask(
                "returned_file",
                {**row, "unit_id": row["sender_unit_id"]},
                subject,
                row["received_at"],
                title_vi=f"Tệp bị trả lại, chưa nộp lại: {row['landing_path']}",
                title_en="returned and not sent again yet",
                waits_for="office" if by_people or not any(one.kind == "waive" for one in answers) else "operator",
                details=tuple(dict.fromkeys(fault["message"] for fault in own))[:_SHOWN_FAULTS],
                answers=() if by_people else tuple(answers),
            )

    def _faults(self, asked_already: set[str], decisions: list[Decision]) -> Iterator[Question]:
        """What was accepted only in part, or with a warning, that a person may accept: such as a stale resend."""
        waived = {
            (one["subject"]["submission_id"], one["subject"]["rule_id"]) for one in decisions if one["kind"] == "waive"
        }
        rows = self._rows(
            """
            select
                faults.campaign_id, faults.export_type, faults.submission_id, faults.rule_id, submissions.landing_path,
                submissions.received_at, coalesce(submissions.sender_unit_id, min(faults.unit_id)) as unit_id,
                count(*) as found, min(faults.message) as message
            from fct_rejected_row as faults
            inner join fct_submission as submissions using (submission_id)
            where ($1 is null or faults.campaign_id = $1) and submissions.outcome <> 'duplicate'
            group by 1, 2, 3, 4, 5, 6, submissions.sender_unit_id
            """
        )
        for row in rows:
            key = (row["submission_id"], row["rule_id"])
            if key in waived or row["submission_id"] in asked_already:
                continue
            if row["rule_id"] not in waivable_rules(row["export_type"]):
                continue
            subject = {"submission_id": row["submission_id"], "rule_id": row["rule_id"]}
            file = {"submission_id": row["submission_id"]}
            yield self._ask(
                "fault",
                row,
                subject,
                row["received_at"],
                title_vi=f"Cần xem '{row['rule_id']}' ({row['found']} dòng): {row['landing_path']}",
                title_en=f"'{row['rule_id']}' to be looked at",
                details=(row["message"],),
                answers=(
                    Answer("waive", subject, "Chấp nhận có lý do", "Accept with a reason"),
                    Answer("return_submission", file, "Trả lại cho đơn vị", "Return to the office"),
                ),
            )

    def _unknown_names(self, open_files: set[str], decisions: list[Decision]) -> Iterator[Question]:
        decided = [one for one in decisions if one["kind"] == "name_unit"]
        rows = self._rows(
            """
            select
                faults.campaign_id, faults.export_type, faults.rule_id, faults.value, faults.submission_id,
                submissions.landing_path, submissions.received_at, submissions.outcome,
                exists(
                    select 1 from fct_submission as later
                    where
                        later.campaign_id = submissions.campaign_id and later.export_type = submissions.export_type
                        and later.outcome = 'accepted' and later.received_at > submissions.received_at
                        and (
                            later.sender_unit_id = submissions.sender_unit_id
                            or later.landing_path = submissions.landing_path
                        )
                ) as is_mended
            from fct_rejected_row as faults
            inner join fct_submission as submissions using (submission_id)
            where
                ($1 is null or faults.campaign_id = $1) and faults.value <> ''
                and (suffix(faults.rule_id, '_unknown') or suffix(faults.rule_id, '_ambiguous'))
            order by submissions.received_at, faults.submission_id, faults.line_number
            """
        )
        by_name: dict[tuple[str, str], list[Row]] = {}
        for row in rows:
            is_open = row["submission_id"] in open_files or (row["outcome"] != "returned" and not row["is_mended"])
            if is_open and row["rule_id"] in _unit_rules(row["export_type"]):
                by_name.setdefault((row["campaign_id"], same_name_keys(row["value"])[-1][1]), []).append(row)
        for (campaign_id, _), some in by_name.items():
            name = some[0]["value"]
            if any(one["campaign_id"] == campaign_id and _same_name(name, one["subject"]["name"]) for one in decided):
                continue
            yield self._ask(
                "unknown_name",
                some[0],
                {"name": name},
                some[0]["received_at"],
                title_vi=f"Tên đơn vị chưa nhận ra: '{name}'",
                title_en="which unit does this name mean?",
                details=tuple(dict.fromkeys(row["landing_path"] for row in some))[:_SHOWN_FAULTS],
                answers=(
                    Answer(
                        "name_unit",
                        {"name": name},
                        "Đây là đơn vị",
                        "It is this unit",
                        {"unit_id": self._candidates(campaign_id, name)},
                    ),
                ),
            )

    def _candidates(self, campaign_id: str, name: str) -> list[str]:
        """Units whose names look like it, the closest first."""
        names = {text: unit for unit, text in self._names.get(campaign_id, {}).items()}
        words = set(fold(name).split())
        sharing = sorted(names, key=lambda text: (-len(words & set(fold(text).split())), text))
        close = similar(name, names, _SUGGESTED) + [text for text in sharing if words & set(fold(text).split())]
        return list(dict.fromkeys(names[text] for text in close))[:_SUGGESTED]

    def _missing_reports(self) -> Iterator[Question]:
        rows = self._rows(
            """
            select campaign_id, period_id, export_type, from_unit_id as unit_id, due_at
            from fct_reporting
            where ($1 is null or campaign_id = $1) and status = 'missing'
            """
        )
        for row in rows:
            subject = {name: row[name] for name in ("period_id", "export_type", "unit_id")}
            yield self._ask(
                "missing_report",
                row,
                subject,
                row["due_at"],
                title_vi=f"Chưa nộp báo cáo '{row['export_type']}' kỳ {row['period_id']}",
                title_en="the report is missing",
                waits_for="office",
                answers=(Answer("excuse_report", subject, "Miễn báo cáo này", "Excuse this report"),),
            )

    def _gates(self) -> Iterator[Question]:
        rows = self._rows(
            """
            select gates.campaign_id, gates.period_id, gates.unit_id, gates.gate_id, gates.clause, periods.cutoff_at
            from fct_gate_result as gates
            inner join dim_period as periods using (campaign_id, period_id)
            where
                ($1 is null or gates.campaign_id = $1) and gates.kind = 'decision' and gates.result = 'undecided'
                and periods.cutoff_at <= $2
            """,
            self._now,
        )
        for row in rows:
            subject = {name: row[name] for name in ("period_id", "gate_id", "unit_id")}
            yield self._ask(
                "gate",
                row,
                subject,
                row["cutoff_at"],
                title_vi=f"Xét điều kiện '{row['gate_id']}' kỳ {row['period_id']}",
                title_en="a gate awaits a decision",
                details=(f"Điều / clause {row['clause']}",),
                answers=(
                    Answer("gate", {**subject, "result": "pass"}, "Đạt", "Pass"),
                    Answer("gate", {**subject, "result": "fail"}, "Không đạt", "Fail"),
                ),
            )

    def _ties(self) -> Iterator[Question]:
        rows = self._rows(
            """
            select
                awards.campaign_id, awards.period_id, awards.bloc_id, awards.prize_id, periods.cutoff_at,
                list(awards.unit_id order by awards.unit_id) as units
            from fct_award as awards
            inner join dim_period as periods using (campaign_id, period_id)
            where
                ($1 is null or awards.campaign_id = $1) and awards.status = 'undecided' and awards.status_reason = 'tie'
                and awards.recipient_kind = 'unit' and awards.unit_id is not null and periods.cutoff_at <= $2
            group by 1, 2, 3, 4, 5
            """,
            self._now,
        )
        for row in rows:
            names = self._names.get(row["campaign_id"], {})
            yield self._ask(
                "tie",
                row,
                {name: row[name] for name in ("period_id", "bloc_id", "prize_id")},
                row["cutoff_at"],
                title_vi=f"Đồng hạng ở giải '{row['prize_id']}' kỳ {row['period_id']}",
                title_en="a tie that the council decides",
                waits_for="council",
                details=tuple(f"{names.get(unit, unit)} ({unit})" for unit in row["units"]),
            )

    def _pools(self) -> Iterator[Question]:
        """Prizes by decision whose places are not all given, and known: a share of a list needs the list."""
        rows = self._rows(
            """
            select
                awards.campaign_id, awards.period_id, awards.prize_id, awards.authority_unit_id, awards.places,
                periods.cutoff_at,
                list(candidates.unit_id order by candidates.unit_id)
                    filter (not candidates.is_awarded and candidates.result = 'pass') as candidates,
                count(*) filter (candidates.is_awarded) as awarded
            from fct_award as awards
            inner join dim_period as periods using (campaign_id, period_id)
            inner join fct_unit_candidate as candidates
                on
                    awards.campaign_id = candidates.campaign_id and awards.period_id = candidates.period_id
                    and awards.prize_id = candidates.prize_id
                    and awards.authority_unit_id is not distinct from candidates.authority_unit_id
            where
                ($1 is null or awards.campaign_id = $1) and awards.unit_id is null and awards.recipient_kind = 'unit'
                and awards.status_reason <> 'no_participants' and periods.cutoff_at <= $2
            group by 1, 2, 3, 4, 5, 6
            """,
            self._now,
        )
        for row in rows:
            if not row["candidates"] or row["awarded"] >= (row["places"] if row["places"] is not None else 1):
                continue
            subject = {name: row[name] for name in ("period_id", "prize_id")}
            yield self._ask(
                "award",
                {**row, "unit_id": row["authority_unit_id"]},
                {**subject, "authority_unit_id": row["authority_unit_id"]},
                row["cutoff_at"],
                title_vi=f"Xét tặng '{row['prize_id']}' kỳ {row['period_id']}",
                title_en="a prize that the council gives",
                waits_for="council",
                answers=(Answer("award", subject, "Trao cho", "Award to", {"unit_id": row["candidates"]}),),
            )


def _unit_rules(export_type: str) -> set[str]:
    """The rules of an export type that say that a text is no unit, or no single one."""
    contract = load_contract(export_type) if export_type in known_export_types() else None
    keys = [contract.key_of(column) for column in contract.of_role("unit")] if contract else []
    return {f"{key}_{end}" for key in keys for end in ("unknown", "ambiguous")}
