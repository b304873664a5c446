"""Processes that die by SIGKILL as soon as a chosen request to the store was carried out."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from thidua.settings import Home

from tests.processes import CHILDREN

CHANGES = ("create", "write", "send", "delete")


def die(after: int | str, environment: Mapping[str, str], function: Callable[..., Any], *arguments: Any) -> bool:
    """Runs a function in a process that is killed when it has changed the store so many times, or at this key. Whether it
    was killed."""
    process = CHILDREN.Process(target=_run, args=(after, dict(environment), function, arguments))
    process.start()
    process.join(300)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0


def _run(
    after: int | str, environment: dict[str, str], function: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    from thidua.lake.store import place
    from thidua.lake.store.folder import Folder

    place.AT_ONCE = 1  # one request after the other, so that the n-th is always the same
    changes = 0

    def counted(change: Callable[..., Any]) -> Callable[..., Any]:
        def changing(*given: Any) -> Any:
            nonlocal changes
            done = change(*given)
            changes += 1
            if changes == after or given[1] == after:
                os.kill(os.getpid(), signal.SIGKILL)
            return done

        return changing

    if after == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    for name in CHANGES:
        setattr(Folder, name, counted(getattr(Folder, name)))
    function(*arguments)


def commit_judged(home: Path, folder: Path) -> None:
    from thidua.lake.batches import commit

    assert commit(Home(home), folder)


def begin_store(home: Path) -> None:
    from thidua.lake.store.begin import begin

    begin(Home(home))
