"""Real processes that need not import everything anew: a server imports once, and every process is a fork of it.

The server has run no thread of Arrow or DuckDB, unlike pytest itself: a child forked from here would inherit their locks
and could wait for ever. What a command does, prints and returns is that of its own process; so is a SIGKILL.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from thidua.orchestration.preload import TASKS

# The server of a process that runs tests is one: who starts it first says what it has imported.
CHILDREN = multiprocessing.get_context("forkserver")
CHILDREN.set_forkserver_preload(["tests.loaded", "duckdb_engine", "pandas", *TASKS, "thidua.cli"])


@dataclass(frozen=True)
class Moment:
    """A point in the life of a process, whatever the speed of its machine: what it is about to ask of the system.

    `steps` are regular expressions that must be met one after the other, each in "event path path…" as Python's audit
    hooks tell it (open, os.mkdir, os.link, os.rename: https://docs.python.org/3/library/audit_events.html); the last one
    as often as `times` says. Then the process sends itself the signal, before it does what it was about to.
    """

    steps: tuple[str, ...]
    times: int = 1
    signal: signal.Signals = signal.SIGKILL


class Command:
    """`thidua` with these arguments, started in a process of its own; `until` ends it there."""

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path | None = None,
        until: Moment | None = None,
    ) -> None:
        self.arguments = list(arguments)
        self._kept = TemporaryDirectory()
        self._output = [Path(self._kept.name) / name for name in ("stdout", "stderr")]
        self.process = CHILDREN.Process(
            target=_become, args=(self.arguments, dict(environment), folder or Path.cwd(), self._output, until)
        )
        self.process.start()

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()

    def finish(self, timeout: float = 900) -> subprocess.CompletedProcess[str]:
        """Waits for its end (a hang is a failure, a busy machine is none); what it printed and returned."""
        self.process.join(timeout)
        code = self.process.exitcode
        if code is None:
            self.kill()
            raise subprocess.TimeoutExpired(self.arguments, timeout)
        out, err = (path.read_text() if path.exists() else "" for path in self._output)
        self._kept.cleanup()
        return subprocess.CompletedProcess(self.arguments, code, out, err)


def _become(
    arguments: list[str], environment: dict[str, str], folder: Path, output: list[Path], until: Moment | None
) -> None:
    """In the child: the program that the shell would start, with its environment, folder, arguments and output."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for descriptor, path in enumerate(output, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), descriptor)
    from thidua.cli import main

    sys.argv = ["thidua", *arguments]
    if until is not None:
        _signal_itself(until)
    main()


def _signal_itself(moment: Moment) -> None:
    # A shell has its background jobs, and these tests may be one, ignore Ctrl-C; what they start inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    ahead = [*map(re.compile, moment.steps), *[re.compile(moment.steps[-1])] * (moment.times - 1)]

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if not ahead or not (event == "open" or event.startswith("os.")):
            return
        told = " ".join([event, *(os.fsdecode(one) for one in arguments if isinstance(one, str | bytes | os.PathLike))])
        if ahead[0].search(told):
            del ahead[0]
            if not ahead:
                os.kill(os.getpid(), moment.signal)

    sys.addaudithook(watch)
