"""Small worlds for the four plans beside the flagship: real plans, few people, every boundary and reading in reach.

A campaign is copied under a name of its own, some of its CSVs are replaced by small numbers, and files are put straight
into the lake. What stands here is data; what it must come to is in test_other_plans.py.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from thidua.clock import LOCAL
from thidua.lake.decisions import record_decision
from thidua.plan.loader import load_plan
from thidua.settings import Home, repo_root

from tests.event_lake import Event, EventFile, FigureFile, put, through

CAMPAIGNS = repo_root() / "campaigns"
File = EventFile | FigureFile


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=LOCAL)  # type: ignore[misc]


@dataclass(frozen=True)
class World:
    """A plan with its small CSVs, its files and the council's decisions (kind, subject)."""

    plan: str
    csvs: dict[str, str]
    files: Callable[[], Iterator[File]]
    decisions: tuple[tuple[str, dict[str, str]], ...] = ()
    edits: dict[str, str] = field(default_factory=dict)


def lay(home: Home, plans: Path, campaign_id: str, world: World, reading: tuple[str, str] | None = None) -> None:
    """The world as a campaign of its own; with `reading`, another option than the default is chosen."""
    shutil.copytree(CAMPAIGNS / world.plan, plans / campaign_id)
    plan_file = plans / campaign_id / "plan.yml"
    text = plan_file.read_text().replace(f"campaign_id: {world.plan}", f"campaign_id: {campaign_id}")
    for old, new in world.edits.items():
        assert old in text, old
        text = text.replace(old, new)
    plan_file.write_text(text)
    for name, content in world.csvs.items():
        (plans / campaign_id / f"{name}.csv").write_text(content)
    put(home, campaign_id, list(world.files()))
    decide(home, campaign_id, (*world.decisions, *choose(reading)))


def choose(reading: tuple[str, str] | None) -> tuple[tuple[str, dict[str, str]], ...]:
    """The council's decision for another option of a reading, if there is one."""
    return (("choose_reading", {"reading_id": reading[0], "option": reading[1]}),) if reading else ()


def decide(home: Home, campaign_id: str, decisions: tuple[tuple[str, dict[str, str]], ...]) -> None:
    for kind, subject in decisions:
        record_decision(
            home,
            campaign_id=campaign_id,
            kind=kind,
            subject=subject,
            decided_by="council",
            recorded_at=datetime(2024, 1, 15, tzinfo=UTC),
            reason="test",
        )


def options(plan: str) -> list[tuple[str, str]]:
    """(reading, option) for every option that is not the default."""
    return [
        (reading.reading_id, option)
        for reading in load_plan(CAMPAIGNS / plan).document.readings
        for option in reading.options
        if option != reading.default
    ]


# An Giang 2022 --------------------------------------------------------------------------------------------------------

OPENS, CLOSES = local(2022, 3, 26, 8), local(2022, 4, 20, 20)
SECOND = timedelta(seconds=1)
FIRST_ANSWER = local(2022, 4, 1, 9)


@dataclass(frozen=True)
class School:
    """Members with BHYT, all members; how many installed, how many of these answered; odd instants of the last ones."""

    bhyt: int
    members: int
    installed: int
    answered: int
    first_answer: datetime = FIRST_ANSWER
    last_answer: datetime | None = None
    last_install: datetime | None = None
    before_march: int = 0
    is_silent: bool = False


SCHOOLS = {
    "thpt-song-tien": School(10, 10, 10, 7, local(2022, 4, 1, 9), local(2022, 4, 10, 9)),  # 70% exactly
    "thpt-nui-sam": School(10, 10, 10, 6),  # one person short
    "thpt-ben-xuan": School(10, 10, 10, 8, local(2022, 3, 26, 8), local(2022, 4, 12, 9)),  # from the first instant on
    "thpt-hoa-phuong": School(20, 30, 20, 14),
    "thpt-phu-lam": School(10, 10, 9, 7),
    "thpt-vinh-hoa": School(10, 10, 9, 7, last_answer=CLOSES),  # the seventh answer at 20:00:00 is outside
    "thpt-bay-nui": School(10, 10, 8, 7, last_answer=CLOSES - SECOND),
    "thpt-tan-lap": School(10, 10, 8, 8, is_silent=True),
    "thpt-hoa-binh": School(10, 10, 7, 7, last_install=CLOSES),  # installed when the contest is over
    "thpt-cu-lao": School(10, 10, 9, 6),
    "thpt-oc-eo": School(10, 10, 7, 7),
    "thpt-le-hong": School(10, 20, 8, 7, before_march=2),
}
DISPUTED = "disputed"


def _installs(school: str, facts: School) -> list[Event]:
    events = []
    for number in range(facts.installed):
        at = local(2022, 2, 20, 9) if number < facts.before_march else local(2022, 3, 10, 9 + number % 8)
        if facts.last_install and number == facts.installed - 1:
            at = facts.last_install
        events.append(
            Event(f"{school}-{number}", "installed", at, {"": school}, dimensions={"class": str(10 + number % 3)})
        )
    # Claimed by two schools on two days: counts where it happened first.
    if school in ("thpt-cu-lao", "thpt-oc-eo"):
        day = 12 if school == "thpt-oc-eo" else 14
        events.append(Event(DISPUTED, "installed", local(2022, 3, day, 9), {"": school}, dimensions={"class": "10"}))
    return events


def _an_giang() -> Iterator[File]:
    answers = []
    for school, facts in SCHOOLS.items():
        if not facts.is_silent:
            # Four days after the close: late by the default deadline, in time by the longer one.
            received = local(2022, 4, 24, 10) if school == "thpt-nui-sam" else local(2022, 4, 22, 9)
            yield EventFile(
                f"registrations-{school}", "registrations", school, through(date(2022, 4, 20)), received,
                tuple(_installs(school, facts)),
            )  # fmt: skip
        for number in range(facts.answered):
            at = facts.first_answer + timedelta(minutes=number)
            if facts.last_answer and number == facts.answered - 1:
                at = facts.last_answer
            answers.append(
                Event(
                    f"{school}-{number}", "quiz_answered", at, {"": school}, score=20 + number, key=f"{school}-{number}"
                )
            )
    answers += [
        Event(DISPUTED, "quiz_answered", local(2022, 4, 2, 9), {"": "thpt-cu-lao"}, score=30, key="disputed"),
        # Before the first instant: no part in the contest; a second answer changes neither score nor time.
        Event("thpt-nui-sam-8", "quiz_answered", OPENS - SECOND, {"": "thpt-nui-sam"}, score=1, key="too-early"),
        Event(
            "thpt-song-tien-0", "quiz_answered", local(2022, 4, 19, 9), {"": "thpt-song-tien"}, score=99, key="again"
        ),
    ]
    yield EventFile(
        "quiz", "quiz_results", "an-giang", through(date(2022, 4, 20)), local(2022, 4, 21, 9), tuple(answers)
    )


def _an_giang_references() -> str:
    lines = ["metric_id,unit_id,dimension,member,value"]
    for school, facts in SCHOOLS.items():
        lines += [f"bhyt_members,{school},,,{facts.bhyt}", f"members,{school},,,{facts.members}"]
        lines += [f"bhyt_members,{school},class,{name},{size}" for name, size in ((10, 4), (11, 3), (12, 3))]
    return "\n".join(lines) + "\n"


AN_GIANG = World("an-giang-2022", {"references": _an_giang_references()}, _an_giang)

# Cần Thơ 2023 ---------------------------------------------------------------------------------------------------------

DISTRICTS = (
    "ninh-kieu", "o-mon", "binh-thuy", "cai-rang", "thot-not", "vinh-thanh", "co-do", "phong-dien", "thoi-lai",
)  # fmt: skip
WAVES = {"wave-1": date(2023, 6, 9), "wave-2": date(2023, 7, 31), "wave-3": date(2023, 10, 10)}
TERM = date(2023, 12, 31)
YEAR_TARGETS = {"bhyt": 1000, "bhxh_bb": 200, "bhxh_tn": 30, "bhtn": 150}


def _enrolled(
    person: str, unit: str, at: datetime, product: str = "bhxh_tn", until: date = TERM, event: str = "enrolled",
    collector: str | None = None,
) -> Event:  # fmt: skip
    units = {"": unit} | ({"collector": collector} if collector else {})
    return Event(person, event, at, units, product, until, key=f"{person}-{product}-{event}-{at:%m%d}")


def _wave_1() -> dict[str, list[Event]]:
    may = local(2023, 5, 10, 9)
    return {
        "ninh-kieu": [
            _enrolled("a", "ninh-kieu-xa-1", may, collector="buu-dien-ninh-kieu"),
            _enrolled("b", "ninh-kieu-xa-1", may, "bhyt_hgd", collector="buu-dien-tp"),
            # A contract of each product: two by product, one by person.
            _enrolled("c", "ninh-kieu-xa-2", may, collector="buu-dien-ninh-kieu"),
            _enrolled("c", "ninh-kieu-xa-2", may, "bhyt_hgd", collector="buu-dien-ninh-kieu"),
            _enrolled("d", "ninh-kieu-xa-3", may, until=date(2023, 12, 30)),  # a day too short
        ],
        "o-mon": [
            _enrolled("e", "o-mon-xa-1", may, "bhxh_bb"),
            _enrolled("f", "o-mon-xa-2", may, event="renewed"),
            _enrolled("g", "o-mon-xa-3", local(2023, 6, 10) - timedelta(microseconds=1)),  # the last instant
            _enrolled("h", "o-mon-xa-3", local(2023, 5, 6)),  # the first
        ],
        "thot-not": [_enrolled("i", "thot-not-xa-1", local(2023, 6, 10))],  # the wave is over
        # Enrolled by two communes: counts where it happened first, and both are told.
        "binh-thuy": [_enrolled("j", "binh-thuy-xa-1", local(2023, 5, 20))],
        "cai-rang": [_enrolled("j", "cai-rang-xa-1", local(2023, 5, 19))],
    }


def _can_tho() -> Iterator[File]:
    told = _wave_1()
    for wave, closing in WAVES.items():
        for district in DISTRICTS:
            if (wave, district) == ("wave-3", "thoi-lai"):
                continue  # its last report never comes
            received = local(closing.year, closing.month, closing.day, 9) + timedelta(days=5)
            events = tuple(told.get(district, ())) if wave == "wave-1" else ()
            yield EventFile(f"{district}-{wave}", "enrolments", district, through(closing), received, events)
    # A card that another district claims later on, and a claim taken back by the office that made it.
    figures = []
    for district in DISTRICTS:
        for metric, target in YEAR_TARGETS.items():
            short = (district, metric) == ("o-mon", "bhtn")
            figures.append((district, date(2023, 12, 31), metric, "", "", target - short))
    yield FigureFile("year", "progress", local(2024, 1, 5, 9), tuple(figures))
    launch = date(2023, 5, 6)
    staff = [
        ("can-tho", "launch_staff", "role", "official", 15),
        ("ninh-kieu", "launch_staff", "role", "official", 5),
        ("o-mon", "launch_staff", "role", "official", 4),
        ("buu-dien-tp", "launch_staff", "", "", 20),
        ("to-chuc-thu-a", "launch_staff", "", "", 5),
        ("buu-dien-ninh-kieu", "launch_staff", "", "", 9),
        ("ninh-kieu", "advice_groups", "", "", 10),
        ("ninh-kieu", "launch_staff", "role", "advice", 20),
        ("o-mon", "advice_groups", "", "", 9),
        ("o-mon", "launch_staff", "role", "advice", 17),
        ("ninh-kieu", "mobile_teams", "", "", 1),
        ("o-mon", "mobile_teams", "", "", 0),
    ]
    yield FigureFile(
        "attendance", "attendance", local(2023, 5, 1, 9),
        tuple((unit, launch, metric, dimension, member, value) for unit, metric, dimension, member, value in staff),
    )  # fmt: skip


def _can_tho_targets() -> str:
    wave = {
        "can-tho": 11, "ninh-kieu": 6, "ninh-kieu-xa-1": 2, "ninh-kieu-xa-2": 2, "ninh-kieu-xa-3": 1,
        "buu-dien-ninh-kieu": 1, "o-mon": 4, "o-mon-xa-1": 1, "o-mon-xa-2": 1, "o-mon-xa-3": 1, "thot-not": 1,
        "thot-not-xa-1": 1, "buu-dien-tp": 1,
    }  # fmt: skip
    lines = ["target_id,unit_id,period_id,value,value_kind,decision_number,effective_from"]
    lines += [f"enrolled,{unit},{name},{value},count,,2023-05-01" for name in WAVES for unit, value in wave.items()]
    lines += [
        f"{target},{district},year-2023,{value},count,182/QĐ-UBND,2023-01-18"
        for district in DISTRICTS
        for target, value in YEAR_TARGETS.items()
    ]
    return "\n".join(lines) + "\n"


_PARTICIPANTS = """period_id,authority_unit_id,recipient,value
wave-1,can-tho,unit,29
wave-1,can-tho,person,39
wave-1,ninh-kieu,unit,9
wave-1,ninh-kieu,person,19
wave-1,o-mon,unit,10
wave-1,o-mon,person,20
wave-1,binh-thuy,unit,19
wave-1,binh-thuy,person,100
year-2023,can-tho,unit,29
year-2023,can-tho,person,210
"""


def _award(period: str, prize: str, unit: str) -> tuple[str, dict[str, str]]:
    return "award", {"period_id": period, "prize_id": prize, "unit_id": unit}


CAN_THO = World(
    "can-tho-2023",
    {"targets": _can_tho_targets(), "participants": _PARTICIPANTS},
    _can_tho,
    (
        _award("wave-1", "giay_khen_unit", "cai-rang"),
        _award("wave-1", "giay_khen_unit", "o-mon"),
        _award("wave-1", "giay_khen_unit", "ninh-kieu-xa-1"),
        _award("wave-1", "giay_khen_unit", "o-mon-xa-3"),
    ),
)

# Chiêm Hóa 2021 -------------------------------------------------------------------------------------------------------

TEAMS = ("to-thu", "to-ke-toan", "to-che-do")


def _chiem_hoa() -> Iterator[File]:
    def installed(person: str, at: datetime, group: str, unit: str, **dimensions: str) -> Event:
        return Event(person, "installed", at, {"": unit}, dimensions={"group": group, **dimensions})

    march = [installed("a", local(2021, 3, 17, 23), "party_committee_unions", "vinh-loc")]  # a day before its window
    april = [
        installed("b", local(2021, 4, 16), "communes_education_health", "tan-an"),  # the first instant of its window
        installed("c", local(2021, 4, 20), "communes_education_health", "phuc-son", employer="Trường A"),
    ]
    may = [installed("d", local(2021, 5, 20), "communes_education_health", "tan-an", employer="Trường A")]
    june = [
        installed("e", local(2021, 6, 1), "non_state", "don-vi-1"),  # the first instant after its window
        installed("f", local(2021, 6, 30, 23), "voluntary", "tan-an"),
    ]
    july = [installed("g", local(2021, 7, 1), "others", "tan-an")]
    months = {3: march, 4: april, 5: may, 6: june, 7: july, 8: [], 9: []}
    for month, events in months.items():
        end = date(2021, month + 1, 1) - timedelta(days=1)
        for team in TEAMS:
            # The teams consolidate by the seventh: late by the default deadline, in time by the longer one.
            received = datetime.combine(end, datetime.min.time(), LOCAL) + timedelta(days=7)
            told = tuple(events) if team == "to-thu" else ()
            yield EventFile(f"{team}-{month:02d}", "registrations", team, through(end), received, told)
            yield EventFile(
                f"feedback-{team}-{month:02d}", "feedback", team, through(end), received,
                tuple(_feedback(month)) if team == "to-che-do" else (),
            )  # fmt: skip


def _feedback(month: int) -> Iterator[Event]:
    """Three come in by April; one is answered in April, one in May, one never."""

    def item(code: str, what: str, at: datetime) -> Event:
        topic = "card" if code == "p1" else "data"
        return Event(None, what, at, {"": "tan-an"}, dimensions={"topic": topic, "team": "to-che-do"}, key=code)

    received = {"p1": local(2021, 3, 20), "p2": local(2021, 4, 2), "p3": local(2021, 4, 10)}
    resolved = {"p1": local(2021, 4, 5), "p2": local(2021, 5, 7)}
    for code, at in received.items():
        # The row is sent again when it is resolved, and then says both.
        if month in {at.month, resolved[code].month if code in resolved else None}:
            yield item(code, "feedback_received", at)
        if code in resolved and resolved[code].month == month:
            yield item(code, "feedback_resolved", resolved[code])


CHIEM_HOA = World(
    "chiem-hoa-2021", {}, _chiem_hoa, (("group_done", {"dimension": "group", "member": "party_committee_unions"}),)
)
CHIEM_HOA_OPEN = World("chiem-hoa-2021", {}, _chiem_hoa)

# Bà Rịa – Vũng Tàu 2016–2020 ------------------------------------------------------------------------------------------

OFFICES = ("vung-tau", "ba-ria", "chau-duc", "xuyen-moc", "long-dien", "dat-do", "con-dao")
DEPARTMENTS = ("p-to-chuc-can-bo", "p-thu", "p-che-do", "p-giam-dinh")
GROUPS = ("poor", "merit", "elderly", "ethnic_minority")
# Where a unit falls short: (unit, year) -> metric.
SHORT = {
    ("ba-ria", 2018): "covered",
    ("chau-duc", 2017): "plan_done",
    ("xuyen-moc", 2020): "covered",
    ("p-thu", 2019): "plan_done",
}


def _brvt() -> Iterator[File]:
    # District plans are due before 04/12/2017, when the year is not over: any day of it answers.
    for unit, day, received in (
        ("vung-tau", date(2017, 11, 28), local(2017, 12, 3, 23)),
        ("tan-thanh", date(2017, 12, 3), local(2017, 12, 4)),
        ("ba-ria", date(2016, 12, 31), local(2017, 1, 3)),
    ):
        yield EventFile(f"plan-{unit}", "documents", unit, through(day), received)
    for year in (2017, 2018, 2019, 2020):
        days = [date(year, 12, 31)] + ([date(2020, 11, 30)] if year == 2020 else [])
        for day in days:
            plans: list[tuple[str, date, str, str, str, int]] = []
            coverage: list[tuple[str, date, str, str, str, int]] = []
            cards: list[tuple[str, date, str, str, str, int]] = []
            renamed = "tan-thanh" if year == 2017 else "phu-my"
            for unit in (*OFFICES, renamed, *DEPARTMENTS):
                short = SHORT.get((unit, year)) if day.month == 12 else "covered" if unit == "dat-do" else None
                plans += [
                    (unit, day, "plan_assigned", "", "", 100),
                    (unit, day, "plan_done", "", "", 99 if short == "plan_done" else 100),
                ]
                if unit in DEPARTMENTS:
                    continue
                coverage += [
                    (unit, day, "population", "", "", 1000),
                    (unit, day, "covered", "", "", 600 if short == "covered" else 930),
                ]
                cards += [(unit, day, "cards_due", "group", group, 10) for group in GROUPS]
                cards += [
                    (unit, day, "cards_in_time", "group", group, 9 if (unit, group) == ("con-dao", "elderly") else 10)
                    for group in GROUPS
                ]
            received = datetime.combine(day, datetime.min.time(), LOCAL) + timedelta(days=20)
            for export, rows in (("progress", plans), ("coverage", coverage + cards)):
                yield FigureFile(f"{export}-{day}", export, received, tuple(rows))


BRVT = World("ba-ria-vung-tau-2017", {}, _brvt)
