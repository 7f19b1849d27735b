"""The record of effects: each kind and name at a line of the user's code, with count, time and
size.
"""

from __future__ import annotations

import sys
from _thread import get_ident
from typing import TYPE_CHECKING, Callable, TypeVar

from .. import bounds
from ..system.clocks import perf_counter_ns
from . import callers

if TYPE_CHECKING:
    from ..protocol.result import EffectRow
    from .events import Key

# If user code calls Airflow's core and the core causes one of these, it is not an effect of the
# file.
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
# How many periods one row keeps separately. The oldest are added up.
_MOST_STRETCHES = 1000
_Found = TypeVar("_Found")


class _Row:
    """The figures of one effect. Periods that overlap, in several threads or programs, count
    once.
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
        """Add a period. Periods arrive in the order of their ends, except sleeps, which report when
        they begin.
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
        """The time until now, in microseconds; None if there was no period."""
        if not self.is_timed:
            return None
        now = perf_counter_ns()
        return (
            self._wall_ns + sum(min(ended, now) - began for began, ended in self._stretches)
        ) // 1000


class _Kind:
    """The effects of one kind: the number of rows, and their texts."""

    def __init__(self) -> None:
        self.rows = 0
        self._shown: dict[str, str] = {}

    def shown(self, what: str) -> str | None:
        """The text of a row; None if there are too many different texts."""
        known = what[: bounds.WHAT + 1]
        shown = self._shown.get(known)
        if shown is None and len(self._shown) < bounds.EFFECTS:
            shown = self._shown[known] = bounds.brief(what, bounds.WHAT)
        return shown


class Ledger:
    """Rows by kind, name, file and line. Its methods never raise into the code that dagprof
    watches.

    ``left_out`` counts the effects beyond the number of rows that are kept of each kind.
    """

    def __init__(self) -> None:
        self._rows: dict[Key | tuple[str, str, str, int, str] | None, _Row] = {}
        self._main = get_ident()
        self._kinds: dict[str, _Kind] = {}
        self._busy: set[tuple[int, str]] = set()
        self.left_out = 0

    def note(self, kind: str, what: str, count: int = 1, size: int = 0) -> Key | None:
        """Count an effect at the user's line that led here. Return its key; None if there is no
        such line.

        While ``timed`` runs in a thread, effects of the same kind in that thread are part of the
        timed one and do not count.
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
        """Count an effect at a known line. The size is the largest so far; for output it is the
        sum.
        """
        of_kind = self._kinds.get(kind) or self._kinds.setdefault(kind, _Kind())
        shown = of_kind.shown(what)
        key = (kind, shown or "", bounds.cut(file, bounds.PATH), line)
        row = self._rows.get(key)
        if row is None:
            if shown is None or of_kind.rows >= bounds.EFFECTS:
                self.left_out += count
                return None
            of_kind.rows += 1
            row = self._rows[key] = _Row()
            count = max(1, count)  # a line break counts with its text, unless it comes alone
        row.count += count
        row.size = row.size + size if kind == "output" else max(row.size, size)
        if get_ident() != self._main:
            row.threads.add(get_ident())
        return key

    def spend(self, key: Key | None, wall_ns: int) -> None:
        """Add the time of an event that has just ended."""
        row = self._rows.get(key)
        if row is not None:
            now = perf_counter_ns()
            row.spend(now - wall_ns, now)

    def spend_from_now(self, key: Key | None, wall_ns: int) -> None:
        """Add the time of an event that begins now, such as a sleep."""
        row = self._rows.get(key)
        if row is not None:
            now = perf_counter_ns()
            row.spend(now, now + wall_ns)

    def fail(self, key: Key | None) -> None:
        """Record that one of the effects under this key ended with an error."""
        row = self._rows.get(key)
        if row is not None:
            row.failed += 1

    def resize(self, key: Key, size: int) -> None:
        row = self._rows.get(key)
        if row is not None:
            row.size = size

    def mark_running(self, key: Key) -> None:
        """Move one of the processes under this key to a row of its own, because it outlives the
        parse.
        """
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
        """Call ``function`` and record the call as one effect with its time."""
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
        """Call ``function`` and add its time to an effect that was recorded before."""
        started = perf_counter_ns()
        try:
            return function(*args, **kwargs)
        except Exception:
            self.fail(key)
            raise
        finally:
            self.spend(key, perf_counter_ns() - started)

    def rows(self) -> list[EffectRow]:
        """One dictionary per effect, in the order in which they first happened."""
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
