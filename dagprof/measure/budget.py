"""The remaining time of a measurement, and parses that end with it."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterator
from typing import cast

from dagprof.errors import MeasurementError
from dagprof.link.messages.reply import Reply
from dagprof.link.processes.conversation import ConnectionLost
from dagprof.passes.asking import Ask, OutOfTime, Request

# A parse that runs when the budget is spent may go on for this long. Most parses end before, and
# their results count.
GRACE_S = 1.0
# How long the plan and the report take for each file, and the largest share of the time that is
# left for them.
_REPORT_S, _REPORT_SHARE = 0.012, 0.2
NO_TIME = (
    "The time budget ran out before dagprof could parse a file. To measure some files, raise"
    " --time-budget."
)
# The worker's word for a parse that it stopped at the time limit; see ``Reply``.
_STOPPED = "time-limit"


class Budget:
    """Seconds from now on, or no limit. ``clock`` gives seconds.

    A part of a budget limits when new work begins. Work that has begun may go on until the whole
    budget is spent.
    """

    def __init__(self, seconds: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._began = clock, clock()
        self._end = math.inf if seconds is None else self._began + seconds
        self._last = self._end

    @property
    def is_spent(self) -> bool:
        """Whether the time is up, so that no new work should begin."""
        return self._clock() >= self._end

    @property
    def is_limited(self) -> bool:
        """Whether there is a limit at all."""
        return self._last < math.inf

    @property
    def left_s(self) -> float:
        """The seconds until running work must end. Infinite without a limit."""
        return self._last - self._clock()

    @property
    def rest(self) -> Budget:
        """What is left, as a budget that begins now."""
        return self._ending(self._end)

    def before_report(self, files: int) -> Budget:
        """The same time without its end, in which the plan and the report of so many files are
        made.
        """
        if not self.is_limited:
            return self
        seconds = min(_REPORT_S * files, _REPORT_SHARE * self.left_s)
        part = self._ending(self._end - seconds)
        part._began, part._last = self._began, self._last - seconds
        return part

    def at_most(self, seconds: float | None) -> Budget:
        """The part for the next ``seconds``; None for all that is left."""
        if seconds is None:
            return self.rest
        return self._ending(min(self._end, self._clock() + seconds))

    def until(self, share: float) -> Budget:
        """The part until this ``share`` of the whole time has passed."""
        return self._ending(self._began + share * (self._end - self._began))

    def _ending(self, end: float) -> Budget:
        part = Budget(None, self._clock)
        part._end, part._last = end, self._last
        return part


@contextlib.contextmanager
def ending(budget: Budget, abandon: Callable[[], object]) -> Iterator[None]:
    """Call ``abandon``, which makes the block fail soon, if the budget ends before the block.

    :raises MeasurementError: the budget has ended the block.
    """
    timer = None
    if budget.left_s < math.inf:
        timer = threading.Timer(max(0.0, budget.left_s), abandon)
        timer.daemon = True
        timer.start()
    try:
        yield
    except (MeasurementError, ConnectionLost):
        if budget.is_spent:
            raise MeasurementError(NO_TIME) from None
        raise
    finally:
        if timer is not None:
            timer.cancel()


def within(budget: Budget, ask: Ask) -> Ask:
    """The same parses, stopped when the budget is spent.

    The time limit of a parse can end with the budget. If such a parse is stopped, the file may be
    faster than its own time limit, so the parse has no result.

    :raises OutOfTime: in the returned function: the budget is spent.
    """

    def limited(request: Request) -> Reply:
        left = budget.left_s
        if left <= 0:
            raise OutOfTime
        limit = cast("float", request["time_limit_s"])
        shorter = min(limit, left + GRACE_S)
        reply = ask({**request, "time_limit_s": shorter})
        if reply.outcome == _STOPPED and shorter < limit:
            raise OutOfTime
        return reply

    return limited
