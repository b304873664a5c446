"""The command line `thidua`: the same steps as the DAGs, for development, backfills and tests.

Exit codes: 0 well, 1 something was returned or does not hold, 2 a wrong call or a broken plan. Errors are one readable
line on stderr; a traceback only with --debug. Commands import what they need when they run, so that `--help` is quick.
"""

from __future__ import annotations

import sys

import typer

from thidua.cli import docs, lake, plans, show
from thidua.errors import ThiduaError

app = typer.Typer(
    name="thidua",
    help="Phong trào thi đua: từ tệp báo cáo đến bảng xếp hạng / from exports to a published ranking.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for module in (plans, lake, show, docs):
    module.register(app)


def main() -> None:
    """Entry point: every expected error ends in one line on stderr and its exit code."""
    debug = "--debug" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        app(args=arguments)
    except ThiduaError as error:
        if debug:
            raise
        typer.echo(f"thidua: {error.message}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("thidua: interrupted; nothing is half-written, run the same command again", err=True)
        sys.exit(130)
    except Exception as error:
        # A fault of ours, not of the caller: still one line, with the way to see more.
        if debug:
            raise
        typer.echo(f"thidua: {type(error).__name__}: {error} (--debug shows where)", err=True)
        sys.exit(1)
