"""Lives a whole Lâm Đồng year, a wave of Cần Thơ and An Giang's contest through Airflow, and keeps what it saw on the way.

`python -m tests.closing.lived SEEN`, over THIDUA_HOME and THIDUA_CAMPAIGNS; SEEN is the file that it pickles it into.
Airflow and dbt are loaded once for all of it.
"""

from __future__ import annotations

import os
import pickle
import shutil
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

warnings.filterwarnings("ignore")
os.environ["THIDUA_USERS"] = "an:operator,binh:operator,vy:viewer"

from thidua.clock import parse_instant  # noqa: E402
from thidua.closing.approve import Refused, approve, issue  # noqa: E402
from thidua.closing.close import record_order  # noqa: E402
from thidua.closing.reproduce import reproduce  # noqa: E402
from thidua.lake.decisions import record_decision  # noqa: E402
from thidua.lake.objections import answer_objection, raise_objection  # noqa: E402
from thidua.settings import Home, campaigns_dir, home  # noqa: E402
from thidua.warehouse.build import build  # noqa: E402
from thidua.warehouse.publish import publish  # noqa: E402

from tests.closing import lam_dong as year_of  # noqa: E402
from tests.closing import pools  # noqa: E402
from tests.closing.airflow_office import Office, Script  # noqa: E402
from tests.closing.lam_dong import CAMPAIGN  # noqa: E402
from tests.event_lake import put, submission_id  # noqa: E402

Seen = dict[str, Any]


def refusal(call: Callable[[], object]) -> str:
    """What is said to a call that must be refused."""
    try:
        call()
    except Refused as refused:
        return refused.message
    raise AssertionError("it was not refused")


def try_to_approve(period_id: str, at: str, user: str, role: str, **more: Any) -> str:
    seen = year_of.look(home(), period_id, at).content_hash or ""
    return refusal(
        lambda: approve(home(), CAMPAIGN, period_id, user=user, role=role, seen=seen, at=parse_instant(at), **more)
    )


def second_quarter(office: Office, seen: Seen) -> None:
    seen["early"] = year_of.freeze(home(), campaigns_dir(), "q2", "2023-07-03T12:00:00")
    seen["incomplete"] = office.run(CAMPAIGN, "q2", "2023-07-04T08:00:00")
    year_of.decide(
        home(), "excuse_report", "2023-07-04T09:00:00", period_id="q2", export_type="progress", unit_id="da-teh"
    )
    at = "2023-07-04T10:00:00"
    refused: dict[str, str] = {}
    seen["refused"] = refused
    objections: list[str] = []

    def after_the_freeze() -> None:
        """A correction comes that would move Lâm Hà from below Đức Trọng to the top; and somebody is too quick."""
        late = year_of.said(
            "dinh-chinh", "2023-07-05T09:00:00", year_of.CLOSINGS["q2"], {"lam-ha": year_of.figure("lam-ha", 99)}
        )
        put(home(), CAMPAIGN, [late])
        seen["q2"] = year_of.look(home(), "q2", at)
        (seen["tie"],) = [question for question in seen["q2"].questions if question.kind == "tie"]
        refused["undecided"] = try_to_approve("q2", at, "an", "op")

    def after_the_tie() -> None:
        """An office objects in time for the approvers to be shown it."""
        seen["after the tie"] = year_of.look(home(), "q2", at)
        objection = raise_objection(
            home(), campaign_id=CAMPAIGN, period_id="q2", unit_id="don-duong", raised_by="BHXH Đơn Dương",
            raised_at=parse_instant(at), text="Số liệu ngày 30/6 chưa đủ",
        )  # fmt: skip
        objections.append(objection.objection_id)

    def all_is_decided() -> None:
        refused["viewer"] = try_to_approve("q2", at, "vy", "viewer")
        refused["objection"] = try_to_approve("q2", at, "an", "op")

    def one_has_approved() -> None:
        refused["one is not enough"] = refusal(lambda: issue(home(), CAMPAIGN, "q2", parse_instant(at)))
        answer_objection(
            home(), campaign_id=CAMPAIGN, objection_id=objections[0], result="rejected", answered_at=parse_instant(at),
            answered_by="Thư ký Hội đồng", text="Số liệu đúng như báo cáo đã gửi",
        )  # fmt: skip
        # Between the two approvals the council names somebody else: the first approval was of another result.
        year_of.answer(
            home(),
            year_of.look(home(), "q2", at),
            "nomination:individual:di-linh",
            [{"unit_id": "di-linh", "name": "Lê Văn Cường"}],
            at,
        )

    tie = {"dam-rong": "second", "lac-duong": "first"}
    elsewhere = {"persons": "bao-loc: Nguyễn Thị An"}
    seen["q2 changed"] = office.run(
        CAMPAIGN,
        "q2",
        at,
        Script(
            answers={"tie:districts:1:" + seen_tie_digest(tie): tie},
            wrong={"nomination:individual:di-linh": [elsewhere, elsewhere]},
            # A viewer may look on: Airflow itself refuses their answer.
            approvers={"approve_first": ["vy", "an"], "approve_second": ["binh"]},
            before={
                "decide": after_the_freeze,
                "decide_more": after_the_tie,
                "approve_first": all_is_decided,
                "approve_second": one_has_approved,
            },
        ),
    )
    seen["q2 issued"] = office.run(CAMPAIGN, "q2", "2023-07-07T00:00:00")
    refused["closed"] = try_to_approve("q2", "2023-07-08", "chi", "op")


def seen_tie_digest(tie: dict[str, str]) -> str:
    """Part of a tie's name."""
    from thidua.lake.entries import digest

    return digest(sorted(tie))[:8]


def third_quarter(office: Office, seen: Seen) -> None:
    """Nobody is nominated; two answers come before their form has parked; the first approver tries to be the second."""
    script = Script(
        names=False,
        at_once={"decide", "approve_first"},
        approvers={"approve_first": ["an"], "approve_second": ["an", "binh"]},
    )
    seen["q3"] = office.run(CAMPAIGN, "q3", "2023-10-05T08:00:00", script)


def disqualification(office: Office, seen: Seen) -> None:
    """Lạc Dương is found to have chased numbers: Q2 is ordered again, and Lâm Hà's correction is let in."""
    year_of.decide(home(), "gate", "2023-10-20", period_id="q2", gate_id="quality", unit_id="lac-duong", result="fail")
    seen["no order yet"] = year_of.look(home(), "q2", "2023-10-20T01:00:00").state
    record_order(
        home(), CAMPAIGN, "q2", decided_by="Giám đốc", at=parse_instant("2023-10-21"), reason="Kết luận kiểm tra số 7",
        admits=[submission_id(CAMPAIGN, "dinh-chinh")],
    )  # fmt: skip
    seen["q2 again"] = office.run(CAMPAIGN, "q2", "2023-10-22T00:00:00")


def end_of_the_campaign(office: Office, seen: Seen) -> None:
    at = "2024-01-03T00:00:00"

    def keep_the_questions() -> None:
        seen["final asked"] = year_of.look(home(), "final", at)

    answers = {
        "pool:leadership_unit:all": ["di-linh", "p-quan-ly-thu"],
        "pool:leadership_person:all": [{"unit_id": "dam-rong", "name": "Phạm Thị Dung"}],
    }
    seen["final"] = office.run(CAMPAIGN, "final", at, Script(answers, before={"decide": keep_the_questions}))


def contest(office: Office, seen: Seen) -> None:
    """One school is silent, and excused; the organisers choose the three persons."""
    decide_on(pools.CONTEST, "2022-04-24T12:00:00", "excuse_report", period_id="final", export_type="registrations",
              unit_id="thpt-tan-lap")  # fmt: skip
    persons = {
        "first": {"unit_id": "thpt-oc-eo", "name": "Trần Minh Anh"},
        "second": {"unit_id": "thpt-nui-sam", "name": "Lê Thị Bích"},
        "third": {"unit_id": "thpt-hoa-phuong", "name": "Phạm Văn Cảnh"},
    }
    answers = {f"pool:individual_{place}:all": [person] for place, person in persons.items()}
    seen["contest"] = office.run(pools.CONTEST, "final", "2022-04-25T08:00:00", Script(answers))


def wave(office: Office, seen: Seen) -> None:
    """Ô Môn has given two where it may give one; of three districts the city may choose two."""
    for unit_id in ("o-mon-xa-1", "o-mon-xa-2"):
        decide_on(pools.WAVES, "2023-06-25T09:00:00", "award", period_id="wave-1", prize_id="giay_khen_unit",
                  authority_unit_id="o-mon", unit_id=unit_id)  # fmt: skip
    at = "2023-06-26T08:00:00"

    def keep_the_questions() -> None:
        seen["wave asked"] = year_of.look(home(), "wave-1", at, pools.WAVES)

    answers = {
        "pool:giay_khen_unit:o-mon": ["o-mon-xa-2"],
        "pool:giay_khen_unit:can-tho": ["binh-thuy", "cai-rang"],
        "pool:giay_khen_person:can-tho": [{"unit_id": "buu-dien-tp", "name": "Võ Thị Đào"}],
        "pool:giay_khen_person:binh-thuy": [
            {"unit_id": "binh-thuy-xa-1", "name": "Ngô Văn Em"},
            {"unit_id": "binh-thuy-xa-3", "name": "Đỗ Thị Phượng"},
        ],
    }
    too_many = {"units": "ninh-kieu, binh-thuy, cai-rang"}
    script = Script(answers, wrong={"pool:giay_khen_unit:can-tho": [too_many]}, before={"decide": keep_the_questions})
    seen["wave"] = office.run(pools.WAVES, "wave-1", at, script)


def decide_on(campaign_id: str, at: str, kind: str, **subject: Any) -> None:
    record_decision(
        home(), campaign_id=campaign_id, kind=kind, subject=subject, decided_by="Hội đồng", reason="Biên bản họp",
        recorded_at=parse_instant(at),
    )  # fmt: skip


def reproduced(folder: Path) -> Any:
    """From a copy of the lake alone, after the plan in campaigns/ was edited."""
    plan = campaigns_dir() / CAMPAIGN / "plan.yml"
    plan.write_text(plan.read_text().replace("amount: 150000", "amount: 999000"))
    alone = Home(folder)
    shutil.copytree(home().lake, alone.lake)
    return reproduce(alone, CAMPAIGN, "q2", 1)


def main() -> None:
    seen: Seen = {}
    office = Office(["an", "binh", "vy"])
    for part in (contest, wave, second_quarter, third_quarter, disqualification, end_of_the_campaign):
        part(office, seen)
    build(home(), campaigns_dir(), parse_instant("2024-01-10"))
    publish(home())
    seen["reproduced"] = reproduced(home().path.with_name("alone"))
    Path(sys.argv[1]).write_bytes(pickle.dumps(seen))


if __name__ == "__main__":
    main()
