"""Who sent what, on time or not; which files were returned and wait to be mended; what was rejected, by rule."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from rich.console import Console
from rich.table import Table

from thidua.reports.served import console, open_served
from thidua.settings import Home

WORDS = {
    "on_time": "đúng hạn",
    "late": "muộn",
    "missing": "chưa gửi",
    "returned": "bị trả lại",
    "excused": "được miễn",
    "not_due": "chưa đến hạn",
}


def status(home: Home, campaign: str | None = None) -> dict[str, Any]:
    """{reporting, silent_campaigns, open_returned, faults}. Silent: not one file was ever received. A returned file is open until a later file of the same sender and folder was
    accepted for what it spoke of, or for anything where that is unknown."""
    with open_served(home) as served:
        if campaign:
            names = [row["campaign_id"] for row in served.rows("select campaign_id from dim_campaign")]
            served.known("phong trào / campaign", campaign, names)
        reporting = served.rows(
            """
            select
                campaign_id, period_id, dim_period.name as period_name, export_type, from_unit_id,
                dim_unit.name as unit_name, due_at, status, received_at
            from fct_reporting
            inner join dim_period using (campaign_id, period_id)
            inner join dim_unit
                on fct_reporting.campaign_id = dim_unit.campaign_id and fct_reporting.from_unit_id = dim_unit.unit_id
            where $1 is null or fct_reporting.campaign_id = $1
            order by campaign_id, dim_period.cutoff_at, export_type, status, from_unit_id
            """,
            [campaign],
        )
        heard_of = {row["campaign_id"] for row in served.rows("select distinct campaign_id from fct_submission")}
        open_returned = served.rows(
            """
            with returned as (
                select * from fct_submission
                where outcome = 'returned' and ($1 is null or campaign_id = $1)
            ),
            mended as (
                select distinct returned.submission_id
                from returned
                inner join fct_submission as later
                    on
                        returned.campaign_id = later.campaign_id
                        and returned.export_type = later.export_type
                        and returned.sender_unit_id = later.sender_unit_id
                        and later.received_at > returned.received_at
                        and later.outcome != 'returned'
                left join fct_submission_scope as claimed on returned.submission_id = claimed.submission_id
                left join fct_submission_scope as given
                    on
                        later.submission_id = given.submission_id
                        and claimed.unit_id = given.unit_id
                        and claimed.as_of_date = given.as_of_date
                where claimed.submission_id is null or given.submission_id is not null
            ),
            first_fault as (
                select submission_id, arg_min(message, severity || coalesce(lpad(line_number::varchar, 9, '0'), '')) as message
                from fct_rejected_row
                where severity != 'warning'
                group by submission_id
            )
            select returned.submission_id, returned.landing_path, returned.received_at, first_fault.message
            from returned
            left join first_fault using (submission_id)
            where returned.submission_id not in (select submission_id from mended)
            order by returned.received_at
            """,
            [campaign],
        )
        faults = served.rows(
            """
            select rule_id, severity, count(*) as rows, count(distinct submission_id) as files
            from fct_rejected_row
            where $1 is null or campaign_id = $1
            group by rule_id, severity
            order by severity, rule_id
            """,
            [campaign],
        )
    silent = sorted({row["campaign_id"] for row in reporting} - heard_of)
    return {"reporting": reporting, "silent_campaigns": silent, "open_returned": open_returned, "faults": faults}


def render(found: dict[str, Any], out: Console | None = None) -> None:
    out = out or console()
    table = Table(title="Báo cáo theo kỳ / reports by closing", title_justify="left")
    for name in ("Phong trào", "Kỳ", "Loại", *WORDS.values()):
        table.add_column(name)

    def kind(row: dict[str, Any]) -> tuple[str, str, str]:
        return row["campaign_id"], row["period_name"], row["export_type"]

    heard = [row for row in found["reporting"] if row["campaign_id"] not in found["silent_campaigns"]]
    for key, group in groupby(heard, key=kind):
        rows = list(group)
        table.add_row(*key, *(str(sum(row["status"] == word for row in rows) or "") for word in WORDS))
    out.print(table)
    for row in heard:
        if row["status"] in {"missing", "returned"}:
            out.print(f"  {row['period_name']}: {row['unit_name']} – {WORDS[row['status']]}", highlight=False)
    if found["silent_campaigns"]:
        out.print(f"Chưa nhận tệp nào / no file yet: {', '.join(found['silent_campaigns'])}")
    if found["faults"]:
        table = Table(title="Lỗi theo quy tắc / faults by rule", title_justify="left")
        for name in ("Quy tắc", "Mức", "Dòng", "Tệp"):
            table.add_column(name)
        for fault in found["faults"]:
            table.add_row(fault["rule_id"], fault["severity"], str(fault["rows"]), str(fault["files"]))
        out.print(table)
    if found["open_returned"]:
        out.print("Tệp bị trả lại, chưa nộp lại / returned and not mended yet:")
    for row in found["open_returned"]:
        out.print(f"  {row['landing_path']}: {row['message']}", highlight=False, markup=False, soft_wrap=True)
