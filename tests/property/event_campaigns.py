"""Random campaigns, plan and all: events and figures, hierarchy, windows, products, parts, ranking keys, caps, goals.

Everything is small on purpose, so that persons claimed twice, equal counts and instants, silent senders and events at
the very cutoff are frequent, not rare. What is drawn here no plan has: it is the sixth one, many times over.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import yaml
from thidua.clock import LOCAL, day_end

from tests.event_lake import Event, EventFile, FigureFile

START = datetime(2023, 1, 1, tzinfo=LOCAL)
PRODUCTS = ("red", "blue")
CLASSES = ("x", "y")
END = date(2023, 6, 30)
SIGNED, ANSWERED = "signups", "answers"  # the exports: the offices send one, the top the other
SOLD = "sales"  # figures: what shops report of themselves


@dataclass(frozen=True)
class Period:
    period_id: str
    window_from: datetime | None
    closing: date
    cutoff: datetime
    in_mid_day: bool


@dataclass(frozen=True)
class Prize:
    prize_id: str
    places: int | None  # None: rest
    amount: int


@dataclass(frozen=True)
class EventCampaign:
    campaign_id: str
    parents: dict[str, str]  # unit -> parent; the order of creation
    types: dict[str, str]
    valid_from: dict[str, date]
    valid_through: dict[str, date]
    renamed: dict[str, str]  # old unit -> new unit
    renamed_on: date
    periods: tuple[Period, ...]
    window_of: dict[str, bool]  # metric -> counts from the window
    from_at: datetime | None
    distinct: str
    products: tuple[str, ...] | None
    valid_until: date | None
    pick: str
    denominators: dict[str, int]  # members of a leaf
    targets: dict[str, int]
    threshold: str
    order: tuple[str, ...]
    prizes: tuple[Prize, ...]
    cap: str
    pool: str
    participants: dict[tuple[str, str], int]  # (period, authority)
    quantifier: str  # of the waves that the last closing looks back at
    senders: str  # the unit type that sends sign-ups
    sales: str | None  # how shops are measured by figures: plain, baseline; None: by sign-ups like districts
    baselines: dict[str, int]
    quality: str  # the default of a gate by decision
    decisions: tuple[tuple[str, dict[str, str]], ...]
    goal: int
    files: tuple[EventFile | FigureFile, ...] = field(repr=False)

    @property
    def units(self) -> list[str]:
        return list(self.types)


def _moments(periods: tuple[Period, ...]) -> list[datetime]:
    """Instants near the edges: window starts, cutoffs, a microsecond beside them, and a few days between."""
    edges = [moment for period in periods for moment in (period.cutoff, period.window_from) if moment]
    near = [edge + timedelta(microseconds=step) for edge in edges for step in (-1, 0)]
    days = [START + timedelta(days=day, hours=9) for day in (-3, 5, 6, 40, 41, 75, 110, 170)]
    return [*near, *days, *days]


def _periods(dice: Random) -> tuple[Period, ...]:
    periods = []
    for index in range(dice.randint(1, 3)):
        closing = date(2023, 1, 31) + timedelta(days=45 * index)
        in_mid_day = dice.choice((True, False))
        cutoff = (
            datetime(closing.year, closing.month, closing.day, 20, tzinfo=LOCAL) if in_mid_day else day_end(closing)
        )
        window = datetime(2023, 1, 2, 8, tzinfo=LOCAL) + timedelta(days=45 * index)
        periods.append(Period(f"wave-{index}", window, closing, cutoff, in_mid_day))
    return tuple(periods)


def event_campaign(dice: Random) -> EventCampaign:
    """One campaign. Thrown with plain dice: each is independent of the others, and the same from the same seed."""
    parents, types = {"top": ""}, {"top": "top"}
    for district in range(dice.randint(1, 3)):
        parents[f"d{district}"], types[f"d{district}"] = "top", "district"
        for leaf in range(dice.randint(1, 3)):
            kind = dice.choice(["school", "school", "shop"])
            parents[f"d{district}-{leaf}"], types[f"d{district}-{leaf}"] = f"d{district}", kind
    if dice.choice((True, False)):
        parents["collector"], types["collector"] = "top", "shop"
    periods = _periods(dice)
    leaves = [unit for unit, kind in types.items() if kind in ("school", "shop")]
    renamed_on = date(2023, 2, 20)
    renamed, valid_from, valid_through = {}, {}, {}
    if dice.randint(0, 2) == 0:
        old = dice.choice(leaves)
        renamed[old], valid_through[old] = f"{old}-new", renamed_on - timedelta(days=1)
        parents[f"{old}-new"], types[f"{old}-new"] = parents[old], types[old]
        valid_from[f"{old}-new"] = renamed_on
    elif dice.randint(0, 2) == 0:
        valid_through[dice.choice(leaves)] = renamed_on - timedelta(days=1)
    elif dice.randint(0, 1) == 0:  # founded in mid-campaign: nothing is known of it before
        valid_from[dice.choice(leaves)] = renamed_on
    places = [unit for unit in types if types[unit] in ("school", "shop")]
    persons = [f"p{number}" for number in range(dice.randint(2, 5))]
    senders = dice.choice(["school", "district", "district", "top"])
    campaign = EventCampaign(
        campaign_id="drawn",
        parents=parents,
        types=types,
        valid_from=valid_from,
        valid_through=valid_through,
        renamed=renamed,
        renamed_on=renamed_on,
        periods=periods,
        window_of={"signed": dice.choice((True, False)), "answered": dice.choice((True, False))},
        from_at=dice.choice([None, START + timedelta(days=5, hours=9)]),
        distinct=dice.choice(["person", "person_product"]),
        products=dice.choice([None, None, ("red",), PRODUCTS]),
        valid_until=dice.choice([None, None, date(2023, 12, 31)]),
        pick=dice.choice(["first", "last"]),
        denominators={unit: dice.randint(0, 4) for unit in places},
        targets={unit: dice.randint(0, 3) for unit in types if dice.randint(0, 5)},
        threshold=dice.choice(["0%", "33.33%", "50%", "100%"]),
        order=dice.choice(
            [
                ("rate",),
                ("rate", "signed"),
                ("rate", "signed", "done_at"),
                ("signed", "done_at"),
                ("papers", "rate"),
                ("done_at",),
            ]
        ),
        prizes=tuple(
            Prize(f"prize-{index}", dice.randint(1, 2), dice.choice([700, 1000])) for index in range(dice.randint(1, 3))
        ),
        cap=dice.choice(["5%", "10%", "50%", "100%"]),
        pool=dice.choice(["participants", "eligible"]),
        participants={
            (period.period_id, unit): dice.choice([0, 1, 9, 10, 19, 20])
            for period in periods
            for unit in types
            if types[unit] in ("top", "district") and dice.randint(0, 3)
        },
        quantifier=dice.choice(["all", "any"]),
        senders=senders,
        sales=dice.choice([None, "plain", "baseline"]),
        baselines={unit: dice.randint(0, 2) for unit in places if dice.randint(0, 5)},
        quality=dice.choice(["pass", "pass", "pass", "undecided"]),
        decisions=tuple(
            (
                "gate",
                {
                    "period_id": period.period_id, "gate_id": "quality", "unit_id": unit,
                    "result": dice.choice(["pass", "fail"]),
                },
            )
            for period in periods
            for unit in types
            if dice.randint(0, 9) == 0
        ),
        goal=dice.randint(0, 8),
        files=(),
    )  # fmt: skip
    return _with_files(dice, campaign, persons, places)


def _event(dice: Random, person: str, event: str, place: str, shops: list[str], moments: list[datetime]) -> Event:
    units = {"": place}
    if shops and dice.choice((True, False)):
        units["collector"] = dice.choice(shops)
    keyed = dice.choice([None, None, "doc-1", "doc-2"])
    return Event(
        person, event, dice.choice(moments), units,
        product=dice.choice([*PRODUCTS, "red"]),
        valid_through=dice.choice([date(2023, 12, 31), date(2023, 12, 31), date(2023, 12, 30)]),
        score=dice.randint(0, 3),
        dimensions=dice.choice([{}, {"class": "x"}, {"class": "x"}, {"class": "y"}]),
        key=keyed,  # a document may name another person in a later file
        is_cancelled=dice.randint(0, 14) == 0,
    )  # fmt: skip


def _with_files(dice: Random, campaign: EventCampaign, persons: list[str], places: list[str]) -> EventCampaign:
    moments = _moments(campaign.periods)
    shops = [unit for unit in places if campaign.types[unit] == "shop"]
    sending = [unit for unit in campaign.units if campaign.types[unit] == campaign.senders]
    closings = [day_end(period.closing) for period in campaign.periods]
    files: list[EventFile] = []

    def tell(name: str, export: str, sender: str | None, untils: list[datetime], below: list[str]) -> None:
        for number, until in enumerate(untils):
            if dice.randint(0, 9) == 0:
                continue  # this one never comes
            event = "signed" if export == SIGNED else "answered"
            events = [
                _event(dice, dice.choice(persons), event, dice.choice(below), shops, moments)
                for _ in range(dice.randint(0, 8))
            ]
            unique = {event.event_key: event for event in events}  # a file says one thing of a key
            # Not after the first build that a test makes midway, or it would know what nobody has sent yet.
            received = until + timedelta(hours=dice.randint(1, 200))
            files.append(
                EventFile(
                    f"{name}-{number}", export, sender, until, received, tuple(unique.values()),
                    is_returned=dice.randint(0, 14) == 0,
                )
            )  # fmt: skip

    for unit in sending or ["top"]:
        below = [place for place in places if unit in _line(campaign, place)] or places
        tell(f"signups-{unit}", SIGNED, unit, closings, below)
    tell("answers", ANSWERED, "top", closings, places)
    if dice.choice((True, False)):
        tell("extra", SIGNED, dice.choice(sending or ["top"]), closings[-1:], places)
    figures = _sales(dice, campaign, [unit for unit in places if campaign.types[unit] == "shop"])
    return EventCampaign(**{**campaign.__dict__, "files": (*files, *figures)})


def _sales(dice: Random, campaign: EventCampaign, shops: list[str]) -> list[FigureFile]:
    """What shops sold by a day: corrected, sent again and falling now and then, close together, so that rates tie."""
    files: list[FigureFile] = []
    for unit in shops if campaign.sales else ():
        for period in campaign.periods:
            for turn in range(dice.choice([0, 1, 1, 1, 2, 3])):
                day = dice.choice([period.closing, period.closing, period.closing - timedelta(days=9)])
                received = day_end(day) + timedelta(hours=dice.randint(1, 150))
                figure = (unit, day, "sold", "", "", dice.randint(0, 4))
                files.append(FigureFile(f"sales-{unit}-{period.period_id}-{turn}", SOLD, received, (figure,)))
    return files


def _line(campaign: EventCampaign, unit: str) -> list[str]:
    line = [unit]
    while campaign.parents[line[-1]]:
        line.append(campaign.parents[line[-1]])
    return line


def write_event_plan(campaign: EventCampaign, folder: Path) -> None:
    """plan.yml and its CSVs, as people would write them."""
    folder.mkdir(parents=True)
    ids = [period.period_id for period in campaign.periods]
    due_on = campaign.periods[-1].closing
    signed: dict[str, Any] = {
        "metric_id": "signed", "kind": "events", "export": SIGNED, "events": ["signed"], "distinct": campaign.distinct,
        "dimensions": ["class"],
    }  # fmt: skip
    if campaign.window_of["signed"]:
        signed["from"] = "window"
    elif campaign.from_at:
        signed["from"] = campaign.from_at.replace(tzinfo=None)
    if campaign.products:
        signed["products"] = list(campaign.products)
    if campaign.valid_until:
        signed["valid_through"] = campaign.valid_until
    answered = {
        "metric_id": "answered",
        "kind": "events",
        "export": ANSWERED,
        "events": ["answered"],
        "distinct": "person",
    }
    if campaign.window_of["answered"]:
        answered["from"] = "window"
    document: dict[str, Any] = {
        "campaign": {
            "campaign_id": campaign.campaign_id, "title": "drawn", "issued_by": "test", "from": date(2023, 1, 1),
            "clause": "I",
        },
        "unit_types": ["top", "district", "school", "shop"],
        "blocs": [
            {"bloc_id": "schools", "unit_types": ["school"], "clause": "I"},
            {"bloc_id": "shops", "unit_types": ["shop"], "clause": "I"},
            {"bloc_id": "districts", "unit_types": ["district"], "clause": "I"},
        ],
        "metrics": [
            signed,
            answered,
            {key: value for key, value in signed.items() if key != "dimensions"}
            | {"metric_id": "papers", "distinct": "event"},
            {"metric_id": "both", "kind": "all_of", "of": ["signed", "answered"], "dimensions": ["class"]},
            {"metric_id": "done_at", "kind": "instant", "of": "signed", "pick": campaign.pick},
            {"metric_id": "members", "kind": "reference"},
            {"metric_id": "sold", "kind": "reported", "export": SOLD},
        ],
        "measures": [
            {
                "measure_id": "rate", "blocs": ["schools"], "numerator": {"metric": "both"},
                "denominator": {"metric": "members"}, "clause": "II",
            },
            {
                "measure_id": "rate", "blocs": ["districts"] if campaign.sales else ["shops", "districts"],
                "numerator": {"metric": "signed"}, "denominator": {"target": "goal"}, "clause": "II",
            },
            *_rate_of_shops(campaign),
        ],
        "periods": [
            {"period_id": period.period_id, "kind": "wave", "clause": "III"}
            | ({"window_from": period.window_from.replace(tzinfo=None)} if period.window_from else {})
            | (
                {"cutoff_at": period.cutoff.replace(tzinfo=None)}
                if period.in_mid_day
                else {"closing_date": period.closing}
            )
            for period in campaign.periods
        ]
        + [{"period_id": "end", "kind": "final", "closing_date": END, "clause": "III"}],
        "gates": [
            {
                "gate_id": "enough", "periods": ids, "kind": "measure", "measure": "rate",
                "at_least": campaign.threshold, "clause": "III",
            },
            {
                "gate_id": "quality", "periods": ids, "kind": "decision", "default": campaign.quality, "clause": "III",
            },
            {
                "gate_id": "waves", "periods": ["end"], "kind": "eligible", "in": ids, "quantifier": campaign.quantifier,
                "clause": "III",
            },
        ],
        "ranking": {
            "periods": ids,
            "order": [
                {"measure": "rate", "direction": "desc"}
                if key == "rate"
                else {"metric": key, "direction": "asc" if key == "done_at" else "desc"}
                for key in campaign.order
            ],
            "ties": "undecided",
            "clause": "IV",
        },
        "awards": [
            *(
                {
                    "prize_id": prize.prize_id, "periods": ids, "by": "rank", "recipient": "unit",
                    "places": prize.places or "rest", "amount": prize.amount, "clause": "V",
                }
                for prize in campaign.prizes
            ),
            {
                "prize_id": "medal", "periods": ids, "by": "decision", "recipient": "unit", "places": "cap",
                "cap": campaign.cap, "pool": campaign.pool, "authority": ["top", "district"], "clause": "V",
            },
            {
                "prize_id": "person", "periods": ids, "by": "decision", "recipient": "person", "places": 1,
                "candidates": "both", "show": ["quiz_score", "completed_at"], "clause": "V",
            },
        ],
        "goals": [
            {"goal_id": name, "metric": metric, "blocs": [bloc], "over": campaign.goal, "due_on": due_on, "clause": "I"}
            for name, metric, bloc, kind in (
                ("people", "signed", "districts", "district"), ("sales", "sold", "shops", "shop"),
            )
            if _stands(campaign, kind, due_on)
        ],
        "reports": [
            {"export": SOLD, "from": ["shop"], "to": "top", "periods": ids, "days_after_closing": 3, "clause": "VI"},
            {
                "export": SIGNED, "from": [campaign.senders], "to": "top", "periods": ids, "days_after_closing": 3,
                "clause": "VI",
            },
            {"export": ANSWERED, "from": ["top"], "to": "top", "periods": ids, "days_after_closing": 3, "clause": "VI"},
        ],
    }  # fmt: skip
    (folder / "plan.yml").write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))
    _csv(
        folder / "units.csv",
        ["unit_id", "name", "unit_type", "parent", "valid_from", "valid_through"],
        [
            (
                unit, unit, kind, campaign.parents[unit], campaign.valid_from.get(unit, ""),
                campaign.valid_through.get(unit, ""),
            )
            for unit, kind in campaign.types.items()
        ],
    )  # fmt: skip
    _csv(
        folder / "unit_lineage.csv",
        ["happened_on", "kind", "from", "to", "document"],
        [(campaign.renamed_on, "renamed", old, new, "") for old, new in campaign.renamed.items()],
    )
    targets = campaign.targets or {"top": 1}
    _csv(
        folder / "targets.csv",
        ["target_id", "unit_id", "value", "value_kind", "effective_from"],
        [("goal", unit, value, "count", date(2023, 1, 1)) for unit, value in targets.items()],
    )
    _csv(
        folder / "baselines.csv",
        ["metric_id", "unit_id", "value"],
        [("sold", unit, value) for unit, value in campaign.baselines.items()],
    )
    _csv(
        folder / "references.csv",
        ["metric_id", "unit_id", "value"],
        [("members", unit, value) for unit, value in campaign.denominators.items()],
    )
    _csv(
        folder / "participants.csv",
        ["period_id", "authority_unit_id", "recipient", "value"],
        [(period, unit, "unit", value) for (period, unit), value in campaign.participants.items()],
    )


def _stands(campaign: EventCampaign, kind: str, day: date) -> bool:
    """Whether there is a unit of this kind on a day; a plan sets no goal for nobody."""
    return any(
        campaign.valid_from.get(unit, day) <= day <= campaign.valid_through.get(unit, day)
        for unit, of_kind in campaign.types.items()
        if of_kind == kind
    )


def _rate_of_shops(campaign: EventCampaign) -> list[dict[str, Any]]:
    """Of their own where they are measured by figures."""
    if not campaign.sales:
        return []
    baseline = {"minus_baseline": "given"} if campaign.sales == "baseline" else {}
    return [
        {
            "measure_id": "rate", "blocs": ["shops"], "numerator": {"metric": "sold"} | baseline,
            "denominator": {"target": "goal"}, "clause": "II",
        }
    ]  # fmt: skip


def _csv(path: Path, header: list[str], rows: list[Any]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
