"""A simulation of Airflow's manager, which parses all DAG files again and again.

The manager of each Airflow version has one loop. In each turn, the manager collects results, fills
the queue if the queue is empty, starts parsing processes, and waits at most one second. The order
of these steps decides how long a parsing process stays free. The simulation uses no random numbers
except Airflow's own shuffle.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence

from dagprof.analyse.loop.children import Child, Children
from dagprof.analyse.loop.values import (
    ALPHABETICAL,
    MODIFIED,
    RANDOM,
    Costs,
    LoopFile,
    LoopSettings,
    Parse,
    Refill,
    Timeline,
)

# The manager's longest wait for an event.
_POLL_S = 1.0
# The most parses of one simulation, in rounds. A file whose parse never ends must not hold it up.
_MOST_ROUNDS = 12


def simulate(
    files: Sequence[LoopFile], settings: LoopSettings, costs: Costs, rounds: int = 5
) -> Timeline:
    """Simulate the loop from its start until each file was parsed ``rounds`` times."""
    kind = _Manager3 if settings.is_airflow_3 else _Manager2
    return kind(files, settings, costs).run(rounds)


def ordered(files: Sequence[LoopFile], sort_mode: str) -> list[int]:
    """The positions of the files in the order of the queue.

    The order of ``random_seeded_by_host`` depends on the host; here the seed is fixed.
    """
    order = list(range(len(files)))
    if sort_mode == MODIFIED:
        order.sort(key=lambda place: -files[place].modified)
    elif sort_mode == ALPHABETICAL:
        order.sort(key=lambda place: files[place].path)
    elif sort_mode == RANDOM:
        random.Random("dagprof").shuffle(order)
    return order


class _Manager(ABC):
    def __init__(self, files: Sequence[LoopFile], settings: LoopSettings, costs: Costs) -> None:
        self._files, self._settings, self._costs = list(files), settings, costs
        self._order = ordered(files, settings.sort_mode)
        self._children = Children(self._files, settings.cores)
        self._queue: deque[tuple[int, float]] = deque()
        self._finished: list[float | None] = [None] * len(files)
        self._slots = list(range(settings.processes - 1, -1, -1))
        self._parses: list[Parse] = []
        self._refills: list[tuple[float, float | None]] = []
        self._counts = [0] * len(files)
        self._unseen = self._lacking = len(files)
        self._first = self._rounds = 0
        self._busy_s = 0.0

    def run(self, rounds: int) -> Timeline:
        """The timeline until each file was parsed ``rounds`` times."""
        most = len(self._files) * (rounds + _MOST_ROUNDS)
        self._lacking, self._rounds = len(self._files), rounds
        wait_s = 0.0
        while self._lacking and len(self._parses) < most:
            began = self._now
            self._turn(wait_s)
            took = self._now - began
            wait_s = _POLL_S - took if took < _POLL_S else 0.0
        refills = (Refill(at, self._now if free is None else free) for at, free in self._refills)
        round_s = max((parse.stored for parse in self._parses[: self._first]), default=0.0)
        return Timeline(
            tuple(self._parses), tuple(refills), self._now, self._busy_s, self._first, round_s
        )

    @property
    def _now(self) -> float:
        return self._children.now

    @abstractmethod
    def _turn(self, wait_s: float) -> None:
        """One turn of the manager's loop, in which the manager waits at most ``wait_s``."""

    def _wait(self, wait_s: float) -> None:
        """Wait until a process ends."""
        self._children.advance(min(self._now + wait_s, max(self._now, self._children.next_end())))

    def _work(self, seconds: float) -> None:
        """Let the manager work. The processes run on meanwhile."""
        self._busy_s += seconds
        self._children.advance(self._now + seconds)

    def _refill(self) -> None:
        """Put the files into the queue that are due. Call this only if the queue is empty."""
        now, interval_s = self._now, self._settings.interval_s
        running = {child.file for child in self._children}
        for file in self._order:
            finished = self._finished[file]
            if file not in running and (finished is None or now - finished >= interval_s):
                self._queue.append((file, now))
        self._refills.append((now, now if self._slots else None))

    def _start(self) -> None:
        """Start as many processes as there are free slots."""
        while self._slots and self._queue:
            file, queued = self._queue.popleft()
            slot = self._slots.pop()
            seconds = self._files[file].parse_s + self._costs.child_s
            seconds += self._costs.child_dag_s * self._files[file].dags
            self._work(self._costs.start_s)
            self._children.start(Child(file, slot, queued, self._now, seconds))

    def _kill(self) -> None:
        for child in self._children.kill_older_than(self._settings.timeout_s):
            self._free(child, is_killed=True)

    def _collect(self) -> None:
        """Handle all results that are there."""
        for child in self._children.collect():
            dags = self._files[child.file].dags
            self._finished[child.file] = self._now
            self._work(self._costs.store_s + self._costs.store_dag_s * dags)
            self._free(child)

    def _free(self, child: Child, *, is_killed: bool = False) -> None:
        assert child.ended is not None
        if is_killed:
            self._finished[child.file] = self._now
        times = (child.queued, child.started, child.ended, self._now)
        self._parses.append(Parse(child.file, child.slot, *times, is_killed))
        self._slots.append(child.slot)
        self._slots.sort(reverse=True)
        self._counts[child.file] += 1
        self._unseen -= self._counts[child.file] == 1
        self._lacking -= self._counts[child.file] == self._rounds
        if not self._unseen and not self._first:
            self._first = len(self._parses)
        for place in range(len(self._refills) - 1, -1, -1):
            at, free = self._refills[place]
            if free is not None:
                break
            self._refills[place] = (at, self._now)


class _Manager3(_Manager):
    """Airflow 3: the manager itself stores the DAGs of each result."""

    def _turn(self, wait_s: float) -> None:
        self._kill()
        if not self._queue:
            self._refill()
        self._start()
        self._wait(wait_s)
        self._collect()
        self._work(self._costs.turn_s)


class _Manager2(_Manager):
    """Airflow 2: the parsing processes store the DAGs. At the end of a turn, the manager collects
    results again and starts no process before the next turn. This can leave a slot unused for up to
    a second.
    """

    def _turn(self, wait_s: float) -> None:
        self._wait(wait_s)
        self._collect()
        self._work(self._costs.turn_s)
        self._kill()
        if not self._queue:
            self._refill()
        self._start()
        self._collect()
