"""The commands. They parse options, build objects, call one function and turn exceptions into exit
codes.

Exit codes: 0 fine, 1 regression or other reason to fail, 2 usage or configuration, 3 could not
measure, 130 interrupted.
"""

from __future__ import annotations

import errno
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

import click

from dagprof import __version__
from dagprof.errors import DagprofError, OutputError

_COMMANDS = ("scan", "gate", "explain", "report", "compare", "config", "doctor", "schema")
INTERRUPTED = 130
_CANNOT_WRITE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)


class _Lazy(click.Group):
    """Loads a command's module only when that command is called, so that the others stay fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command = importlib.import_module(f"dagprof.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(
    __version__, "-V", "--version", prog_name="dagprof", message="%(prog)s %(version)s"
)
def cli() -> None:
    """Find out which Airflow DAG files are slow to parse, and why.

    Start with: dagprof scan dags/
    """


def _interrupt(number: int, frame: FrameType | None) -> None:
    """End a cancelled CI job like Ctrl-C: keep what was measured, leave nothing running.

    Cleaning up takes a few seconds and must not be interrupted.
    """
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def discard_output() -> None:
    """Drop buffered output: the reader is gone, and flushing at exit would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run() -> NoReturn:
    """Run the program and exit without tearing down the interpreter. The teardown takes 0.1 s with
    pandas loaded.
    """
    code = main()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):  # the interpreter reports a broken stream itself, if at all
        sys.exit(code)
    os._exit(code)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        result = cli.main(
            args=None if arguments is None else list(arguments),
            prog_name="dagprof",
            standalone_mode=False,
        )
    except click.exceptions.Abort:
        click.echo("Interrupted.", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except DagprofError as error:
        from dagprof.redaction import Redactor
        from dagprof.report.escape import safe_lines

        # What other programs said may be in it, such as git of a remote with a token in its URL.
        click.echo(f"dagprof: {safe_lines(Redactor()(str(error)))}", err=True)
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:
        if error.filename is not None or error.errno not in _CANNOT_WRITE:
            raise
        discard_output()
        click.echo(
            f"dagprof: cannot write to standard output ({error.strerror}); free some space or"
            " redirect the output.",
            err=True,
        )
        return OutputError.exit_code
    return result if isinstance(result, int) else 0
