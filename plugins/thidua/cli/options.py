"""Options that several commands share."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

import typer

from thidua.clock import now_utc, parse_instant

Json = Annotated[bool, typer.Option("--json", help="In kết quả dạng JSON / print JSON for machines")]
Now = Annotated[
    str | None,
    typer.Option("--now", help="Đồng hồ dùng thay giờ máy / the clock to use, such as 2023-07-04T08:00:00"),
]
KnownAt = Annotated[
    str | None,
    typer.Option("--known-at", help="Chỉ dùng những gì đã biết đến lúc đó / only what was known at that instant"),
]


def clock(now: str | None) -> datetime:
    """The injected clock, the real one where none is given."""
    return parse_instant(now) if now else now_utc()


def print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))
