"""A wave of Cần Thơ with its caps, and An Giang's contest, put straight into a lake for their closings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from thidua.settings import Home

from tests.event_lake import EventFile, through
from tests.warehouse.other_plans import AN_GIANG, DISTRICTS, File, World, _enrolled, lay, local

CONTEST, WAVES = "contest", "waves"
LAST_DAY = date(2023, 6, 9)
# One target each; whoever is named has one participant in the wave, so the other communes fall short.
TARGETS = {
    "ninh-kieu": 3, "ninh-kieu-xa-1": 1, "ninh-kieu-xa-2": 1, "ninh-kieu-xa-3": 1, "o-mon": 3, "o-mon-xa-1": 1,
    "o-mon-xa-2": 1, "o-mon-xa-3": 1, "binh-thuy": 2, "binh-thuy-xa-1": 1, "binh-thuy-xa-2": 1, "cai-rang": 1,
    "cai-rang-xa-1": 1,
}  # fmt: skip
ENROLLED = (
    "ninh-kieu-xa-1", "ninh-kieu-xa-2", "ninh-kieu-xa-3", "o-mon-xa-1", "o-mon-xa-2", "binh-thuy-xa-1",
    "binh-thuy-xa-2", "cai-rang-xa-1",
)  # fmt: skip
# Of units and of persons, by authority. Of Thới Lai nobody was listed.
PARTICIPANTS = {
    "can-tho": (29, 39), "ninh-kieu": (9, 19), "o-mon": (10, 20), "binh-thuy": (9, 40), "cai-rang": (9, 19),
    "thot-not": (9, 19), "vinh-thanh": (9, 19), "co-do": (9, 19), "phong-dien": (9, 19),
}  # fmt: skip


def _targets() -> str:
    lines = ["target_id,unit_id,period_id,value,value_kind,decision_number,effective_from"]
    lines += [f"enrolled,{unit},wave-1,{value},count,,2023-05-01" for unit, value in TARGETS.items()]
    year = [
        f"{target},{DISTRICTS[0]},year-2023,1,count,182/QĐ-UBND,2023-01-18"
        for target in ("bhyt", "bhxh_bb", "bhxh_tn", "bhtn")
    ]
    return "\n".join([*lines, *year]) + "\n"


def _participants() -> str:
    lines = ["period_id,authority_unit_id,recipient,value"]
    for authority, counts in PARTICIPANTS.items():
        lines += [f"wave-1,{authority},{kind},{count}" for kind, count in zip(("unit", "person"), counts, strict=True)]
    return "\n".join(lines) + "\n"


def _files() -> Iterator[File]:
    received = local(2023, 6, 14, 9)
    for district in DISTRICTS:
        below = [unit for unit in ENROLLED if unit.startswith(district)]
        events = tuple(_enrolled(unit, unit, local(2023, 5, 10, 9)) for unit in below)
        yield EventFile(f"{district}-wave-1", "enrolments", district, through(LAST_DAY), received, events)
    yield EventFile("city", "documents", "can-tho", through(LAST_DAY), received + timedelta(days=5))


WAVE = World("can-tho-2023", {"targets": _targets(), "participants": _participants()}, _files)


def lay_both(home: Home, campaigns: Path) -> None:
    lay(home, campaigns, CONTEST, AN_GIANG)
    lay(home, campaigns, WAVES, WAVE)
