"""The result that a set of documents speaks of: the figures as they stand now, or one official version.

Both are the same tables: `ranking` and `awards` of an official version are as approved, of provisional figures as
proposed; `persons` are those whom decisions name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

from thidua.annexes.blocks import Letterhead
from thidua.clock import LOCAL
from thidua.closing.basis import snapshot_of
from thidua.closing.earlier import asked_of_persons
from thidua.closing.named import AWARD_PERSON, NOT_FOR_THE_UNIT, same_person, standing_names
from thidua.closing.official_rows import persons_of, ranking_of
from thidua.lake.decisions import Decision, in_force, load_decisions
from thidua.lake.objections import Objection, load_objections
from thidua.lake.officials import load_version
from thidua.plan.loader import Plan, load_plan
from thidua.reports.served import Row, open_served
from thidua.settings import Home

# What both kinds have, whole rows of the closing.
MARTS = (
    "fct_eligibility", "fct_measure", "fct_gate_result", "fct_nomination_quota", "fct_unit_candidate", "fct_reporting",
)  # fmt: skip
_PROPOSALS = ("fct_award", "fct_ranking", "fct_prize_condition")


@dataclass(frozen=True)
class Result:
    """`version`, `content_hash` and `approvals` are of an official version; provisional figures have none."""

    campaign: Row
    period: Row
    units: Mapping[str, Row]
    tables: Mapping[str, Sequence[Row]]
    decisions: Sequence[Decision]
    objections: Sequence[Objection]
    version: int | None = None
    content_hash: str | None = None
    approvals: Sequence[Row] = ()
    effects: Sequence[Row] = ()  # of an official version: what its decisions changed, cell by cell
    in_vain: Mapping[str, str] = field(default_factory=dict)  # decision that names somebody -> why it has no effect
    plan: Plan | None = None  # of an official version: its awards may no longer name every prize

    @property
    def label(self) -> str:
        """For file and folder names."""
        return "tam-tinh" if self.version is None else f"ban-{self.version}"

    @property
    def letterhead(self) -> Letterhead:
        closing: date = self.period["closing_date"]
        mark = (
            "DỰ THẢO – số liệu tạm tính, chưa được phê duyệt"
            if self.version is None
            else f"Bản chính thức số {self.version} – mã kiểm tra {(self.content_hash or '')[:16]}"
        )
        return Letterhead(
            issued_by=self.campaign["issued_by"],
            subtitles=(self.campaign["title"], f"{self.period['name']} (số liệu đến hết ngày {closing:%d/%m/%Y})"),
            is_draft=self.version is None,
            mark=mark,
        )

    def rows(self, table: str, **equal: object) -> list[Row]:
        return [row for row in self.tables[table] if all(row[name] == value for name, value in equal.items())]

    @cached_property
    def ranking(self) -> list[Row]:
        """The units bloc by bloc: the ranked in their order, then by name."""
        return sorted(
            self.tables["ranking"],
            key=lambda row: (
                row["bloc_name"] is None,
                row["bloc_name"] or "",
                row["rank"] is None,
                row["rank"] or 0,
                row["is_eligible"] is not True,
                row["is_eligible"] is None,
                row["unit_name"],
                row["unit_id"],
            ),
        )

    @cached_property
    def awards(self) -> list[Row]:
        """The awards bloc by bloc as the ranking has them, dearest first."""
        blocs = list(dict.fromkeys(row["bloc_id"] for row in self.ranking))
        place = {bloc: position for position, bloc in enumerate(blocs)}
        return sorted(
            self.tables["awards"],
            key=lambda row: (
                place.get(row["bloc_id"], len(blocs)),
                -(row["amount_each"] or 0),
                -(row["amount"] or 0),
                *(str(row[name] or "") for name in ("recipient_kind", "prize_id", "authority_unit_id", "unit_id")),
            ),
        )

    def unit_name(self, unit_id: str | None) -> str:
        """Empty where the plan names no unit; what no list knows stands by its id."""
        if unit_id is None:
            return ""
        return str(self.units[unit_id]["name"]) if unit_id in self.units else unit_id

    @cached_property
    def prize_names(self) -> dict[str, str]:
        planned = {award.prize_id: award.name for award in self.plan.document.awards} if self.plan else {}
        named = {row["prize_id"]: row["prize_name"] for row in self.tables["awards"]}
        return {prize_id: name or prize_id for prize_id, name in {**planned, **named}.items()}


def provisional(home: Home, campaign: str, period: str) -> Result:
    """The closing as served now. Raises ThiduaError with close matches for an unknown name."""
    with open_served(home) as served:
        served.check_campaign(campaign)
        served.check_period(campaign, period)
        key = [campaign, period]
        marts = {
            table: served.rows(f"select * from {table} where campaign_id = $1 and period_id = $2", key)
            for table in (*MARTS, *_PROPOSALS)
        }
        marts["dim_unit"] = served.rows("select * from dim_unit where campaign_id = $1", [campaign])
        found = served.rows("select * from dim_campaign where campaign_id = $1", [campaign])[0]
        closing = served.rows("select * from dim_period where campaign_id = $1 and period_id = $2", key)[0]
    decisions = _decisions(home, campaign, period, None)
    marts |= asked_of_persons(home, campaign, period, decisions)
    names = standing_names(marts, decisions, period)
    lines = marts["fct_award"]
    held = [{**line, "status": "awarded" if line["status"] == "proposed" else line["status"]} for line in lines]
    tables = {
        **{name: marts[name] for name in MARTS},
        "ranking": ranking_of(marts, held),
        "awards": lines,
        "persons": persons_of(marts, decisions, period),
    }
    return Result(
        campaign=found,
        period=closing,
        units={row["unit_id"]: row for row in marts["dim_unit"]},
        tables=tables,
        decisions=decisions,
        objections=_objections(home, campaign, period, None),
        in_vain={decision["decision_id"]: why for decision, why in names if why is not None},
    )


def official(home: Home, campaign: str, period: str, version: int | None = None) -> Result:
    """An official version as approved, the latest one where none is named. Raises NotWell when there is none such."""
    found = load_version(home, campaign, period, version)
    decided = found.manifest["inputs"]["decisions"]
    decisions = [one for one in _decisions(home, campaign, period, None) if one["decision_id"] in decided]
    persons = found.rows("persons")
    awarded = {(row["prize_id"], *same_person(row["unit_id"], row["name"])) for row in persons}
    return Result(
        campaign=found.rows("dim_campaign")[0],
        period=found.rows("dim_period")[0],
        units={row["unit_id"]: row for row in found.rows("dim_unit")},
        tables={**{name: found.rows(name) for name in (*MARTS, "ranking", "awards")}, "persons": persons},
        decisions=decisions,
        objections=_objections(home, campaign, period, found.approved_at),
        version=found.version,
        content_hash=found.content_hash,
        approvals=found.manifest["approvals"],
        effects=found.manifest.get("effects", ()),
        # Other reasons ask people again, before a version is approved.
        in_vain={
            decision["decision_id"]: NOT_FOR_THE_UNIT
            for decision in in_force(decisions)
            if decision["kind"] == AWARD_PERSON
            and (said := decision["subject"])
            and (said["prize_id"], *same_person(said["unit_id"], said["name"])) not in awarded
        },
        plan=load_plan(snapshot_of(home, found.manifest["freeze"]).path),
    )


def _decisions(home: Home, campaign: str, period: str, known_at: datetime | None) -> list[Decision]:
    """Those of the campaign that speak of this closing or of no closing."""
    return [
        decision
        for decision in load_decisions(home, known_at)
        if decision["campaign_id"] == campaign and decision["subject"].get("period_id") in (None, period)
    ]


def _objections(home: Home, campaign: str, period: str, known_at: datetime | None) -> list[Objection]:
    return [
        objection
        for objection in load_objections(home, known_at)
        if (objection.campaign_id, objection.period_id) == (campaign, period)
    ]


def local_text(instant: datetime | str) -> str:
    """`09:30 05/07/2023`; where a day begins, the day says it all."""
    local = (datetime.fromisoformat(instant) if isinstance(instant, str) else instant).astimezone(LOCAL)
    return f"{local:%d/%m/%Y}" if (local.hour, local.minute) == (0, 0) else f"{local:%H:%M %d/%m/%Y}"
