"""The reasons why the zygote cannot start, and a fork that reports its failure. The reasons are the
values of ``fault`` in the answer to ``start``.
"""

from __future__ import annotations

import os

from . import bounds

NO_AIRFLOW = "no-airflow"
UNSUPPORTED = "unsupported"
NO_FORK = "no-fork"
BROKEN = "broken"


class CannotFork(Exception):
    """The system or the interpreter refuses to fork. The message is the reason."""


def fork() -> int:
    """Call ``os.fork``, with one kind of error for all reasons.

    :raises CannotFork: there is no new process.
    """
    try:
        return os.fork()
    except Exception as error:  # a limit, a sandbox, or a replacement of os.fork
        raise CannotFork(one_line(error)) from error


def of(error: BaseException) -> str:
    """The fault behind an error. An installed Airflow that fails to import is ``BROKEN``."""
    if isinstance(error, CannotFork):
        return NO_FORK
    if isinstance(error, ModuleNotFoundError) and error.name == "airflow":
        return NO_AIRFLOW
    return BROKEN


def reason(error: BaseException) -> str:
    """The error's message, with the type of the error if the fault does not imply it."""
    return str(error) if isinstance(error, CannotFork) else one_line(error)


def one_line(error: BaseException) -> str:
    """Type and message of an error, which user code may have raised."""
    message = bounds.cut(bounds.plain(error), bounds.MESSAGE)
    return "%s: %s" % (bounds.type_name(error), message)
