"""What every page works with: the folders, the clock, and the few things that outlive a request."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request

from thidua.desk.judged import JudgedFiles
from thidua.desk.preview import Preview
from thidua.desk.published import Published
from thidua.desk.safety import Forms
from thidua.lake.receipts import Receipt
from thidua.reports.served import Served
from thidua.settings import Home


@dataclass(frozen=True)
class Desk:
    """`preview` judges a file at once; `warm_up` readies it; `now` is the clock; `asked` keeps the open questions of a version (see questions.py)."""

    home: Home
    campaigns_dir: Path
    preview: Callable[[Receipt, bytes, datetime], Preview]
    warm_up: Callable[[], None]
    now: Callable[[], datetime]
    forms: Forms
    judged: JudgedFiles
    published: Published
    asked: dict[str, Any] = field(default_factory=dict)

    def served(self) -> AbstractContextManager[Served]:
        """The published version of now. Raises NotWell when nothing is published."""
        return self.published.open()


def desk_of(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


TheDesk = Annotated[Desk, Depends(desk_of)]
