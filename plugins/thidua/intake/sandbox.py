"""Asks another process to open workbooks (workbook_process.py), and survives whatever becomes of it.

A sheet with a cell in its last row and column makes the reader of workbooks ask for half a terabyte, and the system
then ends the process that asked. So that process is another one, with limits of memory and time. It starts in 0.1 s and
serves many files; a process is kept for each thread that reads at the same time.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import thidua
from thidua.errors import ThiduaError
from thidua.intake.faults import FileFault
from thidua.limits import PROCESS_BYTES, PROCESS_SECONDS

_CHUNK = 1 << 20
_SECONDS_TO_START = 60.0


class _Ended(Exception):
    """The process ended by itself while it read a file."""


class _TooSlow(Exception):
    """The process did not answer in time."""


class _Process:
    def __init__(self) -> None:
        root = str(Path(thidua.__file__).parents[1])
        path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
        self._popen = subprocess.Popen(
            [sys.executable, "-m", "thidua.intake.workbook_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
            # A Ctrl+C in the terminal is for us; the process ends when its stdin does.
            start_new_session=True,
        )
        self._buffer = bytearray()
        try:
            self._take(8, time.monotonic() + _SECONDS_TO_START)  # an empty message says that it is ready
        except (_Ended, _TooSlow) as error:
            self.end()
            raise ThiduaError("the process that opens workbooks does not start; run `make setup` again") from error

    @property
    def is_alive(self) -> bool:
        return self._popen.poll() is None

    def end(self) -> None:
        """Ends it if it has not ended by itself."""
        if self.is_alive:
            self._popen.kill()
        for stream in (self._popen.stdin, self._popen.stdout):
            if stream:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue  # what was not sent any more
        self._popen.wait()

    @property
    def was_killed(self) -> bool:
        """By somebody else: one that runs out of its own memory aborts."""
        return self._popen.wait() == -signal.SIGKILL

    def ask(self, content: bytes, seconds: float) -> Iterator[dict[str, Any]]:
        """The messages of one workbook. Raises _Ended or _TooSlow."""
        stdin = self._popen.stdin
        assert stdin is not None  # noqa: S101 - opened as a pipe
        try:
            stdin.write(struct.pack("<Q", len(content)))
            stdin.write(content)
            stdin.flush()
        except OSError as error:
            raise _Ended from error
        until = time.monotonic() + seconds
        while True:
            (length,) = struct.unpack("<Q", self._take(8, until))
            message: dict[str, Any] = json.loads(self._take(length, until))
            yield message
            if "end" in message or "fault" in message:
                return

    def _take(self, length: int, until: float) -> bytes:
        stdout = self._popen.stdout
        assert stdout is not None  # noqa: S101 - opened as a pipe
        waiter = select.poll()
        waiter.register(stdout, select.POLLIN)
        while len(self._buffer) < length:
            ready = waiter.poll(max(0.0, until - time.monotonic()) * 1000)
            if not ready:
                raise _TooSlow
            chunk = os.read(stdout.fileno(), _CHUNK)
            if not chunk:
                raise _Ended
            self._buffer += chunk
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken


_idle: list[_Process] = []
_lock = threading.Lock()


@atexit.register
def _end_all() -> None:
    while _idle:
        _idle.pop().end()


def _begin_anew() -> None:
    """The processes of a parent, and the lock that one of its threads may hold, are not its child's."""
    global _lock
    _idle.clear()
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_begin_anew)


def open_workbook(content: bytes, seconds: float = PROCESS_SECONDS) -> Iterator[dict[str, Any]]:
    """The messages that describe a workbook, without the last one. Raises FileFault.

    Raises ThiduaError where no file is to blame: it must wait and be read again, not be returned to its office.
    """
    process = _taken()
    is_well = False
    try:
        for message in process.ask(content, seconds):
            if "end" in message:
                is_well = True
            elif "fault" in message:
                is_well = True
                raise FileFault(message["fault"], **message["values"])
            else:
                yield message
    except _TooSlow as error:
        raise FileFault("too_large", value=f"{seconds:.0f} s") from error
    except _Ended as error:
        if process.was_killed:  # which is not the file's fault: the system may have had no memory left
            raise ThiduaError("the process that opens workbooks was killed; free memory and run this again") from error
        raise FileFault("too_large", value=f"{PROCESS_BYTES // 1_000_000} MB RAM") from error
    finally:
        if is_well:
            with _lock:
                _idle.append(process)
        else:
            process.end()


def _taken() -> _Process:
    with _lock:
        while _idle:
            process = _idle.pop()
            if process.is_alive:
                return process
            process.end()
    return _Process()
