"""Turns errors of the operating system into a message with the next step for the user.

This is the last resort. Code that knows more about an error raises an error of ``dagprof.errors``
itself.
"""

from __future__ import annotations

import errno
import os

from dagprof.errors import DagprofError, MeasurementError, OutputError, UsageError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_TOO_MANY_FILES = (errno.EMFILE, errno.ENFILE)
_NO_PROCESS = (errno.EAGAIN, errno.EWOULDBLOCK)


def as_dagprof_error(error: Exception) -> DagprofError | None:
    """The error to report to the user; None if this is a bug in dagprof."""
    if isinstance(error, OSError):
        return _of_system(error)
    if isinstance(error, MemoryError):
        return _no_memory("out of memory")
    if isinstance(error, ImportError) and "shared object" in str(error):
        # A library could not be mapped, mostly because of a limit on the address space.
        return _no_memory(str(error))
    if isinstance(error, RuntimeError) and "start new thread" in str(error):
        return _no_process(str(error))
    return None


def _of_system(error: OSError) -> DagprofError:
    if is_folder_gone():
        return UsageError(
            "The current folder no longer exists. Change to an existing folder, and run dagprof"
            " again."
        )
    reason = error.strerror or str(error)
    what = f"{os.fsdecode(error.filename)!r}" if error.filename else ""
    if error.errno in _FULL:
        return OutputError(
            f"Cannot write {what or 'a file'} ({reason}). Free some disk space, and run dagprof"
            " again."
        )
    if error.errno in _TOO_MANY_FILES:
        return MeasurementError(
            f"dagprof cannot open {what or 'another file'} ({reason}). Raise the limit on open"
            " files (`ulimit -n`), or lower --jobs."
        )
    if error.errno in _NO_PROCESS:
        return _no_process(reason)
    if error.errno == errno.ENOMEM:
        return _no_memory(reason)
    return MeasurementError(
        f"dagprof cannot use {what} ({reason}). Check that the path exists and that you can access"
        " it."
        if what
        else (
            f"A call to the operating system failed ({reason}). Run `dagprof doctor` to check this"
            " machine."
        )
    )


def is_folder_gone() -> bool:
    """Whether the current folder was deleted or cannot be reached."""
    try:
        os.getcwd()
    except OSError:
        return True
    return False


def _no_memory(reason: str) -> MeasurementError:
    return MeasurementError(
        f"dagprof does not have enough memory ({reason}). Raise the memory limit (`ulimit -v`), or"
        " close other programs."
    )


def _no_process(reason: str) -> MeasurementError:
    return MeasurementError(
        f"dagprof cannot start another process or thread ({reason}). Raise the process limit"
        " (`ulimit -u`), or lower --jobs."
    )
