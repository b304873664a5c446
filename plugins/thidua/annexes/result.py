"""The result that a set of documents speaks of: the figures as they stand now, or one official version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from thidua.annexes.blocks import Letterhead
from thidua.reports.served import Row, open_served
from thidua.settings import Home

# What of a closing is read, whole rows, in the order that a document shows them.
_OF_PERIOD = {
    "rpt_ranking": "bloc_name nulls last, rank nulls last, is_eligible desc nulls last, progress_rate desc nulls last, unit_id",
    "fct_award": "recipient_kind desc, amount_each desc nulls last, prize_id, authority_unit_id, unit_id",
    "fct_nomination_quota": "unit_id, prize_id",
    "fct_unit_candidate": "prize_id, authority_unit_id, bloc_id nulls last, unit_id",
    "fct_measure": "unit_id, measure_id",
    "fct_gate_result": "unit_id, kind desc, gate_id",
    "fct_reporting": "export_type, from_unit_id",
}


@dataclass(frozen=True)
class Result:
    """`version` and `content_hash` are null for provisional figures. `tables` hold the rows of the marts' columns."""

    campaign: Row
    period: Row
    units: Mapping[str, Row]
    tables: Mapping[str, list[Row]]
    version: int | None = None
    content_hash: str | None = None

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

    def award_rows(self) -> list[Row]:
        """The awards bloc by bloc as the ranking has them, dearest first."""
        blocs = list(dict.fromkeys(row["bloc_id"] for row in self.tables["rpt_ranking"]))
        place = {bloc: position for position, bloc in enumerate(blocs)}
        return sorted(
            self.tables["fct_award"],
            key=lambda row: (place.get(row["bloc_id"], len(blocs)), -(row["amount_each"] or 0), -(row["amount"] or 0)),
        )

    def unit_name(self, unit_id: str | None) -> str:
        """Empty where the plan names no unit; what no list knows stands by its id."""
        if unit_id is None:
            return ""
        return str(self.units[unit_id]["name"]) if unit_id in self.units else unit_id

    @cached_property
    def prize_names(self) -> dict[str, str]:
        return {row["prize_id"]: row["prize_name"] or row["prize_id"] for row in self.tables["fct_award"]}


def provisional(home: Home, campaign: str, period: str) -> Result:
    """The closing as served now. Raises ThiduaError with close matches for an unknown name."""
    with open_served(home) as served:
        served.check_campaign(campaign)
        served.check_period(campaign, period)
        key = [campaign, period]
        tables = {
            table: served.rows(f"select * from {table} where campaign_id = $1 and period_id = $2 order by {order}", key)
            for table, order in _OF_PERIOD.items()
        }
        tables["fct_decision"] = served.rows(
            "select * from fct_decision where campaign_id = $1 order by recorded_at, decision_id", [campaign]
        )
        units = served.rows("select * from dim_unit where campaign_id = $1", [campaign])
        return Result(
            campaign=served.rows("select * from dim_campaign where campaign_id = $1", [campaign])[0],
            period=served.rows("select * from dim_period where campaign_id = $1 and period_id = $2", key)[0],
            units={row["unit_id"]: row for row in units},
            tables=tables,
        )
