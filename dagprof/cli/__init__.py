"""The commands. They parse options, build objects, call one function and turn exceptions into exit
codes.

Exit codes: 0 fine, 1 regression or other reason to fail, 2 usage or configuration, 3 could not
measure, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import math
import os
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

import click

from dagprof import __version__
from dagprof.cli import faults, streams
from dagprof.errors import DagprofError, shortened
from dagprof.link.strays import claim_sessions

_COMMANDS = (
    "scan",
    "watch",
    "gate",
    "check",
    "rules",
    "explain",
    "report",
    "compare",
    "loop",
    "starts",
    "deps",
    "merge",
    "config",
    "doctor",
    "schema",
)
# The folders of commands that belong together.
_FOLDERS = {"check": "practices.", "rules": "practices."}
INTERRUPTED = 130
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# How long further signals are ignored after a signal.
_CLEANING_UP_S = 10.0
_MOMENT_S = 0.01
_BUG = "This is a bug in dagprof. Please report the bug, and include the lines above."


class _Lazy(click.Group):
    """Loads a command's module only when that command is called, so that the others stay fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = f"dagprof.cli.commands.{_FOLDERS.get(cmd_name, '')}{cmd_name}"
        command = importlib.import_module(module).command
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


class _Interruption:
    """Handles the signals of a cancelled CI job and of a closed terminal like Ctrl-C: dagprof keeps
    its results and leaves nothing running.

    The cleanup takes a few seconds, in which further signals are ignored.
    """

    def __init__(self) -> None:
        self._last = -math.inf

    def catch(self) -> None:
        """Handle the signals from now on. A SIGHUP that ``nohup`` ignores stays ignored."""
        for number in _SIGNALS:
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._handle)
        signal.signal(signal.SIGALRM, self._interrupt)
        sys.unraisablehook = self._notice_dropped

    def _handle(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if now - self._last >= _CLEANING_UP_S:
            self._last = now
            self._interrupt(number, frame)

    @staticmethod
    def _interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    @staticmethod
    def _notice_dropped(dropped: sys.UnraisableHookArgs) -> None:
        """Interrupt again a moment later if the interruption came inside a finaliser or a callback.
        Python drops exceptions there.
        """
        if dropped.exc_type is KeyboardInterrupt:
            signal.setitimer(signal.ITIMER_REAL, _MOMENT_S)
        else:
            sys.__unraisablehook__(dropped)


def run() -> NoReturn:
    """Run the program and exit without tearing down the interpreter. The teardown takes 0.1 s with
    pandas loaded.
    """
    streams.prepare()
    claim_sessions()
    code = main()
    for stream in (sys.stdout, sys.stderr):
        # A failed write was already reported.
        with contextlib.suppress(OSError, ValueError, DagprofError):
            stream.flush()
    os._exit(code)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code."""
    try:
        _Interruption().catch()
        return _result_of(arguments)
    except (KeyboardInterrupt, click.exceptions.Abort):
        click.echo("Interrupted.", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        return _shown(error)
    except DagprofError as error:
        return _told(error)
    except Exception as error:  # noqa: BLE001 - exit code 1 means that a file became slower
        known = faults.as_dagprof_error(error)
        if known is not None:
            return _told(known)
        traceback.print_exc()
        return _told(DagprofError(_BUG))


def _result_of(arguments: Sequence[str] | None) -> int:
    result = cli.main(
        args=None if arguments is None else list(arguments),
        prog_name="dagprof",
        standalone_mode=False,
    )
    sys.stdout.flush()
    return result if isinstance(result, int) else 0


def _shown(error: click.ClickException) -> int:
    """Print click's own message, with long values cut and control characters escaped."""
    from dagprof.report.escape import safe_lines

    text = io.StringIO()
    error.show(file=text)
    click.echo(safe_lines(shortened(text.getvalue())), err=True, nl=False)
    return error.exit_code


def _told(error: DagprofError) -> int:
    from dagprof.redaction import Redactor
    from dagprof.report.escape import safe_lines

    # Other programs' messages may be in it, such as git's about a remote with a token in its URL.
    click.echo(f"dagprof: {safe_lines(Redactor()(str(error)))}", err=True)
    return error.exit_code
