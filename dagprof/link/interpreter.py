"""Checks that a program is a Python that can run the probe."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from dagprof.errors import MeasurementError, UsageError
from dagprof.link import strays

NO_PYTHON = (
    "{!r} is not a Python interpreter. Give the path of an interpreter, or the folder of a virtual"
    " environment."
)
OLDEST = (3, 8)
# The code must compute, because ``echo`` would print it. It also runs on Python 2.
_CODE = "import sys; sys.stdout.write('%d %d %d' % ((6 * 7,) + tuple(sys.version_info[:2])))"
_LONGEST_ANSWER = 100
_LIMIT_S = 20.0


def check(program: Path) -> None:
    """Run a few lines with a program.

    :raises UsageError: the program does not run Python code.
    :raises MeasurementError: its Python is too old for the probe.
    """
    found = _version(program)
    if found is None:
        raise UsageError(NO_PYTHON.format(str(program)))
    if found < OLDEST:
        oldest, here = (".".join(map(str, version)) for version in (OLDEST, found))
        raise MeasurementError(
            f"{program} is Python {here}, but dagprof needs Python {oldest} or newer. Choose"
            " another interpreter with --python."
        )


def first_output(
    command: Sequence[str | Path],
    *,
    longest: int,
    limit_s: float,
    given: bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> bytes:
    """The first ``longest`` bytes that a command writes to standard output within ``limit_s``
    seconds. Then the command is killed, because a program can write forever, or nothing.

    The command reads ``given`` from standard input. It runs in the file system's root.

    :raises OSError: the command does not start.
    """
    with tempfile.TemporaryFile() as stream:
        stream.write(given)
        stream.seek(0)
        process = strays.started(
            lambda: subprocess.Popen(
                command,
                stdin=stream,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=os.sep,
                env=environment,
                start_new_session=True,
            )
        )
    with process:
        assert process.stdout is not None
        try:
            return _read(process.stdout.fileno(), longest, time.monotonic() + limit_s)
        finally:
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            strays.forgotten(process.pid)


def _read(descriptor: int, longest: int, deadline: float) -> bytes:
    found = b""
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while len(found) < longest and (left := deadline - time.monotonic()) > 0:
            if selector.select(left):
                data = os.read(descriptor, longest - len(found))
                if not data:
                    break
                found += data
    return found


def _version(program: Path) -> tuple[int, ...] | None:
    """The Python version of a program; None if it is no Python."""
    try:
        # Without site-packages and PYTHONPATH, whose modules could print or fail.
        words = first_output(
            [program, "-E", "-S", "-c", _CODE], longest=_LONGEST_ANSWER, limit_s=_LIMIT_S
        ).split()
    except OSError:
        return None
    if len(words) != 3 or words[0] != b"42" or not all(word.isdigit() for word in words):
        return None
    return int(words[1]), int(words[2])
