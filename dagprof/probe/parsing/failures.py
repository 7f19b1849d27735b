"""Describes why a file failed to load: the exception itself, its first cause, and the user's frames
only.
"""

from __future__ import annotations

import sys
import traceback
from types import TracebackType
from typing import TYPE_CHECKING, Callable, Mapping

from .. import origin
from ..cutting import cut

if TYPE_CHECKING:
    from ..protocol import FailureRow, LineRow, StopRow

_MESSAGE_LIMIT = 4000


class FailureLog:
    """Keeps the exceptions that Airflow turns into import errors, because Airflow keeps only their
    text.

    Airflow also formats other exceptions, such as those of files that the DAG file itself has
    parsed. ``keep_those_of`` tells them apart by their texts.
    """

    def __init__(self) -> None:
        self._rows: list[FailureRow] = []
        self._stops: list[StopRow] = []
        self._formatted: dict[str, tuple[FailureRow, StopRow]] = {}

    def install(self) -> None:
        """Listen where Airflow asks for the text of the exception it handles. This costs nothing
        while nothing fails.
        """
        ordinary: Callable[..., str] = traceback.format_exc

        def format_exc(*args: object, **kwargs: object) -> str:
            caller = sys._getframe(1).f_globals.get("__name__", "")
            error = sys.exc_info()[1]
            text = ordinary(*args, **kwargs)
            if error is not None and caller.startswith("airflow."):
                self._formatted[text] = (describe(error), self._stop(error))
            return text

        traceback.format_exc = format_exc

    def add(self, error: BaseException) -> None:
        self._keep(describe(error), self._stop(error))

    def keep_those_of(self, import_errors: Mapping[str, object]) -> None:
        """Keep the import errors of the file's own bag, each with its exception if dagprof saw
        it.
        """
        for file, text in import_errors.items():
            seen = self._formatted.get(text) if isinstance(text, str) else None
            if seen is not None:
                self._keep(*seen)
            else:
                self._add_text(str(file), str(text))

    def add_unsent(self, error: BaseException, culprit: str, fault: str) -> None:
        """Add a failure for a result that cannot leave the child: Airflow then stores neither a DAG
        nor an import error of the file.
        """
        row = describe(error)
        what = "%s; " % culprit if culprit else ""
        text = "%sAirflow %s, so it stores neither a DAG nor an import error (%s)"
        message = text % (what, fault, one_line(error))
        self._keep({**row, "type": "", "message": message}, self._stop(error))

    def _add_text(self, file: str, text: str) -> None:
        """Add an import error of which only the text is known."""
        last = text.strip().splitlines()[-1] if text.strip() else ""
        kind, _, message = last.partition(": ")
        named = kind.replace(".", "").replace("_", "").isalnum() and bool(message)
        row: FailureRow = {
            "type": kind if named else "",
            "message": cut(message if named else text, _MESSAGE_LIMIT),
            "traceback": "",
            "cause": "",
            "file": file,
            "line": 0,
        }
        self._keep(row, (row["type"], row["message"], []))

    def _keep(self, row: FailureRow, stop: StopRow) -> None:
        self._rows.append(row)
        self._stops.append(stop)

    def _stop(self, error: BaseException) -> StopRow:
        frames: list[LineRow] = [
            [frame.filename, frame.lineno or 0] for frame in _user_frames(error.__traceback__)
        ]
        return type(error).__name__, _message(error), frames

    def rows(self) -> list[FailureRow]:
        return self._rows

    def stops(self) -> list[StopRow]:
        """Where each exception ended the parse: its type, its message, and the user's lines,
        outermost first.
        """
        return self._stops


def describe(error: BaseException) -> FailureRow:
    """Return an exception as a row: type, message, the user's frames, the first cause, and the
    user's innermost line.
    """
    frames = _user_frames(error.__traceback__)
    file, line = (frames[-1].filename, frames[-1].lineno) if frames else ("", 0)
    if isinstance(error, SyntaxError) and error.filename:
        file, line = error.filename, error.lineno or 0
    cause = _first_cause(error)
    if cause is not error and not frames:
        inner = _user_frames(cause.__traceback__)
        file, line = (inner[-1].filename, inner[-1].lineno) if inner else (file, line)
    text = "".join(
        [*traceback.format_list(frames), *traceback.format_exception_only(type(error), error)]
    )
    return {
        "type": type(error).__name__,
        "message": _message(error),
        "traceback": text,
        "cause": "" if cause is error else one_line(cause),
        "file": file,
        "line": line or 0,
    }


def one_line(error: BaseException) -> str:
    """Type and message of an exception."""
    return "%s: %s" % (type(error).__name__, _message(error))


def _message(error: BaseException) -> str:
    try:
        return cut(str(error), _MESSAGE_LIMIT)
    except Exception as unprintable:
        return "<message not printable: %s>" % type(unprintable).__name__


def _user_frames(trace: TracebackType | None) -> list[traceback.FrameSummary]:
    return [
        frame
        for frame in traceback.extract_tb(trace)
        if origin.of_file(frame.filename) == origin.USER
    ]


def _first_cause(error: BaseException) -> BaseException:
    seen = set()
    while id(error) not in seen:
        seen.add(id(error))
        context = (
            None if error.__suppress_context__ else error.__context__
        )  # hidden by ``raise ... from None``
        error = error.__cause__ or context or error
    return error
