"""What protects the pages: headers, a limit on what is sent, and proof that a form came from one of them.

Airflow's token lies in a cookie that its own pages' scripts can read, so nothing here may ever run as a script: there is
none, the browser is told to run none, and templates escape everything.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import HTTPException, Request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.responses import PlainTextResponse

from thidua.files import write_once
from thidua.settings import Home

# What an office sends weighs less than one; larger lists are put into landing/ by hand.
MAX_UPLOAD_BYTES = 50_000_000
MAX_FORM_BYTES = 100_000
TOKEN_SECONDS = 12 * 3600
TOKEN_FIELD = "token"  # noqa: S105 - the name of a form's field

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'self'"
)
_HEADERS = {
    b"content-security-policy": _POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"cache-control": b"no-store",
}


class SafeHeaders:
    """Puts the headers on every answer that does not say otherwise."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name.lower() for name, _ in message.get("headers", [])}
                added = [(name, value) for name, value in _HEADERS.items() if name not in said]
                message = {**message, "headers": [*message.get("headers", []), *added]}
            await send(message)

        await self._app(scope, receive, send_with_headers)


class LimitedBody:
    """Refuses a body beyond the limit: by what it says of itself, else while it streams in."""

    def __init__(self, app: App, most: int = MAX_UPLOAD_BYTES + MAX_FORM_BYTES) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        said = dict(scope["headers"]).get(b"content-length", b"0")
        if not said.isdigit() or int(said) > self._most:
            await PlainTextResponse(_TOO_LARGE, 413)(scope, receive, send)
            return
        taken = 0

        async def receive_some() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._most:
                raise HTTPException(413, _TOO_LARGE)
            return message

        await self._app(scope, receive_some, send)


_TOO_LARGE = (
    f"Tệp lớn hơn {MAX_UPLOAD_BYTES // 1_000_000} MB nên không được nhận ở đây; hãy chia nhỏ tệp / "
    f"the file is larger than {MAX_UPLOAD_BYTES // 1_000_000} MB and is not taken here; split it"
)


class Forms:
    """Proof that a form came from a page of ours, shown to the person who sends it."""

    def __init__(self, home: Home) -> None:
        self._key_file = desk_dir(home) / "forms.key"

    def token(self, user: str) -> str:
        return self._signer().dumps(user)

    def check(self, request: Request, user: str, token: object) -> None:
        """Raises HTTPException 403 unless the form is ours, theirs, recent, and was sent from our own site."""
        origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
        is_elsewhere = bool(origin) and urlsplit(str(origin)).netloc != request.headers.get("host")
        if is_elsewhere or site not in (None, "same-origin") or not self._is_theirs(user, token):
            raise HTTPException(
                403, "Biểu mẫu đã cũ hoặc từ nơi khác; hãy tải lại trang / reload the page, and send again"
            )

    def _is_theirs(self, user: str, token: object) -> bool:
        try:
            signed: str = self._signer().loads(str(token), max_age=TOKEN_SECONDS)
        except BadSignature:
            return False
        return secrets.compare_digest(signed.encode(), user.encode())

    def _signer(self) -> URLSafeTimedSerializer:
        if not self._key_file.exists():
            write_once(self._key_file, secrets.token_bytes(32), mode=0o600)
        return URLSafeTimedSerializer(self._key_file.read_bytes(), salt="thidua desk")


def desk_dir(home: Home) -> Path:
    """What the pages keep for themselves; it may be deleted at any time."""
    folder = home.path / "desk"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
