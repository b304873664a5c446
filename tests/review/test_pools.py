"""Which pools of prizes by decision are offered to the council, over hand-made rows of the marts."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
from thidua.reports.served import Served
from thidua.review.questions import _Asked

NOW = datetime(2023, 7, 10, tzinfo=UTC)
# Authority -> its places, and why the line is as it is.
POOLS = {
    "listed": (1, "decision"),
    "unlisted": (None, "no_participants"),
    "open": (None, "decision"),
    "none": (0, "decision"),
}


def test_a_prize_is_offered_only_where_its_places_are_known() -> None:
    with duckdb.connect(":memory:") as marts:
        marts.execute("create table dim_unit (campaign_id varchar, unit_id varchar, name varchar)")
        marts.execute("create table dim_period as select 'c' as campaign_id, 'w' as period_id, $1 as cutoff_at", [NOW])
        marts.execute(
            "create table fct_award (campaign_id varchar, period_id varchar, prize_id varchar, unit_id varchar, "
            "recipient_kind varchar, authority_unit_id varchar, places bigint, status_reason varchar)"
        )
        for authority, (places, reason) in POOLS.items():
            line = ["c", "w", "p", None, "unit", authority, places, reason]
            marts.execute(f"insert into fct_award values ({', '.join('?' * len(line))})", line)
        marts.execute(
            "create table fct_unit_candidate as select campaign_id, period_id, prize_id, authority_unit_id, 'u' as unit_id, "
            "'pass' as result, false as is_awarded from fct_award"
        )
        asked = list(_Asked(Served(marts), None, NOW)._pools())
    assert {question.unit_id for question in asked} == {"listed", "open"}
