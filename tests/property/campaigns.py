"""Random campaigns as plain data, and how they are laid down: plan.yml, CSVs, exports with dated receipts."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

YEAR_START = date(2023, 1, 1)
EXPORT = "progress"
METRIC = "users"


@dataclass(frozen=True)
class Period:
    period_id: str
    closing: date
    threshold: str  # as the plan writes it: 60%, 66.67%
    multiplier: int


@dataclass(frozen=True)
class Prize:
    prize_id: str
    places: int | None  # None: rest
    amount: int
    per_head: bool
    multiplied: bool
    at_least: str | None  # a requirement beyond the rank


@dataclass(frozen=True)
class Submission:
    """One file: rows of (unit, as of, count or the text that stands there)."""

    name: str
    received_at: datetime
    rows: tuple[tuple[str, date, int | str], ...]
    style: str


@dataclass(frozen=True)
class Campaign:
    campaign_id: str
    blocs: dict[str, tuple[str, ...]]
    with_baseline: dict[str, bool]
    periods: tuple[Period, ...]
    targets: dict[str, tuple[tuple[date, int], ...]]
    baselines: dict[str, int]
    headcounts: dict[tuple[str, date], int]
    prizes: tuple[Prize, ...]
    nominating: tuple[str, ...]
    quota: int
    quota_of: dict[str, int]
    person_amount: int
    gate_default: str
    decisions: dict[tuple[str, str], str]  # (period, unit) -> pass or fail
    goal: int
    days_after: int
    submissions: tuple[Submission, ...] = field(repr=False)

    @property
    def units(self) -> list[str]:
        return [unit for units in self.blocs.values() for unit in units]


def _days() -> st.SearchStrategy[date]:
    return st.sampled_from([YEAR_START + timedelta(days=30 * month + 5) for month in range(11)])


@st.composite
def campaigns(draw: st.DrawFn, number: int) -> Campaign:
    """Small numbers on purpose: ties, equal fractions, zero targets and falls are frequent, not rare."""
    blocs = {
        f"bloc-{index}": tuple(f"u{index}-{unit}" for unit in range(draw(st.integers(2, 6))))
        for index in range(draw(st.integers(1, 2)))
    }
    units = [unit for members in blocs.values() for unit in members]
    with_baseline = {bloc: draw(st.booleans()) for bloc in blocs}
    closings = [date(2023, 6, 30), date(2023, 9, 30), date(2023, 11, 30)][: draw(st.integers(1, 3))]
    periods = tuple(
        Period(f"p{index}", closing, draw(st.sampled_from(["50%", "60%", "66.67%", "80%", "100%", "0%"])), index + 1)
        for index, closing in enumerate(closings)
    )
    targets = {}
    all_alike = draw(st.booleans())  # the same target for all: equal counts are equal rates
    for unit in units:
        steps = [(YEAR_START, 4 if all_alike else draw(st.sampled_from([0, 1, 2, 3, 4, 6, 10, 10, 12])))]
        if draw(st.integers(0, 4)) == 0:
            steps.append((date(2023, 7, 15), draw(st.integers(1, 12))))
        if draw(st.integers(0, 9)):  # one in ten has no target at all
            targets[unit] = tuple(steps)
    prizes = []
    for index in range(draw(st.integers(1, 4))):
        is_last_open = draw(st.booleans())
        prizes.append(
            Prize(
                f"prize-{index}",
                None if is_last_open and index else draw(st.integers(1, 2)),
                draw(st.sampled_from([700, 1000, 1500])),
                draw(st.booleans()),
                draw(st.booleans()),
                draw(st.sampled_from([None, None, "0%", "100%"])),
            )
        )
        if prizes[-1].places is None:
            break
    return Campaign(
        campaign_id=f"draw-{number:03d}",
        blocs=blocs,
        with_baseline=with_baseline,
        periods=periods,
        targets=targets,
        baselines={
            unit: 1 if all_alike else draw(st.integers(0, 6)) for unit in units if all_alike or draw(st.integers(0, 9))
        },
        headcounts={
            (unit, period.closing): draw(st.integers(0, 4))
            for unit in units
            for period in periods
            if draw(st.booleans())
        },
        prizes=tuple(prizes),
        nominating=tuple(prize.prize_id for prize in prizes[: draw(st.integers(1, 2))]),
        quota=draw(st.integers(0, 2)),
        quota_of=dict.fromkeys(units[:1], 3),
        person_amount=300,
        gate_default=draw(st.sampled_from(["pass", "pass", "undecided"])),
        decisions={
            (period.period_id, unit): draw(st.sampled_from(["pass", "fail"]))
            for period in periods
            for unit in units
            if draw(st.integers(0, 9)) == 0
        },
        goal=draw(st.integers(0, 60)),
        days_after=draw(st.integers(0, 4)),
        submissions=draw(_submissions(units, closings)),
    )


@st.composite
def _submissions(draw: st.DrawFn, units: list[str], closings: list[date]) -> tuple[Submission, ...]:
    files = []
    for number, day in enumerate(closings):  # most offices report at most closings, with figures close together
        if draw(st.integers(0, 4)):
            rows = tuple((unit, day, draw(st.integers(3, 6))) for unit in units if draw(st.integers(0, 5)))
            received = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=draw(st.integers(24, 60)))
            if rows:
                files.append(Submission(f"closing-{number:02d}", received, rows, draw(st.sampled_from("ABC"))))
    for number in range(draw(st.integers(2, 12))):
        day = draw(st.one_of(st.sampled_from(closings), st.sampled_from(closings), _days()))
        senders = draw(st.lists(st.sampled_from(units), min_size=1, max_size=len(units), unique=True))
        rows = tuple(
            (unit, day, "khoảng 5" if draw(st.integers(0, 24)) == 0 else draw(st.integers(0, 14))) for unit in senders
        )
        received = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=draw(st.integers(24, 240)))
        files.append(Submission(f"file-{number:02d}", received, rows, draw(st.sampled_from("ABC"))))
    if draw(st.booleans()):
        files += draw(_series(units[: draw(st.integers(1, 2))]))
    # Resends: the same again, and older versions again, later than everything about that day.
    for number, again in enumerate(draw(st.lists(st.sampled_from(files), max_size=4))):
        received = again.received_at + timedelta(hours=draw(st.integers(1, 300)))
        files.append(Submission(f"again-{number:02d}", received, again.rows, draw(st.sampled_from("ABC"))))
    return tuple(files)


@st.composite
def _series(draw: st.DrawFn, units: list[str]) -> list[Submission]:
    """Reports of a spring in one file, whose growths lie about eight times apart, and one of them mended."""
    rows: list[tuple[str, date, int | str]] = []
    for unit in units:
        day, value, usual = YEAR_START, draw(st.integers(10, 20)), draw(st.sampled_from([4, 10, 12]))
        hasty = [49, 50, 8 * usual, 8 * usual + 1, 16 * usual, 16 * usual + 1, 40 * usual]
        for growths in [[usual], [usual], [usual, 2 * usual], [usual, 0], [usual, -5], hasty, hasty]:
            day += timedelta(days=draw(st.sampled_from([7, 7, 1, 14])))
            value += draw(st.sampled_from(growths))
            rows.append((unit, day, value))
    last = max(day for _, day, _ in rows)
    received = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(hours=draw(st.integers(24, 240)))
    found = [Submission("series", received, tuple(rows), draw(st.sampled_from("ABC")))]
    if draw(st.booleans()):
        unit, mended, _ = draw(st.sampled_from(rows))
        later = received + timedelta(hours=draw(st.integers(1, 300)))
        found.append(Submission("mended", later, ((unit, mended, draw(st.integers(0, 200))),), "A"))
    return found


def write_plan(campaign: Campaign, folder: Path) -> None:
    """The campaign's folder: plan.yml and CSVs."""
    folder.mkdir(parents=True)
    document: dict[str, Any] = {
        "campaign": {
            "campaign_id": campaign.campaign_id, "title": "drawn", "issued_by": "test", "from": YEAR_START, "clause": "I",
        },
        "unit_types": ["top", *(f"kind-{bloc}" for bloc in campaign.blocs)],
        "blocs": [{"bloc_id": bloc, "unit_types": [f"kind-{bloc}"], "clause": "I"} for bloc in campaign.blocs],
        "metrics": [
            {"metric_id": METRIC, "kind": "reported", "export": EXPORT},
            {"metric_id": "staff", "kind": "reported", "export": "headcounts"},
        ],
        "measures": [
            {
                "measure_id": "progress",
                "blocs": [bloc],
                "numerator": {"metric": METRIC} | ({"minus_baseline": "given"} if campaign.with_baseline[bloc] else {}),
                "denominator": {"target": "goal"},
                "clause": "II",
            }
            for bloc in campaign.blocs
        ],
        "periods": [
            {
                "period_id": period.period_id, "kind": "quarter", "closing_date": period.closing,
                "multiplier": period.multiplier, "clause": "III",
            }
            for period in campaign.periods
        ],
        "gates": [
            *(
                {
                    "gate_id": f"g-{period.period_id}", "periods": [period.period_id], "kind": "measure",
                    "measure": "progress", "at_least": period.threshold, "clause": "III",
                }
                for period in campaign.periods
            ),
            {
                "gate_id": "quality", "periods": [period.period_id for period in campaign.periods], "kind": "decision",
                "default": campaign.gate_default, "clause": "III",
            },
        ],
        "ranking": {
            "periods": [period.period_id for period in campaign.periods],
            "order": [{"measure": "progress", "direction": "desc"}],
            "ties": "undecided",
            "clause": "IV",
        },
        "awards": [
            *(
                {
                    "prize_id": prize.prize_id, "periods": [period.period_id for period in campaign.periods],
                    "by": "rank", "recipient": "unit", "places": prize.places or "rest", "amount": prize.amount,
                    "multiplied": prize.multiplied, "clause": "V",
                }
                | ({"per": {"metric": "staff", "as_of": "closing"}} if prize.per_head else {})
                | (
                    {"requires": [{"kind": "measure", "measure": "progress", "at_least": prize.at_least}]}
                    if prize.at_least
                    else {}
                )
                for prize in campaign.prizes
            ),
            {
                "prize_id": "person", "periods": [period.period_id for period in campaign.periods], "by": "nomination",
                "recipient": "person", "of_prizes": list(campaign.nominating), "quota": campaign.quota,
                "quota_of": campaign.quota_of, "amount": campaign.person_amount, "multiplied": True, "clause": "V",
            },
        ],
        "goals": [
            {"goal_id": "all", "metric": METRIC, "over": campaign.goal, "due_on": campaign.periods[-1].closing, "clause": "I"}
        ],
        "reports": [
            {
                "export": EXPORT, "from": [f"kind-{bloc}" for bloc in campaign.blocs], "to": "top",
                "periods": [period.period_id for period in campaign.periods], "days_after_closing": campaign.days_after,
                "clause": "VI",
            }
        ],
    }  # fmt: skip
    (folder / "plan.yml").write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))
    units = [("top", "top", "top", "")]
    units += [(unit, unit, f"kind-{bloc}", "top") for bloc, members in campaign.blocs.items() for unit in members]
    _csv(folder / "units.csv", ["unit_id", "name", "unit_type", "parent"], units)
    _csv(
        folder / "targets.csv",
        ["target_id", "unit_id", "value", "value_kind", "effective_from"],
        [("goal", "top", 1, "count", YEAR_START)]
        + [("goal", unit, value, "count", day) for unit, steps in campaign.targets.items() for day, value in steps],
    )
    _csv(
        folder / "baselines.csv",
        ["metric_id", "unit_id", "value"],
        [(METRIC, unit, value) for unit, value in campaign.baselines.items()],
    )
    _csv(
        folder / "headcounts.csv",
        ["metric_id", "unit_id", "as_of_date", "value"],
        [("staff", unit, day, value) for (unit, day), value in campaign.headcounts.items()],
    )


def _csv(path: Path, header: list[str], rows: list[Any]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def landing_path(campaign: Campaign, submission: Submission) -> str:
    return f"{campaign.campaign_id}/{EXPORT}/{submission.name}.csv"


def write_submission(campaign: Campaign, submission: Submission, landing: Path) -> Path:
    """The file as an office sends it, with the sidecar that dates its receipt."""
    path = landing / landing_path(campaign, submission)
    path.parent.mkdir(parents=True, exist_ok=True)
    delimiter = {"A": ",", "B": ";", "C": "\t"}[submission.style]
    lines = [delimiter.join(["Đơn vị", "Ngày số liệu", "Lũy kế"])]
    for unit, day, value in submission.rows:
        text = f"{day:%d/%m/%Y}" if submission.style == "B" else day.isoformat()
        lines.append(delimiter.join([unit, text, str(value)]))
    sidecar = path.with_name(path.name + ".receipt.json")
    sidecar.write_text(json.dumps({"received_at": submission.received_at.isoformat()}))
    path.write_bytes("\r\n".join(lines).encode("utf-8-sig" if submission.style == "B" else "utf-8"))
    return path
