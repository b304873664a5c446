"""The kinds of decisions: what each is about, what may be decided once, and what must hold before it is recorded."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from thidua.errors import ThiduaError
from thidua.plan.models import DecisionAward, DecisionGate, Slug, Text
from thidua.plan.registry import same_name_keys
from thidua.reports.served import check_known
from thidua.review.facts import Facts, waivable_rules

SubmissionId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class Subject(BaseModel):
    """What a decision is about. Two decisions with equal `key` and of one `group` are about the same thing.

    `judges_again`: the file is taken from its raw bytes again; the others take effect in the next build.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
    title: ClassVar[tuple[str, str]]
    group: ClassVar[str] = ""
    is_repeatable: ClassVar[bool] = False

    @property
    @abstractmethod
    def key(self) -> tuple[Any, ...]: ...

    @property
    def judges_again(self) -> bool:
        return False

    def check(self, facts: Facts) -> None:
        """Raises ThiduaError where the subject does not exist or may not be decided this way."""

    def units(self, facts: Facts) -> set[str]:
        """The units that the decision is about; nobody decides on their own."""
        return set()


class _OfSubmission(Subject):
    submission_id: SubmissionId

    @property
    def key(self) -> tuple[Any, ...]:
        return (self.submission_id,)

    def check(self, facts: Facts) -> None:
        facts.judgement(self.submission_id)

    def units(self, facts: Facts) -> set[str]:
        return facts.units_of(self.submission_id)


class _TakesOut(_OfSubmission):
    group: ClassVar[str] = "takes_out"

    def check(self, facts: Facts) -> None:
        if facts.judgement(self.submission_id).outcome.get("verdict") == "returned":
            raise ThiduaError(
                f"tệp {facts.receipt(self.submission_id).file_name} đã bị trả lại / the file is returned already; "
                "only what was accepted can be sent back or withdrawn"
            )


class ReturnSubmission(_TakesOut):
    """Sends an accepted file back to its office, with the reason on its slip."""

    title = ("Trả lại cho đơn vị", "Return to the office")


class WithdrawSubmission(_TakesOut):
    title = ("Rút bài nộp", "Withdraw the file")


class Waive(_OfSubmission):
    """Accepts a fault of a file with a reason."""

    title = ("Chấp nhận có lý do", "Accept with a reason")
    rule_id: Slug

    @property
    def key(self) -> tuple[Any, ...]:
        return (self.submission_id, self.rule_id)

    @property
    def judges_again(self) -> bool:
        from thidua.intake.suites import built_rules

        return self.rule_id not in {rule.rule for rule in built_rules()}

    def check(self, facts: Facts) -> None:
        found = facts.broken_rules(self.submission_id)
        if self.rule_id not in found:
            raise ThiduaError(
                f"tệp không có lỗi '{self.rule_id}' / the file does not break this rule "
                f"(it breaks: {', '.join(sorted(found)) or 'none'}; faults of the build show after `thidua publish`)"
            )
        allowed = waivable_rules(facts.receipt(self.submission_id).export_type)
        if self.rule_id not in allowed:
            raise ThiduaError(
                f"không được chấp nhận ngoại lệ cho '{self.rule_id}' / the contract does not allow to waive it "
                f"(waivable: {', '.join(sorted(allowed)) or 'none'}); exclude the row, or return the file"
            )


class ExcludeRow(_OfSubmission):
    """Judges a file as if one of its rows were not there."""

    title = ("Loại một dòng", "Exclude a row")
    sheet: str | None = None
    line_number: Annotated[int, Field(ge=1)]

    @property
    def key(self) -> tuple[Any, ...]:
        return (self.submission_id, self.sheet, self.line_number)

    @property
    def judges_again(self) -> bool:
        return True

    def check(self, facts: Facts) -> None:
        rows = facts.rows_of(self.submission_id)
        if (self.sheet, self.line_number) not in rows:
            sheets = sorted({sheet or "-" for sheet, _ in rows})
            raise ThiduaError(
                f"tệp không có dòng {self.line_number} của trang tính '{self.sheet or '-'}' / "
                f"the file has no such row that counts (sheets: {', '.join(sheets) or 'none'})"
            )


class NameUnit(Subject):
    """Says which unit an unknown or ambiguous name means, for all files of the campaign from now on."""

    title = ("Nhận diện tên đơn vị", "Say which unit a name means")
    name: Text
    unit_id: Slug

    @property
    def key(self) -> tuple[Any, ...]:
        return (same_name_keys(self.name)[-1],)

    @property
    def judges_again(self) -> bool:
        return True

    def check(self, facts: Facts) -> None:
        facts.check_unit(self.unit_id)
        known = facts.campaign.registry.resolve(self.name)
        if known.unit_id:
            raise ThiduaError(
                f"tên '{self.name}' đã là đơn vị {facts.campaign.registry.name_of(known.unit_id)} / the plan knows this "
                f"name already as {known.unit_id}; change units.csv if that is wrong"
            )

    def units(self, facts: Facts) -> set[str]:
        return {self.unit_id}


class Rejudge(Subject):
    """Judges files again by the plan and the contract of today; what was said before stays to be looked at."""

    title = ("Xét lại", "Judge again")
    is_repeatable = True
    submission_ids: Annotated[list[SubmissionId], Field(min_length=1)]

    @property
    def key(self) -> tuple[Any, ...]:
        return tuple(sorted(self.submission_ids))

    @property
    def judges_again(self) -> bool:
        return True

    def check(self, facts: Facts) -> None:
        for submission_id in self.submission_ids:
            facts.receipt(submission_id)


class ExcuseReport(Subject):
    """Excuses a unit from a report that it owes."""

    title = ("Miễn báo cáo", "Excuse a missing report")
    period_id: Slug
    export_type: Slug
    unit_id: Slug

    @property
    def key(self) -> tuple[Any, ...]:
        return (self.period_id, self.export_type, self.unit_id)

    def check(self, facts: Facts) -> None:
        facts.check_unit(self.unit_id)
        facts.check_period(self.period_id)
        unit_type = facts.campaign.units[self.unit_id].unit_type
        owed = [
            report
            for report in facts.campaign.plan.document.reports
            if report.export == self.export_type and self.period_id in report.periods and unit_type in report.from_
        ]
        if not owed:
            raise ThiduaError(
                f"{self.unit_id} không phải nộp báo cáo này / owes no '{self.export_type}' for {self.period_id}; "
                "`thidua status` lists what is due"
            )

    def units(self, facts: Facts) -> set[str]:
        return {self.unit_id}


class ChooseReading(Subject):
    """Chooses how a place of the plan is read where it allows more than one way."""

    title = ("Chọn cách hiểu", "Choose a reading")
    reading_id: Slug
    option: Slug

    @property
    def key(self) -> tuple[Any, ...]:
        return (self.reading_id,)

    def check(self, facts: Facts) -> None:
        readings = {one.reading_id: one for one in facts.campaign.plan.document.readings}
        check_known("cách hiểu", "reading", self.reading_id, dict.fromkeys(readings))
        check_known("lựa chọn", "option", self.option, dict.fromkeys(readings[self.reading_id].options))


class Gate(Subject):
    """Passes or fails a unit at a gate that people decide."""

    title = ("Xét điều kiện", "Decide a gate")
    period_id: Slug
    gate_id: Slug
    unit_id: Slug
    result: Literal["pass", "fail"]

    @property
    def key(self) -> tuple[Any, ...]:
        return (self.period_id, self.gate_id, self.unit_id)

    def check(self, facts: Facts) -> None:
        gates = {one.gate_id: one for one in facts.campaign.plan.document.gates if isinstance(one, DecisionGate)}
        check_known("điều kiện", "gate that people decide", self.gate_id, dict.fromkeys(gates))
        facts.check_period(self.period_id, gates[self.gate_id].periods)
        facts.check_unit(self.unit_id)

    def units(self, facts: Facts) -> set[str]:
        return {self.unit_id}


class Award(Subject):
    """Gives a unit a prize that a council decides."""

    title = ("Trao giải", "Award a prize")
    period_id: Slug
    prize_id: Slug
    unit_id: Slug

    @property
    def key(self) -> tuple[Any, ...]:
        return (self.period_id, self.prize_id, self.unit_id)

    def check(self, facts: Facts) -> None:
        prizes = {one.prize_id: one for one in facts.campaign.plan.document.awards if isinstance(one, DecisionAward)}
        check_known("giải", "prize that people decide", self.prize_id, {key: one.name for key, one in prizes.items()})
        facts.check_period(self.period_id, prizes[self.prize_id].periods)
        facts.check_unit(self.unit_id)

    def units(self, facts: Facts) -> set[str]:
        return {self.unit_id}


class GroupDone(Subject):
    """States that a group of a rollout is done."""

    title = ("Nhóm đã hoàn thành", "A group is done")
    dimension: Slug
    member: Slug

    @property
    def key(self) -> tuple[Any, ...]:
        return (self.dimension, self.member)

    def check(self, facts: Facts) -> None:
        schedule = facts.campaign.plan.document.schedule
        members = [group.member for group in schedule.groups] if schedule else []
        check_known("chiều", "dimension of a rollout", self.dimension, {schedule.dimension: None} if schedule else {})
        check_known("nhóm", "group", self.member, dict.fromkeys(members))


KINDS: dict[str, type[Subject]] = {
    "return_submission": ReturnSubmission,
    "waive": Waive,
    "exclude_row": ExcludeRow,
    "name_unit": NameUnit,
    "excuse_report": ExcuseReport,
    "choose_reading": ChooseReading,
    "gate": Gate,
    "award": Award,
    "group_done": GroupDone,
    "withdraw_submission": WithdrawSubmission,
    "rejudge": Rejudge,
}


def parse_subject(kind: str, subject: Mapping[str, Any]) -> Subject:
    """The subject as its kind asks for it. Raises ThiduaError naming what is missing or strange."""
    check_known("loại quyết định", "kind of decision", kind, {name: one.title[0] for name, one in KINDS.items()})
    try:
        return KINDS[kind].model_validate(dict(subject))
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        fields = ", ".join(KINDS[kind].model_fields)
        raise ThiduaError(f"nội dung quyết định chưa đúng / {kind}: {wrong} (fields: {fields})") from error


def group_of(kind: str) -> str:
    """Kinds of one group answer the same question of a subject."""
    return (KINDS[kind].group if kind in KINDS else "") or kind
