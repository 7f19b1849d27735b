"""Finds the cause of an event: the innermost line of the user's code, and the libraries between."""

from __future__ import annotations

import os
import sys
from types import FrameType

from .. import origin

_PROBE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_CORE = os.sep + "airflow" + os.sep
# Parts of Airflow that do work on behalf of user code.
_SERVANTS = tuple(_CORE + part.replace("/", os.sep) for part in ("providers/", "io/", "sdk/io/"))
STARTED_AT = "_dagprof_started_at"


class Caller:
    """A line of the user's code. ``is_direct``: only the standard library lies between the line and
    the event.
    """

    __slots__ = ("file", "is_airflows", "is_direct", "line")

    def __init__(self, file: str, line: int, is_direct: bool, is_airflows: bool) -> None:
        self.file, self.line = file, line
        self.is_direct = is_direct
        self.is_airflows = is_airflows


def find(frame: FrameType | None) -> Caller | None:
    """The caller at or above ``frame``. In a thread without user code, it is the line that started
    the thread.

    If user code calls Airflow's core, and the core itself causes the event, the event is Airflow's.
    If a library in between causes the event, or calls the core (to log, for example), it is the
    user's.
    """
    innermost = outermost = ""
    while frame is not None:
        file = frame.f_code.co_filename
        kind = origin.of_file(file)
        if kind == origin.USER:
            is_airflows = _is_core(innermost) and _is_core(outermost)
            return Caller(file, frame.f_lineno or 0, not innermost, is_airflows)
        if kind == origin.DISTRIBUTION:
            innermost = innermost or file
        if not file.startswith(("<", _PROBE)):  # importlib, generated and frozen code have no file
            outermost = file
        frame = frame.f_back
    return _thread_starter(not innermost)


def _is_core(file: str) -> bool:
    return (
        _CORE in file
        and origin.of_file(file) == origin.DISTRIBUTION
        and not any(part in file for part in _SERVANTS)
    )


def _thread_starter(is_direct: bool) -> Caller | None:
    threading = sys.modules.get("threading")
    thread = getattr(threading, "_active", {}).get(threading.get_ident()) if threading else None
    started_at = getattr(thread, STARTED_AT, None)
    if started_at is None:
        return None
    return Caller(started_at[0], started_at[1], is_direct, False)
