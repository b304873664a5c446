"""Who sent what, on time or not; which files were returned and wait to be mended; what was rejected, by rule."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from thidua.reports.served import REPORT_LABELS, Row, Served, console, open_served
from thidua.settings import Home

OUTCOME_LABELS = {
    "accepted": "được nhận",
    "accepted_with_rejections": "nhận một phần",
    "duplicate": "trùng",
    "returned": "bị trả lại",
}

# A returned file is open until every unit and day that it spoke of came in a later file that was accepted; where
# nothing in it could be read, until any later file of the same sender, or under the same name, was accepted.
# What a decision withdrew waits for nobody.
OPEN_RETURNED = """
with
accepted_scopes as (
    select
        scopes.campaign_id, scopes.export_type, scopes.unit_id, scopes.as_of_date,
        max((submissions.received_at, scopes.submission_id)) as latest
    from fct_submission_scope as scopes
    inner join fct_submission as submissions using (submission_id)
    where scopes.status in ('applied', 'duplicate')
    group by all
),

claims as (
    select
        scopes.submission_id,
        count(*) as claimed,
        count(*) filter (
            scopes.status = 'withdrawn' or accepted_scopes.latest > (submissions.received_at, scopes.submission_id)
        ) as settled
    from fct_submission_scope as scopes
    inner join fct_submission as submissions using (submission_id)
    left join accepted_scopes
        on
            scopes.campaign_id = accepted_scopes.campaign_id
            and scopes.export_type = accepted_scopes.export_type
            and scopes.unit_id = accepted_scopes.unit_id
            and scopes.as_of_date = accepted_scopes.as_of_date
    where submissions.outcome = 'returned'
    group by scopes.submission_id
),

first_faults as (
    select submission_id, arg_min(message, (severity, coalesce(line_number, 0), rule_id)) as message
    from fct_rejected_row
    where severity <> 'warning'
    group by submission_id
)

select
    returned.submission_id, returned.campaign_id, returned.export_type, returned.landing_path, returned.sender_unit_id,
    returned.received_at, first_faults.message
from fct_submission as returned
left join claims using (submission_id)
left join first_faults using (submission_id)
where
    returned.outcome = 'returned'
    and ($1 is null or returned.campaign_id = $1)
    and case
        when claims.claimed > 0 then claims.settled < claims.claimed
        else not exists (
            select 1 from fct_submission as later
            where
                later.campaign_id = returned.campaign_id
                and later.export_type = returned.export_type
                and later.outcome <> 'returned'
                and (later.sender_unit_id = returned.sender_unit_id or later.landing_path = returned.landing_path)
                and (later.received_at, later.submission_id) > (returned.received_at, returned.submission_id)
        )
    end
order by returned.received_at, returned.submission_id
"""


def status(home: Home, campaign: str | None = None) -> dict[str, Any]:
    """{reporting, silent_campaigns, files, open_returned, has_open, faults} as lists of rows, for one campaign or all.

    reporting: each report expected, who answered when with which file. silent_campaigns: not one file ever came.
    has_open: a returned file waits to be mended (`thidua status` exits 1). Raises ThiduaError on an unknown campaign.
    """
    with open_served(home) as served:
        if campaign:
            served.check_campaign(campaign)
        reporting = _reporting(served, campaign)
        files = served.rows(
            "select campaign_id, export_type, outcome, count(*) as files, max(received_at) as last_received_at "
            "from fct_submission where $1 is null or campaign_id = $1 group by all "
            "order by campaign_id, export_type, outcome",
            [campaign],
        )
        open_returned = served.rows(OPEN_RETURNED, [campaign])
        faults = served.rows(
            "select campaign_id, rule_id, severity, count(*) as rows, count(distinct submission_id) as files "
            "from fct_rejected_row where $1 is null or campaign_id = $1 group by all "
            "order by campaign_id, severity, rule_id",
            [campaign],
        )
    heard_of = {row["campaign_id"] for row in files}
    return {
        "reporting": reporting,
        "silent_campaigns": sorted({row["campaign_id"] for row in reporting} - heard_of),
        "files": files,
        "open_returned": open_returned,
        "has_open": bool(open_returned),
        "faults": faults,
    }


def _reporting(served: Served, campaign: str | None) -> list[Row]:
    return served.rows(
        """
        select
            reporting.campaign_id, reporting.period_id, dim_period.name as period_name, reporting.export_type,
            reporting.from_unit_id, dim_unit.name as unit_name, reporting.due_at, reporting.status,
            reporting.received_at, reporting.submission_id, fct_submission.landing_path
        from fct_reporting as reporting
        inner join dim_period using (campaign_id, period_id)
        inner join dim_unit
            on reporting.campaign_id = dim_unit.campaign_id and reporting.from_unit_id = dim_unit.unit_id
        left join fct_submission on reporting.submission_id = fct_submission.submission_id
        where $1 is null or reporting.campaign_id = $1
        order by
            reporting.campaign_id, dim_period.cutoff_at, reporting.period_id, reporting.export_type,
            dim_unit.bloc_id nulls last, reporting.from_unit_id
        """,
        [campaign],
    )


def render(found: dict[str, Any], out: Console | None = None) -> None:
    """A table of closings, then what somebody has to do something about."""
    out = out or console()
    heard = [row for row in found["reporting"] if row["campaign_id"] not in found["silent_campaigns"]]
    if heard:
        out.print(_closings(heard))
    for row in heard:
        if row["status"] in {"late", "missing", "returned"}:
            out.print(f"  {_answer(row)}", highlight=False, markup=False, soft_wrap=True)
    if found["silent_campaigns"]:
        out.print(f"Chưa nhận tệp nào / no file yet: {', '.join(found['silent_campaigns'])}", soft_wrap=True)
    if found["files"]:
        out.print(_files(found["files"]))
    if found["faults"]:
        out.print(_faults(found["faults"]))
    if found["open_returned"]:
        out.print("Tệp bị trả lại, chưa nộp lại / returned and not mended yet:")
    for row in found["open_returned"]:
        received = f"{row['received_at']:%d/%m/%Y %H:%M}"
        text = f"  {row['landing_path']} ({received}): {row['message']}"
        out.print(text, highlight=False, markup=False, soft_wrap=True)


def _closings(rows: list[Row]) -> Table:
    table = Table(title="Báo cáo theo kỳ / reports by closing", title_justify="left")
    for name in ("Phong trào", "Kỳ", "Loại"):
        table.add_column(name)
    for name in REPORT_LABELS.values():
        table.add_column(name, justify="right")

    def closing(row: Row) -> tuple[str, str, str]:
        return row["campaign_id"], row["period_name"], row["export_type"]

    for key, group in groupby(rows, key=closing):
        found = [row["status"] for row in group]
        table.add_row(*map(escape, key), *(str(found.count(status) or "") for status in REPORT_LABELS))
    return table


def _answer(row: Row) -> str:
    """One report that did not come as it should: who, how, due when, received when."""
    received = f", nhận {row['received_at']:%d/%m/%Y %H:%M}" if row["received_at"] else ""
    label = REPORT_LABELS[row["status"]]
    return f"{row['period_name']}: {row['unit_name']} – {label} (hạn {row['due_at']:%d/%m/%Y %H:%M}{received})"


def _files(rows: list[Row]) -> Table:
    table = Table(title="Tệp đã nhận / files received", title_justify="left")
    for name in ("Phong trào", "Loại"):
        table.add_column(name)
    for name in (*OUTCOME_LABELS.values(), "Gần nhất"):
        table.add_column(name, justify="right")
    for key, group in groupby(rows, key=lambda row: (row["campaign_id"], row["export_type"])):
        found = list(group)
        counts = {row["outcome"]: row["files"] for row in found}
        latest = max(row["last_received_at"] for row in found)
        cells = [str(counts.get(outcome, "")) for outcome in OUTCOME_LABELS]
        table.add_row(*map(escape, key), *cells, f"{latest:%d/%m/%Y %H:%M}")
    return table


def _faults(rows: list[Row]) -> Table:
    table = Table(title="Lỗi theo quy tắc / faults by rule", title_justify="left")
    for name in ("Phong trào", "Quy tắc", "Mức"):
        table.add_column(name)
    for name in ("Dòng", "Tệp"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(escape(row["campaign_id"]), row["rule_id"], row["severity"], str(row["rows"]), str(row["files"]))
    return table
