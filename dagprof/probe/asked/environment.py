"""Records environment variables that the DAG file asks for but that are not set, with the user's
line.
"""

from __future__ import annotations

import os
import sys
from types import FrameType
from typing import TYPE_CHECKING, Any

from .. import bounds, origin

if TYPE_CHECKING:
    from ..protocol.rows import AccessRow

# Airflow's own prefixes for settings. Other modules answer these names.
_AIRFLOWS = ("AIRFLOW__", "AIRFLOW_VAR_", "AIRFLOW_CONN_")


class EnvironmentWatch:
    """Listens where ``os.environ`` reports that a name is missing. A name that is set costs one
    more call.

    ``left_out`` counts the look-ups beyond the number of rows that are kept.
    """

    def __init__(self) -> None:
        self._asked: dict[tuple[str, str, str, int, bool], int] = {}
        self.left_out = 0

    def install(self) -> None:
        cls: Any = type(os.environ)
        ordinary = cls.__getitem__

        def __getitem__(environ: object, key: object) -> object:  # noqa: N807 - shown in tracebacks
            try:
                return ordinary(environ, key)
            except KeyError:
                self._note(key, sys._getframe(1))
                raise

        cls.__getitem__ = __getitem__

    def _note(self, key: object, frame: FrameType | None) -> None:
        if not isinstance(key, str):
            return
        key = bounds.cut(bounds.plain(key), bounds.NAME)
        if key.startswith(_AIRFLOWS):
            return
        default = None
        while frame is not None and _is_mapping(frame):
            default = frame.f_locals.get("default", default)
            frame = frame.f_back
        file, line = origin.user_location(frame)
        if file and frame is not None:
            is_own = frame.f_code.co_filename == file
            by = "default" if type(default) is str and default else "missing"
            asked = (key, by, bounds.cut(file, bounds.PATH), line, is_own)
            if len(self._asked) < bounds.LOOKUPS or asked in self._asked:
                self._asked[asked] = self._asked.get(asked, 0) + 1
            else:
                self.left_out += 1

    def accesses(self) -> list[AccessRow]:
        """Rows like those of ``Answers``, only for names that user code asks for itself."""
        rows = list(self._asked.items())
        return [
            ["environment", key, "get", by, file, line, count]
            for (key, by, file, line, is_own), count in rows
            if is_own
        ]

    def of_libraries(self) -> list[AccessRow]:
        """The same rows, for names that libraries ask for while user code calls them."""
        rows = list(self._asked.items())
        return [
            ["environment", key, "get", by, file, line, count]
            for (key, by, file, line, is_own), count in rows
            if not is_own and by == "missing"
        ]


def _is_mapping(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    return file.startswith(origin.HERE) or frame.f_globals.get("__name__") in (
        "os",
        "_collections_abc",
        "collections.abc",
    )
