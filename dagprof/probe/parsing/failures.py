"""Describes why a file failed to load: the exception itself, its first cause, and the user's frames
only.
"""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING, Callable, Mapping

from .. import bounds
from . import exceptions

if TYPE_CHECKING:
    from ..protocol.result import FailureRow
    from ..protocol.rows import StopRow


class FailureLog:
    """Keeps the exceptions that Airflow turns into import errors, because Airflow keeps only their
    text.

    Airflow also formats other exceptions, such as those of files that the DAG file itself has
    parsed. ``keep_those_of`` tells them apart by their texts. ``left_out`` counts the failures that
    are not kept.
    """

    def __init__(self) -> None:
        self._rows: list[FailureRow] = []
        self._stops: list[StopRow] = []
        self._formatted: dict[str, tuple[FailureRow, StopRow]] = {}
        self.left_out = 0

    def install(self) -> None:
        """Listen where Airflow asks for the text of the exception it handles. This costs nothing
        while nothing fails.
        """
        ordinary: Callable[..., str] = traceback.format_exc

        def format_exc(*args: object, **kwargs: object) -> str:
            caller = sys._getframe(1).f_globals.get("__name__")
            error = sys.exc_info()[1]
            text = ordinary(*args, **kwargs)
            if error is not None and isinstance(caller, str) and caller.startswith("airflow."):
                self._remember(text, error)
            return text

        traceback.format_exc = format_exc

    def _remember(self, text: str, error: BaseException) -> None:
        """Keep the first exceptions, for a loop over many bags. Of the others the text is known."""
        if len(self._formatted) < bounds.FORMATTED:
            self._formatted[text] = exceptions.describe(error)

    def add(self, error: BaseException) -> None:
        self._keep(*exceptions.describe(error))

    def keep_those_of(self, import_errors: Mapping[str, object]) -> None:
        """Keep the import errors of the file's own bag, each with its exception if dagprof saw
        it.
        """
        for file, text in import_errors.items():
            seen = self._formatted.get(text) if isinstance(text, str) else None
            if seen is not None:
                self._keep(*seen)
            else:
                self._add_text(bounds.plain(file), bounds.plain(text))

    def add_unsent(self, error: BaseException, culprit: str, fault: str) -> None:
        """Add a failure for a result that cannot leave the child: Airflow then stores neither a DAG
        nor an import error of the file.
        """
        row, stop = exceptions.describe(error)
        what = "%s. " % culprit if culprit else ""
        text = "%sAirflow %s, so Airflow stores neither a DAG nor an import error (%s: %s)"
        message = text % (what, fault, row["type"], row["message"])
        self._keep({**row, "type": "", "message": message, "ending": ""}, stop)

    def _add_text(self, file: str, text: str) -> None:
        """Add an import error of which only the text is known."""
        text = text.strip()
        last = text.splitlines()[-1] if text else ""
        kind, _, message = last.partition(": ")
        named = len(kind) <= bounds.NAME and _is_name(kind) and bool(message)
        row: FailureRow = {
            "type": kind if named else "",
            "message": bounds.shown(message if named else text, bounds.MESSAGE),
            "traceback": "",
            "cause": "",
            "file": bounds.cut(file, bounds.PATH),
            "line": 0,
            "ending": "",
        }
        self._keep(row, (row["type"], row["message"], []))

    def _keep(self, row: FailureRow, stop: StopRow) -> None:
        if len(self._rows) >= bounds.FAILURES:
            self.left_out += 1
            return
        self._rows.append(row)
        self._stops.append(stop)

    def rows(self) -> list[FailureRow]:
        return self._rows

    def stops(self) -> list[StopRow]:
        """Where each exception ended the parse: its type, its message, and the user's lines,
        outermost first.
        """
        return self._stops


def _is_name(text: str) -> bool:
    return text.replace(".", "").replace("_", "").isalnum()
