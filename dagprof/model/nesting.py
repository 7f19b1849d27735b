"""What is inside what: positions with parents, and stretches of lines that hold each other."""

from __future__ import annotations

import bisect
import heapq
from collections.abc import Iterable, Sequence


def outermost_first(parents: Sequence[int]) -> list[int]:
    """All positions, each after the one that it is in; -1 is the parent of an outermost one.

    Positions that are inside themselves are missing.
    """
    inside: dict[int, list[int]] = {}
    for position, parent in enumerate(parents):
        inside.setdefault(parent, []).append(position)
    found = list(inside.get(-1, ()))
    for position in found:  # grows meanwhile
        found += inside.get(position, ())
    return found


class InnermostLines:
    """Which of some stretches of lines holds a line: of several the last one, as rows of nested
    statements stand outermost first.
    """

    def __init__(self, stretches: Iterable[tuple[int, int]]) -> None:
        """``stretches`` are first and last lines."""
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
        """The position of the stretch that holds a line, -1 for none."""
        place = bisect.bisect_right(self._lines, line) - 1
        return self._holding[place] if place >= 0 else -1
