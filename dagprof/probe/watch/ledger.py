"""The account of effects: each kind and name at a line of the user's code, with count, time and
size.
"""

from __future__ import annotations

import sys
from _thread import get_ident
from typing import TYPE_CHECKING, Callable, TypeVar

from ..clocks import perf_counter_ns
from . import callers

if TYPE_CHECKING:
    from ..protocol import EffectRow
    from .events import Key

# Of these, what Airflow's core does when user code calls it is not an effect of the file.
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
# Of one row, how many stretches of time are kept apart; the oldest are summed up.
_MOST_STRETCHES = 1000
_WHAT_LIMIT = 300
_MOST_ROWS = 5000
_Found = TypeVar("_Found")


class _Row:
    """What is known of one effect. Stretches of time that overlap, in several threads or
    programs, count once.
    """

    __slots__ = (
        "_stretches",
        "_wall_ns",
        "count",
        "failed",
        "is_running",
        "is_timed",
        "size",
        "threads",
    )

    def __init__(self) -> None:
        self.count = self.size = self.failed = self._wall_ns = 0
        self.is_timed = self.is_running = False
        self.threads: set[int] = set()
        self._stretches: list[tuple[int, int]] = []

    def spend(self, began: int, ended: int) -> None:
        """Add a stretch; those that ended earlier were added before, except sleeps, which report
        when they begin.
        """
        self.is_timed = True
        stretches = self._stretches
        while stretches and stretches[-1][1] >= began:
            earlier = stretches.pop()
            began, ended = min(began, earlier[0]), max(ended, earlier[1])
        stretches.append((began, ended))
        if len(stretches) > _MOST_STRETCHES:
            oldest = stretches.pop(0)
            self._wall_ns += oldest[1] - oldest[0]

    def wall_us(self) -> int | None:
        """The time until now, in microseconds; None where none was told."""
        if not self.is_timed:
            return None
        now = perf_counter_ns()
        return (
            self._wall_ns + sum(min(ended, now) - began for began, ended in self._stretches)
        ) // 1000


class Ledger:
    """Rows by kind, what, file and line. It never raises into the code that it watches, whatever
    it receives.
    """

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._rows: dict[Key | tuple[str, str, str, int, str] | None, _Row] = {}
        self._main = get_ident()
        self._shown: dict[str, str] = {}
        self._busy: set[tuple[int, str]] = set()

    def note(self, kind: str, what: str, count: int = 1, size: int = 0) -> Key | None:
        """Count an effect at the user's line that led here; its key, or None where there is no such
        line.

        What happens in a thread while ``timed`` runs for the same kind is part of that, and not
        counted.
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

    def add(
        self, kind: str, what: str, file: str, line: int, count: int = 1, size: int = 0
    ) -> Key | None:
        """Count an effect at a known line. The size is the largest seen, except that output adds
        up.
        """
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
            row = self._rows[key] = _Row()
        row.count += count
        row.size = row.size + size if kind == "output" else max(row.size, size)
        if get_ident() != self._main:
            row.threads.add(get_ident())
        return key

    def spend(self, key: Key | None, wall_ns: int) -> None:
        """Something that took so long has just ended."""
        row = self._rows.get(key)
        if row is not None:
            now = perf_counter_ns()
            row.spend(now - wall_ns, now)

    def spend_from_now(self, key: Key | None, wall_ns: int) -> None:
        """Something begins that will take so long."""
        row = self._rows.get(key)
        if row is not None:
            now = perf_counter_ns()
            row.spend(now, now + wall_ns)

    def fail(self, key: Key | None) -> None:
        """One of the effects under this key ended with an error."""
        row = self._rows.get(key)
        if row is not None:
            row.failed += 1

    def resize(self, key: Key, size: int) -> None:
        row = self._rows.get(key)
        if row is not None:
            row.size = size

    def mark_running(self, key: Key) -> None:
        """Tell one of the processes under this key apart: it outlives the parse."""
        row = self._rows.get(key)
        if row is not None and row.count > 1:
            row.count -= 1
        else:
            self.drop(key)
        running = self._rows.setdefault((*key, "running"), _Row())
        running.is_running = True
        running.count += 1

    def drop(self, key: Key | None) -> None:
        self._rows.pop(key, None)

    def is_busy(self, kind: str) -> bool:
        return (get_ident(), kind) in self._busy

    def timed(
        self, kind: str, what: str, function: Callable[..., _Found], *args: object, **kwargs: object
    ) -> _Found:
        """Call ``function``; the call is one effect, and lasts as long as that."""
        key = self.note(kind, what)
        if key is None:
            return function(*args, **kwargs)
        mark = (get_ident(), kind)
        self._busy.add(mark)
        try:
            return self.spending(key, function, *args, **kwargs)
        finally:
            self._busy.discard(mark)

    def spending(
        self, key: Key, function: Callable[..., _Found], *args: object, **kwargs: object
    ) -> _Found:
        """Call ``function`` on the account of an effect that was noted before."""
        started = perf_counter_ns()
        try:
            return function(*args, **kwargs)
        except Exception:
            self.fail(key)
            raise
        finally:
            self.spend(key, perf_counter_ns() - started)

    def rows(self) -> list[EffectRow]:
        """One dictionary per effect, in the order of their first happening."""
        return [
            {
                "kind": key[0],
                "what": key[1],
                "file": key[2],
                "line": key[3],
                "is_running": row.is_running,
                "count": row.count,
                "wall_us": row.wall_us(),
                "size_bytes": row.size,
                "failed": row.failed,
                "threads": len(row.threads),
            }
            for key, row in list(self._rows.items())
            if key is not None
        ]
