"""Why the zygote cannot start: the values of ``fault`` in its answer to ``start``, and the fork
that tells that it failed.
"""

from __future__ import annotations

import os

NO_AIRFLOW = "no-airflow"
UNSUPPORTED = "unsupported"
NO_FORK = "no-fork"
BROKEN = "broken"


class CannotFork(Exception):
    """The system or the interpreter refuses to fork; the text is the reason."""


def fork() -> int:
    """``os.fork``, with one kind of error for all reasons that it can have.

    :raises CannotFork: there is no new process.
    """
    try:
        return os.fork()
    except Exception as error:  # a limit, a sandbox, or something that replaced os.fork
        raise CannotFork("%s: %s" % (type(error).__name__, error)) from error


def of(error: BaseException) -> str:
    """The fault behind an error; an Airflow that is there and fails is ``BROKEN``."""
    if isinstance(error, CannotFork):
        return NO_FORK
    if isinstance(error, ModuleNotFoundError) and error.name == "airflow":
        return NO_AIRFLOW
    return BROKEN


def reason(error: BaseException) -> str:
    """What the error says, with its type where that is not known from the fault."""
    return str(error) if isinstance(error, CannotFork) else "%s: %s" % (type(error).__name__, error)
