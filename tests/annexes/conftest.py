"""A closing with a tie, a unit below the threshold, one without a report, money, quotas, decisions and reports."""

from __future__ import annotations

import pytest
from thidua.annexes.result import Result, provisional
from thidua.lake.decisions import record_decision
from thidua.settings import Home

from tests.reports.conftest import CAMPAIGN, Marts, add_unit, campaign_marts, local
from tests.reports.conftest import marts as marts  # the fixture

FORMULA = '=HYPERLINK("http://example.org","Huyện")'
DEPARTMENTS = ("departments", "Khối phòng")


def award(marts: Marts, unit_id: str | None, prize: tuple[str, str], amount: int | None, **more: object) -> None:
    values = {
        "recipient_kind": "unit",
        "bloc_id": "districts",
        "head_count": None if amount is None else amount // 30_000,
        "amount_base": 30_000,
        "amount_each": 30_000,
        "multiplier": 1,
        "amount": amount,
        "amount_min": amount,
        "amount_max": amount,
        "status": "proposed",
        "clause": "III.3.2.a",
    }
    marts.insert(
        "fct_award", period_id="q2", unit_id=unit_id, prize_id=prize[0], prize_name=prize[1], **{**values, **more}
    )


@pytest.fixture(scope="package")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("closing"))


@pytest.fixture(scope="package")
def result(home: Home) -> Result:
    marts = campaign_marts(home)
    marts._connection.execute("update marts.marts.dim_campaign set issued_by = 'BHXH tỉnh Lâm Đồng'")
    first, consolation, person = ("first", "Giải nhất"), ("rest", "Giải khuyến khích"), ("person", "Cá nhân tiêu biểu")
    add_unit(marts, "di-linh", "BHXH huyện Di Linh", 31_498, 22_930, 11_230, rank=1, prize=first)
    add_unit(marts, "bao-loc", "BHXH thành phố Bảo Lộc", 38_000, 28_310, 13_087, rank=2, prize=consolation)
    add_unit(marts, "dam-rong", "BHXH huyện Đam Rông", 10_360, 7_420, 4_200, rank=3, is_tied=True)
    add_unit(marts, "lac-duong", FORMULA, 9_500, 6_980, 3_600, rank=3, is_tied=True)
    add_unit(marts, "don-duong", "BHXH huyện Đơn Dương", 22_283, 17_260, 8_400, reason="below_threshold", missing=17)
    add_unit(marts, "da-teh", "BHXH huyện Đạ Tẻh", None, 9_350, 4_480, reason="no_data")
    add_unit(marts, "p-thu", "Phòng Thu", 1_000, None, 1_440, bloc=DEPARTMENTS, rank=1, prize=first)
    award(marts, "di-linh", first, 3_000_000)
    award(marts, "bao-loc", consolation, 840_000)
    award(marts, "p-thu", first, 1_500_000, bloc_id="departments")
    tie = {"status": "undecided", "status_reason": "tie", "amount_min": 300_000, "amount_max": 1_000_000, "places": 1}
    award(marts, "dam-rong", ("third", "Giải ba"), None, **tie)
    award(marts, "lac-duong", ("third", "Giải ba"), None, **tie)
    nominated = {"recipient_kind": "person", "places": 2, "head_count": None, "amount_base": 300_000}
    award(marts, "di-linh", person, 600_000, **nominated)
    for unit_id, quota in (("di-linh", 2), ("dam-rong", None)):
        marts.insert(
            "fct_nomination_quota",
            period_id="q2",
            unit_id=unit_id,
            prize_id="person",
            quota=quota,
            amount_per_person=300_000,
        )
    report = {"period_id": "q2", "export_type": "progress", "due_at": local("2023-07-04")}
    for unit_id, status, received in (("di-linh", "on_time", "2023-07-01T11:20"), ("da-teh", "missing", None)):
        marts.insert(
            "fct_reporting",
            from_unit_id=unit_id,
            status=status,
            received_at=local(received) if received else None,
            **report,
        )
    record_decision(
        marts.home,
        campaign_id=CAMPAIGN,
        kind="gate",
        subject={"unit_id": "bao-loc", "period_id": "q2", "gate_id": "quality", "result": "pass"},
        decided_by="An",
        recorded_at=local("2023-07-05T09:30"),
        reason="Đã kiểm tra",
    )
    record_decision(
        marts.home,
        campaign_id=CAMPAIGN,
        kind="award_person",
        subject={"unit_id": "di-linh", "period_id": "q2", "prize_id": "person", "name": "Nguyễn Văn Ví Dụ"},
        decided_by="An",
        recorded_at=local("2023-07-06T09:30"),
        reason="Đơn vị đề cử",
    )
    marts.close()
    return provisional(marts.home, CAMPAIGN, "q2")
