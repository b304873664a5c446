"""From where a login is tried: whose word on it counts."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from thidua.logins.address import Addresses, origin

FORWARDED = [(b"x-forwarded-for", b"198.51.100.9"), (b"x-forwarded-for", b"203.0.113.1, 198.51.100.7")]


def origin_of(client: str, headers: list[tuple[bytes, bytes]]) -> str:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(origin())

    scope = {"type": "http", "client": (client, 50000), "headers": headers}
    asyncio.run(Addresses(app)(scope, None, None))
    assert origin() == "", "it is the request's alone"
    return seen[0]


@pytest.mark.parametrize(
    ("https", "headers", "found"),
    [
        ("false", FORWARDED, "192.0.2.1"),
        ("true", FORWARDED, "198.51.100.7"),
        ("true", [], "192.0.2.1"),
    ],
    ids=["nobody but a proxy may say it", "the proxy's own entry is the last", "the proxy says nothing"],
)
def test_a_visitor_cannot_choose_an_address(
    monkeypatch: pytest.MonkeyPatch, https: str, headers: list[tuple[bytes, bytes]], found: str
) -> None:
    monkeypatch.setenv("THIDUA_HTTPS", https)
    assert origin_of("192.0.2.1", headers) == found


def test_a_network_of_ipv6_is_one_address() -> None:
    assert origin_of("2001:db8:1:2:3::4", []) == origin_of("2001:db8:1:2:ffff::", []) == "2001:db8:1:2::"
    assert origin_of("2001:db8:1:3::4", []) != "2001:db8:1:2::"
