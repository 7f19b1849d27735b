"""Timed parses of both versions in turns, until it is clear which files became slower.

The two parses of a pair run back to back, in alternating order. So a machine that changes its speed
affects both versions. ``dagprof.judge.pairs`` describes when a question is decided.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence

from dagprof.ab.sides import Lane, Side, each
from dagprof.judge import pairs
from dagprof.judge.judgement import Kind, Limits
from dagprof.judge.pairs import Sides
from dagprof.measure.budget import Budget
from dagprof.measure.scheduler import Scheduler
from dagprof.passes.asking import OutOfTime
from dagprof.passes.outcome import Passes, status_of
from dagprof.passes.plan import Mode

# The number of timed parses of a file that exists on one side only.
_ALONE = 3


class Turns:
    """Chooses the order of the timed parses of an A/B run, and decides when there are enough.

    ``limits`` returns the limits of a file for its shown path. ``false_alarms`` is the chance of
    one in the whole run. ``told`` receives each file that is done, and the number of done files.
    """

    def __init__(
        self,
        sides: Sequence[Side],
        lanes: Scheduler[Lane],
        limits: Callable[[str], Limits],
        false_alarms: float,
        told: Callable[[str, int], None],
    ) -> None:
        self._sides, self._lanes, self._told = sides, lanes, told
        self._limits, self._false_alarms = limits, false_alarms

    def parse(self, names: Sequence[str], budget: Budget) -> Sequence[str]:
        """Parse until every question is decided, or the budget is spent. Return the undecided
        files.
        """
        done = self._parse_all_alone([name for name in names if not self._is_pair(name)], budget)
        undecided = [name for name in names if self._is_pair(name)]
        limits = {name: self._limits(name) for name in undecided}

        while undecided and not budget.is_spent:
            # All undecided files get to the same look before any is judged, because the correction
            # covers all files.
            look = pairs.next_look(min(self._pairs(name) for name in undecided))
            if look is None:
                break
            self._parse_up_to(look, undecided, budget)

            # Judge decided files again with the others, because the correction counts them. A
            # decided file may become open again.
            left = self._undecided([name for name in names if self._is_pair(name)], limits)
            for name in set(undecided) - set(left):
                done += 1
                self._told(name, done)

            # If there is time left, a file misses the look only because a parse gave no time. It
            # would miss every later look too.
            stuck = [name for name in left if self._pairs(name) < look]
            undecided = (
                left
                if not stuck or budget.is_spent
                else [name for name in left if name not in stuck]
            )
        return undecided

    def _parse_all_alone(self, names: Sequence[str], budget: Budget) -> int:
        """Parse files that have nothing to be compared with. Return how many there were."""
        done = 0
        for done, name in enumerate(each(self._lanes, self._parse_alone, names, budget), 1):
            self._told(name, done)
        return done

    def _parse_alone(self, lane: Lane, name: str) -> None:
        with contextlib.suppress(OutOfTime):
            for side in self._sides:
                if name in side.passes and name not in side.lost:
                    for _ in range(_ALONE):
                        if not lane.parse(side, name, Mode.TIMING):
                            break

    def _is_pair(self, name: str) -> bool:
        """Whether both sides have comparable times. A parse that fails ends at another place than
        one that produces DAGs.
        """
        if not all(name in side.passes and name not in side.lost for side in self._sides):
            return False
        ends = [_ends_well(side.passes[name]) for side in self._sides]
        return None not in ends and ends[0] == ends[1]

    def _pairs(self, name: str) -> int:
        return min(len(side.passes[name].timings) for side in self._sides)

    def _parse_up_to(self, look: int, names: Sequence[str], budget: Budget) -> None:
        due = [name for name in names if self._pairs(name) < look]

        def parse(lane: Lane, name: str) -> None:
            self._parse_pairs(lane, name, look, budget)

        for _ in each(self._lanes, parse, due, budget):
            pass

    def _parse_pairs(self, lane: Lane, name: str, look: int, budget: Budget) -> None:
        """Parse pairs, each in the opposite order of the one before. A pair that the budget ends
        half-way does not count.
        """
        while self._pairs(name) < look and not budget.is_spent:
            number = self._pairs(name)
            order = self._sides if number % 2 == 0 else self._sides[::-1]
            gave = [False]
            with contextlib.suppress(OutOfTime):
                gave = [lane.parse(side, name, Mode.TIMING) for side in order]
            if not all(gave):
                # Pairs are samples with the same position, so the other side's time must go too.
                for side in self._sides:
                    del side.passes[name].timings[number:]
                return

    def _undecided(self, names: Sequence[str], limits: Mapping[str, Limits]) -> list[str]:
        judged = pairs.judge(
            {name: Sides(*(side.passes[name].own_ms for side in self._sides)) for name in names},
            {name: limits[name] for name in names},
            self._false_alarms,
        )
        return [
            name
            for name in names
            if judged[name].kind is Kind.OPEN and pairs.next_look(judged[name].pairs) is not None
        ]


def _ends_well(passes: Passes) -> bool | None:
    """Whether the last parse produced DAGs or failed. None if it gave no result, and so no time."""
    if passes.last is None or passes.last.result is None:
        return None
    return not status_of(passes.last).is_failure
