"""The command line `thidua`: the same steps as the DAGs, for development, backfills and tests.

Exit codes: 0 well, 1 something was returned or does not hold, 2 a wrong call or a broken plan. Errors are one readable
line on stderr; a traceback only with --debug. Commands import what they need when they run, so that `--help` is quick.
"""

from __future__ import annotations

import sys
from itertools import takewhile
from typing import Annotated

import typer
from typer.exceptions import TyperException

from thidua.cli import (
    ahead,
    annexes,
    closing,
    contracts,
    decisions,
    docs,
    house,
    lake,
    logins,
    plans,
    postgres,
    reminders,
    show,
    slips,
    store,
)
from thidua.errors import ThiduaError

# Commands that ask nothing of the lake, or begin its store themselves.
WITHOUT_LAKE = frozenset(
    {
        "check-plan", "plan-schema", "check-contracts", "contract", "sample", "where", "postgres-init", "restore",
        "store-init", "store-check",
    }
)  # fmt: skip

INTERRUPTED = 130  # what Typer makes of Ctrl-C

app = typer.Typer(
    name="thidua",
    help="Phong trào thi đua: từ tệp báo cáo đến bảng xếp hạng / from exports to a published ranking.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for module in (
    plans,
    contracts,
    lake,
    decisions,
    show,
    ahead,
    slips,
    closing,
    annexes,
    reminders,
    docs,
    postgres,
    logins,
    house,
    store,
):
    module.register(app)


@app.callback()
def _shared(
    context: typer.Context,
    debug: Annotated[
        bool, typer.Option("--debug", help="Hiện toàn bộ vết lỗi / show the whole traceback, with any command")
    ] = False,
) -> None:
    """Documents --debug, which main() takes from any place of the line before Typer reads the rest. With a store of
    several hosts, whatever is asked is asked of what all of them know."""
    if context.invoked_subcommand not in WITHOUT_LAKE and not context.resilient_parsing and not _asks_for_help():
        from thidua.orchestration.fresh import home

        home()


def _asks_for_help() -> bool:
    """Typer answers `thidua ingest --help` only after this; what follows `--` is no option."""
    return "--help" in list(takewhile(lambda argument: argument != "--", sys.argv[1:]))


def main() -> None:
    """Entry point: every error ends in one line on stderr and its exit code; --debug lets it through."""
    debug = "--debug" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        # Not standalone: Typer would print its usage around what is wrong.
        code = app(args=arguments, prog_name="thidua", standalone_mode=False) or 0
    except ThiduaError as error:
        if debug:
            raise
        typer.echo(f"thidua: {error.message}", err=True)
        code = error.exit_code
    except TyperException as error:
        if debug:
            raise
        typer.echo(_wrong_call(error, arguments), err=True)
        code = error.exit_code
    except OSError as error:
        if debug:
            raise
        typer.echo(_not_usable(error), err=True)
        code = 2 if isinstance(error, PermissionError | NotADirectoryError) else 1
    except Exception as error:
        # A fault of ours, not of the caller: still one line, with the way to see more.
        if debug:
            raise
        typer.echo(f"thidua: {type(error).__name__}: {error} (--debug shows where)", err=True)
        code = 1
    if code == INTERRUPTED:
        typer.echo("thidua: interrupted; nothing is half-written, run the same command again", err=True)
    sys.exit(code)


def _not_usable(error: OSError) -> str:
    """One line on a folder or file of this machine: which, what is wrong with it, what to do."""
    where = f" '{error.filename}'" if error.filename else ""
    return (
        f"thidua: không dùng được{where} / cannot use it: {error.strerror or error}; "
        "give this user rights and room there, or set THIDUA_HOME or THIDUA_CAMPAIGNS elsewhere"
    )


def _wrong_call(error: TyperException, arguments: list[str]) -> str:
    """One line on a wrong call and where to read on; the whole help where nothing was asked for."""
    if not arguments:
        return error.format_message()
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "thidua"
    return f"thidua: {error.format_message()} (xem / see `{command} --help`)"
