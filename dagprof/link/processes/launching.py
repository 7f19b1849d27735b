"""Starts the processes that must end when dagprof ends, however it ends.

Such a process asks the kernel for a signal when its parent dies, see
``dagprof/probe/system/parent.py``. For Linux, the parent is the thread that started the process.
So one thread starts all of them. It lives as long as dagprof.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from dagprof.errors import MeasurementError, UsageError
from dagprof.link import strays
from dagprof.link.interpreter import NO_PYTHON

# ``dagprof/probe/system/parent.py`` handles the same signal. Linux has it.
_END = getattr(signal, "SIGRTMIN", 34) + 9
_NO_PROGRAM = (errno.ENOEXEC, errno.EACCES, errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
_lock = threading.Lock()
# By the process that has the thread: a fork inherits the executor, but not its thread.
_executors: dict[int, ThreadPoolExecutor] = {}


def launched(
    command: Sequence[str], *, inherited: int, output: int, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """A new process that keeps the descriptor ``inherited`` and writes to the descriptor
    ``output``.

    :raises UsageError: the program cannot be run.
    :raises MeasurementError: this machine has reached a limit.
    """

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[inherited],
            env=environment,
            # With its own process group, Ctrl-C reaches only dagprof, which then ends the probe in
            # order. The group can also be killed as one.
            start_new_session=True,
        )

    try:
        return strays.started(lambda: _executor().submit(start).result())
    except OSError as error:
        if error.errno in _NO_PROGRAM:
            raise UsageError(NO_PYTHON.format(command[0])) from error
        raise MeasurementError(
            f"Cannot start {command[0]} ({error.strerror}). Raise the limits on processes, open"
            " files and memory (see `ulimit -a`)."
        ) from error


def ask_to_end(process: subprocess.Popen[bytes]) -> None:
    """Tell a process to clean up and end now, whatever it is doing."""
    process.send_signal(_END)


def _executor() -> ThreadPoolExecutor:
    with _lock:
        if os.getpid() not in _executors:
            _executors[os.getpid()] = ThreadPoolExecutor(1, "dagprof-launching")
        return _executors[os.getpid()]
