"""Errors that end a command with one readable line and an exit code, never with a traceback."""

from __future__ import annotations

from dataclasses import dataclass


class ThiduaError(Exception):
    """A wrong call or a broken plan (exit code 2). `message` says what is wrong and what to do next."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotWell(ThiduaError):
    """The call was right, but something was returned or does not hold (exit code 1)."""

    exit_code = 1


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a plan: where it stands, what is wrong, what would be allowed."""

    file: str
    line: int | None
    field: str
    message: str
    allowed: str | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        allowed = f" (allowed: {self.allowed})" if self.allowed else ""
        return f"{place}: {self.field}: {self.message}{allowed}"


class PlanError(ThiduaError):
    """A plan that cannot be loaded, with all its problems at once."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
