"""One exception as rows, whatever its class does. It may have any size, lie about itself, and raise
when it is asked for its text.

This module reads the fields of an exception where Python stores them. A class can replace its
attributes, but not these fields.
"""

from __future__ import annotations

import collections
import traceback
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable

from .. import bounds, origin

if TYPE_CHECKING:
    from ..protocol.result import FailureRow
    from ..protocol.rows import LineRow, StopRow

    Redact = Callable[[str], str]

_trace_of: Callable[..., Any] = vars(BaseException)["__traceback__"].__get__
_cause_of: Callable[..., Any] = vars(BaseException)["__cause__"].__get__
_context_of: Callable[..., Any] = vars(BaseException)["__context__"].__get__
_hides_context: Callable[..., Any] = vars(BaseException)["__suppress_context__"].__get__
_mro_of: Callable[..., Any] = vars(type)["__mro__"].__get__
_name_of: Callable[..., Any] = vars(type)["__name__"].__get__
_space_of: Callable[..., Any] = vars(type)["__dict__"].__get__
_syntax_file: Callable[..., Any] = vars(SyntaxError)["filename"].__get__
_syntax_line: Callable[..., Any] = vars(SyntaxError)["lineno"].__get__

# Airflow's import time-out: its name, and where Airflow 2 and 3 have it.
_TIME_OUT, _EXCEPTIONS = "AirflowTaskTimeout", ("airflow.exceptions", "airflow.sdk.exceptions")


def describe(error: BaseException) -> tuple[FailureRow, StopRow]:
    """Return an exception as a row, and where it ended the parse.

    The first has type, message, the user's frames, the first cause, and the user's innermost line.
    The second has type, message, and the user's lines from the outermost inwards. If there are very
    many frames, both have the first and the last ones.
    """
    frames, text_of = Frames(_trace_of(error)), message(error)
    cause = _first_cause(error)
    text = _traceback(frames) + bounds.shown(_last_lines(error), bounds.EXCEPTION)
    file, line = _place(error, cause, frames)
    masked = bounds.shown(text_of, bounds.MESSAGE)
    row: FailureRow = {
        "type": bounds.type_name(error),
        "message": masked,
        "traceback": text,
        "cause": "" if cause is error else bounds.shown(one_line(cause), bounds.MESSAGE),
        "file": bounds.cut(file, bounds.PATH),
        "line": bounds.line_number(line),
        "ending": ending(type(error)),
    }
    return row, (row["type"], masked, frames.lines())


def ending(kind: type[BaseException]) -> str:
    """What an exception of this class means for the parse; a name alone means nothing."""
    for cls in _mro_of(kind):
        if cls is MemoryError:
            return "memory"
        if cls is SystemExit:
            return "exit"
        if _name_of(cls) == _TIME_OUT and _space_of(cls).get("__module__") in _EXCEPTIONS:
            return "time-out"
    return ""


def one_line(error: BaseException) -> str:
    """Type and message of an exception."""
    return "%s: %s" % (bounds.type_name(error), message(error))


class Frames:
    """The user's frames of a traceback, outermost first. Of very many, the first and the last."""

    def __init__(self, trace: TracebackType | None) -> None:
        self._first: list[TracebackType] = []
        self._last: collections.deque[TracebackType] = collections.deque(maxlen=bounds.LAST_FRAMES)
        passed = 0
        while trace is not None:
            if origin.of_file(trace.tb_frame.f_code.co_filename) == origin.USER:
                if len(self._first) < bounds.FIRST_FRAMES:
                    self._first.append(trace)
                else:
                    self._last.append(trace)
                    passed += 1
            trace = trace.tb_next
        self._left_out = passed - len(self._last)

    def innermost(self) -> tuple[str, int] | None:
        """File and line of the last frame; None if there is no frame."""
        frames = self._last or self._first
        return _line(frames[-1]) if frames else None

    def lines(self) -> list[LineRow]:
        """File and line of each frame."""
        return [
            [bounds.cut(file, bounds.PATH), bounds.line_number(line)]
            for file, line in map(_line, (*self._first, *self._last))
        ]

    def text(self) -> str:
        """The frames as Python shows them, with their source lines."""
        parts = traceback.format_list([_summary(trace) for trace in self._first])
        if self._left_out:
            parts.append(f"  [{self._left_out:,} more frames]\n")
        parts += traceback.format_list([_summary(trace) for trace in self._last])
        return "".join(parts)


def _line(trace: TracebackType) -> tuple[str, int]:
    return trace.tb_frame.f_code.co_filename, trace.tb_lineno or 0


def _summary(trace: TracebackType) -> traceback.FrameSummary:
    (frame,) = traceback.extract_tb(trace, limit=1)
    source = frame.line or ""
    parts = (frame.filename, frame.name, source)
    limits = (bounds.PATH, bounds.NAME, bounds.SOURCE_LINE)
    if all(len(part) <= limit for part, limit in zip(parts, limits)):
        return frame
    file, name, source = (bounds.cut(part, limit) for part, limit in zip(parts, limits))
    return traceback.FrameSummary(file, frame.lineno or 0, name, lookup_line=False, line=source)


def _traceback(frames: Frames) -> str:
    try:
        text = frames.text()
    except Exception:  # Python may ask a loader of the user's for the source
        text = ""
    shown = bounds.shown(text, bounds.TRACEBACK)
    return shown if shown.endswith("\n") or not shown else shown + "\n"


def _last_lines(error: BaseException) -> str:
    """The lines that Python shows below the frames: the message, notes, and a suggestion."""
    try:
        return "".join(traceback.format_exception_only(type(error), error))
    except BaseException:  # methods of the exception raise, which is not the parse's error
        return one_line(error) + "\n"


def innermost(error: BaseException) -> tuple[str, int] | None:
    """The user's innermost line in the traceback; None if it has no line of the user's."""
    return Frames(_trace_of(error)).innermost()


def message(error: BaseException) -> str:
    """The text of an exception, whatever its class does."""
    try:
        return bounds.plain(str(error))
    except BaseException as unprintable:
        return "<message not printable: %s>" % bounds.type_name(unprintable)


def _place(error: BaseException, cause: BaseException, frames: Frames) -> tuple[str, object]:
    """The user's innermost line. A syntax error names its own line. For an exception without the
    user's frames, it is the line of the first cause.
    """
    found = frames.innermost()
    if issubclass(type(error), SyntaxError):
        file = _syntax_file(error)
        if isinstance(file, str) and file:
            return bounds.plain(file), _syntax_line(error)
    if found is None and cause is not error:
        found = Frames(_trace_of(cause)).innermost()
    return found or ("", 0)


def _first_cause(error: BaseException) -> BaseException:
    seen = set()
    while id(error) not in seen:
        seen.add(id(error))
        # ``raise ... from None`` hides the context.
        context = None if _hides_context(error) else _context_of(error)
        cause = _cause_of(error)
        # ``or`` would call a method of the exception.
        found = context if cause is None else cause
        error = error if found is None else found
    return error
