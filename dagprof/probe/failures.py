"""What went wrong while a file was loaded: the exception itself, its first cause, the user's frames only."""

from __future__ import annotations

import sys
import traceback
from types import TracebackType
from typing import Any, Callable

from . import origin

_MESSAGE_LIMIT = 2000


class FailureLog:
    """Keeps the exceptions that Airflow formats into its import errors, while they are still whole."""

    def __init__(self, redact: Callable[..., Any]) -> None:
        self._redact = redact
        self._rows: list[Any] = []
        self._stops: list[Any] = []

    def install(self) -> None:
        """Listen where Airflow asks for the text of the exception it handles: no cost where nothing fails."""
        ordinary = traceback.format_exc

        def format_exc(*args: Any, **kwargs: Any) -> str:
            caller = sys._getframe(1).f_globals.get("__name__", "")
            error = sys.exc_info()[1]
            if error is not None and caller.startswith("airflow."):
                self.add(error)
            return ordinary(*args, **kwargs)

        traceback.format_exc = format_exc

    def add(self, error: BaseException) -> None:
        self._rows.append(describe(error, self._redact))
        frames = [[frame.filename, frame.lineno or 0] for frame in _user_frames(error.__traceback__)]
        self._stops.append([type(error).__name__, self._redact(_message(error)), frames])

    def add_text(self, file: str, text: str) -> None:
        """An import error of which Airflow kept the text only."""
        last = text.strip().splitlines()[-1] if text.strip() else ""
        kind, _, message = last.partition(": ")
        named = kind.replace(".", "").replace("_", "").isalnum() and bool(message)
        row = {"type": kind if named else "", "message": self._redact((message if named else text)[:_MESSAGE_LIMIT])}
        self._rows.append({**row, "traceback": "", "cause": "", "file": file, "line": 0})
        self._stops.append([row["type"], row["message"], []])

    def rows(self) -> list[Any]:
        return self._rows

    def stops(self) -> list[Any]:
        """Where each exception ended the parse: its type, its message, the user's lines from the outermost inwards."""
        return self._stops


def describe(error: BaseException, redact: Callable[..., Any]) -> dict[Any, Any]:
    """An exception as a row: type, message, the user's frames, the first cause, the user's innermost line."""
    frames = _user_frames(error.__traceback__)
    file, line = (frames[-1].filename, frames[-1].lineno) if frames else ("", 0)
    if isinstance(error, SyntaxError) and error.filename:
        file, line = error.filename, error.lineno or 0
    cause = _first_cause(error)
    if cause is not error and not frames:
        inner = _user_frames(cause.__traceback__)
        file, line = (inner[-1].filename, inner[-1].lineno) if inner else (file, line)
    text = "".join([*traceback.format_list(frames), *traceback.format_exception_only(type(error), error)])
    return {
        "type": type(error).__name__,
        "message": redact(_message(error)),
        "traceback": redact(text),
        "cause": "" if cause is error else redact("%s: %s" % (type(cause).__name__, _message(cause))),
        "file": file,
        "line": line or 0,
    }


def _message(error: BaseException) -> str:
    try:
        return str(error)[:_MESSAGE_LIMIT]
    except Exception as unprintable:
        return "<message not printable: %s>" % type(unprintable).__name__


def _user_frames(trace: TracebackType | None) -> list[Any]:
    return [frame for frame in traceback.extract_tb(trace) if origin.of_file(frame.filename) == origin.USER]


def _first_cause(error: BaseException) -> BaseException:
    seen = set()
    while id(error) not in seen:
        seen.add(id(error))
        error = error.__cause__ or error.__context__ or error
    return error
