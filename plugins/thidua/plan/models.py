"""The words of the plan language, closed and typed, after the readings are resolved.

A plan holds no expression and no code. Percentages are whole millionths (`60%` is 600000), money is VND, days are local
(Asia/Ho_Chi_Minh) and included, instants are local and carry seconds. Every rule names its clause. `docs` of a field is
its description: the JSON Schema for editors is generated from here.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema, field_validator

PPM = 1_000_000


def parse_percent(value: Any) -> Any:
    """`60%`, `66.67%` -> whole millionths; at most four decimals, so that a threshold is never rounded."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError("write the percentage with its sign, such as 60%")
    match = re.fullmatch(r"(\d{1,7})(?:\.(\d{1,4}))?%", value.strip()) if isinstance(value, str) else None
    if not match:
        raise ValueError("not a percentage; write 60% or 66.67% (at most four decimals)")
    return int(match[1]) * 10_000 + int((match[2] or "").ljust(4, "0"))


def _parse_day(value: Any) -> Any:
    if isinstance(value, datetime) or not isinstance(value, date):
        raise ValueError("not a day; write 2023-06-30 without quotes")
    return value


def _parse_instant(value: Any) -> Any:
    if not isinstance(value, datetime):
        raise ValueError("not an instant; write 2022-04-20T20:00:00 with seconds and without quotes")
    if value.tzinfo is not None:
        raise ValueError("instants of a plan are local time; leave the offset out")
    return value


def _parse_day_or_instant(value: Any) -> Any:
    if not isinstance(value, date):
        raise ValueError("not a day or an instant; write 2023-06-30 or 2022-04-20T20:00:00 without quotes")
    return value


_DAY = {"type": "string", "format": "date"}
_INSTANT = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$"}

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]
Text = Annotated[str, Field(min_length=1)]
Percent = Annotated[
    int,
    BeforeValidator(parse_percent),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,7}(\.\d{1,4})?%$"}),
]
Day = Annotated[date, BeforeValidator(_parse_day), WithJsonSchema(_DAY)]
Instant = Annotated[datetime, BeforeValidator(_parse_instant), WithJsonSchema(_INSTANT)]
DayOrInstant = Annotated[
    date | datetime, BeforeValidator(_parse_day_or_instant), WithJsonSchema({"anyOf": [_DAY, _INSTANT]})
]
Count = Annotated[int, Field(strict=True, ge=0)]
Positive = Annotated[int, Field(strict=True, ge=1)]
Dong = Annotated[int, Field(strict=True, ge=0, description="VND")]
Slugs = Annotated[list[Slug], Field(min_length=1)]


class Word(BaseModel):
    """A word of the language: what is not in it is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, str_strip_whitespace=True)


class Rule(Word):
    """A word that follows a clause of the plan's text."""

    clause: Text


class Campaign(Rule):
    campaign_id: Slug
    title: Text
    document_number: Text | None = None
    issued_by: Text
    from_: DayOrInstant | None = Field(None, alias="from", description="First day or instant that counts")
    through: Day | None = Field(None, description="Last day, included")
    until: Instant | None = Field(None, description="End instant, excluded")


class Bloc(Rule):
    bloc_id: Slug
    name: Text | None = None
    unit_types: Slugs


class Member(Word):
    dimension: Slug
    member: Slug


Dimension = Literal["group", "class", "employer", "team", "topic", "role"]


class _Metric(Word):
    metric_id: Slug
    name: Text | None = None
    dimensions: Annotated[list[Dimension], Field(min_length=1)] | None = None
    clause: Text | None = Field(None, description="A figure follows no clause; a rule over it does")


class ReportedMetric(_Metric):
    kind: Literal["reported"]
    export: Slug


class EventsMetric(_Metric):
    kind: Literal["events"]
    export: Slug = Field(description="The export that tells of these events; whoever owes it must be complete")
    events: Slugs
    products: Slugs | None = None
    from_: Literal["window"] | Instant | None = Field(None, alias="from")
    distinct: Literal["person", "person_product", "event"]
    valid_through: Day | None = None


class AllOfMetric(_Metric):
    kind: Literal["all_of"]
    of: Annotated[list[Slug], Field(min_length=2)]


class InstantMetric(_Metric):
    kind: Literal["instant"]
    of: Slug
    pick: Literal["first", "last"]


class ReferenceMetric(_Metric):
    kind: Literal["reference"]


Metric = Annotated[
    ReportedMetric | EventsMetric | AllOfMetric | InstantMetric | ReferenceMetric, Field(discriminator="kind")
]


class Numerator(Word):
    metric: Slug
    member: Member | None = None
    minus_baseline: Literal["given"] | Day | None = None


class Denominator(Word):
    metric: Slug | None = None
    member: Member | None = None
    target: Slug | None = None


class Measure(Rule):
    measure_id: Slug
    name: Text | None = None
    blocs: Slugs | None = Field(None, description="None: holds for every unit")
    numerator: Numerator
    denominator: Denominator


class Period(Rule):
    period_id: Slug
    name: Text | None = None
    kind: Literal["month", "quarter", "launch", "wave", "year", "interim", "final"]
    window_from: DayOrInstant | None = None
    closing_date: Day | None = Field(None, description="Last day, included; or cutoff_at")
    cutoff_at: Instant | None = Field(None, description="End instant, excluded; or closing_date")
    multiplier: Positive = 1


class TargetRate(Word):
    target: Slug


Quantifier = Literal["all", "any"]


class MeasureCondition(Word):
    kind: Literal["measure"]
    measure: Slug
    at_least: Percent | TargetRate


class EligibleCondition(Word):
    kind: Literal["eligible"]
    in_: Slugs = Field(alias="in")
    quantifier: Quantifier


class AwardedCondition(Word):
    kind: Literal["awarded"]
    prize: Slug
    in_: Slugs = Field(alias="in")
    quantifier: Quantifier


class DecisionCondition(Word):
    kind: Literal["decision"]
    decision: Slug | None = Field(None, description="Its name in the register; of a gate the gate's own id")
    default: Literal["pass", "undecided"]


class GoalCondition(Word):
    kind: Literal["goal"]
    goal: Slug


class _Gate(Rule):
    gate_id: Slug
    periods: Slugs
    applies_to: Slugs | None = Field(None, description="Unit types; none: all")
    recipient: Literal["unit", "person"] = "unit"


class MeasureGate(_Gate, MeasureCondition):
    pass


class EligibleGate(_Gate, EligibleCondition):
    pass


class AwardedGate(_Gate, AwardedCondition):
    pass


class DecisionGate(_Gate, DecisionCondition):
    pass


Gate = Annotated[MeasureGate | EligibleGate | AwardedGate | DecisionGate, Field(discriminator="kind")]
Condition = Annotated[
    MeasureCondition | EligibleCondition | AwardedCondition | DecisionCondition | GoalCondition,
    Field(discriminator="kind"),
]


class OrderKey(Word):
    measure: Slug | None = None
    metric: Slug | None = None
    direction: Literal["asc", "desc"]


class Ranking(Rule):
    periods: Slugs
    order: Annotated[list[OrderKey], Field(min_length=1, max_length=4)]
    ties: Literal["undecided"]


class PerMetric(Word):
    metric: Slug
    as_of: Literal["closing", "window_start"]


class _Award(Rule):
    prize_id: Slug
    name: Text | None = None
    periods: Slugs
    recipient: Literal["unit", "person"]
    amount: Dong | None = None
    multiplied: bool = Field(False, description="Times the period's multiplier")
    requires: list[Condition] = Field(default_factory=list)


class RankAward(_Award):
    by: Literal["rank"]
    places: Positive | Literal["rest"]
    per: PerMetric | None = None


class DecisionAward(_Award):
    by: Literal["decision"]
    places: Positive | Literal["open", "cap"]
    authority: Slugs | None = None
    cap: Percent | None = None
    pool: Literal["participants", "eligible"] | None = None
    candidates: Slug | None = Field(None, description="Metric whose persons are shown to the council")
    show: list[Literal["quiz_score", "completed_at"]] = Field(default_factory=list)


class NominationAward(_Award):
    by: Literal["nomination"]
    of_prizes: Slugs
    quota: Count
    quota_of: dict[Slug, Count] = Field(default_factory=dict)


Award = Annotated[RankAward | DecisionAward | NominationAward, Field(discriminator="by")]


class Goal(Rule):
    goal_id: Slug
    name: Text | None = None
    metric: Slug | None = None
    measure: Slug | None = None
    blocs: Slugs | None = None
    over: Count | Percent | None = Field(None, union_mode="left_to_right")
    at_least: Count | Percent | None = Field(None, union_mode="left_to_right")
    due_on: Day

    @field_validator("over", "at_least", mode="before")
    @classmethod
    def _fits(cls, value: Any, info: ValidationInfo) -> Any:
        """Both kinds end as whole numbers, so that people taken for millionths would go unseen later."""
        if isinstance(value, str) and info.data.get("metric"):
            raise ValueError("the goal of a metric is a count; write 330000 without %")
        if type(value) is int and info.data.get("measure"):
            raise ValueError("the goal of a measure is a percentage; write 90%")
        return value


class ScheduleGroup(Rule):
    member: Slug
    from_: Day = Field(alias="from")
    through: Day | None = None


class Schedule(Word):
    metric: Slug
    dimension: Dimension
    rule: Literal["first_event", "last_event"]
    groups: Annotated[list[ScheduleGroup], Field(min_length=1)]


class Backlog(Rule):
    """Documents that one metric opens and another closes, by the same key: how many are open, and how old they are."""

    backlog_id: Slug
    name: Text | None = None
    opened: Slug
    closed: Slug


class Report(Rule):
    export: Slug
    from_: Slugs = Field(alias="from")
    to: Slug
    periods: Slugs
    due_before: Day | None = None
    days_after_closing: Count | None = None
    days_before_window: Count | None = None


class _Check(Rule):
    check_id: Slug


class AtLeastCheck(_Check):
    kind: Literal["at_least"]
    metric: Slug
    member: Member | None = None
    unit_types: Slugs
    count: Count
    count_of: dict[Slug, Count] = Field(default_factory=dict)


class RatioCheck(_Check):
    kind: Literal["ratio_at_least"]
    metric: Slug
    member: Member | None = None
    over: Slug
    unit_types: Slugs
    count: Count


class ChildrenAddUpCheck(_Check):
    kind: Literal["children_add_up"]
    target: Slug
    parent_types: Slugs


Check = Annotated[AtLeastCheck | RatioCheck | ChildrenAddUpCheck, Field(discriminator="kind")]

Scalar = bool | int | str | date | datetime | None


class Reading(Rule):
    """A place where the text is silent or allows more than one: options, the default, and why."""

    reading_id: Slug
    options: Annotated[dict[Slug, Scalar | list[Scalar]], Field(min_length=2)]
    default: Slug
    reason: Text


class PlanDocument(Word):
    """plan.yml, with every `{reading: id}` replaced by the value of its chosen option."""

    campaign: Campaign
    unit_types: Slugs
    blocs: list[Bloc] = Field(default_factory=list)
    metrics: Annotated[list[Metric], Field(min_length=1)]
    measures: list[Measure] = Field(default_factory=list)
    periods: Annotated[list[Period], Field(min_length=1)]
    gates: list[Gate] = Field(default_factory=list)
    ranking: Ranking | None = None
    awards: list[Award] = Field(default_factory=list)
    goals: list[Goal] = Field(default_factory=list)
    schedule: Schedule | None = None
    backlogs: list[Backlog] = Field(default_factory=list)
    reports: list[Report] = Field(default_factory=list)
    checks: list[Check] = Field(default_factory=list)
    readings: list[Reading] = Field(default_factory=list)
