"""Keeps the last exception that code of the parse logs and then ignores.

Libraries that build DAGs from other files log the exception of a broken file and go on. Airflow
then finds no DAG and reports no error.
"""

from __future__ import annotations

import functools
import logging
import sys
from typing import TYPE_CHECKING, Any, Callable

from .. import bounds, origin
from . import exceptions

if TYPE_CHECKING:
    from ..protocol.result import LoggedRow


class ExceptionLog:
    """The last exception that a logger of Python received as an error, and how many there were."""

    def __init__(self) -> None:
        self._last: LoggedRow | None = None
        self._count = 0
        self._is_busy = False

    def install(self) -> None:
        """Listen where each logger passes on its records. Only a record with an exception costs
        time.
        """
        ordinary: Callable[..., Any] = logging.Logger.handle

        @functools.wraps(ordinary)
        def handle(logger: logging.Logger, record: logging.LogRecord) -> Any:
            # The text of an exception may log, too.
            if record.exc_info and record.levelno >= logging.ERROR and not self._is_busy:
                self._is_busy = True
                try:
                    self._keep(record)
                except Exception as raised:  # a record may hold any objects
                    self._last = None
                    if exceptions.ending(type(raised)):
                        raise
                finally:
                    self._is_busy = False
            return ordinary(logger, record)

        setattr(logging.Logger, "handle", handle)  # noqa: B010

    def _keep(self, record: logging.LogRecord) -> None:
        error: Any = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if not issubclass(type(error), BaseException):
            return
        self._count += 1
        file, line = exceptions.innermost(error) or origin.user_location(sys._getframe(2))
        self._last = {
            "logger": bounds.cut(bounds.plain(record.name), bounds.NAME),
            "type": bounds.type_name(error),
            "message": bounds.shown(_text(error), bounds.MESSAGE),
            "file": bounds.cut(file, bounds.PATH),
            "line": bounds.line_number(line),
            "count": self._count,
        }

    def rows(self) -> list[LoggedRow]:
        """The last exception; empty if there was none."""
        return [self._last] if self._last is not None else []


def _text(error: BaseException) -> str:
    """The text of an exception. A time limit that ends meanwhile is for the parse."""
    try:
        return bounds.plain(str(error))
    except Exception as unprintable:
        if exceptions.ending(type(unprintable)):
            raise
        return "<message not printable: %s>" % bounds.type_name(unprintable)
