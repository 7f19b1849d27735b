"""The parsing processes of the simulated DAG processor, which share the CPU cores."""

from __future__ import annotations

import math
from collections.abc import Iterator

from dagprof.analyse.loop.values import LoopFile


class Child:
    """One parsing process. ``left_s`` is the remaining time if enough CPU cores are free."""

    def __init__(self, file: int, slot: int, queued: float, started: float, left_s: float) -> None:
        self.file, self.slot, self.queued, self.started = file, slot, queued, started
        self.left_s = left_s
        self.ended: float | None = None


class Children:
    """All parsing processes that run or whose result the manager has not collected. If the running
    processes need more CPU cores than there are, each of them gets an equal part.
    """

    def __init__(self, files: list[LoopFile], cores: int) -> None:
        self._files, self._cores = files, cores
        self._running: list[Child] = []
        self._uncollected: list[Child] = []
        self.now = 0.0

    def __len__(self) -> int:
        return len(self._running) + len(self._uncollected)

    def __iter__(self) -> Iterator[Child]:
        return iter((*self._running, *self._uncollected))

    def start(self, child: Child) -> None:
        """Start a process now."""
        self._running.append(child)

    def next_end(self) -> float:
        """The time at which the next process ends. Now if the result of a process waits."""
        if self._uncollected:
            return self.now
        slow = self._slow_down()
        return min(
            (self.now + child.left_s * self._stretch(child, slow) for child in self._running),
            default=math.inf,
        )

    def advance(self, to: float) -> None:
        """Let time pass, and let processes end."""
        while self._running and self.now < to:
            slow = self._slow_down()
            step = min(
                to - self.now,
                *(child.left_s * self._stretch(child, slow) for child in self._running),
            )
            self.now += step
            for child in self._running:
                child.left_s -= step / self._stretch(child, slow)
            self._end()
        self.now = max(self.now, to)

    def collect(self) -> list[Child]:
        """The processes that have ended and whose result was not collected before."""
        found, self._uncollected = self._uncollected, []
        return found

    def kill_older_than(self, limit_s: float) -> list[Child]:
        """End the processes that run longer than the limit, and return them."""
        killed = [child for child in self._running if self.now - child.started > limit_s]
        self._running = [child for child in self._running if child not in killed]
        for child in killed:
            child.ended = self.now
        return killed

    def _end(self) -> None:
        ended = [child for child in self._running if child.left_s <= 1e-9]
        for child in ended:
            child.ended = self.now
            self._running.remove(child)
        self._uncollected += ended

    def _slow_down(self) -> float:
        """How much longer a CPU second takes."""
        needed = sum(self._files[child.file].cpu_share for child in self._running)
        return max(1.0, needed / self._cores)

    def _stretch(self, child: Child, slow: float) -> float:
        share = self._files[child.file].cpu_share
        return 1.0 - share + share * slow
