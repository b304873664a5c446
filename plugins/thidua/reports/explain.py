"""Why a line is what it is: the formula with its numbers, clause by clause, down to file, sheet and row."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from thidua.reports.served import Row, Served, dotted, half_up_percent, open_served
from thidua.settings import Home

KEYS = "campaign_id = $1 and unit_id = $2 and period_id = $3"


def explain(home: Home, campaign: str, unit: str, period: str) -> dict[str, Any]:
    """Everything behind a unit's result at a closing. Raises ThiduaError with close matches for an unknown name."""
    with open_served(home) as served:
        _check_names(served, campaign, unit, period)
        key = [campaign, unit, period]
        results = served.rows(f"select * from rpt_ranking where {KEYS}", key)
        eligibility = served.rows(f"select * from fct_eligibility where {KEYS}", key)
        measures = served.rows(f"select * from fct_measure where {KEYS} order by measure_id", key)
        awards = served.rows(f"select * from fct_award where {KEYS} order by recipient_kind desc, prize_id", key)
        names = served.rows(
            "select dim_campaign.title, dim_unit.name as unit_name, dim_unit.bloc_name, dim_period.name as period_name, "
            "dim_period.closing_date, dim_period.cutoff_at, dim_period.multiplier from dim_campaign "
            "inner join dim_unit using (campaign_id) inner join dim_period using (campaign_id) "
            f"where {KEYS}",
            key,
        )[0]
        return {
            "campaign_id": campaign,
            "unit_id": unit,
            "period_id": period,
            **names,
            "result": results[0] if results else None,
            "eligibility": eligibility[0] if eligibility else None,
            "measures": [{**measure, "formula": formula(measure)} for measure in measures],
            "gates": served.rows(f"select * from fct_gate_result where {KEYS} order by gate_id", key),
            "awards": [{**award, "formula": award_formula(award)} for award in awards],
            "readings": served.rows("select * from dim_reading where campaign_id = $1 order by reading_id", [campaign]),
            "reporting": served.rows(
                "select export_type, due_at, status, received_at from fct_reporting "
                "where campaign_id = $1 and from_unit_id = $2 and period_id = $3",
                key,
            ),
            "sources": _sources(served, key),
        }


def _check_names(served: Served, campaign: str, unit: str, period: str) -> None:
    served.known("phong trào / campaign", campaign, [row["campaign_id"] for row in served.rows("from dim_campaign")])
    units = served.rows("select unit_id from dim_unit where campaign_id = $1", [campaign])
    served.known("đơn vị / unit", unit, [row["unit_id"] for row in units])
    periods = served.rows("select period_id from dim_period where campaign_id = $1", [campaign])
    served.known("kỳ / period", period, [row["period_id"] for row in periods])


def _sources(served: Served, key: list[str]) -> list[Row]:
    """The figures as of the measures' days, with the file, sheet and row that say them; and every file of the day."""
    return served.rows(
        """
        select
            fct_figure.metric_id, fct_figure.as_of_date, fct_figure.value, fct_figure.origin,
            fct_submission.landing_path, fct_figure.sheet, fct_figure.line_number, fct_submission.received_at,
            fct_figure.submission_id
        from fct_figure
        left join fct_submission using (submission_id)
        where
            fct_figure.campaign_id = $1 and fct_figure.unit_id = $2
            and fct_figure.as_of_date in (
                select as_of_date from fct_measure
                where campaign_id = $1 and unit_id = $2 and period_id = $3 and as_of_date is not null
            )
        order by fct_figure.metric_id, fct_figure.origin desc
        """,
        key,
    )


def formula(measure: Row) -> str:
    """`38.000 − 28.310 = 9.690; 9.690 / 13.087 = 74,04%`, as far as the figures go."""
    steps = []
    if measure["numerator_value"] is None:
        return (
            f"chưa có số liệu của ngày {measure['as_of_date']:%d/%m/%Y}" if measure["as_of_date"] else "chưa có số liệu"
        )
    if measure["baseline_count"] is not None:
        steps.append(
            f"{dotted(measure['numerator_value'])} − {dotted(measure['baseline_count'])} = {dotted(measure['numerator'])}"
        )
    if measure["numerator"] is None:
        return "; ".join([*steps, "chưa có số mốc để trừ"])
    if not measure["denominator"]:
        return "; ".join([*steps, f"{dotted(measure['numerator'])}; chưa được giao chỉ tiêu"])
    rate = half_up_percent(measure["numerator"], measure["denominator"])
    return "; ".join([*steps, f"{dotted(measure['numerator'])} / {dotted(measure['denominator'])} = {rate}"])


def award_formula(award: Row) -> str:
    """Heads or people times VND, or why there is no amount."""
    if award["amount"] is not None:
        count = award["head_count"] if award["head_count"] is not None else award["places"]
        return f"{dotted(count)} × {dotted(award['amount_each'])} = {dotted(award['amount'])} đồng"
    reason = {
        "tie": "đồng hạng, Hội đồng quyết định",
        "condition": "chờ điều kiện khác",
        "no_headcount": "chưa có số biên chế, chưa chi được",
        "decision": "Hội đồng quyết định",
    }.get(award["status_reason"] or "", "chưa quyết định")
    if award["amount_max"] is None:
        return reason
    return f"{reason}: {dotted(award['amount_min'])} … {dotted(award['amount_max'])} đồng"


def _percent(rate: Decimal | None) -> str:
    if rate is None:
        return "–"
    text = f"{(rate * 100).normalize():f}".replace(".", ",")
    return f"{text}%"


def render(found: dict[str, Any]) -> str:
    """The explanation as text, in the order of the plan: figures, conditions, rank, prize, sources."""
    lines = [
        f"{found['unit_name']} · {found['period_name']} ({found['closing_date']:%d/%m/%Y})",
        f"{found['title']}" + (f" · {found['bloc_name']}" if found["bloc_name"] else ""),
        "",
    ]
    for measure in found["measures"]:
        lines.append(f"Kết quả ({measure['clause']}): {measure['formula']}")
        if measure["target_decision_number"]:
            lines.append(f"  chỉ tiêu theo {measure['target_decision_number']}")
    for gate in found["gates"]:
        words = {"pass": "đạt", "fail": "không đạt", "no_data": "chưa có số liệu", "undecided": "chờ quyết định"}
        text = f"Điều kiện {gate['gate_id']} ({gate['clause']}): {words[gate['result']]}"
        if gate["threshold"] is not None and gate["numerator"] is not None and gate["denominator"]:
            sign = "≥" if gate["result"] == "pass" else "<"
            ppm = int(gate["threshold"] * 1_000_000)
            scale, part = (100, ppm // 10_000) if ppm % 10_000 == 0 else (1_000_000, ppm)
            text += (
                f" · ngưỡng {_percent(gate['threshold'])}: {dotted(scale)} × {dotted(gate['numerator'])} {sign} "
                f"{dotted(part)} × {dotted(gate['denominator'])}"
            )
        lines.append(text)
    result = found["result"]
    if result:
        lines.append(f"Xét: {result['reason_label']}")
        if result["missing_count"]:
            lines.append(f"  còn thiếu {dotted(result['missing_count'])} người")
        if result["rank"] is not None:
            tie = " (đồng hạng; kế hoạch không có tiêu chí phụ nào còn lại)" if result["is_tied"] else ""
            lines.append(f"Hạng {result['rank']} trong {result['bloc_name']}{tie}")
    for award in found["awards"]:
        lines.append(f"Khen thưởng {award['prize_id']} ({award['clause']}): {award['formula']}")
    for report in found["reporting"]:
        words = {
            "on_time": "đúng hạn", "late": "muộn", "missing": "chưa gửi", "returned": "bị trả lại",
            "excused": "được miễn", "not_due": "chưa đến hạn",
        }  # fmt: skip
        lines.append(
            f"Báo cáo {report['export_type']}: {words[report['status']]} (hạn {report['due_at']:%d/%m/%Y %H:%M})"
        )
    lines += ["", "Nguồn số liệu:"]
    for source in found["sources"]:
        if source["origin"] == "given":
            where = "kèm kế hoạch (CSV cạnh plan.yml)"
        else:
            sheet = f", trang tính '{source['sheet']}'" if source["sheet"] else ""
            where = f"{source['landing_path']}{sheet}, dòng {source['line_number']} [{source['submission_id'][:8]}]"
        lines.append(
            f"  {source['metric_id']} = {dotted(source['value'])} ngày {source['as_of_date']:%d/%m/%Y}: {where}"
        )
    if not found["sources"]:
        lines.append("  (chưa có)")
    others = [reading for reading in found["readings"] if reading["chosen"] != reading["default_option"]]
    lines += [f"Cách hiểu khác mặc định: {reading['reading_id']} = {reading['chosen']}" for reading in others]
    return "\n".join(lines)
