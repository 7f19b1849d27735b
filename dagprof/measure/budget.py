"""The remaining time of a measurement."""

from __future__ import annotations

import time
from collections.abc import Callable


class Budget:
    """Seconds from now on, or no limit. ``clock`` gives seconds."""

    def __init__(self, seconds: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = None if seconds is None else clock() + seconds

    @property
    def is_spent(self) -> bool:
        """Whether the time is up, so that no new work should begin."""
        return self._end is not None and self._clock() >= self._end

    def at_most(self, seconds: float | None) -> Budget:
        """A budget that ends with this one, or earlier."""
        ends = [] if self._end is None else [self._end - self._clock()]
        ends += [] if seconds is None else [seconds]
        return Budget(min(ends) if ends else None, self._clock)
