"""Nesting: positions with parents, and line ranges that contain each other."""

from __future__ import annotations

import bisect
import heapq
from collections.abc import Iterable, Sequence


def outermost_first(parents: Sequence[int]) -> list[int]:
    """All positions. Each position comes after its parent. The parent of an outermost position is
    -1.

    The result omits positions that are nested inside themselves.
    """
    inside: dict[int, list[int]] = {}
    for position, parent in enumerate(parents):
        inside.setdefault(parent, []).append(position)
    found = list(inside.get(-1, ()))
    for position in found:  # grows meanwhile
        found += inside.get(position, ())
    return found


class InnermostLines:
    """Finds the line range that contains a line. If several ranges contain the line, the last range
    counts, because rows of nested statements list the outermost statement first.
    """

    def __init__(self, stretches: Iterable[tuple[int, int]]) -> None:
        """``stretches`` holds the first and the last line of each range."""
        begins: dict[int, list[tuple[int, int]]] = {}
        for number, (first, last) in enumerate(stretches):
            begins.setdefault(first, []).append((-number, last))
            begins.setdefault(last + 1, [])
        self._lines = sorted(begins)
        self._holding: list[int] = []
        open_: list[tuple[int, int]] = []
        for line in self._lines:
            for stretch in begins[line]:
                heapq.heappush(open_, stretch)
            while open_ and open_[0][1] < line:
                heapq.heappop(open_)
            self._holding.append(-open_[0][0] if open_ else -1)

    def at(self, line: int) -> int:
        """The position of the range that contains a line, or -1 if no range contains the line."""
        place = bisect.bisect_right(self._lines, line) - 1
        return self._holding[place] if place >= 0 else -1
