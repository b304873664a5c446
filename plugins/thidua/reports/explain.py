"""Why a line is what it is: the formula with its numbers, clause by clause, down to file, sheet and row."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from thidua.lake.deletions import deletion_note
from thidua.reports.served import (
    REPORT_LABELS,
    Row,
    Served,
    dotted,
    exact_percent,
    half_up_percent,
    open_served,
)
from thidua.settings import Home

KEYS = "campaign_id = $1 and unit_id = $2 and period_id = $3"
GATE_LABELS = {"pass": "đạt", "fail": "không đạt", "no_data": "chưa có số liệu", "undecided": "chờ quyết định"}
SCOPE_LABELS = {
    "applied": "đã được thay bằng bản sau",
    "duplicate": "trùng với bản đang dùng lúc đó, không đổi gì",
    "stale": "gửi lại bản cũ, không áp dụng",
    "rejected": "dòng bị loại",
    "returned": "bị trả lại",
    "withdrawn": "đã rút theo quyết định",
}


def explain(home: Home, campaign: str, unit: str, period: str) -> dict[str, Any]:
    """Everything behind a unit's result at a closing. Raises ThiduaError with close matches for an unknown name.

    Keys: names of what was asked for; `result` (rpt_ranking) and `eligibility`, null for a unit in no bloc;
    `measures`, `gates`, `awards`, `quotas` with their formulas; `ranking` with the neighbours; `readings` that the
    clauses used leave open; `reporting`; `sources` (figures with file, sheet and row); `event_sources` (files behind
    counts of events, how many of their rows count, between which lines); `checks` that the plan asks for, each with the
    figures that it counted as of the closing day; `candidates` of the unit by prize and file (both without files where
    the published version is from before these were told); `other_files` of the same days;
    `deleted_originals`: submission -> what is told of a file of these that retention deleted.
    """
    with open_served(home) as served:
        served.check_campaign(campaign)
        served.check_unit(campaign, unit)
        served.check_period(campaign, period)
        key = [campaign, unit, period]
        names = served.rows(
            "select dim_campaign.title, dim_unit.name as unit_name, dim_unit.bloc_name, dim_period.name as period_name, "
            "dim_period.closing_date, dim_period.cutoff_at from dim_campaign "
            "inner join dim_unit using (campaign_id) inner join dim_period using (campaign_id) "
            f"where {KEYS}",
            key,
        )[0]
        result = _one(served.rows(f"select * from rpt_ranking where {KEYS}", key))
        eligibility = _one(served.rows(f"select * from fct_eligibility where {KEYS}", key))
        measures = served.rows(f"select * from fct_measure where {KEYS} order by measure_id", key)
        gates = served.rows(f"select * from fct_gate_result where {KEYS} order by gate_id", key)
        awards = served.rows(f"select * from fct_award where {KEYS} order by recipient_kind desc, prize_id", key)
        quotas = served.rows(f"select * from fct_nomination_quota where {KEYS} order by prize_id", key)
        used = [*measures, *gates, *awards, *quotas, *([result] if result else [])]
        sources, event_sources = _sources(served, key), _event_sources(served, key)
        checks, candidates = _checks(served, key), _candidates(served, key)
        other_files = _other_files(served, key)
        return {
            "campaign_id": campaign,
            "unit_id": unit,
            "period_id": period,
            **names,
            "result": result,
            "eligibility": eligibility,
            "measures": [{**measure, "formula": formula(measure)} for measure in measures],
            "gates": [{**gate, "comparison": comparison(gate)} for gate in gates],
            "ranking": _ranking(served, key, result, eligibility),
            "awards": [{**award, "formula": award_formula(award)} for award in awards],
            "quotas": quotas,
            "readings": _readings(served, campaign, {row["clause"] for row in used}),
            "reporting": served.rows(
                "select export_type, due_at, status, received_at from fct_reporting "
                "where campaign_id = $1 and from_unit_id = $2 and period_id = $3 order by export_type",
                key,
            ),
            "sources": sources,
            "event_sources": event_sources,
            "checks": checks,
            "candidates": candidates,
            "other_files": other_files,
            "deleted_originals": _deleted(
                home,
                served,
                [
                    *sources,
                    *event_sources,
                    *(source for check in checks for source in check["sources"]),
                    *candidates,
                    *other_files,
                ],
            ),
        }


def _deleted(home: Home, served: Served, files: list[Row]) -> dict[str, str]:
    ids = sorted({file["submission_id"] for file in files if file["submission_id"]})
    rows = served.rows(
        "select submission_id, content_sha256 from fct_submission "
        "where list_contains($1, submission_id) and content_sha256 is not null order by submission_id",
        [ids],
    )
    notes = {row["submission_id"]: deletion_note(home, row["content_sha256"]) for row in rows}
    return {submission_id: note for submission_id, note in notes.items() if note}


def _one(rows: list[Row]) -> Row | None:
    return rows[0] if rows else None


def _readings(served: Served, campaign: str, clauses: set[str]) -> list[Row]:
    """The readings of the clauses that this result rests on, and every one that was chosen against its default."""
    rows = served.rows("select * from dim_reading where campaign_id = $1 order by reading_id", [campaign])
    return [row for row in rows if row["clause"] in clauses or row["chosen"] != row["default_option"]]


def _ranking(served: Served, key: list[str], result: Row | None, eligibility: Row | None) -> dict[str, Any] | None:
    """Where the unit stands among those ranked in its bloc, and next to whom; null where it has no rank."""
    if result is None or eligibility is None or result["rank"] is None:
        return None
    campaign, unit, period = key
    others = served.rows(
        """
        select
            fct_ranking.unit_id, dim_unit.name as unit_name, fct_ranking.rank, eligibility.measure_id,
            eligibility.numerator, eligibility.denominator
        from fct_ranking
        inner join fct_eligibility as eligibility using (campaign_id, period_id, unit_id)
        inner join dim_unit using (campaign_id, unit_id)
        where
            fct_ranking.campaign_id = $1 and fct_ranking.period_id = $2 and fct_ranking.rank is not null
            and fct_ranking.bloc_id is not distinct from $3
        order by fct_ranking.rank, fct_ranking.unit_id
        """,
        [campaign, period, result["bloc_id"]],
    )
    me = next((row for row in others if row["unit_id"] == unit), None)
    if me is None:  # an official version ranks whom today's figures do not
        return {"units_ranked": len(others), "tied_with": [], "above": None, "below": None}
    beside = [{**row, "comparison": _fractions(me, row)} for row in others if row["unit_id"] != unit]
    return {
        "units_ranked": len(others),
        "tied_with": [row for row in beside if row["rank"] == me["rank"]],
        "above": _one([row for row in reversed(beside) if row["rank"] < me["rank"]]),
        "below": _one([row for row in beside if row["rank"] > me["rank"]]),
    }


def _fractions(mine: Row, other: Row) -> str | None:
    """`9.690 × 11.230 < 8.568 × 13.087`: two fractions compared exactly, as integers.

    Null where there is nothing to compare, or where the ranks do not follow from this measure alone.
    """
    if mine["measure_id"] != other["measure_id"] or not mine["denominator"] or not other["denominator"]:
        return None
    if mine["numerator"] is None or other["numerator"] is None:
        return None
    left, right = mine["numerator"] * other["denominator"], other["numerator"] * mine["denominator"]
    sign = "=" if left == right else "<" if left < right else ">"
    by_rank = "=" if mine["rank"] == other["rank"] else "<" if mine["rank"] > other["rank"] else ">"
    if sign != by_rank:
        return None
    return (
        f"{dotted(mine['numerator'])} × {dotted(other['denominator'])} {sign} "
        f"{dotted(other['numerator'])} × {dotted(mine['denominator'])}"
    )


def _sources(served: Served, key: list[str]) -> list[Row]:
    """The figures as of the measures' days, with the file, sheet and row that say them."""
    return served.rows(
        """
        select
            figure.metric_id, figure.dimension, figure.member, figure.as_of_date, figure.value, figure.origin,
            fct_submission.landing_path, figure.sheet, figure.line_number, fct_submission.received_at,
            figure.submission_id
        from fct_figure as figure
        left join fct_submission using (submission_id)
        where
            figure.campaign_id = $1 and figure.unit_id = $2
            and (
                figure.as_of_date is null
                or figure.as_of_date in (select as_of_date from fct_measure where campaign_id = $1 and unit_id = $2 and period_id = $3)
            )
        order by figure.metric_id, figure.dimension, figure.member, figure.origin desc
        """,
        key,
    )


def _event_sources(served: Served, key: list[str]) -> list[Row]:
    """The files behind the counts of events up to the closing: how many rows of each count, and where they stand."""
    return served.rows(
        """
        select
            source.metric_id, fct_submission.landing_path, fct_submission.received_at, source.submission_id,
            cast(sum(source.counted_rows) as bigint) as counted_rows,
            min(source.first_line_number) as first_line_number, max(source.last_line_number) as last_line_number
        from fct_event_source as source
        inner join dim_period on source.campaign_id = dim_period.campaign_id and dim_period.period_id = $3
        inner join fct_submission on source.submission_id = fct_submission.submission_id
        where
            source.campaign_id = $1 and source.unit_id = $2
            and source.period_id in ('all', $3) and source.counted_on <= dim_period.closing_date
        group by all
        order by source.metric_id, fct_submission.received_at, source.submission_id
        """,
        key,
    )


def _checks(served: Served, key: list[str]) -> list[Row]:
    """What the plan asks to be checked of the unit, with the figures that were counted: of a unit as a whole, where no
    office reported the whole, those of its parts."""
    checks = served.rows(f"select * from fct_check where {KEYS} order by check_id", key)
    if not served.has("fct_check", "metric_id"):
        return [{**check, "sources": []} for check in checks]
    figures = served.rows(
        """
        select
            figure.metric_id, figure.dimension, figure.member, figure.as_of_date, figure.value, figure.origin,
            fct_submission.landing_path, figure.sheet, figure.line_number, fct_submission.received_at,
            figure.submission_id
        from fct_figure as figure
        inner join dim_period
            on
                figure.campaign_id = dim_period.campaign_id and dim_period.period_id = $3
                and coalesce(figure.as_of_date, dim_period.closing_date) = dim_period.closing_date
        left join fct_submission using (submission_id)
        where figure.campaign_id = $1 and figure.unit_id = $2
        order by figure.metric_id, figure.dimension, figure.member, figure.origin desc
        """,
        key,
    )
    for check in checks:
        counted = [
            (check["metric_id"], check["dimension"] or "", check["member"] or ""),
            (check["over_metric_id"], "", ""),
        ]
        check["sources"] = [figure for what in counted for figure in _counted(figures, *what)]
    return checks


def _counted(figures: list[Row], metric_id: str | None, dimension: str, member: str) -> list[Row]:
    of_metric = [figure for figure in figures if figure["metric_id"] == metric_id]
    found = [figure for figure in of_metric if (figure["dimension"], figure["member"]) == (dimension, member)]
    return found or (of_metric if not dimension else [])


def _candidates(served: Served, key: list[str]) -> list[Row]:
    """The people of the unit who are shown to the council: how many by prize and file, and between which lines."""
    if not served.has("fct_candidate", "submission_id"):
        return []
    return served.rows(
        """
        select
            candidate.prize_id, any_value(candidate.clause) as clause, count(*) as people, candidate.submission_id,
            submission.landing_path, submission.received_at,
            min(candidate.line_number) as first_line_number, max(candidate.line_number) as last_line_number
        from fct_candidate as candidate
        left join fct_submission as submission using (submission_id)
        where candidate.campaign_id = $1 and candidate.unit_id = $2 and candidate.period_id = $3
        group by candidate.prize_id, candidate.submission_id, submission.landing_path, submission.received_at
        order by candidate.prize_id, submission.received_at, candidate.submission_id
        """,
        key,
    )


def _other_files(served: Served, key: list[str]) -> list[Row]:
    """Files that spoke of the unit as of those days, or of the closing, and are not what stands; with their fault."""
    return served.rows(
        """
        select
            submission.submission_id, submission.landing_path, submission.received_at, scope.as_of_date, scope.status,
            arg_min(fault.message, (fault.severity, coalesce(fault.line_number, 0), fault.rule_id)) as message
        from fct_submission_scope as scope
        inner join fct_submission as submission using (submission_id)
        left join fct_rejected_row as fault
            on
                scope.submission_id = fault.submission_id
                and (fault.unit_id is null or fault.unit_id = scope.unit_id)
                and fault.severity <> 'warning'
        where
            scope.campaign_id = $1 and scope.unit_id = $2 and not scope.is_current
            and (
                scope.as_of_date in (select as_of_date from fct_measure where campaign_id = $1 and unit_id = $2 and period_id = $3)
                or scope.as_of_date in (select closing_date from dim_period where campaign_id = $1 and period_id = $3)
            )
        group by all
        order by submission.received_at, submission.submission_id
        """,
        key,
    )


def formula(measure: Row) -> str:
    """`38.000 − 28.310 = 9.690; 9.690 / 13.087 = 74,04%`, as far as the figures go."""
    value, numerator = measure["numerator_value"], measure["numerator"]
    if value is None and numerator is None:
        day = measure["as_of_date"]
        return f"chưa có số liệu của ngày {day:%d/%m/%Y}" if day else "chưa có số liệu"
    steps = []
    if measure["baseline_count"] is not None and value is not None:
        steps.append(f"{dotted(value)} − {dotted(measure['baseline_count'])} = {dotted(numerator)}")
    if numerator is None:
        return "; ".join([*steps, f"{dotted(value)}; chưa có số mốc để trừ"])
    if not measure["denominator"]:
        return "; ".join([*steps, f"{dotted(numerator)}; chưa được giao chỉ tiêu, không tính tỷ lệ"])
    rate = half_up_percent(numerator, measure["denominator"])
    return "; ".join([*steps, f"{dotted(numerator)} / {dotted(measure['denominator'])} = {rate}"])


def comparison(gate: Row) -> str | None:
    """`100 × 9.690 ≥ 60 × 13.087`: the threshold in whole numbers, never by the rate. Null where nothing is compared."""
    threshold: Decimal | None = gate["threshold"]
    if threshold is None or gate["numerator"] is None or not gate["denominator"]:
        return None
    scale = next(scale for scale in (100, 10_000, 1_000_000) if threshold * scale == int(threshold * scale))
    part = int(threshold * scale)
    sign = "≥" if scale * gate["numerator"] >= part * gate["denominator"] else "<"
    return f"{dotted(scale)} × {dotted(gate['numerator'])} {sign} {dotted(part)} × {dotted(gate['denominator'])}"


def award_formula(award: Row) -> str:
    """Heads or people times VND, or why there is no amount."""
    if award["amount"] is not None:
        count = award["head_count"] if award["head_count"] is not None else award["places"]
        times = f" × {award['multiplier']}" if award["multiplier"] != 1 else ""
        return f"{dotted(count)} × {dotted(award['amount_base'])}{times} = {dotted(award['amount'])} đồng"
    if award["status"] == "awarded":
        return "kế hoạch không nêu mức tiền"
    reason = {
        "tie": "đồng hạng, Hội đồng quyết định",
        "condition": "chờ điều kiện khác",
        "no_headcount": "chưa có số biên chế, chưa chi được",
        "decision": "Hội đồng quyết định",
        "no_participants": "chưa có danh sách tham gia nên chưa biết số suất",
        "over_cap": "vượt số suất, Hội đồng phải cắt bớt",
    }.get(award["status_reason"] or "", "chưa quyết định")
    if award["amount_max"] is None:
        return reason
    return f"{reason}: {dotted(award['amount_min'])} … {dotted(award['amount_max'])} đồng"


def render(found: dict[str, Any]) -> str:
    """The explanation as text, in the order of the plan: figures, conditions, rank, prize, sources."""
    title = [found["title"], found["bloc_name"]]
    lines = [
        f"{found['unit_name']} · {found['period_name']} ({found['closing_date']:%d/%m/%Y})",
        " · ".join(part for part in title if part),
        "",
        *_result_lines(found),
        *_award_lines(found),
        "",
        "Nguồn số liệu:",
        *(
            [f"  {_source_line(source)}" for source in found["sources"]]
            + [f"  {_event_source_line(source)}" for source in found["event_sources"]]
            or ["  (chưa có)"]
        ),
    ]
    lines += _check_lines(found["checks"])
    lines += [
        f"Người được xét {one['prize_id']} ({one['clause']}): {dotted(one['people'])} từ {one['landing_path']}, {_between(one)}"
        for one in found["candidates"]
    ]
    if found["other_files"]:
        lines.append("Tệp khác về cùng ngày, không dùng:")
        lines += [f"  {_file_line(file)}" for file in found["other_files"]]
    lines += [f"  [{submission_id[:8]}] {note}" for submission_id, note in found["deleted_originals"].items()]
    lines += [_report_line(report) for report in found["reporting"]]
    if found["readings"]:
        lines += ["", "Cách hiểu đã áp dụng:"]
        lines += [f"  {_reading_line(reading)}" for reading in found["readings"]]
    return "\n".join(lines)


def _event_source_line(source: Row) -> str:
    return (
        f"{source['metric_id']}: {dotted(source['counted_rows'])} lượt từ {source['landing_path']}, {_between(source)}"
    )


def _between(source: Row) -> str:
    lines = f"dòng {source['first_line_number']}"
    if source["last_line_number"] != source["first_line_number"]:
        lines += f" đến {source['last_line_number']}"
    return lines


def _check_lines(checks: list[Row]) -> list[str]:
    lines = []
    for check in checks:
        actual, expected = (dotted(check[name]) for name in ("actual", "expected"))
        lines.append(
            f"Kiểm tra {check['check_id']} ({check['clause']}): {GATE_LABELS[check['result']]} · "
            f"có {actual}, yêu cầu {expected}"
        )
        lines += [f"  {_source_line(source)}" for source in check["sources"]]
        if check.get("metric_id", "") is None:  # a version from before this was said has no such column
            lines.append("  chỉ tiêu của đơn vị và các đơn vị trực thuộc: kèm kế hoạch")
    return lines


def _result_lines(found: dict[str, Any]) -> list[str]:
    lines = []
    for measure in found["measures"]:
        lines.append(f"Kết quả {measure['measure_id']} ({measure['clause']}): {measure['formula']}")
        if measure["target_decision_number"]:
            lines.append(f"  chỉ tiêu {dotted(measure['denominator'])} theo {measure['target_decision_number']}")
    for gate in found["gates"]:
        text = f"Điều kiện {gate['gate_id']} ({gate['clause']}): {GATE_LABELS[gate['result']]}"
        if gate["threshold"] is not None:
            text += f" · ngưỡng {exact_percent(gate['threshold'])}"
        if gate["comparison"]:
            text += f": {gate['comparison']}"
        lines.append(text)
    result = found["result"]
    if result is None:
        return [
            *lines,
            "Không thuộc khối nào được xét ở kỳ này: không có điều kiện, xếp hạng hay khen thưởng theo khối",
        ]
    lines.append(f"Xét: {result['reason_label'] or result['reason_code']} ({result['status_label']})")
    if result["missing_count"]:
        lines.append(f"  còn thiếu {dotted(result['missing_count'])} người để đạt ngưỡng")
    return lines + _rank_lines(found, result)


def _rank_lines(found: dict[str, Any], result: Row) -> list[str]:
    ranking = found["ranking"]
    if ranking is None:
        return []
    where = f" của {result['bloc_name']}" if result["bloc_name"] else ""
    lines = [f"Hạng {result['rank']} trong {ranking['units_ranked']} đơn vị đủ điều kiện{where} ({result['clause']})"]
    for word, others in (
        ("sau", [ranking["above"]]),
        ("đồng hạng với", ranking["tied_with"]),
        ("trước", [ranking["below"]]),
    ):
        for other in others:
            if other is not None:
                lines.append(
                    f"  {word} {other['unit_name']}" + (f": {other['comparison']}" if other["comparison"] else "")
                )
    if result["is_tied"]:
        lines.append("  kế hoạch không còn tiêu chí nào để phân định; Hội đồng quyết định")
    return lines


def _award_lines(found: dict[str, Any]) -> list[str]:
    names = {award["prize_id"]: award["prize_name"] for award in found["awards"]}
    lines = [
        f"Khen thưởng {award['prize_name'] or award['prize_id']} ({award['clause']}): {award['formula']}"
        for award in found["awards"]
    ]
    for quota in found["quotas"]:
        people = "chưa quyết định" if quota["quota"] is None else f"{dotted(quota['quota'])} người"
        each = f", mỗi người {dotted(quota['amount_per_person'])} đồng"
        lines.append(
            f"Được đề cử {names.get(quota['prize_id']) or quota['prize_id']} ({quota['clause']}): {people}{each}"
        )
    return lines


def _source_line(source: Row) -> str:
    member = f" [{source['dimension']} = {source['member']}]" if source["member"] else ""
    day = f" ngày {source['as_of_date']:%d/%m/%Y}" if source["as_of_date"] else ""
    return f"{source['metric_id']}{member} = {dotted(source['value'])}{day}: {_place(source)}"


def _place(source: Row) -> str:
    if source["origin"] == "given":
        return "kèm kế hoạch"
    sheet = f", trang tính '{source['sheet']}'" if source["sheet"] else ""
    return (
        f"{source['landing_path']}{sheet}, dòng {source['line_number']}, nhận {source['received_at']:%d/%m/%Y %H:%M} "
        f"[{source['submission_id'][:8]}]"
    )


def _file_line(file: Row) -> str:
    message = f": {file['message']}" if file["message"] else ""
    label = SCOPE_LABELS.get(file["status"], file["status"])
    return f"{file['landing_path']}, nhận {file['received_at']:%d/%m/%Y %H:%M} – {label}{message}"


def _report_line(report: Row) -> str:
    received = f", nhận {report['received_at']:%d/%m/%Y %H:%M}" if report["received_at"] else ""
    return (
        f"Báo cáo {report['export_type']}: {REPORT_LABELS[report['status']]} "
        f"(hạn trước {report['due_at']:%H:%M %d/%m/%Y}{received})"
    )


def _reading_line(reading: Row) -> str:
    by = f"theo quyết định {reading['decision_id']}" if reading["decision_id"] else "mặc định"
    return f"{reading['reading_id']} ({reading['clause']}) = {reading['chosen']} ({by}): {reading['reason']}"
