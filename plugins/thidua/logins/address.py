"""From where a request comes, told to what counts tries: Airflow hands its security manager no address with a token's.

Behind a proxy everybody comes from the proxy, which says of whom; without one, who comes could say anything. So
`X-Forwarded-For` counts only where THIDUA_HTTPS says that a proxy is there, and its last entry alone: that is the proxy's.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from typing import Any

from thidua.logins.settings import is_proxied

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]

_request: ContextVar[Scope | None] = ContextVar("thidua_request", default=None)


class Addresses:
    """ASGI middleware around all of the api-server."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        token = _request.set(scope)
        try:
            await self._app(scope, receive, send)
        finally:
            _request.reset(token)


def origin() -> str:
    """The present request's; of IPv6 the network, for a household has 2^64 addresses. Blank: there is no request."""
    request = _request.get()
    told = _address_of(request) if request else ""
    try:
        address = ipaddress.ip_address(told)
    except ValueError:
        return told[:64]
    if address.version == 6:
        return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)).network_address)
    return str(address)


def _address_of(scope: Scope) -> str:
    if is_proxied():
        said = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
        if said:
            return bytes(said[-1]).decode("latin-1").rpartition(",")[2].strip()
    return str((scope.get("client") or ("",))[0])
