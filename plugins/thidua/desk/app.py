"""Puts the pages together. Every route needs a login; each says which roles it is for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException as StarletteHTTPException

from thidua.clock import now_utc
from thidua.desk import board, hand_in, health, home_page, ranking, submissions, work
from thidua.desk.access import Visitor, current_visitor
from thidua.desk.desk import Desk
from thidua.desk.following import fresh
from thidua.desk.judged import JudgedFiles
from thidua.desk.preview import Previewer
from thidua.desk.published import Published
from thidua.desk.render import page
from thidua.desk.safety import Forms, LimitedBody, SafeHeaders
from thidua.errors import NotWell, ThiduaError
from thidua.review.decide import AlreadyDecided, NotAllowed
from thidua.settings import Home

_STATUS = {NotAllowed: 403, AlreadyDecided: 409, NotWell: 404, ThiduaError: 422}


def create_app(
    home: Home,
    campaigns_dir: Path,
    identify: Callable[..., Any],
    now: Callable[[], datetime] = now_utc,
    login_page: str | None = None,
    password_page: str | None = None,
) -> FastAPI:
    """`identify`: the dependency that returns the Visitor or raises 401. `login_page`: where a stranger is sent;
    `password_page`: where people change their password."""
    app = FastAPI(
        dependencies=[Depends(current_visitor), Depends(fresh)],
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.dependency_overrides[current_visitor] = identify
    previewer = Previewer(home, campaigns_dir)
    app.state.desk = Desk(
        home, campaigns_dir, previewer, previewer.warm_up, now, Forms(home), JudgedFiles(home), Published(home)
    )
    app.state.password_page = password_page
    app.add_middleware(LimitedBody)
    app.add_middleware(SafeHeaders)
    for module in (home_page, hand_in, board, submissions, work, ranking, health):
        app.include_router(module.router)

    def problem(request: Request, status: int, message: str) -> Response:
        visitor: Visitor | None = getattr(request.state, "desk_visitor", None)
        context = {"status": status, "message": message, "login_page": login_page if status == 401 else None}
        return page(request, "problem.html", context, visitor=visitor, status=status)

    @app.exception_handler(StarletteHTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        return problem(request, error.status_code, str(error.detail))

    @app.exception_handler(RequestValidationError)
    def unreadable(request: Request, error: RequestValidationError) -> Response:
        return problem(request, 404, "Không có trang này / there is no such page")

    @app.exception_handler(ThiduaError)
    def not_well(request: Request, error: ThiduaError) -> Response:
        return problem(request, next(code for kind, code in _STATUS.items() if isinstance(error, kind)), error.message)

    return app
