"""The health page, for who keeps the house: the same checks as `thidua health`, to read and as JSON for a monitor."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from thidua.desk.access import DECIDERS, CurrentVisitor, only
from thidua.desk.desk import TheDesk
from thidua.desk.render import page
from thidua.operations.health import examine, is_well, record

router = APIRouter(prefix="/health", dependencies=[only(DECIDERS)])


@router.get("", response_class=HTMLResponse)
def health(request: Request, visitor: CurrentVisitor, desk: TheDesk) -> Response:
    checks = examine(desk.home, desk.now())
    return page(request, "health.html", {"checks": checks, "is_well": is_well(checks)}, visitor=visitor)


@router.get(".json")
def health_json(desk: TheDesk) -> Response:
    """503 when something is not well, which is what monitors understand."""
    checks = examine(desk.home, desk.now())
    return JSONResponse(record(checks, desk.now()), 200 if is_well(checks) else 503)
