"""Real processes that need not import everything anew: a server imports once, and every process is a fork of it.

The server has run no thread of Arrow or DuckDB, unlike pytest itself: a child forked from here would inherit their locks
and could wait for ever. What a command does, prints and returns is that of its own process; so is a SIGKILL.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from thidua.orchestration.preload import TASKS

# The server of a process that runs tests is one: who starts it first says what it has imported.
CHILDREN = multiprocessing.get_context("forkserver")
CHILDREN.set_forkserver_preload(["great_expectations", "duckdb_engine", "pandas", *TASKS, "thidua.cli"])


class Command:
    """`thidua` with these arguments, started in a process of its own."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path | None = None) -> None:
        self.arguments = list(arguments)
        self._kept = TemporaryDirectory()
        self._output = [Path(self._kept.name) / name for name in ("stdout", "stderr")]
        self.process = CHILDREN.Process(
            target=_become, args=(self.arguments, dict(environment), folder or Path.cwd(), self._output)
        )
        self.process.start()

    def is_running(self) -> bool:
        return self.process.is_alive()

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


def _become(arguments: list[str], environment: dict[str, str], folder: Path, output: list[Path]) -> None:
    """In the child: the program that the shell would start, with its environment, folder, arguments and output."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for descriptor, path in enumerate(output, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), descriptor)
    from thidua.cli import main

    sys.argv = ["thidua", *arguments]
    main()
