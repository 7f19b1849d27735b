"""The account of effects: each kind and name at a line of the user's code, with count, time and size."""

from __future__ import annotations

import sys
from _thread import get_ident
from time import perf_counter_ns
from typing import Any, Callable

from . import callers

# Of these, what Airflow's core does when user code calls it is no effect of the file.
_NOT_AIRFLOWS = {
    "file-read",
    "file-write",
    "thread",
    "environment",
    "working-directory",
    "sys-path",
    "signal",
    "logger",
    "output",
}
_COUNT, _WALL_NS, _SIZE, _FAILED = 0, 1, 2, 3
_WHAT_LIMIT = 300
_MOST_ROWS = 5000


class Ledger:
    """Rows by kind, what, file and line. Whatever it is told, it never raises into the code that it watches."""

    def __init__(self, redact: Callable[..., Any]) -> None:
        self._redact = redact
        self._rows: dict[Any, Any] = {}
        self._shown: dict[Any, str] = {}
        self._busy: set[Any] = set()

    def note(self, kind: str, what: str, count: int = 1, size: int = 0) -> Any:
        """Count an effect at the user's line that led here; its key, or None where there is no such line.

        What happens in a thread while ``timed`` runs for the same kind is part of that, and not counted.
        """
        try:
            if self.is_busy(kind):
                return None
            caller = callers.find(sys._getframe(1))
            if caller is None or (caller.is_airflows and kind in _NOT_AIRFLOWS):
                return None
            return self.add(kind, what, caller.file, caller.line, count, size)
        except Exception:
            return None

    def add(self, kind: str, what: str, file: str, line: int, count: int = 1, size: int = 0) -> Any:
        """Count an effect at a known line. The size is the largest seen, except that output adds up."""
        shown = self._shown.get(what)
        if shown is None:
            shown = self._redact(what)[:_WHAT_LIMIT]
            if len(self._shown) < _MOST_ROWS:
                self._shown[what] = shown
        key = (kind, shown, file, line)
        row = self._rows.get(key)
        if row is None:
            if len(self._rows) >= _MOST_ROWS:
                return None
            row = self._rows[key] = [0, None, 0, 0]
        row[_COUNT] += count
        row[_SIZE] = row[_SIZE] + size if kind == "output" else max(row[_SIZE], size)
        return key

    def spend(self, key: Any, wall_ns: int) -> None:
        row = self._rows.get(key)
        if row is not None:
            row[_WALL_NS] = (row[_WALL_NS] or 0) + wall_ns

    def fail(self, key: Any) -> None:
        """One of the effects under this key ended with an error."""
        row = self._rows.get(key)
        if row is not None:
            row[_FAILED] += 1

    def resize(self, key: Any, size: int) -> None:
        row = self._rows.get(key)
        if row is not None:
            row[_SIZE] = size

    def rename(self, key: Any, what: str) -> None:
        """Tell one of the effects under this key apart, by another name."""
        row = self._rows.get(key)
        if row is not None and row[_COUNT] > 1:
            row[_COUNT] -= 1
        else:
            self.drop(key)
        kind, _, file, line = key
        self.add(kind, what, file, line)

    def drop(self, key: Any) -> None:
        self._rows.pop(key, None)

    def is_busy(self, kind: str) -> bool:
        return (get_ident(), kind) in self._busy

    def timed(self, kind: str, what: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call ``function``; the call is one effect, and lasts as long as that."""
        key = self.note(kind, what)
        if key is None:
            return function(*args, **kwargs)
        mark = (get_ident(), kind)
        self._busy.add(mark)
        started = perf_counter_ns()
        try:
            return function(*args, **kwargs)
        except Exception:
            self.fail(key)
            raise
        finally:
            self.spend(key, perf_counter_ns() - started)
            self._busy.discard(mark)

    def rows(self) -> list[Any]:
        """One dictionary per effect, in the order of their first happening."""
        return [
            {
                "kind": kind,
                "what": what,
                "file": file,
                "line": line,
                "count": count,
                "wall_us": None if wall_ns is None else wall_ns // 1000,
                "size_bytes": size,
                "failed": failed,
            }
            for (kind, what, file, line), (count, wall_ns, size, failed) in list(self._rows.items())
        ]
