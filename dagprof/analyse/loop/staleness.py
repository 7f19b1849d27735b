"""How long a changed file stays stale: the time from the change until Airflow has stored the new
version. The simulated timeline contains the answer for each moment of the change.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dagprof.analyse.loop.values import MODIFIED, Parse, Timeline

_STEPS = 30


class Stretch(NamedTuple):
    """A stretch of time of ``length_s``. A change at its start stays stale for ``stale_s``, and a
    change at its end for ``stale_s - length_s``.
    """

    stale_s: float
    length_s: float


class Staleness(NamedTuple):
    """``typical_s`` is the mean over all files and all moments of a change. 95 % of all changes are
    stale for at most ``most_s``. ``worst_s`` is the longest time, and ``worst`` the position of the
    file with this time.
    """

    typical_s: float = 0.0
    most_s: float = 0.0
    worst_s: float = 0.0
    worst: int = -1


def staleness(timeline: Timeline, sort_mode: str) -> Staleness:
    """The staleness of changes at any time after the first round."""
    by_file = _by_file(timeline)
    free = [refill.free for refill in timeline.refills]
    at = [refill.at for refill in timeline.refills]
    weighted: list[tuple[float, Stretch]] = []
    worst = (0.0, -1)
    for file, parses in by_file.items():
        found = list(_stretches(parses, at, free, sees_changes=sort_mode == MODIFIED))
        total_s = sum(each.length_s for each in found)
        weighted += [(each.length_s / total_s, each) for each in found if each.length_s > 0]
        worst = max(worst, (max((each.stale_s for each in found), default=0.0), -file - 1))
    if not weighted:
        return Staleness()
    mean = sum(weight * (each.stale_s - each.length_s / 2) for weight, each in weighted)
    return Staleness(
        mean / len(by_file), _quantile(weighted, 0.95 * len(by_file)), worst[0], -worst[1] - 1
    )


def _by_file(timeline: Timeline) -> dict[int, list[Parse]]:
    """The parses of each file after the first round. The first round starts with a full queue, and
    later rounds do not.
    """
    found: dict[int, list[Parse]] = {}
    for parse in timeline.parses[timeline.first :]:
        found.setdefault(parse.file, []).append(parse)
    return {file: parses for file, parses in sorted(found.items()) if len(parses) > 1}


def _stretches(
    parses: Sequence[Parse], at: Sequence[float], free: Sequence[float], *, sees_changes: bool
) -> Iterator[Stretch]:
    """The time between two starts of a parse in stretches. A parse reads the file at its start, so
    a later change waits for the next parse.

    With the sort mode ``modified_time``, the manager notices a change after the end of the parse,
    as soon as the queue is empty. The file then goes to the front of the queue.
    """
    for parse, following in itertools.pairwise(parses):
        planned = following.stored
        if not sees_changes:
            yield Stretch(planned - parse.start, following.start - parse.start)
            continue
        yield Stretch(planned - parse.start, parse.stored - parse.start)
        takes_s = following.stored - following.start
        moment = parse.stored
        for place in range(bisect.bisect_left(at, moment), len(at)):
            if at[place] >= following.queued:
                break
            seen = max(free[place], at[place]) + takes_s
            yield Stretch(seen - moment, at[place] - moment)
            moment = at[place]
        yield Stretch(planned - moment, following.start - moment)


def _quantile(weighted: Sequence[tuple[float, Stretch]], wanted: float) -> float:
    """The staleness that changes of the weight ``wanted`` do not exceed."""
    low, high = 0.0, max(each.stale_s for _, each in weighted)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        below = sum(
            weight * min(1.0, max(0.0, (middle - each.stale_s) / each.length_s + 1.0))
            for weight, each in weighted
        )
        low, high = (low, middle) if below >= wanted else (middle, high)
    return high
