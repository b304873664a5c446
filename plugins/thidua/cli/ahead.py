"""Commands that look ahead: what-if, outlook."""

from __future__ import annotations

from typing import Annotated

import typer

from thidua.cli.options import Json, Now, clock, print_json

Many = list[str] | None


def register(app: typer.Typer) -> None:
    app.command("what-if")(what_if)
    app.command("outlook")(outlook)


def what_if(
    campaign: Annotated[str, typer.Argument(help="Phong trào / campaign")],
    period: Annotated[str, typer.Argument(help="Kỳ / period")],
    rules: Annotated[
        Many, typer.Option("--set", help="Quy tắc khác: periods.q2.threshold=65%, awards.first.amount=200000 / a rule")
    ] = None,
    targets: Annotated[
        Many, typer.Option("--target", help="Chỉ tiêu khác: ĐƠN_VỊ[:CHỈ_TIÊU]=SỐ / another target of a unit")
    ] = None,
    counts: Annotated[
        Many, typer.Option("--count", help="Số liệu khác: ĐƠN_VỊ:SỐ_LIỆU=SỐ / another count at the closing")
    ] = None,
    readings: Annotated[
        Many, typer.Option("--reading", help="Cách hiểu khác: MÃ=LỰA_CHỌN / another option of a reading")
    ] = None,
    as_json: Json = False,
) -> None:
    """Giả định: điều kiện, hạng, tiền sẽ đổi ra sao / what would change; official and served data stay."""
    from thidua.settings import home
    from thidua.what_if.compare import compare, render
    from thidua.what_if.compute import compute
    from thidua.what_if.scenario import parse_scenario

    scenario = parse_scenario(rules or [], targets or [], counts or [], readings or [])
    before, after = compute(home(), campaign, period, scenario)
    found = compare(before, after, period)
    if as_json:
        print_json({"campaign_id": campaign, "period_id": period, **found})
    else:
        render(found, f"{campaign} · {period} · giả định / what if")


def outlook(
    campaign: Annotated[str, typer.Argument(help="Phong trào / campaign")],
    period: Annotated[str | None, typer.Argument(help="Kỳ, mặc định kỳ sắp tới / period, else the next one")] = None,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Nhịp cần có, nhịp gần đây, dự báo đến ngày chốt và sai số / pace needed, recent pace, forecast and its error."""
    from thidua.clock import LOCAL
    from thidua.reports import outlook as report
    from thidua.settings import home

    found = report.outlook(home(), campaign, period, clock(now).astimezone(LOCAL).date())
    if as_json:
        print_json(found)
    else:
        report.render(found)
